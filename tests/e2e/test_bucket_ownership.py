"""Whose a bucket is: what is not ours is left alone byte for byte, what we retained is taken back."""

from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from sandbox.world import World, condition
from tests.e2e.buckets import (
    OTHER_ACCOUNT,
    OWNER_TAG,
    RETAINED_TAG,
    full_spec,
    names,
    plain_spec,
    put_tags,
    snapshot,
    tags,
    writes,
)

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

pytestmark = pytest.mark.e2e

SOMEBODY = "elsewhere/AcceleratedBucket/shop/media"
TAKE_IT = (
    "Choose another name, or take it over with adoption: IfExists, or the annotation headrace.io/adopt: "
    '"true".'
)


def made_by_hand(s3: "S3Client", bucket: str, region: str = "eu-central-1") -> None:
    """Make a bucket with some configuration and content, as somebody with the console does."""
    where: Any = {"LocationConstraint": region}
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration=where)
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    block: Any = {"BlockPublicAcls": True}
    s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=block)
    rule: Any = {"AllowedMethods": ["GET"], "AllowedOrigins": ["https://example.com"]}
    s3.put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRules": [rule]})
    s3.put_object(Bucket=bucket, Key="precious", Body=b"content")


def owner_of(world: World, name: str = "media") -> str:
    """Return the owner that an object of this world writes into tags."""
    uid = world.plane.kubectl_run("get", "namespace", "kube-system", "-o", "jsonpath={.metadata.uid}")
    return f"{uid}/AcceleratedBucket/{world.namespace}/{name}"


# Not ours


@pytest.mark.parametrize(
    ("marks", "sentence"),
    [
        ({}, f"exists and was not made by Headrace; it is left alone. {TAKE_IT}"),
        ({OWNER_TAG: SOMEBODY}, f"belongs to {SOMEBODY}; it is left alone. Choose another name."),
        ({RETAINED_TAG: SOMEBODY}, f"was retained by {SOMEBODY}; it is left alone. {TAKE_IT}"),
    ],
    ids=["nobody's", "another owner's", "retained by another one"],
)
def test_a_bucket_that_is_not_ours_is_left_alone_byte_for_byte(
    world: World, marks: dict[str, str], sentence: str
) -> None:
    s3, bucket = world.aws.client("s3"), world.name()
    made_by_hand(s3, bucket)
    put_tags(s3, bucket, {"team": "legacy", **marks})
    before = snapshot(s3, bucket)
    world.apply(full_spec(world, deletionPolicy="Delete"))
    obj = world.stalled("NotOurs")
    assert condition(obj, "Ready")["message"] == f"bucket {bucket} {sentence}"
    assert condition(obj, "Ready")["status"] == "False"
    assert "pins" not in obj["status"]
    assert writes(world.operations()) == []
    assert len(world.operations()) == 2, "one look at the bucket, one at its tags"
    world.apply(full_spec(world, deletionPolicy="Delete", versioning={"enabled": False}))
    world.stalled("NotOurs")
    world.delete()
    world.gone()
    assert writes(world.operations()) == []
    assert snapshot(s3, bucket) == before


def test_the_name_of_another_account_is_told_and_nothing_of_its_bucket_is(world: World) -> None:
    theirs, bucket = world.aws.client("s3", account=OTHER_ACCOUNT), world.name()
    made_by_hand(theirs, bucket)
    put_tags(theirs, bucket, {"secret": "plans"})
    before = snapshot(theirs, bucket)
    world.apply(full_spec(world, deletionPolicy="Delete"))
    obj = world.stalled("NotOurs")
    assert condition(obj, "Ready")["message"] == (
        f"The name {bucket} is taken by another AWS account; bucket names are global. Choose another one."
    )
    assert OTHER_ACCOUNT not in str(obj["status"])
    assert "plans" not in str(obj["status"])
    assert "arn" not in obj["status"]
    assert [call.error for call in world.calls() if call.operation == "CreateBucket"] == [
        "BucketAlreadyExists"
    ]
    assert snapshot(theirs, bucket) == before


def test_an_object_whose_name_another_account_has_can_be_deleted(world: World) -> None:
    theirs, bucket = world.aws.client("s3", account=OTHER_ACCOUNT), world.name()
    made_by_hand(theirs, bucket)
    before = snapshot(theirs, bucket)
    world.apply(full_spec(world, deletionPolicy="Delete"))
    world.stalled("NotOurs")
    world.mark()
    world.delete()
    world.gone()
    assert writes(world.operations()) == []
    assert snapshot(theirs, bucket) == before


def test_our_own_bucket_in_another_region_is_left_alone_and_its_region_is_told(world: World) -> None:
    s3, bucket = world.aws.client("s3", region="eu-west-1"), world.name()
    made_by_hand(s3, bucket, "eu-west-1")
    put_tags(s3, bucket, {OWNER_TAG: owner_of(world)})
    before = snapshot(s3, bucket)
    world.apply(full_spec(world))
    obj = world.stalled("NotOurs")
    assert "eu-west-1 where eu-central-1 is wanted" in condition(obj, "Ready")["message"]
    assert writes(world.operations()) == []
    assert snapshot(s3, bucket) == before


def test_a_bucket_whose_owner_tag_somebody_replaced_is_ours_no_more(world: World) -> None:
    world.apply(full_spec(world, deletionPolicy="Delete"))
    world.ready()
    s3, bucket = world.aws.client("s3"), world.name()
    put_tags(s3, bucket, {**tags(s3, bucket), OWNER_TAG: SOMEBODY})
    before = snapshot(s3, bucket)
    world.mark()
    obj = world.look_now()
    assert condition(obj, "Stalled")["reason"] == "NotOurs"
    assert SOMEBODY in condition(obj, "Ready")["message"]
    world.delete()
    world.gone()
    assert writes(world.operations()) == []
    assert snapshot(s3, bucket) == before


def test_two_objects_that_want_one_bucket_do_not_fight(world: World) -> None:
    world.apply(full_spec(world), "first")
    world.ready("first")
    before = snapshot(world.aws.client("s3"), world.name())
    world.mark()
    world.apply(full_spec(world, versioning={"enabled": False}), "second")
    obj = world.stalled("NotOurs", "second")
    assert condition(obj, "Ready")["message"].startswith(
        f"bucket {world.name()} belongs to {owner_of(world, 'first')}"
    )
    assert writes(world.operations()) == []
    world.delete("second")
    world.gone("second")
    assert snapshot(world.aws.client("s3"), world.name()) == before


def test_a_bucket_that_is_in_the_way_is_taken_note_of_again_once_it_is_gone(world: World) -> None:
    s3, bucket = world.aws.client("s3"), world.name()
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    world.apply(plain_spec(world))
    world.stalled("NotOurs")
    s3.delete_bucket(Bucket=bucket)
    obj = world.look_now()
    assert condition(obj, "Ready")["status"] == "True"
    assert tags(s3, bucket)[OWNER_TAG] == owner_of(world)


# Retained and taken back


def test_what_is_retained_keeps_its_content_and_settings_and_says_whose_it_was(world: World) -> None:
    world.apply(full_spec(world))
    world.ready()
    s3, bucket = world.aws.client("s3"), world.name()
    s3.put_object(Bucket=bucket, Key="precious", Body=b"content")
    before = snapshot(s3, bucket)
    world.mark()
    world.delete()
    world.gone()
    assert writes(world.operations()) == ["TagResource", "UntagResource"]
    after = snapshot(s3, bucket)
    assert before.pop("tagging") == {"team": "shop", OWNER_TAG: owner_of(world)}
    assert after.pop("tagging") == {"team": "shop", RETAINED_TAG: owner_of(world)}
    assert after == before
    assert [r.verb for r in world.api_writes()] == ["patch"], "the finalizer went, no status was written"


def test_what_was_retained_is_taken_back_by_the_same_owner_without_a_word(world: World) -> None:
    world.apply(full_spec(world))
    world.ready()
    world.delete()
    world.gone()
    s3, bucket = world.aws.client("s3"), world.name()
    s3.put_object(Bucket=bucket, Key="precious", Body=b"content")
    world.mark()
    world.apply(full_spec(world))
    world.ready()
    assert writes(world.operations()) == ["TagResource", "UntagResource"]
    assert tags(s3, bucket) == {"team": "shop", OWNER_TAG: owner_of(world)}
    assert s3.get_object(Bucket=bucket, Key="precious")["Body"].read() == b"content"


def test_what_was_retained_is_refused_to_another_object(world: World) -> None:
    world.apply(full_spec(world))
    world.ready()
    world.delete()
    world.gone()
    before = snapshot(world.aws.client("s3"), world.name())
    world.apply(full_spec(world), "other")
    obj = world.stalled("NotOurs", "other")
    assert f"was retained by {owner_of(world)}" in condition(obj, "Ready")["message"]
    assert snapshot(world.aws.client("s3"), world.name()) == before


def test_a_retained_bucket_can_be_deleted_by_an_object_that_took_it_back(world: World) -> None:
    world.apply(full_spec(world))
    world.ready()
    world.delete()
    world.gone()
    world.apply(full_spec(world, deletionPolicy="Delete"))
    world.ready()
    world.delete()
    world.gone()
    with pytest.raises(ClientError, match="404"):
        world.aws.client("s3").head_bucket(Bucket=world.name())
    assert world.name() not in names(world.aws.client("s3"))
