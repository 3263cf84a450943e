"""The bucket's tags: ours by key; those of others stay, and are no drift."""

from headrace.engine.facet import Permissions
from headrace.resources.s3.bucket._common import TAGGING
from headrace.resources.tagging import TaggedFacet


class TagsFacet(TaggedFacet):
    """The tags that spec names."""

    tagging = TAGGING
    permissions = Permissions(
        read=frozenset({"s3:ListTagsForResource"}),
        write=frozenset({"s3:TagResource", "s3:UntagResource"}),
    )
