"""The certificate itself. It has no settings: other names make another certificate."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from pydantic import AfterValidator, Field

from headrace.aws.target import Target, absent_on
from headrace.engine.errors import CloudError
from headrace.engine.facet import Permissions, Root
from headrace.engine.ownership import Presence
from headrace.engine.slices import ABSENT, Missing, Slice
from headrace.resources.acm.certificate._names import in_order, token
from headrace.resources.acm.certificate._reading import detail, find, id_in, tags_of
from headrace.resources.acm.certificate._states import trouble
from headrace.resources.tagging import Tagging

if TYPE_CHECKING:
    from mypy_boto3_acm.type_defs import CertificateDetailTypeDef

_FOUND = ("status", "validation_names", "validation_values", "issued_arn", "not_after", "renewal_status")


def _put(target: Target, tags: dict[str, str]) -> None:
    if tags:
        target.acm.add_tags_to_certificate(
            CertificateArn=target.arn,
            Tags=[{"Key": key, "Value": value} for key, value in sorted(tags.items())],
        )


def _drop(target: Target, keys: set[str]) -> None:
    if keys:
        target.acm.remove_tags_from_certificate(
            CertificateArn=target.arn, Tags=[{"Key": key} for key in sorted(keys)]
        )


_TAGGING = Tagging(tags_of, _put, _drop)


class CertificatePresence(Presence):
    """That a certificate exists for some names, for an owner, and how far it has come."""

    filled_by_cloud: ClassVar[frozenset[str]] = frozenset(_FOUND)

    names: Annotated[tuple[str, ...], AfterValidator(in_order)] = Field(
        (), max_length=100, description="The names that it is for; they can never change."
    )
    status: str | None = Field(None, max_length=64, description="The status: PENDING_VALIDATION, ISSUED, …")
    validation_names: Mapping[str, str] | None = Field(
        None,
        max_length=100,
        description="The CNAME records that prove its names: by the name that is proved, without *, theirs.",
    )
    validation_values: Mapping[str, str] | None = Field(
        None, max_length=100, description="What these records point to, by the name that is proved."
    )
    issued_arn: str | None = Field(
        None, max_length=2048, description="The ARN, once it is issued and can be used."
    )
    not_after: str | None = Field(None, max_length=64, description="When it expires; ACM renews it before.")
    renewal_status: str | None = Field(None, max_length=64, description="How far the last renewal has come.")


class PresenceFacet(Root[CertificatePresence, Target]):
    """A certificate in us-east-1, where CloudFront looks for them; found by its names and its owner."""

    name = "presence"
    slice = CertificatePresence
    address = "arn:{partition}:acm:{region}:{account}:certificate/{id}"
    fixed: ClassVar[tuple[str, ...]] = ("names",)
    id_from_cloud = True
    permissions = Permissions(
        read=frozenset({"acm:DescribeCertificate", "acm:ListCertificates", "acm:ListTagsForCertificate"}),
        write=frozenset(
            {
                "acm:AddTagsToCertificate",
                "acm:DeleteCertificate",
                "acm:RemoveTagsFromCertificate",
                "acm:RequestCertificate",
            }
        ),
        create=frozenset({"acm:RequestCertificate"}),
        remove=frozenset({"acm:DeleteCertificate"}),
    )

    def observe(self, target: Target) -> CertificatePresence | Missing:
        """Ask for the certificate, which is looked for where its id is not known, and for its tags."""
        if not target.id:
            find(target)
        if not target.id:
            return ABSENT
        with absent_on("ResourceNotFoundException"):
            told, tags = detail(target), tags_of(target)
            names = in_order(told.get("SubjectAlternativeNames", []))
            return CertificatePresence.of(tags, names=names, **_progress(told))
        return ABSENT

    def create(self, target: Target, after: CertificatePresence, carried: Mapping[str, Slice]) -> None:
        """Request it with its owner; a request whose answer got lost gives the same certificate."""
        first, *others = after.names
        more: dict[str, Any] = {"SubjectAlternativeNames": others} if others else {}
        answer = target.acm.request_certificate(
            DomainName=first,
            ValidationMethod="DNS",
            IdempotencyToken=token(after.owner or "", after.names),
            Tags=[{"Key": key, "Value": value} for key, value in sorted(after.marks().items())],
            **more,
        )
        target.identify(id_in(answer["CertificateArn"]))

    def apply(
        self, target: Target, after: CertificatePresence, before: CertificatePresence | Missing
    ) -> None:
        """Change whose the certificate is."""
        _TAGGING.remark(target, after, before)

    def remove(self, target: Target, before: CertificatePresence) -> None:
        """Delete it; ACM refuses as long as a distribution uses it."""
        with absent_on("ResourceNotFoundException"):
            target.acm.delete_certificate(CertificateArn=target.arn)

    def busy(self, target: Target) -> CloudError | None:
        """Say what a certificate waits for that is not issued, or why it never will be."""
        return trouble(detail(target))


def _progress(told: "CertificateDetailTypeDef") -> dict[str, Any]:
    """Return how far the certificate has come."""
    status, ends = told.get("Status"), told.get("NotAfter")
    return {
        "status": status,
        **_proofs(told),
        "issued_arn": told.get("CertificateArn") if status == "ISSUED" else None,
        "not_after": ends.isoformat() if ends else None,
        "renewal_status": told.get("RenewalSummary", {}).get("RenewalStatus"),
    }


def _proofs(told: "CertificateDetailTypeDef") -> dict[str, Any]:
    """Return the records once ACM has said them all, which takes it some seconds; until then nothing."""
    options = told.get("DomainValidationOptions", [])
    if not options or any("ResourceRecord" not in each for each in options):
        return {"validation_names": None, "validation_values": None}
    found = {each["DomainName"].removeprefix("*."): each["ResourceRecord"] for each in options}
    return {
        "validation_names": {name: _bare(found[name]["Name"]) for name in sorted(found)},
        "validation_values": {name: _bare(found[name]["Value"]) for name in sorted(found)},
    }


def _bare(name: str) -> str:
    return name.rstrip(".").lower()
