"""What a behaviour said before there were policies; CloudFront still takes it."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from headrace.engine.slices import ApiModel, Rule
from headrace.resources.models import checked, in_order

DAY = 86_400
YEAR = 365 * DAY
_COOKIES = "whitelistedNames goes with forward: whitelist, which needs at least one name"
_KEYS = "queryStringCacheKeys needs queryString: true"

Name = Annotated[str, Field(min_length=1, max_length=128)]
Names = Annotated[tuple[Name, ...], AfterValidator(in_order)]


class Cookies(ApiModel):
    """Which cookies go to the origin."""

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "(has(self.forward) && self.forward == 'whitelist') == "
            "(has(self.whitelistedNames) && size(self.whitelistedNames) > 0)",
            _COOKIES,
            ".whitelistedNames",
        ),
    )

    forward: Literal["none", "whitelist", "all"] = Field("none", description="Which cookies are forwarded.")
    whitelisted_names: Names = Field((), max_length=100, description="Their names, for whitelist only.")

    @model_validator(mode="after")
    def _names_for_whitelist(self) -> Self:
        return checked(self, (self.forward == "whitelist") == bool(self.whitelisted_names), _COOKIES)


class ForwardedValues(ApiModel):
    """What of a request goes to the origin and counts for the cache. Legacy: policies say it today."""

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "!has(self.queryStringCacheKeys) || size(self.queryStringCacheKeys) == 0 || "
            "(has(self.queryString) && self.queryString)",
            _KEYS,
            ".queryStringCacheKeys",
        ),
    )

    query_string: bool = Field(False, description="Forward the query string, and cache by it.")
    query_string_cache_keys: Names = Field(
        (), max_length=100, description="Cache by these parameters only. Empty: by the whole query string."
    )
    cookies: Cookies = Field(Cookies(), description="Which cookies are forwarded, and cached by.")
    headers: Names = Field(
        (), max_length=100, description="Headers that are forwarded, and cached by; * for all of them."
    )

    @model_validator(mode="after")
    def _keys_of_a_query(self) -> Self:
        return checked(self, self.query_string or not self.query_string_cache_keys, _KEYS)


def legacy_ttls(said: Mapping[str, int]) -> dict[str, int]:
    """Return minTTL, defaultTTL and maxTTL as CloudFront fills them in where some are silent."""
    least = said.get("minTTL", 0)
    usual = said.get("defaultTTL", max(least, min(DAY, said.get("maxTTL", DAY))))
    return {"minTTL": least, "defaultTTL": usual, "maxTTL": said.get("maxTTL", max(YEAR, usual, least))}
