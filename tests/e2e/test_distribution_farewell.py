"""The end of a distribution that has names: out of DNS first, then itself, then its certificate; as told."""

from typing import Any

import pytest

from sandbox.world import Object, World, condition
from tests.e2e.distributions import SECONDS, Site, origin

pytestmark = pytest.mark.e2e

_READ = ("Describe", "Get", "Head", "List")


@pytest.fixture
def site(world: World) -> Site:
    return Site(world)


def zone(site: Site) -> tuple[str, str]:
    """Make a hosted zone of this namespace; return its id and its name."""
    name = f"{site.objects.namespace}.example.com"
    made = site.aws.client("route53").create_hosted_zone(Name=name, CallerReference=name)
    return str(made["HostedZone"]["Id"]).rpartition("/")[2], name


def kinds_of(site: Site, zone: str, name: str) -> set[str]:
    """Return the types of the records of a name."""
    listed = site.aws.client("route53").list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]
    return {each["Type"] for each in listed if each["Name"] == f"{name}."}


def certified(site: Site, name: str) -> bool:
    """Say whether there is a certificate for a name."""
    acm = site.aws.client("acm", region="us-east-1")
    return name in {each["DomainName"] for each in acm.list_certificates()["CertificateSummaryList"]}


def named(site: Site, domain: str, alias: str) -> Object:
    said: dict[str, Any] = {"certificate": {"request": True}, "dns": {"hostedZoneName": domain}}
    return site.made(origin(), aliases=[alias], **said)


def parts(obj: Object) -> list[str]:
    return [part["name"].partition("/")[0] for part in obj["status"].get("parts", [])]


def test_its_names_go_before_it_is_disabled_and_its_certificate_after_it(site: Site) -> None:
    id, domain = zone(site)
    alias = f"cdn.{domain}"
    site.filled()
    obj = named(site, domain, alias)
    number = obj["status"]["id"]
    assert site.aws.view(alias, "/index.html").body == b"media"
    assert parts(obj).index("certificate") < parts(obj).index("distribution") < parts(obj).index("dns")
    site.aws.deployment(60)
    site.mark()
    site.objects.delete("site")
    obj = site.objects.until(
        lambda o: "edges get to know it" in condition(o, "Ready")["message"], "site", "that it is waited for"
    )
    assert (condition(obj, "Ready")["reason"], "dns" in parts(obj)) == ("Deleting", False)
    assert kinds_of(site, id, alias) == set()
    assert site.config(number)["Enabled"] is False
    assert certified(site, alias), "the distribution has it as long as it is there"
    site.aws.deployment(SECONDS)
    site.objects.gone("site")
    assert not site.exists(number)
    assert not certified(site, alias)
    calls = [c for c in site.calls() if c.service != "s3" and not c.operation.startswith(_READ)]
    assert [c.operation for c in calls] == [
        "ChangeResourceRecordSets",
        "UpdateDistribution",
        "DeleteDistribution",
        "ChangeResourceRecordSets",  # the proof of the certificate's name
        "DeleteCertificate",
        "DeleteOriginAccessControl",
    ]


def test_an_alias_that_leaves_the_spec_leaves_dns_and_the_certificate_goes(site: Site) -> None:
    id, domain = zone(site)
    alias = f"cdn.{domain}"
    site.filled()
    named(site, domain, alias)
    obj = site.made()
    assert kinds_of(site, id, alias) == set()
    assert not certified(site, alias)
    assert sorted(parts(obj)) == ["access-control", "distribution"]
    assert site.view().body == b"media"
