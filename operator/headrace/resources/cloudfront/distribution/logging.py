"""Standard logging: the requests of viewers, written to a bucket."""

from typing import Annotated, Any, ClassVar, Self

from pydantic import BeforeValidator, Field, model_validator

from headrace.engine.document import Body
from headrace.engine.slices import Missing, Rule, Slice
from headrace.resources.cloudfront.distribution._member import DistributionLens
from headrace.resources.models import checked, none_for_empty

_MEMBER = "Logging"
_BUCKET = "logging needs a bucket"


class Logging(Slice):
    """Standard logging (legacy) of viewers' requests to a bucket, whose ACLs must be enabled."""

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule("(has(self.enabled) && !self.enabled) || has(self.bucket)", _BUCKET, ".bucket"),
    )

    enabled: bool = Field(True, description="Write logs.")
    bucket: Annotated[str | None, BeforeValidator(none_for_empty)] = Field(
        None,
        min_length=1,
        max_length=255,
        pattern=r"^[a-z0-9][a-z0-9.-]*\.s3[a-z0-9.-]*\.amazonaws\.com(\.cn)?$",
        description="The bucket's domain name, such as logs.s3.amazonaws.com.",
    )
    prefix: str = Field(
        "", max_length=256, pattern="^([^/].*)?$", description="How the keys of the logs begin."
    )
    include_cookies: bool = Field(False, description="Write the cookies of requests, too.")

    @model_validator(mode="after")
    def _has_a_bucket(self) -> Self:
        return checked(self, not self.enabled or self.bucket is not None, _BUCKET)


class LoggingLens(DistributionLens[Logging]):
    """Off is a value of its own: without a bucket."""

    name = "logging"
    slice = Logging
    resting = Logging(enabled=False)

    def get(self, body: Body) -> Logging | Missing:
        """Read it, unchecked."""
        found = body.get(_MEMBER, {})
        bucket = found.get("Bucket") or None
        values: dict[str, Any] = {
            # With a bucket, and a document that does not say, there are logs.
            "enabled": found.get("Enabled", bucket is not None),
            "bucket": bucket,
            "prefix": found.get("Prefix", ""),
            "include_cookies": found.get("IncludeCookies", False),
        }
        return Logging.model_construct(**values)

    def put(self, body: Body, value: Logging | Missing) -> Body:
        """Write it over the one that is there."""
        wanted = Logging(enabled=False) if isinstance(value, Missing) else value
        said = {
            "Enabled": wanted.enabled,
            "Bucket": wanted.bucket or "",
            "Prefix": wanted.prefix,
            "IncludeCookies": wanted.include_cookies,
        }
        return dict(body) | {_MEMBER: dict(body.get(_MEMBER, {})) | said}
