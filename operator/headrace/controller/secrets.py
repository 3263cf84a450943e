"""Secrets of the operator's own namespace: read when they are needed, and again after a few seconds."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from headrace.controller.api import ApiError
from headrace.engine.errors import Unavailable

# Nobody watches Secrets, so this is how late a new key can be noticed by work that is under way.
FRESH_SECONDS = 5.0


@dataclass(frozen=True)
class Secret:
    """The decoded values of a Secret, which never show in a text, and its resourceVersion."""

    version: str
    values: Mapping[str, str] = field(repr=False)


class Secrets(Protocol):
    """Reads a Secret of the operator's own namespace."""

    def secret(self, name: str) -> Secret | None:
        """Return the Secret, or None where there is none."""


class FreshSecrets:
    """Secrets that are read once in a while, however many objects need them. Safe for threads."""

    def __init__(self, secrets: Secrets, clock: Callable[[], float]) -> None:
        self._secrets, self._clock = secrets, clock
        self._known: dict[str, tuple[float, Secret | None]] = {}
        self._lock = threading.Lock()

    def secret(self, name: str) -> Secret | None:
        """Return the Secret, or None where there is none, as it was a few seconds ago at most.

        Raises:
            Unavailable: the API server does not let us read it.
        """
        with self._lock:
            read, known = self._known.get(name, (float("-inf"), None))
        if self._clock() - read < FRESH_SECONDS:
            return known
        return self.read(name)

    def read(self, name: str) -> Secret | None:
        """Read the Secret now."""
        at = self._clock()
        try:
            found = self._secrets.secret(name)
        except ApiError as error:
            raise Unavailable(str(error)) from error
        with self._lock:
            self._known[name] = (at, found)
        return found
