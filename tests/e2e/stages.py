"""The stages of a bucket's life, with every setting that there is: a new facet is in them by being there."""

import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol

from kubernetes import client, config
from kubernetes.client.exceptions import ApiException

from headrace.aws.target import Target
from headrace.kinds.accelerated_bucket import BUCKET, AcceleratedBucket
from headrace.kinds.definition import API_VERSION, GROUP, VERSION, ObjectRef
from sandbox.aws.clients import REGION
from sandbox.world import World
from tests.e2e.buckets import is_there, put_tags, snapshot, timeless
from tests.e2e.life import WHENS, Cradle, Life, Point
from tests.laws.laws import by_hand
from tests.settings import others, said, samples

Spec = Mapping[str, Any]
_PLURAL = AcceleratedBucket.plural
_JSON = "application/json-patch+json"
_MERGE = "application/merge-patch+json"


@dataclass(frozen=True)
class People:
    """What people do to objects of one namespace; kubectl would take ten times as long."""

    world: World

    @cached_property
    def _objects(self) -> client.CustomObjectsApi:
        configuration = client.Configuration()
        config.load_kube_config(str(self.world.plane.kubeconfig), client_configuration=configuration)
        return client.CustomObjectsApi(client.ApiClient(configuration))

    def make(self, name: str, spec: Spec, **metadata: Any) -> None:
        """Make an object."""
        body = {"apiVersion": API_VERSION, "kind": AcceleratedBucket.name, "spec": dict(spec)}
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
        return GROUP, VERSION, self.world.namespace, _PLURAL


class Builder(Protocol):
    """Who makes what is there before a stage begins."""

    def settle(self, ref: ObjectRef) -> object:
        """Return once there is nothing left to do for an object."""

    def target(self, bucket: str, region: str) -> Target:
        """Reach a bucket as somebody else would."""


@dataclass(frozen=True)
class Plot:
    """One object, and the one bucket that is to come of it."""

    people: People
    builder: Builder
    name: str
    more: Spec = field(default_factory=dict)
    """What its spec says beside the name, the region and the settings."""

    @property
    def world(self) -> World:
        """The namespace in which it is."""
        return self.people.world

    @property
    def bucket(self) -> str:
        """The name of the bucket."""
        return self.world.name(self.name)

    @property
    def ref(self) -> ObjectRef:
        """Which object it is."""
        return ObjectRef(AcceleratedBucket.name, self.world.namespace, self.name)

    def spec(self, settings: Mapping[str, Any], **more: Any) -> dict[str, Any]:
        """Return a spec with these settings, which are slices."""
        return {"bucketName": self.bucket, "region": REGION, **self.more, **more, **said(settings)}

    def sight(self) -> str:
        """Return all that there is of it, in Kubernetes and in AWS, but for its name and the time."""
        obj = self.people.find(self.name) or {}
        s3 = self.world.aws.client("s3")
        found = {
            "finalizers": obj.get("metadata", {}).get("finalizers"),
            "status": obj.get("status"),
            "bucket": snapshot(s3, self.bucket) if self.is_there() else None,
        }
        text = json.dumps(timeless(found), indent=1, sort_keys=True)
        return text.replace(self.bucket, "<bucket>").replace(self.name, "<name>")

    def is_there(self) -> bool:
        """Say whether the bucket is there."""
        return is_there(self.world.aws.client("s3"), self.bucket)

    def leave(self) -> None:
        """Take the object away without a word, so that no operator that comes later finds it."""
        obj = self.people.find(self.name)
        if obj is not None:
            self.people.patch(self.name, [{"op": "add", "path": "/metadata/finalizers", "value": []}])
            if "deletionTimestamp" not in obj["metadata"]:
                self.people.delete(self.name)


LOGIN = "GetCallerIdentity"
"""What a life asks first, once, and of no bucket."""


@dataclass(frozen=True)
class Record:
    """What a stage does when nobody disturbs it, in its order, and what comes of it."""

    calls: tuple[str, ...]
    writes: tuple[str, ...]
    sight: str

    def points(self, *, of_aws: bool = False) -> list[Point]:
        """Return every place at which a life can end in this stage; perhaps only those about the bucket."""
        about = tuple(call for call in self.calls if call != LOGIN)
        counts = Counter(about if of_aws else (*self.calls, *self.writes))
        return [
            Point(what, nth, when)
            for what, count in counts.items()
            for nth in range(1, count + 1)
            for when in WHENS
        ]

    def cost(self) -> tuple[int, int]:
        """Count what is done for the one bucket."""
        return sum(call != LOGIN for call in self.calls), len(self.writes)


def recorded(plot: Plot, cradle: Cradle) -> Record:
    """Live once, undisturbed, and write down what was done; nobody else is at work meanwhile."""
    world = plot.world
    world.mark()
    mark = world.aws.mark()
    with Life(cradle) as life:
        life.settle(plot.ref)
    calls = tuple(call.operation for call in world.aws.since(mark) if "headrace/" in call.user_agent)
    writes = tuple(f"{request.verb} {request.subresource}".strip() for request in world.api_writes())
    return Record(calls, writes, plot.sight())


@dataclass(frozen=True)
class Stage:
    """One stage of a life: how it was before, and what people ask for."""

    name: str
    before: Callable[[Plot], object]
    act: Callable[[Plot], object]
    more: Spec = field(default_factory=dict)

    def begin(self, people: People, builder: Builder, number: str) -> Plot:
        """Bring an object of its own to where the stage begins."""
        plot = Plot(people, builder, f"{self.name}-{number}", self.more)
        self.before(plot)
        self.act(plot)
        return plot


def _nothing(plot: Plot) -> None:
    """Nothing was there before."""


def _made(plot: Plot) -> None:
    plot.people.make(plot.name, plot.spec(samples()))
    plot.builder.settle(plot.ref)


def _filled(plot: Plot) -> None:
    """Make the bucket, with versions, a delete marker and an unfinished upload in it."""
    _made(plot)
    s3 = plot.world.aws.client("s3")
    for _ in range(2):
        s3.put_object(Bucket=plot.bucket, Key="key", Body=b"content")
    s3.delete_object(Bucket=plot.bucket, Key="key")
    s3.create_multipart_upload(Bucket=plot.bucket, Key="upload")


def _somebodys(plot: Plot) -> None:
    """A bucket that somebody made by hand, in which everything is otherwise."""
    s3 = plot.world.aws.client("s3")
    where: Any = {"LocationConstraint": REGION}
    s3.create_bucket(Bucket=plot.bucket, CreateBucketConfiguration=where)
    s3.put_object(Bucket=plot.bucket, Key="precious", Body=b"content")
    put_tags(s3, plot.bucket, {"theirs": "stays"})
    target = plot.builder.target(plot.bucket, REGION)
    for facet in BUCKET.facets:
        by_hand(facet, target, others()[facet.name])


def _make(plot: Plot) -> None:
    plot.people.make(plot.name, plot.spec(samples()))


def _delete(plot: Plot) -> None:
    plot.people.delete(plot.name)


DELETED = {"deletionPolicy": "Delete"}
EMPTIED = {**DELETED, "emptyOnDelete": True}
ADOPTED = {"adoption": "IfExists"}

STAGES = {
    stage.name: stage
    for stage in (
        Stage("create", _nothing, _make),
        Stage("update", _made, lambda plot: plot.people.edit(plot.name, plot.spec(others()))),
        Stage("silence", _made, lambda plot: plot.people.edit(plot.name, plot.spec({}))),
        Stage("adopt", _somebodys, _make, ADOPTED),
        Stage("release", _made, _delete),
        Stage("delete", _made, _delete, DELETED),
        Stage("empty", _filled, _delete, EMPTIED),
    )
}
"""By name. "silence": every setting is taken out of the spec; "release": deleted with Retain."""
