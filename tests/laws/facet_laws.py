"""Laws of facets, for any world; see laws.py for what a world is."""

from collections.abc import Callable

from headrace.engine.facet import ResourceType
from headrace.engine.slices import KeyedSlice, Slice
from headrace.engine.wish import Wish, remembered
from tests.laws.laws import (
    AnyFacet,
    World,
    by_hand,
    can_go,
    each_value,
    fine,
    gone,
    look,
    made,
    no_writes,
    prepared,
    same,
    samples,
    settle,
    standing_on,
    wishes,
)


def law_what_is_written_is_read(resource: ResourceType, facet: AnyFacet, world: World) -> None:
    """The round trip through the cloud is equal, and a second write of the same changes nothing."""
    target = prepared(resource, world, facet)
    for value in (world.sample(facet), world.other(facet)):
        for _ in range(2):
            by_hand(facet, target, value)
            found = look(facet, target)
            assert same(found, value), f"{facet.name}: wrote {value!r}, read {found!r}"


def law_observing_never_writes(resource: ResourceType, facet: AnyFacet, world: World) -> None:
    """Neither before anything was set nor after."""
    target = prepared(resource, world, facet)
    look(facet, target)
    no_writes(world, f"observing {facet.name}")
    by_hand(facet, target, world.sample(facet))
    world.calls()
    look(facet, target)
    no_writes(world, f"observing {facet.name}")


def law_silence_leaves_what_is_there(resource: ResourceType, facet: AnyFacet, world: World) -> None:
    """What nobody wishes for is neither read nor written, whatever else is."""
    target = prepared(resource, world, facet)
    by_hand(facet, target, world.sample(facet))
    before = look(facet, target)
    rest = [facet, *standing_on(resource, facet)]
    world.calls()
    fine(settle(resource, world, target, wishes(resource, samples(resource, world, but=rest))), "the others")
    asked = {call.action for call in world.calls()}
    others = [member for member in resource.members() if member is not facet]
    own = facet.permissions.read.difference(*(other.permissions.read for other in others))
    assert not asked & own, f"{facet.name} is read though nobody wishes for it: {sorted(asked & own)}"
    assert look(facet, target) == before, f"{facet.name} is changed though nobody wishes for it"


def law_absent_takes_it_away_and_only_it(resource: ResourceType, facet: AnyFacet, world: World) -> None:
    """What is not wanted goes, with what stands on it; all else stays as it is."""
    if not can_go(resource, facet):
        return
    target = made(resource, world, samples(resource, world))
    going = [facet, *standing_on(resource, facet)]
    staying = [each for each in resource.facets if each not in going]
    before = {each.name: look(each, target) for each in staying}
    ledger = remembered(wishes(resource, {each.name: world.sample(each) for each in going}))
    wished = {each.name: Wish(gone(each)) for each in going}
    fine(settle(resource, world, target, wished, ledger=ledger), f"taking {facet.name} away")
    for each in going:
        found = look(each, target)
        assert same(found, gone(each)), f"{each.name} is still there: {found!r}"
    after = {each.name: look(each, target) for each in staying}
    changed = sorted(name for name in before if before[name] != after[name])
    assert not changed, f"taking {facet.name} away changes {changed}"


def law_drift_is_seen_and_put_right(resource: ResourceType, facet: AnyFacet, world: World) -> None:
    """What somebody else changed is planned as a change of that facet alone, and put right in one pass."""
    values = samples(resource, world, but=standing_on(resource, facet))
    target = made(resource, world, values)
    by_hand(facet, target, world.other(facet))
    wished = wishes(resource, values)
    plan = settle(resource, world, target, wished, write=False, known=True).plan
    seen = [change.facet for change in plan.changes]
    assert seen == [facet.name], f"somebody changed {facet.name}, and the plan names {seen}"
    assert plan.fields, f"the change of {facet.name} names no field"
    fine(settle(resource, world, target, wished, known=True), f"putting {facet.name} right")
    fine(settle(resource, world, target, wished, known=True, write=False), f"{facet.name} after that")


def law_keys_of_others_survive(resource: ResourceType, facet: AnyFacet, world: World) -> None:
    """In a shared map only our keys are set, and only they are taken away."""
    if not issubclass(facet.slice, KeyedSlice):
        return
    target = prepared(resource, world, facet)
    theirs = world.other(facet)
    assert isinstance(theirs, KeyedSlice), f"{facet.name}: {theirs!r} is no map"
    by_hand(facet, target, theirs)
    ours = wishes(resource, {facet.name: world.sample(facet)})
    fine(settle(resource, world, target, ours), f"setting our keys of {facet.name}")
    assert look(facet, target).only(theirs.entries) == theirs, f"setting {facet.name} drops keys of others"
    out = {facet.name: Wish(facet.slice())}
    fine(settle(resource, world, target, out, ledger=remembered(ours)), f"dropping our keys of {facet.name}")
    assert look(facet, target) == theirs, f"dropping our keys of {facet.name} drops keys of others"


def law_permissions_are_those_of_the_calls(resource: ResourceType, facet: AnyFacet, world: World) -> None:
    """Every call needs a declared permission, and every declared permission is needed by a call.

    Where AWS takes only the whole of something, it is read again right before a part of it is written.
    """
    target = prepared(resource, world, facet)
    read: set[str] = set()
    written: set[str] = set()
    for value in each_value(resource, facet, world):
        world.calls()
        before = look(facet, target)
        read |= {call.action for call in world.calls()}
        with target.translating():
            if isinstance(value, Slice):
                facet.apply(target, value, before)
            else:
                facet.remove(target, before)
        calls = world.calls()
        written |= {call.action for call in calls if call.write or call.action not in read}
    assert read == facet.permissions.read, f"{facet.name} reads with {sorted(read)}"
    assert written == facet.permissions.write, f"{facet.name} writes with {sorted(written)}"


FACET_LAWS: tuple[Callable[[ResourceType, AnyFacet, World], None], ...] = (
    law_what_is_written_is_read,
    law_observing_never_writes,
    law_silence_leaves_what_is_there,
    law_absent_takes_it_away_and_only_it,
    law_drift_is_seen_and_put_right,
    law_keys_of_others_survive,
    law_permissions_are_those_of_the_calls,
)
