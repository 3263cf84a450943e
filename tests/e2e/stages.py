"""The stages of an object's life; those of a bucket have every setting: a new facet is in by being there."""

import json
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import count
from typing import Any, ClassVar, Generic, Protocol, TypeVar

from kubernetes import client, config
from kubernetes.client.exceptions import ApiException

from headrace.aws.target import Target
from headrace.kinds.accelerated_bucket import BUCKET, AcceleratedBucket
from headrace.kinds.definition import API_VERSION, GROUP, VERSION, ObjectRef
from headrace.kinds.registry import KINDS
from sandbox.aws.clients import REGION
from sandbox.world import World
from tests.e2e.buckets import is_there, put_tags, reads, snapshot, timeless
from tests.e2e.life import WHENS, Cradle, Died, Life, Point
from tests.laws.laws import by_hand
from tests.settings import others, said, samples

Spec = Mapping[str, Any]
_JSON = "application/json-patch+json"
_MERGE = "application/merge-patch+json"


@dataclass(frozen=True)
class People:
    """What people do to objects of one kind in a namespace; kubectl would take ten times as long."""

    world: World
    kind: str = AcceleratedBucket.name

    def of(self, kind: str) -> "People":
        """Return those who work with the objects of this kind."""
        return replace(self, kind=kind)

    @cached_property
    def _objects(self) -> client.CustomObjectsApi:
        configuration = client.Configuration()
        config.load_kube_config(str(self.world.plane.kubeconfig), client_configuration=configuration)
        return client.CustomObjectsApi(client.ApiClient(configuration))

    def make(self, name: str, spec: Spec, **metadata: Any) -> None:
        """Make an object."""
        body = {"apiVersion": API_VERSION, "kind": self.kind, "spec": dict(spec)}
        body["metadata"] = {"name": name, **metadata}
        self._objects.create_namespaced_custom_object(*self._where, body)

    def find(self, name: str) -> dict[str, Any] | None:
        """Return an object, or None where there is none."""
        try:
            found: dict[str, Any] = self._objects.get_namespaced_custom_object(*self._where, name)
        except ApiException as error:
            if error.status != 404:
                raise
            return None
        return found

    def edit(self, name: str, spec: Spec) -> None:
        """Replace the whole spec."""
        self.patch(name, [{"op": "replace", "path": "/spec", "value": dict(spec)}])

    def forget(self, name: str) -> None:
        """Take the whole status away, as a restore from a backup does."""
        self._objects.patch_namespaced_custom_object_status(
            *self._where, name, [{"op": "remove", "path": "/status"}], _content_type=_JSON
        )

    def annotate(self, name: str, annotations: Mapping[str, str]) -> None:
        """Set annotations."""
        patch = {"metadata": {"annotations": dict(annotations)}}
        self._objects.patch_namespaced_custom_object(*self._where, name, patch, _content_type=_MERGE)

    def delete(self, name: str) -> None:
        """Ask for an object to go."""
        self._objects.delete_namespaced_custom_object(*self._where, name)

    def patch(self, name: str, operations: list[dict[str, Any]]) -> None:
        """JSON-patch an object."""
        self._objects.patch_namespaced_custom_object(*self._where, name, operations, _content_type=_JSON)

    @property
    def _where(self) -> tuple[str, str, str, str]:
        return GROUP, VERSION, self.world.namespace, KINDS[self.kind].plural


class Builder(Protocol):
    """Who makes what is there before a stage begins."""

    @property
    def account(self) -> str:
        """In which account of AWS that is."""

    def settle(self, ref: ObjectRef, *others: ObjectRef) -> object:
        """Return once there is nothing left to do for objects."""

    def target(self, bucket: str, region: str) -> Target:
        """Reach a bucket as somebody else would."""


@dataclass(frozen=True)
class Plot(ABC):
    """One object with those that it refers to, and what is to come of them."""

    people: People
    builder: Builder
    name: str
    more: Spec = field(default_factory=dict)
    """What its spec says beside the name, the region and the settings."""
    kind: ClassVar[str]
    alone: ClassVar[bool] = False
    """Whether it has an account of its own; its stages are long, and a life ends only where it writes."""

    @property
    def world(self) -> World:
        """The namespace in which it is."""
        return self.people.world

    @property
    def account(self) -> str:
        """The account in which it comes about."""
        return self.builder.account

    @property
    def ref(self) -> ObjectRef:
        """Which object it is."""
        return self.ref_of(self.kind, self.name)

    @property
    def refs(self) -> tuple[ObjectRef, ...]:
        """All objects that have to be looked at; the one that it is about comes first."""
        return (self.ref,)

    def ref_of(self, kind: str, name: str) -> ObjectRef:
        """Name an object of its namespace."""
        return ObjectRef(kind, self.world.namespace, name)

    @abstractmethod
    def truth(self) -> dict[str, Any]:
        """Return all that AWS tells of it."""

    @abstractmethod
    def called(self) -> dict[str, str]:
        """Return what to write in the place of names that no two plots have in common."""

    @abstractmethod
    def nothing_left(self) -> bool:
        """Say whether all that was to come of the object is gone."""

    def sight(self) -> str:
        """Return all that there is of it, in Kubernetes and in AWS, but for its name and the time."""
        found: dict[str, Any] = {}
        for ref in self.refs:
            obj = self.people.of(ref.kind).find(ref.name) or {}
            metadata = obj.get("metadata", {})
            found[ref.kind] = {"finalizers": metadata.get("finalizers"), "status": obj.get("status")}
        text = json.dumps(timeless({**found, **self.truth()}), indent=1, sort_keys=True)
        for name, called in {**self.called(), self.name: "<name>"}.items():
            text = text.replace(name, called)
        return text

    def leave(self) -> None:
        """Take the objects away without a word, so that no operator that comes later finds them."""
        for ref in self.refs:
            people = self.people.of(ref.kind)
            obj = people.find(ref.name)
            if obj is not None:
                people.patch(ref.name, [{"op": "add", "path": "/metadata/finalizers", "value": []}])
                if "deletionTimestamp" not in obj["metadata"]:
                    people.delete(ref.name)


@dataclass(frozen=True)
class BucketPlot(Plot):
    """One object, and the one bucket that is to come of it."""

    kind = AcceleratedBucket.name

    @property
    def bucket(self) -> str:
        """The name of the bucket."""
        return self.world.name(self.name)

    def spec(self, settings: Mapping[str, Any], **more: Any) -> dict[str, Any]:
        """Return a spec with these settings, which are slices."""
        return {"bucketName": self.bucket, "region": REGION, **self.more, **more, **said(settings)}

    def truth(self) -> dict[str, Any]:
        """Return the bucket."""
        s3 = self.world.aws.client("s3")
        return {"bucket": snapshot(s3, self.bucket) if self.is_there() else None}

    def called(self) -> dict[str, str]:
        """Return what to write for the bucket's name."""
        return {self.bucket: "<bucket>"}

    def nothing_left(self) -> bool:
        """Say whether the bucket is gone."""
        return not self.is_there()

    def is_there(self) -> bool:
        """Say whether the bucket is there."""
        return is_there(self.world.aws.client("s3"), self.bucket)


LOGIN = "GetCallerIdentity"
"""What a life asks first, once, and of nothing that is in AWS."""


@dataclass(frozen=True)
class Record:
    """What a stage does when nobody disturbs it, in its order, and what comes of it."""

    calls: tuple[str, ...]
    writes: tuple[str, ...]
    sight: str

    def points(self, *, of_aws: bool = False) -> list[Point]:
        """Return every place at which a life can end in this stage; perhaps only those at what is in AWS."""
        about = tuple(call for call in self.calls if call != LOGIN)
        counts = Counter(about if of_aws else (*self.calls, *self.writes))
        return [
            Point(what, nth, when)
            for what, count in counts.items()
            for nth in range(1, count + 1)
            for when in WHENS
        ]

    def turns(self) -> list[Point]:
        """Return the points at which something changes: between them all is the same to the next life."""
        return [point for point in self.points() if not reads([point.what])]

    def cost(self) -> tuple[int, int]:
        """Count what is done for the objects."""
        return sum(call != LOGIN for call in self.calls), len(self.writes)


def recorded(plot: Plot, cradle: Cradle) -> Record:
    """Live once, undisturbed, and write down what was done; nobody else is at work meanwhile."""
    world = plot.world
    world.mark()
    mark = world.aws.mark()
    with Life(cradle, account=plot.account) as life:
        life.settle(*plot.refs)
    calls = tuple(call.operation for call in world.aws.since(mark) if "headrace/" in call.user_agent)
    writes = tuple(f"{request.verb} {request.subresource}".strip() for request in world.api_writes())
    return Record(calls, writes, plot.sight())


P = TypeVar("P", bound=Plot)


@dataclass(frozen=True)
class Stage(Generic[P]):
    """One stage of a life: what it is about, how it was before, and what people ask for."""

    name: str
    plot: type[P]
    before: Callable[[P], object]
    act: Callable[[P], object]
    more: Spec = field(default_factory=dict)

    def begin(self, people: People, builder: Builder, number: str) -> P:
        """Bring objects of its own to where the stage begins."""
        plot = self.plot(people.of(self.plot.kind), builder, f"{self.name}-{number}", self.more)
        self.before(plot)
        self.act(plot)
        return plot


def _nothing(plot: Plot) -> None:
    """Nothing was there before."""


def _made(plot: BucketPlot) -> None:
    plot.people.make(plot.name, plot.spec(samples()))
    plot.builder.settle(*plot.refs)


def _filled(plot: BucketPlot) -> None:
    """Make the bucket, with versions, a delete marker and an unfinished upload in it."""
    _made(plot)
    s3 = plot.world.aws.client("s3")
    for _ in range(2):
        s3.put_object(Bucket=plot.bucket, Key="key", Body=b"content")
    s3.delete_object(Bucket=plot.bucket, Key="key")
    s3.create_multipart_upload(Bucket=plot.bucket, Key="upload")


def _somebodys(plot: BucketPlot) -> None:
    """A bucket that somebody made by hand, in which everything is otherwise."""
    s3 = plot.world.aws.client("s3")
    where: Any = {"LocationConstraint": REGION}
    s3.create_bucket(Bucket=plot.bucket, CreateBucketConfiguration=where)
    s3.put_object(Bucket=plot.bucket, Key="precious", Body=b"content")
    put_tags(s3, plot.bucket, {"theirs": "stays"})
    target = plot.builder.target(plot.bucket, REGION)
    for facet in BUCKET.facets:
        by_hand(facet, target, others()[facet.name])


def _make(plot: BucketPlot) -> None:
    plot.people.make(plot.name, plot.spec(samples()))


def delete(plot: Plot) -> None:
    """Ask for the object to go."""
    plot.people.delete(plot.name)


DELETED = {"deletionPolicy": "Delete"}
EMPTIED = {**DELETED, "emptyOnDelete": True}
ADOPTED = {"adoption": "IfExists"}

STAGES = {
    stage.name: stage
    for stage in (
        Stage("create", BucketPlot, _nothing, _make),
        Stage("update", BucketPlot, _made, lambda plot: plot.people.edit(plot.name, plot.spec(others()))),
        Stage("silence", BucketPlot, _made, lambda plot: plot.people.edit(plot.name, plot.spec({}))),
        Stage("adopt", BucketPlot, _somebodys, _make, ADOPTED),
        Stage("release", BucketPlot, _made, delete),
        Stage("delete", BucketPlot, _made, delete, DELETED),
        Stage("empty", BucketPlot, _filled, delete, EMPTIED),
    )
}
"""By name. "silence": every setting is taken out of the spec; "release": deleted with Retain."""


@dataclass(frozen=True)
class Ground:
    """Where plots are laid, and lives live."""

    people: People
    cradle: Cradle
    builder: Life

    def begin(self, stage: Stage[P], number: str) -> P:
        """Bring objects to where a stage begins."""
        if not stage.plot.alone:
            return stage.begin(self.people, self.builder, number)
        with Life(self.cradle, account=f"{next(_ACCOUNTS)}") as builder:
            return stage.begin(self.people, builder, number)

    def record(self, stage: Stage[P]) -> Record:
        """Live through a stage undisturbed."""
        plot = self.begin(stage, "undisturbed")
        record = recorded(plot, self.cradle)
        plot.leave()
        return record

    def dies(self, plot: Plot, point: Point) -> None:
        """Have a life end at this point."""
        with Life(self.cradle, point, plot.account) as life:
            try:
                life.settle(*plot.refs)
            except Died:
                return
        raise AssertionError(f"{plot.name} did not die {point}")

    @contextmanager
    def heirs(self, plots: Iterable[Plot]) -> Iterator[Callable[[Plot], object]]:
        """Have lives that know nothing take plots up, one life in each account."""
        with ExitStack() as lives:
            accounts = {plot.account for plot in plots}
            heirs = {one: lives.enter_context(Life(self.cradle, account=one)) for one in accounts}
            yield lambda plot: heirs[plot.account].settle(*plot.refs)


_ACCOUNTS = count(200_000_000_001)
