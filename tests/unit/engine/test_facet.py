"""Facets and resource types: what can be undone, and what cannot be put together."""

from graphlib import CycleError

import pytest

from headrace.engine.facet import Facet, ResourceType
from tests.unit.engine.fakes import (
    THING,
    Color,
    ColorFacet,
    FakeFacet,
    FakeTarget,
    HomeFacet,
    RulesFacet,
    SwitchFacet,
    WorldwideFacet,
    permissions,
    thing,
)


class OneWayFacet(FakeFacet[Color]):
    """Can be set and never be taken back."""

    name = "oneWay"
    slice = Color
    permissions = permissions("oneWay")


class EarlySwitch(SwitchFacet):
    """Stands on what stands on it."""

    after = ("rules",)


@pytest.mark.parametrize(
    ("facet", "removable"), [(ColorFacet(), True), (SwitchFacet(), True), (OneWayFacet(), False)]
)
def test_what_can_be_removed_or_brought_to_rest_can_be_undone(
    facet: Facet[Color, FakeTarget], removable: bool
) -> None:
    assert facet.removable is removable


def test_to_remove_what_cannot_be_removed_is_a_bug() -> None:
    with pytest.raises(TypeError, match="oneWay has neither a way to be removed nor a resting value"):
        OneWayFacet().remove(FakeTarget(), Color())


def test_a_resource_type_has_one_root() -> None:
    with pytest.raises(ValueError, match="unpack"):
        ResourceType.of("fake/thing", {"color": ColorFacet()})
    with pytest.raises(ValueError, match="unpack"):
        ResourceType.of("fake/thing", {"presence": HomeFacet(), "other": WorldwideFacet()})


def test_facets_cannot_stand_on_each_other() -> None:
    with pytest.raises(CycleError):
        thing(RulesFacet(), EarlySwitch())


def test_facets_cannot_stand_on_what_there_is_not() -> None:
    with pytest.raises(KeyError, match="switch"):
        thing(RulesFacet())


def test_what_is_no_member_has_no_facet() -> None:
    with pytest.raises(KeyError):
        THING.facet("nothing")
