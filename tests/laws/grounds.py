"""What some resources need before they can be made, and how they are called: the ground of the laws."""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from headrace.engine.facet import Facet
from headrace.engine.ownership import OWNER_TAG
from headrace.engine.slices import Slice
from headrace.resources.cloudfront.distribution.aliases import AliasesLens
from headrace.resources.route53.alias_records._aliases import Records
from headrace.resources.route53.alias_records.records import RecordsFacet
from headrace.resources.route53.validation_record._reading import Proof
from headrace.resources.route53.validation_record.proof import ProofFacet
from headrace.resources.s3.bucket.cloud_front_access import CloudFrontAccess, CloudFrontAccessFacet
from tests.laws.distribution_samples import DISTRIBUTION_SAMPLES

AnyFacet = Facet[Any, Any]
ME = "laws/Thing/shop/media"
ZONE = "laws.example"

Client = Callable[[str], Any]
"""Makes a plain client of root's for a service."""


class Ground:
    """Nothing is needed."""

    def __init__(self, client: Client) -> None:
        self.client = client

    def named(self, name: str) -> str:
        """Make what is needed, and return how a resource is called that is not there."""
        return name

    def presence(self, called: str) -> Mapping[str, Any]:
        """Return what its root has to say beside owner and region."""
        return {}


class Certificates(Ground):
    """They are called by the names that they are for."""

    def named(self, name: str) -> str:
        return f"{name}.{ZONE}"

    def presence(self, called: str) -> Mapping[str, Any]:
        return {"names": (called,)}


class Zoned(Ground):
    """Records are in a zone, which they know by its name."""

    def named(self, name: str) -> str:
        self.zone()
        return f"{ZONE}/{name}.{ZONE}"

    def zone(self) -> str:
        """Return the id of the zone, which is made once."""
        route53 = self.client("route53")
        found = route53.list_hosted_zones_by_name(DNSName=ZONE)["HostedZones"]
        for each in found:
            if each["Name"] == f"{ZONE}.":
                return str(each["Id"])
        return str(route53.create_hosted_zone(Name=ZONE, CallerReference=ZONE)["HostedZone"]["Id"])


class Proofs(Zoned):
    """There is one record for all who need it: it goes before the next one is made."""

    SAMPLE: ClassVar[Proof] = Proof(record_name=f"_law.{ZONE}", value="_a.acm-validations.aws")
    OTHER: ClassVar[Proof] = SAMPLE.model_copy(update={"value": "_b.acm-validations.aws"})

    def named(self, name: str) -> str:
        self._without_record()
        self._certificate_of_ours()
        return super().named(name)

    def _without_record(self) -> None:
        route53, zone = self.client("route53"), self.zone()
        found = route53.list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]
        gone = [{"Action": "DELETE", "ResourceRecordSet": each} for each in found if each["Type"] == "CNAME"]
        if gone:
            route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": gone})

    def _certificate_of_ours(self) -> None:
        """Its tags are asked for before the record goes."""
        acm = self.client("acm")
        if not any(e["DomainName"] == ZONE for e in acm.list_certificates()["CertificateSummaryList"]):
            tags = [{"Key": OWNER_TAG, "Value": ME}]
            acm.request_certificate(DomainName=ZONE, ValidationMethod="DNS", Tags=tags)


class Distributions(Ground):
    """One at a time has the alias and our mark: it goes before the next one is made."""

    def named(self, name: str) -> str:
        cloudfront = self.client("cloudfront")
        for each in cloudfront.list_distributions()["DistributionList"].get("Items", []):
            self._remove(cloudfront, each["Id"])
        return name

    def _remove(self, cloudfront: Any, id: str) -> None:
        found = cloudfront.get_distribution_config(Id=id)
        off = {**found["DistributionConfig"], "Enabled": False}
        etag = cloudfront.update_distribution(Id=id, IfMatch=found["ETag"], DistributionConfig=off)["ETag"]
        cloudfront.delete_distribution(Id=id, IfMatch=etag)

    def presence(self, called: str) -> Mapping[str, Any]:
        return {"caller_reference": called}


GROUNDS: Mapping[str, type[Ground]] = {
    "acm/certificate": Certificates,
    "cloudfront/distribution": Distributions,
    "route53/alias_records": Zoned,
    "route53/validation_record": Proofs,
}
"""The ground of each resource type that needs one."""


_SOURCE = "arn:aws:cloudfront::111122223333:distribution"

SAMPLES: Mapping[type[AnyFacet], tuple[Slice, Slice]] = {
    **DISTRIBUTION_SAMPLES,
    ProofFacet: (Proofs.SAMPLE, Proofs.OTHER),
    # Distributions of one partition: Route 53 knows no others.
    RecordsFacet: (
        Records(target="d1.cloudfront.net", https=True),
        Records(target="d2.cloudfront.net", ipv6=False),
    ),
    # What is slow to be made up.
    CloudFrontAccessFacet: (
        CloudFrontAccess(distribution_arns=(f"{_SOURCE}/E1",)),
        CloudFrontAccess(distribution_arns=(f"{_SOURCE}/E2", f"{_SOURCE}/E3")),
    ),
}
"""A value and another one for facets of which not any value will do."""

BESIDE: Mapping[type[AnyFacet], tuple[str, ...]] = {AliasesLens: ("viewerCertificate",)}
"""Facets of which a value is only taken beside others, and these."""
