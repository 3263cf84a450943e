"""Specs of how a distribution meets its viewers, good and bad, with what is said of the bad ones."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Self

from pydantic import Field, model_validator

from headrace.engine.slices import ApiModel, Rule
from headrace.kinds.common import CommonSpec
from headrace.kinds.distribution.behaviors import BehaviorsSpec
from headrace.kinds.distribution.certificate import CertificateSpec
from headrace.kinds.distribution.delivery import DeliverySpec
from headrace.resources.cloudfront.distribution._behavior import METHODS

Spec = dict[str, Any]
Short = Annotated[str, Field(max_length=128)]


class Origin(ApiModel):
    """As much of an origin as a behaviour has to know."""

    name: Short = Field(description="Its name.")
    domain_name: Short = Field(description="Where it is.")


class OriginGroup(ApiModel):
    """As much of an origin group."""

    name: Short = Field(description="Its name.")
    members: tuple[Short, ...] = Field(max_length=2, description="Its origins.")
    failover_on: tuple[int, ...] = Field(max_length=9, description="When the second one is asked.")


class AnySpec(BehaviorsSpec, DeliverySpec, CertificateSpec, CommonSpec):
    """The fields that are tested, and as much of the others as they have to know."""

    rules: ClassVar[tuple[Rule, ...]] = (
        *CommonSpec.rules,
        *BehaviorsSpec.rules,
        *DeliverySpec.rules,
        *CertificateSpec.rules,
    )

    aliases: tuple[Annotated[str, Field(max_length=253)], ...] | None = Field(
        None, max_length=100, description="Names."
    )
    origins: tuple[Origin, ...] | None = Field(None, max_length=100, description="Origins.")
    origin_groups: tuple[OriginGroup, ...] | None = Field(None, max_length=100, description="Groups.")
    http_version: Short | None = Field(None, description="Versions.")

    @model_validator(mode="after")
    def _fits(self) -> Self:
        names = [origin.name for origin in self.origins or ()]
        names += [group.name for group in self.origin_groups or ()]
        adopted = self.defaults == "None"
        self.check_behaviors(None if self.origins is None else names, adopted=adopted)
        self.check_delivery(self.all_behaviors(), self.http_version)
        self.check_certificate(self.aliases or (), adopted=adopted)
        return self


ARN = "arn:aws:acm:us-east-1:111122223333:certificate/0a-1b"
FUNCTION = "arn:aws:cloudfront::111122223333:function/rewrite"
LAMBDA = "arn:aws:lambda:us-east-1:111122223333:function:sign:7"
ORIGINS = [{"name": name, "domainName": f"{name}.example.com"} for name in ("media", "api")]
GROUPS = {"originGroups": [{"name": "ha", "members": ["media", "api"], "failoverOn": [500]}]}


def one(**fields: Any) -> Spec:
    """Return a spec whose default behaviour has these fields."""
    return {"origins": ORIGINS, "defaultBehavior": {"origin": "media", **fields}}


def named(**fields: Any) -> Spec:
    """Return a spec with an alias and these fields."""
    return one() | {"aliases": ["cdn.example.com"]} | fields


def paths(*paths: str, **fields: Any) -> Spec:
    """Return a spec with behaviours for these paths, all with these fields."""
    return one() | {"behaviors": [{"path": path, "origin": "api", **fields} for path in paths]}


def on(event: str, arn: str = FUNCTION, **fields: Any) -> Spec:
    """Return the association of a function with an event."""
    return {"event": event, "functionARN": arn, **fields}


ALL = list(METHODS)
GOOD: Mapping[str, Spec] = {
    "nothing at all": {},
    "a default behavior": one(),
    "policies by name, by id and inline": one(
        cache={"policy": "CachingDisabled"},
        originRequest={"policyID": "216adef6-5c7f-47e4-b989-5492eafa07d3"},
        responseHeaders={"inline": {}},
    ),
    "behaviors in an order": paths("/api/v2/*", "/api/*", "*.jpg"),
    "an origin group": one() | GROUPS | {"behaviors": [{"path": "/", "origin": "ha"}]},
    "nothing but behaviors, where something is there": {
        "defaults": "None",
        "behaviors": [{"path": "/a", "origin": "theirs"}],
    },
    "all methods": one(allowedMethods=ALL, cachedMethods=["HEAD", "OPTIONS", "GET"], grpc=True),
    "functions for viewers, lambdas for origins": one(
        functions=[on("viewer-request"), on("viewer-response")],
        lambdas=[on("origin-request", LAMBDA, includeBody=True), on("origin-response", LAMBDA)],
    ),
    "legacy values": one(
        forwardedValues={
            "queryString": True,
            "queryStringCacheKeys": ["q"],
            "cookies": {"forward": "whitelist", "whitelistedNames": ["session"]},
            "headers": ["Accept"],
        },
        minTTL=0,
        defaultTTL=60,
        maxTTL=60,
        smoothStreaming=True,
        trustedSigners=["self", "111122223333"],
    ),
    "signed, encrypted, logged": one(
        allowedMethods=ALL,
        trustedKeyGroups=["b", "a"],
        fieldLevelEncryptionID="C1",
        realtimeLogARN="arn:aws:cloudfront::111122223333:realtime-log-config/all",
    ),
    "pages for errors": one()
    | {"errorResponses": [{"errorCode": 404, "responsePagePath": "/404.html", "responseCode": 200}]},
    "no pages for errors": one() | {"errorResponses": []},
    "some countries": one() | {"geoRestriction": {"type": "whitelist", "locations": ["DE", "AT"]}},
    "no country left out": one() | {"geoRestriction": {}},
    "mutual TLS": one() | {"viewerMTLS": {"trustStoreID": "ts-1"}, "httpVersion": "http2"},
    "mutual TLS for the origin": one() | {"viewerMTLS": {"mode": "passthrough"}},
    "logs": one() | {"logging": {"bucket": "logs.s3.amazonaws.com", "prefix": "cdn/"}},
    "no logs": one() | {"logging": {"enabled": False}},
    "a certificate by its ARN": named(certificateARN=ARN, minimumProtocolVersion="TLSv1.3_2025"),
    "a certificate of IAM": named(iamCertificateID="ASCA1", sslSupport="vip", minimumProtocolVersion="SSLv3"),
    "a requested certificate": named(certificate={"request": True}, dns={"hostedZoneName": "example.com"}),
    "names in a zone by its id": named(certificateARN=ARN, dns={"hostedZoneID": "Z1", "https": False}),
    "names of what is there already": {"defaults": "None", "aliases": ["cdn.example.com"]},
    "the name of the zone itself, in capitals": named(
        certificateARN=ARN, aliases=["EXAMPLE.com"], dns={"hostedZoneName": "example.com"}
    ),
}

BAD: Mapping[str, tuple[Spec, str]] = {
    "a path twice": (paths("/a/*", "/b", "/a/*"), "each behavior has a path of its own"),
    "no default behavior": ({"origins": ORIGINS}, "defaultBehavior is missing"),
    "an origin that is none": (
        one(origin="medai"),
        "a behavior's origin must be the name of one of origins or originGroups",
    ),
    "an origin of a path that is none": (
        paths("/a", "/b", origin="theirs"),
        "a behavior's origin must be the name of one of origins or originGroups",
    ),
    "a group that is none": (
        one() | GROUPS | {"behaviors": [{"path": "/", "origin": "hb"}]},
        "a behavior's origin must be the name of one of origins or originGroups",
    ),
    "TTLs out of order": (
        one(forwardedValues={}, minTTL=60, defaultTTL=30),
        "minTTL is at most defaultTTL, and that is at most maxTTL",
    ),
    "a least TTL over the most": (
        one(forwardedValues={}, minTTL=60, maxTTL=30),
        "minTTL is at most defaultTTL, and that is at most maxTTL",
    ),
    "TTLs out of order on a path": (
        paths("/a", forwardedValues={}, defaultTTL=60, maxTTL=30),
        "minTTL is at most defaultTTL, and that is at most maxTTL",
    ),
    "a TTL beside a policy": (one(minTTL=1), "minTTL, defaultTTL and maxTTL go with forwardedValues"),
    "a TTL with all headers": (
        one(forwardedValues={"headers": ["*"]}, minTTL=1),
        "minTTL must be 0 where all headers (*) are forwarded",
    ),
    "legacy values and a policy": (
        one(forwardedValues={}, cache={"policy": "CachingDisabled"}),
        "a behavior has either forwardedValues or policies",
    ),
    "keys of no query string": (
        one(forwardedValues={"queryStringCacheKeys": ["q"]}),
        "queryStringCacheKeys needs queryString: true",
    ),
    "a whitelist of no cookie": (
        one(forwardedValues={"cookies": {"forward": "whitelist"}}),
        "whitelistedNames goes with forward: whitelist",
    ),
    "two policies in one place": (
        one(cache={"policy": "CachingDisabled", "policyID": "1"}),
        "a policy is exactly one of policy, policyID and inline",
    ),
    "no policy": (one(responseHeaders={}), "a policy is exactly one of policy, policyID and inline"),
    "a policy that AWS does not manage": (one(cache={"policy": "CachingOptimised"}), "CachingOptimized"),
    "a choice of methods": (
        one(allowedMethods=["GET", "HEAD", "POST"]),
        "allowedMethods is GET and HEAD, or these and OPTIONS, or all seven methods",
    ),
    "too much cached": (
        one(allowedMethods=ALL, cachedMethods=["GET", "HEAD", "POST"]),
        "cachedMethods is GET and HEAD, or these and OPTIONS",
    ),
    "cached, but not allowed": (
        one(cachedMethods=["GET", "HEAD", "OPTIONS"]),
        "cachedMethods must be among allowedMethods",
    ),
    "gRPC without POST": (one(grpc=True), "grpc needs POST among allowedMethods"),
    "gRPC over HTTP/1.1": (
        one(grpc=True, allowedMethods=ALL) | {"httpVersion": "http1.1"},
        "grpc needs httpVersion http2 or http2and3",
    ),
    "gRPC on a path over HTTP/3 alone": (
        paths("/a", grpc=True, allowedMethods=ALL) | {"httpVersion": "http3"},
        "grpc needs httpVersion http2 or http2and3",
    ),
    "a function and a lambda on one event": (
        one(functions=[on("viewer-request")], lambdas=[on("viewer-request", LAMBDA)]),
        "functions and lambdas cannot both be on viewer events",
    ),
    "a function and a lambda for viewers": (
        one(functions=[on("viewer-request")], lambdas=[on("viewer-response", LAMBDA)]),
        "functions and lambdas cannot both be on viewer events",
    ),
    "a function for origins": (one(functions=[on("origin-request")]), "viewer-re"),
    "a lambda elsewhere": (
        one(lambdas=[on("origin-request", LAMBDA.replace("us-east-1", "eu-west-1"))]),
        "lambdas are functions in us-east-1",
    ),
    "the latest lambda": (one(lambdas=[on("origin-request", LAMBDA[:-2])]), "functionARN"),
    "the body of an answer": (
        one(lambdas=[on("origin-response", LAMBDA, includeBody=True)]),
        "includeBody is for viewer-request and origin-request",
    ),
    "encrypted fields that nobody can send": (
        one(fieldLevelEncryptionID="C1"),
        "fieldLevelEncryptionID needs POST and PUT",
    ),
    "encrypted fields over plain HTTP": (
        one(fieldLevelEncryptionID="C1", allowedMethods=ALL, viewerProtocol="allow-all"),
        "fieldLevelEncryptionID needs viewerProtocol https-only or redirect-to-https",
    ),
    "a page without a code": (
        one() | {"errorResponses": [{"errorCode": 404, "responsePagePath": "/404.html"}]},
        "responsePagePath and responseCode go together",
    ),
    "a whitelist of nowhere": (
        one() | {"geoRestriction": {"type": "whitelist"}},
        "a whitelist or a blacklist has locations, and none has none",
    ),
    "a list of countries for nothing": (
        one() | {"geoRestriction": {"locations": ["DE"]}},
        "a whitelist or a blacklist has locations, and none has none",
    ),
    "mutual TLS without trust": (one() | {"viewerMTLS": {}}, "mode required and optional need trustStoreID"),
    "trust where the origin checks": (
        one() | {"viewerMTLS": {"mode": "passthrough", "trustStoreID": "ts-1"}},
        "are not for mode passthrough",
    ),
    "mutual TLS over plain HTTP": (
        one(viewerProtocol="allow-all") | {"viewerMTLS": {"mode": "passthrough"}},
        "viewerMTLS needs viewerProtocol https-only or redirect-to-https in every behavior",
    ),
    "mutual TLS over plain HTTP on a path": (
        paths("/a", viewerProtocol="allow-all") | {"viewerMTLS": {"mode": "passthrough"}},
        "viewerMTLS needs viewerProtocol https-only or redirect-to-https in every behavior",
    ),
    "mutual TLS over HTTP/3": (
        one() | {"viewerMTLS": {"mode": "passthrough"}, "httpVersion": "http2and3"},
        "viewerMTLS needs httpVersion http2 or http1.1",
    ),
    "logs to nowhere": (one() | {"logging": {}}, "logging needs a bucket"),
    "a certificate in another region": (
        named(certificateARN=ARN.replace("us-east-1", "eu-west-1")),
        "certificateARN must be in us-east-1: CloudFront takes certificates from no other region",
    ),
    "two certificates": (
        named(certificateARN=ARN, certificate={"request": True}, dns={"hostedZoneID": "Z1"}),
        "a distribution has one certificate",
    ),
    "a requested certificate without DNS": (
        named(certificate={"request": True}),
        "certificate.request needs dns",
    ),
    "a requested certificate for nothing": (
        one() | {"certificate": {"request": True}, "dns": {"hostedZoneID": "Z1"}},
        "certificate.request needs aliases",
    ),
    "names without a certificate": (named(), "aliases need a certificate"),
    "names without a certificate, said so": (
        named(certificate={"request": False}),
        "aliases need a certificate",
    ),
    "a name in another zone": (
        named(certificateARN=ARN, dns={"hostedZoneName": "ample.com"}),
        "aliases must be in the hosted zone dns.hostedZoneName",
    ),
    "two zones": (
        named(certificateARN=ARN, dns={"hostedZoneName": "example.com", "hostedZoneID": "Z1"}),
        "dns has exactly one of hostedZoneID and hostedZoneName",
    ),
    "no zone": (named(certificateARN=ARN, dns={}), "dns has exactly one of hostedZoneID and hostedZoneName"),
    "TLS for CloudFront's own certificate": (
        one() | {"minimumProtocolVersion": "TLSv1.2_2021"},
        "minimumProtocolVersion and sslSupport need a certificate",
    ),
    "SSLv3 by name": (
        named(certificateARN=ARN, minimumProtocolVersion="SSLv3"),
        "minimumProtocolVersion SSLv3 needs sslSupport vip",
    ),
}
