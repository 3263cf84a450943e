"""What a life leaves half done of a distribution, and the next one has to find without having been told."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from sandbox.world import condition
from tests.e2e.buckets import OWNER_TAG, writes
from tests.e2e.cloudfront import distributions
from tests.e2e.distribution_stages import STAGES, DistributionPlot
from tests.e2e.life import Cradle, Life, Point
from tests.e2e.stages import DELETED, Ground, People, Plot, Record

pytestmark = pytest.mark.e2e

CREATE = STAGES["d-create"]
MADE = Point("CreateDistributionWithTags", 1, "after")


@pytest.fixture(scope="module")
def ground(people: People, cradle: Cradle, builder: Life) -> Iterator[Ground]:
    """Where lives end and begin; a distribution is deployed as soon as it is looked at."""
    people.world.aws.deployment(0)
    yield Ground(people, cradle, builder)
    people.world.aws.deployment(1)


@pytest.fixture(scope="module")
def record(ground: Ground) -> Record:
    """How a creation ends that nobody disturbs."""
    return ground.record(replace(CREATE, name="found"))


def half_made(ground: Ground, name: str, **more: str) -> DistributionPlot:
    """Have a life make a distribution and die before anybody hears of it."""
    plot = ground.begin(replace(CREATE, name="found", more=more), name)
    ground.dies(plot, MADE)
    return plot


def unlisted(ground: Ground, plot: Plot) -> Life:
    """Return a life that is told nothing by the tagging API."""
    return Life(ground.cradle, account=plot.account, unlisted=True)


def calls(plot: Plot, mark: int) -> list[str]:
    """Return what was asked of AWS in the account of a plot."""
    return [call.operation for call in plot.world.aws.since(mark) if call.account == plot.account]


def test_what_is_not_listed_by_its_tag_yet_is_known_by_its_caller_reference(
    ground: Ground, record: Record
) -> None:
    plot = half_made(ground, "unlisted")
    mark = plot.world.aws.mark()
    with unlisted(ground, plot) as heir:
        heir.settle(*plot.refs)
    made = calls(plot, mark)
    assert {"GetResources", "CreateDistributionWithTags"} <= set(made)
    assert len(distributions(plot.cloudfront)) == 1
    assert plot.sight() == record.sight


def test_where_cloudfront_does_not_say_what_it_made_it_is_waited_for(ground: Ground, record: Record) -> None:
    plot, aws = half_made(ground, "unsaid"), ground.people.world.aws
    code = "DistributionAlreadyExists"
    fault = aws.fault(operation="CreateDistributionWithTags", status=409, code=code, message="So it is.")
    with unlisted(ground, plot) as heir:
        heir.settle(plot.media)
        obj = heir.look(plot.ref)
    aws.lift(fault)
    ready = condition(dict(obj.body) if obj else {}, "Ready")
    assert (ready["status"], ready["reason"]) == ("False", "Creating")
    assert ready["message"].endswith("does not list it yet: So it is.")
    with ground.heirs([plot]) as heirs:
        heirs(plot)
    assert plot.sight() == record.sight


def test_what_has_our_caller_reference_and_not_our_tag_is_left_alone(ground: Ground) -> None:
    plot = half_made(ground, "disowned")
    (id,) = distributions(plot.cloudfront)
    keys: Any = {"Items": [OWNER_TAG]}
    arn = plot.cloudfront.get_distribution(Id=id)["Distribution"]["ARN"]
    plot.cloudfront.untag_resource(Resource=arn, TagKeys=keys)
    before, mark = plot.truth(), plot.world.aws.mark()
    with ground.heirs([plot]) as heirs:
        heirs(plot)
    assert condition(plot.people.find(plot.name) or {}, "Stalled")["reason"] == "NotOurs"
    assert calls(plot, mark).count("CreateDistributionWithTags") == 1
    assert plot.truth() == before


def test_a_lost_status_is_told_anew(ground: Ground, record: Record) -> None:
    plot = ground.begin(replace(CREATE, name="found"), "lost")
    with ground.heirs([plot]) as heirs:
        heirs(plot)
    mark = plot.world.aws.mark()
    plot.people.forget(plot.name)
    with ground.heirs([plot]) as heirs:
        heirs(plot)
    assert plot.sight() == record.sight
    assert set(writes(calls(plot, mark))) <= {
        "CreateOriginAccessControl",
        "CreateCachePolicy",
        "CreateResponseHeadersPolicy",
    }, "what is found by its name is found by making it"


def test_what_is_ours_by_tag_name_or_spec_goes_with_an_object_whose_status_was_lost(ground: Ground) -> None:
    plot = ground.begin(replace(CREATE, name="found", more=DELETED), "forgotten")
    with ground.heirs([plot]) as heirs:
        heirs(plot)
    plot.people.forget(plot.name)
    plot.people.delete(plot.name)
    with ground.heirs([plot]) as heirs:
        heirs(plot)
    assert plot.people.find(plot.name) is None
    left = {what for what, found in plot.truth().items() if found}
    # What is shared by its content is what the spec still says.
    assert left == {"policy"}
    assert plot.truth()["policy"] == "NoSuchBucketPolicy"
