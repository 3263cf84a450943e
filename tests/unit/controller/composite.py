"""A kind whose objects stand for several fake resources, and a world for one of them.

A thing is what the object is about. It refers to its keys, and signs are put up once AWS is done with it.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, ClassVar, cast

from headrace.aws.sessions import Identity
from headrace.aws.target import Target
from headrace.engine.errors import CloudError
from headrace.engine.facet import ResourceType
from headrace.engine.graph import Node, Nodes, Ref, Settled
from headrace.engine.slices import ABSENT, Missing, Slice
from headrace.engine.wish import Layer
from headrace.kinds.common import BareRequest, CommonSpec, Kind, Part, Reference, Request
from headrace.kinds.definition import ObjectRef
from headrace.kinds.status import CompositeStatus
from tests.unit.controller.cloud import REGION, Far, FarRoot, far
from tests.unit.controller.world import World
from tests.unit.engine import fakes
from tests.unit.engine.fakes import Color, FakeTarget, Home, HomeFacet


class Piece(FakeTarget):
    """One of several resources. The cloud calls it by our name for it, in capitals."""

    def __init__(self, name: str, log: list[str]) -> None:
        super().__init__(name.upper())
        self.all = log
        self.busy: CloudError | None = None
        """What AWS is still at work on."""

    def step(self, step: str) -> bool:
        self.all.append(f"{self.id}: {step}")
        return super().step(step)

    def ask(self) -> CloudError | None:
        """Say what AWS is still at work on."""
        self.step("read busy")
        return self.busy


class Cloud:
    """Several resources, with one log of what reached them."""

    def __init__(self) -> None:
        self.log: list[str] = []
        self._pieces: dict[str, Piece] = {}

    def __getitem__(self, id: str) -> Piece:
        """Return the piece that has, or will have, this id."""
        return self._pieces.setdefault(id, Piece(id, self.log))

    @property
    def there(self) -> list[str]:
        """The ids of what is there."""
        return sorted(id for id, piece in self._pieces.items() if "presence" in piece.there)

    @property
    def writes(self) -> list[str]:
        """Every step that is no read, in its order."""
        return [step for step in self.log if ": read " not in step]


@contextmanager
def reached(target: Target) -> Iterator[Piece]:
    """Return the piece behind a target; its refusals become CloudErrors in here."""
    piece = cast(Cloud, target.s3)[(target.id or target.name).upper()]
    with piece.translating():
        yield piece


class PieceFacet(Far):
    """A facet of a piece."""

    reached = staticmethod(reached)


class PieceRoot(FarRoot):
    """The piece itself, found by our name for it."""

    reached = staticmethod(reached)

    def observe(self, target: Target) -> Slice | Missing:
        seen = super().observe(target)
        if seen is not ABSENT:
            target.identify(target.name.upper())
        return seen

    def create(self, target: Target, after: Home, carried: Mapping[str, Slice]) -> None:
        super().create(target, after, carried)
        target.identify(target.name.upper())


class ThingRoot(PieceRoot):
    """The one piece on which AWS goes on working after it answered."""

    def busy(self, target: Target) -> CloudError | None:
        with reached(target) as piece:
            return piece.ask()


class NamedFacet(HomeFacet):
    """A piece of which the cloud chooses the id."""

    id_from_cloud = True
    carries: ClassVar[tuple[str, ...]] = ()


class KeyHome(Home):
    """That a key is there."""

    filled_by_cloud: ClassVar[frozenset[str]] = frozenset({"teeth"})

    teeth: str | None = None
    """How it is cut, once the cloud has said so: what things go by."""


class KeyFacet(NamedFacet):
    """A key. It can carry no mark of whose it is."""

    slice = KeyHome
    marked = False

    def create(self, target: FakeTarget, after: Home, carried: Mapping[str, Slice]) -> None:
        super().create(target, after.model_copy(update={"teeth": f"of {target.id}"}), carried)


def _type(name: str, *near: Any, root: type[PieceRoot] = PieceRoot) -> ResourceType:
    return ResourceType.of(f"fake/{name}", {each.name: far(each, PieceFacet, root) for each in near})


KEY = _type("key", KeyFacet())
THING = _type("thing", NamedFacet(), fakes.ColorFacet(), fakes.LabelsFacet(), root=ThingRoot)
SIGN = _type("sign", NamedFacet(), fakes.ColorFacet())
_TYPES = {"key": KEY, "thing": THING, "sign": SIGN}


class CompositeSpec(CommonSpec):
    """What can be said of a thing, its keys and its signs."""

    color: Color | None = None
    keys: tuple[str, ...] = ()
    signs: tuple[str, ...] = ()
    sign_color: str = "red"
    beside: str | None = None
    """Another object, to which this one refers."""


class CompositeThingStatus(CompositeStatus):
    """What it tells of itself."""

    arn: str | None = None
    lets: tuple[str, ...] = ()
    """The objects that it gave something to."""


class CompositeKind(Kind[CompositeSpec]):
    """A thing after its keys, and its signs after it."""

    name = "Thing"
    main = "thing"
    composite = True
    plural = "things"
    short_names = ()
    description = "A thing, with what belongs to it."
    spec = CompositeSpec
    status = CompositeThingStatus
    resources = (KEY, THING, SIGN)

    def expand(self, request: Request[CompositeSpec]) -> Nodes:
        spec, home = request.spec, Home(owner=request.owner)
        key = KeyHome(owner=request.owner)
        keys = [Node(f"key/{name}", KEY, "", REGION, key, title=f"key-{name}") for name in spec.keys]
        said: dict[str, Any] = {"labels": {node.title: Ref(node.name, "teeth") for node in keys}}
        if spec.color is not None:
            said["color"] = {"shade": spec.color.shade}
        thing = Node("thing", THING, "", REGION, home, (Layer("spec", said),), title=request.ref.name)
        layers = (Layer("spec", {"color": {"shade": spec.sign_color}}),)
        signs = (
            Node(f"sign/{name}", SIGN, "", REGION, home, layers, f"sign-{name}", gates=("thing",))
            for name in spec.signs
        )
        return (*keys, thing, *signs)

    def made(self, name: str, raw: Mapping[str, Any]) -> str:
        return ""

    def bare(self, request: BareRequest) -> Nodes:
        known = request.parts
        if "thing" not in {part.name for part in known}:
            known = (*known, Part("thing", THING.name, request.id))
        return tuple(self._bare(part, request) for part in known)

    def _bare(self, part: Part, request: BareRequest) -> Node:
        thing = part.name == "thing"
        id, title = (request.id or part.id, request.ref.name) if thing else (part.id, part.title)
        kind = part.name.partition("/")[0]
        home = (KeyHome if kind == "key" else Home)(owner=request.owner)
        return Node(part.name, _TYPES[kind], id, request.region, home, title=title)

    def outputs(
        self, request: Request[CompositeSpec], settled: Mapping[str, Settled], identity: Identity
    ) -> dict[str, Any]:
        arn = settled["thing"].outputs.get("arn")
        return {"arn": arn} if arn else {}

    def references(self, namespace: str, raw: Mapping[str, Any]) -> tuple[Reference, ...]:
        to = raw.get("beside")
        return (Reference("spec.beside", ObjectRef("Thing", namespace, to)),) if to else ()

    def remembered(self, status: Mapping[str, Any]) -> tuple[ObjectRef, ...]:
        return tuple(ObjectRef("Thing", "shop", name) for name in status.get("lets", ()))


@dataclass
class Several(World):
    """A world in which the object stands for several resources."""

    def __post_init__(self) -> None:
        self.kind = CompositeKind()
        super().__post_init__()
        self.cloud = Cloud()
        self.account.thing = self.cloud

    def parts(self) -> list[str]:
        """Return the ledger of the status, a line for each part: its name, its id or title, and "ready"."""
        said = (
            (part["name"], part.get("id") or f"({part['title']})", "ready" if part["ready"] else "")
            for part in self.status().get("parts", [])
        )
        return [" ".join(filter(None, each)) for each in said]

    def ready(self) -> tuple[str, str, str]:
        """Return status, reason and message of Ready."""
        (ready,) = (each for each in self.status()["conditions"] if each["type"] == "Ready")
        return ready["status"], ready["reason"], ready["message"]

    def forget(self) -> None:
        super().forget()
        self.cloud.log.clear()
