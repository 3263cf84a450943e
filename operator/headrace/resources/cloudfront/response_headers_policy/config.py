"""Which headers CloudFront adds to responses, and which it takes out of them.

Source: "Understand response headers policies" in the CloudFront Developer Guide, ResponseHeadersPolicyConfig
in the API Reference.
"""

from collections.abc import Mapping
from typing import Annotated, ClassVar

from pydantic import AfterValidator, Field

from headrace.resources.cloudfront._choice import HeaderNames
from headrace.resources.cloudfront._named import ConfigFacet, config_permissions
from headrace.resources.cloudfront._shapes import ShapedSlice
from headrace.resources.cloudfront.response_headers_policy._headers import (
    Cors,
    CustomHeader,
    SecurityHeaders,
    ServerTiming,
)
from headrace.resources.cloudfront.response_headers_policy._kind import KIND
from headrace.resources.models import each_once

_MOST = 50
_TWICE = "each custom header is there once; the case of its name means nothing"


def _none_for_empty(headers: SecurityHeaders | None) -> SecurityHeaders | None:
    """To add no header of this kind is to say nothing of them."""
    return None if headers == SecurityHeaders() else headers


class ResponseHeadersPolicy(ShapedSlice):
    """Which headers CloudFront adds to responses, and which it takes out of them."""

    keyed_lists: ClassVar[Mapping[str, str]] = {"customHeaders": "header"}
    members: ClassVar[Mapping[str, str]] = {
        "cors": "CorsConfig",
        "security_headers": "SecurityHeadersConfig",
        "server_timing": "ServerTimingHeadersConfig",
        "custom_headers": "CustomHeadersConfig",
        "remove_headers": "RemoveHeadersConfig",
    }
    wrapped: ClassVar[Mapping[str, str]] = {"remove_headers": "Header"}

    comment: str = Field("", max_length=128, description="What the policy is for.")
    cors: Cors | None = Field(None, description="The headers of cross-origin resource sharing.")
    security_headers: Annotated[SecurityHeaders | None, AfterValidator(_none_for_empty)] = Field(
        None, description="Headers that protect viewers."
    )
    server_timing: ServerTiming | None = Field(
        None, description="Server-Timing, in which CloudFront tells how it served a response."
    )
    custom_headers: Annotated[tuple[CustomHeader, ...], AfterValidator(each_once("header", _TWICE))] = Field(
        (),
        max_length=_MOST,
        description="Headers that responses get, by their names.",
        json_schema_extra={"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["header"]},
    )
    remove_headers: HeaderNames = Field(
        (), description="Headers of the origin that responses do not have; the case means nothing."
    )


class ConfigurationFacet(ConfigFacet[ResponseHeadersPolicy]):
    """All of the policy but its name."""

    name = "config"
    slice = ResponseHeadersPolicy
    kind = KIND
    resting = ResponseHeadersPolicy()
    permissions = config_permissions(KIND)
