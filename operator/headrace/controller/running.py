"""What runs beside the watch until the process ends, and what follows where it ends sooner."""

import asyncio
import logging
import signal
from collections.abc import Awaitable, Callable, Coroutine
from functools import partial
from typing import Any

from headrace.controller.elector import Leadership

log = logging.getLogger("headrace.running")

# Kubernetes gives a pod 30 seconds to end, and the process takes fewer, whatever hangs. What was begun gets
# most of them; then come events (2), the Lease, kopf (6), the servers (1) and traces (2).
_END_SECONDS = 27.0
_DRAIN_SECONDS = 15.0
_RELEASE_SECONDS = 3.0


class Broken(Exception):
    """A part ended that has to run for as long as the process; the message says which and why."""


class Running:
    """The work and the comparison with the API server. Where one ends by itself, all is over.

    Otherwise the process would seem to be well, and do nothing any more.
    """

    def __init__(
        self, work: asyncio.Task[None], relist: asyncio.Task[None], hurry: asyncio.Event | None = None
    ) -> None:
        self._work, self._relist = work, relist
        self._hurry = hurry or asyncio.Event()
        """Set when what was begun is not to be waited for any longer."""
        self._asked = False
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

    async def end(
        self, no_more: Callable[[], bool], tell: Callable[[], Awaitable[None]], leadership: Leadership
    ) -> None:
        """Stop everything in order; it is over then, even if there is a bug in that.

        Args:
            no_more: has nothing more be begun, and says whether anything was.
            tell: tells what is still to be told of what was done.
            leadership: what is handed over.
        """
        try:
            await self.stop(no_more)
            await tell()
            await self._hand_over(leadership)
        except Exception:
            log.exception("bug while ending; the process ends all the same")
        finally:
            self.over.set()

    async def _hand_over(self, leadership: Leadership) -> None:
        """Give leadership up, only now: until here it is renewed, and nobody else begins."""
        if not self.finished:
            # Requests are on their way. As after a crash, the time until the Lease lapses is theirs.
            log.warning(
                "What runs was not finished, and is begun again by the next one. If this one led by a Lease, "
                "that is not given up, but lapses."
            )
            return
        try:
            await asyncio.wait_for(leadership.release(), _RELEASE_SECONDS)
        except TimeoutError:
            log.warning("Leadership could not be given up in time: it is left to lapse.")

    def check(self) -> None:
        """Raise Broken where a part ended by itself."""
        if self._why:
            raise Broken(self._why)


class Ending:
    """The word that the process is to end: the first one begins the end, each one after that means: hurry.

    It is listened for from the first moment on, and whoever works looks at it.
    """

    def __init__(self) -> None:
        self.begun = asyncio.Event()
        """Set at the first word: all is stopped in order."""
        self.hurry = asyncio.Event()
        """Set at the second word: what runs is not waited for."""

    def listen(self) -> None:
        """Take signals as words, also where somebody else took them meanwhile."""
        for each in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(each, self.asked)

    def asked(self) -> None:
        """Take the word of somebody who wants the process to end."""
        if self.begun.is_set():
            log.warning("Asked to end once more: what runs is left as it is.")
            self.hurry.set()
            return
        log.info("Asked to end: what runs is finished first.")
        self.begun.set()

    async def limit(self, life: Coroutine[Any, Any, None]) -> None:
        """Wait for the life of the process; once its end has begun, no longer than Kubernetes would."""
        living, late = asyncio.create_task(life), asyncio.create_task(self._late())
        await asyncio.wait([living, late], return_when=asyncio.FIRST_COMPLETED)
        late.cancel()
        if living.done():
            living.result()
            return
        log.warning("The end took longer than %g s: the rest of it is left out.", _END_SECONDS)

    async def _late(self) -> None:
        await self.begun.wait()
        await asyncio.sleep(_END_SECONDS)
