"""The crash matrix: a life that ends before or after any call leaves nothing that the next one cannot mend.

Where a life can end is not written down here: it is what the request log and the audit log have of a life
that nobody disturbed. `pytest tests/e2e/test_crash_matrix.py -rP` prints the figures.
"""

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from difflib import ndiff
from typing import Any

import pytest

from headrace.kinds.accelerated_bucket import BUCKET
from headrace.kinds.definition import FINALIZER
from sandbox.aws.clients import ACCOUNT, REGION
from sandbox.world import condition
from tests.e2e import distribution_stages
from tests.e2e.buckets import OWNER_TAG, tags
from tests.e2e.life import CLUSTER, Cradle, Life, Point
from tests.e2e.stages import DELETED, STAGES, Ground, P, People, Plot, Record, Stage
from tests.laws.laws import look, same
from tests.settings import said, samples

pytestmark = pytest.mark.e2e

COSTS = {
    "create": (22, 2),
    "update": (29, 1),
    "silence": (26, 1),
    "adopt": (39, 2),
    "release": (6, 1),
    "delete": (4, 1),
    "empty": (13, 1),
    "steady": (9, 0),
    "d-create": (19, 5),
    "d-update": (20, 2),
    "d-adopt": (25, 5),
    "d-release": (9, 1),
    "d-delete": (31, 5),
    "d-steady": (8, 0),
}
"""Calls to AWS, and writes to the API server, of each stage: of a bucket with every setting named, and of a
distribution (d-) together with its bucket.

A new facet of a bucket adds a read to each look, and a write to each stage that changes it.
"""
ALL: Mapping[str, Stage[Any]] = {**STAGES, **distribution_stages.STAGES}
CREATIONS = (STAGES["create"], distribution_stages.STAGES["d-create"])
EVERYWHERE = STAGES["create"]
"""The stage in which a life ends at reads, too; between two writes all is the same to the next life."""
_AT_ONCE = 4

Act = Callable[[Plot], object]


def told(figures: str) -> None:
    """Write a line of figures for the report."""
    sys.stdout.write(f"{figures}\n")


def cost_of(record: Record) -> str:
    """Say what was done for the objects of a plot."""
    calls, writes = record.cost()
    return f"{calls} AWS calls, {writes} API writes"


@pytest.fixture
def ground(people: People, cradle: Cradle, builder: Life) -> Iterator[Ground]:
    """Where lives end and begin; a distribution is deployed as soon as it is looked at."""
    aws = people.world.aws
    aws.deployment(0)
    yield Ground(people, cradle, builder)
    aws.deployment(1)


def unlike(sight: str, other: str) -> list[str]:
    """Return the lines that two sights do not have in common."""
    return [line for line in ndiff(other.splitlines(), sight.splitlines()) if not line.startswith(" ")]


def taken_up(ground: Ground, stage: Stage[P], points: Sequence[Point], then: Act = lambda _: None) -> list[P]:
    """Have a life end at each of these points, something happen then, and the next life take it up."""

    def ended(number: int) -> P:
        plot = ground.begin(stage, f"{number}")
        ground.dies(plot, points[number])
        then(plot)
        return plot

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        plots = list(pool.map(ended, range(len(points))))
        with ground.heirs(plots) as heir:
            list(pool.map(heir, plots))
    return plots


@pytest.mark.parametrize("stage", ALL.values(), ids=list(ALL))
def test_a_life_that_ends_at_any_point_is_taken_up_by_the_next_one_without_a_trace(
    ground: Ground, stage: Stage[Plot]
) -> None:
    record = ground.record(stage)
    points = record.points() if stage is EVERYWHERE else record.turns()
    for point, plot in zip(points, taken_up(ground, stage, points), strict=True):
        lines = unlike(plot.sight(), record.sight)
        assert not lines, f"{stage.name}: it died {point}: {lines}"
        plot.leave()
    assert record.cost() == COSTS[stage.name]
    if stage is EVERYWHERE:
        assert len(points) == 2 * (1 + sum(COSTS[stage.name])), "the question who we are is a point, too"
    told(f"{stage.name}: {cost_of(record)}, {len(points)} crash points tried")


@pytest.mark.parametrize("stage", CREATIONS, ids=lambda stage: stage.name)
def test_what_a_life_leaves_that_ends_while_it_creates_is_found_where_the_object_is_deleted_meanwhile(
    ground: Ground, stage: Stage[Plot]
) -> None:
    stage = replace(stage, name=f"{stage.name}-cancel", more=DELETED)
    points = ground.record(stage).turns()
    plots = taken_up(ground, stage, points, lambda plot: plot.people.delete(plot.name))
    for point, plot in zip(points, plots, strict=True):
        assert plot.people.find(plot.name) is None, f"it died {point}"
        assert plot.nothing_left(), f"it died {point}: {plot.sight()}"
        plot.leave()
    assert {point.what for point in points} >= {"patch", "patch status"}
    told(f"{stage.name}: {len(points)} crash points tried")


def test_what_was_made_unheard_is_not_let_go_of_where_it_may_not_be_looked_at(
    ground: Ground, people: People, cradle: Cradle
) -> None:
    aws = people.world.aws
    plot = ground.begin(replace(STAGES["create"], name="unseen", more=DELETED), "0")
    ground.dies(plot, Point("CreateBucket", 1, "after"))
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


@pytest.mark.parametrize("name", ["update", "d-update"])
def test_what_is_as_it_should_be_costs_a_look_and_no_write(ground: Ground, name: str) -> None:
    steady = name.replace("update", "steady")
    record = ground.record(replace(ALL[name], name=steady, act=lambda _: None))
    assert record.cost() == COSTS[steady]
    told(f"{steady}: {cost_of(record)}")


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
