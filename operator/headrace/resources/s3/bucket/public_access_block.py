"""The bucket's public access block: four switches against making its content public by mistake."""

from pydantic import Field

from headrace.aws.target import Target, absent_on
from headrace.engine.facet import Facet, Permissions
from headrace.engine.slices import ABSENT, Missing, Slice
from headrace.resources.s3.bucket._common import whose


class PublicAccessBlock(Slice):
    """What may not make the bucket, or objects in it, public."""

    block_public_acls: bool = Field(True, description="Refuse new ACLs that grant public access.")
    ignore_public_acls: bool = Field(True, description="Ignore ACLs that grant public access.")
    block_public_policy: bool = Field(True, description="Refuse bucket policies that grant public access.")
    restrict_public_buckets: bool = Field(
        True, description="Keep others than AWS services and the owner out while the policy is public."
    )


class PublicAccessBlockFacet(Facet[PublicAccessBlock, Target]):
    """Old buckets may have none at all."""

    name = "publicAccessBlock"
    slice = PublicAccessBlock
    default = PublicAccessBlock()
    # Since April 2023, by itself.
    initial = PublicAccessBlock()
    permissions = Permissions(
        read=frozenset({"s3:GetBucketPublicAccessBlock"}), write=frozenset({"s3:PutBucketPublicAccessBlock"})
    )

    def observe(self, target: Target) -> PublicAccessBlock | Missing:
        """Read the four switches."""
        with absent_on("NoSuchPublicAccessBlockConfiguration"):
            found = target.s3.get_public_access_block(**whose(target))["PublicAccessBlockConfiguration"]
            return PublicAccessBlock(
                block_public_acls=found.get("BlockPublicAcls", False),
                ignore_public_acls=found.get("IgnorePublicAcls", False),
                block_public_policy=found.get("BlockPublicPolicy", False),
                restrict_public_buckets=found.get("RestrictPublicBuckets", False),
            )
        return ABSENT

    def apply(self, target: Target, after: PublicAccessBlock, before: PublicAccessBlock | Missing) -> None:
        """Set all four switches."""
        target.s3.put_public_access_block(
            **whose(target),
            PublicAccessBlockConfiguration={
                "BlockPublicAcls": after.block_public_acls,
                "IgnorePublicAcls": after.ignore_public_acls,
                "BlockPublicPolicy": after.block_public_policy,
                "RestrictPublicBuckets": after.restrict_public_buckets,
            },
        )

    def remove(self, target: Target, before: PublicAccessBlock) -> None:
        """Take the block away: nothing is blocked any more."""
        target.s3.delete_public_access_block(**whose(target))
