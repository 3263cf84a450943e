"""The fence: nothing is sent that changes anything once this process leads no more."""

import time
from collections.abc import Callable
from math import inf


class NotLeading(BaseException):
    """The process leads no more, and begins nothing more.

    It is no failure that a pass could meet or tell of: whoever leads by now does the rest. So it is none of
    the exceptions that are caught as failures and bugs are.
    """


def boottime() -> float:
    """Return seconds that also pass while the process is stopped or the machine is asleep.

    Linux's CLOCK_MONOTONIC stands still while the machine sleeps: who wakes up would think to lead still.
    """
    clock: int | None = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if clock is None else time.clock_gettime(clock)


class Fence:
    """Lets through until the term ends, which leadership extends. Safe for threads.

    Args:
        until: when the term ends, by the clock; never, where nobody else can lead.
        clock: tells the time in seconds.
    """

    def __init__(self, until: float = inf, clock: Callable[[], float] = boottime) -> None:
        self._until, self._clock = until, clock

    @property
    def until(self) -> float:
        """When the term ends, by the clock."""
        return self._until

    def extend(self, until: float) -> None:
        """Let through until then."""
        self._until = until

    def close(self) -> None:
        """Let nothing through any more."""
        self._until = -inf

    def closed(self) -> bool:
        """Say whether the term is over, or has not begun."""
        return self._clock() >= self._until

    def check(self) -> None:
        """Come here right before anything is sent.

        Raises:
            NotLeading: the term is over.
        """
        if self.closed():
            raise NotLeading
