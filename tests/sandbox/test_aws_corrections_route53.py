"""Where the stand-in's Route 53 behaves like AWS, by itself or because it is put right."""

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sandbox.aws.stand_in import StandIn
from tests.sandbox.cdn import Cdn, alias, text

pytestmark = pytest.mark.standin

Change = tuple[str, dict[str, Any]]


@pytest.fixture
def cdn(aws: StandIn) -> Iterator[Cdn]:
    """An empty stand-in."""
    aws.reset()
    yield Cdn(aws)
    aws.reset()


def _refusal(cdn: Cdn, zone: str, *changes: Change) -> str:
    with pytest.raises(ClientError) as caught:
        cdn.change(zone, *changes)
    return caught.value.response["Error"]["Code"]


def _records(cdn: Cdn, zone: str, **start: Any) -> list[tuple[str, str]]:
    told = cdn.route53.list_resource_record_sets(HostedZoneId=zone, **start)["ResourceRecordSets"]
    return [(each["Name"], each["Type"]) for each in told if each["Type"] not in ("NS", "SOA")]


def test_a_batch_is_done_as_a_whole_or_not_at_all(cdn: Cdn) -> None:
    zone = cdn.zone()
    there = text("a.example.org", '"1"')
    cdn.change(zone, ("CREATE", there))
    fresh, gone = text("b.example.org", '"1"'), text("c.example.org", '"1"')
    assert _refusal(cdn, zone, ("CREATE", fresh), ("CREATE", there)) == "InvalidChangeBatch"
    assert _refusal(cdn, zone, ("UPSERT", fresh), ("DELETE", gone)) == "InvalidChangeBatch"
    other = text("a.example.org", '"2"')
    assert _refusal(cdn, zone, ("CREATE", fresh), ("DELETE", other)) == "InvalidChangeBatch"
    assert _records(cdn, zone) == [("a.example.org.", "TXT")]
    cdn.change(zone, ("UPSERT", fresh), ("DELETE", there))
    assert _records(cdn, zone) == [("b.example.org.", "TXT")]


def test_names_are_written_in_lower_case_and_wildcards_as_octal(cdn: Cdn) -> None:
    zone = cdn.zone()
    cdn.change(zone, ("CREATE", text("*.WWW.Example.org", '"1"')))
    assert _records(cdn, zone) == [("\\052.www.example.org.", "TXT")]
    named = {"StartRecordName": "*.www.example.org", "StartRecordType": "TXT"}
    assert _records(cdn, zone, **named) == [("\\052.www.example.org.", "TXT")]
    cdn.change(zone, ("DELETE", text("\\052.www.example.org", '"1"')))
    assert _records(cdn, zone) == []


def test_records_are_listed_by_labels_from_the_last_and_by_type_from_a_start(cdn: Cdn) -> None:
    zone = cdn.zone()
    for name in ("b.example.org", "a.b.example.org", "c.example.org"):
        cdn.change(zone, ("CREATE", text(name, '"1"')), ("CREATE", alias(name, "d1.cloudfront.net")))
    wanted = [(f"{name}.example.org.", kind) for name in ("b", "a.b", "c") for kind in ("A", "TXT")]
    assert _records(cdn, zone) == wanted
    start = {"StartRecordName": "b.example.org", "StartRecordType": "TXT"}
    assert _records(cdn, zone, **start, MaxItems="1") == wanted[1:2]
    told = cdn.route53.list_resource_record_sets(HostedZoneId=zone, **start, MaxItems="1")
    assert (told["IsTruncated"], told["NextRecordName"], told["NextRecordType"]) == (True, *wanted[2])


@pytest.mark.parametrize(
    ("record", "code"),
    [
        (text("www.example.com", '"1"'), "InvalidChangeBatch"),
        (text("www.example.org", "bare"), "InvalidChangeBatch"),
        ({**text("www.example.org", '"1"'), "Type": "NAPKIN"}, "InvalidInput"),
        ({"Name": "www.example.org", "Type": "A"}, "InvalidInput"),
        ({**text("www.example.org", '"1"'), **alias("www.example.org", "d1.cloudfront.net")}, "InvalidInput"),
        (alias("www.example.org", "www.example.com"), "InvalidChangeBatch"),
        ({**text("there.example.org", "a.org"), "Type": "CNAME"}, "InvalidChangeBatch"),
        (text("other.example.org", '"1"'), "InvalidChangeBatch"),
    ],
)
def test_a_record_that_cannot_be_is_refused(cdn: Cdn, record: dict[str, Any], code: str) -> None:
    zone = cdn.zone()
    cdn.change(zone, ("CREATE", text("there.example.org", '"1"')))
    cdn.change(zone, ("CREATE", {**text("other.example.org", "a.org"), "Type": "CNAME"}))
    assert _refusal(cdn, zone, ("UPSERT", record)) == code


def test_aliases_of_distributions_are_kept_for_every_type(cdn: Cdn) -> None:
    zone = cdn.zone()
    kinds = ("A", "AAAA", "HTTPS")
    cdn.change(zone, *(("CREATE", alias("www.example.org", "d1.cloudfront.net", kind)) for kind in kinds))
    assert _records(cdn, zone) == [("www.example.org.", kind) for kind in kinds]
    told = cdn.route53.list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"][-1]
    assert told["AliasTarget"]["DNSName"] == "d1.cloudfront.net."
    cdn.change(zone, *(("DELETE", alias("www.example.org", "d1.cloudfront.net", kind)) for kind in kinds))


def test_a_record_may_change_its_type_in_one_batch(cdn: Cdn) -> None:
    zone = cdn.zone()
    old, new = {**text("www.example.org", "a.org"), "Type": "CNAME"}, text("www.example.org", '"1"')
    cdn.change(zone, ("CREATE", old))
    cdn.change(zone, ("DELETE", old), ("CREATE", new))
    assert _records(cdn, zone) == [("www.example.org.", "TXT")]


def test_zones_are_found_by_name(cdn: Cdn) -> None:
    for name in ("b.org", "a.com", "www.b.org", "c.org"):
        cdn.zone(name)

    def found(**asked: Any) -> list[str]:
        told = cdn.route53.list_hosted_zones_by_name(**asked)
        return [each["Name"] for each in told["HostedZones"]]

    assert found() == ["a.com.", "b.org.", "www.b.org.", "c.org."]
    assert found(DNSName="b.org", MaxItems="1") == ["b.org."]
    assert found(DNSName="www.b.org") == ["www.b.org.", "c.org."]
    told = cdn.route53.list_hosted_zones_by_name(DNSName="b.org", MaxItems="1")
    assert (told["DNSName"], told["IsTruncated"], told["NextDNSName"]) == ("b.org.", True, "www.b.org.")
    second = {"DNSName": told["NextDNSName"], "HostedZoneId": told["NextHostedZoneId"]}
    assert found(**second) == ["www.b.org.", "c.org."]


def test_a_change_is_pending_first_and_in_sync_then(cdn: Cdn) -> None:
    record = text("www.example.org", '"1"')
    batch = {"Changes": [{"Action": "CREATE", "ResourceRecordSet": record}]}
    change = cdn.route53.change_resource_record_sets(HostedZoneId=cdn.zone(), ChangeBatch=batch)
    number = change["ChangeInfo"]["Id"]
    states = [cdn.route53.get_change(Id=number)["ChangeInfo"]["Status"] for _ in range(2)]
    assert (change["ChangeInfo"]["Status"], states) == ("PENDING", ["PENDING", "INSYNC"])


def test_what_is_not_implemented_says_so(cdn: Cdn) -> None:
    with pytest.raises(ClientError) as caught:
        cdn.route53.get_dnssec(HostedZoneId=cdn.zone())
    assert caught.value.response["Error"]["Code"] == "NotImplemented"
