"""Pausing and leaving: what waits, what lets go without AWS, and the way out where AWS is out of reach."""

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.aws.stand_in import StandIn
from sandbox.control_plane.server import ControlPlane
from sandbox.operator import Operator, install
from sandbox.processes import wait_until
from sandbox.world import Object, World, condition
from tests.bucket_specs import ROOT
from tests.e2e.buckets import OWNER_TAG, full_spec, names, plain_spec, put_tags, snapshot, tags, writes
from tests.e2e.conftest import Start
from tests.e2e.http import get

pytestmark = pytest.mark.e2e

PAUSED = "headrace.io/paused"
ABANDON = "headrace.io/abandon"
BUCKETS = "acceleratedbuckets.headrace.io"
WAY_OUT = 'To let the object go and leave what is in AWS alone, annotate it headrace.io/abandon: "true".'


def paused(world: World, name: str = "media") -> Object:
    return world.until(lambda obj: condition(obj, "Ready").get("reason") == "Paused", name, "Paused")


def go_on(world: World, name: str = "media") -> None:
    world.annotate(name, PAUSED, "false")


# Paused


def test_a_paused_object_is_not_even_looked_at_and_says_so(world: World) -> None:
    world.apply(full_spec(world))
    world.ready()
    world.annotate("media", PAUSED, "true")
    paused(world)
    world.mark()
    put_tags(
        world.aws.client("s3"), world.name(), {**tags(world.aws.client("s3"), world.name()), "team": "x"}
    )
    obj = world.look_now()
    assert world.operations() == []
    ready = condition(obj, "Ready")
    assert (ready["status"], ready["reason"]) == ("True", "Paused")
    assert "nothing is done to AWS" in ready["message"]
    assert "headrace.io/paused" in ready["message"]
    go_on(world)
    world.until(lambda obj: condition(obj, "Ready")["reason"] == "InSync", what="InSync")
    assert tags(world.aws.client("s3"), world.name())["team"] == "shop"


def test_an_edit_of_a_paused_object_waits_and_the_object_is_not_ready(world: World) -> None:
    world.apply(full_spec(world))
    world.ready()
    world.annotate("media", PAUSED, "true")
    paused(world)
    world.mark()
    world.patch({"spec": {"versioning": {"enabled": False}}})
    world.condition("Ready", "False")
    assert world.operations() == []
    go_on(world)
    world.ready()
    assert world.aws.client("s3").get_bucket_versioning(Bucket=world.name())["Status"] == "Suspended"


def test_an_object_that_is_paused_from_the_start_makes_no_bucket(world: World) -> None:
    world.apply(plain_spec(world), annotations={PAUSED: "true"})
    assert condition(paused(world), "Ready")["status"] == "False"
    assert world.operations() == []
    world.delete()
    world.gone()
    assert world.operations() == []


def test_deletion_waits_while_it_is_paused_and_says_so(world: World) -> None:
    world.apply(full_spec(world, deletionPolicy="Delete"))
    world.ready()
    world.annotate("media", PAUSED, "true")
    paused(world)
    world.mark()
    world.delete()
    obj = world.until(lambda obj: "its deletion waits" in condition(obj, "Ready")["message"])
    assert condition(obj, "Ready")["status"] == "False"
    assert world.operations() == []
    assert world.name() in names(world.aws.client("s3"))
    go_on(world)
    world.gone()
    assert world.name() not in names(world.aws.client("s3"))


def test_a_paused_object_that_retains_goes_without_aws(world: World) -> None:
    world.apply(full_spec(world))
    world.ready()
    before = snapshot(world.aws.client("s3"), world.name())
    world.annotate("media", PAUSED, "true")
    paused(world)
    world.mark()
    world.delete()
    world.gone()
    assert world.operations() == []
    assert snapshot(world.aws.client("s3"), world.name()) == before
    world.apply(full_spec(world))
    world.ready()
    assert writes(world.operations()) == [], "it is ours still"


# Abandoned


def test_an_abandoned_object_goes_and_nothing_is_touched(world: World) -> None:
    world.apply(full_spec(world, deletionPolicy="Delete", emptyOnDelete=True))
    world.ready()
    world.aws.client("s3").put_object(Bucket=world.name(), Key="precious", Body=b"content")
    before = snapshot(world.aws.client("s3"), world.name())
    world.annotate("media", PAUSED, "true")
    paused(world)
    world.mark()
    world.delete()
    world.annotate("media", ABANDON, "true")
    world.gone()
    assert world.operations() == []
    assert snapshot(world.aws.client("s3"), world.name()) == before


def test_an_object_that_is_to_be_abandoned_is_kept_up_until_it_is_deleted(world: World) -> None:
    world.apply(full_spec(world, deletionPolicy="Delete"), annotations={ABANDON: "true"})
    world.ready()
    world.delete()
    world.gone()
    assert OWNER_TAG in tags(world.aws.client("s3"), world.name())


def test_with_the_credentials_gone_deletion_waits_and_names_the_way_out(lone: World, start: Start) -> None:
    start()
    lone.apply(full_spec(lone, deletionPolicy="Delete"))
    lone.ready()
    # The keys stopped being valid: AWS answers every call with that.
    lone.aws.fault(status=403, code="InvalidAccessKeyId", message="The key does not exist.")
    lone.mark()
    lone.delete()
    obj = lone.stalled("AccessDenied")
    assert condition(obj, "Ready")["message"].endswith(WAY_OUT)
    lone.annotate("media", ABANDON, "true")
    lone.gone()
    assert {call.status for call in lone.calls()} == {403}, "it tries, and nothing of it arrives"
    lone.aws.clear_faults()
    assert OWNER_TAG in tags(lone.aws.client("s3"), lone.name())


def test_an_operator_without_any_credentials_says_so_and_lets_go_when_told(lone: World, start: Start) -> None:
    first = start()
    lone.apply(full_spec(lone, deletionPolicy="Delete"))
    lone.ready()
    first.stop()
    start(env={"AWS_ACCESS_KEY_ID": None, "AWS_SECRET_ACCESS_KEY": None})
    lone.delete()
    obj = lone.stalled("AccessDenied")
    assert condition(obj, "Ready")["message"].endswith(WAY_OUT)
    lone.annotate("media", ABANDON, "true")
    lone.gone()
    assert OWNER_TAG in tags(lone.aws.client("s3"), lone.name())


# The CRD


@pytest.fixture
def whole(lone_aws: StandIn, tmp_path: Path) -> Iterator[tuple[World, Operator]]:
    """A control plane of its own, where all objects have an operator: a CRD waits for the last one."""
    with ControlPlane.start() as plane:
        install(plane)
        with Operator(plane, lone_aws, tmp_path) as operator:
            yield World(plane, lone_aws), operator


def test_deleting_the_crd_cleans_up_by_policy_and_putting_it_back_works_without_a_restart(
    whole: tuple[World, Operator],
) -> None:
    world, operator = whole
    s3 = world.aws.client("s3")
    for name, policy in (("kept", "Retain"), ("dropped", "Delete")):
        world.apply(plain_spec(world, bucketName=world.name(name), deletionPolicy=policy), name)
        world.ready(name)
    world.plane.kubectl_run("delete", "crd", BUCKETS, "--wait=true", "--timeout=120s")
    left = {name for name in names(s3) if name.startswith(world.namespace)}
    assert left == {world.name("kept")}
    assert OWNER_TAG not in tags(s3, world.name("kept"))
    put_back(world.plane)
    world.apply(plain_spec(world, bucketName=world.name("kept")), "kept")
    world.ready("kept", seconds=60)
    assert OWNER_TAG in tags(s3, world.name("kept"))
    assert operator.get("/healthz") == "ok"


def put_back(plane: ControlPlane) -> None:
    """Install the CRD of buckets, and wait until the API server serves them."""
    plane.kubectl_run("apply", "--server-side", "-f", str(ROOT / "crds" / f"{BUCKETS}.yaml"))
    plane.kubectl_run("wait", "--for=condition=Established", "crd", BUCKETS)

    def served() -> bool:
        answer = plane.kubectl_run("get", "--raw", "/apis/headrace.io/v1alpha1")
        return "acceleratedbuckets" in {entry["name"] for entry in json.loads(answer)["resources"]}

    wait_until(served, what="the API server serves it again")


def test_an_operator_that_comes_before_its_crds_waits_for_them_says_so_and_ends_in_peace(
    whole: tuple[World, Operator],
) -> None:
    world, operator = whole
    operator.stop()
    world.plane.kubectl_run("delete", "crd", BUCKETS, "--wait=true", "--timeout=120s")
    operator.start(wait=False)
    said = (
        f"Waiting for CRDs that are not installed: {BUCKETS}. Install the chart headrace-crds, or apply the "
        "files in crds/."
    )
    wait_until(lambda: said in operator.log, what="the operator says what it waits for")
    wait_until(lambda: get(f"{operator.url}/readyz") == (503, said), what="it is not ready because of that")
    os.kill(operator.child.pid, signal.SIGTERM)
    assert operator.child.wait(30) == 0
    operator.stop()
    operator.start(wait=False)
    put_back(world.plane)
    world.apply(plain_spec(world))
    world.ready(seconds=60)
