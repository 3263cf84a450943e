"""The slices of a bucket: canonical forms, rules, and how answers of S3 are read, odd ones included."""

import re
from contextlib import suppress
from typing import Any

import pytest
from pydantic import ValidationError

from headrace.aws.target import Target
from headrace.engine.errors import Conflict
from headrace.engine.facet import Facet
from headrace.engine.ownership import OWNER_TAG, RETAINED_TAG
from headrace.engine.slices import ABSENT, Missing, Slice
from headrace.resources.registry import resource_type
from headrace.resources.s3.bucket.acceleration import Acceleration
from headrace.resources.s3.bucket.cloud_front_access import CloudFrontAccess
from headrace.resources.s3.bucket.encryption import Encryption
from headrace.resources.s3.bucket.ownership_controls import OwnershipControls
from headrace.resources.s3.bucket.presence import BucketPresence
from headrace.resources.s3.bucket.public_access_block import PublicAccessBlock
from headrace.resources.s3.bucket.transport import Transport
from headrace.resources.s3.bucket.versioning import Versioning
from headrace.resources.tagging import Tags
from tests.laws import generate
from tests.unit.aws.loopback import Answer, Loopback, refusal, wrapped

BUCKET = resource_type("s3/bucket")
KEY = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
KEY_ID = "1234abcd-12ab-34cd-56ef-1234567890ab"


# What may be said


def test_what_silence_means() -> None:
    defaults = {facet.name: facet.default for facet in BUCKET.facets if facet.default is not None}
    assert {name: value.fields() for name, value in defaults.items()} == {
        "acceleration": {"enabled": "true"},
        "encryption": {"algorithm": "AES256", "bucketKey": "false"},
        "ownershipControls": {"objectOwnership": "BucketOwnerEnforced"},
        "publicAccessBlock": {
            "blockPublicACLs": "true",
            "blockPublicPolicy": "true",
            "ignorePublicACLs": "true",
            "restrictPublicBuckets": "true",
        },
        "transport": {"tlsOnly": "true"},
    }


def test_what_rests_where_there_is_no_way_to_take_it_away() -> None:
    resting = {facet.name: facet.resting for facet in BUCKET.facets if facet.resting is not None}
    assert resting == {
        "acceleration": Acceleration(enabled=False),
        "cloudFrontAccess": CloudFrontAccess(),
        "encryption": Encryption(),
        "transport": Transport(tls_only=False),
        "versioning": Versioning(enabled=False),
    }


def test_the_key_that_aws_keeps_is_what_no_key_means() -> None:
    said = {"algorithm": "aws:kms", "kmsKeyARN": "arn:aws:kms:eu-central-1:111122223333:alias/aws/s3"}
    assert Encryption.model_validate(said) == Encryption(algorithm="aws:kms")


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ({"kmsKeyARN": KEY}, "kmsKeyARN needs algorithm aws:kms or aws:kms:dsse"),
        ({"algorithm": "AES256", "bucketKey": True}, "bucketKey needs algorithm aws:kms"),
        ({"algorithm": "aws:kms:dsse", "bucketKey": True}, "bucketKey needs algorithm aws:kms"),
        ({"algorithm": "aws:kms", "kmsKeyARN": KEY_ID}, "String should match pattern"),
        ({"algorithm": "aws:fsx"}, "Input should be 'AES256', 'aws:kms' or 'aws:kms:dsse'"),
        ({"blockedEncryptionTypes": ["SSE-KMS"]}, "Input should be 'SSE-C'"),
        ({"blockedEncryptionTypes": ["SSE-C", "SSE-C"]}, "at most 1 item"),
        ({"key": KEY}, "Extra inputs are not permitted"),
    ],
)
def test_an_encryption_that_cannot_be_is_refused_with_a_sentence(said: Any, sentence: str) -> None:
    with pytest.raises(ValidationError, match=re.escape(sentence)):
        Encryption.model_validate(said)


@pytest.mark.parametrize(
    "said",
    [
        {"algorithm": "aws:kms", "kmsKeyARN": KEY, "bucketKey": True},
        {"algorithm": "aws:kms:dsse", "kmsKeyARN": KEY.replace("arn:aws:", "arn:aws-us-gov:")},
        {"algorithm": "aws:kms", "kmsKeyARN": "arn:aws-cn:kms:cn-north-1:111122223333:alias/media"},
        {"blockedEncryptionTypes": []},
        {"blockedEncryptionTypes": ["SSE-C"]},
    ],
)
def test_an_encryption_that_can_be_is_taken(said: Any) -> None:
    value = Encryption.model_validate(said)
    assert value.model_dump(mode="json", by_alias=True, exclude_unset=True) == said


@pytest.mark.parametrize("model", [Encryption, Tags])
def test_rules_of_the_schema_say_the_same_as_the_model(model: type[Slice]) -> None:
    wrong: dict[type[Slice], list[Any]] = {
        Encryption: [{"kmsKeyARN": KEY}, {"bucketKey": True}],
        Tags: [{str(n): "" for n in range(50)}, {"aws:x": ""}],
    }
    for said, rule in zip(wrong[model], model.rules, strict=True):
        with pytest.raises(ValidationError, match=re.escape(rule.message)):
            model.model_validate(said)


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ({"": "x"}, "at least 1 character"),
        ({"k" * 129: "x"}, "at most 128 characters"),
        ({"k": "v" * 257}, "at most 256 characters"),
        ({"aws:cloudformation:stack": "x"}, "are reserved"),
        ({OWNER_TAG: "me"}, "are reserved"),
        ({RETAINED_TAG: "me"}, "are reserved"),
        ({str(n): "" for n in range(50)}, "at most 49 tags"),
    ],
)
def test_tags_that_cannot_be_are_refused_with_a_sentence(said: Any, sentence: str) -> None:
    with pytest.raises(ValidationError, match=sentence):
        Tags.model_validate(said)


def test_tags_at_the_limits_are_taken() -> None:
    said = {"k" * 128: "v" * 256, "empty": "", **{str(n): "" for n in range(47)}}
    assert len(Tags.model_validate(said).entries) == 49


def test_the_marks_of_a_bucket_are_its_tags() -> None:
    presence = BucketPresence(region="eu-central-1", owner="me")
    assert presence.marks() == {OWNER_TAG: "me"}
    assert presence.released().marks() == {RETAINED_TAG: "me"}
    assert BucketPresence(region="eu-central-1").marks() == {}


# How answers are read


def encrypted(algorithm: str, inner: str = "", outer: str = "") -> str:
    default = f"<SSEAlgorithm>{algorithm}</SSEAlgorithm>{inner}"
    rule = f"<ApplyServerSideEncryptionByDefault>{default}</ApplyServerSideEncryptionByDefault>{outer}"
    return f"<ServerSideEncryptionConfiguration><Rule>{rule}</Rule></ServerSideEncryptionConfiguration>"


def key(name: str) -> str:
    return f"<KMSMasterKeyID>{name}</KMSMasterKeyID>"


def blocked(kind: str) -> str:
    return f"<BlockedEncryptionTypes><EncryptionType>{kind}</EncryptionType></BlockedEncryptionTypes>"


ON = "<BucketKeyEnabled>true</BucketKeyEnabled>"
AWS_KEY = "arn:aws:kms:eu-central-1:111122223333:alias/aws/s3"
OWNERSHIP = (
    "<OwnershipControls><Rule><ObjectOwnership>ObjectWriter</ObjectOwnership></Rule></OwnershipControls>"
)
HALF_BLOCK = (
    "<PublicAccessBlockConfiguration><BlockPublicAcls>true</BlockPublicAcls></PublicAccessBlockConfiguration>"
)


@pytest.mark.parametrize(
    ("facet", "answer", "found"),
    [
        ("versioning", Answer(200, "<VersioningConfiguration/>"), Versioning(enabled=False)),
        ("versioning", Answer(200), Versioning(enabled=True)),
        ("acceleration", Answer(200, "<AccelerateConfiguration/>"), Acceleration(enabled=False)),
        (
            "acceleration",
            Answer(200, "<AccelerateConfiguration><Status>Suspended</Status></AccelerateConfiguration>"),
            Acceleration(enabled=False),
        ),
        ("ownershipControls", Answer(200, OWNERSHIP), OwnershipControls(object_ownership="ObjectWriter")),
        ("ownershipControls", Answer(404, refusal("OwnershipControlsNotFoundError")), ABSENT),
        (
            "publicAccessBlock",
            Answer(200, HALF_BLOCK),
            PublicAccessBlock(
                ignore_public_acls=False, block_public_policy=False, restrict_public_buckets=False
            ),
        ),
        ("publicAccessBlock", Answer(404, refusal("NoSuchPublicAccessBlockConfiguration")), ABSENT),
        ("encryption", Answer(200, encrypted("AES256")), Encryption(blocked_encryption_types=())),
        (
            "encryption",
            Answer(404, refusal("ServerSideEncryptionConfigurationNotFoundError")),
            Encryption(blocked_encryption_types=()),
        ),
        (
            "encryption",
            Answer(200, encrypted("aws:kms", key(AWS_KEY), ON)),
            Encryption(algorithm="aws:kms", bucket_key=True, blocked_encryption_types=()),
        ),
        (
            "encryption",
            Answer(200, encrypted("AES256", "", ON + blocked("SSE-C"))),
            Encryption(blocked_encryption_types=("SSE-C",)),
        ),
        (
            "encryption",
            Answer(200, encrypted("AES256", "", blocked("NONE"))),
            Encryption(blocked_encryption_types=()),
        ),
    ],
)
def test_an_answer_is_read_in_canonical_form(
    bucket: Target, aws: Loopback, facet: str, answer: Answer, found: Slice | Missing
) -> None:
    aws.answers = [answer]
    with bucket.translating():
        assert BUCKET.facet(facet).observe(bucket) == found
    assert [asked.method for asked in aws.asked] == ["GET"]


@pytest.mark.parametrize(
    ("answer", "fields"),
    [
        (
            encrypted("aws:kms", key(KEY_ID)),
            {"algorithm": "aws:kms", "kmsKeyARN": KEY_ID, "bucketKey": "false"},
        ),
        (
            encrypted("aws:kms", key("alias/media")),
            {"algorithm": "aws:kms", "kmsKeyARN": "alias/media", "bucketKey": "false"},
        ),
        (encrypted("aws:fsx"), {"algorithm": "aws:fsx", "bucketKey": "false"}),
        (
            encrypted("AES256", "", blocked("SSE-X")),
            {"algorithm": "AES256", "bucketKey": "false", "blockedEncryptionTypes": '["SSE-X"]'},
        ),
    ],
)
def test_an_encryption_that_spec_could_not_say_is_read_and_shown_as_it_is(
    bucket: Target, aws: Loopback, answer: str, fields: dict[str, str]
) -> None:
    aws.answers = [Answer(200, answer)]
    found = BUCKET.facet("encryption").observe(bucket)
    assert isinstance(found, Encryption)
    assert {"blockedEncryptionTypes": "[]", **fields} == found.fields()


def test_what_s3_fills_in_goes_back_as_it_came(bucket: Target, aws: Loopback) -> None:
    aws.answers = [Answer(200, encrypted("AES256", "", blocked("SSE-C"))), Answer(200, "")]
    facet = BUCKET.facet("encryption")
    found = facet.observe(bucket)
    facet.apply(bucket, Encryption(algorithm="aws:kms", kms_key_arn=KEY).completed(found), found)
    assert "<EncryptionType>SSE-C</EncryptionType>" in aws.asked[1].body
    assert f"<KMSMasterKeyID>{KEY}</KMSMasterKeyID>" in aws.asked[1].body


def test_to_block_nothing_is_said_to_s3_as_none(bucket: Target, aws: Loopback) -> None:
    aws.answers = [Answer(200, "")]
    BUCKET.facet("encryption").apply(bucket, Encryption(blocked_encryption_types=()), Encryption())
    assert "<EncryptionType>NONE</EncryptionType>" in aws.asked[0].body


def test_a_missing_bucket_is_no_missing_setting(bucket: Target, aws: Loopback) -> None:
    for facet in BUCKET.facets:
        if facet.name != "tags":
            aws.answers = [Answer(404, refusal("NoSuchBucket"))]
            with pytest.raises(Conflict), bucket.translating():
                facet.observe(bucket)


# The bucket itself, and its tags


def tagged(**tags: str) -> Answer:
    inner = "".join(f"<Tag><Key>{k}</Key><Value>{v}</Value></Tag>" for k, v in tags.items())
    return Answer(200, f"<ListTagsForResourceResult><Tags>{inner}</Tags></ListTagsForResourceResult>")


def test_the_tags_are_read_once_for_the_bucket_and_for_the_setting(bucket: Target, aws: Loopback) -> None:
    aws.answers = [Answer(200), tagged(**{OWNER_TAG: "me", "team": "core", "aws:stack": "s"})]
    assert BUCKET.root.observe(bucket) == BucketPresence(region="eu-central-1", owner="me")
    assert BUCKET.facet("tags").observe(bucket) == Tags(entries={"team": "core"})
    assert [asked.method for asked in aws.asked] == ["HEAD", "GET"]


@pytest.mark.parametrize("answers", [[Answer(404)], [Answer(200), Answer(404, wrapped("NoSuchBucket"))]])
def test_a_bucket_that_is_not_there_or_no_longer_is_absent(
    bucket: Target, aws: Loopback, answers: list[Answer]
) -> None:
    aws.answers = answers
    assert BUCKET.root.observe(bucket) is ABSENT


@pytest.mark.parametrize(("region", "named"), [("eu-central-1", ["eu-central-1"]), ("us-east-1", [])])
def test_a_bucket_is_made_with_its_owner_and_tags_and_us_east_1_is_never_named(
    bucket: Target, aws: Loopback, region: str, named: list[str]
) -> None:
    aws.answers = [Answer(200, "")]
    wanted = BucketPresence(region=region, owner="me")
    BUCKET.root.create(bucket, wanted, {"tags": Tags(entries={"team": "core"})})
    (asked,) = aws.asked
    assert (asked.method, asked.path) == ("PUT", "/media")
    assert re.findall(r"<Key>(.*?)</Key><Value>(.*?)</Value>", asked.body) == [
        (OWNER_TAG, "me"),
        ("team", "core"),
    ]
    assert re.findall(r"<LocationConstraint>(.*?)<", asked.body) == named


def test_of_tags_only_what_differs_is_set_and_only_what_was_ours_is_dropped(
    bucket: Target, aws: Loopback
) -> None:
    aws.answers = [Answer(204, ""), Answer(204, "")]
    before, after = Tags(entries={"a": "1", "b": "2", "c": "3"}), Tags(entries={"b": "2", "c": "4", "d": ""})
    BUCKET.facet("tags").apply(bucket, after, before)
    put, drop = aws.asked
    assert re.findall(r"<Key>(.*?)</Key>", put.body) == ["c", "d"]
    assert (drop.method, re.findall(r"tagKeys=(\w+)", drop.path)) == ("DELETE", ["a"])


def test_where_no_tag_differs_nothing_is_asked(bucket: Target, aws: Loopback) -> None:
    same = Tags(entries={"a": "1"})
    BUCKET.facet("tags").apply(bucket, same, same)
    assert aws.asked == []


def test_every_call_but_the_create_names_the_account_that_must_own_the_bucket(
    bucket: Target, aws: Loopback
) -> None:
    for member in BUCKET.members():
        bucket.forget()
        aws.answers = [Answer(200, "{}" if member.name in ("cloudFrontAccess", "transport") else "<A/>")] * 9
        with suppress(KeyError):
            member.observe(bucket)
        if member is not BUCKET.root:
            member.apply(bucket, generate.sample(member), ABSENT)
        if type(member).remove is not Facet.remove:
            member.remove(bucket, ABSENT)
    assert len(aws.asked) > 2 * len(BUCKET.facets)
    assert {asked.owner for asked in aws.asked} == {"111122223333"}


def test_a_bucket_that_was_removed_meanwhile_is_removed(bucket: Target, aws: Loopback) -> None:
    aws.answers = [Answer(404, refusal("NoSuchBucket"))]
    BUCKET.root.remove(bucket, BucketPresence(region="eu-central-1"))
    assert len(aws.asked) == 1


def test_the_key_of_an_encryption_is_passed_to_s3() -> None:
    assert list(Encryption(algorithm="aws:kms", kms_key_arn=KEY).passed()) == [("keys", KEY)]
    assert list(Encryption().passed()) == []
