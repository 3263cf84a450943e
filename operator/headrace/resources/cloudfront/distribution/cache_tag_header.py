"""The header with the cache tags of a distribution."""

from pydantic import Field

from headrace.resources.cloudfront.distribution._member import Member, Text


class CacheTagHeader(Text):
    """The header of the origin's answers in which CloudFront finds the tags of what it caches."""

    value: str = Field("", max_length=256, description="The name of a header, such as Cache-Tag.")


class CacheTagHeaderLens(Member[CacheTagHeader]):
    """None is no member."""

    name, slice = "cacheTagHeader", CacheTagHeader
    path = ("CacheTagConfig", "HeaderName")
