"""What CloudFront puts where a configuration says nothing, and then wants to hear again in each update."""

from collections.abc import Iterator, Mapping
from xml.etree.ElementTree import Element

from ministack.services import cloudfront

from sandbox.aws.layer.corrections.distributions import behaviors, child, items, text
from sandbox.aws.layer.corrections.wrapping import Handler, wrap

_NONE = "<Quantity>0</Quantity>"
_READS = "<Quantity>2</Quantity><Items><Method>HEAD</Method><Method>GET</Method></Items>"

# Members by name, with their content; those of the first table of each pair are required in an update.
_Members = Mapping[str, str]
_OF_CONFIG: tuple[_Members, _Members] = (
    {
        "Aliases": _NONE,
        "DefaultRootObject": "",
        "CacheBehaviors": _NONE,
        "CustomErrorResponses": _NONE,
        "Logging": (
            "<Enabled>false</Enabled><IncludeCookies>false</IncludeCookies><Bucket></Bucket><Prefix></Prefix>"
        ),
        "PriceClass": "PriceClass_All",
        "ViewerCertificate": "<CloudFrontDefaultCertificate>true</CloudFrontDefaultCertificate>",
        "Restrictions": f"<GeoRestriction><RestrictionType>none</RestrictionType>{_NONE}</GeoRestriction>",
        "WebACLId": "",
        "HttpVersion": "http2",
    },
    {
        "OriginGroups": _NONE,
        "IsIPV6Enabled": "true",
        "ContinuousDeploymentPolicyId": "",
        "Staging": "false",
    },
)
_OF_ORIGINS: tuple[_Members, _Members] = (
    {"OriginPath": "", "CustomHeaders": _NONE},
    {
        "ConnectionAttempts": "3",
        "ConnectionTimeout": "10",
        "OriginShield": "<Enabled>false</Enabled>",
        "OriginAccessControlId": "",
    },
)
_OF_CUSTOM_ORIGINS: tuple[_Members, _Members] = (
    {
        "OriginSslProtocols": (
            "<Quantity>3</Quantity><Items><SslProtocol>TLSv1</SslProtocol>"
            "<SslProtocol>TLSv1.1</SslProtocol><SslProtocol>TLSv1.2</SslProtocol></Items>"
        ),
        "OriginReadTimeout": "30",
        "OriginKeepaliveTimeout": "5",
    },
    {},
)
_OF_BEHAVIORS: tuple[_Members, _Members] = (
    {
        "AllowedMethods": f"{_READS}<CachedMethods>{_READS}</CachedMethods>",
        "SmoothStreaming": "false",
        "Compress": "false",
        "LambdaFunctionAssociations": _NONE,
        "FieldLevelEncryptionId": "",
    },
    {
        "TrustedSigners": f"<Enabled>false</Enabled>{_NONE}",
        "TrustedKeyGroups": f"<Enabled>false</Enabled>{_NONE}",
        "FunctionAssociations": _NONE,
        "GrpcConfig": "<Enabled>false</Enabled>",
    },
)


def install() -> None:
    """Tell the defaults with every configuration that is told."""
    wrap(cloudfront, "_ensure_distribution_config_sdk_compat", _with_defaults)
    wrap(cloudfront, "_dist_config_el", _read_with_defaults)


def missing(config: Element) -> str:
    """A member that an update has to have and does not; '' where it has them all."""
    for element, (required, _) in _places(config):
        for member in required:
            if child(element, member) is None:
                return member
    return ""


def _with_defaults(original: Handler) -> Handler:
    def ensure(config: Element | None) -> None:
        original(config)
        if config is not None:
            _fill(config)

    return ensure


def _read_with_defaults(original: Handler) -> Handler:
    """The configuration behind summaries; its names go without their namespace, as the defaults' do."""

    def read(distribution: dict[str, object]) -> Element:
        config: Element = cloudfront._strip_namespace(original(distribution))
        _fill(config)
        return config

    return read


def _fill(config: Element) -> None:
    for element, tables in _places(config):
        for member, content in {**tables[0], **tables[1]}.items():
            if child(element, member) is None:
                element.append(cloudfront.fromstring(f"<{member}>{content}</{member}>"))
    _fill_certificate(child(config, "ViewerCertificate"))


def _fill_certificate(certificate: Element | None) -> None:
    """What stands beside the one member that says which certificate it is."""
    if certificate is None:
        return
    arn, uploaded = text(certificate, "ACMCertificateArn"), text(certificate, "IAMCertificateId")
    if arn or uploaded:
        told = {"Certificate": arn or uploaded, "CertificateSource": "acm" if arn else "iam"}
        told |= {"CloudFrontDefaultCertificate": "false", "MinimumProtocolVersion": "TLSv1"}
    else:
        told = {"SSLSupportMethod": "vip", "MinimumProtocolVersion": "TLSv1"}
        told["CertificateSource"] = "cloudfront"
    for member, value in told.items():
        if child(certificate, member) is None:
            certificate.append(cloudfront.fromstring(f"<{member}>{value}</{member}>"))


def _places(config: Element) -> Iterator[tuple[Element, tuple[_Members, _Members]]]:
    """Every element that has defaults, with them."""
    yield config, _OF_CONFIG
    for origin in items(config, "Origins"):
        yield origin, _OF_ORIGINS
        custom = child(origin, "CustomOriginConfig")
        if custom is not None:
            yield custom, _OF_CUSTOM_ORIGINS
    for behavior in behaviors(config):
        yield behavior, _OF_BEHAVIORS
