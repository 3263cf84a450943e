"""A bucket from kubectl apply to AWS and back, counted in the audit log and the request log."""

from collections import Counter
from typing import Any

import pytest

from sandbox.world import World, condition
from tests.e2e.buckets import FULL_READS, ROOT_READS, full_spec, sids

pytestmark = pytest.mark.e2e


def usual_spec(world: World) -> dict[str, Any]:
    """Return a spec as most are: no lifecycle, and what is said of transport is its default."""
    return {key: value for key, value in full_spec(world).items() if key not in ("lifecycle", "transport")}


def test_a_bucket_is_made_with_16_calls_and_two_api_writes(world: World) -> None:
    world.apply(full_spec(world))
    obj = world.ready()
    operations = world.operations()
    assert operations[:2] == ["HeadBucket", "CreateBucket"]
    assert sorted(operations[2:4]) == ["HeadBucket", "ListTagsForResource"], "it is ours before it is touched"
    assert operations[4:9] == [
        "PutBucketAccelerateConfiguration",
        "PutBucketLifecycleConfiguration",
        "GetBucketPolicy",
        "PutBucketPolicy",
        "PutBucketVersioning",
    ]
    assert Counter(operations[9:]) == Counter(FULL_READS) - Counter(ROOT_READS), "all is read back once"
    assert len(operations) == 16
    assert [(r.verb, r.subresource) for r in world.api_writes()] == [("patch", ""), ("patch", "status")]
    s3 = world.aws.client("s3")
    bucket = world.name()
    assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
    assert s3.get_bucket_accelerate_configuration(Bucket=bucket)["Status"] == "Enabled"
    assert [rule["ID"] for rule in s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]] == [
        "tidy-up"
    ]
    assert sids(s3, bucket) == ["HeadraceTLSOnly", "HeadraceMinimumTLS"]
    tags = {tag["Key"]: tag["Value"] for tag in s3.get_bucket_tagging(Bucket=bucket)["TagSet"]}
    assert tags["team"] == "shop"
    assert tags["headrace.io/owner"].endswith(f"/AcceleratedBucket/{world.namespace}/media")
    assert obj["status"]["arn"] == f"arn:aws:s3:::{bucket}"
    assert obj["status"]["endpoints"]["accelerated"] == f"{bucket}.s3-accelerate.amazonaws.com"


def test_a_usual_bucket_is_made_with_14_calls_and_looked_at_with_8(world: World) -> None:
    world.apply(usual_spec(world))
    world.ready()
    assert len(world.operations()) == 14
    assert len(world.api_writes()) == 2
    world.mark()
    world.look_now()
    assert Counter(world.operations()) == Counter(FULL_READS) - Counter(["GetBucketLifecycleConfiguration"])
    assert len(world.operations()) == 8


def test_a_steady_pass_reads_side_by_side_and_writes_nothing(world: World) -> None:
    world.apply(full_spec(world))
    world.ready()
    world.mark()
    held = world.aws.fault(resource=world.name(), action="hold")
    world.annotate("media", "headrace.io/reconcile-requested-at", "now")
    world.aws.wait_until_held(held, len(FULL_READS))
    world.aws.release(held)
    world.until(lambda obj: obj["status"].get("lastHandledReconcileAt") == "now", what="the look")
    calls = world.calls()
    assert len(calls) == 9
    assert {call.method for call in calls} <= {"GET", "HEAD"}
    # The one write is the answer to the annotation that asked for the look.
    assert [r.subresource for r in world.api_writes()] == ["status"]


def test_drift_is_put_right_and_told(world: World) -> None:
    world.apply(full_spec(world))
    world.ready()
    s3 = world.aws.client("s3")
    s3.put_bucket_versioning(Bucket=world.name(), VersioningConfiguration={"Status": "Suspended"})
    obj = world.look_now()
    assert s3.get_bucket_versioning(Bucket=world.name())["Status"] == "Enabled"
    assert obj["status"]["lastCorrection"]["fields"] == ["versioning.enabled"]
    assert condition(obj, "Drifted")["status"] == "False"


def test_deletion_with_delete_removes_the_bucket(world: World) -> None:
    world.apply({**full_spec(world), "deletionPolicy": "Delete"})
    world.ready()
    world.delete()
    world.gone()
    assert world.name() not in [b["Name"] for b in world.aws.client("s3").list_buckets()["Buckets"]]
