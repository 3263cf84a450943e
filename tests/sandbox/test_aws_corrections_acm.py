"""Where the stand-in's ACM behaves like AWS, by itself or because it is put right."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.sandbox.cdn import Cdn, listed, validation

pytestmark = pytest.mark.standin

STRANGER = "222222222222"


def _request(cdn: Cdn, *names: str, **more: Any) -> str:
    asked = {"DomainName": names[0], "SubjectAlternativeNames": list(names), "ValidationMethod": "DNS"}
    return str(cdn.acm.request_certificate(**asked, **more)["CertificateArn"])


def _records(cdn: Cdn, arn: str) -> list[dict[str, str]]:
    cdn.describe(arn)
    return [option["ResourceRecord"] for option in cdn.describe(arn)["DomainValidationOptions"]]


def test_a_certificate_waits_for_the_records_of_all_its_names(cdn: Cdn) -> None:
    zone = cdn.zone()
    arn = _request(cdn, "example.org", "*.example.org", "www.example.org")
    first = cdn.describe(arn)
    assert (first["Status"], "IssuedAt" in first, "NotAfter" in first) == ("PENDING_VALIDATION", False, False)
    assert not any("ResourceRecord" in option for option in first["DomainValidationOptions"])
    apex, wildcard, www = _records(cdn, arn)
    assert apex == wildcard != www
    assert apex["Name"].endswith(".example.org.")
    assert www["Value"].endswith(".acm-validations.aws.")
    cdn.change(zone, ("UPSERT", validation(apex)))
    told = cdn.describe(arn)
    states = [option["ValidationStatus"] for option in told["DomainValidationOptions"]]
    assert (told["Status"], states) == ("PENDING_VALIDATION", ["SUCCESS", "SUCCESS", "PENDING_VALIDATION"])
    cdn.change(zone, ("UPSERT", validation(www)))
    told = cdn.describe(arn)
    assert (told["Status"], "NotAfter" in told) == ("ISSUED", True)
    cdn.change(zone, ("DELETE", validation(www)))
    assert cdn.describe(arn)["Status"] == "ISSUED"


def test_the_record_of_a_name_is_the_same_for_all_certificates_of_an_account(cdn: Cdn) -> None:
    mine = [_records(cdn, _request(cdn, "www.example.org", name)) for name in ("a.org", "b.org")]
    stranger = Cdn(cdn.aws, account=STRANGER)
    assert mine[0][0] == mine[1][0]
    assert mine[0][1] != mine[1][1]
    assert _records(stranger, _request(stranger, "www.example.org"))[0] != mine[0][0]


def test_a_token_gives_the_same_certificate_for_the_same_names(cdn: Cdn) -> None:
    first = _request(cdn, "www.example.org", IdempotencyToken="a")
    assert _request(cdn, "www.example.org", IdempotencyToken="a") == first
    others = {
        _request(cdn, "www.example.org", IdempotencyToken="b"),
        _request(cdn, "www.example.org", "example.org", IdempotencyToken="a"),
        _request(cdn, "www.example.org"),
        _request(cdn, "www.example.org"),
    }
    assert len(others - {first}) == 4


def test_tags_of_a_request_are_found_in_its_region(cdn: Cdn) -> None:
    tag = {"Key": "owner", "Value": "me"}
    arn = _request(cdn, "www.example.org", Tags=[tag])
    assert cdn.acm.list_tags_for_certificate(CertificateArn=arn)["Tags"] == [tag]
    _request(cdn, "www.example.org", Tags=[{"Key": "owner", "Value": "other"}])

    def found(region: str) -> list[str]:
        api = cdn.aws.client("resourcegroupstaggingapi", region=region)
        asked = {"Key": "owner", "Values": ["me"]}
        told = api.get_resources(TagFilters=[asked], ResourceTypeFilters=["acm:certificate"])
        return [each["ResourceARN"] for each in told["ResourceTagMappingList"]]

    assert (found("us-east-1"), found("eu-central-1")) == ([arn], [])
    cdn.acm.remove_tags_from_certificate(CertificateArn=arn, Tags=[tag])
    assert found("us-east-1") == []


def test_what_is_new_is_found_by_its_tags_after_a_while(cdn: Cdn) -> None:
    cdn.aws.tagging_delay(3600)
    certificate = _request(cdn, "www.example.org", Tags=[{"Key": "a", "Value": "b"}])
    distribution = cdn.create()["ARN"]
    cdn.cloudfront.tag_resource(Resource=distribution, Tags={"Items": [{"Key": "a", "Value": "b"}]})

    def found() -> list[str]:
        api = cdn.aws.client("resourcegroupstaggingapi", region="us-east-1")
        return [each["ResourceARN"] for each in api.get_resources()["ResourceTagMappingList"]]

    assert found() == []
    cdn.aws.tagging_delay(0)
    assert sorted(found()) == [certificate, distribution]


def test_the_tagging_api_answers_in_pages(cdn: Cdn) -> None:
    arns = [_request(cdn, "www.example.org", Tags=[{"Key": "a", "Value": "b"}]) for _ in range(3)]
    api = cdn.aws.client("resourcegroupstaggingapi", region="us-east-1")
    first = api.get_resources(ResourcesPerPage=2)
    second = api.get_resources(ResourcesPerPage=2, PaginationToken=first["PaginationToken"])
    found = [each["ResourceARN"] for page in (first, second) for each in page["ResourceTagMappingList"]]
    assert (sorted(found), second["PaginationToken"]) == (sorted(arns), "")


def test_a_certificate_stays_while_a_distribution_uses_it(cdn: Cdn) -> None:
    arn = cdn.issued(cdn.zone(), "www.example.org")
    viewer = {"ACMCertificateArn": arn, "SSLSupportMethod": "sni-only"}
    made = cdn.create(Aliases=listed("www.example.org"), ViewerCertificate=viewer)
    assert cdn.describe(arn)["InUseBy"] == [made["ARN"]]
    with pytest.raises(ClientError) as caught:
        cdn.acm.delete_certificate(CertificateArn=arn)
    assert caught.value.response["Error"]["Code"] == "ResourceInUseException"
    plain = {"CloudFrontDefaultCertificate": True}
    cdn.update(made["Id"], Aliases={"Quantity": 0}, ViewerCertificate=plain)
    assert cdn.describe(arn)["InUseBy"] == []
    cdn.acm.delete_certificate(CertificateArn=arn)


def test_certificates_are_listed_in_pages_with_their_present_state(cdn: Cdn) -> None:
    zone = cdn.zone()
    arns = [_request(cdn, f"{number}.example.org") for number in range(3)]
    for record in _records(cdn, arns[1]):
        cdn.change(zone, ("UPSERT", validation(record)))
    issued = cdn.acm.list_certificates(CertificateStatuses=["ISSUED"])["CertificateSummaryList"]
    assert [each["CertificateArn"] for each in issued] == [arns[1]]
    first = cdn.acm.list_certificates(MaxItems=2)
    second = cdn.acm.list_certificates(MaxItems=2, NextToken=first["NextToken"])
    found = [each["CertificateArn"] for page in (first, second) for each in page["CertificateSummaryList"]]
    assert (found, "NextToken" in second) == (arns, False)


def test_what_is_not_implemented_says_so(cdn: Cdn) -> None:
    with pytest.raises(ClientError) as caught:
        cdn.acm.get_account_configuration()
    assert caught.value.response["Error"]["Code"] == "NotImplemented"
