"""Lines of the log: one for each pass that changed something or met an error, and what it says."""

import logging
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from headrace.controller.api import ApiError, conditions_of
from headrace.controller.status import Seen
from headrace.engine.errors import CloudError, Pending
from headrace.engine.plan import Change
from headrace.kinds.status import TEXT

_MOST_CHANGES = 50


@dataclass(frozen=True)
class Line:
    """What the log is to say of a pass, beside which object it was and what it cost."""

    level: int
    message: str
    about: Mapping[str, Any] = field(default_factory=dict)


def line_of(seen: Seen, status: Mapping[str, Any]) -> Line:
    """Return the line of a pass; where all is as it was, it is for those only who debug."""
    ready = conditions_of(status)["Ready"]
    about: dict[str, Any] = {"reason": ready["reason"]}
    changes = (*(seen.report.plan.changes if seen.report else ()), *seen.beside)
    if changes:
        about["plan"] = planned(changes)
        about["done"] = sorted(change.facet for change in seen.done)
    if seen.errors:
        about["errors"] = [error_of(error) for error in seen.errors]
    return Line(_level(seen, status), ready["message"], about)


def _level(seen: Seen, status: Mapping[str, Any]) -> int:
    news = status != seen.obj.status
    # What AWS is at work on is no news but once.
    if any(not isinstance(error, Pending) for error in seen.errors):
        return logging.WARNING
    return logging.INFO if news or seen.done else logging.DEBUG


@contextmanager
def carried(line: Line) -> Iterator[None]:
    """Have a refusal of the API server carry what was done, or failed, in AWS: no later pass knows of it."""
    try:
        yield
    except ApiError as error:
        if line.about.get("done") or line.level >= logging.WARNING:
            error.line = line
        raise


def planned(changes: Iterable[Change]) -> list[str]:
    """Return what was to be changed, a line for each field, as plans show it."""
    lines = [line[:TEXT] for change in changes for line in change.lines()]
    more = len(lines) - _MOST_CHANGES
    return [*lines[:_MOST_CHANGES], f"and {more} more"] if more > 0 else lines


def error_of(error: CloudError) -> dict[str, str]:
    """Return what a support case about an error needs; what is not known is left out."""
    return dict(_known(error))


def _known(error: CloudError) -> Iterator[tuple[str, str]]:
    about = error.context
    told = {
        "error": type(error).__name__,
        "code": about.code,
        "operation": about.operation,
        "action": about.action,
        "resource": about.resource,
        "request_id": about.request_id,
        "host_id": about.host_id,
        "message": error.message[:TEXT],
    }
    return ((key, value) for key, value in told.items() if value)
