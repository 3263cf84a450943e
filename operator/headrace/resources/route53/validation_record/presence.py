"""Whether the record is there. It is everybody's who needs it: there is no owner, and no mark to leave."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, ClassVar, Self, cast

from headrace.aws.target import Target
from headrace.engine.errors import NotOurs
from headrace.engine.facet import Permissions, Root
from headrace.engine.ownership import OWNER_TAG, Presence
from headrace.engine.slices import ABSENT, Missing, Slice
from headrace.resources.route53._batches import change, create, delete, points_to
from headrace.resources.route53._names import base, plain
from headrace.resources.route53._zones import asked_for, zone_of
from headrace.resources.route53.validation_record._reading import Proof, found

if TYPE_CHECKING:
    from mypy_boto3_acm.literals import CertificateStatusType, KeyAlgorithmType

# ACM looks for the record before it issues a certificate, and again before it renews one.
_STANDING: "tuple[CertificateStatusType, ...]" = ("PENDING_VALIDATION", "ISSUED")
_ALL_KEYS: "tuple[KeyAlgorithmType, ...]" = (
    *("RSA_1024", "RSA_2048", "RSA_3072", "RSA_4096"),
    *("EC_prime256v1", "EC_secp384r1", "EC_secp521r1"),
)


class ProofPresence(Presence):
    """That the record is there; whoever asks owns it with all others."""

    def released(self) -> Self:
        """Return the same: what is everybody's stays as it is."""
        return self


class PresenceFacet(Root[ProofPresence, Target]):
    """A CNAME that is made where it is not there, and goes when no certificate needs it any more.

    AWS asks for the same record for every certificate of a name that an account has, so its id, `<zone
    id>/<record name>`, follows from the certificate: it is known once the record is made.
    """

    name = "presence"
    slice = ProofPresence
    address = "arn:{partition}:route53:::hostedzone/{parent}"
    carries: ClassVar[tuple[str, ...]] = ("proof",)
    requires: ClassVar[tuple[str, ...]] = ("proof",)
    granted_as = "hosted_zones"
    id_from_cloud = True
    permissions = Permissions(
        read=frozenset(
            {"acm:ListCertificates", "acm:ListTagsForCertificate", "route53:ListResourceRecordSets"}
        ),
        write=frozenset({"route53:ChangeResourceRecordSets", "route53:ListHostedZonesByName"}),
        create=frozenset({"route53:ListHostedZonesByName"}),
    )

    def observe(self, target: Target) -> ProofPresence | Missing:
        """Look for the record; as long as nobody knows its name there is none."""
        there = found(target) if target.id else None
        return ABSENT if there is None else ProofPresence(owner=target.owner)

    def create(self, target: Target, after: ProofPresence, carried: Mapping[str, Slice]) -> None:
        """Make the record, unless it is there already, whoever made it.

        Raises:
            NotOurs: there is one of that name that says something else.
        """
        wanted = cast(Proof, carried["proof"])
        target.identify(f"{zone_of(target)}/{wanted.record_name}")
        target.forget()
        there = found(target)
        if there is None:
            zone, _ = asked_for(target)
            # Who makes the same at the same time makes it for us: the next look finds it.
            change(target, zone, [create(wanted.record())])
        elif plain(points_to(there)) != wanted.value:
            raise NotOurs(
                f"{wanted.record_name} is a CNAME record to {points_to(there)}, where ACM wants "
                f"{wanted.value}. It is left alone. Remove it."
            )

    def apply(self, target: Target, after: ProofPresence, before: ProofPresence | Missing) -> None:
        """Do nothing: there is no mark to change."""

    def leaving(self, target: Target, seen: ProofPresence) -> ProofPresence:
        """Let the record be where a certificate needs it that is not our owner's."""
        return ProofPresence() if any(True for _ in _needing(target)) else seen

    def remove(self, target: Target, before: ProofPresence) -> None:
        """Delete the record."""
        there, (zone, _) = found(target), asked_for(target)
        if there is not None:
            change(target, zone, [delete(there)])


def _needing(target: Target) -> Iterator[str]:
    """Yield the ARNs of the certificates for which ACM may look for this record, but those of our owner."""
    _, record = asked_for(target)
    proved = record.partition(".")[2]
    pages = target.acm.get_paginator("list_certificates").paginate(
        CertificateStatuses=list(_STANDING), Includes={"keyTypes": list(_ALL_KEYS)}
    )
    for page in pages:
        for each in page["CertificateSummaryList"]:
            names = {each["DomainName"], *each.get("SubjectAlternativeNameSummaries", ())}
            theirs = proved in map(base, names) and not _is_ours(target, each["CertificateArn"])
            if theirs and each.get("Type") != "IMPORTED":
                yield each["CertificateArn"]


def _is_ours(target: Target, arn: str) -> bool:
    tags = target.acm.list_tags_for_certificate(CertificateArn=arn)["Tags"]
    return {"Key": OWNER_TAG, "Value": target.owner} in tags
