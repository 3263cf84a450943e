"""The probes of CloudFront's API."""

from sandbox.aws.stand_in import StandIn
from tests.parity.tools import code, probe, user
from tests.sandbox.cdn import Cdn, arn, behavior, config, listed, origin


@probe("distribution-in-progress")
def _(aws: StandIn) -> bool:
    aws.deployment(0)
    cdn = Cdn(aws)
    made = cdn.create()
    statuses = [made["Status"], cdn.status(made["Id"])]
    updated = cdn.update(made["Id"], Comment="other")["Distribution"]
    return [*statuses, updated["Status"], cdn.status(made["Id"])] == ["InProgress", "Deployed"] * 2


@probe("distribution-deleted-in-progress")
def _(aws: StandIn) -> bool:
    aws.deployment(3600)
    cdn = Cdn(aws)
    made = cdn.create(Enabled=False)
    named = {"Id": made["Id"], "IfMatch": cdn.cloudfront.get_distribution(Id=made["Id"])["ETag"]}
    return code(cdn.cloudfront.delete_distribution, **named) == "DistributionNotDisabled"


@probe("distribution-modified-within-a-second")
def _(aws: StandIn) -> bool:
    cdn = Cdn(aws)
    number = cdn.create()["Id"]
    # One of them may well be at the beginning of a second.
    times = [cdn.update(number)["Distribution"]["LastModifiedTime"] for _ in range(3)]
    return any(each.microsecond for each in times)


@probe("caller-reference-repeated")
def _(aws: StandIn) -> bool:
    cdn = Cdn(aws)
    cdn.create("one")
    return code(cdn.create, reference="one") == "DistributionAlreadyExists"


@probe("no-such-origin")
def _(aws: StandIn) -> bool:
    return code(Cdn(aws).create, DefaultCacheBehavior=behavior("nowhere")) == "NoSuchOrigin"


@probe("no-such-policy")
def _(aws: StandIn) -> bool:
    kinds = ("CachePolicy", "OriginRequestPolicy", "ResponseHeadersPolicy")
    unknown = [behavior("media", **{f"{kind}Id": "none"}) for kind in kinds]
    failed = [code(Cdn(aws).create, DefaultCacheBehavior=each) for each in unknown]
    return failed == [f"NoSuch{kind}" for kind in kinds]


@probe("invalid-origin-access-control")
def _(aws: StandIn) -> bool:
    origins = listed(origin("media", control="none"))
    return code(Cdn(aws).create, Origins=origins) == "InvalidOriginAccessControl"


@probe("alias-without-certificate")
def _(aws: StandIn) -> bool:
    return code(Cdn(aws).create, Aliases=listed("www.example.org")) == "InvalidViewerCertificate"


@probe("alias-taken")
def _(aws: StandIn) -> bool:
    cdn = Cdn(aws)
    asked = {"DomainName": "www.example.org", "ValidationMethod": "DNS"}
    certificate = cdn.acm.request_certificate(**asked)["CertificateArn"]
    cdn.describe(certificate)
    zone = cdn.zone()
    for option in cdn.describe(certificate)["DomainValidationOptions"]:
        record = option["ResourceRecord"]
        values = {"TTL": 60, "ResourceRecords": [{"Value": record["Value"]}]}
        cdn.change(zone, ("UPSERT", {"Name": record["Name"], "Type": "CNAME", **values}))
    named = {"Aliases": listed("www.example.org"), "ViewerCertificate": {"ACMCertificateArn": certificate}}
    named["ViewerCertificate"]["SSLSupportMethod"] = "sni-only"
    cdn.create("one", **named)
    return code(cdn.create, reference="two", **named) == "CNAMEAlreadyExists"


@probe("illegal-update")
def _(aws: StandIn) -> bool:
    cdn = Cdn(aws)
    number = cdn.create()["Id"]
    named = {"Id": number, "IfMatch": cdn.cloudfront.get_distribution(Id=number)["ETag"]}
    little = code(cdn.cloudfront.update_distribution, **named, DistributionConfig=config("one"))
    return [little, code(cdn.update, number=number, CallerReference="two")] == ["IllegalUpdate"] * 2


@probe("distribution-defaults")
def _(aws: StandIn) -> bool:
    cdn = Cdn(aws)
    read = cdn.cloudfront.get_distribution_config(Id=cdn.create()["Id"])["DistributionConfig"]
    return {"Aliases", "Logging", "PriceClass", "Restrictions", "WebACLId", "HttpVersion"} <= set(read)


@probe("access-control-in-use")
def _(aws: StandIn) -> bool:
    cdn = Cdn(aws)
    number = cdn.control()
    cdn.create("one", origin("media", control=number))
    named = {"Id": number, "IfMatch": cdn.cloudfront.get_origin_access_control(Id=number)["ETag"]}
    return code(cdn.cloudfront.delete_origin_access_control, **named) == "OriginAccessControlInUse"


@probe("policy-in-use")
def _(aws: StandIn) -> bool:
    cdn = Cdn(aws)
    policy = cdn.cache_policy("mine")
    number = cdn.create(DefaultCacheBehavior=behavior("media", CachePolicyId=policy))["Id"]
    named = {"Id": policy, "IfMatch": cdn.cloudfront.get_cache_policy(Id=policy)["ETag"]}
    used = cdn.cloudfront.list_distributions_by_cache_policy_id(CachePolicyId=policy)
    refused = code(cdn.cloudfront.delete_cache_policy, **named) == "CachePolicyInUse"
    return refused and bool(used["DistributionIdList"].get("Items") == [number])


@probe("policy-quota")
def _(aws: StandIn) -> bool:
    cdn = Cdn(aws)
    for number in range(20):
        cdn.cache_policy(f"policy-{number}")
    return code(cdn.cache_policy, name="one-more") == "TooManyCachePolicies"


@probe("access-control-quota")
def _(aws: StandIn) -> bool:
    cdn = Cdn(aws)
    for number in range(100):
        cdn.control(f"control-{number}")
    return code(cdn.control, name="one-more") == "TooManyOriginAccessControls"


@probe("cloudfront-paging")
def _(aws: StandIn) -> bool:
    cdn = Cdn(aws)
    for number in range(2):
        cdn.create(f"reference-{number}")
        cdn.control(f"control-{number}")
    distributions = cdn.cloudfront.list_distributions(MaxItems="1")["DistributionList"]
    controls = cdn.cloudfront.list_origin_access_controls(MaxItems="1")["OriginAccessControlList"]
    policies = cdn.cloudfront.list_cache_policies(MaxItems="1")["CachePolicyList"]
    return [page["Quantity"] for page in (distributions, controls, policies)] == [1, 1, 1]


@probe("conflicting-aliases")
def _(aws: StandIn) -> bool:
    cdn = Cdn(aws)
    asked = {"DistributionId": cdn.create()["Id"], "Alias": "www.example.org"}
    return not code(cdn.cloudfront.list_conflicting_aliases, **asked)


@probe("conflicting-aliases-certificate")
def _(aws: StandIn) -> bool:
    cdn = Cdn(aws)
    asked = {"DistributionId": cdn.create()["Id"], "Alias": "www.example.org"}
    failed = code(cdn.cloudfront.list_conflicting_aliases, **asked)
    return failed not in ("", "NoSuchResource", "NotImplemented")


@probe("distribution-tags-outlive")
def _(aws: StandIn) -> bool:
    aws.deployment(0)
    cdn = Cdn(aws)
    number = cdn.create(Enabled=False)["Id"]
    tags = {"Items": [{"Key": "a", "Value": "b"}]}
    cdn.cloudfront.tag_resource(Resource=arn(number), Tags=tags)
    etag = cdn.cloudfront.get_distribution(Id=number)["ETag"]
    cdn.cloudfront.delete_distribution(Id=number, IfMatch=etag)
    api = aws.client("resourcegroupstaggingapi", region="us-east-1")
    return not api.get_resources()["ResourceTagMappingList"]


@probe("cloudfront-not-implemented")
def _(aws: StandIn) -> bool:
    copy = Cdn(aws).cloudfront.copy_distribution
    asked = {"PrimaryDistributionId": "E1", "CallerReference": "copy", "IfMatch": "x"}
    return code(copy, **asked) == "NotImplemented"


@probe("cloudfront-missing-operations")
def _(aws: StandIn) -> bool:
    cloudfront = Cdn(aws).cloudfront
    unknown = ("NoSuchResource", "NotImplemented")
    identity = {"CloudFrontOriginAccessIdentityConfig": {"CallerReference": "a", "Comment": ""}}
    return code(cloudfront.create_cloud_front_origin_access_identity, **identity) not in unknown or (
        code(cloudfront.associate_alias, TargetDistributionId="E1", Alias="a.org") not in unknown
    )


@probe("quantities-unchecked")
def _(aws: StandIn) -> bool:
    return code(Cdn(aws).create, Aliases={"Quantity": 1}) == "InconsistentQuantities"


@probe("behavior-without-policy")
def _(aws: StandIn) -> bool:
    values = {"QueryString": False, "Cookies": {"Forward": "none"}}
    neither = {"TargetOriginId": "media", "ViewerProtocolPolicy": "allow-all"}
    both = [behavior("media", ForwardedValues=values), neither]
    failed = [code(Cdn(aws).create, DefaultCacheBehavior=each) for each in both]
    return failed == ["InvalidArgument"] * 2


@probe("configuration-values-unchecked")
def _(aws: StandIn) -> bool:
    twice = listed(*[behavior("media", PathPattern="/a")] * 2)
    return bool(code(Cdn(aws).create, CacheBehaviors=twice))


@probe("s3-origin-elsewhere")
def _(aws: StandIn) -> bool:
    elsewhere = {**origin("media"), "DomainName": "www.example.org"}
    return bool(code(Cdn(aws).create, Origins=listed(elsewhere)))


@probe("invalidation-path-unchecked")
def _(aws: StandIn) -> bool:
    cdn = Cdn(aws)
    batch = {"CallerReference": "a", "Paths": listed("no-slash")}
    asked = {"DistributionId": cdn.create()["Id"], "InvalidationBatch": batch}
    return code(cdn.cloudfront.create_invalidation, **asked) == "InvalidArgument"


@probe("imported-certificate-names")
def _(aws: StandIn) -> bool:
    cdn = Cdn(aws)
    pem = {"Certificate": b"-----BEGIN CERTIFICATE-----", "PrivateKey": b"-----BEGIN PRIVATE KEY-----"}
    imported = cdn.acm.import_certificate(**pem)["CertificateArn"]
    viewer = {"ACMCertificateArn": imported, "SSLSupportMethod": "sni-only"}
    return bool(code(cdn.create, Aliases=listed("www.example.org"), ViewerCertificate=viewer))


@probe("permission-create-distribution-with-tags")
def _(aws: StandIn) -> bool:
    actions = ("cloudfront:CreateDistribution", "cloudfront:TagResource")
    client = user(aws, *actions, service="cloudfront")
    wanted = {"DistributionConfig": config("one"), "Tags": {"Items": [{"Key": "a", "Value": "b"}]}}
    return not code(client.create_distribution_with_tags, DistributionConfigWithTags=wanted)


@probe("permission-cloudfront-resource")
def _(aws: StandIn) -> bool:
    resource = arn("E1").replace(":distribution/", ":origin-access-control/")
    client = user(aws, "cloudfront:GetOriginAccessControl", service="cloudfront", resource=resource)
    return code(client.get_origin_access_control, Id="E1") == "NoSuchOriginAccessControl"
