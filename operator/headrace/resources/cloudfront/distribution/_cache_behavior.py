"""A behaviour as CloudFront has it, with its policies by id: read from the document, and written over it."""

from collections.abc import Mapping
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field, model_validator

from headrace.engine.slices import ApiModel, Slice, camel
from headrace.resources.cloudfront.distribution._associations import (
    FunctionAssociation,
    LambdaAssociation,
)
from headrace.resources.cloudfront.distribution._behavior import BehaviorFields, in_order_of_methods
from headrace.resources.cloudfront.distribution._kept import laid_over, relisted
from headrace.resources.cloudfront.distribution._legacy import Cookies, ForwardedValues, legacy_ttls
from headrace.resources.cloudfront.distribution._member import items
from headrace.resources.models import by_key, checked, in_order, none_for_empty

_ONE_WAY = "a behavior has either forwardedValues or policies"
_TTLS = ("min_ttl", "default_ttl", "max_ttl")
_BASIC = ["GET", "HEAD"]

PolicyID = Annotated[str | None, BeforeValidator(none_for_empty)]


class Behavior(BehaviorFields, Slice):
    """What CloudFront does with requests that no path of another behavior fits."""

    cache_policy_id: PolicyID = Field(None, max_length=64, description="Id of the cache policy.")
    origin_request_policy_id: PolicyID = Field(
        None, max_length=64, description="Id of the origin request policy."
    )
    response_headers_policy_id: PolicyID = Field(
        None, max_length=64, description="Id of the response headers policy."
    )

    @model_validator(mode="before")
    @classmethod
    def _filled_in(cls, value: Any) -> Any:
        """Fill in the TTLs that CloudFront fills in, so that a silent one is no difference."""
        if not isinstance(value, dict) or not value.keys() & {"forwardedValues", "forwarded_values"}:
            return value
        ttls = {camel(name): value.get(name, value.get(camel(name))) for name in _TTLS}
        said = {name: ttl for name, ttl in ttls.items() if ttl is not None}
        legacy = value.get("forwardedValues", value.get("forwarded_values"))
        # What is no number is for the fields' own validators to refuse.
        if legacy is None or not all(isinstance(ttl, int) for ttl in said.values()):
            return value
        return {key: each for key, each in value.items() if key not in _TTLS} | legacy_ttls(said)

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        by_policy = self.cache_policy_id is not None or self.origin_request_policy_id is not None
        return checked(self, self.forwarded_values is None or not by_policy, _ONE_WAY)


class WithPath(ApiModel):
    """Which requests a behaviour is for."""

    path: str = Field(
        min_length=1,
        max_length=255,
        pattern=r"^[a-zA-Z0-9_.*$/~\"'@:+&?-]+$",
        description="The path's pattern, such as /images/*.jpg: * for any characters, ? for exactly one.",
    )


class PathBehavior(Behavior, WithPath):
    """What CloudFront does with requests for a path. The first behavior whose path fits, counts."""


# From CloudFront


def read(told: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a behaviour by their names in Python, unchecked.

    Others may have written more than spec may say, and newer CloudFront more than we know.
    """
    methods = told.get("AllowedMethods", {})
    legacy = told.get("ForwardedValues")
    return {
        "origin": told.get("TargetOriginId", ""),
        "viewer_protocol": told.get("ViewerProtocolPolicy", "allow-all"),
        "allowed_methods": in_order_of_methods(methods.get("Items") or _BASIC),
        "cached_methods": in_order_of_methods(methods.get("CachedMethods", {}).get("Items") or _BASIC),
        "compress": told.get("Compress", False),
        "functions": by_key(map(_function, items(told.get("FunctionAssociations"))), "event"),
        "lambdas": by_key(map(_lambda, items(told.get("LambdaFunctionAssociations"))), "event"),
        "trusted_key_groups": _trusted(told, "TrustedKeyGroups"),
        "trusted_signers": _trusted(told, "TrustedSigners"),
        "field_level_encryption_id": told.get("FieldLevelEncryptionId") or None,
        "realtime_log_arn": told.get("RealtimeLogConfigArn") or None,
        "grpc": told.get("GrpcConfig", {}).get("Enabled", False),
        "smooth_streaming": told.get("SmoothStreaming", False),
        "forwarded_values": None if legacy is None else _forwarded(legacy),
        # Beside a cache policy they say nothing.
        **{name: None if legacy is None else told.get(member) for name, member in _TTL_MEMBERS.items()},
        "cache_policy_id": told.get("CachePolicyId") or None,
        "origin_request_policy_id": told.get("OriginRequestPolicyId") or None,
        "response_headers_policy_id": told.get("ResponseHeadersPolicyId") or None,
    }


_TTL_MEMBERS = {"min_ttl": "MinTTL", "default_ttl": "DefaultTTL", "max_ttl": "MaxTTL"}


def _trusted(told: Mapping[str, Any], member: str) -> tuple[str, ...]:
    return in_order(items(told.get(member))) if told.get(member, {}).get("Enabled") else ()


def _function(told: Mapping[str, Any]) -> FunctionAssociation:
    values: dict[str, Any] = {"event": told["EventType"], "function_arn": told["FunctionARN"]}
    return FunctionAssociation.model_construct(**values)


def _lambda(told: Mapping[str, Any]) -> LambdaAssociation:
    values: dict[str, Any] = {
        "event": told["EventType"],
        "function_arn": told["LambdaFunctionARN"],
        "include_body": told.get("IncludeBody", False),
    }
    return LambdaAssociation.model_construct(**values)


def _forwarded(told: Mapping[str, Any]) -> ForwardedValues:
    cookies = told.get("Cookies", {})
    of_cookies: dict[str, Any] = {
        "forward": cookies.get("Forward", "none"),
        "whitelisted_names": in_order(items(cookies.get("WhitelistedNames"))),
    }
    values: dict[str, Any] = {
        "query_string": told.get("QueryString", False),
        "query_string_cache_keys": in_order(items(told.get("QueryStringCacheKeys"))),
        "cookies": Cookies.model_construct(**of_cookies),
        "headers": in_order(items(told.get("Headers"))),
    }
    return ForwardedValues.model_construct(**values)


# To CloudFront


def written(value: Behavior, found: Mapping[str, Any]) -> dict[str, Any]:
    """Return a behaviour of the document made so; what we do not know of it stays.

    UpdateDistribution wants to be told also what is off, so all of it is said.
    """
    said = {
        "TargetOriginId": value.origin,
        "ViewerProtocolPolicy": value.viewer_protocol,
        "AllowedMethods": _allowed(value, found),
        "Compress": value.compress,
        "SmoothStreaming": value.smooth_streaming,
        "FunctionAssociations": _associations(value.functions, found, "FunctionAssociations"),
        "LambdaFunctionAssociations": _associations(value.lambdas, found, "LambdaFunctionAssociations"),
        "TrustedKeyGroups": _trusting(value.trusted_key_groups, found, "TrustedKeyGroups"),
        "TrustedSigners": _trusting(value.trusted_signers, found, "TrustedSigners"),
        "FieldLevelEncryptionId": value.field_level_encryption_id or "",
        "GrpcConfig": dict(found.get("GrpcConfig", {})) | {"Enabled": value.grpc},
        "RealtimeLogConfigArn": value.realtime_log_arn,
        "CachePolicyId": value.cache_policy_id,
        "OriginRequestPolicyId": value.origin_request_policy_id,
        "ResponseHeadersPolicyId": value.response_headers_policy_id,
        "ForwardedValues": _forwarding(value.forwarded_values, found.get("ForwardedValues", {})),
        "MinTTL": value.min_ttl,
        "DefaultTTL": value.default_ttl,
        "MaxTTL": value.max_ttl,
    }
    rest = {member: each for member, each in found.items() if member not in said}
    return rest | {member: each for member, each in said.items() if each is not None}


def _allowed(value: Behavior, found: Mapping[str, Any]) -> dict[str, Any]:
    here = found.get("AllowedMethods", {})
    allowed = relisted(found.get("AllowedMethods"), value.allowed_methods)
    return allowed | {"CachedMethods": relisted(here.get("CachedMethods"), value.cached_methods)}


def _associations(
    values: tuple[FunctionAssociation, ...] | tuple[LambdaAssociation, ...],
    found: Mapping[str, Any],
    member: str,
) -> dict[str, Any]:
    wanted = [_association(each) for each in values]
    return relisted(found.get(member), laid_over(items(found.get(member)), wanted, "EventType"))


def _association(value: FunctionAssociation | LambdaAssociation) -> dict[str, Any]:
    if isinstance(value, FunctionAssociation):
        return {"EventType": value.event, "FunctionARN": value.function_arn}
    return {
        "EventType": value.event,
        "LambdaFunctionARN": value.function_arn,
        "IncludeBody": value.include_body,
    }


def _trusting(values: tuple[str, ...], found: Mapping[str, Any], member: str) -> dict[str, Any]:
    return relisted(found.get(member), values) | {"Enabled": bool(values)}


def _forwarding(value: ForwardedValues | None, found: Mapping[str, Any]) -> dict[str, Any] | None:
    if value is None:
        return None
    return dict(found) | {
        "QueryString": value.query_string,
        "Cookies": _cookies(value.cookies, found.get("Cookies", {})),
        "Headers": relisted(found.get("Headers"), value.headers),
        "QueryStringCacheKeys": relisted(found.get("QueryStringCacheKeys"), value.query_string_cache_keys),
    }


def _cookies(value: Cookies, found: Mapping[str, Any]) -> dict[str, Any]:
    """Names go with a whitelist only: CloudFront wants them left out otherwise."""
    cookies = {member: each for member, each in found.items() if member != "WhitelistedNames"}
    cookies |= {"Forward": value.forward}
    if value.whitelisted_names:
        cookies["WhitelistedNames"] = relisted(found.get("WhitelistedNames"), value.whitelisted_names)
    return cookies
