"""The names of a distribution: its certificate, the proof of it, and the records by which viewers find it."""

from typing import Any

import pytest

from sandbox.world import World

pytestmark = pytest.mark.e2e


def zone(world: World) -> tuple[str, str]:
    """Make a hosted zone of this namespace's own; return its id and its name."""
    name = f"{world.namespace}.example.com"
    made = world.aws.client("route53").create_hosted_zone(Name=name, CallerReference=name)
    return made["HostedZone"]["Id"].rpartition("/")[2], name


def records(world: World, zone: str) -> dict[tuple[str, str], Any]:
    """Return the records of a zone but for those that every zone has."""
    listed = world.aws.client("route53").list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]
    return {(each["Name"], each["Type"]): each for each in listed if each["Type"] not in ("NS", "SOA")}


def test_a_name_is_certified_proved_and_published_and_all_of_it_goes_with_the_object(world: World) -> None:
    id, domain = zone(world)
    alias = f"cdn.{domain}"
    site = world.of("Distribution")
    world.apply({"bucketName": world.name(), "region": "eu-central-1", "deletionPolicy": "Delete"})
    site.apply(
        {
            "origins": [{"name": "media", "bucketRef": {"name": "media"}}],
            "defaultBehavior": {"origin": "media"},
            "aliases": [alias],
            "certificate": {"request": True},
            "dns": {"hostedZoneName": domain},
            "deletionPolicy": "Delete",
        },
        "site",
    )
    obj = site.ready("site", 60)

    assert obj["status"]["aliases"] == [{"name": alias, "dns": "Ready", "certificate": "ISSUED"}]
    made = records(world, id)
    assert {kind for name, kind in made if name == f"{alias}."} == {"A", "AAAA", "HTTPS"}
    assert made[f"{alias}.", "A"]["AliasTarget"]["DNSName"] == f"{obj['status']['domainName']}."
    site.delete("site")
    site.gone("site", 60)
    assert records(world, id) == {}
    listed = world.aws.client("acm", region="us-east-1").list_certificates()["CertificateSummaryList"]
    assert alias not in {each["DomainName"] for each in listed}
