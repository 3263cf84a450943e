"""Whether a distribution is a staging one."""

from pydantic import Field

from headrace.engine.slices import ValueSlice
from headrace.resources.cloudfront.distribution._member import Member


class Staging(ValueSlice):
    """Whether it is a staging distribution, which gets a part of another one's traffic."""

    value: bool = Field(False, description="Whether it is a staging distribution. It can never change.")


class StagingLens(Member[Staging]):
    """A distribution is a primary one unless it was made otherwise."""

    name, slice = "staging", Staging
    path = ("Staging",)
    resting = Staging()
