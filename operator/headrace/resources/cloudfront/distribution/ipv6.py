"""Whether a distribution has addresses of IPv6."""

from pydantic import Field

from headrace.engine.slices import ValueSlice
from headrace.resources.cloudfront.distribution._member import Member


class IPv6(ValueSlice):
    """Whether the distribution has addresses of IPv6, too."""

    value: bool = Field(
        True,
        description="Whether the distribution has addresses of IPv6, too. Needs false with IPv4-only lists.",
    )


class IPv6Lens(Member[IPv6]):
    """CloudFront's own default in its API is off; silence means on, as in its console."""

    name, slice = "ipv6", IPv6
    path = ("IsIPV6Enabled",)
    resting = IPv6(value=False)
    default = IPv6()
