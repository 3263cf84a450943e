"""Values of the parts of a distribution, valid by construction, and documents as CloudFront gives them."""

from typing import Any

from hypothesis import strategies as st

from headrace.resources.cloudfront.distribution._cache_behavior import Behavior, PathBehavior
from headrace.resources.cloudfront.distribution.behaviors import Behaviors
from headrace.resources.cloudfront.distribution.error_responses import ErrorResponse, ErrorResponses
from headrace.resources.cloudfront.distribution.geo_restriction import GeoRestriction
from headrace.resources.cloudfront.distribution.logging import Logging
from headrace.resources.cloudfront.distribution.viewer_certificate import ViewerCertificate
from headrace.resources.cloudfront.distribution.viewer_mtls import ViewerMTLS
from headrace.resources.models import M

ALL = ["GET", "HEAD", "OPTIONS", "PUT", "PATCH", "POST", "DELETE"]
LETTERS = st.characters(codec="ascii", categories=("L", "N"))
NAMES = st.text(LETTERS, min_size=1, max_size=8)
LISTS = st.lists(NAMES, max_size=3)
SECONDS = st.integers(0, 10**6)
ORIGINS = st.sampled_from(("media", "api"))
# Of AWS's own: CloudFront takes no id of a policy that is not there.
CACHE = ("658327ea-f89d-4fab-a63d-7e88639e58f6", "4135ea2d-6df8-44a3-9df3-4b5a84be39ad")
REQUEST = ("216adef6-5c7f-47e4-b989-5492eafa07d3", "b689b0a8-53d0-40ab-baf2-68738e2966ac")
HEADERS = ("67f7725c-6f97-4210-82d7-5512b31e9d03", "60669652-455b-4ae9-85a4-c4c02393f86c")
REQUESTS = ("viewer-request", "origin-request")
RESPONSES = ("viewer-response", "origin-response")


def some(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Return objects with any of these fields."""
    return st.fixed_dictionaries({}, optional=fields)


def made(model: type[M], raw: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[M]:
    """Return values of a model."""
    return raw.map(model.model_validate)


def _function(event: str) -> dict[str, Any]:
    return {"event": event, "functionARN": "arn:aws:cloudfront::111122223333:function/rewrite"}


def _lambda(event: str, number: int, body: bool) -> dict[str, Any]:
    arn = f"arn:aws:lambda:us-east-1:111122223333:function:sign:{number}"
    return {"event": event, "functionARN": arn, "includeBody": body and event in REQUESTS}


def _lambdas(events: tuple[str, ...]) -> st.SearchStrategy[list[dict[str, Any]]]:
    versions = st.tuples(st.integers(1, 99), st.booleans())
    chosen = st.dictionaries(st.sampled_from(events), versions)
    return chosen.map(lambda by: [_lambda(event, *version) for event, version in by.items()])


FUNCTIONS = st.one_of(
    st.fixed_dictionaries({"lambdas": _lambdas((*REQUESTS, *RESPONSES))}),
    st.fixed_dictionaries(
        {
            "functions": st.sets(st.sampled_from(("viewer-request", "viewer-response"))).map(
                lambda events: [_function(event) for event in events]
            ),
            "lambdas": _lambdas(("origin-request", "origin-response")),
        }
    ),
)
METHODS = st.one_of(
    some(allowedMethods=st.permutations(ALL[:3]), cachedMethods=st.permutations(ALL[:2])),
    st.fixed_dictionaries(
        {"allowedMethods": st.permutations(ALL), "cachedMethods": st.permutations(ALL[:3])},
        optional={"grpc": st.booleans(), "fieldLevelEncryptionID": NAMES},
    ),
)
COOKIES = st.one_of(
    some(forward=st.sampled_from(("none", "all"))),
    st.lists(NAMES, min_size=1, max_size=3).map(
        lambda names: {"forward": "whitelist", "whitelistedNames": names}
    ),
)
FORWARDED = st.one_of(
    some(cookies=COOKIES, headers=LISTS, queryString=st.booleans()),
    st.fixed_dictionaries({"queryString": st.just(True), "queryStringCacheKeys": LISTS}),
)
TTLS = st.lists(SECONDS, min_size=3, max_size=3).map(
    lambda ttls: dict(zip(("minTTL", "defaultTTL", "maxTTL"), sorted(ttls), strict=True))
)
CACHING = st.one_of(
    some(
        cachePolicyID=st.sampled_from(CACHE),
        originRequestPolicyID=st.sampled_from(REQUEST),
        responseHeadersPolicyID=st.sampled_from(HEADERS),
    ),
    st.tuples(FORWARDED, st.one_of(TTLS, some(defaultTTL=SECONDS), some(maxTTL=SECONDS))).map(
        lambda both: {"forwardedValues": both[0]} | both[1]
    ),
)
PLAIN = st.fixed_dictionaries(
    {"origin": ORIGINS},
    optional={
        "viewerProtocol": st.sampled_from(("https-only", "redirect-to-https")),
        "compress": st.booleans(),
        "trustedKeyGroups": LISTS,
        "trustedSigners": st.sets(st.sampled_from(("self", "111122223333"))).map(list),
        "realtimeLogARN": st.just("arn:aws:cloudfront::111122223333:realtime-log-config/all"),
        "smoothStreaming": st.booleans(),
    },
)


def _joined(parts: tuple[dict[str, Any], ...]) -> dict[str, Any]:
    return {name: value for part in parts for name, value in part.items()}


BEHAVIORS = st.tuples(PLAIN, METHODS, FUNCTIONS, CACHING).map(_joined)
DEFAULT_BEHAVIORS = made(Behavior, BEHAVIORS)
PATHS = st.lists(
    st.tuples(NAMES.map(lambda name: f"/{name}/*"), BEHAVIORS).map(lambda pair: {"path": pair[0]} | pair[1]),
    max_size=4,
    unique_by=lambda raw: str(raw["path"]),
).map(lambda raw: Behaviors(value=tuple(PathBehavior.model_validate(each) for each in raw)))
CODES = (400, 403, 404, 405, 414, 416, 500, 501, 502, 503, 504)
PAGES = st.fixed_dictionaries(
    {"responsePagePath": NAMES.map(lambda name: f"/{name}"), "responseCode": st.sampled_from((200, *CODES))}
)
ERRORS = st.dictionaries(
    st.sampled_from(CODES), st.tuples(st.one_of(st.just({}), PAGES), some(errorCachingMinTTL=SECONDS))
).map(
    lambda by: ErrorResponses(
        value=tuple(
            ErrorResponse.model_validate({"errorCode": code} | page | ttl) for code, (page, ttl) in by.items()
        )
    )
)
COUNTRIES = st.one_of(
    st.just(GeoRestriction()),
    made(
        GeoRestriction,
        st.fixed_dictionaries(
            {
                "type": st.sampled_from(("whitelist", "blacklist")),
                "locations": st.lists(st.sampled_from(("DE", "AT", "US")), min_size=1),
            }
        ),
    ),
)
CERTIFICATES = st.one_of(
    st.just(ViewerCertificate()),
    made(
        ViewerCertificate,
        st.fixed_dictionaries(
            {"certificateARN": NAMES.map("arn:aws:acm:us-east-1:111122223333:certificate/{}".format)},
            optional={"minimumProtocolVersion": st.sampled_from(("TLSv1", "TLSv1.3_2025"))},
        ),
    ),
    made(
        ViewerCertificate,
        st.fixed_dictionaries({"iamCertificateID": NAMES}, optional={"sslSupport": st.just("vip")}),
    ),
)
MTLS = st.one_of(
    st.just(ViewerMTLS(mode="passthrough")),
    made(
        ViewerMTLS,
        st.fixed_dictionaries(
            {"trustStoreID": NAMES, "mode": st.sampled_from(("required", "optional"))},
            optional={"advertiseTrustStoreCANames": st.booleans(), "ignoreCertificateExpiry": st.booleans()},
        ),
    ),
)
LOGS = st.one_of(
    st.just(Logging(enabled=False)),
    made(
        Logging,
        st.fixed_dictionaries(
            {"bucket": st.just("logs.s3.amazonaws.com")},
            optional={"prefix": NAMES, "includeCookies": st.booleans()},
        ),
    ),
)

_NONE = {"Quantity": 0}
LEGACY: dict[str, Any] = {
    "TargetOriginId": "media",
    "TrustedSigners": {"Enabled": True, "Quantity": 1, "Items": ["self"]},
    "TrustedKeyGroups": {"Enabled": True, "Quantity": 2, "Items": ["a", "b"]},
    "ViewerProtocolPolicy": "https-only",
    "AllowedMethods": {
        "Quantity": 3,
        "Items": ["GET", "HEAD", "OPTIONS"],
        "CachedMethods": {"Quantity": 3, "Items": ["GET", "HEAD", "OPTIONS"]},
    },
    "SmoothStreaming": True,
    "Compress": True,
    "LambdaFunctionAssociations": {
        "Quantity": 1,
        "Items": [{"LambdaFunctionARN": "l", "EventType": "origin-request", "IncludeBody": True}],
    },
    "FunctionAssociations": {
        "Quantity": 1,
        "Items": [{"FunctionARN": "f", "EventType": "viewer-request"}],
    },
    "FieldLevelEncryptionId": "C1",
    "RealtimeLogConfigArn": "r",
    "ResponseHeadersPolicyId": HEADERS[0],
    "GrpcConfig": {"Enabled": True},
    "ForwardedValues": {
        "QueryString": True,
        "Cookies": {"Forward": "whitelist", "WhitelistedNames": {"Quantity": 1, "Items": ["session"]}},
        "Headers": {"Quantity": 1, "Items": ["Accept"]},
        "QueryStringCacheKeys": {"Quantity": 1, "Items": ["q"]},
    },
    "MinTTL": 1,
    "DefaultTTL": 2,
    "MaxTTL": 3,
}
"""Everything that a behaviour can say, but for what goes in the place of legacy values."""

MODERN: dict[str, Any] = {
    "TargetOriginId": "media",
    "TrustedSigners": {"Enabled": False} | _NONE,
    "TrustedKeyGroups": {"Enabled": False} | _NONE,
    "ViewerProtocolPolicy": "redirect-to-https",
    "AllowedMethods": {
        "Quantity": 2,
        "Items": ["GET", "HEAD"],
        "CachedMethods": {"Quantity": 2, "Items": ["GET", "HEAD"]},
    },
    "SmoothStreaming": False,
    "Compress": True,
    "LambdaFunctionAssociations": _NONE,
    "FunctionAssociations": _NONE,
    "FieldLevelEncryptionId": "",
    "CachePolicyId": CACHE[0],
    "OriginRequestPolicyId": REQUEST[0],
    "GrpcConfig": {"Enabled": False},
}

DOCUMENT: dict[str, Any] = {
    "CallerReference": "uid",
    "DefaultCacheBehavior": LEGACY,
    "CacheBehaviors": {
        "Quantity": 2,
        "Items": [{"PathPattern": "/b/*"} | MODERN, {"PathPattern": "/a/*"} | LEGACY],
    },
    "CustomErrorResponses": {
        "Quantity": 2,
        "Items": [
            {"ErrorCode": 403, "ResponsePagePath": "", "ResponseCode": "", "ErrorCachingMinTTL": 5},
            {"ErrorCode": 404, "ResponsePagePath": "/4.html", "ResponseCode": "200", "ErrorCachingMinTTL": 0},
        ],
    },
    "Restrictions": {
        "GeoRestriction": {"RestrictionType": "whitelist", "Quantity": 2, "Items": ["AT", "DE"]}
    },
    "ViewerCertificate": {
        "CloudFrontDefaultCertificate": False,
        "ACMCertificateArn": "a",
        "SSLSupportMethod": "sni-only",
        "MinimumProtocolVersion": "TLSv1.2_2021",
    },
    "ViewerMtlsConfig": {
        "Mode": "optional",
        "TrustStoreConfig": {
            "TrustStoreId": "t",
            "AdvertiseTrustStoreCaNames": True,
            "IgnoreCertificateExpiry": True,
        },
    },
    "Logging": {"Enabled": True, "IncludeCookies": True, "Bucket": "logs.s3.amazonaws.com", "Prefix": "cdn/"},
}
"""A distribution as CloudFront gives it; the deprecated members of its certificate are left out."""
