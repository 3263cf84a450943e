"""AWS fails: a hiccup is never seen, an outage is told once it lasts, a refusal names who may not do what."""

from pathlib import Path

import pytest

from sandbox.world import Object, World, condition
from tests.e2e.buckets import full_spec, names, plain_spec, writes
from tests.e2e.history import History, ready_states

pytestmark = pytest.mark.e2e


def refuse(world: World, operation: str, count: int | None = None) -> int:
    """Let AWS deny an operation on the bucket."""
    return world.aws.fault(
        operation=operation,
        resource=world.name(),
        status=403,
        code="AccessDenied",
        message="Access Denied",
        count=count,
    )


def main_conditions(obj: Object) -> list[Object]:
    return [c for c in obj["status"]["conditions"] if c["type"] != "Drifted"]


# It passes by itself


def test_two_requests_to_slow_down_change_nothing_in_the_status(world: World, tmp_path: Path) -> None:
    world.apply(full_spec(world))
    made = world.ready()
    world.aws.fault(operation="GetBucketVersioning", resource=world.name(), code="SlowDown", count=2)
    world.mark()
    with History(world, tmp_path) as history:
        obj = world.look_now()
        states = history.states(until=obj)
    assert [call.error for call in world.calls() if call.operation == "GetBucketVersioning"] == [
        "SlowDown",
        "SlowDown",
        None,
    ]
    assert ready_states(states) == [("True", "InSync")]
    assert obj["status"]["conditions"] == made["status"]["conditions"]
    assert len(world.api_writes()) == 1


def test_a_lost_connection_while_the_bucket_is_made_makes_no_second_one(world: World) -> None:
    world.aws.fault(operation="CreateBucket", resource=world.name(), action="drop", effect="after", count=1)
    world.apply(full_spec(world))
    world.ready()
    assert world.name() in names(world.aws.client("s3"))


def test_a_lasting_outage_is_told_and_ready_keeps_its_value(world: World, tmp_path: Path) -> None:
    world.apply(full_spec(world))
    made = world.ready()
    world.aws.fault(operation="GetBucketVersioning", resource=world.name(), code="ServiceUnavailable")
    with History(world, tmp_path) as history:
        world.annotate("media", "headrace.io/reconcile-requested-at", "outage")
        told = world.until(lambda obj: condition(obj, "Ready")["reason"] == "Unavailable", what="told")
        assert "ServiceUnavailable" in condition(told, "Ready")["message"]
        world.aws.clear_faults()
        obj = world.until(lambda obj: condition(obj, "Ready")["reason"] == "InSync", what="InSync")
        states = history.states(until=obj)
    assert ready_states(states) == [("True", "InSync"), ("True", "Unavailable"), ("True", "InSync")]
    assert main_conditions(obj) == main_conditions(made), "even the time of the last transition"


def test_a_bucket_that_is_not_made_yet_waits_for_aws_to_calm_down(world: World, tmp_path: Path) -> None:
    world.aws.fault(operation="CreateBucket", resource=world.name(), code="SlowDown")
    world.apply(full_spec(world))
    with History(world, tmp_path) as history:
        obj = world.until(lambda obj: condition(obj, "Ready"), what="a first word")
        ready = condition(obj, "Ready")
        assert (ready["status"], ready["reason"]) == ("False", "Throttled")
        assert condition(obj, "Reconciling")["status"] == "True"
        assert condition(obj, "Stalled") == {}
        world.aws.clear_faults()
        obj = world.ready()
        states = history.states(until=obj)
    assert ready_states(states)[-2:] == [("False", "Throttled"), ("True", "InSync")]
    assert condition(obj, "Reconciling") == {}


def test_a_bucket_that_aws_is_still_busy_with_is_reconciling_and_then_ready(
    world: World, tmp_path: Path
) -> None:
    fault = world.aws.fault(
        operation="CreateBucket",
        resource=world.name(),
        status=409,
        code="OperationAborted",
        message="A conflicting conditional operation is currently in progress.",
        count=2,
    )
    held = world.aws.fault(operation="HeadBucket", resource=world.name(), action="hold", count=1)
    world.apply(full_spec(world))
    world.aws.wait_until_held(held)
    with History(world, tmp_path) as history:
        world.aws.release(held)
        obj = world.ready()
        states = history.states(until=obj)
    assert ready_states([s for s in states if condition(s, "Ready")]) == [
        ("False", "Creating"),
        ("True", "InSync"),
    ]
    assert ("True", "Creating") in [
        (condition(state, "Reconciling").get("status"), condition(state, "Reconciling").get("reason"))
        for state in states
    ]
    assert [f["fired"] for f in world.aws.faults() if f["id"] == fault] == [2]


# A person must help


def test_one_denied_setting_is_told_with_action_resource_and_caller_and_the_rest_is_applied(
    world: World,
) -> None:
    refuse(world, "PutBucketVersioning")
    world.apply(full_spec(world))
    obj = world.stalled("AccessDenied")
    bucket = world.name()
    sentence = (
        f"s3:PutBucketVersioning on arn:aws:s3:::{bucket} is denied to arn:aws:iam::123456789012:root. "
        "Allow it in that identity's policy, and look for a policy that denies it."
    )
    assert condition(obj, "Ready")["message"] == condition(obj, "Stalled")["message"] == sentence
    assert condition(obj, "Ready")["status"] == "False"
    assert condition(obj, "Reconciling") == {}
    s3 = world.aws.client("s3")
    assert s3.get_bucket_accelerate_configuration(Bucket=bucket)["Status"] == "Enabled"
    assert "Status" not in s3.get_bucket_versioning(Bucket=bucket)
    assert obj["status"]["pins"]["name"] == bucket


def test_a_denied_write_recovers_at_once_after_an_edit(world: World) -> None:
    refuse(world, "PutBucketVersioning")
    world.apply(full_spec(world))
    world.stalled("AccessDenied")
    world.aws.clear_faults()
    world.apply(full_spec(world, tags={"team": "media"}))
    obj = world.ready()
    assert condition(obj, "Stalled") == {}
    s3 = world.aws.client("s3")
    assert s3.get_bucket_versioning(Bucket=world.name())["Status"] == "Enabled"


def test_a_denied_read_stops_that_setting_only(world: World) -> None:
    world.apply(full_spec(world))
    world.ready()
    refuse(world, "GetBucketEncryption")
    s3, bucket = world.aws.client("s3"), world.name()
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Suspended"})
    world.mark()
    obj = world.look_now()
    assert condition(obj, "Stalled")["reason"] == "AccessDenied"
    assert "s3:GetEncryptionConfiguration" in condition(obj, "Ready")["message"]
    assert writes(world.operations()) == ["PutBucketVersioning"]
    assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"


def test_a_denied_creation_is_told_and_is_made_good_by_a_new_look(world: World) -> None:
    refuse(world, "CreateBucket")
    world.apply(plain_spec(world))
    obj = world.stalled("AccessDenied")
    assert condition(obj, "Ready")["message"].startswith(
        f"s3:CreateBucket on arn:aws:s3:::{world.name()} is denied to "
    )
    assert "pins" not in obj["status"]
    world.aws.clear_faults()
    assert condition(world.look_now(), "Ready")["status"] == "True"


def test_a_denied_deletion_keeps_object_and_bucket_until_it_is_allowed(world: World) -> None:
    world.apply(full_spec(world, deletionPolicy="Delete"))
    world.ready()
    refuse(world, "DeleteBucket")
    world.delete()
    obj = world.stalled("AccessDenied")
    assert "s3:DeleteBucket" in condition(obj, "Ready")["message"]
    assert world.name() in names(world.aws.client("s3"))
    world.aws.clear_faults()
    world.annotate("media", "headrace.io/reconcile-requested-at", "allowed")
    world.gone()
    assert world.name() not in names(world.aws.client("s3"))


def test_a_denied_look_at_what_is_ours_lets_go_of_nothing(world: World) -> None:
    world.apply(full_spec(world, deletionPolicy="Delete"))
    world.ready()
    refuse(world, "HeadBucket")
    world.delete()
    world.stalled("AccessDenied")
    world.aws.clear_faults()
    world.annotate("media", "headrace.io/reconcile-requested-at", "allowed")
    world.gone()
    assert world.name() not in names(world.aws.client("s3"))
