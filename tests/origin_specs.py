"""Specs of a distribution's origins and of it as a whole, good and bad, with what is said of the bad ones."""

from collections.abc import Mapping
from typing import Any, ClassVar

from headrace.engine.slices import Rule
from headrace.kinds.common import CommonSpec
from headrace.kinds.distribution.general import GeneralSpec
from headrace.kinds.distribution.origins import OriginsSpec

Spec = dict[str, Any]


class AnySpec(OriginsSpec, GeneralSpec, CommonSpec):
    """The fields that are tested."""

    rules: ClassVar[tuple[Rule, ...]] = (*CommonSpec.rules, *OriginsSpec.rules, *GeneralSpec.rules)


MEDIA: Spec = {"name": "media", "bucketRef": {"name": "media"}}
API: Spec = {"name": "api", "domainName": "api.example.com"}
FOREIGN: Spec = {"name": "foreign", "domainName": "their.s3.eu-central-1.amazonaws.com", "s3": True}
INNER: Spec = {"name": "inner", "vpcOrigin": {"id": "vo_1", "domainName": "lb.example.com"}}
GROUP: Spec = {"name": "ha", "members": ["media", "api"], "failoverOn": [500, 502, 503, 504]}
VPC_ARN = "arn:aws:cloudfront::111122223333:vpcorigin/vo_1"
CERTIFICATE = "arn:aws:acm:us-east-1:111122223333:certificate/1"


def header(name: str, **said: Any) -> Spec:
    """Return an origin with this header."""
    return origins({**API, "customHeaders": [{"name": name, **said}]})


def from_secret(name: str, key: str) -> Spec:
    """Return where the value of a header comes from."""
    return {"valueFrom": {"secretKeyRef": {"name": name, "key": key}}}


def origins(*said: Mapping[str, Any], **more: Any) -> Spec:
    """Return a spec with these origins."""
    return {"origins": [dict(each) for each in said], **more}


GOOD: dict[str, Spec] = {
    "nothing": {},
    "a bucket of ours": origins(MEDIA),
    "a bucket of another namespace": origins({**MEDIA, "bucketRef": {"name": "media", "namespace": "shop"}}),
    "a web server": origins(API),
    "all of a web server": origins(
        {
            **API,
            "path": "/v1",
            "protocol": "match-viewer",
            "httpPort": 8080,
            "httpsPort": 8443,
            "tlsVersions": ["TLSv1.2", "TLSv1.1"],
            "readTimeout": 60,
            "keepaliveTimeout": 60,
            "responseCompletionTimeout": 90,
            "connectionAttempts": 1,
            "connectionTimeout": 5,
            "shield": "eu-central-1",
            "ipAddressType": "dualstack",
            "clientCertificateARN": CERTIFICATE,
            "accessControlID": "E1",
        }
    ),
    "a foreign bucket": origins(FOREIGN),
    "a foreign bucket, signed": origins({**FOREIGN, "accessControl": True}),
    "a foreign bucket, signed as before": origins({**FOREIGN, "accessControlID": "E1"}),
    "a legacy identity": origins({**FOREIGN, "accessIdentity": "origin-access-identity/cloudfront/E1"}),
    "a VPC origin by id": origins(INNER),
    "a VPC origin that is shared": origins(
        {**INNER, "vpcOrigin": {**INNER["vpcOrigin"], "ownerAccountID": "111122223333"}}
    ),
    "a VPC origin by ARN": origins({**INNER, "vpcOrigin": {"arn": VPC_ARN, "domainName": "lb.internal"}}),
    "a header": header("X-Origin-Key", value="s3cr3t"),
    "a header from a Secret": header("X-Origin-Key", **from_secret("origin-keys", "api")),
    "a group": origins(MEDIA, API, originGroups=[GROUP]),
    "a group by quality": origins(
        MEDIA, API, originGroups=[{**GROUP, "selectionCriteria": "media-quality-based"}]
    ),
    "a group of what is adopted": {"originGroups": [GROUP]},
    "no groups": origins(API, originGroups=[]),
    "all as a whole": {
        "aliases": ["cdn.example.com", "*.Example.com"],
        "comment": "Our shop",
        "enabled": False,
        "priceClass": "PriceClass_100",
        "httpVersion": "http2and3",
        "ipv6": False,
        "defaultRootObject": "index.html",
        "webACL": "arn:aws:wafv2:us-east-1:111122223333:global/webacl/shop/1",
        "staging": True,
        "continuousDeploymentPolicyID": "p-1",
        "anycastIPListID": "aip-1",
        "cacheTagHeader": "Cache-Tag",
        "connectionFunctionID": "cf-1",
    },
    "none of what can be none": {
        "aliases": [],
        "comment": "",
        "defaultRootObject": "",
        "webACL": "",
        "anycastIPListID": "",
    },
}

_KINDS = "an origin has exactly one of bucketRef, domainName and vpcOrigin"
_SERVERS = "go with domainName only, and not with s3"
_VALUES = "a header has either value or valueFrom"
_THEIRS = "CloudFront does not let this header be added"
_TWO = "an origin group has two members: the first, and another one that takes over"
_PORTS = "httpPort and httpsPort are 80, 443 or 1024 to 65535"
_SIGNED = "requests are signed in one way"

# Where the two have words of their own, those of the API server come second.
BAD: dict[str, tuple[Spec, str] | tuple[Spec, str, str]] = {
    "no origin": ({"origins": []}, "at least 1 item", "at least 1 items"),
    "a name twice": (
        origins(API, MEDIA, API),
        "each origin has a name of its own",
        "duplicate entries for key",
    ),
    "a place of no kind": (origins({"name": "media"}), _KINDS),
    "a place of two kinds": (origins({**MEDIA, **API}), _KINDS),
    "a bucket with a protocol": (origins({**MEDIA, "protocol": "http-only"}), _SERVERS),
    "a foreign bucket with ports": (origins({**FOREIGN, "httpPort": 80}), _SERVERS),
    "a VPC origin with TLS": (origins({**INNER, "tlsVersions": ["TLSv1.2"]}), _SERVERS),
    "a bucket that is kept alive": (origins({**MEDIA, "keepaliveTimeout": 5}), "does not go with a bucket"),
    "a bucketRef that is S3": (origins({**MEDIA, "s3": True}), "s3 and accessControlID go with domainName"),
    "a bucketRef with an id": (origins({**MEDIA, "accessControlID": "E1"}), "go with domainName only"),
    "a signed web server": (origins({**API, "accessControl": True}), "accessIdentity go with s3 only"),
    "two signatures": (origins({**FOREIGN, "accessControl": True, "accessControlID": "E1"}), _SIGNED),
    "a port below": (origins({**API, "httpPort": 81}), _PORTS),
    "a port between": (origins({**API, "httpsPort": 1023}), _PORTS),
    "a VPC origin without a name": (
        origins({"name": "inner", "vpcOrigin": {"domainName": "lb.internal"}}),
        "a VPC origin is named by either arn or id",
    ),
    "a VPC origin with two owners": (
        origins(
            {
                "name": "inner",
                "vpcOrigin": {"arn": VPC_ARN, "ownerAccountID": "1" * 12, "domainName": "lb.internal"},
            }
        ),
        "ownerAccountID goes with id",
    ),
    "a path without a slash": (origins({**API, "path": "img"}), "should match pattern", "should match"),
    "a path that ends in a slash": (
        origins({**API, "path": "/img/"}),
        "should match pattern",
        "should match",
    ),
    "a header without a value": (header("X-Key"), _VALUES),
    "a header with two values": (header("X-Key", value="a", **from_secret("b", "c")), _VALUES),
    "a header of CloudFront's": (header("X-Amz-Cf-Id", value="a"), _THEIRS),
    "a header of the viewer's": (header("Host", value="a"), _THEIRS),
    "a group of one": (origins(MEDIA, API, originGroups=[{**GROUP, "members": ["media"]}]), _TWO),
    "a group of one, twice": (origins(MEDIA, API, originGroups=[{**GROUP, "members": ["api"] * 2}]), _TWO),
    "a group of strangers": (
        origins(MEDIA, originGroups=[GROUP]),
        "the members of an origin group must be names of origins",
    ),
    "a group like an origin": (
        origins(MEDIA, API, originGroups=[{**GROUP, "name": "api"}]),
        "an origin group cannot be called like an origin",
    ),
    "a group twice": (
        origins(MEDIA, API, originGroups=[GROUP, GROUP]),
        "each origin group has a name of its own",
        "duplicate entries for key",
    ),
    "a group for success": (
        origins(MEDIA, API, originGroups=[{**GROUP, "failoverOn": [200]}]),
        "Input should be 400",
        "Unsupported value: 200",
    ),
    "an alias that is no name": ({"aliases": ["cdn"]}, "should match pattern", "should match"),
    "a root object with a slash": (
        {"defaultRootObject": "/index.html"},
        "should match pattern",
        "should match",
    ),
}
