"""One cache behaviour: its fields in canonical form, and the rules across them.

Sources: CacheBehavior in the CloudFront API Reference; "Restrictions on all edge functions", "Using gRPC with
CloudFront distributions" and "Use field-level encryption" in the CloudFront Developer Guide.
"""

from collections.abc import Callable, Iterable
from typing import Annotated, ClassVar, Final, Literal, Protocol, Self, TypeVar

from pydantic import AfterValidator, BeforeValidator, Field, model_validator
from pydantic.config import JsonDict

from headrace.engine.slices import ApiModel, Rule
from headrace.resources.cloudfront.distribution._associations import (
    ONCE,
    FunctionAssociation,
    LambdaAssociation,
)
from headrace.resources.cloudfront.distribution._legacy import DAY, YEAR, ForwardedValues, Names
from headrace.resources.models import checked, each_once, in_order, none_for_empty, ranked

# In the order in which CloudFront's own documentation has them.
METHODS = ("GET", "HEAD", "OPTIONS", "PUT", "PATCH", "POST", "DELETE")
Method = Literal["GET", "HEAD", "OPTIONS", "PUT", "PATCH", "POST", "DELETE"]
MOST_BEHAVIORS = 75
"""CloudFront's own quota for a distribution; AWS raises it on request."""
_LONGEST = 100 * YEAR
_BY_EVENT: Final[JsonDict] = {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["event"]}
_SET: Final[JsonDict] = {"x-kubernetes-list-type": "set"}

_SOME_METHODS = "allowedMethods is GET and HEAD, or these and OPTIONS, or all seven methods"
_SOME_CACHED = "cachedMethods is GET and HEAD, or these and OPTIONS"
_CACHED_ALLOWED = "cachedMethods must be among allowedMethods: OPTIONS is not"
_VIEWER_EVENTS = "functions and lambdas cannot both be on viewer events of one behavior"
_GRPC = "grpc needs POST among allowedMethods"
_FIELDS_METHODS = "fieldLevelEncryptionID needs POST and PUT among allowedMethods"
_FIELDS_HTTPS = "fieldLevelEncryptionID needs viewerProtocol https-only or redirect-to-https"
_TTLS_ARE_LEGACY = "minTTL, defaultTTL and maxTTL go with forwardedValues; else they are in the policy"
TTL_ORDER = "the TTLs are in order: minTTL is at most defaultTTL, and that is at most maxTTL"
_ALL_HEADERS = "minTTL must be 0 where all headers (*) are forwarded"
PATHS_ONCE = "each behavior has a path of its own"


def in_order_of_methods(values: Iterable[str]) -> tuple[str, ...]:
    """Return methods in the one order that they have, each once."""
    return tuple(sorted(set(values), key=ranked(METHODS)))


Seconds = Annotated[int, Field(ge=0, le=_LONGEST)]


class BehaviorFields(ApiModel):
    """What a behaviour says, but for its policies, which a spec names in another way than CloudFront does."""

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "!has(self.allowedMethods) || ('GET' in self.allowedMethods && 'HEAD' in self.allowedMethods && "
            "(size(self.allowedMethods) in [2, 7] || "
            "(size(self.allowedMethods) == 3 && 'OPTIONS' in self.allowedMethods)))",
            _SOME_METHODS,
            ".allowedMethods",
        ),
        Rule(
            "!has(self.cachedMethods) || ('GET' in self.cachedMethods && 'HEAD' in self.cachedMethods && "
            "(size(self.cachedMethods) == 2 || "
            "(size(self.cachedMethods) == 3 && 'OPTIONS' in self.cachedMethods)))",
            _SOME_CACHED,
            ".cachedMethods",
        ),
        Rule(
            "!has(self.cachedMethods) || !('OPTIONS' in self.cachedMethods) || "
            "(has(self.allowedMethods) && 'OPTIONS' in self.allowedMethods)",
            _CACHED_ALLOWED,
            ".cachedMethods",
        ),
        Rule(
            "!has(self.functions) || size(self.functions) == 0 || !has(self.lambdas) || "
            "!self.lambdas.exists(l, has(l.event) && l.event.startsWith('viewer-'))",
            _VIEWER_EVENTS,
            ".lambdas",
        ),
        Rule(
            "!has(self.grpc) || !self.grpc || (has(self.allowedMethods) && 'POST' in self.allowedMethods)",
            _GRPC,
            ".grpc",
        ),
        Rule(
            "!has(self.fieldLevelEncryptionID) || "
            "(has(self.allowedMethods) && 'POST' in self.allowedMethods && 'PUT' in self.allowedMethods)",
            _FIELDS_METHODS,
            ".fieldLevelEncryptionID",
        ),
        Rule(
            "!has(self.fieldLevelEncryptionID) || !has(self.viewerProtocol) || "
            "self.viewerProtocol != 'allow-all'",
            _FIELDS_HTTPS,
            ".viewerProtocol",
        ),
        Rule(
            "has(self.forwardedValues) || (!has(self.minTTL) && !has(self.defaultTTL) && !has(self.maxTTL))",
            _TTLS_ARE_LEGACY,
        ),
        Rule(
            "(!has(self.minTTL) || !has(self.defaultTTL) || self.minTTL <= self.defaultTTL) && "
            "(!has(self.defaultTTL) || !has(self.maxTTL) || self.defaultTTL <= self.maxTTL) && "
            "(!has(self.minTTL) || !has(self.maxTTL) || self.minTTL <= self.maxTTL)",
            TTL_ORDER,
        ),
        Rule(
            "!has(self.minTTL) || self.minTTL == 0 || !has(self.forwardedValues) || "
            "!has(self.forwardedValues.headers) || !('*' in self.forwardedValues.headers)",
            _ALL_HEADERS,
            ".minTTL",
        ),
    )

    origin: str = Field(
        min_length=1, max_length=128, description="The name of the origin, or group of origins, that answers."
    )
    viewer_protocol: Literal["allow-all", "https-only", "redirect-to-https"] = Field(
        "redirect-to-https", description="What becomes of requests over plain HTTP."
    )
    allowed_methods: Annotated[tuple[Method, ...], AfterValidator(in_order_of_methods)] = Field(
        ("GET", "HEAD"),
        max_length=7,
        json_schema_extra=_SET,
        description="Methods that are taken: GET and HEAD; these and OPTIONS; or all seven.",
    )
    cached_methods: Annotated[tuple[Method, ...], AfterValidator(in_order_of_methods)] = Field(
        ("GET", "HEAD"),
        max_length=3,
        json_schema_extra=_SET,
        description="Methods whose answers are cached: GET and HEAD, or these and OPTIONS.",
    )
    compress: bool = Field(
        True, description="Compress answers for viewers that take it, where the cache policy allows it."
    )
    functions: Annotated[tuple[FunctionAssociation, ...], AfterValidator(each_once("event", ONCE))] = Field(
        (), max_length=2, json_schema_extra=_BY_EVENT, description="CloudFront Functions, by their event."
    )
    lambdas: Annotated[tuple[LambdaAssociation, ...], AfterValidator(each_once("event", ONCE))] = Field(
        (), max_length=4, json_schema_extra=_BY_EVENT, description="Lambda@Edge functions, by their event."
    )
    trusted_key_groups: Names = Field(
        (),
        max_length=4,
        description="Ids of the key groups by which URLs or cookies must be signed.",
    )
    trusted_signers: Annotated[
        tuple[Annotated[str, Field(max_length=12, pattern="^([0-9]{12}|self)$")], ...],
        AfterValidator(in_order),
    ] = Field(
        (),
        max_length=5,
        description="Accounts that may sign, or self. Legacy: use trustedKeyGroups.",
    )
    field_level_encryption_id: Annotated[str | None, BeforeValidator(none_for_empty)] = Field(
        None, min_length=1, max_length=64, description="Id of the field-level encryption of posted fields."
    )
    realtime_log_arn: Annotated[str | None, BeforeValidator(none_for_empty)] = Field(
        None,
        max_length=256,
        pattern=r"^arn:aws[a-z-]*:cloudfront::[0-9]{12}:realtime-log-config/.+$",
        description="ARN of the real-time log configuration.",
    )
    grpc: bool = Field(False, description="Take gRPC requests, which needs POST and HTTP/2.")
    smooth_streaming: bool = Field(False, description="Serve Microsoft Smooth Streaming from this origin.")
    forwarded_values: ForwardedValues | None = Field(
        None, description="Legacy, in the place of a cache policy: what is forwarded, and cached by."
    )
    min_ttl: Seconds | None = Field(
        None, description="Legacy, with forwardedValues: cache for at least so many seconds. Silent: 0."
    )
    default_ttl: Seconds | None = Field(
        None,
        description=(
            "Legacy, with forwardedValues: cache for so many seconds where the origin does not say. "
            f"Silent: {DAY}, or the nearest that minTTL and maxTTL leave."
        ),
    )
    max_ttl: Seconds | None = Field(
        None,
        description=(
            "Legacy, with forwardedValues: cache for at most so many seconds. "
            f"Silent: {YEAR}, or defaultTTL or minTTL where that is more."
        ),
    )

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        for check, message in _CHECKS:
            checked(self, check(self), message)
        return self


def _cached_are_allowed(each: BehaviorFields) -> bool:
    return set(each.cached_methods) <= set(each.allowed_methods)


def _one_kind_for_viewers(each: BehaviorFields) -> bool:
    return not each.functions or not any(one.event.startswith("viewer-") for one in each.lambdas)


def _encrypts_what_is_posted(each: BehaviorFields) -> bool:
    return each.field_level_encryption_id is None or {"POST", "PUT"} <= set(each.allowed_methods)


def _encrypts_over_tls(each: BehaviorFields) -> bool:
    return each.field_level_encryption_id is None or each.viewer_protocol != "allow-all"


def _ttls_of(each: BehaviorFields) -> list[int]:
    return [ttl for ttl in (each.min_ttl, each.default_ttl, each.max_ttl) if ttl is not None]


def _has_no_stray_ttl(each: BehaviorFields) -> bool:
    return each.forwarded_values is not None or not _ttls_of(each)


def _asks_for_all_headers(each: BehaviorFields) -> bool:
    legacy = each.forwarded_values
    return legacy is None or "*" not in legacy.headers or not each.min_ttl


_CHECKS: tuple[tuple[Callable[[BehaviorFields], bool], str], ...] = (
    (lambda each: each.allowed_methods in (METHODS[:2], METHODS[:3], METHODS), _SOME_METHODS),
    (lambda each: each.cached_methods in (METHODS[:2], METHODS[:3]), _SOME_CACHED),
    (_cached_are_allowed, _CACHED_ALLOWED),
    (_one_kind_for_viewers, _VIEWER_EVENTS),
    (lambda each: not each.grpc or "POST" in each.allowed_methods, _GRPC),
    (_encrypts_what_is_posted, _FIELDS_METHODS),
    (_encrypts_over_tls, _FIELDS_HTTPS),
    (_has_no_stray_ttl, _TTLS_ARE_LEGACY),
    (lambda each: _ttls_of(each) == sorted(_ttls_of(each)), TTL_ORDER),
    (_asks_for_all_headers, _ALL_HEADERS),
)


class _WithPath(Protocol):
    @property
    def path(self) -> str: ...


B = TypeVar("B", bound=_WithPath)


def each_path_once(behaviors: tuple[B, ...]) -> tuple[B, ...]:
    """Return behaviours of which none has the path of another; a slash at the beginning says nothing.

    Raises:
        ValueError: two have the same path.
    """
    paths = [each.path.removeprefix("/") for each in behaviors]
    if twice := sorted({each.path for each in behaviors if paths.count(each.path.removeprefix("/")) > 1}):
        raise ValueError(f"{PATHS_ONCE}: {', '.join(twice)}")
    return behaviors
