"""The law of the round trip for any value at all, not only for the simplest ones."""

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from headrace.engine.facet import ResourceType
from tests.laws import generate
from tests.laws.grounds import SAMPLES
from tests.laws.laws import AnyFacet, World, by_hand, look, prepared, same

# A busy machine is no fault of a facet, and each value costs requests. Those that fail speak for themselves.
_SETTINGS = settings(
    deadline=None,
    max_examples=25,
    derandomize=True,
    phases=(Phase.generate, Phase.shrink),
    suppress_health_check=[HealthCheck.too_slow],
)


def law_any_value_is_read_as_it_was_written(resource: ResourceType, facet: AnyFacet, world: World) -> None:
    """Values that are written one over the other leave nothing of each other behind."""
    if type(facet) in SAMPLES:
        # Not any value will do.
        return
    target = prepared(resource, world, facet)

    @_SETTINGS
    @given(data=st.data())
    def makes_the_way(data: st.DataObject) -> None:
        value = data.draw(generate.slices(facet.slice).filter(lambda each: not each.is_empty()))
        by_hand(facet, target, value)
        found = look(facet, target)
        assert same(found, value), f"{facet.name}: wrote {value!r}, read {found!r}"

    makes_the_way()
