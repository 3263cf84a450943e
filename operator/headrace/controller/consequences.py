"""What follows from an error: the reason that the status shows, whether a person must help, the next look."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from headrace.engine.errors import (
    BadCredentials,
    Blocked,
    CloudError,
    Conflict,
    Denied,
    Deploying,
    Invalid,
    Moved,
    NotEmpty,
    NotOurs,
    Pending,
    Throttled,
    Unavailable,
    Waiting,
)
from headrace.kinds.status import Reason

# What is rolled out is looked at again after this part of the time that it has taken so far, in seconds.
_OF_DEPLOYMENT, _SOONEST, _LATEST = 0.2, 0.5, 60.0


class Next(Enum):
    """When to look again, where it is no fixed time."""

    BACKOFF = "backoff"
    RESYNC = "resync"
    DEPLOYED = "deployed"


@dataclass(frozen=True)
class Consequence:
    """What one class of errors leads to. Seconds, where the next look is at a fixed time."""

    reason: Reason
    stalled: bool
    next: float | Next


# The gravest first: what the status tells where there are several.
_TABLE: tuple[tuple[type[CloudError], Consequence], ...] = (
    (Moved, Consequence(Reason.MOVED, True, 600.0)),
    (NotOurs, Consequence(Reason.NOT_OURS, True, 600.0)),
    (Invalid, Consequence(Reason.INVALID_SPEC, True, Next.RESYNC)),
    (BadCredentials, Consequence(Reason.ACCESS_DENIED, True, Next.BACKOFF)),
    (Denied, Consequence(Reason.ACCESS_DENIED, True, 300.0)),
    (NotEmpty, Consequence(Reason.NOT_EMPTY, True, 300.0)),
    (Blocked, Consequence(Reason.WAITING, True, 300.0)),
    (Unavailable, Consequence(Reason.UNAVAILABLE, False, Next.BACKOFF)),
    (Throttled, Consequence(Reason.THROTTLED, False, Next.BACKOFF)),
    (Waiting, Consequence(Reason.WAITING, False, 60.0)),
    (Deploying, Consequence(Reason.DEPLOYING, False, Next.DEPLOYED)),
    (Pending, Consequence(Reason.UPDATING, False, Next.BACKOFF)),
    (Conflict, Consequence(Reason.UPDATING, False, Next.BACKOFF)),
)


def consequence(error: CloudError) -> Consequence:
    """Return what follows from this error."""
    return next(consequence for kind, consequence in _TABLE if isinstance(error, kind))


def gravest(errors: Iterable[CloudError]) -> CloudError | None:
    """Return the error that the status is to be about; of equals the first by its text."""
    order = [kind for kind, _ in _TABLE]

    def rank(error: CloudError) -> tuple[int, str]:
        return next(n for n, kind in enumerate(order) if isinstance(error, kind)), error.message

    return min(errors, key=rank, default=None)


def next_look(errors: Iterable[CloudError], now: float) -> float | Next:
    """Return when to look again: what resolves itself is looked at with back-off, whatever else is wrong.

    What is being rolled out is looked at with growing intervals, by the time that it has taken so far; `now`
    is in seconds since the epoch.
    """
    errors = list(errors)
    nexts = [consequence(error).next for error in errors]
    if not nexts:
        return Next.RESYNC
    if Next.BACKOFF in nexts:
        return Next.BACKOFF
    since = [error.since for error in errors if isinstance(error, Deploying)]
    looks = [min(max((now - begun) * _OF_DEPLOYMENT, _SOONEST), _LATEST) for begun in since]
    return min((*looks, *(n for n in nexts if isinstance(n, float))), default=Next.RESYNC)
