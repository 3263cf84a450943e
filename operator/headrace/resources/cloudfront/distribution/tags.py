"""The distribution's tags: ours by key; those of others stay, and are no drift."""

from collections.abc import Mapping
from typing import Annotated, ClassVar

from pydantic import AfterValidator, Field

from headrace.aws.target import Target
from headrace.engine.facet import Facet, Permissions
from headrace.engine.slices import KeyedSlice, Missing, Rule
from headrace.resources.cloudfront._tags import MOST_TAGS, drop_tags, put_tags, tags_of

_RESERVED = ("aws:", "headrace.io/")
_TOO_MANY = f"at most {MOST_TAGS - 1} tags: CloudFront takes {MOST_TAGS}, and one is Headrace's owner tag"
_KEPT = "tag keys that begin with aws: or headrace.io/ are reserved"

TagKey = Annotated[str, Field(min_length=1, max_length=128)]
TagValue = Annotated[str, Field(max_length=256)]


def _within_limits(entries: Mapping[str, str]) -> Mapping[str, str]:
    if len(entries) >= MOST_TAGS:
        raise ValueError(_TOO_MANY)
    if any(key.startswith(_RESERVED) for key in entries):
        raise ValueError(_KEPT)
    return entries


class Tags(KeyedSlice):
    """Tags by key, 49 at most. Tags that are not named here are left alone."""

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(f"size(self) < {MOST_TAGS}", _TOO_MANY),
        Rule("self.all(key, !key.startsWith('aws:') && !key.startsWith('headrace.io/'))", _KEPT),
    )

    entries: Annotated[Mapping[TagKey, TagValue], AfterValidator(_within_limits)] = Field(
        # More than can be had, so that it is our sentence that refuses too many.
        default_factory=dict,
        max_length=100,
    )


class TagsFacet(Facet[Tags, Target]):
    """The tags that spec names."""

    name = "tags"
    slice = Tags
    permissions = Permissions(
        read=frozenset({"cloudfront:ListTagsForResource"}),
        write=frozenset({"cloudfront:TagResource", "cloudfront:UntagResource"}),
    )

    def observe(self, target: Target) -> Tags | Missing:
        """Read all tags but those that are AWS's or our own marks."""
        tags = {key: value for key, value in tags_of(target).items() if not key.startswith(_RESERVED)}
        return Tags.model_construct(entries=tags)

    def apply(self, target: Target, after: Tags, before: Tags | Missing) -> None:
        """Set what differs and drop what is ours no more."""
        had = before.entries if isinstance(before, Tags) else {}
        put_tags(target, {key: value for key, value in after.entries.items() if had.get(key) != value})
        drop_tags(target, set(had) - set(after.entries))
