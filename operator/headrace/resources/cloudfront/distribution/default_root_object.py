"""What a distribution serves for the path /."""

from pydantic import Field

from headrace.resources.cloudfront.distribution._member import Member, Text


class DefaultRootObject(Text):
    """What is served for the path /."""

    value: str = Field(
        "", max_length=255, pattern="^([^/].*)?$", description="What is served for the path /: index.html."
    )


class DefaultRootObjectLens(Member[DefaultRootObject]):
    """None is the empty one."""

    name, slice = "defaultRootObject", DefaultRootObject
    path, off = ("DefaultRootObject",), ""
