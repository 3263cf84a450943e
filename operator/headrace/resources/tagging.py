"""Tags, which services have alike: what spec says of them, and how those change that are marks."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar

from pydantic import AfterValidator, Field

from headrace.aws.target import Target
from headrace.engine.facet import Facet
from headrace.engine.ownership import Presence
from headrace.engine.slices import KeyedSlice, Missing, Rule

MOST_TAGS = 50
"""How many tags a resource can have ("Tag naming limits and requirements" in the AWS documentation)."""
RESERVED = ("aws:", "headrace.io/")
"""How keys begin that are not for users."""

_TOO_MANY = f"at most {MOST_TAGS - 1} tags: AWS takes {MOST_TAGS}, and one is Headrace's owner tag"
KEPT = "tag keys that begin with aws: or headrace.io/ are reserved"

TagKey = Annotated[str, Field(min_length=1, max_length=128)]
TagValue = Annotated[str, Field(max_length=256)]


def _within_limits(entries: Mapping[str, str]) -> Mapping[str, str]:
    if len(entries) >= MOST_TAGS:
        raise ValueError(_TOO_MANY)
    if any(key.startswith(RESERVED) for key in entries):
        raise ValueError(KEPT)
    return entries


class Tags(KeyedSlice):
    """Tags by key, 49 at most. Tags that are not named here are left alone."""

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(f"size(self) < {MOST_TAGS}", _TOO_MANY),
        Rule("self.all(key, !key.startsWith('aws:') && !key.startsWith('headrace.io/'))", KEPT),
    )

    entries: Annotated[Mapping[TagKey, TagValue], AfterValidator(_within_limits)] = Field(
        # More than can be had, so that it is our sentence that refuses too many.
        default_factory=dict,
        max_length=100,
    )


@dataclass(frozen=True)
class Tagging:
    """How one service reads and writes the tags of a resource, by key."""

    read: Callable[[Target], dict[str, str]]
    put: Callable[[Target, dict[str, str]], None]
    """Sets these tags and leaves all others as they are. No tags: no call."""
    drop: Callable[[Target, set[str]], None]
    """Removes the tags with these keys. No keys: no call."""

    def remark(self, target: Target, after: Presence, before: Presence | Missing) -> None:
        """Change whose a resource is: the new mark comes before the old one goes, if both have room."""
        had = before.marks() if isinstance(before, Presence) else {}
        old = had.keys() - after.marks().keys()
        if len(self.read(target)) >= MOST_TAGS:
            self.drop(target, old)
            old = set()
        self.put(target, after.marks())
        self.drop(target, old)


class TaggedFacet(Facet[Tags, Target]):
    """The tags that spec names; those of others stay, and are no drift."""

    name = "tags"
    slice = Tags
    tagging: ClassVar[Tagging]

    def observe(self, target: Target) -> Tags | Missing:
        """Read all tags but those that are AWS's or our own marks."""
        tags = {
            key: value for key, value in self.tagging.read(target).items() if not key.startswith(RESERVED)
        }
        return Tags.model_construct(entries=tags)

    def apply(self, target: Target, after: Tags, before: Tags | Missing) -> None:
        """Set what differs and drop what is ours no more."""
        had = before.entries if isinstance(before, Tags) else {}
        wanted = {key: value for key, value in after.entries.items() if had.get(key) != value}
        self.tagging.put(target, wanted)
        self.tagging.drop(target, set(had) - set(after.entries))
