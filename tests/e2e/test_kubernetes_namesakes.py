"""One name, two objects one after the other, and finalizers that went by hand: no memory of the first."""

import json
import os
import signal
from concurrent.futures import ThreadPoolExecutor

import pytest

from headrace.kinds.definition import FINALIZER
from sandbox.operator import Operator
from sandbox.world import Object, World, condition
from tests.e2e.buckets import OWNER_TAG, RETAINED_TAG, full_spec, names, plain_spec, tags, writes

pytestmark = pytest.mark.e2e


def remove_by_hand(lone: World) -> None:
    """Make the object vanish, without anybody to clean up after it."""
    lone.patch({"metadata": {"finalizers": []}})
    lone.delete(wait=True)


def second(lone: World, first: Object) -> Object:
    """Return the namesake once it is Ready, with nothing that it could only have from the first one."""
    obj = lone.until(
        lambda o: (
            o["metadata"]["uid"] != first["metadata"]["uid"] and condition(o, "Ready").get("status") == "True"
        ),
        what="the namesake is Ready",
        seconds=40,
    )
    assert "versioning" in first["status"]["managed"]
    assert "versioning" not in obj["status"]["managed"]
    assert obj["status"]["observedGeneration"] == obj["metadata"]["generation"] == 1
    s3 = lone.aws.client("s3")
    assert [name for name in names(s3) if name.startswith(lone.namespace)] == [lone.name()]
    found = tags(s3, lone.name())
    assert found[OWNER_TAG].endswith(f"/{lone.namespace}/media")
    assert RETAINED_TAG not in found
    return obj


@pytest.mark.parametrize(
    ("policy", "call", "made"), [("Retain", "UntagResource", False), ("Delete", "DeleteBucket", True)]
)
def test_what_is_replaced_by_force_begins_anew(
    lone: World, running: Operator, policy: str, call: str, made: bool
) -> None:
    lone.apply(full_spec(lone, deletionPolicy=policy))
    first = lone.ready()
    lone.mark()
    held = lone.aws.fault(operation=call, resource=lone.name(), action="hold")
    metadata = {"name": "media", "namespace": lone.namespace}
    body = {"apiVersion": "headrace.io/v1alpha1", "kind": "AcceleratedBucket", "metadata": metadata}
    text = json.dumps({**body, "spec": plain_spec(lone, deletionPolicy=policy)})
    with ThreadPoolExecutor(1) as pool:
        # It deletes, waits until the first one is gone, and makes the second one in the same moment.
        done = pool.submit(lone.plane.kubectl_run, "replace", "--force", "-f", "-", input=text)
        lone.aws.wait_until_held(held)
        lone.aws.release(held)
        done.result()
    second(lone, first)
    operations = lone.operations(lone.name())
    assert (operations.count("CreateBucket"), operations.count("DeleteBucket")) == (int(made), int(made))
    assert ("team" in tags(lone.aws.client("s3"), lone.name())) != made, (
        "what is retained is retained as it is"
    )


@pytest.mark.parametrize("policy", ["Retain", "Delete"])
@pytest.mark.parametrize("how", ["killed", "asleep"])
def test_a_namesake_that_came_while_nobody_looked_begins_anew(
    lone: World, running: Operator, policy: str, how: str
) -> None:
    lone.apply(full_spec(lone, deletionPolicy=policy))
    first = lone.ready()
    if how == "killed":
        running.kill()
    else:
        os.kill(running.child.pid, signal.SIGSTOP)
    try:
        remove_by_hand(lone)
        lone.mark()
        lone.apply(plain_spec(lone, deletionPolicy=policy))
    finally:
        if how == "killed":
            running.start()
        else:
            os.kill(running.child.pid, signal.SIGCONT)
    second(lone, first)
    # It is ours by name and as it is to be, but for the version of TLS, of which the second one says nothing.
    assert writes(lone.operations(lone.name())) == ["PutBucketPolicy"]


def test_a_namesake_that_comes_during_a_pass_is_not_written_to_about_the_first(
    lone: World, running: Operator
) -> None:
    lone.apply(full_spec(lone))
    first = lone.ready()
    held = lone.aws.fault(operation="PutBucketVersioning", resource=lone.name(), action="hold")
    lone.apply(full_spec(lone, versioning={"enabled": False}))
    lone.aws.wait_until_held(held)
    remove_by_hand(lone)
    lone.apply(plain_spec(lone))
    lone.mark()
    lone.aws.release(held)
    obj = second(lone, first)
    codes = [r.code for r in lone.api_writes() if r.subresource == "status"]
    assert codes == [409, 200], "the one about the first one is refused, the one about the second is its own"
    assert "lastCorrection" not in obj["status"]


# Finalizers


def test_a_finalizer_that_went_is_back_before_the_next_write_to_aws(lone: World, running: Operator) -> None:
    lone.apply(full_spec(lone))
    lone.ready()
    lone.mark()
    held = lone.aws.fault(operation="PutBucketVersioning", resource=lone.name(), action="hold")
    lone.patch({"metadata": {"finalizers": []}, "spec": {"versioning": {"enabled": False}}})
    lone.aws.wait_until_held(held)
    assert lone.get()["metadata"]["finalizers"] == [FINALIZER]
    lone.aws.release(held)
    lone.ready()
    lone.mark()
    lone.patch({"metadata": {"finalizers": []}})
    lone.until(lambda obj: obj["metadata"].get("finalizers") == [FINALIZER], what="it is back")
    assert writes(lone.operations()) == []
    assert [(r.verb, r.subresource) for r in lone.api_writes()] == [("patch", "")]


def test_an_object_that_vanishes_without_clean_up_is_forgotten_with_its_bucket_left_as_it_is(
    lone: World, running: Operator
) -> None:
    lone.apply(full_spec(lone, deletionPolicy="Delete"))
    lone.ready()
    s3 = lone.aws.client("s3")
    s3.put_object(Bucket=lone.name(), Key="precious", Body=b"content")
    held = lone.aws.fault(operation="DeleteBucket", resource=lone.name(), action="hold")
    lone.delete()
    lone.aws.wait_until_held(held)
    lone.patch({"metadata": {"finalizers": []}})
    lone.gone()
    lone.aws.release(held)
    # Events are worked on in their order: when a later one is answered, the earlier one was taken note of.
    lone.apply(plain_spec(lone, bucketName=lone.name("later")), "later")
    lone.ready("later")
    lone.mark()
    lone.look_now("later")
    assert lone.operations(lone.name()) == []
    assert "Traceback" not in running.log
    assert s3.list_objects_v2(Bucket=lone.name())["KeyCount"] == 1
