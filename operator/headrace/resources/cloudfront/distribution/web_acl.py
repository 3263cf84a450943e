"""The web ACL of a distribution."""

from pydantic import Field

from headrace.resources.cloudfront.distribution._member import Member, Text


class WebACL(Text):
    """The web ACL of AWS WAF that every request has to pass."""

    value: str = Field(
        "",
        max_length=2048,
        description="The ARN of a web ACL of the scope CLOUDFRONT, or the id of one of AWS WAF Classic.",
    )


class WebACLLens(Member[WebACL]):
    """None is the empty one. Silence leaves what is there: firewalls are often looked after elsewhere."""

    name, slice = "webACL", WebACL
    path, off = ("WebACLId",), ""
