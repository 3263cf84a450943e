"""Leadership: who works. All replicas watch and stand ready; the leader alone takes from the queue."""

import logging
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NoReturn, Protocol

from headrace.controller.api import ApiError, Forbidden, Gone, Stale
from headrace.engine.fence import Fence, boottime

log = logging.getLogger("headrace.elector")

# The leader renews so many times while its term lasts: one request that fails, or two, are no matter.
_RENEWALS = 5
# A standby looks up to this part sooner, so that several do not ask together.
_JITTER = 0.2
_ATTEMPTS = 3
# What passed the fence still needs a connection, to each address for so long at most (aws/credentials.py).
_ARRIVAL_SECONDS = 5
# What Kubernetes leaves a pod to end is to be enough for this, too.
_RELEASE_SECONDS = 2.0


class Leadership(Protocol):
    """What the loop asks before it starts to work."""

    @property
    def leads(self) -> bool:
        """Whether this process leads."""

    @property
    def trouble(self) -> str:
        """What keeps this process from running for leadership until a person helps, or nothing."""

    async def acquired(self) -> None:
        """Wait until this process leads."""

    async def release(self) -> None:
        """Give leadership up, after the last piece of work is done, or the wish for it."""


class Alone:
    """The only replica there is: it leads from the start."""

    leads = True
    trouble = ""

    async def acquired(self) -> None:
        """Return at once."""

    async def release(self) -> None:
        """There is nobody to hand over to."""


class Lost(Exception):
    """Whoever led does no more; the message says why."""


class Barred(ApiError):
    """Nobody can be elected until a person helps."""


@dataclass(frozen=True)
class Timing:
    """How long things last, in seconds."""

    lease: int = 15
    """After so long without a sign of the leader, others take the Lease."""
    renew: float = 10.0
    """For so long the leader works after it last asked for the Lease and got it."""
    retry: float = 0.75
    """After so long at most a standby looks at the Lease, and a leader tries again to renew it."""

    def wrong(self) -> str:
        """Say what does not fit together, or nothing."""
        if self.lease < self.renew + _ARRIVAL_SECONDS:
            return (
                f"--lease-duration {self.lease:g} must be at least {_ARRIVAL_SECONDS} seconds longer than "
                f"--renew-deadline {self.renew:g}: what a leader sent before its end is to arrive before "
                "another one begins"
            )
        if self.renew < self.retry * _ATTEMPTS:
            return (
                f"--renew-deadline {self.renew:g} must be at least {_ATTEMPTS} times --retry-period "
                f"{self.retry:g}: a leader is to get over a request that fails"
            )
        return ""

    @property
    def patience(self) -> float:
        """How long one request may take: an API server that hangs leaves time for a second one."""
        return self.renew / 2


@dataclass(frozen=True)
class Record:
    """A Lease of coordination.k8s.io/v1, as far as elections go. Any field of it may be empty."""

    holder: str = ""
    """holderIdentity"""
    seconds: int | None = None
    """leaseDurationSeconds"""
    acquired: str = ""
    """acquireTime, by the clock of the holder"""
    renewed: str = ""
    """renewTime, by the clock of the holder"""
    transitions: int = 0
    """leaseTransitions"""
    version: str = field(default="", compare=False)
    """The resourceVersion; it also changes where somebody labels the Lease, which is no sign of a leader."""
    ours: bool = field(default=True, compare=False)
    """Whether it says that it is for this program; what is written always does."""
    metadata: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)
    """What is written back as it was read."""


class LeaseLock(Protocol):
    """One Lease. Each call makes one request, which takes so many seconds at most, and may raise ApiError."""

    @property
    def name(self) -> str:
        """How sentences call it: Lease headrace-system/headrace-operator."""

    def get(self, seconds: float) -> Record | None:
        """Read it; None where there is none."""

    def create(self, record: Record, seconds: float) -> Record:
        """Make it; Stale where there is one already."""

    def update(self, record: Record, seconds: float) -> Record:
        """Replace the version that the record is of; Stale where that is not the newest, Gone without one."""


class Elector:
    """Runs for leadership, one step after another, as client-go does it.

    Nobody else's clock is trusted: a Lease has lapsed when nobody changed it for its duration, counted from
    when this process first saw it so. The term of the fence is counted from before each request that got
    the Lease, and is shorter than its duration.

    Args:
        lock: the Lease.
        identity: what no other process calls itself.
        timing: how long things last.
        fence: is open for as long as this process leads.
        stamp: returns the time of day as a Lease has it.
        clock: tells the time in seconds; the one that the fence goes by.
        chance: a number from 0 to 1 for jitter.
    """

    def __init__(  # noqa: PLR0913 - two of them are the time and chance of tests
        self,
        lock: LeaseLock,
        identity: str,
        timing: Timing,
        fence: Fence,
        stamp: Callable[[], str],
        *,
        clock: Callable[[], float] = boottime,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._lock, self.identity, self._timing, self._fence = lock, identity, timing, fence
        self._stamp, self._clock, self._chance = stamp, clock, chance
        self._seen: Record | None = None
        self._seen_at = 0.0
        self._unsure = False
        """Whether a wish for the Lease was not answered, nor the Lease read since: it may be ours."""
        self._clashes = 0
        """How many renewals in a row met another version of the Lease, or none."""
        self._known: str | None = None
        """Who held the Lease, or nobody, when it had our label last."""
        self._told: ApiError | None = None
        self.leading = False
        self.trouble = ""
        """What keeps this process from running for leadership until a person helps."""

    @property
    def leads(self) -> bool:
        """Whether this process leads at this moment: its term may be over before the next step says so."""
        return self.leading and not self._fence.closed()

    def step(self) -> float:
        """Do what is due and return the seconds until something is due again.

        Raises:
            Lost: this process led, and may do no more.
        """
        try:
            pause = self._renew() if self.leading else self._run_for_it()
        except ApiError as error:
            return self._failed(error)
        self._told, self.trouble = None, ""
        return pause

    def _lose(self, why: str) -> NoReturn:
        self.leading = False
        self._fence.close()
        raise Lost(why)

    def release(self) -> None:
        """Let somebody else lead at once, where the Lease is ours; nothing is sent any more."""
        self.leading = False
        self._fence.close()
        try:
            if self._unsure:
                self._seen = self._lock.get(_RELEASE_SECONDS)
            self._give_up()
        except ApiError as error:
            log.warning("%s The others wait until the Lease lapses.", _sentence(error))

    # Standing by

    def _run_for_it(self) -> float:
        record = self._lock.get(self._timing.patience)
        self._unsure = False
        if record is not None:
            self._observe(record)
        now = self._clock()
        if not self._free(record, now):
            return self._pause(self._lapses - now)
        self._unsure = True
        try:
            taken = self._write(record)
        except Stale:
            # Somebody else was faster, or wrote something of no matter; the next look will tell.
            self._unsure = False
            return self._pause()
        self._seen, self._unsure = taken, False
        if self._clock() >= now + self._timing.renew:
            # Ours, but the term is over before it began.
            return 0.0
        self._extend(now)
        self.leading = True
        log.info("Leading: %s is held by this process, %s.", self._lock.name, self.identity)
        return self._timing.renew / _RENEWALS

    def _observe(self, record: Record) -> None:
        before = self._seen
        if record != before:
            self._seen_at = self._clock()
        self._seen = record
        if record.ours:
            self._known = record.holder
        elif self._foreign(record):
            # Once it is gone, it is nothing to wait for.
            self._seen = None
            raise Barred(_taken(self._lock.name, record))
        if record.holder not in {"", self.identity, before.holder if before else ""}:
            log.info(_held_by(self._lock.name, record))

    def _foreign(self, record: Record) -> bool:
        """Say whether a Lease without our label is another program's, and not just new, or without a label.

        Whoever lets one lapse, or gave it up, may come back for it.
        """
        used = record.holder or record.acquired or record.renewed or record.transitions
        return bool(used) and record.holder not in {self.identity, self._known}

    def _free(self, record: Record | None, now: float) -> bool:
        """Say whether nobody holds the Lease; one that was deleted is waited for like one that was not."""
        known = record or self._seen
        return known is None or known.holder in {"", self.identity} or now >= self._lapses

    @property
    def _lapses(self) -> float:
        """When the Lease ends that was seen last, if nobody renews it."""
        seconds = self._seen.seconds if self._seen else None
        return self._seen_at + (self._timing.lease if seconds is None else seconds)

    # Leading

    def _renew(self) -> float:
        asked = self._clock()
        if asked >= self._fence.until:
            self._lose(self._late(str(self._told or "this process did not get to it")))
        if self._clashes > 1:
            # What was read before the pause is old.
            self._read_again()
        try:
            self._seen = self._write(self._seen)
        except Stale:
            self._read_again()
            return self._clashed()
        except Gone:
            # Who deleted it did not mean to: where nobody took its place, all is as it was.
            self._seen = None
            return self._clashed()
        self._clashes = 0
        self._extend(asked)
        return self._timing.renew / _RENEWALS

    def _extend(self, asked: float) -> None:
        """Go on for a term from when it was asked for, unless the one before was over at the answer."""
        if not self._fence.extend(asked + self._timing.renew) or self._fence.closed():
            self._lose(self._late("the answer came too late"))

    def _clashed(self) -> float:
        """Try again at once, but for one who writes all the time: then after a pause, each time."""
        self._clashes += 1
        return 0.0 if self._clashes == 1 else self._pause(self._fence.until - self._clock())

    def _read_again(self) -> None:
        """See who wrote: perhaps we, and the answer got lost."""
        record = self._lock.get(self._left())
        if record is not None and record.holder != self.identity:
            self._lose(f"{self._lock.name} is held by {record.holder or 'nobody'} now")
        self._seen = record

    def _late(self, why: str) -> str:
        return f"{self._lock.name} was not renewed within {self._timing.renew:g} s: {why}"

    def _left(self) -> float:
        """Return how long a request may take: not beyond the end of the term, and never no time at all."""
        left = self._fence.until - self._clock() if self.leading else self._timing.patience
        return max(0.01, min(self._timing.patience, left))

    def _give_up(self) -> None:
        for _ in range(_ATTEMPTS):
            if self._seen is None or self._seen.holder != self.identity:
                return
            now = self._stamp()
            record = replace(self._seen, holder="", seconds=1, acquired=now, renewed=now)
            try:
                self._lock.update(record, _RELEASE_SECONDS)
            except Stale:
                self._seen = self._lock.get(_RELEASE_SECONDS)
            else:
                log.info("Leadership is given up: %s is free.", self._lock.name)
                return

    # Both

    def _write(self, record: Record | None) -> Record:
        """Put our name and the time of day on the Lease, or make it."""
        now, known = self._stamp(), record or Record(holder=self.identity, acquired=self._stamp())
        stays = known.holder == self.identity
        claim = replace(
            known,
            holder=self.identity,
            seconds=self._timing.lease,
            acquired=(known.acquired or now) if stays else now,
            renewed=now,
            transitions=known.transitions + (not stays),
            ours=True,
        )
        return (self._lock.create if record is None else self._lock.update)(claim, self._left())

    def _failed(self, error: ApiError) -> float:
        """Tell of trouble once for as long as it lasts, and try again soon."""
        sentence, lasts = _sentence(error), isinstance(error, Forbidden | Barred)
        if type(error) is not type(self._told) or (lasts and sentence != self.trouble):
            log.warning(sentence)
        self._told, self.trouble = error, sentence if lasts else ""
        if not self.leading:
            return self._pause()
        left = self._fence.until - self._clock()
        if left <= 0:
            self._lose(self._late(str(error)))
        return self._pause(left)

    def _pause(self, most: float | None = None) -> float:
        """Return the seconds until the next try: somewhat less than the retry period, and at the most."""
        pause = self._timing.retry * (1 - _JITTER * self._chance())
        return pause if most is None else max(0.0, min(pause, most))


def _held_by(name: str, record: Record) -> str:
    since = f" since {record.acquired}" if record.acquired else ""
    renewed = f", renewed at {record.renewed}" if record.renewed else ""
    return f"Standing by: {name} is held by {record.holder}{since}{renewed}."


def _taken(name: str, record: Record) -> str:
    whose = f"is held by {record.holder}" if record.holder else "was given up by somebody"
    return (
        f"{name} is another program's: it is not labelled as Headrace's, and {whose}. Choose another "
        "--lease-name, or delete the Lease if nothing needs it."
    )


def _sentence(error: ApiError) -> str:
    said = str(error)
    return said if said.endswith(".") else f"{said}."
