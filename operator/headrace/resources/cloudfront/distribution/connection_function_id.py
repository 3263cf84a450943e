"""The connection function of a distribution."""

from pydantic import Field

from headrace.resources.cloudfront.distribution._member import Member, Text


class ConnectionFunctionID(Text):
    """The function that decides on each connection of a viewer, before there is a request."""

    value: str = Field("", max_length=64, description="The id of a connection function.")


class ConnectionFunctionIDLens(Member[ConnectionFunctionID]):
    """None is no member."""

    name, slice = "connectionFunctionID", ConnectionFunctionID
    path = ("ConnectionFunctionAssociation", "Id")
