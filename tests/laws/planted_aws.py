"""Faults on purpose in the real world: copies of a bucket's facets, each wrong as in a hurry."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar

from pydantic import Field

from headrace.aws.target import Target
from headrace.engine.facet import Facet, Permissions, ResourceType
from headrace.engine.ownership import Presence
from headrace.engine.slices import ABSENT, Missing, Slice
from headrace.resources.registry import resource_type
from headrace.resources.s3.bucket.encryption import Encryption, EncryptionFacet
from headrace.resources.s3.bucket.ownership_controls import OwnershipControlsFacet
from headrace.resources.s3.bucket.presence import BucketPresence, PresenceFacet
from headrace.resources.s3.bucket.public_access_block import PublicAccessBlock, PublicAccessBlockFacet
from headrace.resources.s3.bucket.tags import TagsFacet
from headrace.resources.s3.bucket.versioning import Versioning, VersioningFacet
from headrace.resources.tagging import Tags
from tests.laws.aws_world import ME

BUCKET = resource_type("s3/bucket")


def bucket(*members: Facet[Any, Any]) -> ResourceType:
    """Return a bucket with these members, in the place of its own where those have the same name."""
    own = {member.name: member for member in BUCKET.members()}
    return ResourceType.of(BUCKET.name, {**own, **{member.name: member for member in members}})


# Facets that do something wrong


class MeddlingVersioning(VersioningFacet):
    """Puts things right while it looks at them."""

    def observe(self, target: Target) -> Versioning | Missing:
        found = super().observe(target)
        self.apply(target, Versioning(), found)
        return found


class IdleVersioning(VersioningFacet):
    """Says that it writes."""

    def apply(self, target: Target, after: Versioning, before: Versioning | Missing) -> None:
        super().observe(target)


class OnlyOnVersioning(VersioningFacet):
    """Knows how to enable and forgot how to suspend."""

    def apply(self, target: Target, after: Versioning, before: Versioning | Missing) -> None:
        super().apply(target, Versioning(enabled=True), before)


class SweepingVersioning(VersioningFacet):
    """Suspends versioning, and opens the bucket while it is at it."""

    def apply(self, target: Target, after: Versioning, before: Versioning | Missing) -> None:
        super().apply(target, after, before)
        if not after.enabled:
            target.s3.delete_public_access_block(Bucket=target.id)


class ForgetfulEncryption(EncryptionFacet):
    """Reads the algorithm and not the rest of the rule."""

    def observe(self, target: Target) -> Encryption | Missing:
        found = super().observe(target)
        return found if isinstance(found, Missing) else Encryption.model_construct(algorithm=found.algorithm)


class SweepingBlock(PublicAccessBlockFacet):
    """Takes the ownership controls away as well: ACLs, it says to itself, are all one."""

    def remove(self, target: Target, before: PublicAccessBlock) -> None:
        super().remove(target, before)
        OwnershipControlsFacet().remove(target, before=OwnershipControlsFacet.slice())


class GreedyBlock(PublicAccessBlockFacet):
    """Sets the ownership controls as well, though nobody asked for them."""

    def apply(self, target: Target, after: PublicAccessBlock, before: PublicAccessBlock | Missing) -> None:
        super().apply(target, after, before)
        OwnershipControlsFacet().apply(target, OwnershipControlsFacet.slice(), ABSENT)


class GrabbingTags(TagsFacet):
    """Replaces all tags, and with them those of others and the owner's mark."""

    def apply(self, target: Target, after: Tags, before: Tags | Missing) -> None:
        target.s3.put_bucket_tagging(
            Bucket=target.id,
            Tagging={"TagSet": [{"Key": key, "Value": value} for key, value in after.entries.items()]},
        )


# Facets that declare something wrong


class QuietVersioning(VersioningFacet):
    """Makes a call that it does not declare."""

    permissions = Permissions(read=frozenset({"s3:GetBucketVersioning"}))


class AskingVersioning(VersioningFacet):
    """Asks for more than it says, once it looks."""

    def observe(self, target: Target) -> Versioning | Missing:
        target.s3.get_bucket_location(Bucket=target.id)
        return super().observe(target)


class WantingVersioning(VersioningFacet):
    """Declares a permission that it has no use for."""

    permissions = Permissions(
        read=frozenset({"s3:GetBucketVersioning", "s3:GetBucketLocation"}),
        write=frozenset({"s3:PutBucketVersioning"}),
    )


# Facets that stand on another one


class LogDelivery(Slice):
    """Whether S3 may put access logs into the bucket by the ACL that was once made for that."""

    enabled: bool = Field(True, description="Let S3 deliver access logs here.")


class LogDeliveryFacet(Facet[LogDelivery, Target]):
    """Without a fault: a new bucket takes no ACL until its ownership controls let it."""

    name = "acl"
    slice = LogDelivery
    after: ClassVar[tuple[str, ...]] = ("ownershipControls",)
    resting = LogDelivery(enabled=False)
    initial = LogDelivery(enabled=False)
    permissions = Permissions(read=frozenset({"s3:GetBucketAcl"}), write=frozenset({"s3:PutBucketAcl"}))

    def observe(self, target: Target) -> LogDelivery | Missing:
        grants = target.s3.get_bucket_acl(Bucket=target.id)["Grants"]
        return LogDelivery(enabled=any("LogDelivery" in each["Grantee"].get("URI", "") for each in grants))

    def apply(self, target: Target, after: LogDelivery, before: LogDelivery | Missing) -> None:
        # A canned ACL that S3 takes for buckets, though its model leaves it out.
        acl: Any = "log-delivery-write" if after.enabled else "private"
        target.s3.put_bucket_acl(Bucket=target.id, ACL=acl)


class HastyLogDelivery(LogDeliveryFacet):
    """Forgets what it stands on; its name comes before that."""

    after: ClassVar[tuple[str, ...]] = ()


# Roots that do something wrong


class QuietPresence(PresenceFacet):
    """Makes buckets that carry tags and does not declare it; no name of a call tells."""

    permissions = replace(
        PresenceFacet.permissions, write=PresenceFacet.permissions.write - {"s3:TagResource"}
    )


class EagerPresence(PresenceFacet):
    """Says that nothing but making buckets needs the right to tag them."""

    permissions = replace(
        PresenceFacet.permissions, create=PresenceFacet.permissions.create | {"s3:TagResource"}
    )


class LateOwner(PresenceFacet):
    """Makes the bucket first and says whose it is in another call."""

    def create(self, target: Target, after: BucketPresence, carried: Mapping[str, Slice]) -> None:
        super().create(target, after.model_copy(update={"owner": None}), carried)
        self.apply(target, after, after)


class Trespasser(PresenceFacet):
    """Takes whatever is there for ours."""

    def observe(self, target: Target) -> BucketPresence | Missing:
        found = super().observe(target)
        return found.model_copy(update={"owner": ME}) if isinstance(found, Presence) else found


class Hoarder(PresenceFacet):
    """Says that it removed the bucket."""

    def remove(self, target: Target, before: BucketPresence) -> None:
        super().observe(target)
