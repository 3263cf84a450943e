"""One pass over one object, from what the cache has to what the status says. Runs on a worker's thread."""

import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from headrace.controller.api import Gone, Object
from headrace.controller.conditions import moment
from headrace.controller.consequences import Next, next_look
from headrace.controller.deletion import delete
from headrace.controller.keeping import keep, still_deploying
from headrace.controller.lines import carried, line_of
from headrace.controller.outcome import Outcome, Parts, Told, attempt
from headrace.controller.status import Seen, assess
from headrace.controller.transitions import transitions
from headrace.controller.writer import write_status
from headrace.engine.errors import Deploying
from headrace.kinds.definition import ObjectRef
from headrace.telemetry.catalogue import Result


class Reconciler:
    """Looks at one object at a time; safe for threads."""

    def __init__(self, parts: Parts, clock: Callable[[], float] = time.time) -> None:
        self._parts, self._clock = parts, clock
        self._rolled_out: dict[ObjectRef, tuple[Any, ...]] = {}
        """The fingerprints of objects for which nothing is left to do but to wait for AWS."""

    def __call__(self, obj: Object, outages: int = 0) -> Outcome:
        """Make one pass over an object.

        Args:
            obj: the object as the cache has it.
            outages: how many passes in a row before this one met an outage of AWS.

        Raises:
            ApiError: the API server did not take what we have to say; to be tried again.
        """
        seen = Seen(obj, moment(self._clock()), f"{obj.ref}", outages=outages)
        try:
            came = attempt(Told(seen), partial(self._pass, seen))
        except Gone as gone:
            return Outcome(None, result="deleted", line=gone.line)
        return came if isinstance(came, Outcome) else self._told(came)

    def _pass(self, seen: Seen) -> Outcome:
        obj = seen.obj
        waiting = self._rolled_out.pop(obj.ref, None) == obj.fingerprint()
        if waiting and (deploying := still_deploying(self._parts, obj)) is not None:
            return self._waiting(obj, deploying)
        came = delete(self._parts, seen) if obj.deleting else keep(self._parts, seen)
        return came if isinstance(came, Outcome) else self._told(came)

    def _waiting(self, obj: Object, deploying: Deploying) -> Outcome:
        """Remember that a glance is enough next time, too; what others changed is seen once AWS is done."""
        self._rolled_out[obj.ref] = obj.fingerprint()
        return Outcome(obj, next_look([deploying], self._clock()), result="deploying")

    def _told(self, told: Told) -> Outcome:
        """Write the status if it changed, tell of transitions, and say when to look again."""
        seen, before = told.seen, told.seen.obj
        status = assess(seen)
        result, line = _result(seen, status), line_of(seen, status)
        with carried(line):
            obj = before if status == before.status else write_status(self._parts.api, before, status)
        if obj is None:
            return Outcome(None, result="deleted", line=line)
        for transition in transitions(seen, before.status, status):
            self._parts.recorder.record(obj, transition)
        waits = seen.errors and all(isinstance(error, Deploying) for error in seen.errors)
        # What was asked for while the status was written is still to be carried out.
        if waits and not obj.deleting and obj.asked() == before.asked():
            self._rolled_out[obj.ref] = obj.fingerprint()
        next_ = Next.BACKOFF if seen.bug else next_look(seen.errors, self._clock())
        wait = 0.0 if told.soon else next_
        return Outcome(obj, wait, told.interval, result, seen, seen.outage, seen.errors, line)


def _result(seen: Seen, status: Mapping[str, Any]) -> Result:
    """Return the outcome as the metrics count it."""
    if seen.bug:
        return "bug"
    types = {condition["type"] for condition in status["conditions"] if condition["status"] == "True"}
    if "Stalled" in types:
        return "stalled"
    if seen.errors:
        return "deploying" if seen.complete else "error"
    if seen.done:
        return "changed"
    return "drifted" if "Drifted" in types else "in_sync"
