"""Scrapes beside all else that the event loop does: none keeps it waiting, and none multiplies the work."""

import asyncio
import gzip
import threading
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import aiohttp
import pytest
from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily

from headrace.telemetry.exposition import Exposition
from headrace.telemetry.server import Server, probes, scrapes

LONG = 20


class Slow:
    """Metrics whose rendering takes until the test lets it end, and which count how often they were asked."""

    def __init__(self) -> None:
        self.begun, self.gate = threading.Event(), threading.Event()
        self.taken = self.rendered = self.at_once = self.most_at_once = 0
        self.taken_on: set[int] = set()
        self.rendered_on: set[int] = set()

    def snapshot(self) -> "Slow":
        self.taken += 1
        self.taken_on.add(threading.get_ident())
        return self

    def collect(self) -> Iterator[Metric]:
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        self.rendered_on.add(threading.get_ident())
        self.begun.set()
        assert self.gate.wait(LONG), "whoever lets it end never had its turn"
        self.rendered += 1
        self.at_once -= 1
        yield GaugeMetricFamily("rendered", "How often.", value=self.rendered)


def serve(visit: Callable[[aiohttp.ClientSession, Slow], Awaitable[Any]]) -> Slow:
    async def scene() -> Slow:
        slow = Slow()
        server = Server([*probes(str, str), *scrapes(slow.snapshot)])
        address = await server.start("127.0.0.1", 0)
        try:
            async with aiohttp.ClientSession(f"http://{address}", auto_decompress=False) as session:
                await visit(session, slow)
        finally:
            slow.gate.set()
            await server.stop()
        return slow

    return asyncio.run(scene())


async def scrape(session: aiohttp.ClientSession, encoding: str = "identity") -> tuple[str | None, str]:
    """Return how the metrics were packed, and the last line of what was in it."""
    async with session.get("/metrics", headers={"Accept-Encoding": encoding}) as answer:
        assert answer.status == 200
        packed, body = answer.headers.get("Content-Encoding"), await answer.read()
        text = gzip.decompress(body) if packed else body
        return packed, text.decode().splitlines()[-1]


async def begun(slow: Slow) -> None:
    assert await asyncio.to_thread(slow.begun.wait, LONG)


def test_the_event_loop_goes_on_while_metrics_are_rendered() -> None:
    async def visit(session: aiohttp.ClientSession, slow: Slow) -> None:
        scraped = asyncio.create_task(scrape(session))
        await begun(slow)
        async with session.get("/healthz") as answer:
            assert (answer.status, await answer.text()) == (200, "ok")
        assert (slow.rendered, scraped.done()) == (0, False)
        # The rendering waits for what only the event loop does now.
        asyncio.get_running_loop().call_soon(slow.gate.set)
        assert await scraped == (None, "rendered 1.0")

    slow = serve(visit)
    assert slow.taken_on == {threading.get_ident()}, "what gauges read belongs to the event loop"
    assert slow.rendered_on.isdisjoint(slow.taken_on)


def test_a_scrape_waits_for_none_of_the_threads_that_requests_hang_on() -> None:
    async def visit(session: aiohttp.ClientSession, slow: Slow) -> None:
        hanging = [asyncio.create_task(asyncio.to_thread(slow.begun.wait, LONG)) for _ in range(100)]
        asyncio.get_running_loop().call_later(0, slow.gate.set)
        await scrape(session)
        assert all(await asyncio.gather(*hanging))

    serve(visit)


def test_those_who_come_while_one_is_rendered_share_the_next_whoever_goes_away() -> None:
    async def visit(_: aiohttp.ClientSession, slow: Slow) -> None:
        exposition = Exposition(slow.snapshot)
        first = asyncio.create_task(exposition.rendered(zipped=False))
        await begun(slow)
        others = [asyncio.create_task(exposition.rendered(zipped=n % 2 == 0)) for n in range(50)]
        await asyncio.sleep(0)
        for other in others[:10]:
            other.cancel()
        slow.gate.set()
        assert (await first).endswith(b"rendered 1.0\n")
        bodies = await asyncio.gather(*others[10:])
        assert {gzip.decompress(body).splitlines()[-1] for body in bodies[::2]} == {b"rendered 2.0"}
        assert {body.splitlines()[-1] for body in bodies[1::2]} == {b"rendered 3.0"}

    slow = serve(visit)
    assert (slow.taken, slow.rendered, slow.most_at_once) == (3, 3, 1)


def test_a_rendering_that_fails_is_told_to_those_who_wait_and_the_next_one_goes_well() -> None:
    async def scene() -> None:
        slow = Slow()
        slow.gate.set()
        came = iter([RuntimeError("bug"), None])

        def snapshot() -> Slow:
            if error := next(came):
                raise error
            return slow

        exposition = Exposition(snapshot)
        failed = (exposition.rendered(zipped=False) for _ in range(2))
        assert [str(error) for error in await asyncio.gather(*failed, return_exceptions=True)] == ["bug"] * 2
        assert (await exposition.rendered(zipped=False)).endswith(b"rendered 1.0\n")

    asyncio.run(scene())


def test_a_rendering_that_was_cancelled_before_its_turn_is_begun_anew() -> None:
    """kopf cancels every task that is left when it ends, and scrapes come until the process does."""

    async def visit(_: aiohttp.ClientSession, slow: Slow) -> None:
        exposition = Exposition(slow.snapshot)
        before = asyncio.all_tasks()
        first = asyncio.create_task(exposition.rendered(zipped=False))
        await begun(slow)
        under_way = asyncio.all_tasks() - before
        second = asyncio.create_task(exposition.rendered(zipped=False))
        await asyncio.sleep(0)
        for task in asyncio.all_tasks() - before - under_way - {second}:
            task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await second
        slow.gate.set()
        await first
        assert (await exposition.rendered(zipped=False)).endswith(b"rendered 2.0\n")

    serve(visit)


def test_metrics_are_packed_for_those_who_take_that() -> None:
    async def visit(session: aiohttp.ClientSession, slow: Slow) -> None:
        slow.gate.set()
        assert await scrape(session, "gzip") == ("gzip", "rendered 1.0")
        assert await scrape(session, "deflate, gzip;q=0.5") == ("gzip", "rendered 2.0")
        assert await scrape(session, "br") == (None, "rendered 3.0")

    serve(visit)
