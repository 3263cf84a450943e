"""One origin: its fields in canonical form, and how CloudFront writes it.

Sources: Origin in the CloudFront API Reference, "Origin settings" and "Quotas" in its Developer Guide.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Annotated, Any, Final, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from headrace.engine.sensitive import Sensitive
from headrace.engine.slices import ApiModel
from headrace.resources.cloudfront.distribution._member import items, listed
from headrace.resources.models import ranked

ONE_KIND = "an origin is exactly one of s3, custom and vpc"
HEADER_TWICE = "each header may be named once; upper and lower case are the same"

# Oldest first, as they are shown.
_TLS_VERSIONS = ("SSLv3", "TLSv1", "TLSv1.1", "TLSv1.2")
_DEFAULT_ATTEMPTS, _DEFAULT_CONNECT = 3, 10
_DEFAULT_READ, _DEFAULT_KEEPALIVE = 30, 5

Protocol = Literal["http-only", "match-viewer", "https-only"]
TLSVersion = Literal["SSLv3", "TLSv1", "TLSv1.1", "TLSv1.2"]
IPAddressType = Literal["ipv4", "ipv6", "dualstack"]

Name = Annotated[str, Field(min_length=1, max_length=128)]
DomainName = Annotated[str, Field(min_length=1, max_length=253)]
Path = Annotated[str, Field(max_length=255, pattern="^(/.*[^/])?$")]
HeaderName = Annotated[str, Field(min_length=1, max_length=256, pattern="^[!#$%&'*+.^_`|~0-9A-Za-z-]+$")]
HeaderValue = Annotated[Sensitive, Field(max_length=1783)]
Attempts = Annotated[int, Field(ge=1, le=3)]
ConnectionTimeout = Annotated[int, Field(ge=1, le=10)]
# 120 s, and more where AWS was asked for it.
Timeout = Annotated[int, Field(ge=1, le=180)]
CompletionTimeout = Annotated[int, Field(ge=1, le=86400)]
Port = Annotated[int, Field(ge=80, le=65535)]
Shield = Annotated[str, Field(max_length=32, pattern="^[a-z]{2}-[a-z]+-[0-9]$")]
AccountID = Annotated[str, Field(max_length=12, pattern="^[0-9]{12}$")]
CertificateARN = Annotated[str, Field(max_length=2048, pattern="^arn:aws[a-z-]*:acm:.+$")]

MOST_HEADERS: Final = 30


def by_age(versions: Iterable[Any]) -> tuple[Any, ...]:
    """Return versions of TLS in the one order that they have; those of later days come last."""
    return tuple(sorted(set(versions), key=ranked(_TLS_VERSIONS)))


class OriginHeader(ApiModel):
    """A header that CloudFront adds to every request to the origin."""

    name: HeaderName = Field(description="Its name.")
    value: HeaderValue = Field(description="Its value, of which only a hash is ever shown.")


class S3Origin(ApiModel):
    """That the origin is a bucket, which CloudFront speaks to in S3's own way."""

    access_identity: str = Field(
        "",
        max_length=256,
        description="The legacy origin access identity: origin-access-identity/cloudfront/<id>. None: empty.",
    )
    read_timeout: Timeout = Field(
        _DEFAULT_READ, description="How many seconds CloudFront waits for an answer."
    )


class CustomOrigin(ApiModel):
    """That the origin is a web server."""

    protocol: Protocol = Field("https-only", description="Over what CloudFront asks the origin.")
    http_port: Port = Field(80, description="The port for HTTP.")
    https_port: Port = Field(443, description="The port for HTTPS.")
    tls_versions: Annotated[tuple[TLSVersion, ...], AfterValidator(by_age)] = Field(
        ("TLSv1.2",), min_length=1, max_length=4, description="The versions of TLS that may be used."
    )
    read_timeout: Timeout = Field(
        _DEFAULT_READ, description="How many seconds CloudFront waits for an answer."
    )
    keepalive_timeout: Timeout = Field(
        _DEFAULT_KEEPALIVE, description="For how many seconds CloudFront keeps an idle connection."
    )
    ip_address_type: IPAddressType = Field("ipv4", description="Over which addresses the origin is reached.")
    client_certificate_arn: CertificateARN | None = Field(
        None, alias="clientCertificateARN", description="The certificate that CloudFront shows to the origin."
    )


class VPCOrigin(ApiModel):
    """That the origin is in a VPC, behind a VPC origin of CloudFront, which has its ports and protocol."""

    id: str = Field(min_length=1, max_length=64, description="The id of the VPC origin: vo_….")
    owner_account_id: AccountID | None = Field(
        None, description="The account that shares the VPC origin. Silent: what CloudFront has."
    )
    read_timeout: Timeout = Field(
        _DEFAULT_READ, description="How many seconds CloudFront waits for an answer."
    )
    keepalive_timeout: Timeout = Field(
        _DEFAULT_KEEPALIVE, description="For how many seconds CloudFront keeps an idle connection."
    )


def _in_order(headers: tuple[OriginHeader, ...]) -> tuple[OriginHeader, ...]:
    if len({header.name.lower() for header in headers}) < len(headers):
        raise ValueError(HEADER_TWICE)
    return _by_name(headers)


def _by_name(headers: Iterable[OriginHeader]) -> tuple[OriginHeader, ...]:
    return tuple(sorted(headers, key=lambda header: (header.name.lower(), header.name)))


class Origin(ApiModel):
    """A place from which CloudFront gets content."""

    name: Name = Field(description="How behaviours and groups call it; CloudFront's origin id.")
    domain_name: DomainName = Field(description="Where it is.")
    path: Path = Field("", description="What is put before the path of every request, such as /public.")
    custom_headers: Annotated[tuple[OriginHeader, ...], AfterValidator(_in_order)] = Field(
        (), max_length=MOST_HEADERS, description="Headers that CloudFront adds to every request."
    )
    connection_attempts: Attempts = Field(
        _DEFAULT_ATTEMPTS, description="How often CloudFront tries to connect."
    )
    connection_timeout: ConnectionTimeout = Field(
        _DEFAULT_CONNECT, description="How many seconds each attempt to connect may take."
    )
    response_completion_timeout: CompletionTimeout | None = Field(
        None, description="Within how many seconds an answer must be complete. Silent: no limit."
    )
    shield: Shield | None = Field(None, description="The region of Origin Shield. Silent: none.")
    access_control_id: str = Field(
        "",
        max_length=64,
        description="The origin access control with which requests are signed. None: empty.",
    )
    s3: S3Origin | None = Field(None, description="It is a bucket.")
    custom: CustomOrigin | None = Field(None, description="It is a web server.")
    vpc: VPCOrigin | None = Field(None, description="It is in a VPC.")

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        if sum(kind is not None for kind in (self.s3, self.custom, self.vpc)) != 1:
            raise ValueError(ONE_KIND)
        return self


# From CloudFront. Unchecked, for all that is read: others may have written more than spec may say.


def read(told: Mapping[str, Any]) -> Origin:
    """Read an origin as CloudFront writes it."""
    shield = told.get("OriginShield") or {}
    values: dict[str, Any] = {
        "name": told["Id"],
        "domain_name": told["DomainName"],
        "path": told.get("OriginPath") or "",
        "custom_headers": _by_name(map(_header, items(told.get("CustomHeaders")))),
        "connection_attempts": told.get("ConnectionAttempts", _DEFAULT_ATTEMPTS),
        "connection_timeout": told.get("ConnectionTimeout", _DEFAULT_CONNECT),
        "response_completion_timeout": told.get("ResponseCompletionTimeout") or None,
        "shield": shield.get("OriginShieldRegion") if shield.get("Enabled") else None,
        "access_control_id": told.get("OriginAccessControlId") or "",
        "s3": _s3(told.get("S3OriginConfig")),
        "custom": _custom(told.get("CustomOriginConfig")),
        "vpc": _vpc(told.get("VpcOriginConfig")),
    }
    return Origin.model_construct(**values)


def _header(told: Mapping[str, Any]) -> OriginHeader:
    return OriginHeader.model_construct(name=told["HeaderName"], value=Sensitive(told["HeaderValue"]))


def _s3(told: Mapping[str, Any] | None) -> S3Origin | None:
    if told is None:
        return None
    return S3Origin.model_construct(
        access_identity=told.get("OriginAccessIdentity") or "",
        read_timeout=told.get("OriginReadTimeout", _DEFAULT_READ),
    )


def _custom(told: Mapping[str, Any] | None) -> CustomOrigin | None:
    if told is None:
        return None
    # Without a list, CloudFront takes what is oldest and still allowed; it always answers with one.
    values: dict[str, Any] = {
        "protocol": told["OriginProtocolPolicy"],
        "http_port": told["HTTPPort"],
        "https_port": told["HTTPSPort"],
        "tls_versions": by_age(items(told.get("OriginSslProtocols"))),
        "read_timeout": told.get("OriginReadTimeout", _DEFAULT_READ),
        "keepalive_timeout": told.get("OriginKeepaliveTimeout", _DEFAULT_KEEPALIVE),
        "ip_address_type": told.get("IpAddressType") or "ipv4",
        "client_certificate_arn": (told.get("OriginMtlsConfig") or {}).get("ClientCertificateArn"),
    }
    return CustomOrigin.model_construct(**values)


def _vpc(told: Mapping[str, Any] | None) -> VPCOrigin | None:
    if told is None:
        return None
    return VPCOrigin.model_construct(
        id=told["VpcOriginId"],
        owner_account_id=told.get("OwnerAccountId") or None,
        read_timeout=told.get("OriginReadTimeout", _DEFAULT_READ),
        keepalive_timeout=told.get("OriginKeepaliveTimeout", _DEFAULT_KEEPALIVE),
    )


# To CloudFront


def written(origin: Origin, found: Mapping[str, Any]) -> dict[str, Any]:
    """Write an origin as CloudFront takes it, with what there is of it already that we do not know."""
    shield = {"Enabled": False} if origin.shield is None else _shield(origin.shield)
    return _over(
        found,
        {
            "Id": origin.name,
            "DomainName": origin.domain_name,
            "OriginPath": origin.path,
            "CustomHeaders": listed(map(_to_header, origin.custom_headers)),
            "ConnectionAttempts": origin.connection_attempts,
            "ConnectionTimeout": origin.connection_timeout,
            "ResponseCompletionTimeout": origin.response_completion_timeout,
            "OriginShield": shield,
            "OriginAccessControlId": origin.access_control_id,
            "S3OriginConfig": origin.s3 and _to_s3(origin.s3, found.get("S3OriginConfig")),
            "CustomOriginConfig": origin.custom
            and _to_custom(origin.custom, found.get("CustomOriginConfig")),
            "VpcOriginConfig": origin.vpc and _to_vpc(origin.vpc, found.get("VpcOriginConfig")),
        },
    )


def _over(found: Mapping[str, Any] | None, said: Mapping[str, Any]) -> dict[str, Any]:
    """Lay what is said over what is there; None takes a member out."""
    left = {name: value for name, value in (found or {}).items() if name not in said}
    return left | {name: value for name, value in said.items() if value is not None}


def _shield(region: str) -> dict[str, Any]:
    return {"Enabled": True, "OriginShieldRegion": region}


def _to_header(header: OriginHeader) -> dict[str, Any]:
    return {"HeaderName": header.name, "HeaderValue": header.value.get_secret_value()}


def _to_s3(s3: S3Origin, found: Mapping[str, Any] | None) -> dict[str, Any]:
    said = {"OriginAccessIdentity": s3.access_identity, "OriginReadTimeout": s3.read_timeout}
    return _over(found, said)


def _to_custom(custom: CustomOrigin, found: Mapping[str, Any] | None) -> dict[str, Any]:
    arn = custom.client_certificate_arn
    return _over(
        found,
        {
            "HTTPPort": custom.http_port,
            "HTTPSPort": custom.https_port,
            "OriginProtocolPolicy": custom.protocol,
            "OriginSslProtocols": _all(custom.tls_versions),
            "OriginReadTimeout": custom.read_timeout,
            "OriginKeepaliveTimeout": custom.keepalive_timeout,
            "IpAddressType": custom.ip_address_type,
            "OriginMtlsConfig": None if arn is None else {"ClientCertificateArn": arn},
        },
    )


def _to_vpc(vpc: VPCOrigin, found: Mapping[str, Any] | None) -> dict[str, Any]:
    return _over(
        found,
        {
            "VpcOriginId": vpc.id,
            "OwnerAccountId": vpc.owner_account_id,
            "OriginReadTimeout": vpc.read_timeout,
            "OriginKeepaliveTimeout": vpc.keepalive_timeout,
        },
    )


def _all(values: Collection[str]) -> dict[str, Any]:
    return {"Quantity": len(values), "Items": list(values)}
