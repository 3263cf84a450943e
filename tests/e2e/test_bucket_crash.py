"""The operator was away, loses its API server, or is asked to end: nothing is lost, and it goes in peace.

Where it dies amid its work: test_crash_matrix, test_crash_kills and test_crash_histories.
"""

import json
import os
import signal

import pytest

from sandbox.operator import Operator
from sandbox.processes import wait_until
from sandbox.world import World, condition
from tests.e2e.buckets import full_spec, names

pytestmark = pytest.mark.e2e

GRACE = 10.0
"""Seconds in which an idle operator has ended, also on a machine with much else to do."""


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


# Asked to end


def alarming(lone: World, log: str) -> list[dict[str, str]]:
    """Return the lines of a log that are more than information, but for those about objects elsewhere."""
    lines: list[dict[str, str]] = [json.loads(line) for line in log.splitlines()]
    here = [line for line in lines if lone.namespace in line.get("namespace", lone.namespace)]
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
    wait_until(lambda: "Asked to end" in running.log[before:], what="it knows that it is to end")
    assert running.child.wait(0.5) is None, "it waits for the call"
    lone.apply(full_spec(lone, bucketName=lone.name("later")), "later")
    lone.aws.release(held)
    assert running.child.wait(30) == 0
    assert condition(lone.get(), "Ready")["status"] == "True"
    assert lone.get("later")["status"] == {"observedGeneration": -1}
    assert lone.operations(lone.name("later")) == []
    assert alarming(lone, running.log[before:]) == []
