"""Conditions: how an aspect of the state becomes what the API has, with the time of its last transition."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from headrace.controller.api import Object
from headrace.kinds.status import Reason

_LONGEST_MESSAGE = 4096


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


def conditions(obj: Object, aspects: Iterable[Aspect], now: str) -> list[dict[str, Any]]:
    """Return the conditions sorted by type; each keeps the time of its last transition."""
    known = {condition["type"]: condition for condition in obj.status.get("conditions", [])}
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
