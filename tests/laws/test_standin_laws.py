"""The laws hold for every resource type of the registry, over HTTP, on the AWS stand-in."""

from collections.abc import Callable

import pytest

from headrace.engine.facet import ResourceType
from sandbox.aws.stand_in import StandIn
from tests.laws.any_value import law_any_value_is_read_as_it_was_written
from tests.laws.aws_world import AwsWorld
from tests.laws.facet_laws import FACET_LAWS
from tests.laws.laws import RESOURCE_LAWS, AnyFacet, look, made, same
from tests.laws.registered import FACETS, each_facet, each_resource, in_words
from tests.laws.room import make_room

pytestmark = pytest.mark.standin


@pytest.fixture(autouse=True)
def room(aws: StandIn) -> None:
    """Have room for policies again."""
    make_room(aws.client("cloudfront"))


@pytest.mark.parametrize("law", RESOURCE_LAWS, ids=in_words)
@each_resource
def test_a_law_of_resources_holds(
    law: Callable[..., None], resource: ResourceType, real_world: AwsWorld
) -> None:
    law(resource, real_world)


@pytest.mark.parametrize("law", [*FACET_LAWS, law_any_value_is_read_as_it_was_written], ids=in_words)
@each_facet
def test_a_law_of_facets_holds(
    law: Callable[..., None], resource: ResourceType, facet: AnyFacet, real_world: AwsWorld
) -> None:
    law(resource, facet, real_world)


@pytest.mark.parametrize(
    ("resource", "facet"),
    [each for each in FACETS if each[1].initial is not None],
    ids=lambda it: it.name,
)
def test_what_was_just_made_has_what_its_facet_says_of_it(
    resource: ResourceType, facet: AnyFacet, real_world: AwsWorld
) -> None:
    # S3 as it is today; moto has it as it was, where the same pass puts right what was believed wrongly.
    found = look(facet, made(resource, real_world, {}))
    assert facet.initial is not None
    assert same(found, facet.initial)
