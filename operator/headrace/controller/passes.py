"""Passes as others see them: each has a line in the log, a span in the traces, and a price."""

import logging
from collections.abc import Callable, Mapping
from time import monotonic
from typing import Any

from headrace.aws.meter import tallied
from headrace.controller.api import ApiError, Object
from headrace.controller.lines import Line
from headrace.controller.outcome import Outcome
from headrace.engine.errors import Pending
from headrace.telemetry.catalogue import Result
from headrace.telemetry.traces import Attributes, NoTraces, Traces

log = logging.getLogger("headrace.reconcile")

Look = Callable[[Object, int], Outcome]


class Passes:
    """Has somebody look at an object, and tells of it. Safe for threads."""

    def __init__(
        self, look: Look, traces: Traces | None = None, clock: Callable[[], float] = monotonic
    ) -> None:
        self._look, self._traces, self._clock = look, traces or NoTraces(), clock

    def __call__(self, obj: Object, outages: int = 0) -> Outcome:
        """Make one pass over an object, and tell of it.

        Raises:
            ApiError: as whoever looks does.
        """
        began = self._clock()
        about: Attributes = {
            "headrace.kind": obj.ref.kind,
            "k8s.namespace.name": obj.ref.namespace,
            "headrace.name": obj.ref.name,
            "headrace.generation": obj.generation,
        }
        with self._traces.span(f"reconcile {obj.ref.kind}", about) as span, tallied() as tally:

            def tell(result: Result, line: Line | None) -> None:
                span.note({"headrace.result": result, "headrace.aws_calls": tally.calls})
                seconds = round(self._clock() - began, 3)
                _tell(obj, result, line, {"seconds": seconds, "aws_calls": tally.calls})

            try:
                outcome = self._look(obj, outages)
            except ApiError as error:
                tell("api_error", error.line)
                raise
            span.note(_failed(outcome))
            tell(outcome.result, outcome.line)
        return outcome


def _failed(outcome: Outcome) -> Attributes:
    """Name the classes of what went wrong; what AWS is still at work on did not."""
    errors = (error for error in outcome.errors if not isinstance(error, Pending))
    names = ",".join(sorted({type(error).__name__ for error in errors}))
    return {"error.type": names} if names else {}


def _tell(obj: Object, result: Result, line: Line | None, price: Mapping[str, Any]) -> None:
    if line is not None and log.isEnabledFor(line.level):
        about = {"object": obj.ref, "generation": obj.generation, "result": result, **line.about}
        log.log(line.level, line.message, extra={**about, **price})
