"""An event loop whose clock jumps: hours pass at once, and who waits in vain is caught."""

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class StuckError(Exception):
    """Everybody waits, and nothing is left that could happen: somebody was not woken."""


class _Jumping(selectors.SelectSelector):
    """Instead of waiting, moves the clock on."""

    now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if not ready:
            if timeout is None:
                raise StuckError("everybody waits, and nothing is left that could happen")
            self.now += timeout
        return ready


class _Travelling(asyncio.SelectorEventLoop):
    """A loop whose time is that of its selector."""

    def __init__(self) -> None:
        self._jumping = _Jumping()
        super().__init__(self._jumping)

    def time(self) -> float:
        return self._jumping.now


def travel(journey: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end; its time begins at 0, and nothing may run in other threads."""
    with asyncio.Runner(loop_factory=_Travelling) as runner:
        return runner.run(journey)


def clock() -> float:
    """Return the seconds since the journey began."""
    return asyncio.get_running_loop().time()
