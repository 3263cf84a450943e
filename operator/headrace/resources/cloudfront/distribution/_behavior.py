"""One cache behaviour: its fields in canonical form, and the rules across them.

Sources: CacheBehavior in the CloudFront API Reference; "Restrictions on all edge functions", "Using gRPC with
CloudFront distributions" and "Using field-level encryption" in the CloudFront Developer Guide.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Annotated, Any, ClassVar, Final, Literal, Protocol, Self, TypeVar

from pydantic import AfterValidator, BeforeValidator, Field, model_validator
from pydantic.config import JsonDict

from headrace.engine.slices import ApiModel, Rule

# In the order in which CloudFront's own documentation has them.
METHODS = ("GET", "HEAD", "OPTIONS", "PUT", "PATCH", "POST", "DELETE")
Method = Literal["GET", "HEAD", "OPTIONS", "PUT", "PATCH", "POST", "DELETE"]
MOST_BEHAVIORS = 75
"""CloudFront's own quota for a distribution; AWS raises it on request."""
_DAY = 86_400
_YEAR = 365 * _DAY
_LONGEST = 100 * _YEAR
_BY_EVENT: Final[JsonDict] = {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["event"]}
_SET: Final[JsonDict] = {"x-kubernetes-list-type": "set"}

_SOME_METHODS = "allowedMethods is GET and HEAD, or these and OPTIONS, or all seven methods"
_SOME_CACHED = "cachedMethods is GET and HEAD, or these and OPTIONS"
_CACHED_ALLOWED = "cachedMethods must be among allowedMethods: OPTIONS is not"
_ONCE = "each event may have one function"
_VIEWER_EVENTS = "functions and lambdas cannot both be on viewer events of one behavior"
_BODY = "includeBody is for viewer-request and origin-request: a response has no request body"
_EDGE_REGION = "lambdas are functions in us-east-1: CloudFront takes them from no other region"
_GRPC = "grpc needs POST among allowedMethods"
_FIELDS_METHODS = "fieldLevelEncryptionID needs POST and PUT among allowedMethods"
_FIELDS_HTTPS = "fieldLevelEncryptionID needs viewerProtocol https-only or redirect-to-https"
_TTLS_ARE_LEGACY = "minTTL, defaultTTL and maxTTL go with forwardedValues; else they are in the policy"
TTL_ORDER = "the TTLs are in order: minTTL is at most defaultTTL, and that is at most maxTTL"
_ALL_HEADERS = "minTTL must be 0 where all headers (*) are forwarded"
PATHS_ONCE = "each behavior has a path of its own"
_COOKIES = "whitelistedNames goes with forward: whitelist, which needs at least one name"
_KEYS = "queryStringCacheKeys needs queryString: true"


def in_order_of_methods(values: Iterable[str]) -> tuple[str, ...]:
    """Return methods in the one order that they have, each once."""
    rank = {name: place for place, name in enumerate(METHODS)}
    return tuple(sorted(set(values), key=lambda name: (rank.get(name, len(rank)), name)))


def in_order(values: Iterable[str]) -> tuple[str, ...]:
    """Return values sorted, each once: CloudFront gives their order no meaning."""
    return tuple(sorted(set(values)))


def none_for_empty(value: Any) -> Any:
    """Take nothing for what is empty: CloudFront answers an empty string."""
    return value or None


Name = Annotated[str, Field(min_length=1, max_length=128)]
Names = Annotated[tuple[Name, ...], AfterValidator(in_order)]
Seconds = Annotated[int, Field(ge=0, le=_LONGEST)]


class FunctionAssociation(ApiModel):
    """A CloudFront Function that runs on an event."""

    event: Literal["viewer-request", "viewer-response"] = Field(description="When the function runs.")
    function_arn: str = Field(
        max_length=128,
        pattern=r"^arn:aws[a-z-]*:cloudfront::[0-9]{12}:function/[a-zA-Z0-9_-]{1,64}$",
        description="ARN of the function, which is published.",
    )


class LambdaAssociation(ApiModel):
    """A Lambda@Edge function that runs on an event."""

    # The API server runs them where required fields are missing, too: one that fails to run is not forgiven.
    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "!has(self.includeBody) || !self.includeBody || !has(self.event) || "
            "self.event.endsWith('-request')",
            _BODY,
            ".includeBody",
        ),
        Rule(
            "!has(self.functionARN) || self.functionARN.contains(':lambda:us-east-1:')",
            _EDGE_REGION,
            ".functionARN",
        ),
    )

    event: Literal["viewer-request", "viewer-response", "origin-request", "origin-response"] = Field(
        description="When the function runs."
    )
    function_arn: str = Field(
        max_length=256,
        pattern=r"^arn:aws[a-z-]*:lambda:[a-z0-9-]+:[0-9]{12}:function:[a-zA-Z0-9_-]{1,64}:[0-9]+$",
        description="ARN of a version of the function in us-east-1; neither an alias nor $LATEST.",
    )
    include_body: bool = Field(False, description="Let the function read the body of the request.")

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        checked(self, not self.include_body or self.event.endswith("-request"), _BODY)
        return checked(self, ":lambda:us-east-1:" in self.function_arn, _EDGE_REGION)


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


A = TypeVar("A", FunctionAssociation, LambdaAssociation)


def by_event(associations: Iterable[A]) -> tuple[A, ...]:
    """Return associations in the one order that they have."""
    return tuple(sorted(associations, key=lambda each: each.event))


def _once(associations: tuple[A, ...]) -> tuple[A, ...]:
    if len({each.event for each in associations}) < len(associations):
        raise ValueError(_ONCE)
    return by_event(associations)


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
    functions: Annotated[tuple[FunctionAssociation, ...], AfterValidator(_once)] = Field(
        (), max_length=2, json_schema_extra=_BY_EVENT, description="CloudFront Functions, by their event."
    )
    lambdas: Annotated[tuple[LambdaAssociation, ...], AfterValidator(_once)] = Field(
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
            f"Silent: {_DAY}, or the nearest that minTTL and maxTTL leave."
        ),
    )
    max_ttl: Seconds | None = Field(
        None,
        description=(
            "Legacy, with forwardedValues: cache for at most so many seconds. "
            f"Silent: {_YEAR}, or defaultTTL or minTTL where that is more."
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

M = TypeVar("M", bound=ApiModel)


def checked(value: M, holds: bool, message: str) -> M:
    """Return the value if it holds; ValueError with the message if it does not."""
    if not holds:
        raise ValueError(message)
    return value


def legacy_ttls(said: Mapping[str, int]) -> dict[str, int]:
    """Return minTTL, defaultTTL and maxTTL as CloudFront fills them in where some are silent."""
    least = said.get("minTTL", 0)
    usual = said.get("defaultTTL", max(least, min(_DAY, said.get("maxTTL", _DAY))))
    return {"minTTL": least, "defaultTTL": usual, "maxTTL": said.get("maxTTL", max(_YEAR, usual, least))}


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
