"""emptyOnDelete: the content goes before the bucket; it can be stopped, resumed and watched."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from sandbox.errors import SandboxError
from sandbox.processes import wait_until
from sandbox.world import Object, World, condition
from tests.e2e.buckets import OWNER_TAG, full_spec, names, plain_spec, put_tags, snapshot, tags, writes
from tests.e2e.conftest import Start
from tests.e2e.test_bucket_ownership import SOMEBODY

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

pytestmark = pytest.mark.e2e

PAUSED = "headrace.io/paused"


def emptied_spec(world: World, **more: Any) -> dict[str, Any]:
    return full_spec(world, **{"deletionPolicy": "Delete", "emptyOnDelete": True, **more})


def fill(s3: "S3Client", bucket: str, keys: int = 20, markers: int = 1) -> int:
    """Put versions and delete markers and one upload into a bucket; return how much that is."""
    objects: Any = [{"Key": f"k{number:05}"} for number in range(keys)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda o: s3.put_object(Bucket=bucket, Key=o["Key"], Body=b""), objects))
    for _ in range(markers):
        s3.delete_objects(Bucket=bucket, Delete={"Objects": objects, "Quiet": True})
    s3.create_multipart_upload(Bucket=bucket, Key="big")
    return keys * (1 + markers) + 1


def left(s3: "S3Client", bucket: str) -> int:
    pages = s3.get_paginator("list_object_versions").paginate(Bucket=bucket)
    return sum(len(page.get("Versions", [])) + len(page.get("DeleteMarkers", [])) for page in pages)


def farewell(world: World) -> str:
    """Return what the last event tells of the end; events are posted behind its back."""
    wait_until(lambda: any(event["reason"] == "Deleted" for event in world.events()), what="the farewell")
    return next(str(event["note"]) for event in world.events() if event["reason"] == "Deleted")


def says(obj: Object) -> str:
    return str(condition(obj, "Ready").get("message", ""))


# All of it


def test_versions_markers_and_uploads_go_and_then_the_bucket(world: World) -> None:
    world.apply(emptied_spec(world))
    world.ready()
    s3, bucket = world.aws.client("s3"), world.name()
    count = fill(s3, bucket)
    world.delete()
    world.gone()
    assert bucket not in names(s3)
    note = farewell(world)
    assert note == f"bucket {bucket} deleted, with {count} objects, versions, markers and uploads"


def test_an_empty_bucket_with_the_flag_goes_as_any_other(world: World) -> None:
    world.apply(emptied_spec(world))
    world.ready()
    world.delete()
    world.gone()
    assert world.name() not in names(world.aws.client("s3"))


def test_a_namespace_goes_with_what_is_in_its_buckets(world: World) -> None:
    world.apply(emptied_spec(world))
    world.ready()
    fill(world.aws.client("s3"), world.name())
    world.plane.kubectl_run("delete", "namespace", world.namespace, "--timeout=120s")
    assert world.name() not in names(world.aws.client("s3"))


def test_without_the_flag_content_stays(world: World) -> None:
    world.apply(emptied_spec(world, emptyOnDelete=False))
    world.ready()
    fill(world.aws.client("s3"), world.name())
    world.delete()
    world.stalled("NotEmpty")
    assert "DeleteObjects" not in world.operations()
    world.patch({"spec": {"emptyOnDelete": True}})
    world.gone()


def test_the_flag_with_retain_is_refused_with_a_sentence(world: World) -> None:
    sentence = "emptyOnDelete needs deletionPolicy Delete: a bucket that is retained keeps its content"
    with pytest.raises(SandboxError, match=sentence):
        world.apply(plain_spec(world, emptyOnDelete=True))
    world.apply(plain_spec(world, emptyOnDelete=True, deletionPolicy="Delete"))
    with pytest.raises(SandboxError, match=sentence):
        world.patch({"spec": {"deletionPolicy": "Retain"}})


@pytest.mark.parametrize("mark", [{OWNER_TAG: SOMEBODY}, {}], ids=["another owner's", "nobody's"])
def test_what_is_not_ours_any_more_is_not_emptied(world: World, mark: dict[str, str]) -> None:
    world.apply(emptied_spec(world))
    world.ready()
    s3, bucket = world.aws.client("s3"), world.name()
    fill(s3, bucket)
    put_tags(s3, bucket, {"team": "x", **mark})
    before = snapshot(s3, bucket)
    world.mark()
    world.delete()
    world.gone()
    assert writes(world.operations()) == []
    assert snapshot(s3, bucket) == before


def test_a_bucket_that_is_gone_already_is_no_obstacle(world: World) -> None:
    world.apply(emptied_spec(world))
    world.ready()
    world.aws.client("s3").delete_bucket(Bucket=world.name())
    world.delete()
    world.gone()


# Slices


def slow(world: World, seconds: float = 0.7) -> None:
    """Let every batch take so long that emptying takes several slices."""
    world.aws.fault(operation="DeleteObjects", resource=world.name(), action="delay", delay=seconds)


def progressed(obj: Object) -> bool:
    return bool(obj["status"].get("emptied", 0)) and "are gone" in says(obj)


@pytest.fixture
def filled(world: World) -> World:
    """A bucket with so much content that it takes a while, about to go."""
    world.apply(emptied_spec(world))
    world.ready()
    fill(world.aws.client("s3"), world.name(), keys=1000, markers=40)
    slow(world, 3.0)
    return world


def test_progress_is_told_while_it_lasts(filled: World) -> None:
    filled.delete()
    obj = filled.until(progressed, what="progress", seconds=40)
    deleted = obj["status"]["emptied"]
    assert says(obj) == (
        f"bucket {filled.name()} is being deleted: "
        f"{deleted:,} objects, versions, markers and uploads are gone"
    )
    ready = condition(obj, "Ready")
    assert (ready["status"], ready["reason"]) == ("False", "Deleting")
    assert condition(obj, "Reconciling")["status"] == "True"
    assert obj["status"]["arn"], "what others need stays until the end"
    filled.aws.clear_faults()
    filled.gone(seconds=60)


def test_pausing_stops_it_within_a_batch_and_it_goes_on_from_there(filled: World) -> None:
    s3, bucket = filled.aws.client("s3"), filled.name()
    filled.delete()
    filled.until(progressed, what="progress", seconds=40)
    filled.annotate("media", PAUSED, "true")
    obj = filled.until(lambda obj: "its deletion waits" in says(obj), what="Paused")
    told = obj["status"]["emptied"]
    filled.mark()
    before = left(s3, bucket)
    filled.look_now()
    assert before > 0
    assert left(s3, bucket) == before
    assert filled.operations() == []
    filled.aws.clear_faults()
    filled.annotate("media", PAUSED, "false")
    filled.gone(seconds=60)
    assert bucket not in names(s3)
    note = farewell(filled)
    assert f"{told:,}" not in note
    assert "41,001 objects" in note, "what was deleted before the pause counts"


def test_taking_the_flag_back_stops_it_and_what_is_left_stays(filled: World) -> None:
    s3, bucket = filled.aws.client("s3"), filled.name()
    filled.delete()
    filled.until(progressed, what="progress", seconds=40)
    filled.patch({"spec": {"emptyOnDelete": False}})
    filled.stalled("NotEmpty")
    before = left(s3, bucket)
    assert before > 0
    filled.look_now()
    assert left(s3, bucket) == before
    filled.patch({"spec": {"deletionPolicy": "Retain"}})
    filled.gone()
    assert left(s3, bucket) == before
    assert OWNER_TAG not in tags(s3, bucket)


def test_a_killed_operator_is_followed_by_one_that_goes_on(lone: World, start: Start) -> None:
    first = start()
    lone.apply(emptied_spec(lone))
    lone.ready()
    fill(lone.aws.client("s3"), lone.name(), keys=1000, markers=25)
    slow(lone, 3.0)
    lone.delete()
    obj = lone.until(progressed, what="progress", seconds=40)
    first.kill()
    lone.aws.clear_faults()
    start()
    later = lone.find()
    assert later is None or later["status"]["emptied"] >= obj["status"]["emptied"]
    lone.gone(seconds=60)
    assert lone.name() not in names(lone.aws.client("s3"))


def test_what_is_written_meanwhile_goes_too(world: World) -> None:
    world.apply(emptied_spec(world))
    world.ready()
    s3, bucket = world.aws.client("s3"), world.name()
    held = world.aws.fault(operation="DeleteBucket", resource=bucket, action="hold", count=1)
    fill(s3, bucket)
    world.delete()
    world.aws.wait_until_held(held)
    s3.put_object(Bucket=bucket, Key="late", Body=b"")
    world.aws.release(held)
    world.gone()
    assert bucket not in names(s3)


# What S3 refuses


def locked(world: World, mode: Any, keys: int = 3) -> tuple["S3Client", str, datetime]:
    """Adopt a bucket with object lock in which one version is locked until tomorrow."""
    s3, bucket = world.aws.client("s3"), world.name()
    s3.create_bucket(
        Bucket=bucket,
        CreateBucketConfiguration={"LocationConstraint": "eu-central-1"},
        ObjectLockEnabledForBucket=True,
    )
    until = datetime.now(UTC).replace(microsecond=0) + timedelta(days=1)
    s3.put_object(Bucket=bucket, Key="locked", Body=b"", ObjectLockMode=mode, ObjectLockRetainUntilDate=until)
    for number in range(keys):
        s3.put_object(Bucket=bucket, Key=f"free{number}", Body=b"")
    world.apply(emptied_spec(world, adoption="IfExists"))
    world.ready()
    return s3, bucket, until


def test_under_object_lock_in_compliance_mode_it_refuses_and_says_until_when(world: World) -> None:
    s3, bucket, until = locked(world, "COMPLIANCE")
    world.delete()
    obj = world.stalled("NotEmpty")
    assert says(obj) == (
        f"Bucket {bucket} is not emptied: object lock in compliance mode keeps locked until "
        f"{until:%Y-%m-%d %H:%M} UTC, and nobody can delete it before."
    )
    assert left(s3, bucket) == 4
    world.patch({"spec": {"deletionPolicy": "Retain", "emptyOnDelete": False}})
    world.gone()
    assert left(s3, bucket) == 4


def test_single_keys_that_stay_are_told_and_the_rest_goes(world: World) -> None:
    s3, bucket, until = locked(world, "GOVERNANCE")
    world.delete()
    obj = world.stalled("NotEmpty")
    assert "1 could not be deleted: locked (" in says(obj)
    assert f"object lock in governance mode keeps it until {until:%Y-%m-%d %H:%M} UTC" in says(obj)
    assert obj["status"]["emptied"] == 3
    assert left(s3, bucket) == 1
    version = s3.list_object_versions(Bucket=bucket)["Versions"][0]["VersionId"]
    s3.delete_object(Bucket=bucket, Key="locked", VersionId=version, BypassGovernanceRetention=True)
    world.annotate("media", "headrace.io/reconcile-requested-at", "now")
    world.gone()


def test_a_missing_right_is_named_with_the_way_out(world: World) -> None:
    world.apply(emptied_spec(world))
    world.ready()
    s3, bucket = world.aws.client("s3"), world.name()
    fill(s3, bucket)
    world.aws.fault(operation="DeleteObjects", resource=bucket, status=403, code="AccessDenied")
    world.delete()
    obj = world.stalled("AccessDenied")
    assert "s3:DeleteObjectVersion" in says(obj)
    assert 'headrace.io/abandon: "true"' in says(obj)
    world.aws.clear_faults()
    world.annotate("media", "headrace.io/reconcile-requested-at", "now")
    world.gone()
