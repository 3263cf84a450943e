"""The probes of ACM, Route 53 and the tagging API."""

from typing import Any

from sandbox.aws.stand_in import StandIn
from tests.parity.tools import code, probe, user
from tests.sandbox.cdn import Cdn, alias, listed, text, validation

TAG = {"Key": "a", "Value": "b"}


def _request(cdn: Cdn, **more: Any) -> str:
    asked = {"DomainName": "www.example.org", "ValidationMethod": "DNS", **more}
    return str(cdn.acm.request_certificate(**asked)["CertificateArn"])


# ACM


@probe("certificate-pending")
def _(aws: StandIn) -> bool:
    cdn = Cdn(aws)
    zone, certificate = cdn.zone(), _request(cdn)
    first = cdn.describe(certificate)["Status"]
    record = cdn.describe(certificate)["DomainValidationOptions"][0]["ResourceRecord"]
    cdn.change(zone, ("CREATE", validation(record)))
    return [first, cdn.describe(certificate)["Status"]] == ["PENDING_VALIDATION", "ISSUED"]


@probe("certificate-record-late")
def _(aws: StandIn) -> bool:
    cdn = Cdn(aws)
    certificate = _request(cdn)
    told = [cdn.describe(certificate)["DomainValidationOptions"][0] for _ in range(2)]
    return ["ResourceRecord" in option for option in told] == [False, True]


@probe("certificate-record-by-account")
def _(aws: StandIn) -> bool:
    records = []
    for cdn in (Cdn(aws), Cdn(aws, account="222222222222")):
        certificate = _request(cdn)
        cdn.describe(certificate)
        records.append(cdn.describe(certificate)["DomainValidationOptions"][0]["ResourceRecord"])
    return bool(records[0] != records[1])


@probe("certificate-token")
def _(aws: StandIn) -> bool:
    cdn = Cdn(aws)
    return _request(cdn, IdempotencyToken="a") == _request(cdn, IdempotencyToken="a")


@probe("certificate-in-use")
def _(aws: StandIn) -> bool:
    cdn = Cdn(aws)
    certificate = cdn.issued(cdn.zone(), "www.example.org")
    viewer = {"ACMCertificateArn": certificate, "SSLSupportMethod": "sni-only"}
    made = cdn.create(Aliases=listed("www.example.org"), ViewerCertificate=viewer)
    used = bool(cdn.describe(certificate)["InUseBy"] == [made["ARN"]])
    failed = code(cdn.acm.delete_certificate, CertificateArn=certificate)
    return used and failed == "ResourceInUseException"


@probe("certificate-paging")
def _(aws: StandIn) -> bool:
    cdn = Cdn(aws)
    for _ in range(2):
        _request(cdn)
    page = cdn.acm.list_certificates(MaxItems=1)
    return len(page["CertificateSummaryList"]) == 1 and "NextToken" in page


@probe("certificate-names-listed")
def _(aws: StandIn) -> bool:
    cdn = Cdn(aws)
    _request(cdn, SubjectAlternativeNames=["example.org"])
    told = cdn.acm.list_certificates()["CertificateSummaryList"][0]
    names = {"www.example.org", "example.org"}
    return set(told.get("SubjectAlternativeNameSummaries", ())) == names


@probe("certificate-options")
def _(aws: StandIn) -> bool:
    cdn = Cdn(aws)
    told = cdn.describe(_request(cdn, KeyAlgorithm="EC_prime256v1"))
    logged = told["Options"].get("CertificateTransparencyLoggingPreference")
    return bool((told["KeyAlgorithm"], logged) == ("EC-prime256v1", "ENABLED"))


@probe("certificate-issued-at-once")
def _(aws: StandIn) -> bool:
    cdn = Cdn(aws)
    zone, certificate = cdn.zone(), _request(cdn)
    cdn.describe(certificate)
    record = cdn.describe(certificate)["DomainValidationOptions"][0]["ResourceRecord"]
    cdn.change(zone, ("CREATE", validation(record)))
    return bool(cdn.describe(certificate)["Status"] == "PENDING_VALIDATION")


@probe("acm-not-implemented")
def _(aws: StandIn) -> bool:
    return code(Cdn(aws).acm.get_account_configuration) == "NotImplemented"


# Route 53


@probe("record-names")
def _(aws: StandIn) -> bool:
    cdn = Cdn(aws)
    zone = cdn.zone()
    cdn.change(zone, ("CREATE", text("*.WWW.example.org", '"1"')))
    told = cdn.route53.list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]
    return "\\052.www.example.org." in [record["Name"] for record in told]


@probe("record-invalid")
def _(aws: StandIn) -> bool:
    cdn = Cdn(aws)
    zone = cdn.zone()
    wrong = [
        text("www.example.com", '"1"'),
        text("www.example.org", "bare"),
        {"Name": "www.example.org", "Type": "A"},
        {**text("www.example.org", '"1"'), "Type": "NAPKIN"},
    ]
    failed = [code(lambda record=record: cdn.change(zone, ("CREATE", record))) for record in wrong]
    return failed == ["InvalidChangeBatch", "InvalidChangeBatch", "InvalidInput", "InvalidInput"]


@probe("record-beside-cname")
def _(aws: StandIn) -> bool:
    cdn = Cdn(aws)
    zone = cdn.zone()
    cdn.change(zone, ("CREATE", {**text("www.example.org", "a.org"), "Type": "CNAME"}))
    add = ("CREATE", text("www.example.org", '"1"'))
    return code(lambda: cdn.change(zone, add)) == "InvalidChangeBatch"


@probe("alias-outside-its-zone")
def _(aws: StandIn) -> bool:
    cdn = Cdn(aws)
    zone = cdn.zone()
    add = ("CREATE", alias("www.example.org", "www.example.com"))
    return code(lambda: cdn.change(zone, add)) == "InvalidChangeBatch"


@probe("record-value-unchecked")
def _(aws: StandIn) -> bool:
    cdn = Cdn(aws)
    zone = cdn.zone()
    add = ("CREATE", {**text("www.example.org", "no address"), "Type": "A"})
    return code(lambda: cdn.change(zone, add)) == "InvalidChangeBatch"


@probe("zones-by-name")
def _(aws: StandIn) -> bool:
    cdn = Cdn(aws)
    for name in ("b.org", "a.com", "www.b.org"):
        cdn.zone(name)
    told = cdn.route53.list_hosted_zones_by_name(MaxItems="1")
    return [zone["Name"] for zone in told["HostedZones"]] == ["a.com."] and (
        told.get("NextDNSName") == "b.org."
    )


@probe("route53-not-implemented")
def _(aws: StandIn) -> bool:
    cdn = Cdn(aws)
    return code(cdn.route53.get_dnssec, HostedZoneId=cdn.zone()) == "NotImplemented"


@probe("permission-route53-change")
def _(aws: StandIn) -> bool:
    client = user(aws, "route53:GetChange", service="route53", resource="arn:aws:route53:::change/C1")
    return code(client.get_change, Id="C1") == "NoSuchChange"


# The tagging API


@probe("tagged-certificates")
def _(aws: StandIn) -> bool:
    certificate = _request(Cdn(aws), Tags=[TAG])
    api = aws.client("resourcegroupstaggingapi", region="us-east-1")
    told = api.get_resources(ResourceTypeFilters=["acm:certificate"])["ResourceTagMappingList"]
    return [each["ResourceARN"] for each in told] == [certificate]


@probe("tagged-distributions-region")
def _(aws: StandIn) -> bool:
    cdn = Cdn(aws)
    tags = {"Items": [TAG]}
    cdn.cloudfront.tag_resource(Resource=cdn.create()["ARN"], Tags=tags)
    return not aws.client("resourcegroupstaggingapi", region="eu-west-1").get_resources()[
        "ResourceTagMappingList"
    ]


@probe("tagged-paging")
def _(aws: StandIn) -> bool:
    cdn = Cdn(aws)
    for number in range(2):
        made = cdn.create(f"reference-{number}")
        cdn.cloudfront.tag_resource(Resource=made["ARN"], Tags={"Items": [TAG]})
    api = aws.client("resourcegroupstaggingapi", region="us-east-1")
    page = api.get_resources(ResourcesPerPage=1)
    return len(page["ResourceTagMappingList"]) == 1 and bool(page["PaginationToken"])


@probe("tagged-at-once")
def _(aws: StandIn) -> bool:
    cdn = Cdn(aws)
    cdn.cloudfront.tag_resource(Resource=cdn.create()["ARN"], Tags={"Items": [TAG]})
    aws.tagging_delay(3600)
    api = aws.client("resourcegroupstaggingapi", region="us-east-1")
    return not api.get_resources()["ResourceTagMappingList"]
