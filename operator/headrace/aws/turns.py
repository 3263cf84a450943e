"""Turns: who reads something, changes a part of it and writes the whole has it to itself meanwhile."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from weakref import WeakValueDictionary


class Turns:
    """Lets one at a time at each thing, by its key. Safe for threads; what nobody is at is forgotten."""

    def __init__(self) -> None:
        self._locks: WeakValueDictionary[str, threading.Lock] = WeakValueDictionary()
        self._lock = threading.Lock()

    @contextmanager
    def of(self, key: str) -> Iterator[None]:
        """Wait until nobody else is at it, and keep others waiting while in here."""
        with self._lock:
            turn = self._locks.setdefault(key, threading.Lock())
        with turn:
            yield
