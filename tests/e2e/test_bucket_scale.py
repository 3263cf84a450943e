"""Two hundred buckets at once: all ready, each with few calls, and a restart that writes nothing."""

import json
import time
from collections import Counter
from collections.abc import Callable

import pytest

from sandbox.processes import wait_until
from sandbox.world import Object, World, condition
from tests.e2e.buckets import FULL_READS, full_spec, names
from tests.e2e.conftest import Start

pytestmark = pytest.mark.e2e

MANY = 200
MOST_CALLS_TO_READY = 16
# Generous: a machine with two cores that does other things too takes a tenth of that.
SECONDS = 240


def objects(lone: World) -> list[Object]:
    found: list[Object] = json.loads(
        lone.plane.kubectl_run("get", "abkt", "-n", lone.namespace, "-o", "json")
    )["items"]
    return found


def wait(holds: Callable[[], bool], what: str) -> float:
    """Wait with pauses that leave the machine to those who work; return the seconds that it took."""
    began = time.monotonic()

    def pausing() -> bool:
        done = holds()
        if not done:
            time.sleep(0.5)
        return done

    wait_until(pausing, what=what, seconds=SECONDS)
    return time.monotonic() - began


def test_two_hundred_buckets_are_made_seen_again_and_deleted(lone: World, start: Start) -> None:
    operator = start()
    buckets = [lone.name(f"{number:03}") for number in range(MANY)]
    items = [
        {
            "apiVersion": "headrace.io/v1alpha1",
            "kind": "AcceleratedBucket",
            "metadata": {"name": bucket, "namespace": lone.namespace},
            "spec": full_spec(lone, bucketName=bucket, deletionPolicy="Delete"),
        }
        for bucket in buckets
    ]
    text = json.dumps({"apiVersion": "v1", "kind": "List", "items": items})
    lone.plane.kubectl_run("create", "-f", "-", input=text)
    wait(
        lambda: all(condition(obj, "Ready").get("status") == "True" for obj in objects(lone)), "all are ready"
    )
    calls = Counter(call.resource for call in lone.calls())
    assert sorted(calls) == buckets
    assert max(calls.values()) <= MOST_CALLS_TO_READY
    # They are seen to be ready before the operator hears so.
    wait(lambda: len(lone.api_writes()) == 2 * MANY, "all is written")
    writes = Counter((r.name, r.verb, r.subresource) for r in lone.api_writes())
    assert writes == Counter((bucket, "patch", sub) for bucket in buckets for sub in ("", "status"))
    assert [name for name in sorted(names(lone.aws.client("s3"))) if name in calls] == buckets

    operator.stop()
    lone.mark()
    operator.start()
    wait(lambda: len({call.resource for call in lone.calls()}) == MANY, "all were looked at again")
    wait(lambda: len(lone.calls()) == MANY * len(FULL_READS), "all were looked at in full")
    assert Counter(lone.operations()) == Counter(FULL_READS * MANY)
    lone.look_now(buckets[0])
    assert [(r.name, r.subresource) for r in lone.api_writes()] == [(buckets[0], "status")], "the answer"

    lone.plane.kubectl_run("delete", "abkt", "--all", "-n", lone.namespace, "--wait=false")
    wait(lambda: objects(lone) == [], "all are gone")
    assert names(lone.aws.client("s3")).isdisjoint(buckets)
