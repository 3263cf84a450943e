"""How much 200 objects that fail ask of AWS once they are backed off. ``python -m benchmarks.failing``."""

import time
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import typer

from benchmarks.cluster import Cluster
from sandbox.aws.stand_in import Call, Fault, StandIn
from sandbox.console import say
from sandbox.operator import Operator, install
from sandbox.processes import wait_until
from sandbox.up import Sandbox, sandbox
from sandbox.world import condition

_DENIED: Fault = {"status": 403, "code": "AccessDenied"}
_UNAVAILABLE: Fault = {"status": 503, "code": "ServiceUnavailable"}
FAILURES: Mapping[str, Fault | None] = {
    "creation-denied": {**_DENIED, "operation": "CreateBucket"},
    "setting-denied": {**_DENIED, "operation": "PutBucketVersioning"},
    "not-ours": None,
    "unavailable": _UNAVAILABLE,
    "setting-unavailable": {**_UNAVAILABLE, "operation": "PutBucketVersioning"},
}
"""What fails, which is also how the buckets are called, and what is done to their calls."""


@dataclass(frozen=True)
class Figures:
    """What was counted of one kind of failure."""

    objects: int
    calls: Counter[str]
    seconds: float

    @property
    def per_minute(self) -> float:
        """Calls a minute for each object."""
        return self.calls.total() * 60 / self.seconds / self.objects


def measure(up: Sandbox, objects: int, warm: float, seconds: float) -> dict[str, Figures]:
    """Let so many objects fail for a while, and then count."""
    each = objects // len(FAILURES)
    names = {what: [f"{what}-{n:03}" for n in range(each)] for what in FAILURES}
    _break(up.aws, names)
    cluster = Cluster(up.plane)
    everything = [name for several in names.values() for name in several]
    cluster.make(everything)
    cluster.wait(len(everything), _failed, "all fail")
    say(f"{len(everything)} objects fail; now they get {warm:.0f} s to back off")
    time.sleep(warm)
    mark = up.aws.mark()
    time.sleep(seconds)
    calls = up.aws.since(mark)
    return {what: Figures(each, _of(calls, several), seconds) for what, several in names.items()}


def _break(aws: StandIn, names: Mapping[str, Iterable[str]]) -> None:
    for what, fault in FAILURES.items():
        if fault is not None:
            wanted: Fault = {**fault, "resource": f"{what}-[0-9]+"}
            aws.fault(**wanted)
    s3 = aws.client("s3")
    for name in names["not-ours"]:
        s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})


def _failed(obj: dict[str, Any]) -> bool:
    reason = condition(obj, "Ready").get("reason", "")
    return reason in {"AccessDenied", "NotOurs", "Unavailable"}


def _of(calls: Iterable[Call], names: Iterable[str]) -> Counter[str]:
    wanted = set(names)
    return Counter(c.operation for c in calls if c.resource in wanted and "headrace/" in c.user_agent)


def main(
    objects: Annotated[int, typer.Option(min=5, help="How many objects fail.")] = 200,
    warm: Annotated[float, typer.Option(min=0, help="Seconds in which they back off.")] = 1200,
    seconds: Annotated[float, typer.Option(min=1, help="Seconds in which is counted.")] = 1200,
) -> None:
    """Count the calls to AWS for objects that fail, by what fails. Nothing but time makes it long."""
    with sandbox("failing") as up:
        install(up.plane)
        with Operator(up.plane, up.aws, up.directory) as operator:
            wait_until(operator.ready, what="the operator is ready")
            found = measure(up, objects, warm, seconds)
    for what, figures in found.items():
        listed = ", ".join(f"{name} {count}" for name, count in sorted(figures.calls.items()))
        say(f"{what}: {figures.per_minute:.2f} calls a minute for each of {figures.objects} ({listed})")
    calls = sum(figures.calls.total() for figures in found.values())
    count = sum(figures.objects for figures in found.values())
    say(f"all: {calls * 60 / seconds / count:.2f} calls a minute for each object (aim: less than 1)")


if __name__ == "__main__":
    typer.run(main)
