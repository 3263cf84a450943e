"""What runs beside the watch until the process ends, and what follows where it ends sooner."""

import asyncio
from collections.abc import Callable
from functools import partial

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

    async def stop(self, no_more: Callable[[], None]) -> None:
        """Begin nothing new, and wait a while for what was begun."""
        self._asked = True
        self.over.set()
        self._relist.cancel()
        no_more()
        _, late = await asyncio.wait([self._work], timeout=_DRAIN_SECONDS)
        self.finished = not late

    def check(self) -> None:
        """Raise Broken where a part ended by itself."""
        if self._why:
            raise Broken(self._why)
