"""Taking over what is there already, looking at what is somebody else's, and what is left as it is found."""

import json
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from sandbox.world import World, condition
from tests.e2e.buckets import (
    OTHER_ACCOUNT,
    OWNER_TAG,
    RETAINED_TAG,
    full_spec,
    plain_spec,
    put_tags,
    reads,
    sids,
    snapshot,
    tags,
    writes,
)
from tests.e2e.test_bucket_ownership import SOMEBODY, made_by_hand, owner_of

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

pytestmark = pytest.mark.e2e

ADOPT = "headrace.io/adopt"


def content(s3: "S3Client", bucket: str) -> bytes:
    return s3.get_object(Bucket=bucket, Key="precious")["Body"].read()


# Adoption


def test_what_is_nobodys_is_taken_over_with_all_that_is_not_said(world: World) -> None:
    s3, bucket = world.aws.client("s3"), world.name()
    made_by_hand(s3, bucket)
    put_tags(s3, bucket, {"team": "legacy"})
    before = snapshot(s3, bucket)
    world.apply(plain_spec(world, adoption="IfExists", defaults="None"))
    world.ready()
    assert tags(s3, bucket) == {"team": "legacy", OWNER_TAG: owner_of(world)}
    assert writes(world.operations()) == ["TagResource"]
    after = snapshot(s3, bucket)
    del before["tagging"], after["tagging"]
    assert after == before


def test_what_is_taken_over_is_put_right_and_keeps_its_content(world: World) -> None:
    s3, bucket = world.aws.client("s3"), world.name()
    made_by_hand(s3, bucket)
    world.apply(full_spec(world, adoption="IfExists"))
    obj = world.ready()
    assert obj["status"]["pins"]["name"] == bucket
    assert s3.get_bucket_accelerate_configuration(Bucket=bucket)["Status"] == "Enabled"
    assert content(s3, bucket) == b"content"
    assert writes(world.operations())[0] == "TagResource", "it is ours before anything else is written"


def test_statements_of_others_stay_in_a_bucket_that_is_taken_over(world: World) -> None:
    s3, bucket = world.aws.client("s3"), world.name()
    made_by_hand(s3, bucket)
    deny = {"Effect": "Deny", "Principal": {"AWS": ["*"]}, "Action": "s3:DeleteBucket"}
    theirs = {"Sid": "Theirs", **deny, "Resource": f"arn:aws:s3:::{bucket}"}
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps({"Version": "2008-10-17", "Statement": theirs}))
    world.apply(plain_spec(world, adoption="IfExists"))
    world.ready()
    policy = json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"])
    assert (policy["Version"], policy["Statement"][0]) == ("2008-10-17", theirs)
    assert sids(s3, bucket) == ["Theirs", "HeadraceTLSOnly"]
    world.apply(plain_spec(world, transport={"tlsOnly": False}))
    world.ready()
    assert sids(s3, bucket) == ["Theirs"]


def test_what_is_taken_over_may_be_deleted_later_by_policy(world: World) -> None:
    s3, bucket = world.aws.client("s3"), world.name()
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    world.apply(plain_spec(world, adoption="IfExists", deletionPolicy="Delete"))
    world.ready()
    world.delete()
    world.gone()
    with pytest.raises(ClientError, match="404"):
        s3.head_bucket(Bucket=bucket)


def test_the_annotation_lets_a_bucket_be_taken_over_at_once(world: World) -> None:
    s3, bucket = world.aws.client("s3"), world.name()
    made_by_hand(s3, bucket)
    world.apply(plain_spec(world))
    world.stalled("NotOurs")
    world.annotate("media", ADOPT, "true")
    world.ready()
    assert tags(s3, bucket)[OWNER_TAG] == owner_of(world)


@pytest.mark.parametrize("value", ["True", "yes", "false", ""])
def test_only_the_word_true_is_consent(world: World, value: str) -> None:
    s3, bucket = world.aws.client("s3"), world.name()
    made_by_hand(s3, bucket)
    before = snapshot(s3, bucket)
    world.apply(plain_spec(world), annotations={ADOPT: value})
    world.stalled("NotOurs")
    assert snapshot(s3, bucket) == before


def test_what_has_an_owner_is_not_taken_over(world: World) -> None:
    s3, bucket = world.aws.client("s3"), world.name()
    made_by_hand(s3, bucket)
    put_tags(s3, bucket, {OWNER_TAG: SOMEBODY})
    before = snapshot(s3, bucket)
    world.apply(full_spec(world, adoption="IfExists"), annotations={ADOPT: "true"})
    world.stalled("NotOurs")
    assert snapshot(s3, bucket) == before


def test_what_another_one_retained_is_nobodys_and_may_be_taken_over(world: World) -> None:
    s3, bucket = world.aws.client("s3"), world.name()
    made_by_hand(s3, bucket)
    put_tags(s3, bucket, {RETAINED_TAG: SOMEBODY})
    world.apply(plain_spec(world, adoption="IfExists"))
    world.ready()
    assert tags(s3, bucket) == {OWNER_TAG: owner_of(world)}


@pytest.mark.parametrize("elsewhere", ["another account", "another region"])
def test_what_is_elsewhere_is_not_taken_over(world: World, elsewhere: str) -> None:
    bucket, other = world.name(), elsewhere == "another account"
    s3 = (
        world.aws.client("s3", account=OTHER_ACCOUNT) if other else world.aws.client("s3", region="eu-west-1")
    )
    made_by_hand(s3, bucket, "eu-central-1" if other else "eu-west-1")
    before = snapshot(s3, bucket)
    world.apply(full_spec(world, adoption="IfExists"))
    world.stalled("NotOurs")
    assert snapshot(s3, bucket) == before


def test_adoption_makes_what_is_not_there(world: World) -> None:
    world.apply(plain_spec(world, adoption="IfExists"))
    world.ready()
    assert tags(world.aws.client("s3"), world.name())[OWNER_TAG] == owner_of(world)


def test_of_two_objects_that_would_adopt_one_bucket_one_gets_it(world: World) -> None:
    s3, bucket = world.aws.client("s3"), world.name()
    made_by_hand(s3, bucket)
    world.apply(plain_spec(world, adoption="IfExists"), "first")
    world.ready("first")
    world.apply(plain_spec(world, adoption="IfExists"), "second")
    obj = world.stalled("NotOurs", "second")
    assert owner_of(world, "first") in condition(obj, "Ready")["message"]
    assert tags(s3, bucket)[OWNER_TAG] == owner_of(world, "first")


# Observing


def test_a_bucket_of_somebody_else_can_be_observed_and_is_not_touched(world: World) -> None:
    s3, bucket = world.aws.client("s3"), world.name()
    made_by_hand(s3, bucket)
    put_tags(s3, bucket, {OWNER_TAG: SOMEBODY})
    before = snapshot(s3, bucket)
    world.apply(full_spec(world, mode="Observe", deletionPolicy="Delete", versioning={"enabled": False}))
    obj = world.ready()
    assert condition(obj, "Ready")["reason"] == "Observing"
    drift = {entry["field"]: (entry["wanted"], entry["found"]) for entry in obj["status"]["drift"]}
    assert drift["versioning.enabled"] == ("false", "true")
    assert "presence.owner" not in drift
    assert obj["metadata"].get("finalizers", []) == []
    world.delete()
    world.gone()
    assert writes(world.operations()) == []
    assert snapshot(s3, bucket) == before


def test_what_was_observed_is_not_ours_when_it_is_to_be_managed(world: World) -> None:
    s3, bucket = world.aws.client("s3"), world.name()
    made_by_hand(s3, bucket)
    before = snapshot(s3, bucket)
    world.apply(full_spec(world, mode="Observe"))
    world.ready()
    world.apply(full_spec(world))
    world.stalled("NotOurs")
    assert snapshot(s3, bucket) == before
    world.apply(full_spec(world, adoption="IfExists"))
    world.ready()
    assert tags(s3, bucket)[OWNER_TAG] == owner_of(world)


def test_managed_then_observed_then_deleted_lets_go_without_writing(world: World) -> None:
    world.apply(full_spec(world, deletionPolicy="Delete", emptyOnDelete=True))
    world.ready()
    s3, bucket = world.aws.client("s3"), world.name()
    s3.put_object(Bucket=bucket, Key="precious", Body=b"content")
    world.apply(full_spec(world, mode="Observe", deletionPolicy="Delete", emptyOnDelete=True))
    world.until(lambda obj: condition(obj, "Ready")["reason"] == "Observing")
    before = snapshot(s3, bucket)
    world.mark()
    world.delete()
    world.gone()
    assert world.operations() == []
    assert snapshot(s3, bucket) == before


# What is left as it is found


def drifted(world: World, **values: str) -> None:
    s3, bucket = world.aws.client("s3"), world.name()
    put_tags(s3, bucket, {**tags(s3, bucket), **values})


def test_a_field_that_is_ignored_is_set_at_creation_and_then_left_alone(world: World) -> None:
    world.apply(full_spec(world, ignoreDrift=["tags", "versioning"]))
    world.ready()
    s3, bucket = world.aws.client("s3"), world.name()
    assert tags(s3, bucket)["team"] == "shop"
    assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
    drifted(world, team="billing")
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Suspended"})
    s3.put_bucket_accelerate_configuration(Bucket=bucket, AccelerateConfiguration={"Status": "Suspended"})
    world.mark()
    obj = world.look_now()
    assert writes(world.operations()) == ["PutBucketAccelerateConfiguration"]
    assert "GetBucketVersioning" not in reads(world.operations())
    assert obj["status"]["driftCount"] == 0
    assert tags(s3, bucket)["team"] == "billing"
    assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Suspended"


def test_single_tags_are_ignored_by_a_pattern(world: World) -> None:
    world.apply(full_spec(world, tags={"team": "shop", "cost-a": "1"}, ignoreDrift=["tags[cost-*]"]))
    world.ready()
    drifted(world, **{"team": "x", "cost-a": "9", "cost-b": "2"})
    world.look_now()
    found = tags(world.aws.client("s3"), world.name())
    assert (found["team"], found["cost-a"], found["cost-b"]) == ("shop", "9", "2")


def test_a_lifecycle_rule_of_others_is_left_alone_by_its_id(world: World) -> None:
    ours, theirs = {"id": "tidy-up", "expiration": {"days": 9}}, {"ID": "their-logs", "Status": "Enabled"}
    world.apply(full_spec(world, ignoreDrift=["lifecycle.rules[their-*]"]))
    world.ready()
    s3, bucket = world.aws.client("s3"), world.name()
    rules: Any = s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]
    rules.append({**theirs, "Prefix": "logs/", "Expiration": {"Days": 1}})
    s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": rules})
    world.mark()
    assert world.look_now()["status"]["driftCount"] == 0
    assert writes(world.operations()) == []
    world.apply(full_spec(world, ignoreDrift=["lifecycle.rules[their-*]"], lifecycle={"rules": [ours]}))
    world.ready()
    edited: Any = s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]
    assert {rule["ID"]: rule["Expiration"]["Days"] for rule in edited} == {"their-logs": 1, "tidy-up": 9}
    assert edited[0]["Filter"] == {"Prefix": "logs/"}, "it goes back as it came, but for the old form"
    world.apply(full_spec(world, ignoreDrift=["lifecycle.rules[their-*]"], lifecycle={"rules": []}))
    world.ready()
    left: Any = s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]
    assert [rule["ID"] for rule in left] == ["their-logs"]


def test_an_edit_of_an_ignored_field_is_not_carried_out_until_it_is_not_ignored_any_more(
    world: World,
) -> None:
    world.apply(full_spec(world, ignoreDrift=["versioning"]))
    world.ready()
    s3, bucket = world.aws.client("s3"), world.name()
    world.apply(full_spec(world, ignoreDrift=["versioning"], versioning={"enabled": False}))
    world.ready()
    assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
    world.apply(full_spec(world, versioning={"enabled": False}))
    world.ready()
    assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Suspended"


def test_a_bucket_that_was_deleted_behind_our_back_is_made_anew_with_its_ignored_fields(world: World) -> None:
    world.apply(full_spec(world, ignoreDrift=["versioning", "publicAccessBlock"]))
    world.ready()
    s3, bucket = world.aws.client("s3"), world.name()
    s3.delete_bucket(Bucket=bucket)
    # The first try to set it fails, so that it is the next pass that has to know.
    world.aws.fault(
        operation="PutBucketVersioning", resource=bucket, code="InternalError", status=500, count=3
    )
    world.annotate("media", "headrace.io/reconcile-requested-at", "now")
    world.until(lambda _: bucket_status(s3, bucket) == "Enabled", what="versioning", seconds=20)
    world.ready()
    block: Any = s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    assert all(block.values())


def bucket_status(s3: "S3Client", bucket: str) -> str:
    try:
        return s3.get_bucket_versioning(Bucket=bucket).get("Status", "")
    except ClientError:
        return ""


def test_an_ignored_field_is_no_drift_of_what_is_observed(world: World) -> None:
    made_by_hand(world.aws.client("s3"), world.name())
    world.apply(full_spec(world, mode="Observe", ignoreDrift=["*"]))
    assert world.ready()["status"]["driftCount"] == 0


# Without defaults


def test_with_defaults_none_a_tag_that_is_taken_out_of_spec_stays(world: World) -> None:
    both = {"team": "shop", "cost": "1"}
    world.apply(full_spec(world, defaults="None", tags=both))
    world.ready()
    world.apply(full_spec(world, defaults="None", tags={"team": "shop"}))
    obj = world.ready()
    found = tags(world.aws.client("s3"), world.name())
    assert found == {**both, OWNER_TAG: owner_of(world)}
    assert "tags[cost]" not in obj["status"]["managed"]
    world.apply(full_spec(world, tags={"team": "shop"}))
    world.ready()
    assert tags(world.aws.client("s3"), world.name())["cost"] == "1", "it is nobody's by now"
