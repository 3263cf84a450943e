"""The price class of a distribution."""

from typing import Literal

from pydantic import Field

from headrace.engine.slices import ValueSlice
from headrace.resources.cloudfront.distribution._member import Member


class PriceClass(ValueSlice):
    """From how many edge locations the distribution is served, which decides its price."""

    value: Literal["PriceClass_100", "PriceClass_200", "PriceClass_All", "None"] = Field(
        "PriceClass_All",
        description=(
            "PriceClass_100: North America, Europe and Israel. PriceClass_200: most regions. PriceClass_All: "
            "all. None: for plans that have no price class."
        ),
    )


class PriceClassLens(Member[PriceClass]):
    """CloudFront's own default is to serve from everywhere; what it costs is not for us to decide."""

    name, slice = "priceClass", PriceClass
    path = ("PriceClass",)
    resting = PriceClass()
