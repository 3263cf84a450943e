"""Two operators by mistake, both at work on the same objects in the same name: no loop, no harm."""

from collections import Counter
from collections.abc import Iterator
from functools import partial
from itertools import count
from typing import TYPE_CHECKING

import pytest

from sandbox.operator import Operator
from sandbox.processes import wait_until
from sandbox.world import World
from tests.e2e.buckets import FULL_READS, OWNER_TAG, full_spec, names, tags, writes
from tests.e2e.conftest import Start

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

pytestmark = pytest.mark.e2e

MANY = tuple(f"bucket-{number}" for number in range(6))
_SECONDS = 60.0
_TRIES = 4


@pytest.fixture
def both(lone: World, start: Start) -> Iterator[tuple[Operator, Operator]]:
    """Two operators; after all that happens both are alive and neither knows of a bug."""
    two = start(), start()
    yield two
    for operator in two:
        assert operator.child.alive
        assert "bug while reconciling" not in operator.log


class Looks:
    """Has each operator look at every object, without a word that would have to be answered in a status."""

    def __init__(self, world: World) -> None:
        self._world, self._numbers = world, count(1)

    def ask(self) -> None:
        """The labels of a namespace may be what lets its objects use an account."""
        label = f"look={next(self._numbers)}"
        self._world.plane.kubectl_run("label", "namespace", self._world.namespace, label, "--overwrite")

    def made(self, each: int) -> bool:
        """Say whether there were so many looks at each bucket since the mark."""
        seen = Counter(call.resource for call in self._world.calls() if call.operation == FULL_READS[0])
        return all(seen[self._world.name(name)] >= each for name in MANY)

    def of_both(self, number: int) -> None:
        """Have both look so many times, one after the other."""
        self._world.mark()
        for each in range(1, number + 1):
            self.ask()
            wait_until(partial(self.made, 2 * each), what=f"look {each}", seconds=_SECONDS)

    def come_to_rest(self) -> None:
        """See both look twice to the end and write nothing, once all is over that was under way."""
        for _ in range(_TRIES):
            # One pass at a time: where the third has begun, the second is over.
            self.of_both(3)
            written = [*writes(self._world.operations()), *self._world.api_writes()]
            if not written:
                return
        raise AssertionError(f"They write and write: {written}")


def apply(world: World, **more: object) -> None:
    for name in MANY:
        world.apply(full_spec(world, bucketName=world.name(name), deletionPolicy="Delete", **more), name)
    for name in MANY:
        world.ready(name)


def writes_that_counted(world: World) -> Counter[str]:
    """Count, by object, what the API server took; what it refused as stale changed nothing."""
    return Counter(request.name for request in world.api_writes() if request.code < 300)


def took(world: World, operation: str) -> Counter[str]:
    """Count, by bucket, the calls of this operation that were carried out since the mark."""
    return Counter(c.resource for c in world.calls() if c.operation == operation and c.status < 300)


def test_two_operators_come_to_rest_with_one_bucket_for_each_object(
    lone: World, both: tuple[Operator, Operator]
) -> None:
    """Each may do once what one alone does: never more, and never anew."""
    s3, looks, buckets = lone.aws.client("s3"), Looks(lone), [lone.name(name) for name in MANY]
    lone.mark()
    apply(lone)
    assert took(lone, "CreateBucket") == dict.fromkeys(buckets, 1)
    assert {name for name in names(s3) if name.startswith(lone.namespace)} == set(buckets)
    for name in MANY:
        assert tags(s3, lone.name(name))[OWNER_TAG].endswith(f"/AcceleratedBucket/{lone.namespace}/{name}")
    assert max(writes_that_counted(lone).values()) <= 2 * 2, "the finalizer and the status, of each"
    looks.come_to_rest()

    lone.mark()
    apply(lone, versioning={"enabled": False})
    assert max(took(lone, "PutBucketVersioning").values()) <= 2
    assert max(writes_that_counted(lone).values()) <= 2, "the status, of each"
    looks.come_to_rest()
    assert {versioning(s3, bucket) for bucket in buckets} == {"Suspended"}


def test_two_operators_put_drift_right_and_do_not_play_ping_pong(
    lone: World, both: tuple[Operator, Operator]
) -> None:
    s3, looks = lone.aws.client("s3"), Looks(lone)
    apply(lone)
    looks.come_to_rest()
    lone.mark()
    for name in MANY:
        s3.put_bucket_versioning(Bucket=lone.name(name), VersioningConfiguration={"Status": "Suspended"})
    looks.ask()
    wait_until(
        lambda: all(versioning(s3, lone.name(n)) == "Enabled" for n in MANY),
        what="the correction",
        seconds=_SECONDS,
    )
    assert max(took(lone, "PutBucketVersioning").values()) <= 2
    assert max(writes_that_counted(lone).values(), default=0) <= 2
    looks.come_to_rest()


def test_two_operators_delete_for_good(lone: World, both: tuple[Operator, Operator]) -> None:
    """What one has deleted the other does not make anew, though it looks at that very moment."""
    s3, looks = lone.aws.client("s3"), Looks(lone)
    apply(lone)
    lone.mark()
    for name in MANY:
        lone.delete(name)
    looks.ask()
    for name in MANY:
        lone.gone(name)
    assert max(writes_that_counted(lone).values()) <= 2 * 2, "how far it is, and the finalizer, of each"
    assert took(lone, "CreateBucket") == {}
    assert names(s3).isdisjoint(map(lone.name, MANY))


def versioning(s3: "S3Client", bucket: str) -> str:
    return s3.get_bucket_versioning(Bucket=bucket)["Status"]
