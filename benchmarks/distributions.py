"""What distributions cost, each with a bucket of its own. ``python -m benchmarks.distributions``.

They are applied together with their buckets, looked at by a new process, asked for a look, and edited.
"""

import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Any

import typer

from benchmarks.memory import memory
from sandbox.aws.stand_in import Call
from sandbox.console import say
from sandbox.operator import Operator, install
from sandbox.processes import wait_until
from sandbox.up import Sandbox, sandbox
from sandbox.world import World, condition, current

_POLL_SECONDS = 0.1
_OF_BUCKETS = frozenset({"s3", "s3control"})
_EDIT: Mapping[str, Any] = {
    "comment": "edited",
    "priceClass": "PriceClass_100",
    "httpVersion": "http2and3",
    "defaultRootObject": "index.html",
    "errorResponses": [{"errorCode": 404, "responseCode": 200, "responsePagePath": "/index.html"}],
}
"""Five parts of one document."""


class Distributions:
    """Measures one operator on one sandbox."""

    def __init__(self, up: Sandbox, operator: Operator, count: int, deployment: float) -> None:
        self._aws, self._operator, self._deployment = up.aws, operator, deployment
        self._buckets = World(up.plane, up.aws)
        self._sites = self._buckets.of("Distribution")
        self._names = [f"site-{number}" for number in range(count)]
        self._mark = up.aws.mark()

    def run(self) -> Iterator[str]:
        """Measure everything; SandboxError where something does not come."""
        self._begin()
        began = time.monotonic()
        for name in self._names:
            self._apply(name)
        self._wait("they are Ready", _is_ready)
        seconds = time.monotonic() - began
        yield from self._told("creation, bucket and distribution together")
        yield f"first apply to all Ready: {seconds:.1f} s, of which {self._deployment:g} s are deployment"
        held = memory(self._operator.child.pid)
        if held is not None:
            yield f"memory of the operator: {held.resident:.0f} MiB"
        self._operator.stop()
        self._begin()
        self._operator.start()
        self._wait_for_calls("GetDistribution")
        yield from self._told("a steady pass, by a new process")
        self._begin()
        for name in self._names:
            self._sites.annotate(name, "headrace.io/reconcile-requested-at", "now")
        self._wait("every look is answered", _is_answered)
        yield from self._told("a steady pass over the distribution, which was asked for")
        self._begin()
        for name in self._names:
            self._sites.patch({"spec": _EDIT}, name)
        self._wait("the edits are Ready", _is_ready)
        yield from self._told("an edit of five parts")

    def _apply(self, name: str) -> None:
        bucket = {"bucketName": self._buckets.name(name), "region": "eu-central-1"}
        self._buckets.apply({**bucket, "deletionPolicy": "Delete"}, name)
        self._sites.apply(
            {
                "origins": [{"name": "media", "bucketRef": {"name": name}}],
                "defaultBehavior": {"origin": "media", "cache": {"policy": "CachingOptimized"}},
                "deletionPolicy": "Delete",
            },
            name,
        )

    def _begin(self) -> None:
        self._buckets.mark()
        self._mark = self._aws.mark()

    def _wait(self, what: str, holds: Any) -> None:
        def all_of_them() -> bool:
            time.sleep(_POLL_SECONDS)
            return all(holds(self._sites.get(name)) for name in self._names)

        wait_until(all_of_them, what=what, seconds=120)

    def _wait_for_calls(self, operation: str) -> None:
        def seen() -> bool:
            time.sleep(1)
            return sum(call.operation == operation for call in self._calls()) >= len(self._names)

        wait_until(seen, what=f"{operation} was called for each", seconds=120)
        # What belongs to the same passes.
        time.sleep(2)

    def _calls(self) -> list[Call]:
        ours = (call for call in self._aws.since(self._mark) if "headrace/" in call.user_agent)
        return [call for call in ours if call.service != "sts"]

    def _told(self, what: str) -> Iterator[str]:
        """Say what was called and written since the beginning, for each of them."""
        calls, writes = self._calls(), Counter(each.resource for each in self._buckets.api_writes())
        of_buckets = [call for call in calls if call.service in _OF_BUCKETS]
        rest = [call for call in calls if call.service not in _OF_BUCKETS]
        yield f"{what}:"
        yield f"  AWS calls for a distribution: {self._each(call.operation for call in rest)}"
        yield f"  AWS calls for its bucket: {self._each(call.operation for call in of_buckets)}"
        yield f"  API writes: {self._each(writes.elements())}"

    def _each(self, names: Iterable[str]) -> str:
        many, counted = len(self._names), Counter(names)
        listed = ", ".join(f"{name} {number / many:g}" for name, number in sorted(counted.items()))
        return f"{counted.total() / many:g} ({listed})" if counted else "0"


def _is_ready(obj: Mapping[str, Any]) -> bool:
    return bool(current(dict(obj)) and condition(dict(obj), "Ready").get("status") == "True")


def _is_answered(obj: Mapping[str, Any]) -> bool:
    return bool(obj["status"].get("lastHandledReconcileAt") == "now")


def main(
    count: Annotated[int, typer.Option(min=1, max=100, help="How many distributions.")] = 10,
    latency: Annotated[
        float, typer.Option(min=0, max=10, help="Seconds that every AWS call takes longer.")
    ] = 0.03,
    deployment: Annotated[float, typer.Option(min=0, max=600, help="Seconds that a deployment takes.")] = 5.0,
) -> None:
    """Print calls, writes and times of distributions on the sandbox. Counts are exact."""
    with sandbox("bench") as up:
        install(up.plane)
        operator = Operator(up.plane, up.aws, up.directory, ("--allow-ambient",))
        operator.start()
        up.aws.client("sts").get_caller_identity()
        up.aws.latency(latency)
        up.aws.deployment(deployment)
        try:
            for line in Distributions(up, operator, count, deployment).run():
                say(line)
        finally:
            operator.stop()


if __name__ == "__main__":
    typer.run(main)
