"""The certificate of a distribution, and its names in DNS, in its spec."""

from collections.abc import Collection
from typing import Any, ClassVar, Self

from pydantic import Field, model_validator

from headrace.engine.graph import Ref
from headrace.engine.slices import ApiModel, Rule
from headrace.resources.cloudfront.distribution.viewer_certificate import (
    FIXED_FOR_OWN,
    NEEDS_VIP,
    MinimumProtocolVersion,
    SSLSupport,
)
from headrace.resources.models import checked

_REGION = "us-east-1"
_ONE_ZONE = "dns has exactly one of hostedZoneID and hostedZoneName"
_ONE = "a distribution has one certificate: certificateARN, iamCertificateID or certificate.request"
_ELSEWHERE = "certificateARN must be in us-east-1: CloudFront takes certificates from no other region"
_REQUEST_DNS = "certificate.request needs dns: the certificate is validated through the hosted zone"
_REQUEST_ALIASES = "certificate.request needs aliases: they are the names of the certificate"
_ALIASES = "aliases need a certificate: certificateARN, iamCertificateID or certificate.request"
_OUTSIDE = "aliases must be in the hosted zone dns.hostedZoneName"

_REQUESTED = "(has(self.certificate) && has(self.certificate.request) && self.certificate.request)"


class CertificateRequest(ApiModel):
    """A certificate that Headrace gets for the distribution."""

    request: bool = Field(
        description=(
            "Request a certificate for all aliases in us-east-1, validate it through the hosted zone, let "
            "AWS renew it, and remove it with the distribution."
        ),
    )


class DNS(ApiModel):
    """Where the aliases have their records."""

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule("has(self.hostedZoneID) != has(self.hostedZoneName)", _ONE_ZONE),
    )

    hosted_zone_id: str | None = Field(
        None, max_length=32, pattern="^[A-Z0-9]+$", description="Id of the hosted zone: Z0123456789."
    )
    hosted_zone_name: str | None = Field(
        None,
        min_length=3,
        max_length=253,
        pattern=r"^([a-z0-9_-]+\.)+[a-z0-9-]+$",
        description="Name of the hosted zone, where only one public zone has it: example.com.",
    )
    https: bool = Field(
        True, description="Beside A and AAAA, write HTTPS records, which tell viewers of HTTP/2 and HTTP/3."
    )

    @model_validator(mode="after")
    def _one_zone(self) -> Self:
        return checked(self, (self.hosted_zone_id is None) != (self.hosted_zone_name is None), _ONE_ZONE)


class CertificateSpec(ApiModel):
    """The fields of a spec for its certificate and its names in DNS."""

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "(has(self.certificateARN) ? 1 : 0) + (has(self.iamCertificateID) ? 1 : 0) + "
            f"({_REQUESTED} ? 1 : 0) <= 1",
            _ONE,
        ),
        Rule(
            "!has(self.certificateARN) || self.certificateARN.contains(':acm:us-east-1:')",
            _ELSEWHERE,
            ".certificateARN",
        ),
        Rule(
            f"has(self.certificateARN) || has(self.iamCertificateID) || {_REQUESTED} || "
            "(!has(self.minimumProtocolVersion) && !has(self.sslSupport))",
            FIXED_FOR_OWN,
        ),
        Rule(
            "!has(self.minimumProtocolVersion) || self.minimumProtocolVersion != 'SSLv3' || "
            "(has(self.sslSupport) && self.sslSupport == 'vip')",
            NEEDS_VIP,
            ".minimumProtocolVersion",
        ),
        Rule(f"!{_REQUESTED} || has(self.dns)", _REQUEST_DNS, ".certificate"),
        Rule(
            f"!{_REQUESTED} || (has(self.aliases) && size(self.aliases) > 0)",
            _REQUEST_ALIASES,
            ".certificate",
        ),
        Rule(
            "!has(self.aliases) || size(self.aliases) == 0 || has(self.certificateARN) || "
            f"has(self.iamCertificateID) || {_REQUESTED} || (has(self.defaults) && self.defaults == 'None')",
            _ALIASES,
            ".aliases",
        ),
        Rule(
            "!has(self.dns) || !has(self.dns.hostedZoneName) || !has(self.aliases) || "
            "self.aliases.all(a, ('.' + a.lowerAscii()).endsWith('.' + self.dns.hostedZoneName))",
            _OUTSIDE,
            ".aliases",
        ),
    )

    certificate_arn: str | None = Field(
        None,
        max_length=256,
        pattern=r"^arn:aws[a-z-]*:acm:[a-z0-9-]+:[0-9]{12}:certificate/[a-zA-Z0-9-]+$",
        description="ARN of a certificate of Certificate Manager in us-east-1 that covers all aliases.",
    )
    iam_certificate_id: str | None = Field(
        None,
        min_length=1,
        max_length=32,
        pattern="^[A-Z0-9]+$",
        description="Id of a server certificate in IAM, where there is none of Certificate Manager.",
    )
    certificate: CertificateRequest | None = Field(
        None, description="A certificate that Headrace gets for the distribution."
    )
    minimum_protocol_version: MinimumProtocolVersion | None = Field(
        None,
        description=(
            "CloudFront's security policy: the oldest TLS that viewers may speak, and the ciphers. Silent: "
            "TLSv1.2_2021; without a certificate of its own a distribution has TLSv1, and keeps it."
        ),
    )
    ssl_support: SSLSupport | None = Field(
        None,
        description=(
            "sni-only: viewers name the host, as all do today. vip: addresses of its own, at a price. "
            "static-ip: after CloudFront has enabled it for you. Silent: sni-only."
        ),
    )
    dns: DNS | None = Field(None, description="Where the aliases have their records. Silent: elsewhere.")

    @property
    def requested(self) -> bool:
        """Whether the certificate is one that Headrace gets."""
        return self.certificate is not None and self.certificate.request

    @property
    def has_certificate(self) -> bool:
        """Whether there is a certificate other than CloudFront's own."""
        return self.requested or self.certificate_arn is not None or self.iam_certificate_id is not None

    @model_validator(mode="after")
    def _one_certificate(self) -> Self:
        said = (self.certificate_arn is not None, self.iam_certificate_id is not None, self.requested)
        checked(self, sum(said) <= 1, _ONE)
        if self.certificate_arn is not None:
            region = self.certificate_arn.split(":")[3]
            checked(self, region == _REGION, f"{_ELSEWHERE}; this one is in {region}")
        settled = self.minimum_protocol_version is not None or self.ssl_support is not None
        checked(self, self.has_certificate or not settled, FIXED_FOR_OWN)
        checked(self, self.minimum_protocol_version != "SSLv3" or self.ssl_support == "vip", NEEDS_VIP)
        return checked(self, not self.requested or self.dns is not None, _REQUEST_DNS)

    def check_certificate(self, aliases: Collection[str], *, adopted: bool) -> None:
        """Check what goes together with the aliases.

        Args:
            aliases: the alternate domain names.
            adopted: whether what is silent may be there already: `defaults: None`.

        Raises:
            ValueError: names without a certificate, a certificate without names, a name outside of the zone.
        """
        if self.requested and not aliases:
            raise ValueError(_REQUEST_ALIASES)
        if aliases and not self.has_certificate and not adopted:
            raise ValueError(_ALIASES)
        zone = None if self.dns is None else self.dns.hosted_zone_name
        if zone is not None:
            outside = sorted(name for name in aliases if not f".{name.lower()}".endswith(f".{zone}"))
            if outside:
                raise ValueError(f"{_OUTSIDE}: {', '.join(outside)} is not in {zone}")

    def certificate_settings(self, requested: Ref | None = None) -> dict[str, dict[str, Any]]:
        """Return what is said of the certificate, by facet, and nothing where all is silent.

        Args:
            requested: where the ARN of the certificate will come from that Headrace gets.
        """
        if not self.has_certificate:
            return {}
        said = {
            "certificateARN": requested if self.requested else self.certificate_arn,
            "iamCertificateID": self.iam_certificate_id,
            "minimumProtocolVersion": self.minimum_protocol_version,
            "sslSupport": self.ssl_support,
        }
        return {"viewerCertificate": {name: value for name, value in said.items() if value is not None}}
