"""What is wished of one resource, and what one pass over it came to."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum

from headrace.engine.errors import CloudError, Denied, Invalid
from headrace.engine.facet import ResourceType, Target
from headrace.engine.ignore import Ignored
from headrace.engine.ownership import Advice, Presence
from headrace.engine.plan import Change, Plan, Verb
from headrace.engine.slices import Missing, Slice
from headrace.engine.wish import Wish, is_of_node


class Intent(Enum):
    """What is to become of a resource as a whole."""

    KEEP = "keep"
    OBSERVE = "observe"
    """Only look, whoever owns it."""
    RELEASE = "release"
    """Let go of it: it stays, and carries the mark of who retained it."""
    REMOVE = "remove"


@dataclass(frozen=True)
class Work:
    """One resource and what is wished of it."""

    resource: ResourceType
    target: Target
    presence: Presence
    """What the root is to be; its owner is the one in whose name we act."""
    wishes: Mapping[str, Wish] = field(default_factory=dict)
    intent: Intent = Intent.KEEP
    ledger: frozenset[str] = frozenset()
    known: bool = False
    """Whether it was there before: then all is read at once instead of the root first."""
    adopt: bool = False
    advice: Advice = field(default_factory=Advice)
    """What to do about it, where it is there and not ours."""
    no_creation: Denied | Invalid | None = None
    """Why it may not be made where it is not there, if it may not."""
    before_creation: Callable[[bool], object] = lambda free: None
    """Called right before it is made, with whether it was seen not to be there; raises where it is not wanted
    any more."""
    ignored: Ignored = field(default_factory=Ignored)
    """Fields that are left as they are found, unless nothing is found at all: then they are set, too."""
    only: frozenset[str] | None = None
    """The facets that are looked at, where of all others it is known what they are; None: all of them."""
    writes: frozenset[str] | None = None
    """The facets that may be written, the others being only looked at; None: all."""
    write: bool = True
    """How far to walk the path: only to the plan, or to the end."""

    @property
    def what(self) -> str:
        """Return how sentences call the resource: "bucket media"."""
        return f"{self.resource.title} {self.target.id or self.target.name}"


@dataclass(frozen=True)
class Failure:
    """One error, and the facet and step (read, write, verify) in which it came."""

    facet: str
    step: str
    error: CloudError


@dataclass(frozen=True)
class Report:
    """What one pass over a resource saw, did and could not do."""

    plan: Plan
    """What differed at the first look."""
    done: tuple[Change, ...] = ()
    """What was carried out, read back and found equal."""
    left: tuple[Change, ...] = ()
    """What still differs at the end."""
    held: Mapping[str, str] = field(default_factory=dict)
    """Facets that were not written, because of the one that comes before them."""
    failures: tuple[Failure, ...] = ()
    found: Mapping[str, Slice | Missing] = field(default_factory=dict)
    """What was read last."""
    created: bool = False
    """Whether the resource was made in this pass, even if it could not be read back."""
    touched: frozenset[str] = frozenset()
    """Facets that were written, or may have been: of a write that got lost nobody knows."""
    busy: CloudError | None = None
    """What AWS is still at work on, after all was done that is to be done."""

    def with_believed(self, wishes: Mapping[str, Wish]) -> "Report":
        """Return the report of a look at a few facets, with all others as they were last seen: as wished."""
        believed = {name: wish.value for name, wish in wishes.items() if isinstance(wish.value, Slice)}
        there = any(isinstance(seen, Presence) for seen in self.found.values())
        return replace(self, found={**believed, **self.found}) if there else self

    @property
    def new(self) -> bool:
        """Whether the resource was made in this pass, or may have been: the answer got lost."""
        return any(
            change.verb is Verb.CREATE and isinstance(change.after, Presence) and change.facet in self.touched
            for change in self.plan.changes
            if not is_of_node(change.facet)
        )

    @property
    def unread(self) -> frozenset[str]:
        """Facets that failed and of which nothing is known."""
        return frozenset({failure.facet for failure in self.failures} - self.found.keys())
