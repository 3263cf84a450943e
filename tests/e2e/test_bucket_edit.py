"""An edit of spec: the right calls and only those, and one write of the status."""

from collections import Counter
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from sandbox.world import World, condition
from tests.e2e.buckets import (
    DEFAULT_READS,
    FULL_READS,
    OWNER_TAG,
    ROOT_READS,
    full_spec,
    plain_spec,
    put_tags,
    reads,
    sids,
    snapshot,
    tags,
    writes,
)

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

pytestmark = pytest.mark.e2e

KEY = "arn:aws:kms:eu-central-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
ALIAS = "arn:aws:kms:eu-central-1:123456789012:alias/media"


class Edit(NamedTuple):
    """A setting's new value, the operations that write and read it, and what S3 then says."""

    setting: str
    value: Any
    put: str
    get: str
    truth: Callable[["S3Client", str], Any]
    expected: Any
    reread: int = 0
    """How often it is read again before it is written, because it is a part of something."""


def encryption_of(s3: "S3Client", bucket: str) -> Mapping[str, Any]:
    answer = s3.get_bucket_encryption(Bucket=bucket)
    return answer["ServerSideEncryptionConfiguration"]["Rules"][0]


def default_encryption_of(s3: "S3Client", bucket: str) -> Any:
    return encryption_of(s3, bucket)["ApplyServerSideEncryptionByDefault"]


def block_of(s3: "S3Client", bucket: str) -> Any:
    return s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]


def ownership_of(s3: "S3Client", bucket: str) -> str:
    (rule,) = s3.get_bucket_ownership_controls(Bucket=bucket)["OwnershipControls"]["Rules"]
    return rule["ObjectOwnership"]


def acceleration_of(s3: "S3Client", bucket: str) -> str:
    return s3.get_bucket_accelerate_configuration(Bucket=bucket).get("Status", "never")


def lifecycle_of(s3: "S3Client", bucket: str) -> Any:
    return s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]


def versioning_of(s3: "S3Client", bucket: str) -> str:
    return s3.get_bucket_versioning(Bucket=bucket).get("Status", "never")


def encryption_edit(value: Mapping[str, Any], expected: Mapping[str, Any]) -> Edit:
    put, get = "PutBucketEncryption", "GetBucketEncryption"
    return Edit("encryption", value, put, get, default_encryption_of, expected)


EDITS = {
    "acceleration": Edit(
        "acceleration",
        {"enabled": False},
        "PutBucketAccelerateConfiguration",
        "GetBucketAccelerateConfiguration",
        acceleration_of,
        "Suspended",
    ),
    "versioning": Edit(
        "versioning",
        {"enabled": False},
        "PutBucketVersioning",
        "GetBucketVersioning",
        versioning_of,
        "Suspended",
    ),
    "encryption with the key of AWS": encryption_edit({"algorithm": "aws:kms"}, {"SSEAlgorithm": "aws:kms"}),
    "encryption with a key": encryption_edit(
        {"algorithm": "aws:kms", "kmsKeyARN": KEY}, {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": KEY}
    ),
    "encryption with an alias, twice": encryption_edit(
        {"algorithm": "aws:kms:dsse", "kmsKeyARN": ALIAS},
        {"SSEAlgorithm": "aws:kms:dsse", "KMSMasterKeyID": ALIAS},
    ),
    "publicAccessBlock": Edit(
        "publicAccessBlock",
        {"blockPublicPolicy": False, "restrictPublicBuckets": False},
        "PutPublicAccessBlock",
        "GetPublicAccessBlock",
        block_of,
        {
            "BlockPublicAcls": True,
            "IgnorePublicAcls": True,
            "BlockPublicPolicy": False,
            "RestrictPublicBuckets": False,
        },
    ),
    "ownershipControls": Edit(
        "ownershipControls",
        {"objectOwnership": "ObjectWriter"},
        "PutBucketOwnershipControls",
        "GetBucketOwnershipControls",
        ownership_of,
        "ObjectWriter",
    ),
    "lifecycle": Edit(
        "lifecycle",
        {"rules": [{"id": "old", "prefix": "logs/", "enabled": False, "expiration": {"days": 30}}]},
        "PutBucketLifecycleConfiguration",
        "GetBucketLifecycleConfiguration",
        lifecycle_of,
        [{"ID": "old", "Status": "Disabled", "Filter": {"Prefix": "logs/"}, "Expiration": {"Days": 30}}],
    ),
    "no lifecycle": Edit(
        "lifecycle",
        {"rules": []},
        "DeleteBucketLifecycle",
        "GetBucketLifecycleConfiguration",
        lambda s3, bucket: snapshot(s3, bucket)["lifecycle_configuration"],
        "NoSuchLifecycleConfiguration",
    ),
    "transport": Edit(
        "transport", {"tlsOnly": True}, "PutBucketPolicy", "GetBucketPolicy", sids, ["HeadraceTLSOnly"], 1
    ),
    "plain HTTP": Edit(
        "transport",
        {"tlsOnly": False},
        "DeleteBucketPolicy",
        "GetBucketPolicy",
        lambda s3, bucket: snapshot(s3, bucket)["policy"],
        "NoSuchBucketPolicy",
        1,
    ),
    "tags": Edit(
        "tags",
        {"team": "media"},
        "TagResource",
        "ListTagsForResource",
        lambda s3, bucket: tags(s3, bucket)["team"],
        "media",
    ),
}


@pytest.mark.parametrize("edit", EDITS.values(), ids=list(EDITS))
def test_an_edit_is_one_look_one_write_and_one_look_at_what_was_written(world: World, edit: Edit) -> None:
    world.apply(full_spec(world))
    world.ready()
    world.mark()
    world.apply(full_spec(world, **{edit.setting: edit.value}))
    obj = world.ready()
    operations = world.operations()
    assert writes(operations) == [edit.put]
    assert reads(operations) == Counter(FULL_READS) + Counter([edit.get] * (1 + edit.reread))
    assert operations[-2:] == [edit.put, edit.get]
    assert [(r.verb, r.subresource) for r in world.api_writes()] == [("patch", "status")]
    assert edit.truth(world.aws.client("s3"), world.name()) == edit.expected
    assert condition(obj, "Ready")["reason"] == "InSync"
    assert "lastCorrection" not in obj["status"], "an edit is no drift"


def test_an_edit_that_changes_nothing_in_aws_is_a_look_and_one_write_of_the_status(world: World) -> None:
    world.apply(plain_spec(world))
    world.ready()
    world.mark()
    world.apply(plain_spec(world, acceleration={"enabled": True}, resyncInterval="2h"))
    world.ready()
    assert reads(world.operations()) == Counter(ROOT_READS + DEFAULT_READS)
    assert writes(world.operations()) == []
    assert [(r.verb, r.subresource) for r in world.api_writes()] == [("patch", "status")]


def test_many_settings_edited_at_once_are_one_write_each_and_one_status(world: World) -> None:
    world.apply(full_spec(world))
    world.ready()
    world.mark()
    chosen = [EDITS[name] for name in ("acceleration", "versioning", "publicAccessBlock", "tags")]
    world.apply(full_spec(world, **{edit.setting: edit.value for edit in chosen}))
    world.ready()
    operations = world.operations()
    assert sorted(writes(operations)) == sorted(edit.put for edit in chosen)
    assert reads(operations) == Counter(FULL_READS) + Counter(edit.get for edit in chosen)
    assert len(world.api_writes()) == 1
    s3 = world.aws.client("s3")
    assert [edit.truth(s3, world.name()) for edit in chosen] == [edit.expected for edit in chosen]


def test_edits_in_quick_succession_end_at_the_last_one(world: World) -> None:
    world.apply(plain_spec(world))
    world.ready()
    for number in range(5):
        world.apply(plain_spec(world, tags={"edit": str(number)}, versioning={"enabled": number % 2 == 0}))
    world.ready()
    s3 = world.aws.client("s3")
    assert tags(s3, world.name())["edit"] == "4"
    assert versioning_of(s3, world.name()) == "Enabled"


def test_an_edit_that_comes_while_an_earlier_one_is_carried_out_is_not_lost(world: World) -> None:
    world.apply(plain_spec(world, tags={"edit": "0"}))
    world.ready()
    held = world.aws.fault(operation="TagResource", resource=world.name(), action="hold")
    world.apply(plain_spec(world, tags={"edit": "1"}))
    world.aws.wait_until_held(held)
    world.apply(plain_spec(world, tags={"edit": "2"}))
    world.aws.release(held)
    world.ready()
    assert tags(world.aws.client("s3"), world.name())["edit"] == "2"


# Taken out of spec


def test_a_setting_with_a_default_goes_back_to_it_when_it_is_taken_out(world: World) -> None:
    world.apply(
        plain_spec(
            world,
            acceleration={"enabled": False},
            encryption={"algorithm": "aws:kms", "kmsKeyARN": KEY, "bucketKey": True},
            publicAccessBlock={"blockPublicPolicy": False},
            ownershipControls={"objectOwnership": "BucketOwnerPreferred"},
        )
    )
    world.ready()
    world.mark()
    world.apply(plain_spec(world))
    world.ready()
    assert sorted(writes(world.operations())) == [
        "PutBucketAccelerateConfiguration",
        "PutBucketEncryption",
        "PutBucketOwnershipControls",
        "PutPublicAccessBlock",
    ]
    s3, bucket = world.aws.client("s3"), world.name()
    assert acceleration_of(s3, bucket) == "Enabled"
    assert default_encryption_of(s3, bucket) == {"SSEAlgorithm": "AES256"}
    assert set(block_of(s3, bucket).values()) == {True}
    assert ownership_of(s3, bucket) == "BucketOwnerEnforced"


def test_a_setting_without_a_default_is_taken_back_once_and_then_left_alone(world: World) -> None:
    world.apply(plain_spec(world, versioning={"enabled": True}))
    assert "versioning" in world.ready()["status"]["managed"]
    world.mark()
    world.apply(plain_spec(world))
    obj = world.ready()
    assert writes(world.operations()) == ["PutBucketVersioning"]
    s3 = world.aws.client("s3")
    assert versioning_of(s3, world.name()) == "Suspended"
    assert "versioning" not in obj["status"]["managed"]
    s3.put_bucket_versioning(Bucket=world.name(), VersioningConfiguration={"Status": "Enabled"})
    world.mark()
    again = world.look_now()
    assert reads(world.operations()) == Counter(ROOT_READS + DEFAULT_READS), "it is not even read"
    assert versioning_of(s3, world.name()) == "Enabled"
    assert condition(again, "Ready") == condition(obj, "Ready"), "the same state gives the same text"


def test_a_tag_that_is_taken_out_goes_and_foreign_tags_stay(world: World) -> None:
    world.apply(plain_spec(world, tags={"team": "shop", "tier": "gold"}))
    world.ready()
    s3, bucket = world.aws.client("s3"), world.name()
    put_tags(s3, bucket, {**tags(s3, bucket), "cost-centre": "42"})
    world.mark()
    world.apply(plain_spec(world, tags={"team": "shop"}))
    world.ready()
    assert writes(world.operations()) == ["UntagResource"]
    owner = tags(s3, bucket)[OWNER_TAG]
    assert tags(s3, bucket) == {"team": "shop", "cost-centre": "42", OWNER_TAG: owner}
    world.mark()
    world.apply(plain_spec(world))
    obj = world.ready()
    assert writes(world.operations()) == ["UntagResource"]
    assert tags(s3, bucket) == {"cost-centre": "42", OWNER_TAG: owner}
    again = world.look_now()
    assert condition(again, "Ready") == condition(obj, "Ready"), "the same state gives the same text"


def test_a_tag_that_changes_while_another_one_goes_is_two_calls(world: World) -> None:
    world.apply(plain_spec(world, tags={"team": "shop", "tier": "gold"}))
    world.ready()
    world.mark()
    world.apply(plain_spec(world, tags={"team": "media", "zone": "b"}))
    world.ready()
    assert writes(world.operations()) == ["TagResource", "UntagResource"]
    found = tags(world.aws.client("s3"), world.name())
    assert {key: value for key, value in found.items() if key != OWNER_TAG} == {"team": "media", "zone": "b"}


# Silence


def test_without_defaults_what_is_there_stays_and_is_not_even_read(world: World) -> None:
    world.apply(plain_spec(world, acceleration={"enabled": True}, versioning={"enabled": True}))
    world.ready()
    s3, bucket = world.aws.client("s3"), world.name()
    world.mark()
    world.apply(plain_spec(world, defaults="None"))
    obj = world.ready()
    assert Counter(world.operations()) == Counter(ROOT_READS)
    assert acceleration_of(s3, bucket) == "Enabled"
    assert versioning_of(s3, bucket) == "Enabled"
    assert "managed" not in obj["status"]
    world.apply(plain_spec(world))
    world.ready()
    assert versioning_of(s3, bucket) == "Enabled", "what was let go of is not ours to take back"


def test_without_defaults_a_bucket_is_made_bare(world: World) -> None:
    world.apply(plain_spec(world, defaults="None"))
    world.ready()
    assert world.operations()[:2] == ["HeadBucket", "CreateBucket"]
    assert writes(world.operations()) == ["CreateBucket"]
    assert reads(world.operations()) == Counter(["HeadBucket", *ROOT_READS])
    assert acceleration_of(world.aws.client("s3"), world.name()) == "never"


def test_half_a_setting_is_filled_up_from_the_default(world: World) -> None:
    world.apply(plain_spec(world, publicAccessBlock={"blockPublicACLs": False}))
    world.ready()
    assert block_of(world.aws.client("s3"), world.name()) == {
        "BlockPublicAcls": False,
        "IgnorePublicAcls": True,
        "BlockPublicPolicy": True,
        "RestrictPublicBuckets": True,
    }


# Encryption has more to say than the others


def test_a_bucket_key_comes_and_goes_with_the_algorithm(world: World) -> None:
    s3, bucket = world.aws.client("s3"), world.name()
    world.apply(plain_spec(world, encryption={"algorithm": "aws:kms", "bucketKey": True}))
    world.ready()
    assert encryption_of(s3, bucket)["BucketKeyEnabled"] is True
    world.apply(plain_spec(world, encryption={"algorithm": "aws:kms:dsse"}))
    world.ready()
    assert encryption_of(s3, bucket).get("BucketKeyEnabled", False) is False
    world.mark()
    world.look_now()
    assert writes(world.operations()) == []


def test_blocked_kinds_of_encryption_are_set_emptied_and_left_alone_when_silent(world: World) -> None:
    s3, bucket = world.aws.client("s3"), world.name()

    def blocked() -> list[str]:
        rule: Any = encryption_of(s3, bucket)
        return list(rule.get("BlockedEncryptionTypes", {}).get("EncryptionType", []))

    world.apply(plain_spec(world, encryption={"blockedEncryptionTypes": ["SSE-C"]}))
    world.ready()
    assert blocked() == ["SSE-C"]
    world.mark()
    world.apply(plain_spec(world, encryption={}))
    world.ready()
    assert writes(world.operations()) == []
    assert blocked() == ["SSE-C"], "silent: what AWS has stays"
    world.apply(plain_spec(world, encryption={"blockedEncryptionTypes": []}))
    world.ready()
    assert blocked() in (["NONE"], [])
    world.apply(plain_spec(world, encryption={"algorithm": "aws:kms"}))
    world.ready()
    world.mark()
    world.look_now()
    assert writes(world.operations()) == []
