"""A kind whose objects stand for one fake thing, reached through an account as the real resources are."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, cast

from pydantic import Field

from headrace.aws.errors import Place
from headrace.aws.sessions import Account, Identity
from headrace.aws.target import Target
from headrace.controller.accounts import Access, Accounts
from headrace.controller.api import Object
from headrace.engine.errors import CloudError, Invalid
from headrace.engine.facet import Facet, ResourceType, Root
from headrace.engine.graph import Node, Nodes, Settled
from headrace.engine.slices import ApiModel, Missing, Slice
from headrace.engine.wish import Layer
from headrace.kinds.common import BareRequest, CommonSpec, Kind, Request
from headrace.kinds.status import Status
from tests.unit.engine import fakes
from tests.unit.engine.fakes import Color, FakeTarget, Home, Labels, Lock, Switch

IDENTITY = Identity("111122223333", "arn:aws:iam::111122223333:role/headrace", "aws")
REGION = "eu-central-1"


@contextmanager
def reached(target: Target) -> Iterator[FakeTarget]:
    """Return the fake thing behind a target; its refusals become CloudErrors in here."""
    thing = cast(FakeTarget, target.s3)
    with thing.translating():
        yield thing


class Far(Facet[Any, Target]):
    """A facet of the fake thing, for which one has to go through an account."""

    near: Facet[Any, FakeTarget]
    reached = staticmethod(reached)

    def observe(self, target: Target) -> Slice | Missing:
        with self.reached(target) as thing:
            return cast(Slice | Missing, self.near.observe(thing))

    def apply(self, target: Target, after: Slice, before: Slice | Missing) -> None:
        with self.reached(target) as thing:
            self.near.apply(thing, after, before)

    def remove(self, target: Target, before: Slice) -> None:
        with self.reached(target) as thing:
            self.near.remove(thing, before)


class FarRoot(Far, Root[Any, Target]):
    """The thing itself, likewise."""

    def create(self, target: Target, after: Home, carried: Mapping[str, Slice]) -> None:
        with self.reached(target) as thing:
            cast(Root[Any, FakeTarget], self.near).create(thing, after, carried)


_SAID = ("name", "slice", "after", "permissions", "resting", "default")
_SAID_OF_ROOTS = (*_SAID, "address", "fixed", "carries", "create_decides", "id_from_cloud", "marked")


def far(near: Facet[Any, Any], facet: type[Far] = Far, root: type[FarRoot] = FarRoot) -> Facet[Any, Any]:
    """Return the same facet, out of reach but for an account."""
    base, said = (root, _SAID_OF_ROOTS) if isinstance(near, Root) else (facet, _SAID)
    about = {"near": near, **{name: getattr(near, name) for name in said}}
    return cast(Facet[Any, Any], type(type(near).__name__, (base,), about)())


_NEAR = (fakes.HomeFacet(), fakes.ColorFacet(), fakes.LabelsFacet(), fakes.LockFacet(), fakes.SwitchFacet())
THING = ResourceType.of("fake/thing", {near.name: far(near) for near in _NEAR})


class ThingSpec(CommonSpec):
    """What can be said of a thing."""

    thing_name: str | None = Field(None, max_length=20)
    color: Color | None = None
    labels: Labels | None = None
    lock: Lock | None = None
    switch: Switch | None = None

    def settings(self) -> dict[str, Mapping[str, Any]]:
        said = self.model_dump(by_alias=True, mode="json", exclude_unset=True, exclude_none=True)
        return {facet.name: said[facet.name] for facet in THING.facets if facet.name in said}


class Doors(ApiModel):
    """How to get in."""

    front: str
    back: str | None = None


class ThingStatus(Status):
    """What a thing tells of itself."""

    arn: str | None = None
    doors: Doors | None = None


class ThingKind(Kind[ThingSpec]):
    """One thing: one node."""

    name = "Thing"
    main = "thing"
    plural = "things"
    short_names = ()
    description = "A thing."
    spec = ThingSpec
    status = ThingStatus
    resources = (THING,)

    def expand(self, request: Request[ThingSpec]) -> Nodes:
        if request.spec.thing_name == "bug":
            raise KeyError("bug")
        name = request.spec.thing_name or request.ref.name
        region = request.spec.region or request.default_region
        if region is None:
            raise Invalid("spec.region is missing.")
        layers = (Layer("spec", request.spec.settings()),)
        return (Node("thing", THING, name, region, Home(owner=request.owner), layers),)

    def made(self, name: str, raw: Mapping[str, Any]) -> str:
        return str(raw.get("thingName") or name)

    def bare(self, request: BareRequest) -> Nodes:
        return (Node("thing", THING, request.id, request.region, Home(owner=request.owner)),)

    def outputs(
        self, request: Request[ThingSpec], settled: Mapping[str, Settled], identity: Identity
    ) -> dict[str, Any]:
        node, report = settled["thing"].node, settled["thing"].report
        assert report is not None
        on = report.found.get("switch") == Switch(enabled=True)
        doors = Doors(front=f"{node.id}.front", back=f"{node.id}.back" if on else None)
        arn = node.arn(identity.partition, identity.account_id)
        return {"arn": arn, "doors": doors.model_dump(by_alias=True, exclude_none=True)}


class FakeAccount:
    """An account in which there is one thing."""

    def __init__(self, thing: Any) -> None:
        self.thing = thing
        self.region: str | None = REGION
        self.refusal: CloudError | None = None
        self.reached: list[tuple[str, str]] = []
        """Services and regions for which a client was asked."""

    @property
    def identity(self) -> Identity:
        if self.refusal is not None:
            raise self.refusal
        return IDENTITY

    def place(self, resource: str, caller: str = "", region: str = "") -> Place:
        return Place(resource, caller, region=region)

    def client(self, service: str, region: str) -> Any:
        self.reached.append((service, region))
        return self.thing


class FakeAccounts(Accounts):
    """Hands out the one account to everybody."""

    def __init__(self, account: FakeAccount) -> None:
        self.account = account

    def of(self, namespace: str, name: str | None) -> Access:
        return Access(cast(Account, self.account), "")

    def of_deleting(self, obj: Object) -> Account:
        return cast(Account, self.account)
