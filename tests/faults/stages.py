"""The stages of a bucket's life, and the calls that each of them is made of when nothing goes wrong."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sandbox.aws.clients import REGION
from tests.e2e.buckets import OWNER_TAG, RETAINED_TAG, put_tags, tags
from tests.faults.scene import Scene

FULL: Mapping[str, Any] = {
    "region": REGION,
    "acceleration": {"enabled": True},
    "versioning": {"enabled": True},
    "encryption": {"algorithm": "AES256"},
    "publicAccessBlock": {},
    "ownershipControls": {"objectOwnership": "BucketOwnerEnforced"},
    "tags": {"team": "shop"},
}
"""A spec that names every setting."""
OTHER: Mapping[str, Any] = {
    "region": REGION,
    "acceleration": {"enabled": False},
    "versioning": {"enabled": False},
    "encryption": {"algorithm": "aws:kms", "bucketKey": True},
    "publicAccessBlock": {"blockPublicPolicy": False},
    "ownershipControls": {"objectOwnership": "ObjectWriter"},
    "tags": {"team": "media", "old": "yes"},
}
"""One that names every setting and says something else of each."""
EMPTYING = {"deletionPolicy": "Delete", "emptyOnDelete": True}


@dataclass(frozen=True)
class Stage:
    """What somebody does with the object, and with what kind of pass that is answered."""

    name: str
    act: Callable[[Scene], None]
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


def _make(more: Mapping[str, Any]) -> Callable[[Scene], None]:
    def act(scene: Scene) -> None:
        scene.api.create({"bucketName": scene.bucket, **OTHER, **more}, scene.ref)

    return act


def _edit(scene: Scene) -> None:
    kept = {k: v for k, v in scene.api.read(scene.ref).spec.items() if k in ("bucketName", *EMPTYING)}
    scene.api.edit({**kept, **FULL}, scene.ref)


def _fill_and_delete(scene: Scene) -> None:
    fill(scene)
    scene.aws.client("s3").create_multipart_upload(Bucket=scene.bucket, Key="upload")
    scene.api.delete(scene.ref)


def _delete(scene: Scene) -> None:
    fill(scene)
    scene.api.delete(scene.ref)


def _adopt(scene: Scene) -> None:
    """Take the marks away, so that the bucket is nobody's; then ask for it."""
    s3 = scene.aws.client("s3")
    left = {k: v for k, v in tags(s3, scene.bucket).items() if k not in (OWNER_TAG, RETAINED_TAG)}
    put_tags(s3, scene.bucket, left)
    spec = {"bucketName": scene.bucket, **FULL, "adoption": "IfExists"}
    scene.api.create(spec, scene.ref)


def fill(scene: Scene) -> None:
    """Put two objects into the bucket."""
    for key in ("first", "second"):
        scene.aws.client("s3").put_object(Bucket=scene.bucket, Key=key)


LIVES: Sequence[tuple[Stage, ...]] = (
    (
        Stage("create", _make(EMPTYING), "Creating"),
        Stage("look", lambda _: None, "Updating", steady=True),
        Stage("update", _edit, "Updating"),
        Stage("empty and delete", _fill_and_delete, "Deleting"),
    ),
    (
        Stage("create what is retained", _make({}), "Creating", disturbed=False),
        Stage("retain", _delete, "Deleting"),
        Stage("adopt", _adopt, "Creating"),
    ),
)
"""One bucket that goes, and one that stays."""
