"""Who may read the metrics: those whose token the API server takes, and whom its rules let get /metrics."""

import asyncio
import hashlib
import logging
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

log = logging.getLogger("headrace.metrics")

PATH, VERB = "/metrics", "get"

# As long as controller-runtime keeps its answers; a no for less, so that a new right soon counts.
_KEPT, _KEPT_NO = 60.0, 10.0
_REMEMBERED = 1024
# Whoever comes with ever new tokens asks the API server through us.
_AT_ONCE = 4


@dataclass(frozen=True)
class User:
    """Somebody whom the API server knows by a token."""

    name: str
    uid: str = ""
    groups: tuple[str, ...] = ()
    extra: tuple[tuple[str, tuple[str, ...]], ...] = ()


class Unreviewed(Exception):
    """The API server did not say; the message says why, without the token."""


class Reviews(Protocol):
    """What is asked of the API server. Waits for it, on the calling thread."""

    def user(self, token: str) -> User | None:
        """Return whose token this is, or None where it is nobody's; Unreviewed where that is not known."""

    def allows(self, user: User, verb: str, path: str) -> bool:
        """Say whether this user may do this to a path of no resource; Unreviewed where that is not known."""


@dataclass(frozen=True)
class Verdict:
    """An answer: 200 for those who may, and for others why not."""

    status: int
    said: str = ""


_NOBODY = Verdict(401, "Metrics are shown to those who send a token of this cluster: Authorization: Bearer …")
_UNKNOWN = Verdict(401, "The API server does not take this token: it is of another cluster, or out of date.")
_UNSURE = Verdict(503, "The API server cannot be asked now who may read this; the operator's log says why.")


class Doorkeeper:
    """Lets in those who may read the metrics, and remembers for a while who they are.

    Args:
        reviews: how the API server is asked.
        clock: seconds, never going back.
    """

    def __init__(self, reviews: Reviews, clock: Callable[[], float]) -> None:
        self._reviews, self._clock = reviews, clock
        self._known: OrderedDict[bytes, tuple[Verdict, float]] = OrderedDict()
        self._turns = asyncio.Semaphore(_AT_ONCE)
        self._told = ""

    async def check(self, authorization: str) -> Verdict:
        """Return whether whoever sent this header may read the metrics."""
        scheme, _, token = authorization.strip().partition(" ")
        token = token.strip()
        if scheme.lower() != "bearer" or not token:
            return _NOBODY
        # Nothing that is kept can be used as a token.
        key = hashlib.sha256(token.encode(errors="replace")).digest()
        if known := self._remembered(key):
            return known
        async with self._turns:
            return self._remembered(key) or await self._ask(key, token)

    def _remembered(self, key: bytes) -> Verdict | None:
        verdict, until = self._known.get(key, (None, 0.0))
        return verdict if self._clock() < until else None

    async def _ask(self, key: bytes, token: str) -> Verdict:
        try:
            verdict = await asyncio.to_thread(self._review, token)
        except Unreviewed as error:
            if str(error) != self._told:
                log.warning(str(error))
            self._told = str(error)
            return _UNSURE
        self._told = ""
        self._known.pop(key, None)
        self._known[key] = (verdict, self._clock() + (_KEPT if verdict.status == 200 else _KEPT_NO))
        while len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)
        return verdict

    def _review(self, token: str) -> Verdict:
        user = self._reviews.user(token)
        if user is None:
            return _UNKNOWN
        if self._reviews.allows(user, VERB, PATH):
            return Verdict(200)
        return Verdict(
            403,
            f"{user.name} may not read this: it lacks the verb {VERB} on the nonResourceURL {PATH}. Bind it "
            f"to a ClusterRole with the rule nonResourceURLs: [{PATH}], verbs: [{VERB}].",
        )
