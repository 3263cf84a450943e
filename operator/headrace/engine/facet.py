"""The seam: a facet is one slice of a cloud resource that AWS reads and writes on its own."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import cached_property
from graphlib import TopologicalSorter
from typing import Any, ClassVar, Generic, Protocol, TypeVar

from headrace.engine.errors import CloudError
from headrace.engine.ownership import Presence
from headrace.engine.slices import Missing, Slice


class Target(Protocol):
    """One cloud resource, reached with somebody's rights; what facets get to read and write with."""

    @property
    def id(self) -> str:
        """The name by which the cloud knows the resource; empty where the cloud is yet to say it."""

    @property
    def name(self) -> str:
        """The name that we give the resource."""

    @property
    def arn(self) -> str:
        """The ARN of the resource."""

    def translating(self) -> AbstractContextManager[None]:
        """Turn the cloud's own exceptions into CloudError while in here."""

    def forget(self) -> None:
        """Drop answers that were shared between facets: the next look is a new one."""


V = TypeVar("V", bound=Slice)
P = TypeVar("P", bound=Presence)
T = TypeVar("T", bound=Target)


@dataclass(frozen=True)
class Permissions:
    """The IAM actions that a facet needs to observe (read), to apply and remove (write), and to empty."""

    read: frozenset[str] = field(default_factory=frozenset)
    write: frozenset[str] = field(default_factory=frozenset)
    empty: frozenset[str] = field(default_factory=frozenset)
    """Of roots only: what deleting the content needs, where an object asks for that."""
    create: frozenset[str] = field(default_factory=frozenset)
    """Of roots only, and a part of write: what nothing but making the resource needs."""
    remove: frozenset[str] = field(default_factory=frozenset)
    """Of roots only, and a part of write: what nothing but removing the resource needs."""
    explain: frozenset[str] = field(default_factory=frozenset)
    """Of roots only: what is asked where something was refused, to say why; without it less is said."""

    def all(self) -> frozenset[str]:
        """Return every action."""
        return self.read | self.write | self.empty | self.explain


class Facet(ABC, Generic[V, T]):
    """Reads and writes one slice. It never compares and never decides: the engine does, once, for all."""

    name: ClassVar[str]
    """Also the name of the field in spec."""
    slice: ClassVar[type[Slice]]
    after: ClassVar[tuple[str, ...]] = ()
    """Facets that must be right before this one is written; the root always is."""
    permissions: ClassVar[Permissions]
    resting: ClassVar[Slice | None] = None
    """The value that stands for "off" where AWS has no way to remove it."""
    default: ClassVar[Slice | None] = None
    """The safe value that silence means, unless the object says `defaults: None`."""

    initial: ClassVar[Slice | Missing | None] = None
    """What a resource that was just made has of it, where that is known: it is written before it is read.

    It is believed for that one write only, so `apply` must do with a `before` that is not so. Not for slices
    of which the cloud fills in a part that a write would have to carry.
    """

    of_document: ClassVar[bool] = False
    """Whether it is a part of the document that its resource is made from."""

    @abstractmethod
    def observe(self, target: T) -> V | Missing:
        """Read the slice; ABSENT where there is none. Never writes."""

    @abstractmethod
    def apply(self, target: T, after: V, before: V | Missing) -> None:
        """Make the slice `after` with one idempotent write; `before` is what was just read, or `initial`."""

    def remove(self, target: T, before: V) -> None:
        """Take the slice away. Facets with a resting value have no use for it."""
        raise TypeError(f"{self.name} has neither a way to be removed nor a resting value")

    @cached_property
    def removable(self) -> bool:
        """Whether there is a way to take this slice away, or to bring it to rest."""
        return self.resting is not None or type(self).remove is not Facet.remove


@dataclass(frozen=True)
class Emptied:
    """What came of deleting a resource's content for a while."""

    deleted: int = 0
    more: bool = False
    """Whether it stopped before it came to the end."""
    refused: int = 0
    """How much of what it came by could not be deleted."""
    reasons: tuple[str, ...] = ()
    """Why, for the first few of these, sorted."""
    failure: CloudError | None = None
    """What ended it."""

    @property
    def done(self) -> bool:
        """Whether nothing is left."""
        return not self.more and not self.refused and self.failure is None


class Root(Facet[P, T]):
    """The presence of a resource: whether it exists, whose it is, and what cannot be changed any more."""

    address: ClassVar[str]
    """The ARN of such a resource, with {partition}, {region}, {account} and {id} to be filled in.

    Where the resource is a part of another one and has no ARN of its own, as a record in its zone, {parent}
    is the id of that: what comes before the first slash of its own id.
    """
    fixed: ClassVar[tuple[str, ...]] = ()
    """Fields of the slice that are decided for good when the resource is made."""
    carries: ClassVar[tuple[str, ...]] = ()
    """Facets whose wish travels in the create call itself."""
    requires: ClassVar[tuple[str, ...]] = ()
    """Those of them without whose wish it cannot be made."""
    granted_as: ClassVar[str] = ""
    """By which entries an AWSAccount says who may have one: "buckets", "hosted_zones"; empty: by none."""
    create_decides: ClassVar[bool] = False
    """Whether being refused a look proves nothing, as for names that all the world shares."""
    id_from_cloud: ClassVar[bool] = False
    """Whether the cloud chooses the id: where it is not known, the resource is looked for by our name."""
    create_finds: ClassVar[bool] = False
    """Whether the create call also finds what is there under our name: without an id it is the first call."""
    marked: ClassVar[bool] = True
    """Whether it can carry the mark of whose it is; else the name that we gave it is the only proof."""

    def located(self, partition: str, region: str, account: str) -> str:
        """Return the address with all filled in but what follows from the id."""
        return self.address.format(
            partition=partition, region=region, account=account, id="{id}", parent="{parent}"
        )

    @abstractmethod
    def create(self, target: T, after: P, carried: Mapping[str, Slice]) -> None:
        """Make the resource with its owner in the very call that makes it."""

    def busy(self, target: T) -> CloudError | None:
        """Return what AWS is still at work on, where it takes changes before it is done with earlier ones."""
        return None

    def apply(self, target: T, after: P, before: P | Missing) -> None:
        """Mark whose it is. Only for what can carry marks."""
        raise TypeError(f"{self.name} can carry no marks")

    def leaving(self, target: T, seen: P) -> P:
        """Return what was read as it is to be taken before it is removed: without an owner it is let be.

        That is how a root says of what several objects share that others still use it.
        """
        return seen

    def empty(self, target: T, stop: Callable[[int], bool]) -> Emptied:
        """Delete the content that keeps the resource from being removed. Raises nothing.

        Args:
            target: the resource, which is ours.
            stop: is told now and then how much was deleted so far, and says whether to stop there.
        """
        raise TypeError(f"{self.name} has no content to delete")


def addressed(located: str, id: str) -> str:
    """Return the ARN that a resource with this id has, where `Root.located` has filled in the rest."""
    return located.replace("{parent}", id.partition("/")[0]).replace("{id}", id)


@dataclass(frozen=True)
class ResourceType:
    """A type of cloud resource: its root and its facets, the latter in the order in which to write them."""

    name: str
    root: Root[Any, Any]
    facets: tuple[Facet[Any, Any], ...]

    @classmethod
    def of(cls, name: str, members: Mapping[str, Facet[Any, Any]]) -> "ResourceType":
        """Put a resource type together; the order follows from `after`, then from the names."""
        (root,) = (member for member in members.values() if isinstance(member, Root))
        graph = {key: sorted(members[key].after) for key in sorted(members) if key != root.name}
        order = [key for key in TopologicalSorter(graph).static_order() if key != root.name]
        return cls(name, root, tuple(members[key] for key in order))

    @cached_property
    def carried(self) -> tuple[str, ...]:
        """Name the facets whose wish travels in the create call: all parts of a document do."""
        parts = tuple(facet.name for facet in self.facets if facet.of_document)
        return (*self.root.carries, *parts)

    @property
    def title(self) -> str:
        """Return how sentences call such a resource: "alias records"."""
        return self.name.split("/")[-1].replace("_", " ")

    def members(self) -> tuple[Facet[Any, Any], ...]:
        """Return the root and then the facets."""
        return (self.root, *self.facets)

    def facet(self, name: str) -> Facet[Any, Any]:
        """Return the member of this name; KeyError where there is none."""
        return {member.name: member for member in self.members()}[name]
