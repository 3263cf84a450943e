"""Whether the bucket exists, in which region, and whose it is. The owner tag travels in CreateBucket."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from headrace.aws.target import Target, absent_on
from headrace.engine.facet import Emptied, Permissions, Root
from headrace.engine.ownership import Presence
from headrace.engine.slices import ABSENT, KeyedSlice, Missing, Slice
from headrace.resources.s3.bucket._common import TAGGING, tags_of, whose
from headrace.resources.s3.bucket._emptying import empty

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import CreateBucketConfigurationTypeDef

# The one region that CreateBucket wants not to be named.
_UNNAMED_REGION = "us-east-1"


class BucketPresence(Presence):
    """That a bucket exists, in a region, for an owner."""

    region: str = Field(description="The region of the bucket; it can never change.")


class PresenceFacet(Root[BucketPresence, Target]):
    """The bucket itself."""

    name = "presence"
    slice = BucketPresence
    address = "arn:{partition}:s3:::{id}"
    fixed: ClassVar[tuple[str, ...]] = ("region",)
    carries: ClassVar[tuple[str, ...]] = ("tags",)
    granted_as = "buckets"
    # Bucket names are global: a 403 may mean somebody else's bucket, or no bucket and no s3:ListBucket.
    create_decides = True
    permissions = Permissions(
        read=frozenset({"s3:ListBucket", "s3:ListTagsForResource"}),
        write=frozenset({"s3:CreateBucket", "s3:DeleteBucket", "s3:TagResource", "s3:UntagResource"}),
        create=frozenset({"s3:CreateBucket"}),
        remove=frozenset({"s3:DeleteBucket"}),
        empty=frozenset(
            {
                "s3:AbortMultipartUpload",
                "s3:DeleteObject",
                "s3:DeleteObjectVersion",
                "s3:GetBucketObjectLockConfiguration",
                "s3:GetObjectLegalHold",
                "s3:GetObjectRetention",
                "s3:ListBucketMultipartUploads",
                "s3:ListBucketVersions",
            }
        ),
    )

    def observe(self, target: Target) -> BucketPresence | Missing:
        """Ask for the bucket, then for its tags."""
        with absent_on("404", "NoSuchBucket"):
            region = target.s3.head_bucket(**whose(target)).get("BucketRegion", target.region)
            if region != target.region:
                # Tags are read in the bucket's own region; that it is elsewhere says enough.
                return BucketPresence(region=region)
            tags = tags_of(target)
            return BucketPresence.of(tags, region=region)
        return ABSENT

    def create(self, target: Target, after: BucketPresence, carried: Mapping[str, Slice]) -> None:
        """Make the bucket with its owner, and with the tags that it is to have."""
        tags = dict(after.marks())
        for value in carried.values():
            tags.update(value.entries if isinstance(value, KeyedSlice) else {})
        configuration: CreateBucketConfigurationTypeDef = {
            "Tags": [{"Key": key, "Value": value} for key, value in sorted(tags.items())]
        }
        if after.region != _UNNAMED_REGION:
            configuration["LocationConstraint"] = after.region  # type: ignore[typeddict-item]  # any region
        target.s3.create_bucket(Bucket=target.id, CreateBucketConfiguration=configuration)

    def apply(self, target: Target, after: BucketPresence, before: BucketPresence | Missing) -> None:
        """Change whose the bucket is."""
        TAGGING.remark(target, after, before)

    def empty(self, target: Target, stop: Callable[[int], bool]) -> Emptied:
        """Delete all versions, delete markers and unfinished uploads."""
        return empty(target, stop)

    def remove(self, target: Target, before: BucketPresence) -> None:
        """Delete the bucket; S3 refuses unless it is empty."""
        with absent_on("NoSuchBucket"):
            target.s3.delete_bucket(**whose(target))
