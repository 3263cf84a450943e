"""Transitions: what of a new status is news enough for an event."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from headrace.controller.api import Body, conditions_of
from headrace.controller.status import Seen
from headrace.kinds.status import Reason

# The API server takes a note of so many bytes (kubernetes/pkg/apis/core/validation/events.go).
_LONGEST_NOTE = 1024
_MORE = "…"
# Reasons of Ready that somebody may want to be woken for although nobody is needed to mend it.
_TROUBLE = frozenset({Reason.THROTTLED, Reason.UNAVAILABLE, Reason.INTERNAL_ERROR})


@dataclass(frozen=True)
class Transition:
    """One event to be: its type (Normal or Warning), its reason and its sentence."""

    type: str
    reason: str
    note: str


def transitions(seen: Seen, before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Transition]:
    """Return the events that this pass is worth: one for each condition that turned, one for a correction."""
    news = []
    drifted, was = (conditions_of(status).get("Drifted", {}) for status in (after, before))
    drifts = drifted.get("status") == "True" and was.get("status") != "True"
    ready = turned(before, after)
    # Where Ready is about the drift, the drift has an event of its own.
    if ready is not None and not (drifts and ready.reason == Reason.DRIFTED):
        news.append(ready)
    if drifts:
        how = f"differs from spec: {drifted['message']}" if seen.exists else "is not there"
        news.append(Transition("Warning", "Drifted", _cut(f"{seen.what} {how}")))
    correction = after.get("lastCorrection")
    if correction and correction != before.get("lastCorrection"):
        fields = ", ".join(correction["fields"])
        news.append(Transition("Normal", "Corrected", _cut(f"{seen.what}: put right {fields}")))
    return news


def turned(before: Mapping[str, Any], after: Mapping[str, Any]) -> Transition | None:
    """Return the event for Ready, if it, its reason, or whether a person is waited for is another one now."""
    now, earlier = conditions_of(after), conditions_of(before)
    if _turn(now) == _turn(earlier):
        return None
    ready = now["Ready"]
    trouble = _stalled(now) or ready["reason"] in _TROUBLE
    return Transition("Warning" if trouble else "Normal", ready["reason"], _cut(ready["message"]))


def _turn(conditions: Mapping[str, Body]) -> tuple[object, ...]:
    ready = conditions.get("Ready", {})
    return (ready.get("status"), ready.get("reason"), _stalled(conditions))


def _stalled(conditions: Mapping[str, Body]) -> bool:
    return conditions.get("Stalled", {}).get("status") == "True"


def _cut(text: str) -> str:
    raw = text.encode()
    if len(raw) <= _LONGEST_NOTE:
        return text
    return raw[: _LONGEST_NOTE - len(_MORE.encode())].decode(errors="ignore") + _MORE
