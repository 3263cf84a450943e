"""What a scrape gets: the metrics as text, rendered on a thread of its own while the event loop goes on."""

import asyncio
import gzip
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from prometheus_client.exposition import generate_latest
from prometheus_client.registry import Collector

# As Go's own handlers do: the highest level takes three times as long for hardly any bytes less.
_LEVEL = 6


class Exposition:
    """Renders metrics one at a time. Those who come meanwhile share the next rendering, however many.

    Args:
        snapshot: returns what there is to tell, to be rendered on any thread; called on the event loop.
    """

    def __init__(self, snapshot: Callable[[], Collector]) -> None:
        self._snapshot = snapshot
        # None of those that requests wait on: whoever looks why they hang is to get an answer.
        self._thread = ThreadPoolExecutor(1, "scrape")
        self._turn = asyncio.Lock()
        self._next: dict[bool, asyncio.Task[bytes]] = {}

    async def rendered(self, *, zipped: bool) -> bytes:
        """Return the metrics as they are from now on, in gzip where that is asked for."""
        coming = self._next.get(zipped)
        # One that was cancelled while it waited for its turn is there still.
        if coming is None or coming.done():
            coming = self._next[zipped] = asyncio.create_task(self._render(zipped=zipped))
        # Whoever goes away must not take it from the others.
        return await asyncio.shield(coming)

    async def _render(self, *, zipped: bool) -> bytes:
        async with self._turn:
            # What is from here on is not in it any more.
            del self._next[zipped]
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._thread, _text, self._snapshot(), zipped)


def _text(snapshot: Collector, zipped: bool) -> bytes:
    text = generate_latest(snapshot)
    return gzip.compress(text, _LEVEL, mtime=0) if zipped else text
