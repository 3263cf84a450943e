"""What the facets of a bucket share: how a call names the bucket, and the one reading of its tags."""

from typing import TypedDict, cast

from headrace.aws.target import Target
from headrace.resources.tagging import Tagging


class Whose(TypedDict):
    """The bucket, and the account that must own it for S3 to carry out the call."""

    Bucket: str
    ExpectedBucketOwner: str


def whose(target: Target) -> Whose:
    """Name the bucket in a call, so that a namesake in another account is never touched."""
    return {"Bucket": target.id, "ExpectedBucketOwner": target.account_id}


def tags_of(target: Target) -> dict[str, str]:
    """Return all tags of the bucket; read once for all facets of a look.

    Tags are read and written by key through S3 Control: PutBucketTagging would replace those of others, and
    is refused where a bucket has attribute-based access control.
    """
    return cast(dict[str, str], target.share("tags", lambda: _read_tags(target)))


def _read_tags(target: Target) -> dict[str, str]:
    answer = target.s3control.list_tags_for_resource(AccountId=target.account_id, ResourceArn=target.arn)
    return {tag["Key"]: tag.get("Value", "") for tag in answer.get("Tags", [])}


def _put(target: Target, tags: dict[str, str]) -> None:
    """Set these tags and leave all others as they are. No tags: no call."""
    if tags:
        target.s3control.tag_resource(
            AccountId=target.account_id,
            ResourceArn=target.arn,
            Tags=[{"Key": key, "Value": value} for key, value in sorted(tags.items())],
        )


def _drop(target: Target, keys: set[str]) -> None:
    """Remove the tags with these keys. No keys: no call."""
    if keys:
        target.s3control.untag_resource(
            AccountId=target.account_id, ResourceArn=target.arn, TagKeys=sorted(keys)
        )


TAGGING = Tagging(tags_of, _put, _drop)
"""How S3 tags buckets."""
