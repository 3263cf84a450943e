"""Buckets as these tests want them, and the whole truth about one: its configuration, tags and content."""

import json
from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from sandbox.world import World

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

OWNER_TAG = "headrace.io/owner"
RETAINED_TAG = "headrace.io/retained-by"
OTHER_ACCOUNT = "111122223333"

ROOT_READS = ("HeadBucket", "ListTagsForResource")
"""What every look at a bucket reads."""
DEFAULT_READS = (
    "GetBucketAccelerateConfiguration",
    "GetBucketEncryption",
    "GetBucketOwnershipControls",
    "GetBucketPolicy",
    "GetPublicAccessBlock",
)
"""What a look reads beside that for the settings that have a default."""
FULL_READS = (
    *ROOT_READS,
    *DEFAULT_READS,
    "GetBucketLifecycleConfiguration",
    "GetBucketVersioning",
)

_READ = ("Get", "Head", "List")
_SUBRESOURCES = (
    "accelerate_configuration",
    "acl",
    "cors",
    "encryption",
    "lifecycle_configuration",
    "location",
    "logging",
    "notification_configuration",
    "ownership_controls",
    "policy",
    "replication",
    "versioning",
    "website",
)
# What no two runs have in common.
_OF_A_RUN = (
    "CallerReference",
    "CreationDate",
    "ETag",
    "LastModified",
    "VersionId",
    "lastTransitionTime",
    "time",
)


def full_spec(world: World, **more: Any) -> dict[str, Any]:
    """Return a spec that names every setting."""
    return {
        "bucketName": world.name(),
        "region": "eu-central-1",
        "acceleration": {"enabled": True},
        "versioning": {"enabled": True},
        "encryption": {"algorithm": "AES256"},
        "publicAccessBlock": {},
        "ownershipControls": {"objectOwnership": "BucketOwnerEnforced"},
        "tags": {"team": "shop"},
        "transport": {"tlsOnly": True, "minimumTLSVersion": "1.2"},
        "lifecycle": {"rules": [{"id": "tidy-up", "abortIncompleteUploadsAfterDays": 7}]},
        **more,
    }


def plain_spec(world: World, **more: Any) -> dict[str, Any]:
    """Return a spec that names nothing but the bucket."""
    return {"bucketName": world.name(), "region": "eu-central-1", **more}


def writes(operations: Iterable[str]) -> list[str]:
    """Return the operations that change something, in their order."""
    return [operation for operation in operations if not operation.startswith(_READ)]


def reads(operations: Iterable[str]) -> Counter[str]:
    """Count the operations that only look."""
    return Counter(operation for operation in operations if operation.startswith(_READ))


def tags(s3: "S3Client", bucket: str) -> dict[str, str]:
    """Return the tags of a bucket; none where it has none."""
    try:
        return {tag["Key"]: tag["Value"] for tag in s3.get_bucket_tagging(Bucket=bucket)["TagSet"]}
    except ClientError as error:
        if error.response["Error"].get("Code") != "NoSuchTagSet":
            raise
        return {}


def put_tags(s3: "S3Client", bucket: str, values: dict[str, str]) -> None:
    """Replace all tags of a bucket, as somebody with the console does."""
    tag_set: Any = [{"Key": key, "Value": value} for key, value in values.items()]
    s3.put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": tag_set})


def sids(s3: "S3Client", bucket: str) -> list[str]:
    """Return the Sids of a bucket's policy, in their order."""
    return [
        each.get("Sid", "") for each in json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"])["Statement"]
    ]


def names(s3: "S3Client") -> set[str]:
    """Return the names of all buckets of the account."""
    return {bucket["Name"] for bucket in s3.list_buckets()["Buckets"]}


def is_there(s3: "S3Client", bucket: str) -> bool:
    """Say whether there is such a bucket."""
    try:
        s3.head_bucket(Bucket=bucket)
    except ClientError as error:
        if error.response["Error"].get("Code") != "404":
            raise
        return False
    return True


def snapshot(s3: "S3Client", bucket: str) -> dict[str, Any]:
    """Return all that S3 tells of a bucket: each part of its configuration, or the code that says why not."""
    found = {name: answer(s3, f"get_bucket_{name}", bucket) for name in _SUBRESOURCES}
    found["public_access_block"] = answer(s3, "get_public_access_block", bucket)
    found["tagging"] = tags(s3, bucket)
    found["content"] = answer(s3, "list_object_versions", bucket)
    if isinstance(found["policy"], dict):
        found["policy"] = _unordered(found["policy"]["Policy"])
    return found


def _unordered(policy: str) -> dict[str, Any]:
    """Return a policy without the order of its statements, which means nothing."""
    document = json.loads(policy)
    statements = sorted(document["Statement"], key=lambda each: json.dumps(each, sort_keys=True))
    return {"Policy": json.dumps({**document, "Statement": statements})}


def timeless(found: Any) -> Any:
    """Return the same without its times and numbers, so that two runs can be compared."""
    if isinstance(found, dict):
        return {key: timeless(value) for key, value in found.items() if key not in _OF_A_RUN}
    return [timeless(value) for value in found] if isinstance(found, list) else found


def answer(s3: "S3Client", method: str, bucket: str) -> Any:
    """Return what S3 answers, or the code that says why not."""
    try:
        told = getattr(s3, method)(Bucket=bucket)
    except ClientError as error:
        return error.response["Error"].get("Code")
    return {key: value for key, value in told.items() if key != "ResponseMetadata"}
