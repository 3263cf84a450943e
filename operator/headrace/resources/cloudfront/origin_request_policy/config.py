"""What of a request of a viewer goes to the origin, beside what is in the cache key.

Source: "Understand origin request policies" in the CloudFront Developer Guide, OriginRequestPolicyConfig in
the API Reference.
"""

from collections.abc import Mapping
from typing import ClassVar, Literal

from pydantic import Field

from headrace.resources.cloudfront._choice import Choice, HeaderNames, Names
from headrace.resources.cloudfront._named import ConfigFacet, config_permissions
from headrace.resources.cloudfront._shapes import ShapedSlice
from headrace.resources.cloudfront.origin_request_policy._kind import KIND


class OriginRequestHeaders(Choice):
    """Which headers go to the origin."""

    members: ClassVar[Mapping[str, str]] = {"behavior": "HeaderBehavior", "items": "Headers"}

    behavior: Literal["none", "whitelist", "allViewer", "allViewerAndWhitelistCloudFront", "allExcept"] = (
        Field(
            description=(
                "none, those in items (whitelist), all of the viewer (allViewer), these and headers of "
                "CloudFront in items (allViewerAndWhitelistCloudFront), or all of the viewer but those in "
                "items (allExcept)."
            )
        )
    )
    items: HeaderNames = Field((), description="The names of the headers; their case means nothing.")


class OriginRequestCookies(Choice):
    """Which cookies go to the origin."""

    members: ClassVar[Mapping[str, str]] = {"behavior": "CookieBehavior", "items": "Cookies"}

    behavior: Literal["none", "whitelist", "all", "allExcept"] = Field(
        description="none, all, those in items (whitelist), or all but these (allExcept)."
    )
    items: Names = Field((), description="The names of the cookies.")


class OriginRequestQueryStrings(Choice):
    """Which query strings go to the origin."""

    members: ClassVar[Mapping[str, str]] = {"behavior": "QueryStringBehavior", "items": "QueryStrings"}

    behavior: Literal["none", "whitelist", "all", "allExcept"] = Field(
        description="none, all, those in items (whitelist), or all but these (allExcept)."
    )
    items: Names = Field((), description="The names of the query strings.")


class OriginRequestPolicy(ShapedSlice):
    """What of a request of a viewer goes to the origin, beside what is in the cache key."""

    members: ClassVar[Mapping[str, str]] = {
        "headers": "HeadersConfig",
        "cookies": "CookiesConfig",
        "query_strings": "QueryStringsConfig",
    }

    comment: str = Field("", max_length=128, description="What the policy is for.")
    headers: OriginRequestHeaders = Field(
        OriginRequestHeaders(behavior="none"), description="Headers in requests to the origin."
    )
    cookies: OriginRequestCookies = Field(
        OriginRequestCookies(behavior="none"), description="Cookies in requests to the origin."
    )
    query_strings: OriginRequestQueryStrings = Field(
        OriginRequestQueryStrings(behavior="none"), description="Query strings in requests to the origin."
    )


class ConfigurationFacet(ConfigFacet[OriginRequestPolicy]):
    """All of the policy but its name."""

    name = "config"
    slice = OriginRequestPolicy
    kind = KIND
    resting = OriginRequestPolicy()
    permissions = config_permissions(KIND)
