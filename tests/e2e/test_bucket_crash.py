"""The operator dies, or is asked to end: nothing is lost, nothing is made twice, and it goes in peace."""

import json
import os
import signal
from collections.abc import Callable, Iterator

import pytest

from sandbox.aws.stand_in import Fault, StandIn
from sandbox.control_plane.server import ControlPlane
from sandbox.operator import Operator
from sandbox.world import World, condition
from tests.e2e.buckets import OWNER_TAG, RETAINED_TAG, full_spec, names, tags
from tests.e2e.conftest import Start

pytestmark = pytest.mark.e2e

GRACE = 10.0
"""Seconds in which an idle operator has ended, also on a machine with much else to do."""


@pytest.fixture(scope="module")
def mortal(
    lone_plane: ControlPlane, lone_aws: StandIn, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Operator]:
    """An operator that the tests of this module end and start again."""
    with Operator(lone_plane, lone_aws, tmp_path_factory.mktemp("mortal")) as operator:
        yield operator


@pytest.fixture
def running(mortal: Operator) -> Operator:
    """The operator, alive, whatever the test before did to it."""
    if not mortal.child.alive:
        mortal.stop()
        mortal.start()
    return mortal


def killed_while(lone: World, operator: Operator, fault: Fault, act: Callable[[], None]) -> None:
    """Kill the operator at the very call that the fault holds, and let the call go on without it."""
    wanted: Fault = {**fault, "resource": lone.name(), "action": "hold"}
    held = lone.aws.fault(**wanted)
    act()
    lone.aws.wait_until_held(held)
    operator.kill()
    lone.aws.clear_faults()


CREATING: dict[str, Fault] = {
    "before the bucket is made": {"operation": "CreateBucket"},
    "before it hears that the bucket was made": {"operation": "CreateBucket", "effect": "after"},
    "before it looks at the bucket that it made": {"operation": "HeadBucket", "after": 1},
    "before it sets the first setting": {"operation": "PutBucketAccelerateConfiguration"},
    "between reading and writing the policy": {"operation": "PutBucketPolicy"},
    "before it hears of the last setting": {"operation": "GetBucketVersioning"},
}


@pytest.mark.parametrize("fault", CREATING.values(), ids=list(CREATING))
def test_killed_while_a_bucket_is_made_it_ends_with_one_bucket_that_is_ours_and_ready(
    lone: World, running: Operator, fault: Fault
) -> None:
    killed_while(lone, running, fault, lambda: lone.apply(full_spec(lone)))
    assert lone.get()["metadata"]["finalizers"] == ["headrace.io/finalizer"]
    running.start()
    obj = lone.ready()
    s3 = lone.aws.client("s3")
    assert [name for name in names(s3) if name.startswith(lone.namespace)] == [lone.name()]
    owner = tags(s3, lone.name())[OWNER_TAG]
    assert owner.endswith(f"/AcceleratedBucket/{lone.namespace}/media")
    made = [call for call in lone.calls() if call.operation == "CreateBucket" and call.status == 200]
    assert len(made) <= 1, "the call that was held is answered to nobody"
    assert s3.get_bucket_versioning(Bucket=lone.name())["Status"] == "Enabled"
    assert obj["status"]["pins"]["name"] == lone.name()
    assert "lastCorrection" not in obj["status"], "what was not finished is no drift"
    lone.patch({"spec": {"deletionPolicy": "Delete"}})
    lone.delete()
    lone.gone()
    assert lone.name() not in names(s3)


DELETING: dict[str, Fault] = {
    "before the bucket is deleted": {"operation": "DeleteBucket"},
    "before it hears that the bucket is gone": {"operation": "DeleteBucket", "effect": "after"},
    "before it verifies that the bucket is gone": {"operation": "HeadBucket", "after": 1},
}


@pytest.mark.parametrize("fault", DELETING.values(), ids=list(DELETING))
def test_killed_while_a_bucket_is_deleted_the_object_goes_once_it_is_back(
    lone: World, running: Operator, fault: Fault
) -> None:
    lone.apply(full_spec(lone, deletionPolicy="Delete"))
    lone.ready()
    killed_while(lone, running, fault, lone.delete)
    assert lone.get()["metadata"]["finalizers"] == ["headrace.io/finalizer"]
    running.start()
    lone.gone()
    assert lone.name() not in names(lone.aws.client("s3"))


def test_killed_between_the_two_tags_of_a_retained_bucket_it_finishes_the_exchange(
    lone: World, running: Operator
) -> None:
    lone.apply(full_spec(lone))
    lone.ready()
    killed_while(lone, running, {"operation": "UntagResource"}, lone.delete)
    running.start()
    lone.gone()
    found = tags(lone.aws.client("s3"), lone.name())
    assert (OWNER_TAG in found, RETAINED_TAG in found) == (False, True)


def test_what_was_deleted_or_edited_while_no_operator_ran_is_carried_out_when_one_comes(
    lone: World, running: Operator
) -> None:
    for name in ("deleted", "edited"):
        lone.apply(full_spec(lone, bucketName=lone.name(name), deletionPolicy="Delete"), name)
        lone.ready(name)
    running.kill()
    lone.delete("deleted")
    edit = full_spec(lone, bucketName=lone.name("edited"), versioning={"enabled": False})
    lone.apply(edit, "edited")
    running.start()
    lone.gone("deleted")
    obj = lone.ready("edited")
    s3 = lone.aws.client("s3")
    assert lone.name("deleted") not in names(s3)
    assert s3.get_bucket_versioning(Bucket=lone.name("edited"))["Status"] == "Suspended"
    assert "lastCorrection" not in obj["status"], "an edit is no drift"


def test_an_outage_of_the_api_server_is_survived(lone: World, running: Operator) -> None:
    lone.apply(full_spec(lone))
    lone.ready()
    lone.plane.restart_apiserver()
    lone.apply(full_spec(lone, versioning={"enabled": False}))
    lone.ready(seconds=60)
    assert running.child.alive
    assert lone.aws.client("s3").get_bucket_versioning(Bucket=lone.name())["Status"] == "Suspended"


def test_two_operators_at_once_do_no_harm(lone: World, running: Operator, start: Start) -> None:
    start()
    many = [f"bucket-{number}" for number in range(8)]
    for name in many:
        lone.apply(full_spec(lone, bucketName=lone.name(name), deletionPolicy="Delete"), name)
    for name in many:
        lone.ready(name)
    s3 = lone.aws.client("s3")
    assert {name for name in names(s3) if name.startswith(lone.namespace)} == set(map(lone.name, many))
    for name in many:
        assert tags(s3, lone.name(name))[OWNER_TAG].endswith(f"/{lone.namespace}/{name}")
        lone.delete(name)
    for name in many:
        lone.gone(name)
    assert names(s3).isdisjoint(map(lone.name, many))
    assert running.child.alive


# Asked to end


def alarming(lone: World, log: str) -> list[dict[str, str]]:
    """Return the lines of a log that are more than information, but for those about objects elsewhere."""
    lines: list[dict[str, str]] = [json.loads(line) for line in log.splitlines()]
    here = [line for line in lines if lone.namespace in line.get("object", lone.namespace)]
    return [line for line in here if line["level"] != "info"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_an_idle_operator_that_is_asked_to_end_ends_at_once_and_quietly(
    lone: World, running: Operator, number: signal.Signals
) -> None:
    lone.apply(full_spec(lone))
    lone.ready()
    before = len(running.log)
    os.kill(running.child.pid, number)
    assert running.child.wait(GRACE) == 0
    assert alarming(lone, running.log[before:]) == []


def test_an_operator_that_is_asked_to_end_finishes_what_it_is_at_and_begins_nothing_new(
    lone: World, running: Operator
) -> None:
    before = len(running.log)
    held = lone.aws.fault(operation="CreateBucket", resource=lone.name(), action="hold")
    lone.apply(full_spec(lone))
    lone.aws.wait_until_held(held)
    os.kill(running.child.pid, signal.SIGTERM)
    assert running.child.wait(0.5) is None, "it waits for the call"
    lone.apply(full_spec(lone, bucketName=lone.name("later")), "later")
    lone.aws.release(held)
    assert running.child.wait(5) == 0
    assert condition(lone.get(), "Ready")["status"] == "True"
    assert lone.get("later")["status"] == {"observedGeneration": -1}
    assert lone.operations(lone.name("later")) == []
    assert alarming(lone, running.log[before:]) == []
