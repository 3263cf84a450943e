"""Edits: how long it takes from what somebody asks for to the status that says Ready about it."""

from collections.abc import Callable

from headrace.controller.api import Object
from headrace.kinds.definition import ObjectRef


class Edits:
    """When the generations came in that are not Ready yet.

    Args:
        clock: seconds, never going back.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._open: dict[ObjectRef, tuple[str, int, float]] = {}

    def seen(self, before: Object | None, after: Object) -> None:
        """Take in an object that came in anew or changed; an edit that follows another takes its place."""
        same = before is not None and (before.uid, before.generation) == (after.uid, after.generation)
        if after.deleting:
            # Kubernetes counts that as a generation, too.
            self.forget(after.ref)
        elif not same:
            self._open[after.ref] = (after.uid, after.generation, self._clock())

    def ready(self, obj: Object) -> float | None:
        """Return how long the edit took about which this object says Ready now, and forget it."""
        if not (told := self._open.get(obj.ref)):
            return None
        uid, generation, since = told
        if obj.uid != uid or not is_ready(obj, generation):
            return None
        self.forget(obj.ref)
        return self._clock() - since

    def forget(self, ref: ObjectRef) -> None:
        """Forget an edit that nobody waits for any more, or that others carried out."""
        self._open.pop(ref, None)


def is_ready(obj: Object, generation: int) -> bool:
    """Say whether the status says Ready about this generation."""
    ready = obj.conditions.get("Ready", {})
    return ready.get("status") == "True" and ready.get("observedGeneration") == generation
