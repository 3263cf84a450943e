"""The errors that AWS may answer at any call, by the class that they belong to, and what must follow."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from headrace.controller.consequences import Next
from headrace.engine.errors import (
    BadCredentials,
    CloudError,
    Conflict,
    Denied,
    Invalid,
    NotEmpty,
    NotOurs,
    Pending,
    Throttled,
    Unavailable,
)
from sandbox.aws.stand_in import Fault
from tests.faults.stages import Point, Stage

RETRIES = 2
"""How often botocore repeats a request that may pass."""

Class = type[CloudError]


@dataclass(frozen=True)
class Trouble:
    """One way in which a call goes wrong."""

    name: str
    cls: Class
    fault: Fault
    head: Class | None = None
    """What it is where the answer has no body that could have a code."""
    retried: bool = False
    """Whether botocore tries again by itself."""
    only: str = ""
    """The one operation that answers so; none: all do."""

    def at(self, point: Point) -> bool:
        """Say whether this can happen there."""
        return self.only in ("", point.operation)

    def on(self, about: Fault, point: Point, count: int | None) -> Fault:
        """Return the fault that hits this call, and as many like it."""
        where: Fault = {"operation": point.operation, "after": point.nth}
        return {**self.fault, **about, **where, "count": count}

    def attempts(self, point: Point) -> int:
        """Return how many requests botocore makes there; without a code it sees no reason to try again."""
        return 1 + RETRIES if self.retried and issubclass(self.of(point), Throttled | Unavailable) else 1

    def of(self, point: Point) -> Class:
        """Return the class of the error there."""
        return self.head if self.head is not None and point.operation == "HeadBucket" else self.cls


def _says(status: int, code: str) -> Fault:
    return {"status": status, "code": code, "message": "So it is."}


_FIRST: Sequence[Trouble] = (
    Trouble("throttled", Throttled, _says(503, "SlowDown"), Unavailable, retried=True),
    Trouble("a failure of AWS", Unavailable, _says(500, "InternalError"), retried=True),
    Trouble(
        "a connection lost after the work", Unavailable, {"action": "drop", "effect": "after"}, retried=True
    ),
    Trouble("busy", Pending, _says(409, "OperationAborted")),
    Trouble("a lost race", Conflict, _says(409, "ConditionalRequestConflict"), Pending),
    Trouble("denied", Denied, _says(403, "AccessDenied")),
    Trouble("an expired token", BadCredentials, _says(400, "ExpiredToken"), Denied),
    Trouble("refused", Invalid, _says(400, "InvalidRequest"), Denied),
    Trouble("taken", NotOurs, _says(409, "BucketAlreadyExists"), only="CreateBucket"),
    Trouble("not empty", NotEmpty, _says(409, "BucketNotEmpty"), only="DeleteBucket"),
)
_MORE: Sequence[Trouble] = (
    Trouble("throttled, in other words", Throttled, _says(400, "ThrottlingException"), Denied, retried=True),
    Trouble("too many requests", Throttled, _says(429, "TooManyRequestsException"), retried=True),
    Trouble("not available", Unavailable, _says(503, "ServiceUnavailable"), retried=True),
    Trouble("a gateway in the way", Unavailable, _says(504, "GatewayTimeout"), retried=True),
    Trouble("a connection lost before the work", Unavailable, {"action": "drop"}, retried=True),
    Trouble("a precondition", Conflict, _says(412, "PreconditionFailed")),
    Trouble("the clock", Denied, _says(403, "RequestTimeTooSkewed")),
    Trouble("a key that is gone", BadCredentials, _says(403, "InvalidAccessKeyId"), Denied),
    Trouble("another signature", BadCredentials, _says(403, "SignatureDoesNotMatch"), Denied),
    Trouble("not implemented", Invalid, _says(501, "NotImplemented")),
)


def troubles(*, all_codes: bool) -> Sequence[Trouble]:
    """Return one code of each class and both ways to lose an answer, or more codes of each."""
    return (*_FIRST, *_MORE) if all_codes else _FIRST


@dataclass(frozen=True)
class Follows:
    """What the status says after the pass, and when the next look is."""

    ready: str
    reason: str
    beside: str
    next: Next | float | None
    """None: soon, to see whether what is being deployed is."""


_STALLS: Mapping[Class, tuple[str, Next | float]] = {
    Denied: ("AccessDenied", 300.0),
    BadCredentials: ("AccessDenied", Next.BACKOFF),
    Invalid: ("InvalidSpec", Next.RESYNC),
    NotOurs: ("NotOurs", 600.0),
    NotEmpty: ("NotEmpty", 300.0),
}
_OUTAGES: Mapping[Class, str] = {Throttled: "Throttled", Unavailable: "Unavailable"}


def follows(stage: Stage, point: Point, trouble: Trouble) -> Follows | None:
    """Return what must follow, by the table in docs/architecture.md; None: nothing is to be seen of it."""
    cls = _meant(stage, point, trouble)
    if cls is None:
        return None
    if cls in _STALLS:
        reason, next_ = _STALLS[cls]
        return Follows("False", reason, "Stalled", None if point.made else next_)
    passing = cls in (Throttled, Unavailable, Conflict)
    if stage.steady and passing:
        return Follows("True", "InSync", "", Next.BACKOFF)
    if point.made and cls not in _OUTAGES:
        return Follows("False", "Deploying", "Reconciling", Next.BACKOFF)
    if point.later == "Deploying":
        return Follows("False", "Deploying" if passing else "Updating", "Reconciling", Next.BACKOFF)
    return Follows("False", _OUTAGES.get(cls, stage.progress), "Reconciling", Next.BACKOFF)


def _meant(stage: Stage, point: Point, trouble: Trouble) -> Class | None:
    """Return what the error means at this call."""
    cls = trouble.of(point)
    if stage.name == "create" and point == Point("HeadBucket", 0) and issubclass(cls, Denied):
        # A refused look at a name that all the world shares proves nothing: the create call decides.
        return None
    if point.later == "Deploying" and point.narrow:
        # Whether it is deployed is asked for alone; where that fails, a whole look decides.
        return None
    if point.operation == "UpdateDistribution" and cls is Conflict and stage.progress != "Deleting":
        # It is read again, and written again at once.
        return None
    if stage.name == "empty and delete" and cls is NotEmpty:
        # It was empty a moment ago: it is emptied again.
        return Pending
    return cls
