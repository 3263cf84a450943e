"""Bounds for labels: whatever comes from outside has only so many values, the rest goes by one name."""

import re
import threading

OTHER = "other"
"""How all values are called that are one too many."""

_LABEL = re.compile(r"[\w .:/\[\]-]{1,100}", re.ASCII)


class Bounded:
    """Lets the first so many different values of a label through. Safe for threads.

    Args:
        most: how many values there may be beside `OTHER`.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._known: set[str] = set()
        self._lock = threading.Lock()

    @property
    def known(self) -> frozenset[str]:
        """The values that were let through, and `OTHER` once one was not."""
        with self._lock:
            return frozenset(self._known)

    def __call__(self, value: str) -> str:
        """Return the value, or `OTHER` where it is one too many, or looks like none that we know of."""
        with self._lock:
            if value in self._known:
                return value
            full = len(self._known - {OTHER}) >= self._most
            said = OTHER if full or not _LABEL.fullmatch(value) else value
            self._known.add(said)
            return said
