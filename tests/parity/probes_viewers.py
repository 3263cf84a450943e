"""The probes of what viewers of a distribution see."""

import json
from typing import Any

from sandbox.aws.stand_in import StandIn
from tests.parity.tools import STRANGER, probe
from tests.sandbox.cdn import Cdn, behavior, listed, origin


def _site(aws: StandIn, **more: Any) -> tuple[Cdn, dict[str, Any]]:
    """A distribution of a bucket that lets it in, and is deployed."""
    aws.deployment(0)
    cdn = Cdn(aws)
    cdn.bucket("media", key="hello")
    made = cdn.create("site", origin("media", control=cdn.control()), **more)
    cdn.grant("media", made["ARN"])
    return cdn, made


@probe("viewer-before-deployment")
def _(aws: StandIn) -> bool:
    _, made = _site(aws)
    aws.deployment(3600)
    cdn = Cdn(aws)
    first = aws.view(made["DomainName"], "/key").status
    cdn.update(made["Id"], DefaultRootObject="key")
    return (first, aws.view(made["DomainName"], "/").status) == (403, 403)


@probe("viewer-disabled")
def _(aws: StandIn) -> bool:
    _, made = _site(aws, Enabled=False)
    return aws.view(made["DomainName"], "/key").status == 403


@probe("viewer-unknown-distribution")
def _(aws: StandIn) -> bool:
    return b"Bad request" in aws.view("dnosuchthing.cloudfront.net", "/key").body


@probe("viewer-alias")
def _(aws: StandIn) -> bool:
    cdn, made = _site(aws)
    asked = {"DomainName": "www.example.org", "ValidationMethod": "DNS"}
    certificate = cdn.acm.request_certificate(**asked)["CertificateArn"]
    cdn.describe(certificate)
    zone = cdn.zone()
    for option in cdn.describe(certificate)["DomainValidationOptions"]:
        values = {"TTL": 60, "ResourceRecords": [{"Value": option["ResourceRecord"]["Value"]}]}
        named = {"Name": option["ResourceRecord"]["Name"], "Type": "CNAME"}
        cdn.change(zone, ("UPSERT", {**named, **values}))
    viewer = {"ACMCertificateArn": certificate, "SSLSupportMethod": "sni-only"}
    cdn.update(made["Id"], Aliases=listed("www.example.org"), ViewerCertificate=viewer)
    return aws.view("www.example.org", "/key").body == b"hello"


@probe("viewer-failover")
def _(aws: StandIn) -> bool:
    members = listed({"OriginId": "none"}, {"OriginId": "media"})
    group = {"Id": "both", "FailoverCriteria": {"StatusCodes": listed(403, 404)}, "Members": members}
    aws.deployment(0)
    cdn = Cdn(aws)
    cdn.bucket("media", key="hello")
    control = cdn.control()
    both = [origin("none", control=control), origin("media", control=control)]
    made = cdn.create("site", *both, OriginGroups=listed(group), DefaultCacheBehavior=behavior("both"))
    cdn.grant("media", made["ARN"])
    return aws.view(made["DomainName"], "/key").body == b"hello"


@probe("viewer-own-paths")
def _(aws: StandIn) -> bool:
    _, made = _site(aws)
    return aws.view(made["DomainName"], "/health").status == 403


@probe("viewer-of-another-account")
def _(aws: StandIn) -> bool:
    aws.deployment(0)
    stranger = Cdn(aws, account=STRANGER)
    stranger.bucket("media", key="hello")
    made = stranger.create("site", origin("media", control=stranger.control()))
    stranger.grant("media", made["ARN"])
    return aws.view(made["DomainName"], "/key").body == b"hello"


@probe("viewer-signed-over-tls")
def _(aws: StandIn) -> bool:
    cdn, made = _site(aws)
    policy = json.loads(cdn.s3.get_bucket_policy(Bucket="media")["Policy"])
    everything = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "arn:aws:s3:::media/*"}
    plain = {**everything, "Condition": {"Bool": {"aws:SecureTransport": "false"}}}
    policy["Statement"].append(plain)
    cdn.s3.put_bucket_policy(Bucket="media", Policy=json.dumps(policy))
    return aws.view(made["DomainName"], "/key").body == b"hello"


@probe("viewer-cache")
def _(aws: StandIn) -> bool:
    _, made = _site(aws)
    seen = [aws.view(made["DomainName"], "/key").headers.get("x-cache", "") for _ in range(2)]
    return "Hit from cloudfront" in seen


@probe("viewer-kms")
def _(aws: StandIn) -> bool:
    """A key's policy of its own making does not let CloudFront in."""
    cdn, made = _site(aws)
    key = aws.client("kms", region="us-east-1").create_key()["KeyMetadata"]["Arn"]
    encrypted = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key}
    cdn.s3.put_object(Bucket="media", Key="key", Body=b"secret", **encrypted)
    return aws.view(made["DomainName"], "/key").status == 403


@probe("viewer-restrictions")
def _(aws: StandIn) -> bool:
    nowhere = {"RestrictionType": "whitelist", **listed("AQ")}
    _, made = _site(aws, Restrictions={"GeoRestriction": nowhere})
    return aws.view(made["DomainName"], "/key").status == 403
