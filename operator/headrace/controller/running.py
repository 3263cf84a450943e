"""What runs beside the watch until the process ends, and what follows where it ends sooner."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

log = logging.getLogger("headrace.running")

# Kubernetes gives a pod 30 seconds to end; what runs gets most of them, and kopf takes up to 5 more.
_DRAIN_SECONDS = 20.0


class Broken(Exception):
    """A part ended that has to run for as long as the process; the message says which and why."""


class Running:
    """The work and the comparison with the API server. Where one ends by itself, all is over.

    Otherwise the process would seem to be well, and do nothing any more.
    """

    def __init__(self, work: asyncio.Task[None], relist: asyncio.Task[None]) -> None:
        self._work, self._relist = work, relist
        self._asked = False
        self._hurry = asyncio.Event()
        self._why = ""
        self.over = asyncio.Event()
        """Set when the process has to end, and when it does: kopf waits for those who wait for it."""
        self.finished = False
        """Whether all that was begun was also finished."""
        for task, name in ((work, "The work on objects"), (relist, "The comparison with the API server")):
            task.add_done_callback(partial(self._ended, name))

    def _ended(self, name: str, task: asyncio.Task[None]) -> None:
        if self._asked or self._why:
            return
        error = None if task.cancelled() else task.exception()
        self._why = f"{name} ended by itself ({error!r}); the process ends, to be started again."
        self.over.set()

    async def stop(self, no_more: Callable[[], bool]) -> None:
        """Begin nothing new, and wait a while for what was begun.

        Args:
            no_more: has nothing more be begun, and says whether anything was.
        """
        self._asked = True
        self._relist.cancel()
        if not no_more():
            # It still prepares, or waits for its turn to lead.
            self._work.cancel()
        hurry = asyncio.create_task(self._hurry.wait())
        await asyncio.wait([self._work, hurry], timeout=_DRAIN_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        hurry.cancel()
        self.finished = self._work.done()

    def hurry(self) -> None:
        """Wait no longer for what was begun."""
        self._hurry.set()

    def check(self) -> None:
        """Raise Broken where a part ended by itself."""
        if self._why:
            raise Broken(self._why)


class Ending:
    """The end of the process: it begins at the first word, and each one after that means: hurry.

    Args:
        stop: ends everything in order.
        hurry: has it wait no longer for what runs.
    """

    def __init__(self, stop: Callable[[], Coroutine[Any, Any, None]], hurry: Callable[[], None]) -> None:
        self._stop, self._hurry = stop, hurry
        self._task: asyncio.Task[None] | None = None

    def asked(self) -> None:
        """Take the word of somebody who wants the process to end."""
        if self._task is not None:
            log.warning("Asked to end once more: what runs is left as it is.")
            self._hurry()
            return
        log.info("Asked to end: what runs is finished first.")
        self._task = asyncio.create_task(self._stop())

    async def end(self) -> None:
        """End everything, unless that is done already."""
        self._task = self._task or asyncio.create_task(self._stop())
        await self._task
