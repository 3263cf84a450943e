"""Documents: what AWS reads and replaces only whole, with a version; and lenses, each a part of one."""

from abc import abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Generic, Protocol, TypeVar

from headrace.engine.facet import Facet, P, ResourceType, Root, Target, V
from headrace.engine.ownership import Presence
from headrace.engine.slices import ABSENT, Missing, Slice

Body = Mapping[str, Any]
"""The document as AWS takes it. Members that no lens knows pass through untouched."""


@dataclass(frozen=True)
class Document:
    """A document as it was read."""

    body: Body
    version: str = ""
    """What a replacement has to name, so that a change by others meanwhile is not lost: an ETag."""
    about: Mapping[str, Any] = field(default_factory=dict)
    """What AWS told beside it, such as its state."""


class Sharing(Target, Protocol):
    """A target whose answers facets share."""

    def share(self, key: str, read: Callable[[], Any]) -> Any:
        """Read once what several facets need."""


D = TypeVar("D", bound=Sharing)


class Store(Generic[D]):
    """Where a document is: how it is read, and replaced."""

    name: ClassVar[str] = "document"

    @abstractmethod
    def fetch(self, target: D) -> Document:
        """Read the document; the cloud's own exception where there is none."""

    @abstractmethod
    def replace(self, target: D, document: Document) -> None:
        """Put this document in the place of the one with this version; Conflict where that is gone."""

    def read(self, target: D) -> Document:
        """Return the document as it was read for all facets of this look."""
        document: Document = target.share(self.name, lambda: self.fetch(target))
        return document


class Lens(Facet[V, D]):
    """One part of a document. The changes of all lenses of a document are written at once, by the engine."""

    store: ClassVar[Store[Any]]
    of_document = True

    @abstractmethod
    def get(self, body: Body) -> V | Missing:
        """Return this part of the document; ABSENT where it has none. Pure."""

    @abstractmethod
    def put(self, body: Body, value: V | Missing) -> Body:
        """Return the document with this part made so; ABSENT takes it out. Pure: what is given stays."""

    def observe(self, target: D) -> V | Missing:
        """Return this part of the document that all lenses share."""
        return self.get(self.store.read(target).body)

    def apply(self, target: D, after: V, before: V | Missing) -> None:
        """Replace the document for this part alone."""
        self._write(target, after)

    def remove(self, target: D, before: V) -> None:
        """Replace the document for this part alone."""
        self._write(target, ABSENT)

    def _write(self, target: D, value: V | Missing) -> None:
        found = self.store.read(target)
        self.store.replace(target, Document(self.put(found.body, value), found.version))


class DocumentRoot(Root[P, D]):
    """The presence of a resource that is made from a document: all its lenses travel in the create call."""

    store: ClassVar[Store[Any]]

    @abstractmethod
    def blank(self, target: D, after: P) -> Body:
        """Return the document of a resource of which nothing is said. Pure."""

    @abstractmethod
    def create_from(self, target: D, after: P, body: Body, carried: Mapping[str, Slice]) -> None:
        """Make the resource from this document, with its owner in the very call that makes it.

        Args:
            target: the resource, which gets to know its id.
            after: the presence that it is to have.
            body: the document with what is wished of each lens.
            carried: what is wished of facets that are no lenses and travel in the call, too.
        """

    def create(self, target: D, after: P, carried: Mapping[str, Slice]) -> None:
        """Make the resource of which nothing is said."""
        self.create_from(target, after, self.blank(target, after), carried)


def create(resource: ResourceType, target: Any, after: Presence, carried: Mapping[str, Slice]) -> None:
    """Make a resource; where it is made from a document, that has what is wished of each lens."""
    root = resource.root
    if not isinstance(root, DocumentRoot):
        root.create(target, after, carried)
        return
    lenses = {facet.name: facet for facet in resource.facets if isinstance(facet, Lens)}
    parts = {lenses[name]: value for name, value in carried.items() if name in lenses}
    rest = {name: value for name, value in carried.items() if name not in lenses}
    root.create_from(target, after, folded(root.blank(target, after), parts), rest)


def folded(body: Body, parts: Mapping[Lens[Any, Any], Slice | Missing]) -> Body:
    """Return the document with all these parts made so."""
    for lens, value in parts.items():
        body = lens.put(body, value)
    return body
