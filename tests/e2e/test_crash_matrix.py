"""The crash matrix: a life that ends before or after any call leaves nothing that the next one cannot mend.

Where a life can end is not written down here: it is what the request log and the audit log have of a life
that nobody disturbed. `pytest tests/e2e/test_crash_matrix.py -rP` prints the figures.
"""

import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from headrace.kinds.accelerated_bucket import BUCKET
from headrace.kinds.definition import FINALIZER
from sandbox.aws.clients import ACCOUNT, REGION
from sandbox.world import condition
from tests.e2e.buckets import OWNER_TAG, names, reads, tags
from tests.e2e.life import CLUSTER, Cradle, Died, Life, Point
from tests.e2e.stages import DELETED, STAGES, People, Plot, Record, Stage, recorded
from tests.laws.laws import look, same
from tests.settings import said, samples

pytestmark = pytest.mark.e2e

COSTS = {
    "create": (20, 2),
    "update": (27, 1),
    "silence": (24, 1),
    "adopt": (37, 2),
    "release": (7, 1),
    "delete": (4, 1),
    "empty": (13, 1),
    "steady": (9, 0),
}
"""Calls to AWS about the bucket, and writes to the API server, of each stage with every setting named.

A new facet adds a read to each look, and a write to each stage that changes it.
"""
_AT_ONCE = 4


def dies(cradle: Cradle, plot: Plot, point: Point) -> None:
    """Have a life end at this point."""
    with Life(cradle, doom=point) as life, pytest.raises(Died):
        life.settle(plot.ref)


def told(figures: str) -> None:
    """Write a line of figures for the report."""
    sys.stdout.write(f"{figures}\n")


def cost_of(record: Record) -> str:
    """Say what was done for the one bucket."""
    calls, writes = record.cost()
    return f"{calls} AWS calls, {writes} API writes"


@pytest.mark.parametrize("stage", STAGES.values(), ids=list(STAGES))
def test_a_life_that_ends_at_any_point_is_taken_up_by_the_next_one_without_a_trace(
    stage: Stage, people: People, cradle: Cradle, builder: Life
) -> None:
    undisturbed = stage.begin(people, builder, "undisturbed")
    record = recorded(undisturbed, cradle)
    undisturbed.leave()
    points = record.points()

    def ended(number: int) -> Plot:
        plot = stage.begin(people, builder, f"{number}")
        dies(cradle, plot, points[number])
        return plot

    def taken_up(plot: Plot) -> str:
        heir.settle(plot.ref)
        sight = plot.sight()
        plot.leave()
        return sight

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        plots = list(pool.map(ended, range(len(points))))
        with Life(cradle) as heir:
            sights = list(pool.map(taken_up, plots))
    for point, sight in zip(points, sights, strict=True):
        assert sight == record.sight, f"{stage.name}: it died {point}"
    assert record.cost() == COSTS[stage.name]
    assert len(points) == 2 * (1 + sum(COSTS[stage.name])), "the question who we are is a point, too"
    told(f"{stage.name}: {cost_of(record)}, {len(points)} crash points tried")


def test_what_a_life_leaves_that_ends_while_it_creates_is_found_where_the_object_is_deleted_meanwhile(
    people: People, cradle: Cradle, builder: Life
) -> None:
    stage = replace(STAGES["create"], name="cancel", more=DELETED)
    record = recorded(stage.begin(people, builder, "undisturbed"), cradle)
    # Between two writes nothing changes for those who come later, wherever it ends.
    points = [point for point in record.points() if not reads([point.what])]

    def ended(number: int) -> Plot:
        plot = stage.begin(people, builder, f"{number}")
        dies(cradle, plot, points[number])
        people.delete(plot.name)
        return plot

    with ThreadPoolExecutor(_AT_ONCE) as pool, Life(cradle) as heir:
        plots = list(pool.map(ended, range(len(points))))
        list(pool.map(lambda plot: heir.settle(plot.ref), plots))
    left = names(people.world.aws.client("s3"))
    for point, plot in zip(points, plots, strict=True):
        assert people.find(plot.name) is None, f"it died {point}"
        assert plot.bucket not in left, f"it died {point}"
    assert {point.what for point in points} >= {"CreateBucket", "patch", "patch status"}
    told(f"create, deleted meanwhile: {len(points)} crash points tried")


def test_what_was_made_unheard_is_not_let_go_of_where_it_may_not_be_looked_at(
    people: People, cradle: Cradle, builder: Life
) -> None:
    aws = people.world.aws
    plot = replace(STAGES["create"], name="unseen", more=DELETED).begin(people, builder, "0")
    dies(cradle, plot, Point("CreateBucket", 1, "after"))
    people.delete(plot.name)
    aws.fault(operation="HeadBucket", resource=plot.bucket, status=403, code="AccessDenied")
    with Life(cradle) as heir:
        heir.settle(plot.ref)
        told = condition(people.find(plot.name) or {}, "Stalled")
        assert told["reason"] == "AccessDenied"
        assert "headrace.io/abandon" in told["message"]
        aws.clear_faults()
        heir.settle(plot.ref)
    assert people.find(plot.name) is None
    assert not plot.is_there()


def test_a_bucket_that_is_as_it_should_be_costs_a_look_and_no_write(
    people: People, cradle: Cradle, builder: Life
) -> None:
    steady = Stage("steady", STAGES["update"].before, lambda _: None)
    plot = steady.begin(people, builder, "undisturbed")
    record = recorded(plot, cradle)
    plot.leave()
    assert record.cost() == COSTS["steady"]
    told(f"steady: {cost_of(record)}")


def test_what_nobody_disturbs_ends_as_it_is_wished(people: People, cradle: Cradle, builder: Life) -> None:
    """What every ending is compared with is right itself."""
    plot = STAGES["create"].begin(people, builder, "right")
    builder.settle(plot.ref)
    obj = people.find(plot.name) or {}
    assert condition(obj, "Ready")["status"] == "True"
    assert obj["metadata"]["finalizers"] == [FINALIZER]
    assert obj["status"]["pins"] == {"accountID": ACCOUNT, "region": REGION, "name": plot.bucket}
    assert "lastCorrection" not in obj["status"]
    owner = f"{CLUSTER}/AcceleratedBucket/{people.world.namespace}/{plot.name}"
    found = tags(people.world.aws.client("s3"), plot.bucket)
    assert found == {**said(samples())["tags"], OWNER_TAG: owner}
    target = builder.target(plot.bucket, REGION)
    for facet in BUCKET.facets:
        assert same(look(facet, target), samples()[facet.name]), facet.name
