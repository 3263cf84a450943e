"""The laws hold for the fakes, so that what breaks them there is what was planted."""

from collections.abc import Callable

import pytest

from tests.laws.facet_laws import FACET_LAWS
from tests.laws.fake_world import FakeWorld
from tests.laws.laws import RESOURCE_LAWS, AnyFacet
from tests.unit.engine.fakes import THING, WORLDWIDE


@pytest.mark.parametrize("law", RESOURCE_LAWS)
@pytest.mark.parametrize("resource", [THING, WORLDWIDE], ids=["thing", "worldwide"])
def test_the_laws_of_a_resource_hold_for_the_fakes(
    law: Callable[..., None], resource: object, fake_world: FakeWorld
) -> None:
    law(resource, fake_world)


@pytest.mark.parametrize("law", FACET_LAWS)
@pytest.mark.parametrize("facet", THING.facets, ids=lambda facet: facet.name)
def test_the_laws_of_a_facet_hold_for_the_fakes(
    law: Callable[..., None], facet: AnyFacet, fake_world: FakeWorld
) -> None:
    law(THING, facet, fake_world)
