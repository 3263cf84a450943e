"""The end of an object: the bucket goes only with Delete, only when empty, and only while it is ours."""

import json

import pytest

from sandbox.operator import Operator
from sandbox.processes import wait_until
from sandbox.world import World, condition
from tests.e2e.buckets import OWNER_TAG, full_spec, names, plain_spec, put_tags, snapshot, tags, writes

pytestmark = pytest.mark.e2e


def deleted_spec(world: World) -> dict[str, object]:
    return full_spec(world, deletionPolicy="Delete")


def test_a_bucket_with_content_stays_and_the_object_says_what_to_do(world: World) -> None:
    world.apply(deleted_spec(world))
    world.ready()
    s3, bucket = world.aws.client("s3"), world.name()
    version = s3.put_object(Bucket=bucket, Key="precious", Body=b"content")["VersionId"]
    before = snapshot(s3, bucket)
    world.delete()
    obj = world.stalled("NotEmpty")
    sentence = (
        f"Bucket {bucket} still has content, so it stays. Empty it, set emptyOnDelete: true, or set "
        "deletionPolicy: Retain."
    )
    assert condition(obj, "Stalled")["message"] == sentence
    assert condition(obj, "Ready")["status"] == "False"
    assert snapshot(s3, bucket) == before
    s3.delete_object(Bucket=bucket, Key="precious", VersionId=version)
    world.annotate("media", "headrace.io/reconcile-requested-at", "emptied")
    world.gone()
    assert bucket not in names(s3)


def test_old_versions_and_markers_are_content_too(world: World) -> None:
    world.apply(deleted_spec(world))
    world.ready()
    s3, bucket = world.aws.client("s3"), world.name()
    s3.put_object(Bucket=bucket, Key="precious", Body=b"content")
    s3.delete_object(Bucket=bucket, Key="precious")
    assert s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 0
    world.delete()
    world.stalled("NotEmpty")
    assert len(s3.list_object_versions(Bucket=bucket)["DeleteMarkers"]) == 1


def test_a_change_of_mind_retains_a_bucket_that_was_not_empty(world: World) -> None:
    world.apply(deleted_spec(world))
    world.ready()
    s3, bucket = world.aws.client("s3"), world.name()
    s3.put_object(Bucket=bucket, Key="precious", Body=b"content")
    world.delete()
    world.stalled("NotEmpty")
    world.patch({"spec": {"deletionPolicy": "Retain"}})
    world.gone()
    assert s3.get_object(Bucket=bucket, Key="precious")["Body"].read() == b"content"
    assert OWNER_TAG not in tags(s3, bucket)


@pytest.mark.parametrize("policy", ["Delete", "Retain"])
def test_a_bucket_that_is_gone_already_is_no_obstacle(world: World, policy: str) -> None:
    world.apply(full_spec(world, deletionPolicy=policy))
    world.ready()
    world.aws.client("s3").delete_bucket(Bucket=world.name())
    world.mark()
    world.delete()
    world.gone()
    assert writes(world.operations()) == []


def test_a_namesake_that_took_over_is_left_alone(world: World) -> None:
    world.apply(deleted_spec(world))
    world.ready()
    s3, bucket = world.aws.client("s3"), world.name()
    s3.delete_bucket(Bucket=bucket)
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    put_tags(s3, bucket, {"team": "somebody"})
    before = snapshot(s3, bucket)
    world.mark()
    world.delete()
    world.gone()
    assert writes(world.operations()) == []
    assert snapshot(s3, bucket) == before


def test_a_deletion_is_verified_by_a_look_before_the_finalizer_goes(world: World) -> None:
    world.apply(deleted_spec(world))
    world.ready()
    world.mark()
    world.delete()
    world.gone()
    assert world.operations() == ["HeadBucket", "ListTagsForResource", "DeleteBucket", "HeadBucket"]
    assert [(r.verb, r.subresource) for r in world.api_writes()] == [("patch", "")]


def test_a_deletion_is_told_in_one_event(world: World) -> None:
    world.apply(deleted_spec(world))
    world.ready()
    world.delete()
    world.gone()
    events = world.events_until(2)
    assert [(event["type"], event["reason"]) for event in events] == [
        ("Normal", "InSync"),
        ("Normal", "Deleted"),
    ]
    assert events[1]["note"] == f"bucket {world.name()} deleted"


def test_a_namespace_goes_with_all_its_buckets_each_by_its_own_policy_and_without_a_warning(
    world: World, operator: Operator
) -> None:
    for name in ("first", "second", "third"):
        policy = "Retain" if name == "third" else "Delete"
        world.apply(plain_spec(world, bucketName=world.name(name), deletionPolicy=policy), name)
    for name in ("first", "second", "third"):
        world.ready(name)
    world.plane.kubectl_run("delete", "namespace", world.namespace, "--wait=false")

    def gone() -> bool:
        found = world.plane.kubectl_run("get", "namespace", world.namespace, "--ignore-not-found")
        return not found.strip()

    wait_until(gone, what="the namespace is gone", seconds=120)
    left = {name for name in names(world.aws.client("s3")) if name.startswith(world.namespace)}
    assert left == {world.name("third")}
    assert OWNER_TAG not in tags(world.aws.client("s3"), world.name("third"))
    lines = [json.loads(line) for line in operator.log.splitlines() if world.namespace in line]
    assert [line for line in lines if line["level"] != "info"] == []
