"""The comment of a distribution."""

from pydantic import Field

from headrace.resources.cloudfront.distribution._member import Member, Text


class Comment(Text):
    """What people are to know of the distribution."""

    value: str = Field("", max_length=128, description="What people are to know of the distribution.")


class CommentLens(Member[Comment]):
    """The member must be there: no comment is an empty one."""

    name, slice = "comment", Comment
    path, off = ("Comment",), ""
