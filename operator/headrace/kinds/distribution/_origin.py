"""One origin as a spec says it: a bucket of ours, a domain, or a VPC origin; and the rules across its fields.

Source: "Add custom headers to origin requests" and "Quotas" in the CloudFront Developer Guide.
"""

import re
from collections.abc import Callable
from typing import Annotated, ClassVar, Final, Self

from pydantic import AfterValidator, Field, model_validator
from pydantic.config import JsonDict

from headrace.engine.slices import ApiModel, Rule, camel
from headrace.resources.cloudfront.distribution._origin import (
    HEADER_TWICE,
    MOST_HEADERS,
    AccountID,
    Attempts,
    CertificateARN,
    CompletionTimeout,
    ConnectionTimeout,
    DomainName,
    HeaderName,
    HeaderValue,
    IPAddressType,
    Name,
    Path,
    Port,
    Protocol,
    Shield,
    Timeout,
    TLSVersion,
    by_age,
)

BY_NAME: Final[JsonDict] = {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"]}

_ONE_KIND = "an origin has exactly one of bucketRef, domainName and vpcOrigin"
_ONE_VALUE = "a header has either value or valueFrom"
_THEIRS = "CloudFront does not let this header be added to requests to the origin"
_ONE_VPC_ORIGIN = "a VPC origin is named by either arn or id"
_ARN_HAS_OWNER = "ownerAccountID goes with id: an ARN has the account in it"
_OF_SERVERS = (
    "protocol, httpPort, httpsPort, tlsVersions, ipAddressType and clientCertificateARN go with domainName "
    "only, and not with s3"
)
_NOT_OF_BUCKETS = "keepaliveTimeout does not go with a bucket"
_OF_DOMAINS = "s3 and accessControlID go with domainName only"
_OF_FOREIGN_BUCKETS = "accessControl and accessIdentity go with s3 only"
_ONE_SIGNATURE = "requests are signed in one way: accessControl, accessControlID or accessIdentity"
_PORTS = "httpPort and httpsPort are 80, 443 or 1024 to 65535"

_FORBIDDEN = (
    "cache-control", "connection", "content-length", "cookie", "host", "if-match", "if-modified-since",
    "if-none-match", "if-range", "if-unmodified-since", "max-forwards", "pragma", "proxy-authenticate",
    "proxy-authorization", "proxy-connection", "range", "request-range", "te", "trailer", "transfer-encoding",
    "upgrade", "via", "x-real-ip",
)  # fmt: skip
_FORBIDDEN_STARTS = ("x-amz-", "x-edge-")
_SERVER_FIELDS = (
    "protocol", "http_port", "https_port", "tls_versions", "ip_address_type", "client_certificate_arn",
)  # fmt: skip
_ANY_SERVER_FIELD = " || ".join(f"has(self.{camel(name)})" for name in _SERVER_FIELDS)
_IS_S3 = "(has(self.s3) && self.s3)"
_VPC_ARN = re.compile("^arn:aws[a-z-]*:cloudfront::([0-9]{12}):vpcorigin/(.+)$")


class BucketRef(ApiModel):
    """An AcceleratedBucket."""

    name: str = Field(min_length=1, max_length=253, description="Its name.")
    namespace: str | None = Field(
        None, min_length=1, max_length=63, description="Its namespace. Silent: that of this object."
    )


class SecretKeyRef(ApiModel):
    """A key of a Secret in the namespace of this object."""

    name: str = Field(min_length=1, max_length=253, description="The name of the Secret.")
    key: str = Field(min_length=1, max_length=253, description="The key in it.")


class ValueFrom(ApiModel):
    """Where a value comes from."""

    secret_key_ref: SecretKeyRef = Field(description="A Secret in the namespace of this object.")


class CustomHeader(ApiModel):
    """A header that CloudFront adds to every request to the origin."""

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule("has(self.value) != has(self.valueFrom)", _ONE_VALUE),
        Rule(
            f"!has(self.name) || !(self.name.lowerAscii() in {list(_FORBIDDEN)} || "
            + " || ".join(f"self.name.lowerAscii().startsWith('{start}')" for start in _FORBIDDEN_STARTS)
            + ")",
            _THEIRS,
            ".name",
        ),
    )

    name: HeaderName = Field(description="Its name.")
    value: HeaderValue | None = Field(
        None, description="Its value. Only a hash of it is ever shown, but this object has it in clear text."
    )
    value_from: ValueFrom | None = Field(None, description="Where its value comes from.")

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if (self.value is None) == (self.value_from is None):
            raise ValueError(_ONE_VALUE)
        if self.name.lower() in _FORBIDDEN or self.name.lower().startswith(_FORBIDDEN_STARTS):
            raise ValueError(_THEIRS)
        return self


class VPCOriginRef(ApiModel):
    """A VPC origin of CloudFront, which has the ports and the protocol."""

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule("has(self.arn) != has(self.id)", _ONE_VPC_ORIGIN),
        Rule("!has(self.arn) || !has(self.ownerAccountID)", _ARN_HAS_OWNER, ".ownerAccountID"),
    )

    arn: str | None = Field(
        None, max_length=256, pattern=_VPC_ARN.pattern, description="Its ARN; needed where it is shared."
    )
    id: str | None = Field(None, min_length=1, max_length=64, description="Its id: vo_….")
    owner_account_id: AccountID | None = Field(
        None, description="The account that shares it, 12 digits. Silent: the same account."
    )
    domain_name: DomainName = Field(
        description="The DNS name of the load balancer or instance behind it, which is the Host that it sees."
    )

    @model_validator(mode="after")
    def _one_name(self) -> Self:
        if (self.arn is None) == (self.id is None):
            raise ValueError(_ONE_VPC_ORIGIN)
        if self.arn is not None and self.owner_account_id is not None:
            raise ValueError(_ARN_HAS_OWNER)
        return self

    def parts(self) -> tuple[str, str | None]:
        """Return its id, and the account that shares it."""
        if self.arn is None:
            return self.id or "", self.owner_account_id
        found = _VPC_ARN.match(self.arn)
        return (found[2], found[1]) if found else (self.arn, None)


def _each_header_once(headers: tuple[CustomHeader, ...]) -> tuple[CustomHeader, ...]:
    if len({header.name.lower() for header in headers}) < len(headers):
        raise ValueError(HEADER_TWICE)
    return headers


class OriginSpec(ApiModel):
    """A place from which CloudFront gets content."""

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "(has(self.bucketRef) ? 1 : 0) + (has(self.domainName) ? 1 : 0) + (has(self.vpcOrigin) ? 1 : 0) "
            "== 1",
            _ONE_KIND,
        ),
        Rule(f"(has(self.domainName) && !{_IS_S3}) || !({_ANY_SERVER_FIELD})", _OF_SERVERS),
        Rule(
            f"!has(self.keepaliveTimeout) || (!has(self.bucketRef) && !{_IS_S3})",
            _NOT_OF_BUCKETS,
            ".keepaliveTimeout",
        ),
        Rule("has(self.domainName) || !(has(self.s3) || has(self.accessControlID))", _OF_DOMAINS),
        Rule(f"{_IS_S3} || !(has(self.accessControl) || has(self.accessIdentity))", _OF_FOREIGN_BUCKETS),
        Rule(
            "(has(self.accessControl) && self.accessControl ? 1 : 0) + (has(self.accessControlID) ? 1 : 0) + "
            "(has(self.accessIdentity) ? 1 : 0) <= 1",
            _ONE_SIGNATURE,
        ),
        Rule(
            "(!has(self.httpPort) || self.httpPort in [80, 443] || self.httpPort >= 1024) && "
            "(!has(self.httpsPort) || self.httpsPort in [80, 443] || self.httpsPort >= 1024)",
            _PORTS,
        ),
    )

    name: Name = Field(description="How behaviors and groups call it; unique in the distribution.")
    bucket_ref: BucketRef | None = Field(
        None,
        description=(
            "An AcceleratedBucket, which lets in this distribution alone; requests to it are signed. In "
            "another namespace, it must allow that by the annotation headrace.io/allow-references-from."
        ),
    )
    domain_name: DomainName | None = Field(
        None, description="A web server; with s3, the regional domain name of a bucket."
    )
    vpc_origin: VPCOriginRef | None = Field(None, description="A server in a VPC, behind a VPC origin.")
    s3: bool = Field(False, description="Whether domainName is a bucket's: <name>.s3.<region>.amazonaws.com.")
    access_control: bool = Field(
        False,
        description=(
            "With s3: sign requests, with an origin access control that is made for it. The bucket's policy "
            "must let the distribution in."
        ),
    )
    access_control_id: str | None = Field(
        None,
        min_length=1,
        max_length=64,
        description="With domainName: the id of an origin access control that is there already.",
    )
    access_identity: str | None = Field(
        None,
        max_length=256,
        pattern="^origin-access-identity/cloudfront/.+$",
        description="With s3: the legacy identity of an adopted distribution, which new ones should not use.",
    )
    path: Path | None = Field(
        None, description="What is put before the path of every request, such as /public. Silent: nothing."
    )
    custom_headers: Annotated[tuple[CustomHeader, ...], AfterValidator(_each_header_once)] = Field(
        (),
        max_length=MOST_HEADERS,
        description="Headers that CloudFront adds to every request, in the place of those of the viewer.",
        json_schema_extra=BY_NAME,
    )
    connection_attempts: Attempts | None = Field(
        None, description="How often CloudFront tries to connect. Silent: 3."
    )
    connection_timeout: ConnectionTimeout | None = Field(
        None, description="How many seconds each attempt to connect may take. Silent: 10."
    )
    read_timeout: Timeout | None = Field(
        None,
        description="How many seconds CloudFront waits for an answer; over 120 by quota only. Silent: 30.",
    )
    keepalive_timeout: Timeout | None = Field(
        None,
        description=(
            "Not with a bucket: how many seconds CloudFront keeps an idle connection; over 120 by quota "
            "only. Silent: 5."
        ),
    )
    response_completion_timeout: CompletionTimeout | None = Field(
        None,
        description="Within how many seconds an answer must be complete; at least readTimeout. Silent: none.",
    )
    shield: Shield | None = Field(
        None, description="The region of Origin Shield, a cache before the origin. Silent: no such cache."
    )
    protocol: Protocol | None = Field(
        None, description="Of web servers: over what CloudFront asks. Silent: https-only."
    )
    http_port: Port | None = Field(None, description="Of web servers: the port for HTTP. Silent: 80.")
    https_port: Port | None = Field(None, description="Of web servers: the port for HTTPS. Silent: 443.")
    tls_versions: (
        Annotated[tuple[TLSVersion, ...], Field(min_length=1, max_length=4), AfterValidator(by_age)] | None
    ) = Field(
        None,
        description="Of web servers: the versions of TLS that may be used. Silent: TLSv1.2.",
        json_schema_extra={"x-kubernetes-list-type": "set"},
    )
    ip_address_type: IPAddressType | None = Field(
        None, description="Of web servers: over which addresses. Silent: ipv4."
    )
    client_certificate_arn: CertificateARN | None = Field(
        None, description="Of web servers: the certificate that CloudFront shows, for mutual TLS."
    )

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        for holds, message in _CHECKS:
            if not holds(self):
                raise ValueError(message)
        return self


def _is_of_one_kind(origin: OriginSpec) -> bool:
    kinds = (origin.bucket_ref, origin.domain_name, origin.vpc_origin)
    return sum(kind is not None for kind in kinds) == 1


def _is_a_server(origin: OriginSpec) -> bool:
    said = any(getattr(origin, name) is not None for name in _SERVER_FIELDS)
    return not said or (origin.domain_name is not None and not origin.s3)


def _keeps_no_bucket_alive(origin: OriginSpec) -> bool:
    return origin.keepalive_timeout is None or not (origin.bucket_ref or origin.s3)


def _is_a_domain(origin: OriginSpec) -> bool:
    said = {"s3", "access_control_id"} & origin.model_fields_set
    return not said or origin.domain_name is not None


def _is_a_foreign_bucket(origin: OriginSpec) -> bool:
    return origin.s3 or not {"access_control", "access_identity"} & origin.model_fields_set


def _is_signed_in_one_way(origin: OriginSpec) -> bool:
    return sum(map(bool, (origin.access_control, origin.access_control_id, origin.access_identity))) <= 1


def _has_good_ports(origin: OriginSpec) -> bool:
    ports = (port for port in (origin.http_port, origin.https_port) if port is not None)
    return all(port in (80, 443) or port >= 1024 for port in ports)


_CHECKS: tuple[tuple[Callable[[OriginSpec], bool], str], ...] = (
    (_is_of_one_kind, _ONE_KIND),
    (_is_a_server, _OF_SERVERS),
    (_keeps_no_bucket_alive, _NOT_OF_BUCKETS),
    (_is_a_domain, _OF_DOMAINS),
    (_is_a_foreign_bucket, _OF_FOREIGN_BUCKETS),
    (_is_signed_in_one_way, _ONE_SIGNATURE),
    (_has_good_ports, _PORTS),
)
