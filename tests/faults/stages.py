"""The stages of a bucket's life, and the calls that each of them is made of when nothing goes wrong."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from headrace.engine.slices import Slice
from sandbox.aws.clients import REGION
from tests.e2e.buckets import OWNER_TAG, RETAINED_TAG, put_tags, tags
from tests.faults.scene import Scene
from tests.settings import others, said, samples

EMPTYING = {"deletionPolicy": "Delete", "emptyOnDelete": True}
ADOPTING = {"adoption": "IfExists"}


@dataclass(frozen=True)
class Stage:
    """What somebody does with the object, and with what kind of pass that is answered."""

    name: str
    act: Callable[[Scene], object]
    progress: str
    """The reason of Ready while it is on its way."""
    steady: bool = False
    """Whether all was told and done before."""
    disturbed: bool = True
    """Whether its calls are points of the matrix; not those of a stage that is there twice."""


@dataclass(frozen=True)
class Point:
    """One call of a stage: the n-th of its operation, counted from 0."""

    operation: str
    nth: int

    def __str__(self) -> str:
        return f"{self.operation}[{self.nth}]"


def points(scene: Scene, stage: Stage) -> tuple[Point, ...]:
    """Live through a stage undisturbed, in one pass; return its calls."""
    stage.act(scene)
    mark = scene.aws.mark()
    scene.look()
    seen: Counter[str] = Counter()
    found = []
    for call in scene.calls(mark):
        found.append(Point(call.operation, seen[call.operation]))
        seen[call.operation] += 1
    return tuple(found)


def _spec(scene: Scene, values: Mapping[str, Slice], more: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"bucketName": scene.bucket, "region": REGION, **said(values), **more}


def _make(values: Callable[[], Mapping[str, Slice]], more: Mapping[str, Any]) -> Callable[[Scene], object]:
    return lambda scene: scene.api.create(_spec(scene, values(), more), scene.ref)


def _edit(values: Callable[[], Mapping[str, Slice]], more: Mapping[str, Any]) -> Callable[[Scene], object]:
    return lambda scene: scene.api.edit(_spec(scene, values(), more), scene.ref)


def _fill_and_delete(scene: Scene) -> None:
    fill(scene)
    scene.aws.client("s3").create_multipart_upload(Bucket=scene.bucket, Key="upload")
    scene.api.delete(scene.ref)


def _delete(scene: Scene) -> None:
    fill(scene)
    scene.api.delete(scene.ref)


def _adopt(scene: Scene) -> None:
    """Take the marks away, so that the bucket is nobody's; then ask for it, with all otherwise."""
    s3 = scene.aws.client("s3")
    left = {k: v for k, v in tags(s3, scene.bucket).items() if k not in (OWNER_TAG, RETAINED_TAG)}
    put_tags(s3, scene.bucket, left)
    scene.api.create(_spec(scene, samples(), ADOPTING), scene.ref)


def fill(scene: Scene) -> None:
    """Put two objects into the bucket."""
    for key in ("first", "second"):
        scene.aws.client("s3").put_object(Bucket=scene.bucket, Key=key)


LIVES: Sequence[tuple[Stage, ...]] = (
    (
        Stage("create", _make(samples, EMPTYING), "Creating"),
        # What is put into it now has versions, and what comes after the update has none.
        Stage("look", fill, "Updating", steady=True),
        Stage("update", _edit(others, EMPTYING), "Updating"),
        Stage("empty and delete", _fill_and_delete, "Deleting"),
    ),
    (
        Stage("create what is retained", _make(others, {}), "Creating", disturbed=False),
        Stage("retain", _delete, "Deleting"),
        Stage("adopt", _adopt, "Creating"),
        Stage("silence", _edit(dict, ADOPTING), "Updating"),
    ),
)
"""One bucket that goes, and one that stays; "silence": every setting is taken out of the spec."""
