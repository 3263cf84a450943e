"""The static addresses of a distribution."""

from pydantic import Field

from headrace.resources.cloudfront.distribution._member import Member, Text


class AnycastIPListID(Text):
    """The list of static addresses at which the distribution answers."""

    value: str = Field("", max_length=64, description="The id of an Anycast static IP list.")


class AnycastIPListIDLens(Member[AnycastIPListID]):
    """None is no member."""

    name, slice = "anycastIPListID", AnycastIPListID
    path = ("AnycastIpListId",)
