"""What differs between spec and AWS: put right, only told, or only observed; field by field."""

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from sandbox.world import Object, World, condition
from tests.e2e.buckets import (
    FULL_READS,
    OWNER_TAG,
    full_spec,
    names,
    plain_spec,
    put_tags,
    reads,
    snapshot,
    tags,
    writes,
)

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

pytestmark = pytest.mark.e2e

EVERY_FIELD = [
    {"field": "acceleration.enabled", "wanted": "true", "found": "false"},
    {"field": "encryption.algorithm", "wanted": "AES256", "found": "aws:kms"},
    {"field": "encryption.bucketKey", "wanted": "false", "found": "true"},
    {"field": "lifecycle.rules[theirs].enabled", "wanted": "absent", "found": "true"},
    {"field": "lifecycle.rules[theirs].expiration.days", "wanted": "absent", "found": "1"},
    {"field": "lifecycle.rules[tidy-up].abortIncompleteUploadsAfterDays", "wanted": "7", "found": "9"},
    {"field": "lifecycle.rules[tidy-up].prefix", "wanted": "absent", "found": "raw/"},
    {"field": "ownershipControls.objectOwnership", "wanted": "BucketOwnerEnforced", "found": "absent"},
    {"field": "publicAccessBlock.blockPublicPolicy", "wanted": "true", "found": "false"},
    {"field": "publicAccessBlock.restrictPublicBuckets", "wanted": "true", "found": "false"},
    {"field": "tags[team]", "wanted": "shop", "found": "absent"},
    {"field": "tags[tier]", "wanted": "gold", "found": "lead"},
    {"field": "transport.tlsOnly", "wanted": "true", "found": "changed by others"},
    {"field": "versioning.enabled", "wanted": "true", "found": "false"},
]
"""What `change_everything` leads to, as the status tells it."""
FIELDS = [entry["field"] for entry in EVERY_FIELD]
PUTS = [
    "PutBucketAccelerateConfiguration",
    "PutBucketEncryption",
    "PutBucketLifecycleConfiguration",
    "PutBucketOwnershipControls",
    "PutBucketPolicy",
    "PutBucketVersioning",
    "PutPublicAccessBlock",
    "TagResource",
]


def tagged_spec(world: World, **more: Any) -> dict[str, Any]:
    return full_spec(world, tags={"team": "shop", "tier": "gold"}, **more)


def change_everything(s3: "S3Client", bucket: str) -> None:
    """Change every setting of a bucket with `tagged_spec`, as somebody with the console does."""
    s3.put_bucket_accelerate_configuration(Bucket=bucket, AccelerateConfiguration={"Status": "Suspended"})
    kms: Any = {
        "ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"},
        "BucketKeyEnabled": True,
    }
    s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": [kms]})
    s3.delete_bucket_ownership_controls(Bucket=bucket)
    block: Any = {"BlockPublicAcls": True, "IgnorePublicAcls": True}
    s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=block)
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Suspended"})
    change_policy(s3, bucket)
    old: Any = {"Status": "Enabled", "Prefix": "raw/", "ID": "tidy-up"}
    days = {"AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 9}}
    theirs: Any = {"Status": "Enabled", "Filter": {}, "ID": "theirs", "Expiration": {"Days": 1}}
    rules: Any = {"Rules": [theirs, {**old, **days}]}
    s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration=rules)
    kept = {key: value for key, value in tags(s3, bucket).items() if key != "team"}
    put_tags(s3, bucket, {**kept, "tier": "lead", "cost-centre": "42"})


def change_policy(s3: "S3Client", bucket: str) -> None:
    """Add a statement, and let the one that takes TLS only allow what it denied."""
    policy = json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"])
    for statement in policy["Statement"]:
        if statement["Sid"] == "HeadraceTLSOnly":
            statement["Action"] = "s3:PutObject"
    policy["Statement"].insert(0, theirs_in(bucket))
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(policy))


def theirs_in(bucket: str) -> dict[str, Any]:
    """Return a statement of somebody else."""
    return {
        "Sid": "Theirs",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:DeleteBucket",
        "Resource": f"arn:aws:s3:::{bucket}",
        "Condition": {"StringEquals": {"aws:PrincipalTag/team": "guests"}},
    }


def suspend_versioning(world: World) -> None:
    s3 = world.aws.client("s3")
    s3.put_bucket_versioning(Bucket=world.name(), VersioningConfiguration={"Status": "Suspended"})


def reasons(world: World, name: str = "media") -> list[tuple[str, str]]:
    return [(event["type"], event["reason"]) for event in world.events(name)]


def drift_column(world: World) -> str:
    """Return what `kubectl get` shows in the column Drift."""
    heads, row = world.plane.kubectl_run("get", "abkt", "media", "-n", world.namespace).splitlines()
    return row.split()[heads.split().index("DRIFT")]


# Correct


def test_every_field_that_was_changed_behind_our_back_is_put_right_in_one_pass(world: World) -> None:
    world.apply(tagged_spec(world))
    world.ready()
    s3, bucket = world.aws.client("s3"), world.name()
    before = snapshot(s3, bucket)
    change_everything(s3, bucket)
    world.mark()
    obj = world.look_now()
    assert sorted(writes(world.operations())) == PUTS
    assert obj["status"]["lastCorrection"]["fields"] == FIELDS
    assert (obj["status"]["driftCount"], "drift" in obj["status"]) == (0, False)
    assert condition(obj, "Drifted")["status"] == "False"
    assert len(world.api_writes()) == 1
    after = snapshot(s3, bucket)
    assert after["tagging"].pop("cost-centre") == "42", "a tag of others stays"
    rule = after["encryption"]["ServerSideEncryptionConfiguration"]["Rules"][0]
    # Nothing blocked, in so many words now: a silent list is written back as it was found.
    assert rule.pop("BlockedEncryptionTypes") == {"EncryptionType": ["NONE"]}
    policies = [json.loads(side.pop("policy")["Policy"])["Statement"] for side in (after, before)]
    theirs = theirs_in(bucket)
    assert theirs in policies[0], "a statement of others stays"
    assert [each for each in policies[0] if each != theirs] == policies[1]
    assert after == before


def test_a_correction_is_one_event_that_names_the_fields(world: World) -> None:
    world.apply(tagged_spec(world))
    world.ready()
    change_everything(world.aws.client("s3"), world.name())
    world.look_now()
    world.look_now()
    world.events_until(2)
    assert reasons(world) == [("Normal", "InSync"), ("Normal", "Corrected")]
    note = world.events()[1]["note"]
    assert [field for field in FIELDS if field not in note] == []


def test_a_foreign_tag_is_no_drift(world: World) -> None:
    world.apply(tagged_spec(world, driftPolicy="Report"))
    world.ready()
    s3, bucket = world.aws.client("s3"), world.name()
    put_tags(s3, bucket, {**tags(s3, bucket), "cost-centre": "42"})
    obj = world.look_now()
    assert obj["status"]["driftCount"] == 0
    assert tags(s3, bucket)["cost-centre"] == "42"


def test_a_bucket_that_was_deleted_behind_our_back_is_made_anew(world: World) -> None:
    world.apply(tagged_spec(world))
    world.ready()
    s3, bucket = world.aws.client("s3"), world.name()
    before = snapshot(s3, bucket)
    s3.delete_bucket(Bucket=bucket)
    world.mark()
    obj = world.look_now()
    assert writes(world.operations())[0] == "CreateBucket"
    assert snapshot(s3, bucket) == before
    assert condition(obj, "Ready")["status"] == "True"
    assert "presence.owner" in obj["status"]["lastCorrection"]["fields"]


# Report


def test_with_report_drift_is_told_field_by_field_and_left_as_it_is(world: World) -> None:
    world.apply(tagged_spec(world, driftPolicy="Report"))
    made = world.ready()
    s3, bucket = world.aws.client("s3"), world.name()
    change_everything(s3, bucket)
    changed = snapshot(s3, bucket)
    world.mark()
    obj = world.look_now()
    assert reads(world.operations()) == Counter(FULL_READS)
    assert writes(world.operations()) == []
    assert snapshot(s3, bucket) == changed
    assert obj["status"]["drift"] == EVERY_FIELD
    assert obj["status"]["driftCount"] == len(EVERY_FIELD)
    assert condition(obj, "Drifted")["status"] == "True"
    assert condition(obj, "Drifted")["message"] == ", ".join(FIELDS)
    ready = condition(obj, "Ready")
    assert (ready["status"], ready["reason"]) == ("True", "Drifted")
    assert ready["lastTransitionTime"] == condition(made, "Ready")["lastTransitionTime"]
    assert "lastCorrection" not in obj["status"]
    assert drift_column(world) == str(len(EVERY_FIELD))


def test_drift_that_stays_is_told_once(world: World) -> None:
    world.apply(tagged_spec(world, driftPolicy="Report"))
    world.ready()
    suspend_versioning(world)
    first = world.look_now()
    second = world.look_now()
    for obj in (first, second):
        obj["status"].pop("lastHandledReconcileAt")
    assert second["status"] == first["status"]
    world.events_until(2)
    assert reasons(world) == [("Normal", "InSync"), ("Warning", "Drifted")]
    assert world.events()[1]["note"] == f"bucket {world.name()} differs from spec: versioning.enabled"


def test_reported_drift_that_somebody_undoes_is_gone_from_the_status(world: World) -> None:
    world.apply(tagged_spec(world, driftPolicy="Report"))
    world.ready()
    suspend_versioning(world)
    assert world.look_now()["status"]["driftCount"] == 1
    s3 = world.aws.client("s3")
    s3.put_bucket_versioning(Bucket=world.name(), VersioningConfiguration={"Status": "Enabled"})
    obj = world.look_now()
    assert (obj["status"]["driftCount"], "drift" in obj["status"]) == (0, False)
    assert (condition(obj, "Drifted")["status"], condition(obj, "Ready")["reason"]) == ("False", "InSync")


def test_with_report_an_edit_is_still_carried_out(world: World) -> None:
    world.apply(tagged_spec(world, driftPolicy="Report"))
    world.ready()
    suspend_versioning(world)
    world.look_now()
    world.mark()
    world.apply(tagged_spec(world, driftPolicy="Report", acceleration={"enabled": False}))
    obj = world.ready()
    assert "PutBucketAccelerateConfiguration" in writes(world.operations())
    s3 = world.aws.client("s3")
    assert s3.get_bucket_accelerate_configuration(Bucket=world.name())["Status"] == "Suspended"
    assert obj["status"]["driftCount"] == 0


def test_with_report_a_bucket_that_is_gone_is_told_and_not_made_anew(world: World) -> None:
    world.apply(tagged_spec(world, driftPolicy="Report"))
    world.ready()
    s3, bucket = world.aws.client("s3"), world.name()
    s3.delete_bucket(Bucket=bucket)
    world.mark()
    obj = world.look_now()
    assert writes(world.operations()) == []
    assert bucket not in names(s3)
    ready = condition(obj, "Ready")
    assert (ready["status"], ready["reason"]) == ("False", "Drifted")
    assert ready["message"] == (
        f"bucket {bucket} is gone; driftPolicy Report leaves it so. Edit spec, or set driftPolicy: Correct, "
        "to have it made anew."
    )
    assert condition(obj, "Stalled")["reason"] == "Drifted", "only a person can help"
    assert condition(obj, "Drifted")["status"] == "True"
    assert "presence.owner" in [entry["field"] for entry in obj["status"]["drift"]]
    assert "arn" not in obj["status"]
    assert obj["status"]["pins"]["name"] == bucket


# Observe


def observed(world: World, spec: dict[str, Any]) -> Object:
    world.apply({**spec, "mode": "Observe"})
    return world.until(lambda obj: condition(obj, "Ready"), what="a first look")


def test_observing_a_foreign_bucket_tells_the_differences_and_writes_nothing_ever(world: World) -> None:
    s3, bucket = world.aws.client("s3"), world.name()
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    put_tags(s3, bucket, {"tier": "lead", OWNER_TAG: "elsewhere/AcceleratedBucket/shop/media"})
    before = snapshot(s3, bucket)
    obj = observed(world, tagged_spec(world))
    again = world.look_now()
    assert writes(world.operations()) == []
    assert snapshot(s3, bucket) == before
    assert obj["metadata"].get("finalizers", []) == []
    ready = condition(again, "Ready")
    assert (ready["status"], ready["reason"]) == ("True", "Observing")
    assert [entry["field"] for entry in again["status"]["drift"]] == [
        "acceleration.enabled",
        "lifecycle.rules[tidy-up].abortIncompleteUploadsAfterDays",
        "lifecycle.rules[tidy-up].enabled",
        "tags[team]",
        "tags[tier]",
        "transport.minimumTLSVersion",
        "transport.tlsOnly",
        "versioning.enabled",
    ]
    assert drift_column(world) == "8"
    assert again["status"]["arn"] == f"arn:aws:s3:::{bucket}"
    world.mark()
    world.delete()
    world.gone()
    assert world.operations() == []
    assert snapshot(s3, bucket) == before


def test_observing_a_bucket_that_does_not_exist_does_not_make_it(world: World) -> None:
    obj = observed(world, tagged_spec(world))
    assert writes(world.operations()) == []
    ready = condition(obj, "Ready")
    assert (ready["status"], ready["reason"]) == ("False", "Observing")
    assert ready["message"] == f"bucket {world.name()} does not exist; mode Observe does not create it"
    assert world.name() not in names(world.aws.client("s3"))
    assert obj["metadata"].get("finalizers", []) == []


def test_from_observe_to_manage_makes_it_so_and_back_lets_go_of_it(world: World) -> None:
    observed(world, plain_spec(world))
    world.apply(plain_spec(world, mode="Manage"))
    assert world.ready()["metadata"]["finalizers"] == ["headrace.io/finalizer"]
    s3, bucket = world.aws.client("s3"), world.name()
    assert bucket in names(s3)
    world.apply(plain_spec(world, mode="Observe", deletionPolicy="Delete"))
    world.ready()
    world.mark()
    world.delete()
    world.gone()
    assert world.operations() == [], "what is only observed is let go of without a call"
    assert bucket in names(s3)
