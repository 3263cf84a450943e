"""How fast emptyOnDelete empties a bucket, and what it takes of memory. ``python -m benchmarks.emptying``."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from headrace.aws.credentials import Keys, Source
from headrace.aws.meter import Meter
from headrace.aws.pacing import Pacing
from headrace.aws.sessions import DEFAULT_RATE, Account
from headrace.aws.target import Target
from headrace.resources.s3.bucket._emptying import empty
from sandbox.aws.clients import ACCOUNT, REGION
from sandbox.aws.stand_in import Call, StandIn
from sandbox.console import say

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_BUCKET = "bench-emptying"
_BATCH = 1000
_KIB = 1024
_SAMPLE_SECONDS = 0.05


@dataclass(frozen=True)
class Figures:
    """What came of one run."""

    deleted: int
    seconds: float
    grown_mib: float
    """How much the memory of this process grew from the first second to the peak."""
    calls: tuple[Call, ...]

    @property
    def rate(self) -> float:
        """Return versions and markers a second."""
        return self.deleted / self.seconds

    def of(self, operation: str) -> str:
        """Say how often an operation was called, and how long the stand-in worked on one, in milliseconds."""
        took = [call.duration for call in self.calls if call.operation == operation]
        mean = 1000 * sum(took) / len(took) if took else 0.0
        return f"{operation}: {len(took)} calls, {mean:.0f} ms each"


def measure(aws: StandIn, versions: int, markers: int, latency: float) -> Figures:
    """Fill a bucket with so many versions and markers, and empty it with so many seconds of latency."""
    _fill(aws.client("s3"), versions, markers)
    keys = Keys(ACCOUNT, "stand-in")
    account = Account(Meter(), Pacing(DEFAULT_RATE), Source(keys, REGION, aws.url))
    target = Target(account, REGION, _BUCKET, f"arn:aws:s3:::{_BUCKET}")
    mark = aws.mark()
    aws.latency(latency)
    try:
        with _Memory() as memory:
            began = time.perf_counter()
            came = empty(target, lambda _: False)
            seconds = time.perf_counter() - began
    finally:
        aws.latency(0)
    if not came.done or came.deleted != versions + markers:
        raise AssertionError(f"the bucket was not emptied: {came}")
    calls = [call for call in aws.since(mark) if call.resource == _BUCKET]
    return Figures(came.deleted, seconds, memory.grown / _KIB, tuple(calls))


class _Memory:
    """Watches the resident memory of this process, in KiB."""

    def __enter__(self) -> "_Memory":
        self._first, self._peak, self._end = _resident(), 0, threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._end.wait(_SAMPLE_SECONDS):
            self._peak = max(self._peak, _resident())

    @property
    def grown(self) -> int:
        """Return by how much it grew at most."""
        return max(0, self._peak - self._first)


def _resident() -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:"))


def _fill(s3: "S3Client", versions: int, markers: int) -> None:
    """Put versions under a thousand keys at most, and delete markers on top of them."""
    with suppress(s3.exceptions.BucketAlreadyOwnedByYou):
        where: Any = {"LocationConstraint": REGION}
        s3.create_bucket(Bucket=_BUCKET, CreateBucketConfiguration=where)
    s3.put_bucket_versioning(Bucket=_BUCKET, VersioningConfiguration={"Status": "Enabled"})
    keys = [f"k{number:04}" for number in range(min(_BATCH, versions))]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: s3.put_object(Bucket=_BUCKET, Key=keys[n % len(keys)]), range(versions)))
    for left in range(markers, 0, -len(keys)):
        objects: Any = [{"Key": key} for key in keys[:left]]
        s3.delete_objects(Bucket=_BUCKET, Delete={"Objects": objects, "Quiet": True})


def main(
    versions: Annotated[int, typer.Option(min=1, help="How many versions.")] = 10_000,
    markers: Annotated[int, typer.Option(min=0, help="How many delete markers.")] = 40_000,
    latency: Annotated[float, typer.Option(min=0, help="Seconds that every AWS call takes longer.")] = 0.03,
) -> None:
    """Measure how fast a bucket is emptied. A small run comes first: memory grows for content only."""
    with StandIn() as aws:
        measure(aws, 1000, 9000, latency)
        figures = measure(aws, versions, markers, latency)
    say(f"{figures.deleted:,} in {figures.seconds:.1f} s: {figures.rate:,.0f} a second")
    say(f"memory grew by {figures.grown_mib:.1f} MiB")
    for operation in ("ListObjectVersions", "DeleteObjects"):
        say(figures.of(operation))


if __name__ == "__main__":
    typer.run(main)
