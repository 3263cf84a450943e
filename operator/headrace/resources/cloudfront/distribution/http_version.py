"""The versions of HTTP that a distribution speaks with viewers."""

from typing import Literal

from pydantic import Field

from headrace.engine.slices import ValueSlice
from headrace.resources.cloudfront.distribution._member import Member


class HttpVersion(ValueSlice):
    """The newest version of HTTP that viewers may speak; HTTP/1.1 is always taken."""

    value: Literal["http1.1", "http2", "http3", "http2and3"] = Field(
        "http2", description="The newest version of HTTP that viewers may speak."
    )


class HttpVersionLens(Member[HttpVersion]):
    """Silence means http2, as for CloudFront: HTTP/3 is UDP, which firewalls and logs may not know yet."""

    name, slice = "httpVersion", HttpVersion
    path = ("HttpVersion",)
    resting = HttpVersion()
    default = HttpVersion()

    def read(self, found: str) -> HttpVersion:
        """Read the version, which some answers have in capitals."""
        return super().read(found.lower())
