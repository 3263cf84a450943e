"""Conditions: how an aspect of the state becomes what the API has, with the time of its last transition."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from headrace.controller.api import Object
from headrace.kinds.status import Reason

_LONGEST_MESSAGE = 4096


def moment(seconds: float) -> str:
    """Return a time since the epoch as a status has it: in UTC, to the second."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(frozen=True)
class Aspect:
    """A condition without its times."""

    type: str
    status: str
    reason: Reason
    message: str

    def also(self, type_: str) -> "Aspect":
        """Return the condition that holds for the same reason: Stalled or Reconciling beside Ready."""
        return Aspect(type_, "True", self.reason, self.message)


def bug(name: str) -> Aspect:
    """Return Ready after an exception that is none of ours: nothing is known any more."""
    message = f"{name} in the operator: this is a bug. Its log has the details; it tries again."
    return Aspect("Ready", "Unknown", Reason.INTERNAL_ERROR, message)


def kept(obj: Object, trouble: tuple[Reason, str] | None = None) -> list[Aspect]:
    """Return what is known of this generation, but for Drifted; empty where nothing is.

    An outage does not change what is known: Ready keeps its value, and tells of the trouble, if any.
    """
    known = obj.conditions
    if "Ready" not in known or known["Ready"]["observedGeneration"] != obj.generation:
        return []
    aspects = [
        Aspect(c["type"], c["status"], Reason(c["reason"]), c["message"])
        for c in known.values()
        if c["type"] != "Drifted"
    ]
    if trouble is None:
        return aspects
    reason, message = trouble
    return [replace(a, reason=reason, message=message) if a.type == "Ready" else a for a in aspects]


def conditions(obj: Object, aspects: Iterable[Aspect], now: str) -> list[dict[str, Any]]:
    """Return the conditions sorted by type; each keeps the time of its last transition."""
    known = obj.conditions
    ordered = sorted(aspects, key=lambda aspect: aspect.type)
    return [_dated(aspect, known.get(aspect.type, {}), obj.generation, now) for aspect in ordered]


def _dated(aspect: Aspect, before: Mapping[str, Any], generation: int, now: str) -> dict[str, Any]:
    same = before.get("status") == aspect.status
    return {
        "type": aspect.type,
        "status": aspect.status,
        "reason": aspect.reason.value,
        "message": aspect.message[:_LONGEST_MESSAGE],
        "observedGeneration": generation,
        "lastTransitionTime": before.get("lastTransitionTime", now) if same else now,
    }
