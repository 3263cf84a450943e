"""The distribution's tags: ours by key; those of others stay, and are no drift."""

from headrace.engine.facet import Permissions
from headrace.resources.cloudfront._tags import TAGGING
from headrace.resources.tagging import TaggedFacet


class TagsFacet(TaggedFacet):
    """The tags that spec names."""

    tagging = TAGGING
    permissions = Permissions(
        read=frozenset({"cloudfront:ListTagsForResource"}),
        write=frozenset({"cloudfront:TagResource", "cloudfront:UntagResource"}),
    )
