"""Whether old versions of objects are kept. S3 has no way back to "never enabled": off means Suspended."""

from pydantic import Field

from headrace.aws.target import Target
from headrace.engine.facet import Facet, Permissions
from headrace.engine.slices import Missing, Slice
from headrace.resources.s3.bucket._common import whose


class Versioning(Slice):
    """Whether S3 keeps the versions of objects that are overwritten or deleted."""

    enabled: bool = Field(True, description="Keep every version of every object.")


class VersioningFacet(Facet[Versioning, Target]):
    """Silence leaves versioning as it is: it costs storage, and only people know whether it is worth it."""

    name = "versioning"
    slice = Versioning
    resting = Versioning(enabled=False)
    initial = Versioning(enabled=False)
    permissions = Permissions(
        read=frozenset({"s3:GetBucketVersioning"}), write=frozenset({"s3:PutBucketVersioning"})
    )

    def observe(self, target: Target) -> Versioning | Missing:
        """Read the status; none at all means never enabled."""
        return Versioning(enabled=target.s3.get_bucket_versioning(**whose(target)).get("Status") == "Enabled")

    def apply(self, target: Target, after: Versioning, before: Versioning | Missing) -> None:
        """Enable or suspend."""
        target.s3.put_bucket_versioning(
            **whose(target), VersioningConfiguration={"Status": "Enabled" if after.enabled else "Suspended"}
        )
