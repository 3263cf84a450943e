"""The cache key, and how long objects are cached.

Source: "Understand cache policies" in the CloudFront Developer Guide, CachePolicyConfig in the API Reference.
"""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from headrace.engine.slices import Rule
from headrace.resources.cloudfront._choice import Choice, HeaderNames, Names
from headrace.resources.cloudfront._named import ConfigFacet, config_permissions
from headrace.resources.cloudfront._shapes import ShapedSlice
from headrace.resources.cloudfront.cache_policy._kind import KIND

_DAY, _YEAR, _LONGEST = 86_400, 31_536_000, 3_153_600_000
_KEY = "ParametersInCacheKeyAndForwardedToOrigin"

_ORDER = "minTTL is at most defaultTTL, and that is at most maxTTL"

TTL = Annotated[int, Field(ge=0, le=_LONGEST)]


class CacheHeaders(Choice):
    """Which headers are in the cache key, and in requests to the origin."""

    members: ClassVar[Mapping[str, str]] = {"behavior": "HeaderBehavior", "items": "Headers"}

    behavior: Literal["none", "whitelist"] = Field(description="none, or those in items (whitelist).")
    items: HeaderNames = Field((), description="The names of the headers; their case means nothing.")


class CacheCookies(Choice):
    """Which cookies are in the cache key, and in requests to the origin."""

    members: ClassVar[Mapping[str, str]] = {"behavior": "CookieBehavior", "items": "Cookies"}

    behavior: Literal["none", "whitelist", "allExcept", "all"] = Field(
        description="none, all, those in items (whitelist), or all but these (allExcept)."
    )
    items: Names = Field((), description="The names of the cookies.")


class CacheQueryStrings(Choice):
    """Which query strings are in the cache key, and in requests to the origin."""

    members: ClassVar[Mapping[str, str]] = {"behavior": "QueryStringBehavior", "items": "QueryStrings"}

    behavior: Literal["none", "whitelist", "allExcept", "all"] = Field(
        description="none, all, those in items (whitelist), or all but these (allExcept)."
    )
    items: Names = Field((), description="The names of the query strings.")


class CachePolicy(ShapedSlice):
    """What is in the cache key, and how long objects are cached."""

    members: ClassVar[Mapping[str, str]] = {
        "enable_accept_encoding_gzip": f"{_KEY}.EnableAcceptEncodingGzip",
        "enable_accept_encoding_brotli": f"{_KEY}.EnableAcceptEncodingBrotli",
        "headers": f"{_KEY}.HeadersConfig",
        "cookies": f"{_KEY}.CookiesConfig",
        "query_strings": f"{_KEY}.QueryStringsConfig",
    }
    unsaid: ClassVar[Mapping[str, Any]] = {
        "enable_accept_encoding_gzip": False,
        "enable_accept_encoding_brotli": False,
    }
    rules: ClassVar[tuple[Rule, ...]] = (
        Rule("!has(self.minTTL) || !has(self.defaultTTL) || self.minTTL <= self.defaultTTL", _ORDER),
        Rule("!has(self.defaultTTL) || !has(self.maxTTL) || self.defaultTTL <= self.maxTTL", _ORDER),
        Rule("!has(self.minTTL) || !has(self.maxTTL) || self.minTTL <= self.maxTTL", _ORDER),
    )

    comment: str = Field("", max_length=128, description="What the policy is for.")
    min_ttl: TTL = Field(
        0, description="How many seconds an object is cached at least, whatever the origin says."
    )
    default_ttl: TTL = Field(
        _DAY,
        description=(
            "How many seconds an object is cached of which the origin says nothing. Silent: a day, or what "
            "minTTL and maxTTL leave of that."
        ),
    )
    max_ttl: TTL = Field(
        _YEAR,
        description=(
            "How many seconds an object is cached at most, whatever the origin says. Silent: a year, or more "
            "where minTTL or defaultTTL is."
        ),
    )
    enable_accept_encoding_gzip: bool = Field(
        True, description="Cache objects compressed with Gzip by themselves. Silent with a maxTTL of 0: no."
    )
    enable_accept_encoding_brotli: bool = Field(
        True, description="Cache objects compressed with Brotli by themselves. Silent with a maxTTL of 0: no."
    )
    headers: CacheHeaders = Field(
        CacheHeaders(behavior="none"), description="Headers in the cache key, and in requests to the origin."
    )
    cookies: CacheCookies = Field(
        CacheCookies(behavior="none"), description="Cookies in the cache key, and in requests to the origin."
    )
    query_strings: CacheQueryStrings = Field(
        CacheQueryStrings(behavior="none"),
        description="Query strings in the cache key, and in requests to the origin.",
    )

    @model_validator(mode="before")
    @classmethod
    def _fill_in(cls, value: Any) -> Any:
        """What is silent follows from what is said."""
        if not isinstance(value, dict):
            return value
        given = {_FIELDS.get(name, name): each for name, each in value.items()}
        least, default, most = (given.get(name) for name in ("min_ttl", "default_ttl", "max_ttl"))
        numbers = [each for each in (least, default, most) if each is not None]
        if not all(isinstance(each, int) for each in numbers):
            return given
        if most is None:
            given["max_ttl"] = max(_YEAR, *numbers) if numbers else _YEAR
        if default is None:
            given["default_ttl"] = max(least or 0, min(_DAY, given["max_ttl"]))
        if given["max_ttl"] == 0:
            given = {"enable_accept_encoding_gzip": False, "enable_accept_encoding_brotli": False, **given}
        return given

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if not self.min_ttl <= self.default_ttl <= self.max_ttl:
            raise ValueError(_ORDER)
        return self


_FIELDS = {field.alias or name: name for name, field in CachePolicy.model_fields.items()}


class ConfigurationFacet(ConfigFacet[CachePolicy]):
    """All of the policy but its name."""

    name = "config"
    slice = CachePolicy
    kind = KIND
    resting = CachePolicy()
    permissions = config_permissions(KIND)
