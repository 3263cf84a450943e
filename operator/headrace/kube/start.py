"""The start: what has to be there before the watch begins is asked for until it is, and told meanwhile."""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Sequence
from functools import partial
from typing import Any, TypeVar

from headrace.controller.api import ApiError
from headrace.kinds.definition import GROUP, VERSION
from headrace.kube.connection import Heartbeat

log = logging.getLogger("headrace.start")

T = TypeVar("T")

Check = Callable[[], str]
"""Says what is missing and what to do, or nothing. May ask the API server, and raise ApiError."""

_SECONDS = 2.0
"""Between two rounds."""
_BEGINNING = "the watches have not begun yet"


class Start:
    """Goes through checks until they pass. Whoever asks is alive: a new start would bring nothing."""

    def __init__(self, heartbeat: Heartbeat, end: asyncio.Event) -> None:
        self._heartbeat, self._end = heartbeat, end
        self.waits = _BEGINNING
        """What it waits for, for those who ask."""

    async def passed(self, checks: Sequence[Check]) -> bool:
        """Wait until all checks pass; return whether they do. The end of the process comes first."""
        return await self.reached(partial(asyncio.to_thread, _missing, checks))

    async def reached(self, attempt: Callable[[], Coroutine[Any, Any, str]]) -> bool:
        """Try again until an attempt says nothing of what is in its way; return whether one did."""
        while not self._end.is_set():
            # Whatever it waits for: who tries is well.
            self._heartbeat.asked(f"/apis/{GROUP}/{VERSION}", watch=False)
            missing = await self._before_the_end(attempt())
            if missing is None:
                break
            if not missing:
                self._go_on()
                return True
            self._tell(missing)
            await self._before_the_end(asyncio.sleep(_SECONDS))
        return False

    async def _before_the_end(self, awaited: Coroutine[Any, Any, T]) -> T | None:
        """Return what is awaited, or None where the end comes first: an answer may hang for half a minute."""
        task, end = asyncio.create_task(awaited), asyncio.create_task(self._end.wait())
        await asyncio.wait([task, end], return_when=asyncio.FIRST_COMPLETED)
        end.cancel()
        if task.done():
            return task.result()
        task.cancel()
        return None

    def _tell(self, missing: str) -> None:
        if missing != self.waits:
            log.warning(missing)
        self.waits = missing

    def _go_on(self) -> None:
        if self.waits != _BEGINNING:
            log.info("What was waited for is there: the start goes on.")
        self.waits = _BEGINNING


def _missing(checks: Sequence[Check]) -> str:
    """Return all that is missing; an API server that does not answer one question is asked no more."""
    found = []
    for check in checks:
        try:
            found.append(check())
        except ApiError as error:
            found.append(str(error))
            break
    return " ".join(filter(None, found))
