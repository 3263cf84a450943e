"""Values for the parts of a distribution, as a user says them: CloudFront takes them only if they fit.

They also spare the laws to make up values: models as deep as these take seconds each.
"""

from collections.abc import Mapping
from typing import Any

from headrace.engine.facet import Facet
from headrace.engine.slices import Slice
from headrace.resources.registry import resource_type

# CachingOptimized, which AWS manages.
_CACHED = {"origin": "one", "cachePolicyID": "658327ea-f89d-4fab-a63d-7e88639e58f6"}
_ACL = "arn:aws:wafv2:us-east-1:111122223333:global/webacl/laws"


def _origin(name: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "domainName": f"{name}.laws.example", "custom": {}, **more}


def _group(*members: str, on: int) -> list[Any]:
    return [{"name": "both", "members": members, "failoverOn": [on]}]


_SAID: Mapping[str, tuple[Any, Any]] = {
    "aliases": (["a.laws.example"], ["*.laws.example", "b.laws.example"]),
    "anycastIPListID": ("aip_one", "aip_two"),
    "behaviors": (
        [{**_CACHED, "path": "/a/*"}, {**_CACHED, "path": "/b/*"}],
        [{**_CACHED, "path": "/b/*", "origin": "two"}],
    ),
    "cacheTagHeader": ("Cache-Tag", "X-Tag"),
    "comment": ("one", "two"),
    "connectionFunctionID": ("cf_one", "cf_two"),
    "continuousDeploymentPolicyID": ("policy-one", "policy-two"),
    "defaultBehavior": (_CACHED, {**_CACHED, "origin": "two", "viewerProtocol": "https-only"}),
    "defaultRootObject": ("index.html", "home.html"),
    "errorResponses": (
        [{"errorCode": 404, "errorCachingMinTTL": 5}],
        [{"errorCode": 403, "responsePagePath": "/403.html", "responseCode": 404}],
    ),
    "geoRestriction": (
        {"type": "whitelist", "locations": ["DE"]},
        {"type": "blacklist", "locations": ["FR", "US"]},
    ),
    "httpVersion": ("http2", "http3"),
    "logging": (
        {"bucket": "logs.s3.amazonaws.com"},
        {"bucket": "more.s3.amazonaws.com", "prefix": "a/", "includeCookies": True},
    ),
    "originGroups": (_group("one", "two", on=503), _group("two", "one", on=404)),
    "origins": (
        [_origin("one"), _origin("two")],
        [_origin("one", path="/media", shield="eu-central-1"), _origin("two")],
    ),
    "priceClass": ("PriceClass_100", "PriceClass_200"),
    "tags": ({"a": "1"}, {"b": "2"}),
    # CloudFront asks nobody whose certificate it is where it is one of IAM.
    "viewerCertificate": (
        {"iamCertificateID": "ASCA1"},
        {"iamCertificateID": "ASCA2", "minimumProtocolVersion": "TLSv1.2_2019"},
    ),
    "viewerMTLS": ({"trustStoreID": "ts_one"}, {"trustStoreID": "ts_two", "mode": "optional"}),
    "webACL": (f"{_ACL}/one", f"{_ACL}/two"),
}


def _pair(facet: Facet[Any, Any]) -> tuple[Slice, Slice]:
    first, second = (_slice(facet, said) for said in _SAID[facet.name])
    return first, second


def _slice(facet: Facet[Any, Any], said: Any) -> Slice:
    return facet.slice.model_validate(said)


DISTRIBUTION_SAMPLES: Mapping[type[Any], tuple[Slice, Slice]] = {
    type(facet): _pair(facet)
    for facet in resource_type("cloudfront/distribution").facets
    if facet.name in _SAID
}
"""By the facet; parts of which any value will do are not in here."""
