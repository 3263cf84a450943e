"""What CloudFront refuses in the configuration of a distribution and MiniStack accepts."""

import re
from collections.abc import Iterator
from xml.etree.ElementTree import Element

from ministack.core.responses import get_account_id
from ministack.services import cloudfront

from sandbox.aws.layer.corrections import acm, cloudfront_defaults
from sandbox.aws.layer.corrections.distributions import (
    Distribution,
    aliases,
    behaviors,
    child,
    config,
    items,
    of_all_accounts,
    refused,
    text,
)
from sandbox.aws.layer.corrections.wrapping import Answer

# By the member that names one: what MiniStack keeps of them, and what is said where it is not there.
_NAMED = {
    "CachePolicyId": (
        ("_cache_policies", "_MANAGED_CACHE_POLICIES"),
        ("NoSuchCachePolicy", "The cache policy does not exist.", 404),
    ),
    "OriginRequestPolicyId": (
        ("_origin_request_policies", "_MANAGED_ORIGIN_REQUEST_POLICIES"),
        ("NoSuchOriginRequestPolicy", "The origin request policy does not exist.", 404),
    ),
    "ResponseHeadersPolicyId": (
        ("_response_headers_policies", "_MANAGED_RESPONSE_HEADERS_POLICIES"),
        ("NoSuchResponseHeadersPolicy", "The response headers policy does not exist.", 404),
    ),
    "OriginAccessControlId": (
        ("_oacs",),
        ("InvalidOriginAccessControl", "The origin access control is not valid.", 400),
    ),
}
# bucket.s3.amazonaws.com, bucket.s3.eu-west-1.…, bucket.s3-eu-west-1.…, bucket.s3.dualstack.eu-west-1.…
_BUCKET_DOMAIN = re.compile(r".+\.s3(?:[.-][a-z0-9-]+){0,2}\.amazonaws\.com(?:\.cn)?")
_GUIDE = "https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/CNAMEs.html"
_NO_CERTIFICATE = (
    "To add an alternate domain name (CNAME) to a CloudFront distribution, you must attach a trusted "
    "certificate that validates your authorization to use the domain name. For more details, see: "
    f"{_GUIDE}#alternate-domain-names-requirements"
)
_BAD_CERTIFICATE = (
    "The specified SSL certificate doesn't exist, isn't in us-east-1 region, isn't valid, or doesn't "
    "include a valid certificate chain."
)
_NOT_COVERED = (
    "The certificate that is attached to your distribution doesn't cover the alternate domain name "
    f"(CNAME) that you're trying to add. For more details, see: {_GUIDE}#alternate-domain-names-requirements"
)


def wrong(wanted: Element, number: str = "") -> Answer | None:
    """Why a configuration is refused, of the distribution with this number (or a new one)."""
    return (
        _quantities_wrong(wanted)
        or _values_wrong(wanted)
        or _origins_wrong(wanted)
        or _named_wrong(wanted)
        or _certificate_wrong(wanted)
        or _aliases_taken(wanted, number)
    )


def wrong_update(wanted: Element, distribution: Distribution) -> Answer | None:
    """Why a configuration is refused in an update only."""
    if text(wanted, "CallerReference") != distribution["CallerReference"]:
        message = "The update contains modifications that are not allowed: CallerReference."
        return refused("IllegalUpdate", message, 400)
    missing = cloudfront_defaults.missing(wanted)
    return refused("IllegalUpdate", f"{missing} is required for updates.", 400) if missing else None


def _quantities_wrong(wanted: Element) -> Answer | None:
    for element in wanted.iter():
        quantity, listed = text(element, "Quantity"), child(element, "Items")
        if quantity and int(quantity) != (0 if listed is None else len(listed)):
            message = "The value of Quantity and the size of Items don't match."
            return refused("InconsistentQuantities", message, 400)
    return None


def _values_wrong(wanted: Element) -> Answer | None:
    """Members that stand for each other, and buckets that are none."""
    for behavior in behaviors(wanted):
        legacy, policy = child(behavior, "ForwardedValues") is not None, text(behavior, "CachePolicyId")
        if legacy and policy:
            message = (
                "The parameter ForwardedValues cannot be used when a cache policy is associated to the "
                "cache behavior."
            )
            return refused("InvalidArgument", message, 400)
        if not legacy and not policy:
            return refused("InvalidArgument", "The parameter ForwardedValues is required.", 400)
    for origin in items(wanted, "Origins"):
        domain = text(origin, "DomainName")
        if child(origin, "S3OriginConfig") is not None and not _BUCKET_DOMAIN.fullmatch(domain):
            message = "The parameter Origin DomainName does not refer to a valid S3 bucket."
            return refused("InvalidArgument", message, 400)
    return None


def _origins_wrong(wanted: Element) -> Answer | None:
    origins = {text(origin, "Id") for origin in items(wanted, "Origins")}
    groups = items(wanted, "OriginGroups")
    targets = {text(behavior, "TargetOriginId") for behavior in behaviors(wanted)}
    members = {text(member, "OriginId") for group in groups for member in items(group, "Members")}
    if targets <= origins | {text(group, "Id") for group in groups} and members <= origins:
        return None
    return refused("NoSuchOrigin", "One or more of your origins or origin groups do not exist.", 404)


def _named_wrong(wanted: Element) -> Answer | None:
    for element in wanted.iter():
        stores, said = _NAMED.get(cloudfront._local_tag_name(element), ((), ("", "", 0)))
        if element.text and stores and not any(element.text in getattr(cloudfront, s) for s in stores):
            return refused(*said)
    return None


def _certificate_wrong(wanted: Element) -> Answer | None:
    names, certificate = aliases(wanted), child(wanted, "ViewerCertificate")
    arn = text(certificate, "ACMCertificateArn")
    if not arn:
        bare = names and not text(certificate, "IAMCertificateId")
        return refused("InvalidViewerCertificate", _NO_CERTIFICATE, 400) if bare else None
    found = acm.look_up(get_account_id(), "us-east-1", arn)
    if found is None or found["Status"] != "ISSUED":
        return refused("InvalidViewerCertificate", _BAD_CERTIFICATE, 400)
    covered = [name.lower() for name in found["SubjectAlternativeNames"]]
    # What an imported one covers is in itself only, which MiniStack does not read.
    if found["Type"] == "IMPORTED" or all(any(_covers(by, name) for by in covered) for name in names):
        return None
    return refused("InvalidViewerCertificate", _NOT_COVERED, 400)


def _covers(certified: str, name: str) -> bool:
    """A wildcard stands for one label."""
    return certified == name or (certified.startswith("*.") and certified[1:] == name[name.find(".") :])


def _aliases_taken(wanted: Element, number: str) -> Answer | None:
    names = set(aliases(wanted))
    others = (each for _, each in of_all_accounts() if each["Id"] != number)
    if not any(names.intersection(taken) for taken in _aliases_of(others)):
        return None
    message = "One or more of the CNAMEs you provided are already associated with a different resource."
    return refused("CNAMEAlreadyExists", message, 409)


def _aliases_of(distributions: Iterator[Distribution]) -> Iterator[list[str]]:
    for distribution in distributions:
        yield aliases(config(distribution))
