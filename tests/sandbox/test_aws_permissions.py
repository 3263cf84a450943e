"""Where policies are checked, a call needs its action on its resource: CloudFront, ACM, Route 53, tagging."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sandbox.aws.clients import ACCOUNT
from sandbox.aws.stand_in import StandIn
from tests.sandbox.cdn import alias, arn, config

pytestmark = pytest.mark.standin

Allow = Callable[..., None]

CERTIFICATE = f"arn:aws:acm:us-east-1:{ACCOUNT}:certificate/11111111-1111-1111-1111-111111111111"
CONTROL = {
    "Name": "mine",
    "SigningProtocol": "sigv4",
    "SigningBehavior": "always",
    "OriginAccessControlOriginType": "s3",
}
NAMED = {"Id": "E1", "IfMatch": "x"}
TAGS = [{"Key": "a", "Value": "b"}]
BATCH = {"Changes": [{"Action": "UPSERT", "ResourceRecordSet": alias("a.org", "d1.cloudfront.net")}]}


def _of(kind: str, name: str = "E1") -> str:
    return f"arn:aws:cloudfront::{ACCOUNT}:{kind}/{name}"


# Service, operation, parameters, and the resource that the permission has to be on.
CALLS: list[tuple[str, str, dict[str, Any], str]] = [
    ("cloudfront", "CreateDistribution", {"DistributionConfig": config()}, _of("distribution", "*")),
    ("cloudfront", "GetDistribution", {"Id": "E1"}, arn("E1")),
    ("cloudfront", "GetDistributionConfig", {"Id": "E1"}, arn("E1")),
    ("cloudfront", "UpdateDistribution", {**NAMED, "DistributionConfig": config()}, arn("E1")),
    ("cloudfront", "DeleteDistribution", NAMED, arn("E1")),
    ("cloudfront", "ListDistributions", {}, "*"),
    ("cloudfront", "ListConflictingAliases", {"DistributionId": "E1", "Alias": "a.org"}, "*"),
    ("cloudfront", "ListTagsForResource", {"Resource": arn("E1")}, arn("E1")),
    ("cloudfront", "TagResource", {"Resource": arn("E1"), "Tags": {"Items": TAGS}}, arn("E1")),
    ("cloudfront", "UntagResource", {"Resource": arn("E1"), "TagKeys": {"Items": ["a"]}}, arn("E1")),
    (
        "cloudfront",
        "CreateOriginAccessControl",
        {"OriginAccessControlConfig": CONTROL},
        _of("origin-access-control", "*"),
    ),
    ("cloudfront", "GetOriginAccessControl", {"Id": "E1"}, _of("origin-access-control")),
    (
        "cloudfront",
        "UpdateOriginAccessControl",
        {**NAMED, "OriginAccessControlConfig": CONTROL},
        _of("origin-access-control"),
    ),
    ("cloudfront", "DeleteOriginAccessControl", NAMED, _of("origin-access-control")),
    ("cloudfront", "ListOriginAccessControls", {}, "*"),
    (
        "cloudfront",
        "CreateCachePolicy",
        {"CachePolicyConfig": {"Name": "mine", "MinTTL": 0}},
        _of("cache-policy", "*"),
    ),
    ("cloudfront", "GetCachePolicy", {"Id": "E1"}, _of("cache-policy")),
    ("cloudfront", "DeleteCachePolicy", NAMED, _of("cache-policy")),
    ("cloudfront", "ListCachePolicies", {}, "*"),
    ("cloudfront", "ListDistributionsByCachePolicyId", {"CachePolicyId": "E1"}, "*"),
    ("cloudfront", "GetOriginRequestPolicy", {"Id": "E1"}, _of("origin-request-policy")),
    ("cloudfront", "GetResponseHeadersPolicy", {"Id": "E1"}, _of("response-headers-policy")),
    ("acm", "RequestCertificate", {"DomainName": "a.org"}, "*"),
    ("acm", "DescribeCertificate", {"CertificateArn": CERTIFICATE}, CERTIFICATE),
    ("acm", "DeleteCertificate", {"CertificateArn": CERTIFICATE}, CERTIFICATE),
    ("acm", "AddTagsToCertificate", {"CertificateArn": CERTIFICATE, "Tags": TAGS}, CERTIFICATE),
    ("acm", "ListTagsForCertificate", {"CertificateArn": CERTIFICATE}, CERTIFICATE),
    ("acm", "ListCertificates", {}, "*"),
    ("route53", "ListHostedZonesByName", {}, "*"),
    ("route53", "GetHostedZone", {"Id": "Z1"}, "arn:aws:route53:::hostedzone/Z1"),
    ("route53", "ListResourceRecordSets", {"HostedZoneId": "Z1"}, "arn:aws:route53:::hostedzone/Z1"),
    (
        "route53",
        "ChangeResourceRecordSets",
        {"HostedZoneId": "Z1", "ChangeBatch": BATCH},
        "arn:aws:route53:::hostedzone/Z1",
    ),
    ("route53", "GetChange", {"Id": "C1"}, "arn:aws:route53:::change/C1"),
    ("tag", "GetResources", {}, "*"),
]
_SERVICES = {"tag": "resourcegroupstaggingapi"}


@pytest.fixture(scope="module")
def guarded() -> Iterator[StandIn]:
    """A stand-in that checks policies."""
    with StandIn(auth=True, deployment=0) as aws:
        yield aws


@pytest.fixture(scope="module")
def keys(guarded: StandIn) -> dict[str, str]:
    """The access key of a user."""
    iam = guarded.client("iam")
    iam.create_user(UserName="operator")
    key = iam.create_access_key(UserName="operator")["AccessKey"]
    return {"access_key": key["AccessKeyId"], "secret_key": key["SecretAccessKey"]}


@pytest.fixture
def allow(guarded: StandIn) -> Allow:
    """Give the user this policy, and no other."""

    def put(*statements: dict[str, Any]) -> None:
        document = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
        guarded.client("iam").put_user_policy(UserName="operator", PolicyName="one", PolicyDocument=document)

    return put


def _denied(act: Callable[..., object], **parameters: Any) -> str:
    """The sentence of a denial; '' where the call is let in, whatever comes of it then."""
    try:
        act(**parameters)
    except ClientError as error:
        refused = error.response["ResponseMetadata"]["HTTPStatusCode"] in (400, 403)
        denied = refused and error.response["Error"]["Code"].startswith("AccessDenied")
        return error.response["Error"]["Message"] if denied else ""
    return ""


@pytest.mark.parametrize("call", CALLS, ids=[f"{call[0]}:{call[1]}" for call in CALLS])
def test_a_call_needs_its_action_on_its_resource_and_no_more(
    guarded: StandIn, keys: dict[str, str], allow: Allow, call: tuple[str, str, dict[str, Any], str]
) -> None:
    service, operation, parameters, resource = call
    client: Any = guarded.client(_SERVICES.get(service, service), region="us-east-1", **keys)
    act = getattr(client, _method(client, operation))
    action = f"{service}:{operation}"
    allow({"Effect": "Allow", "Action": action, "Resource": resource})
    assert _denied(act, **parameters) == ""
    everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    allow(everything, {"Effect": "Deny", "Action": action, "Resource": resource})
    assert action in _denied(act, **parameters)
    if resource != "*":
        allow({"Effect": "Allow", "Action": action, "Resource": resource[:-1] + "-other"})
        assert action in _denied(act, **parameters)


def _method(client: Any, operation: str) -> str:
    known: dict[str, str] = client.meta.method_to_api_mapping
    return next(name for name, named in known.items() if named == operation)


def test_a_creation_with_tags_needs_both_actions(
    guarded: StandIn, keys: dict[str, str], allow: Allow
) -> None:
    client = guarded.client("cloudfront", region="us-east-1", **keys)
    every = _of("distribution", "*")
    create = {"Effect": "Allow", "Action": "cloudfront:CreateDistribution", "Resource": every}
    tag = {"Effect": "Allow", "Action": "cloudfront:TagResource", "Resource": every}
    wanted = {"DistributionConfigWithTags": {"DistributionConfig": config("tagged"), "Tags": {"Items": TAGS}}}
    for statement, missing in ((create, "cloudfront:TagResource"), (tag, "cloudfront:CreateDistribution")):
        allow(statement)
        assert missing in _denied(client.create_distribution_with_tags, **wanted)
    allow(create, tag)
    assert client.create_distribution_with_tags(**wanted)["Distribution"]["Status"] == "InProgress"


def test_a_key_policy_is_read_with_its_action_only(
    guarded: StandIn, keys: dict[str, str], allow: Allow
) -> None:
    key = guarded.client("kms", region="us-east-1").create_key()["KeyMetadata"]
    client = guarded.client("kms", region="us-east-1", **keys)
    asked = {"KeyId": key["KeyId"], "PolicyName": "default"}
    allow({"Effect": "Allow", "Action": "kms:DescribeKey", "Resource": "*"})
    assert "kms:GetKeyPolicy" in _denied(client.get_key_policy, **asked)
    assert client.describe_key(KeyId=key["KeyId"])
    allow({"Effect": "Allow", "Action": "kms:GetKeyPolicy", "Resource": key["Arn"]})
    assert json.loads(client.get_key_policy(**asked)["Policy"])["Statement"]
