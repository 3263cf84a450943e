"""The stages of lives, and the calls that each of them is made of when nothing goes wrong."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.distribution_settings import OTHER, SAMPLE
from tests.e2e.buckets import OWNER_TAG, RETAINED_TAG, put_tags, tags
from tests.e2e.cloudfront import distributions
from tests.faults.scene import BucketScene, DistributionScene, Scene, goes_on
from tests.settings import others, samples

EMPTYING = {"deletionPolicy": "Delete", "emptyOnDelete": True}
ADOPTING = {"adoption": "IfExists"}
DELETED = {"deletionPolicy": "Delete"}


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
    later: str = ""
    """The reason of Ready when the look begins in which it is made, if that is not the stage's first one."""

    narrow: bool = False
    """Whether it is the first call of such a look."""
    made: bool = False
    """Whether it comes after the distribution was made, in the same look: then that is being deployed."""

    def __str__(self) -> str:
        return f"{self.operation}[{self.nth}]"


def points(scene: Scene, stage: Stage) -> tuple[Point, ...]:
    """Live through a stage undisturbed, mostly in one pass; return its calls."""
    stage.act(scene)
    seen: Counter[str] = Counter()
    found: list[Point] = []
    later, more = "", True
    while more and not scene.gone:
        mark = scene.aws.mark()
        more = goes_on(scene.look())
        made = False
        for n, call in enumerate(scene.calls(mark)):
            narrow = bool(later) and n == 0
            found.append(Point(call.operation, seen[call.operation], later, narrow, made))
            seen[call.operation] += 1
            made = made or call.operation == "CreateDistributionWithTags"
        later = scene.said("Ready").get("reason", "")
    return tuple(found)


def _make(values: Callable[[], Mapping[str, Any]], more: Mapping[str, Any]) -> Callable[[Scene], object]:
    return lambda scene: scene.api.create(scene.spec(values(), **more), scene.ref)


def _edit(values: Callable[[], Mapping[str, Any]], more: Mapping[str, Any]) -> Callable[[Scene], object]:
    return lambda scene: scene.api.edit(scene.spec(values(), **more), scene.ref)


def _fill_and_delete(scene: Any) -> None:
    fill(scene)
    scene.aws.client("s3").create_multipart_upload(Bucket=scene.bucket, Key="upload")
    scene.api.delete(scene.ref)


def _delete(scene: Any) -> None:
    fill(scene)
    scene.api.delete(scene.ref)


def _adopt(scene: Any) -> None:
    """Take the marks away, so that the bucket is nobody's; then ask for it, with all otherwise."""
    s3 = scene.aws.client("s3")
    left = {k: v for k, v in tags(s3, scene.bucket).items() if k not in (OWNER_TAG, RETAINED_TAG)}
    put_tags(s3, scene.bucket, left)
    scene.api.create(scene.spec(samples(), **ADOPTING), scene.ref)


def fill(scene: Any) -> None:
    """Put two objects into the bucket."""
    for key in ("first", "second"):
        scene.aws.client("s3").put_object(Bucket=scene.bucket, Key=key)


def _disown(scene: Any) -> None:
    """Take the marks away, so that the distribution is nobody's; then ask for it by its id."""
    ((id, found),) = distributions(scene.cloudfront).items()
    arn = f"arn:aws:cloudfront::{scene.account.identity.account_id}:distribution/{id}"
    ours = [key for key in found["Tags"] if key in (OWNER_TAG, RETAINED_TAG)]
    scene.cloudfront.untag_resource(Resource=arn, TagKeys={"Items": ours})
    scene.api.create(scene.spec(SAMPLE, distributionID=id, **ADOPTING), scene.ref)


def _nothing(scene: Scene) -> None:
    """Nobody does anything."""


@dataclass(frozen=True)
class Life:
    """Stages that one object goes through."""

    scene: type[Scene]
    stages: Sequence[Stage]


BUCKETS = (
    Life(
        BucketScene,
        (
            Stage("create", _make(samples, EMPTYING), "Creating"),
            # What is put into it now has versions, and what comes after the update has none.
            Stage("look", fill, "Updating", steady=True),
            Stage("update", _edit(others, EMPTYING), "Updating"),
            Stage("empty and delete", _fill_and_delete, "Deleting"),
        ),
    ),
    Life(
        BucketScene,
        (
            Stage("create what is retained", _make(others, {}), "Creating", disturbed=False),
            Stage("retain", _delete, "Deleting"),
            Stage("adopt", _adopt, "Creating"),
            Stage("silence", _edit(dict, ADOPTING), "Updating"),
        ),
    ),
)
"""One bucket that goes, and one that stays; "silence": every setting is taken out of the spec."""
DISTRIBUTIONS = (
    Life(
        DistributionScene,
        (
            Stage("create", _make(lambda: SAMPLE, DELETED), "Creating"),
            Stage("look", _nothing, "Updating", steady=True),
            Stage("update", _edit(lambda: OTHER, DELETED), "Updating"),
            Stage("delete", lambda scene: scene.api.delete(scene.ref), "Deleting"),
        ),
    ),
    Life(
        DistributionScene,
        (
            Stage("create what is retained", _make(lambda: OTHER, {}), "Creating", disturbed=False),
            Stage("retain", lambda scene: scene.api.delete(scene.ref), "Deleting"),
            Stage("adopt", _disown, "Creating"),
        ),
    ),
)
"""One distribution that goes, and one that stays."""
