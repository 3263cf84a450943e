"""Least privilege holds: each facet works with just what it declares, and needs all of it."""

from collections.abc import Callable, Iterator
from functools import partial

import pytest

from headrace.engine.facet import ResourceType
from sandbox.aws.stand_in import StandIn
from tests.laws import facet_laws, laws, planted_aws
from tests.laws.facet_laws import FACET_LAWS
from tests.laws.laws import RESOURCE_LAWS, AnyFacet
from tests.laws.permissions import (
    Guarded,
    alone,
    declared,
    guarded,
    law_declared_is_enough,
    law_each_permission_is_needed,
)
from tests.laws.registered import DISTINCT, each_resource, in_words
from tests.laws.room import make_room

pytestmark = pytest.mark.standin

ACTIONS = [(resource, member, action) for resource, member in DISTINCT for action in sorted(declared(member))]


@pytest.fixture(scope="module")
def world() -> Iterator[Guarded]:
    """A stand-in of its own that checks signatures and policies, and a user in it."""
    with StandIn(auth=True, deployment=0) as aws, guarded(aws) as made:
        yield made


@pytest.fixture(autouse=True)
def room(world: Guarded) -> None:
    """Have room for policies again."""
    make_room(world.cloudfront)


def _about(law: Callable[..., None], facet: AnyFacet, resource: ResourceType, world: laws.World) -> None:
    law(resource, facet, world)


# What is declared is enough, and nothing else is asked for


@pytest.mark.parametrize("law", RESOURCE_LAWS, ids=in_words)
@each_resource
def test_a_resource_needs_no_more_than_its_members_declare(
    law: Callable[..., None], resource: ResourceType, world: Guarded
) -> None:
    law_declared_is_enough(law, resource, world)


@pytest.mark.parametrize("law", RESOURCE_LAWS, ids=in_words)
@pytest.mark.parametrize(
    ("resource", "member"), DISTINCT, ids=[f"{resource.name}.{member.name}" for resource, member in DISTINCT]
)
def test_a_resource_needs_no_more_than_those_of_its_members_that_are_wished_for(
    law: Callable[..., None], resource: ResourceType, member: AnyFacet, world: Guarded
) -> None:
    law_declared_is_enough(law, alone(resource, member), world)


@pytest.mark.parametrize("law", FACET_LAWS, ids=in_words)
@pytest.mark.parametrize(
    ("resource", "facet"),
    [each for each in DISTINCT if each[1] is not each[0].root],
    ids=lambda it: it.name,
)
def test_a_facet_needs_no_more_than_it_and_what_it_stands_on_declare(
    law: Callable[..., None], resource: ResourceType, facet: AnyFacet, world: Guarded
) -> None:
    law_declared_is_enough(partial(_about, law, facet), alone(resource, facet), world)


# All of it is needed


@pytest.mark.parametrize(
    ("resource", "member", "action"),
    ACTIONS,
    ids=[f"{resource.name}.{member.name} {action}" for resource, member, action in ACTIONS],
)
def test_each_permission_is_needed_and_named_by_the_error_where_it_is_missing(
    resource: ResourceType, member: AnyFacet, action: str, world: Guarded
) -> None:
    law_each_permission_is_needed(resource, member, action, world)


# What is declared wrong is caught


@pytest.mark.parametrize(
    ("planted", "sentence"),
    [
        (planted_aws.QuietVersioning(), r"what presence, versioning declare does not do for \['PutBucketV"),
        (planted_aws.AskingVersioning(), r"what presence, versioning declare does not do for \['GetBucketL"),
        (
            planted_aws.QuietPresence(),
            r"what presence, versioning declare does not do for \['CreateBucket'\]",
        ),
    ],
    ids=["one action less", "one call more", "an action that no call is named after"],
)
def test_a_permission_that_is_used_and_not_declared_is_caught(
    planted: AnyFacet, sentence: str, world: Guarded
) -> None:
    resource = alone(planted_aws.bucket(planted), planted_aws.bucket(planted).facet("versioning"))
    law = partial(_about, facet_laws.law_what_is_written_is_read, resource.facet("versioning"))
    with pytest.raises(AssertionError, match=rf"^{sentence}"):
        law_declared_is_enough(law, resource, world)


def test_a_permission_that_is_declared_and_not_used_is_caught(world: Guarded) -> None:
    resource = planted_aws.bucket(planted_aws.WantingVersioning())
    member = resource.facet("versioning")
    law_each_permission_is_needed(resource, member, "s3:GetBucketVersioning", world)
    with pytest.raises(AssertionError, match=r"^versioning declares s3:GetBucketLocation and has no use"):
        law_each_permission_is_needed(resource, member, "s3:GetBucketLocation", world)
