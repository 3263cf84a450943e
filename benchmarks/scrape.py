"""What a scrape costs, and how long it keeps the event loop from all else. ``python -m benchmarks.scrape``.

Times are processor time of the process: what else runs on the machine does not count.
"""

import asyncio
import gzip
from time import process_time
from typing import Annotated

import aiohttp
import typer
from prometheus_client.exposition import generate_latest

from benchmarks.figures import Figure, Results
from headrace.kinds.definition import ObjectRef
from headrace.kinds.registry import DEFINITIONS
from headrace.resources.registry import declared_actions
from headrace.telemetry.objects import Sight
from headrace.telemetry.registry import Metrics
from headrace.telemetry.server import Server, scrapes

_KIND = "AcceleratedBucket"
_ROUNDS = 10
_MILLI, _KIBI = 1000.0, 1024.0


class Turns:
    """How long it took, at worst, from one turn of the event loop to the next."""

    def __init__(self) -> None:
        self.worst = 0.0

    async def watch(self) -> None:
        """Take note until cancelled."""
        while True:
            before = process_time()
            await asyncio.sleep(0)
            self.worst = max(self.worst, process_time() - before)


def filled(objects: int) -> Metrics:
    """Return the metrics of so many buckets, each looked at once."""
    metrics = Metrics(DEFINITIONS, actions=declared_actions())
    for number in range(objects):
        ref = ObjectRef(_KIND, f"team-{number % 10}", f"media-{number}")
        metrics.state(ref, Sight("ready", "InSync"))
        metrics.reconciled(_KIND, "in_sync", 0.1, 0.1)
    return metrics


async def measured(metrics: Metrics) -> Results:
    """Scrape again and again, as Prometheus does."""
    server, turns = Server(scrapes(metrics.snapshot)), Turns()
    address = await server.start("127.0.0.1", 0)
    async with aiohttp.ClientSession(f"http://{address}", auto_decompress=False) as session:
        watching = asyncio.create_task(turns.watch())
        for _ in range(_ROUNDS):
            async with session.get("/metrics", headers={"Accept-Encoding": "gzip"}) as answer:
                packed = await answer.read()
        watching.cancel()
    await server.stop()
    began = process_time()
    text = generate_latest(metrics.snapshot())
    rendered = process_time() - began
    if gzip.decompress(packed).count(b"\n") != text.count(b"\n"):
        raise AssertionError("what was scraped is not what there is")
    figures = (
        Figure(f"event loop held up, at worst in {_ROUNDS} scrapes", turns.worst * _MILLI, "ms"),
        Figure("a rendering", rendered * _MILLI, "ms"),
        Figure("text", len(text) / _KIBI, "KiB"),
        Figure("text, in gzip", len(packed) / _KIBI, "KiB"),
    )
    return Results({}, figures)


app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def bench(objects: Annotated[int, typer.Option(min=0, help="How many buckets there are.")] = 5000) -> None:
    """Measure a scrape in a process of its own, without a cluster."""
    asyncio.run(measured(filled(objects))).show()


if __name__ == "__main__":
    app()
