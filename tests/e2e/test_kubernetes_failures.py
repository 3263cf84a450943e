"""The API server dies, forgets, or has others write to it at the same time: nothing is lost or made twice."""

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.aws.stand_in import StandIn
from sandbox.control_plane.server import ControlPlane
from sandbox.operator import USER, Operator
from sandbox.processes import wait_until
from sandbox.world import World
from tests.e2e.buckets import full_spec, names, writes
from tests.e2e.history import History

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def running(
    lone_plane: ControlPlane, lone_aws: StandIn, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Operator]:
    """One operator that goes through all of this without an end."""
    with Operator(lone_plane, lone_aws, tmp_path_factory.mktemp("running")) as operator:
        yield operator
        assert operator.child.alive


def said(operator: Operator, lone: World, words: str, name: str = "media") -> bool:
    """Say whether the operator's log has this about an object of this namespace."""
    lines = [json.loads(line) for line in operator.log.splitlines()]
    here = [line for line in lines if (line.get("namespace"), line.get("name")) == (lone.namespace, name)]
    return any(words in line["message"] for line in here)


def listed(lone: World, mark: int) -> int:
    """Return how often the operator listed the buckets."""
    since = lone.audit.since(mark)
    return len([r for r in since if (r.user, r.verb, r.resource) == (USER, "list", "acceleratedbuckets")])


def test_an_api_server_that_dies_while_a_bucket_is_made_costs_time_and_nothing_else(
    lone: World, running: Operator
) -> None:
    lone.apply(full_spec(lone, bucketName=lone.name("steady")), "steady")
    lone.ready("steady")
    lone.mark()
    held = lone.aws.fault(operation="CreateBucket", resource=lone.name(), action="hold")
    lone.apply(full_spec(lone))
    lone.aws.wait_until_held(held)
    lone.plane.kill_apiserver()
    lone.aws.release(held)
    # What it saw goes into no status now; it tries again and lives.
    wait_until(lambda: said(running, lone, "cannot be reached to patch"), what="the outage is noticed")
    assert running.get("/healthz") == "ok"
    lone.plane.start_apiserver()
    lone.ready(seconds=60)
    assert set(Counter(writes(lone.operations(lone.name()))).values()) == {1}
    assert lone.operations(lone.name("steady")) == []
    lone.apply(full_spec(lone, bucketName=lone.name("steady"), versioning={"enabled": False}), "steady")
    lone.ready("steady", 60)
    assert running.get("/healthz") == "ok"
    assert 'result="api_error"' in running.get("/metrics")


def test_what_went_while_nothing_could_be_seen_is_noticed_once_it_can(lone: World, running: Operator) -> None:
    for name in ("gone", "stays"):
        lone.apply(full_spec(lone, bucketName=lone.name(name), deletionPolicy="Delete"), name)
        lone.ready(name)
    lone.mark()
    mark = lone.audit.mark()
    with running.asleep():
        # This ends the watches; else what happens now would still come in on them.
        lone.plane.restart_apiserver()
        lone.patch({"metadata": {"finalizers": []}}, "gone")
        lone.delete("gone", wait=True)
        edit = full_spec(lone, bucketName=lone.name("stays"), versioning={"enabled": False})
        lone.apply(edit, "stays")
        # Neither etcd nor the API server knows any more what happened; all that is left is what there is.
        lone.plane.compact()
        lone.plane.restart_apiserver()
    lone.ready("stays", 60)
    wait_until(
        lambda: said(running, lone, "a deletion went unnoticed", "gone"), what="the deletion is noticed"
    )
    # By kopf, because the versions from which on it wants to watch are forgotten; and by us, because of that.
    wait_until(lambda: listed(lone, mark) >= 2, what="all is listed anew")
    # Its namespace may have become known only now, and then it was looked at.
    assert writes(lone.operations(lone.name("gone"))) == []
    assert lone.name("gone") in names(lone.aws.client("s3"))


def test_who_writes_at_the_same_time_is_read_and_then_written_over_about_what_was_looked_at(
    lone: World, running: Operator, tmp_path: Path
) -> None:
    lone.apply(full_spec(lone))
    lone.ready()
    held = lone.aws.fault(operation="PutBucketVersioning", resource=lone.name(), action="hold")
    lone.apply(full_spec(lone, versioning={"enabled": False}))
    lone.aws.wait_until_held(held)
    lone.patch({"status": {"driftCount": 7}}, subresource="status")
    lone.apply(full_spec(lone, versioning={"enabled": False}, tags={"team": "bank"}))
    lone.mark()
    with History(lone, tmp_path) as history:
        lone.aws.release(held)
        obj = lone.ready()
        states = history.states(until=obj)
    patches = [(r.verb, r.subresource, r.code) for r in lone.api_requests() if r.group == "headrace.io"]
    assert patches == [
        ("patch", "status", 409),
        ("get", "", 200),
        ("patch", "status", 200),
        ("patch", "status", 200),
    ]
    assert obj["status"].get("driftCount", 0) == 0
    seen = [(s["status"]["observedGeneration"], s["metadata"]["generation"]) for s in states]
    assert list(dict.fromkeys(seen)) == [(1, 3), (2, 3), (3, 3)]
