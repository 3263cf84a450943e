"""The election as it runs: the elector on a thread of its own, and what the event loop hears of it."""

import asyncio
import threading
from collections.abc import Callable

from headrace.controller.elector import Elector, Lost


class Election:
    """Runs for leadership from when it is first waited for, until it is released.

    On a thread of its own neither a busy event loop nor a busy pool of threads keeps the leader from
    renewing its Lease.

    Args:
        elector: what it steps through.
        lost: is told, on that thread, that leadership was lost; it must end the process.
    """

    def __init__(self, elector: Elector, lost: Callable[[str], None]) -> None:
        self._elector, self._lost = elector, lost
        self._won = asyncio.Event()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="elector", daemon=True)
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def leads(self) -> bool:
        """Whether this process leads."""
        return self._elector.leads

    @property
    def trouble(self) -> str:
        """What keeps this process from running for leadership until a person helps, or nothing."""
        return self._elector.trouble

    async def acquired(self) -> None:
        """Wait until this process leads."""
        if self._loop is None:
            self._loop = asyncio.get_running_loop()
            self._thread.start()
        await self._won.wait()

    async def release(self) -> None:
        """Give leadership up, or the wish for it."""
        self._over.set()
        if self._loop is not None:
            await asyncio.to_thread(self._thread.join)

    def _run(self) -> None:
        try:
            pause = 0.0
            while not self._over.wait(pause):
                pause = self._elector.step()
                if self._elector.leading:
                    self._tell()
        except Lost as error:
            self._lost(str(error))
        except Exception as error:  # noqa: BLE001 - whatever it is: nobody renews any more
            self._lost(f"the election ended by itself ({error!r})")
        else:
            self._elector.release()

    def _tell(self) -> None:
        if not self._won.is_set() and self._loop is not None:
            self._loop.call_soon_threadsafe(self._won.set)
