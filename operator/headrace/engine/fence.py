"""The fence: nothing is sent that changes anything once this process leads no more."""

import threading
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
    """Lets through until the term ends, which leadership extends before it does. Safe for threads.

    A term that is over stays over: whoever came here since has gone, and would not come again.

    Args:
        until: when the term ends, by the clock; never, where nobody else can lead.
        clock: tells the time in seconds.
    """

    def __init__(self, until: float = inf, clock: Callable[[], float] = boottime) -> None:
        self._until, self._clock = until, clock
        self._over = False
        # Nobody is to find the term over that is extended at this moment.
        self._lock = threading.Lock()

    @property
    def until(self) -> float:
        """When the term ends, by the clock."""
        return self._until

    def extend(self, until: float) -> bool:
        """Let through until then, and say so; no more where there was a term and it is over."""
        with self._lock:
            begun = self._until > -inf
            self._over = self._over or (begun and self._clock() >= self._until)
            if not self._over:
                self._until = until
            return not self._over

    def close(self) -> None:
        """Let nothing through any more."""
        with self._lock:
            self._until, self._over = -inf, True

    def closed(self) -> bool:
        """Say whether the term is over, or has not begun."""
        with self._lock:
            return self._clock() >= self._until

    def check(self) -> None:
        """Come here right before anything is sent.

        Raises:
            NotLeading: the term is over.
        """
        if self.closed():
            raise NotLeading
