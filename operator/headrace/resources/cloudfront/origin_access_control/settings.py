"""Which requests to which type of origin CloudFront signs, and how.

Source: OriginAccessControlConfig in the CloudFront API Reference.
"""

from collections.abc import Mapping
from typing import ClassVar, Literal

from pydantic import Field

from headrace.resources.cloudfront._named import ConfigFacet, config_permissions
from headrace.resources.cloudfront._shapes import ShapedSlice
from headrace.resources.cloudfront.origin_access_control._kind import KIND


class Settings(ShapedSlice):
    """Which requests to which type of origin CloudFront signs, and how."""

    members: ClassVar[Mapping[str, str]] = {"origin_type": "OriginAccessControlOriginType"}

    description: str = Field("", max_length=256, description="What it is for.")
    origin_type: Literal["s3", "mediastore", "mediapackagev2", "lambda"] = Field(
        "s3", description="What the origin is."
    )
    signing_behavior: Literal["always", "never", "no-override"] = Field(
        "always",
        description=(
            "Which requests are signed: always, never, or those that have no Authorization header of the "
            "viewer (no-override)."
        ),
    )
    signing_protocol: Literal["sigv4"] = Field("sigv4", description="How requests are signed.")


class SettingsFacet(ConfigFacet[Settings]):
    """All of the origin access control but its name."""

    name = "settings"
    slice = Settings
    kind = KIND
    resting = Settings()
    permissions = config_permissions(KIND)
