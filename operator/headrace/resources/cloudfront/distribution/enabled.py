"""Whether a distribution is enabled."""

from pydantic import Field

from headrace.engine.slices import ValueSlice
from headrace.resources.cloudfront.distribution._member import Member


class Enabled(ValueSlice):
    """Whether the distribution answers viewers."""

    value: bool = Field(True, description="Whether the distribution answers viewers.")


class EnabledLens(Member[Enabled]):
    """What is wanted is to be served, unless somebody says otherwise."""

    name, slice = "enabled", Enabled
    path = ("Enabled",)
    resting = Enabled()
    default = Enabled()
