"""Alias records to a distribution: what they are to be, as a value and as record sets."""

import re

from pydantic import Field

from headrace.aws.target import Target
from headrace.engine.graph import KNOWN_LATER
from headrace.engine.slices import Slice
from headrace.resources.route53._batches import Record
from headrace.resources.route53._zones import asked_for

# The zone of all distributions of a partition ("AliasTarget" in the Route 53 API Reference).
_CLOUDFRONT = "Z2FDTNDATAQYW2"
_CLOUDFRONT_CN = "Z3RFFRIM2A3IF5"


class Records(Slice):
    """Which alias records there are, and where to."""

    target: str = Field(
        pattern=rf"^([a-z0-9-]+\.cloudfront\.(net|cn)|{re.escape(KNOWN_LATER)})$",
        max_length=253,
        description="The domain name of the distribution: d111111abcdef8.cloudfront.net.",
    )
    ipv6: bool = Field(True, description="Whether there is an AAAA record.")
    https: bool = Field(
        False,
        description=(
            "Whether there is an HTTPS record, which tells browsers of HTTP/2 and HTTP/3 before they connect."
        ),
    )


def cloudfront_zone(target: Target) -> str:
    """Return the hosted zone that alias records to a distribution name."""
    return _CLOUDFRONT_CN if target.partition == "aws-cn" else _CLOUDFRONT


def aliases(target: Target, wanted: Records) -> dict[str, Record]:
    """Return the records that are to be, by their types."""
    _, name = asked_for(target)
    types = ["A", *["AAAA"] * wanted.ipv6, *["HTTPS"] * wanted.https]
    alias = {
        "HostedZoneId": cloudfront_zone(target),
        "DNSName": f"{wanted.target}.",
        # CloudFront has no health that Route 53 could look at.
        "EvaluateTargetHealth": False,
    }
    return {type_: {"Name": name, "Type": type_, "AliasTarget": alias} for type_ in types}
