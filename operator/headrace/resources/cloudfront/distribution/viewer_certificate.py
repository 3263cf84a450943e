"""The certificate with which viewers are met, and the versions of TLS that they may speak."""

import re
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from headrace.engine.document import Body
from headrace.engine.graph import KNOWN_LATER
from headrace.engine.slices import Missing, Slice
from headrace.resources.cloudfront.distribution._member import DistributionLens
from headrace.resources.models import checked, none_for_empty

_MEMBER = "ViewerCertificate"
_ARN = r"arn:aws[a-z-]*:acm:[a-z0-9-]+:[0-9]{12}:certificate/[a-zA-Z0-9-]+"
_ONE = "a distribution has one certificate: certificateARN or iamCertificateID"
FIXED_FOR_OWN = "minimumProtocolVersion and sslSupport need a certificate: CloudFront's own has them fixed"
NEEDS_VIP = "minimumProtocolVersion SSLv3 needs sslSupport vip"
# What goes with a certificate, where nothing is said of it.
_SAFE = {"minimumProtocolVersion": "TLSv1.2_2021", "sslSupport": "sni-only"}
_NAMES = {"minimumProtocolVersion": "minimum_protocol_version", "sslSupport": "ssl_support"}

MinimumProtocolVersion = Literal[
    "SSLv3",
    "TLSv1",
    "TLSv1_2016",
    "TLSv1.1_2016",
    "TLSv1.2_2018",
    "TLSv1.2_2019",
    "TLSv1.2_2021",
    "TLSv1.2_2025",
    "TLSv1.3_2025",
]
SSLSupport = Literal["sni-only", "vip", "static-ip"]


class ViewerCertificate(Slice):
    """The certificate for viewers. With none they are met with CloudFront's own, for *.cloudfront.net."""

    passes: ClassVar[Mapping[str, str]] = {"certificate_arn": "certificates"}

    certificate_arn: Annotated[str | None, BeforeValidator(none_for_empty)] = Field(
        None,
        max_length=256,
        pattern=rf"^({_ARN}|{re.escape(KNOWN_LATER)})$",
        description="ARN of a certificate of Certificate Manager in us-east-1.",
    )
    iam_certificate_id: Annotated[str | None, BeforeValidator(none_for_empty)] = Field(
        None, max_length=32, description="Id of a server certificate in IAM."
    )
    minimum_protocol_version: MinimumProtocolVersion | None = Field(
        None,
        description="CloudFront's security policy: the oldest TLS, and the ciphers. Silent: TLSv1.2_2021.",
    )
    ssl_support: SSLSupport | None = Field(
        None,
        description=(
            "sni-only: viewers name the host, as all do today. vip: addresses of its own, at a price. "
            "static-ip: after CloudFront has enabled it for you. Silent: sni-only."
        ),
    )

    @model_validator(mode="before")
    @classmethod
    def _filled_in(cls, value: Any) -> Any:
        """Fill in what is safe where there is a certificate of one's own."""
        own = ("certificateARN", "certificate_arn", "iamCertificateID", "iam_certificate_id")
        if not isinstance(value, dict) or not any(value.get(key) for key in own):
            return value
        silent = {
            key: safe
            for key, safe in _SAFE.items()
            if value.get(key) is None and value.get(_NAMES[key]) is None
        }
        return {key: each for key, each in value.items() if each is not None} | silent

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        own = self.certificate_arn is not None or self.iam_certificate_id is not None
        plain = self.minimum_protocol_version is None and self.ssl_support is None
        checked(self, self.certificate_arn is None or self.iam_certificate_id is None, _ONE)
        checked(self, own or plain, FIXED_FOR_OWN)
        return checked(self, self.minimum_protocol_version != "SSLv3" or self.ssl_support == "vip", NEEDS_VIP)


class ViewerCertificateLens(DistributionLens[ViewerCertificate]):
    """CloudFront's own certificate is the one that a distribution has where it has no other."""

    name = "viewerCertificate"
    slice = ViewerCertificate
    resting = ViewerCertificate()

    def get(self, body: Body) -> ViewerCertificate | Missing:
        """Read it, unchecked; what CloudFront fixes for its own certificate is none of its values."""
        found = body.get(_MEMBER, {})
        arn, iam = _arn_and_id(found)
        if arn is None and iam is None:
            return ViewerCertificate()
        values: dict[str, Any] = {
            "certificate_arn": arn,
            "iam_certificate_id": iam,
            "minimum_protocol_version": found.get("MinimumProtocolVersion"),
            "ssl_support": found.get("SSLSupportMethod"),
        }
        return ViewerCertificate.model_construct(**values)

    def put(self, body: Body, value: ViewerCertificate | Missing) -> Body:
        """Write it in the members of today; CloudFront answers it in the deprecated ones, too."""
        wanted = ViewerCertificate() if isinstance(value, Missing) else value
        rest = {member: each for member, each in body.get(_MEMBER, {}).items() if member not in _MEMBERS}
        return dict(body) | {_MEMBER: rest | _written(wanted)}


_MEMBERS = frozenset(
    {
        "ACMCertificateArn",
        "Certificate",
        "CertificateSource",
        "CloudFrontDefaultCertificate",
        "IAMCertificateId",
        "MinimumProtocolVersion",
        "SSLSupportMethod",
    }
)


def _arn_and_id(found: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """Return the ARN or the id of the certificate, also where only the deprecated members have it."""
    source, old = found.get("CertificateSource"), found.get("Certificate")
    arn = found.get("ACMCertificateArn") or (old if source == "acm" else None)
    iam = found.get("IAMCertificateId") or (old if source == "iam" else None)
    return arn or None, iam or None


def _written(value: ViewerCertificate) -> dict[str, Any]:
    if value.certificate_arn is None and value.iam_certificate_id is None:
        return {"CloudFrontDefaultCertificate": True}
    said = {
        "ACMCertificateArn": value.certificate_arn,
        "IAMCertificateId": value.iam_certificate_id,
        "MinimumProtocolVersion": value.minimum_protocol_version,
        "SSLSupportMethod": value.ssl_support,
    }
    return {"CloudFrontDefaultCertificate": False} | {
        member: each for member, each in said.items() if each is not None
    }
