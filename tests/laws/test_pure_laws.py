"""Every facet of every resource type, by its being there."""

from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from headrace.engine.facet import ResourceType, addressed
from headrace.engine.slices import ABSENT
from headrace.resources.registry import resource_types
from tests.laws import generate
from tests.laws.laws import AnyFacet
from tests.laws.pure import PURE_LAWS, round_trip

ALL = [(resource, facet) for resource in resource_types().values() for facet in resource.facets]
FACETS = pytest.mark.parametrize(
    ("resource", "facet"), ALL, ids=[f"{resource.name}.{facet.name}" for resource, facet in ALL]
)
# A busy machine is no fault of a facet.
GENERATED = settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow])


def test_there_are_facets_for_the_laws_to_hold_for() -> None:
    assert {facet.name for _, facet in ALL} >= {"acceleration", "encryption", "tags", "versioning"}


@FACETS
@pytest.mark.parametrize("law", PURE_LAWS)
def test_a_law_holds(
    law: Callable[[ResourceType, AnyFacet], None], resource: ResourceType, facet: AnyFacet
) -> None:
    law(resource, facet)


@FACETS
def test_there_is_a_sample_and_another_one(resource: ResourceType, facet: AnyFacet) -> None:
    sample, other = generate.sample(facet), generate.other(facet)
    assert sample not in (facet.resting, other)
    assert not sample.is_empty()
    assert sample.fields()


@FACETS
@GENERATED
@given(data=st.data())
def test_any_value_is_the_same_after_a_way_through_json(
    resource: ResourceType, facet: AnyFacet, data: st.DataObject
) -> None:
    round_trip(facet, data.draw(generate.slices(facet.slice)))


@FACETS
@GENERATED
@given(data=st.data())
def test_completing_a_value_twice_is_completing_it_once(
    resource: ResourceType, facet: AnyFacet, data: st.DataObject
) -> None:
    value, found = (data.draw(generate.slices(facet.slice)) for _ in range(2))
    once = value.completed(found)
    assert once.completed(found) == once
    assert value.completed(ABSENT) == value
    assert value.completed(value) == value


@FACETS
@GENERATED
@given(data=st.data())
def test_whatever_json_there_is_makes_a_slice_or_a_finding(
    resource: ResourceType, facet: AnyFacet, data: st.DataObject
) -> None:
    scalars = st.none() | st.booleans() | st.integers() | st.text(max_size=5)
    anything = st.dictionaries(st.text(max_size=5), scalars | st.lists(scalars, max_size=2), max_size=3)
    with suppress(ValidationError):
        made = facet.slice.model_validate({**data.draw(generate.values(facet.slice)), **data.draw(anything)})
        round_trip(facet, made)


@pytest.mark.parametrize("resource", resource_types().values(), ids=resource_types().keys())
def test_a_root_says_what_is_fixed_what_it_carries_and_where_it_is(resource: ResourceType) -> None:
    root = resource.root
    assert set(root.fixed) <= root.slice.model_fields.keys()
    assert set(root.carries) <= {facet.name for facet in resource.facets}
    assert root.after == ()
    assert set(root.requires) <= set(resource.carried)
    arn = addressed(root.located("aws", "r", "a"), "i")
    assert arn.startswith("arn:aws:")
    assert arn.endswith("i")


@pytest.mark.parametrize("resource", resource_types().values(), ids=resource_types().keys())
def test_all_parts_of_a_document_need_the_same(resource: ResourceType) -> None:
    needs = {facet.name: facet.permissions for facet in resource.facets if facet.of_document}
    assert all(each == next(iter(needs.values())) for each in needs.values())
