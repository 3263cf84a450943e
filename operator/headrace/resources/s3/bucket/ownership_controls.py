"""Who owns the objects that others put into the bucket, and whether ACLs count at all."""

from typing import Literal

from pydantic import Field

from headrace.aws.target import Target, absent_on
from headrace.engine.facet import Facet, Permissions
from headrace.engine.slices import ABSENT, Missing, Slice
from headrace.resources.s3.bucket._common import whose


class OwnershipControls(Slice):
    """The owner of new objects."""

    object_ownership: Literal["BucketOwnerEnforced", "BucketOwnerPreferred", "ObjectWriter"] = Field(
        "BucketOwnerEnforced",
        description=(
            "BucketOwnerEnforced: the bucket's owner owns everything, and ACLs are off. "
            "BucketOwnerPreferred: uploads with the ACL bucket-owner-full-control are the bucket owner's. "
            "ObjectWriter: they stay the uploader's."
        ),
    )


class OwnershipControlsFacet(Facet[OwnershipControls, Target]):
    """Old buckets may have none, which works like ObjectWriter."""

    name = "ownershipControls"
    slice = OwnershipControls
    default = OwnershipControls()
    # Since April 2023, by itself.
    initial = OwnershipControls()
    permissions = Permissions(
        read=frozenset({"s3:GetBucketOwnershipControls"}), write=frozenset({"s3:PutBucketOwnershipControls"})
    )

    def observe(self, target: Target) -> OwnershipControls | Missing:
        """Read the one rule that there can be."""
        with absent_on("OwnershipControlsNotFoundError"):
            rules = target.s3.get_bucket_ownership_controls(**whose(target))["OwnershipControls"]["Rules"]
            return OwnershipControls(object_ownership=rules[0]["ObjectOwnership"])
        return ABSENT

    def apply(self, target: Target, after: OwnershipControls, before: OwnershipControls | Missing) -> None:
        """Set the one rule."""
        target.s3.put_bucket_ownership_controls(
            **whose(target), OwnershipControls={"Rules": [{"ObjectOwnership": after.object_ownership}]}
        )

    def remove(self, target: Target, before: OwnershipControls) -> None:
        """Take the rule away."""
        target.s3.delete_bucket_ownership_controls(**whose(target))
