"""The log of every request that reached the stand-in, each numbered once for the life of the process."""

import json
from typing import Any


class Journal:
    """Entries in the order of their answers, kept as JSON, so that reading them costs little."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._first = 1

    @property
    def last(self) -> int:
        """The number of the newest entry; 0 if there was none yet."""
        return self._first + len(self._lines) - 1

    def add(self, entry: dict[str, Any]) -> None:
        """Number an entry and keep it."""
        self._lines.append(json.dumps({"seq": self.last + 1, **entry}))

    def since(self, seq: int) -> str:
        """The entries after number ``seq``, as a JSON list."""
        return "[" + ",\n".join(self._lines[max(0, seq - self._first + 1) :]) + "]"

    def clear(self) -> None:
        """Forget the entries, not the numbers: a mark taken earlier stays right."""
        self._first = self.last + 1
        self._lines = []
