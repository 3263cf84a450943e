"""Transfer Acceleration: whether uploads may enter AWS at the nearest edge location."""

from pydantic import Field

from headrace.aws.target import Target
from headrace.engine.facet import Facet, Permissions
from headrace.engine.slices import Missing, Slice
from headrace.resources.s3.bucket._common import whose
from headrace.resources.s3.regions import has_acceleration


class Acceleration(Slice):
    """Whether <bucket>.s3-accelerate.amazonaws.com answers, too. Regions without acceleration have it off."""

    enabled: bool = Field(True, description="Serve the bucket at the accelerated endpoint as well.")


class AccelerationFacet(Facet[Acceleration, Target]):
    """S3 has no way back to "never enabled": off means Suspended."""

    name = "acceleration"
    slice = Acceleration
    resting = Acceleration(enabled=False)
    default = Acceleration(enabled=True)
    initial = Acceleration(enabled=False)
    permissions = Permissions(
        read=frozenset({"s3:GetAccelerateConfiguration"}), write=frozenset({"s3:PutAccelerateConfiguration"})
    )

    def observe(self, target: Target) -> Acceleration | Missing:
        """Read the status; none at all means never enabled. Where there is none to be had, it is off."""
        if not has_acceleration(target.region):
            return Acceleration(enabled=False)
        answer = target.s3.get_bucket_accelerate_configuration(**whose(target))
        return Acceleration(enabled=answer.get("Status") == "Enabled")

    def apply(self, target: Target, after: Acceleration, before: Acceleration | Missing) -> None:
        """Enable or suspend."""
        target.s3.put_bucket_accelerate_configuration(
            **whose(target), AccelerateConfiguration={"Status": "Enabled" if after.enabled else "Suspended"}
        )
