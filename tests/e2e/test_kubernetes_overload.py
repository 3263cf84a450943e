"""An API server that has too much to do, and one that is quicker than we are: spared, and written to once."""

import time
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from headrace.kinds.definition import FINALIZER
from sandbox.world import World
from tests.e2e.buckets import full_spec, writes
from tests.e2e.conftest import Start
from tests.e2e.proxy import Proxy, proxy

pytestmark = pytest.mark.e2e

MANY = [f"bucket-{number}" for number in range(4)]
RETRY_AFTER = 2


@pytest.fixture
def between(lone: World, start: Start, tmp_path: Path) -> Iterator[Proxy]:
    """Stand between the API server and an operator."""
    with proxy(lone.plane, tmp_path) as made:
        operator = start(env={"KUBECONFIG": str(made.kubeconfig)})
        yield made
        operator.stop()


def apply_many(lone: World) -> None:
    for name in MANY:
        lone.apply(full_spec(lone, bucketName=lone.name(name)), name)


def statuses(between: Proxy, name: str) -> list[tuple[bool, int]]:
    """Return each patch of an object: whether it was of the status, and what came of it.

    The API server shows a status before its answer has passed the proxy: the last patch is waited for.
    """
    deadline = time.monotonic() + 30
    while (True, 200) not in (found := [(p.path.endswith("/status"), p.status) for p in between.about(name)]):
        assert time.monotonic() < deadline, found
        time.sleep(0.02)
    return found


def test_a_busy_api_server_is_spared_and_no_write_is_lost_or_made_twice(lone: World, between: Proxy) -> None:
    left = Counter({(name, kind): 2 for name in MANY for kind in ("object", "status")})

    def meddle(method: str, path: str) -> int | None:
        name, _, rest = path.partition("/acceleratedbuckets/")[2].partition("/")
        key = (name, rest or "object")
        if method != "PATCH" or not left[key]:
            return None
        left[key] -= 1
        return 429

    between.meddle, between.retry_after = meddle, RETRY_AFTER
    apply_many(lone)
    for name in MANY:
        lone.ready(name, 60)
    for name in MANY:
        refused, went = [(False, 429)] * 2, [(False, 200)]
        assert statuses(between, name) == [*refused, *went, (True, 429), (True, 429), (True, 200)]
        asked = between.about(name)
        for before, after in pairwise(asked):
            assert before.status == 200 or after.at - before.at >= RETRY_AFTER
        made = Counter(writes(lone.operations(lone.name(name))))
        assert set(made.values()) == {1}, "what was done to AWS is seen to be done and not done again"


def test_who_is_quicker_than_our_finalizer_is_read_first_and_keeps_what_was_written(
    lone: World, between: Proxy
) -> None:
    theirs = ["example.com/theirs"]

    def meddle(method: str, path: str) -> None:
        if theirs and method == "PATCH" and path.endswith("/acceleratedbuckets/media"):
            lone.patch({"metadata": {"finalizers": [theirs.pop()]}})

    between.meddle = meddle
    lone.apply(full_spec(lone))
    obj = lone.ready()
    assert obj["metadata"]["finalizers"] == ["example.com/theirs", FINALIZER]
    assert statuses(between, "media") == [(False, 422), (False, 200), (True, 200)]
    assert between.about("media", "GET") == [], "the watch brought what had changed"
    lone.patch({"metadata": {"finalizers": [FINALIZER]}})
