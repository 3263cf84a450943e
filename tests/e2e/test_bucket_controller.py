"""What the controller promises to people and tools: answers, quiet, good manners, truth in every state."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from headrace.controller.api import Object as Seen
from sandbox.control_plane.audit import AuditLog
from sandbox.errors import SandboxError
from sandbox.operator import USER
from sandbox.world import Object, World, condition
from tests.e2e.buckets import full_spec, names, writes
from tests.e2e.conftest import Start
from tests.e2e.history import History
from tests.unit.controller.kstatus import verdict

pytestmark = pytest.mark.e2e

QUIET_SECONDS = 5


def kstatus(obj: Object) -> str:
    return verdict(Seen(obj))


def kubectl_wait(world: World, seconds: int) -> str:
    return world.plane.kubectl_run(
        "wait", "--for=condition=Ready", f"--timeout={seconds}s", "abkt/media", "-n", world.namespace
    )


def taken_note(world: World) -> None:
    """Return once the operator has taken note of all that happened so far."""
    # Events are worked on in their order: when a later one is answered, the earlier one was taken note of.
    world.apply({"bucketName": world.name("later"), "region": "eu-central-1"}, "later")
    world.ready("later")
    world.look_now("later")


# Being asked


def answered(world: World, words: str) -> Object:
    return world.until(lambda obj: obj["status"].get("lastHandledReconcileAt") == words, what="the answer")


def test_a_request_for_a_look_is_answered_with_its_very_words(world: World) -> None:
    world.apply(full_spec(world))
    world.ready()
    for words in ("2026-11-21T03:22:53Z", "now, please: ü"):
        world.mark()
        world.annotate("media", "headrace.io/reconcile-requested-at", words)
        obj = answered(world, words)
        assert obj["status"]["observedGeneration"] == obj["metadata"]["generation"] == 1
        assert len(world.api_writes()) == 1


def test_a_request_that_is_taken_away_is_no_request(world: World) -> None:
    world.apply(full_spec(world))
    world.ready()
    world.look_now()
    world.plane.kubectl_run(
        "annotate", "abkt", "media", "-n", world.namespace, "headrace.io/reconcile-requested-at-"
    )
    obj = world.until(lambda obj: "lastHandledReconcileAt" not in obj["status"])
    assert condition(obj, "Ready")["status"] == "True"


def test_labels_and_annotations_of_others_cost_no_call_and_no_write(world: World) -> None:
    world.apply(full_spec(world))
    world.ready()
    world.mark()
    for verb in ("label", "annotate"):
        world.plane.kubectl_run(verb, "abkt", "media", "-n", world.namespace, "example.com/colour=blue")
    taken_note(world)
    assert world.operations(world.name()) == []
    assert [r for r in world.api_writes() if r.name == "media"] == []


def test_a_status_that_somebody_edited_is_put_right(world: World) -> None:
    world.apply(full_spec(world))
    made = world.ready()
    wrong: Mapping[str, Any] = {"driftCount": 7, "arn": "arn:aws:s3:::other", "conditions": []}
    world.patch({"status": wrong}, subresource="status")
    obj = world.ready()
    for state in (made, obj):
        for entry in state["status"]["conditions"]:
            entry.pop("lastTransitionTime")
    assert obj["status"] == made["status"]


def test_a_status_that_somebody_emptied_costs_no_second_bucket(world: World) -> None:
    world.apply(full_spec(world))
    world.ready()
    world.mark()
    world.patch({"status": None}, subresource="status")
    obj = world.ready()
    assert writes(world.operations()) == []
    assert obj["status"]["pins"]["name"] == world.name()
    assert "versioning" in obj["status"]["managed"]


# Manners


def test_the_finalizer_of_somebody_else_stays(world: World) -> None:
    world.apply(full_spec(world, deletionPolicy="Delete"))
    world.ready()
    theirs = "example.com/hold"
    world.patch({"metadata": {"finalizers": [theirs, "headrace.io/finalizer"]}})
    world.delete()
    obj = world.until(lambda obj: obj["metadata"]["finalizers"] == [theirs], what="ours is off")
    assert world.name() not in names(world.aws.client("s3"))
    world.mark()
    taken_note(world)
    assert world.operations(world.name()) == []
    assert world.get()["metadata"]["resourceVersion"] == obj["metadata"]["resourceVersion"]
    world.patch({"metadata": {"finalizers": []}})
    world.gone()


def test_spec_is_never_written_to(world: World) -> None:
    world.apply(full_spec(world))
    obj = world.ready()
    managers = {entry["manager"]: entry for entry in obj["metadata"]["managedFields"]}
    ours = [entry for name, entry in managers.items() if name != "kubectl"]
    assert [key for entry in ours for key in entry["fieldsV1"] if key == "f:spec"] == []
    assert obj["metadata"]["generation"] == 1


def test_the_creation_of_a_bucket_is_one_event_about_the_object(world: World) -> None:
    world.apply(full_spec(world))
    obj = world.ready()
    world.look_now()
    (event,) = world.events_until(1)
    assert (event["type"], event["reason"], event["action"]) == ("Normal", "InSync", "Reconcile")
    assert event["note"] == f"bucket {world.name()}: 8 settings in sync"
    regarding = event["regarding"]
    assert (regarding["kind"], regarding["name"], regarding["namespace"], regarding["uid"]) == (
        "AcceleratedBucket",
        "media",
        world.namespace,
        obj["metadata"]["uid"],
    )
    shown = world.plane.kubectl_run("events", "--for", "abkt/media", "-n", world.namespace)
    assert "InSync" in shown


def test_an_event_that_comes_again_is_counted_and_not_repeated(world: World) -> None:
    world.apply(full_spec(world))
    world.ready()
    s3 = world.aws.client("s3")
    times: set[str] = set()
    while len(times) < 3:
        s3.put_bucket_versioning(Bucket=world.name(), VersioningConfiguration={"Status": "Suspended"})
        times.add(world.look_now()["status"]["lastCorrection"]["time"])
    world.until(lambda _: [e for e in world.events() if "series" in e], what="a series")
    assert Counter(event["reason"] for event in world.events()) == {"InSync": 1, "Corrected": 1}


def test_steady_objects_cost_nothing_be_they_ready_or_stalled(lone: World, start: Start) -> None:
    operator = start()
    lone.apply(full_spec(lone))
    lone.ready()
    lone.aws.client("s3").create_bucket(
        Bucket=lone.name("refused"), CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
    )
    lone.apply({"bucketName": lone.name("refused"), "region": "eu-central-1"}, "refused")
    lone.stalled("NotOurs", "refused")
    lone.events_until(1)
    lone.events_until(1, "refused")
    lone.mark()
    mark = lone.audit.mark()
    # Nothing is waited for here: that nothing happens is the point.
    assert operator.child.wait(QUIET_SECONDS) is None
    assert [request for request in lone.audit.since(mark) if request.user == USER] == []
    assert lone.operations() == []


# Truth


def test_a_fresh_object_is_in_progress_for_every_tool_until_an_operator_comes(
    lone: World, start: Start
) -> None:
    lone.apply(full_spec(lone))
    fresh = lone.get()
    assert fresh["status"] == {"observedGeneration": -1}
    assert kstatus(fresh) == "InProgress"
    with pytest.raises(SandboxError, match="timed out"):
        kubectl_wait(lone, 1)
    start()
    assert "condition met" in kubectl_wait(lone, 60)
    obj = lone.get()
    assert obj["status"]["observedGeneration"] == 1
    assert kstatus(obj) == "Current"


def test_an_edit_on_its_way_is_in_progress_for_every_tool(world: World) -> None:
    world.apply(full_spec(world))
    world.ready()
    held = world.aws.fault(operation="PutBucketVersioning", resource=world.name(), action="hold")
    world.apply(full_spec(world, versioning={"enabled": False}))
    world.aws.wait_until_held(held)
    assert kstatus(world.get()) == "InProgress"
    with pytest.raises(SandboxError, match="timed out"):
        kubectl_wait(world, 1)
    world.aws.release(held)
    assert "condition met" in kubectl_wait(world, 60)


def test_a_deletion_on_its_way_is_terminating_and_not_ready(world: World) -> None:
    world.apply(full_spec(world, deletionPolicy="Delete"))
    world.ready()
    world.aws.client("s3").put_object(Bucket=world.name(), Key="precious", Body=b"content")
    world.delete()
    obj = world.stalled("NotEmpty")
    assert kstatus(obj) == "Terminating"
    with pytest.raises(SandboxError, match="timed out"):
        kubectl_wait(world, 1)


def generations(state: Object) -> set[int]:
    """Return the generations that a state speaks of."""
    conditions = {entry["observedGeneration"] for entry in state["status"].get("conditions", [])}
    return conditions | {state["status"]["observedGeneration"]}


def test_no_state_on_the_way_speaks_of_two_generations_or_is_ready_and_stalled(
    world: World, tmp_path: Path
) -> None:
    bucket = world.name()
    world.aws.fault(operation="PutBucketVersioning", resource=bucket, status=403, code="AccessDenied")
    held = world.aws.fault(operation="CreateBucket", resource=bucket, action="hold")
    world.apply(full_spec(world))
    world.aws.wait_until_held(held)
    with History(world, tmp_path) as history:
        world.aws.release(held)
        world.stalled("AccessDenied")
        world.aws.clear_faults()
        world.apply(full_spec(world, acceleration={"enabled": False}))
        world.ready()
        world.apply(full_spec(world, mode="Observe"))
        world.condition("Drifted", "True")
        world.apply(full_spec(world, driftPolicy="Report"))
        obj = world.ready()
        states = history.states(until=obj)
    assert len(states) >= 8
    assert [state for state in states if len(generations(state)) > 1] == []
    for state in states:
        told = {c["type"]: c["status"] for c in state["status"].get("conditions", [])}
        assert told.get("Ready") != "True" or not told.keys() & {"Reconciling", "Stalled"}
        assert state["status"]["observedGeneration"] <= state["metadata"]["generation"]
        assert told == {} or "Ready" in told
    verdicts = [kstatus(state) for state in states]
    assert verdicts[0] == "InProgress"
    assert verdicts[-1] == "Current"
    assert "Failed" in verdicts


def test_what_the_watch_tells_is_not_asked_for_again(world: World) -> None:
    world.apply(full_spec(world))
    world.ready()
    requests = AuditLog(world.plane.audit_log).since(0)
    mine = [r for r in requests if r.user == USER and r.namespace == world.namespace]
    assert {r.verb for r in mine} <= {"patch", "create"}
