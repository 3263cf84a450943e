"""Distributions, buckets behind them, certificates and zones of the stand-in, made by plain boto3."""

import json
from typing import Any

from sandbox.aws.clients import ACCOUNT
from sandbox.aws.stand_in import StandIn

OPTIMIZED = "658327ea-f89d-4fab-a63d-7e88639e58f6"
"""The id of AWS's cache policy CachingOptimized."""

NOTHING: dict[str, Any] = {"Quantity": 0}


def listed(*entries: Any) -> dict[str, Any]:
    """A list as CloudFront's API has it."""
    return {"Quantity": len(entries), "Items": list(entries)} if entries else dict(NOTHING)


def origin(name: str, bucket: str = "", control: str = "") -> dict[str, Any]:
    """An origin that is a bucket in us-east-1, by default one of its own name."""
    return {
        "Id": name,
        "DomainName": f"{bucket or name}.s3.us-east-1.amazonaws.com",
        "S3OriginConfig": {"OriginAccessIdentity": ""},
        "OriginAccessControlId": control,
    }


def behavior(target: str, **more: Any) -> dict[str, Any]:
    """A cache behavior."""
    policy = {"CachePolicyId": OPTIMIZED, "ViewerProtocolPolicy": "allow-all"}
    return {"TargetOriginId": target, **policy, **more}


def config(reference: str = "one", *origins: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A DistributionConfig with as little as CloudFront takes."""
    from_origins = origins or (origin("media"),)
    return {
        "CallerReference": reference,
        "Comment": "",
        "Enabled": True,
        "Origins": listed(*from_origins),
        "DefaultCacheBehavior": behavior(from_origins[0]["Id"]),
        **more,
    }


def _filled(wanted: dict[str, Any], read: dict[str, Any]) -> dict[str, Any]:
    behavior_before, origin_before = read["DefaultCacheBehavior"], read["Origins"]["Items"][0]
    others = wanted.get("CacheBehaviors", {}).get("Items", [])
    return {
        **wanted,
        "DefaultCacheBehavior": {**behavior_before, **wanted["DefaultCacheBehavior"]},
        "CacheBehaviors": listed(*({**behavior_before, **other} for other in others)),
        "Origins": listed(*({**origin_before, **each} for each in wanted["Origins"]["Items"])),
    }


class Cdn:
    """What a test or probe does with CloudFront."""

    def __init__(self, aws: StandIn, **caller: Any) -> None:
        self.aws = aws
        caller.setdefault("region", "us-east-1")
        self.cloudfront = aws.client("cloudfront", **caller)
        self.s3 = aws.client("s3", region="us-east-1")
        self.acm = aws.client("acm", **caller)
        self.route53 = aws.client("route53", **caller)

    def create(self, reference: str = "one", *origins: dict[str, Any], **more: Any) -> dict[str, Any]:
        """Create a distribution."""
        made = self.cloudfront.create_distribution(DistributionConfig=config(reference, *origins, **more))
        found: dict[str, Any] = made["Distribution"]
        return found

    def status(self, number: str) -> str:
        """Whether a distribution is deployed."""
        return str(self.cloudfront.get_distribution(Id=number)["Distribution"]["Status"])

    def update(self, number: str, **changes: Any) -> dict[str, Any]:
        """Change members of a distribution's configuration; what CloudFront says to it.

        What behaviors and origins leave out is as in the default behavior and the first origin.
        """
        read = self.cloudfront.get_distribution_config(Id=number)["DistributionConfig"]
        return self.replace(number, **_filled({**read, **changes}, read))

    def replace(self, number: str, **changes: Any) -> dict[str, Any]:
        """Change members of a distribution's configuration, with just what is given."""
        read = self.cloudfront.get_distribution_config(Id=number)
        wanted = {**read["DistributionConfig"], **changes}
        done: dict[str, Any] = self.cloudfront.update_distribution(
            Id=number, IfMatch=read["ETag"], DistributionConfig=wanted
        )
        return done

    def control(self, name: str = "control") -> str:
        """Create an origin access control for buckets."""
        wanted = {
            "Name": name,
            "SigningProtocol": "sigv4",
            "SigningBehavior": "always",
            "OriginAccessControlOriginType": "s3",
        }
        made = self.cloudfront.create_origin_access_control(OriginAccessControlConfig=wanted)
        return str(made["OriginAccessControl"]["Id"])

    def cache_policy(self, name: str) -> str:
        """Create a cache policy."""
        made = self.cloudfront.create_cache_policy(CachePolicyConfig={"Name": name, "MinTTL": 0})
        return str(made["CachePolicy"]["Id"])

    def bucket(self, name: str, **objects: str) -> None:
        """Create a bucket with objects."""
        self.s3.create_bucket(Bucket=name)
        for key, content in objects.items():
            self.s3.put_object(Bucket=name, Key=key, Body=content.encode(), ContentType="text/plain")

    def grant(self, name: str, arn: str) -> None:
        """Let a distribution read a bucket."""
        statement = {
            "Effect": "Allow",
            "Principal": {"Service": "cloudfront.amazonaws.com"},
            "Action": "s3:GetObject",
            "Resource": f"arn:aws:s3:::{name}/*",
            "Condition": {"StringEquals": {"aws:SourceArn": arn}},
        }
        document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        self.s3.put_bucket_policy(Bucket=name, Policy=document)

    def zone(self, name: str = "example.org") -> str:
        """Create a hosted zone."""
        made = self.route53.create_hosted_zone(Name=name, CallerReference=name)
        return str(made["HostedZone"]["Id"]).rpartition("/")[2]

    def change(self, zone: str, *changes: tuple[str, dict[str, Any]]) -> None:
        """Change records: each an action and a record."""
        batch = [{"Action": action, "ResourceRecordSet": record} for action, record in changes]
        self.route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": batch})

    def describe(self, arn: str) -> dict[str, Any]:
        """What ACM tells of a certificate."""
        told: dict[str, Any] = self.acm.describe_certificate(CertificateArn=arn)["Certificate"]
        return told

    def issued(self, zone: str, *names: str) -> str:
        """A certificate that has been issued, by its records in a hosted zone."""
        asked = {"DomainName": names[0], "SubjectAlternativeNames": list(names), "ValidationMethod": "DNS"}
        arn = str(self.acm.request_certificate(**asked)["CertificateArn"])
        self.describe(arn)
        for option in self.describe(arn)["DomainValidationOptions"]:
            self.change(zone, ("UPSERT", validation(option["ResourceRecord"])))
        assert self.describe(arn)["Status"] == "ISSUED"
        return arn


def validation(record: dict[str, str]) -> dict[str, Any]:
    """The record set that ACM asks for."""
    return {**text(record["Name"], record["Value"]), "Type": record["Type"]}


def text(name: str, value: str) -> dict[str, Any]:
    """A TXT record."""
    return {"Name": name, "Type": "TXT", "TTL": 60, "ResourceRecords": [{"Value": value}]}


def alias(name: str, target: str, kind: str = "A") -> dict[str, Any]:
    """An alias record for a distribution."""
    to = {"HostedZoneId": "Z2FDTNDATAQYW2", "DNSName": target, "EvaluateTargetHealth": False}
    return {"Name": name, "Type": kind, "AliasTarget": to}


def arn(number: str, account: str = ACCOUNT) -> str:
    """The ARN of a distribution."""
    return f"arn:aws:cloudfront::{account}:distribution/{number}"
