"""Laws of resource types, for any world: each fails with a sentence that names who breaks it.

A world is a cloud in which things can be made. Laws of a resource take (resource, world) and are listed in
RESOURCE_LAWS; those of a facet, in facet_laws.py, take (resource, facet, world).
"""

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any, Protocol

from headrace.engine.document import create
from headrace.engine.errors import NotOurs, Pending
from headrace.engine.facet import Facet, ResourceType, Target
from headrace.engine.ownership import Presence
from headrace.engine.reconcile import reconcile
from headrace.engine.slices import ABSENT, KeyedSlice, Missing, Slice, ValueSlice
from headrace.engine.wish import Layer, Wish, resolve
from headrace.engine.work import Intent, Report, Work
from tests.laws.grounds import BESIDE

AnyFacet = Facet[Any, Any]
SOMEBODY = "somebody/else/entirely"
# A distribution is disabled, and goes when that is known everywhere.
_ASKED = 3


@dataclass(frozen=True)
class Call:
    """One request that reached the cloud: the IAM action that it needs, and whether it is no mere look."""

    action: str
    write: bool


class World(Protocol):
    """A cloud, and what is to be made in it."""

    @property
    def pool(self) -> Executor:
        """Where reads run side by side."""

    def fresh(self, resource: ResourceType) -> Target:
        """Name a resource that is not there, another one each time."""

    def presence(self, resource: ResourceType, target: Target) -> Presence:
        """Return what its root is to be; the owner is the one in whose name the laws act."""

    def sample(self, facet: AnyFacet) -> Slice:
        """Return a value that this cloud takes: not the rest, nor the default if that can be."""

    def other(self, facet: AnyFacet) -> Slice:
        """Return another one."""

    def calls(self) -> list[Call]:
        """Return what reached the cloud since this was last asked, in its order."""


# What laws are made of


def wishes(resource: ResourceType, values: Mapping[str, Slice]) -> dict[str, Wish]:
    """Wish for these values, said as a user says them, and for nothing else."""
    said = {name: _said(value) for name, value in values.items()}
    return resolve(resource.facets, [Layer("spec", said)], frozenset(), secure=False)


def _said(value: Slice) -> Any:
    said = value.model_dump(mode="json", by_alias=True, exclude_none=True)
    return {"value": said} if isinstance(value, ValueSlice) else said


def samples(resource: ResourceType, world: World, but: Iterable[AnyFacet] = ()) -> dict[str, Slice]:
    """Return a sample for each facet but these."""
    left_out = {facet.name for facet in but}
    return {facet.name: world.sample(facet) for facet in resource.facets if facet.name not in left_out}


def least(resource: ResourceType, world: World) -> dict[str, Slice]:
    """Return a sample for each facet without which there is no resource."""
    return {name: world.sample(resource.facet(name)) for name in resource.root.requires}


def stands_on(resource: ResourceType, facet: AnyFacet) -> list[AnyFacet]:
    """Return what comes before this facet, or has to be said beside it, the nearest last."""
    names = (*facet.after, *BESIDE.get(type(facet), ()))
    before = [resource.facet(name) for name in names if name != resource.root.name]
    return [*(deeper for each in before for deeper in stands_on(resource, each)), *before]


def standing_on(resource: ResourceType, facet: AnyFacet) -> list[AnyFacet]:
    """Return what comes after this facet, at any distance."""
    return [each for each in resource.facets if facet in stands_on(resource, each)]


def settle(
    resource: ResourceType, world: World, target: Target, wished: Mapping[str, Wish], **how: Any
) -> Report:
    """Make one pass."""
    return reconcile(Work(resource, target, world.presence(resource, target), wished, **how), world.pool)


def made(resource: ResourceType, world: World, values: Mapping[str, Slice]) -> Target:
    """Make a resource with these values."""
    target = world.fresh(resource)
    wished = wishes(resource, {**least(resource, world), **values})
    fine(settle(resource, world, target, wished), f"making {resource.name}")
    world.calls()
    return target


def prepared(resource: ResourceType, world: World, facet: AnyFacet) -> Target:
    """Make a resource with just what this facet stands on."""
    return made(resource, world, {each.name: world.sample(each) for each in stands_on(resource, facet)})


def remove(resource: ResourceType, target: Any, seen: Slice) -> None:
    """Remove a resource past the engine, however often that has to be asked for."""
    for _ in range(_ASKED):
        target.forget()
        try:
            resource.root.remove(target, seen)
        except Pending:
            continue
        return
    raise AssertionError(f"{resource.name} is still being removed")


def removed(resource: ResourceType, world: World, target: Target) -> Report:
    """Make passes until it is removed, or cannot be."""
    for _ in range(_ASKED):
        report = settle(resource, world, target, {}, intent=Intent.REMOVE)
        if not any(isinstance(each.error, Pending) for each in report.failures):
            break
    return report


def look(facet: AnyFacet, target: Target) -> Any:
    """Read a facet anew."""
    target.forget()
    with target.translating():
        return facet.observe(target)


def by_hand(facet: AnyFacet, target: Target, value: Slice) -> None:
    """Write a facet past the engine, as somebody else would."""
    before = look(facet, target)
    with target.translating():
        facet.apply(target, value, before)


def looks(resource: ResourceType) -> list[Callable[[Any], object]]:
    """Return how a root looks at a resource beside observing it by its id."""
    root = resource.root

    def without_an_id(target: Any) -> None:
        known = target.id
        target.identify("")
        try:
            root.observe(target)
        finally:
            target.identify(known)

    def on_the_way_out(target: Any) -> None:
        seen = root.observe(target)
        if isinstance(seen, Presence):
            root.leaving(target, seen)

    return [on_the_way_out, *([without_an_id] if root.id_from_cloud else [])]


def can_go(resource: ResourceType, facet: AnyFacet) -> bool:
    """Say whether there is a resource without it."""
    return facet.name not in resource.root.requires


def gone(facet: AnyFacet) -> Slice | Missing:
    """Return what a facet is where it is not wanted."""
    if issubclass(facet.slice, KeyedSlice):
        return facet.slice()
    return ABSENT if facet.resting is None else facet.resting


def each_value(resource: ResourceType, facet: AnyFacet, world: World) -> list[Slice | Missing]:
    """Return a sample, another one and, where that can be, what there is without it."""
    return [world.sample(facet), world.other(facet), *([gone(facet)] if can_go(resource, facet) else [])]


def fine(report: Report, what: str) -> None:
    """Fail unless all was done."""
    failed = [f"{each.facet} {each.step}: {each.error.message}" for each in report.failures]
    assert not failed, f"{what} failed: {failed}"
    assert not report.held, f"{what}: held up {dict(report.held)}"
    assert not report.left, f"{what} does not converge: {fields(report)} is left"


def fields(report: Report) -> list[str]:
    """Return what is left, field by field."""
    return [
        f"{each.field}: found {each.found}, wanted {each.wanted}"
        for change in report.left
        for each in change.fields or ()
    ] or [change.facet for change in report.left]


def same(value: Slice | Missing, wanted: Slice | Missing) -> bool:
    """Say whether a value is the wanted one, but for what the cloud fills in."""
    return value == (wanted.completed(value) if isinstance(wanted, Slice) else wanted)


def no_writes(world: World, what: str) -> None:
    """Fail where something was written since the log was last read."""
    written = [call.action for call in world.calls() if call.write]
    assert not written, f"{what} writes: {written}"


def what_others_own(resource: ResourceType, world: World) -> tuple[Target, Presence]:
    """Make something that is not ours; what can carry no mark has another name than it should."""
    target = world.fresh(resource)
    ours = world.presence(resource, target)
    if resource.root.marked:
        theirs = ours.model_copy(update={"owner": SOMEBODY})
        with target.translating():
            create(resource, target, theirs, least(resource, world))
        return target, theirs
    other: Any = made(resource, world, {})
    named: Any = target
    named.identify(other.id)
    return target, ours.model_copy(update={"owner": None})


# Laws of a resource type


def law_converges(resource: ResourceType, world: World) -> None:
    """One pass makes all of it as it is wished; the next one, known or not, plans and writes nothing."""
    target = world.fresh(resource)
    values = samples(resource, world)
    wished = wishes(resource, values)
    fine(settle(resource, world, target, wished), f"making {resource.name}")
    for facet in resource.facets:
        found = look(facet, target)
        assert same(found, values[facet.name]), f"{facet.name} is not made as it is wished: {found!r}"
    world.calls()
    for known in (False, True):
        report = settle(resource, world, target, wished, known=known)
        fine(report, f"the second pass over {resource.name}")
        assert not report.plan.changes, f"the second pass plans:\n{report.plan.text()}"
        no_writes(world, "the second pass")


def law_planning_never_writes(resource: ResourceType, world: World) -> None:
    """Be it there or not, be it as it is wished or not."""
    target = world.fresh(resource)
    wished = wishes(resource, samples(resource, world))
    world.calls()
    for _ in range(2):
        for known in (False, True):
            settle(resource, world, target, wished, write=False, known=known)
            no_writes(world, "planning")
        settle(resource, world, target, wishes(resource, least(resource, world)))
        world.calls()


def law_create_carries_the_owner(resource: ResourceType, world: World) -> None:
    """A crash right after the create call leaves nothing that is not known as ours."""
    target = world.fresh(resource)
    wanted = world.presence(resource, target)
    world.calls()
    with target.translating():
        create(resource, target, wanted, least(resource, world))
    written = [call.action for call in world.calls() if call.write]
    assert len(written) == 1, f"creating takes more than one write: {written}"
    assert same(look(resource.root, target), wanted), "the create call does not carry the owner"


def law_what_others_own_is_left_alone(resource: ResourceType, world: World) -> None:
    """Nothing is written to it, whatever is wished, adopted or removed."""
    target, theirs = what_others_own(resource, world)
    if theirs.released() == theirs:
        # Everybody's: there are no others.
        return
    world.calls()
    wished = wishes(resource, samples(resource, world))
    report = settle(resource, world, target, wished, adopt=True)
    assert [type(each.error) for each in report.failures] == [NotOurs], "what others own is not told as such"
    for intent in (Intent.RELEASE, Intent.REMOVE):
        fine(settle(resource, world, target, {}, intent=intent), f"to {intent.value} what others own")
    no_writes(world, "a pass over what others own")
    assert same(look(resource.root, target), theirs), "what others own was changed"


def law_is_let_go_and_taken_back_and_removed(resource: ResourceType, world: World) -> None:
    """Letting go and taking back need no adoption; removal is verified, and a second one does nothing."""
    target = made(resource, world, {})
    ours = world.presence(resource, target)
    fine(settle(resource, world, target, {}, intent=Intent.RELEASE), "letting go")
    left = ours.released() if resource.root.marked else ours
    assert same(look(resource.root, target), left), "letting go leaves the wrong marks"
    fine(settle(resource, world, target, {}), "taking back")
    assert same(look(resource.root, target), ours), "taking back leaves the wrong marks"
    fine(removed(resource, world, target), "removing")
    assert look(resource.root, target) is ABSENT, "what was removed is still there"
    world.calls()
    fine(settle(resource, world, target, {}, intent=Intent.REMOVE), "removing again")
    no_writes(world, "removing again")


def law_writes_follow_after(resource: ResourceType, world: World) -> None:
    """What a facet stands on is written before it."""
    target = made(resource, world, {})
    fine(settle(resource, world, target, wishes(resource, samples(resource, world))), "making the rest")
    order = [call.action for call in world.calls() if call.write]
    for facet in resource.facets:
        for before in (resource.facet(name) for name in facet.after if name != resource.root.name):
            first = next((n for n, action in enumerate(order) if action in facet.permissions.write), None)
            last = max((n for n, a in enumerate(order) if a in before.permissions.write), default=-1)
            assert first is None or last < first, f"{facet.name} is written before {before.name}: {order}"


def law_permissions_of_the_root_are_those_of_its_calls(resource: ResourceType, world: World) -> None:
    """It is looked at, made, marked and removed with just the permissions that it declares."""
    root, target = resource.root, world.fresh(resource)
    wanted = world.presence(resource, target)
    world.calls()
    look(root, target)
    looked = world.calls()
    with target.translating():
        create(resource, target, wanted, least(resource, world))
    calls = [world.calls()]
    found = look(root, target)
    for step in looks(resource):
        target.forget()
        with target.translating():
            step(target)
    read = {call.action for call in [*looked, *world.calls()]}
    look(root, target)
    world.calls()
    with target.translating():
        if root.marked:
            root.apply(target, wanted.released(), found)
        calls.append(world.calls())
        remove(resource, target, found)
    calls.append(world.calls())
    # What is read again right before it is written is a part of reading.
    made, marked, removed = (
        {call.action for call in each if call.write or call.action not in read} for each in calls
    )
    declared, written = root.permissions, made | marked | removed
    assert read == declared.read, f"{root.name} reads with {sorted(read)}"
    assert written == declared.write, f"{root.name} writes with {sorted(written)}"
    assert made - marked - removed == declared.create, f"{root.name} is made with {sorted(made)}"
    assert removed - made - marked == declared.remove, f"{root.name} is removed with {sorted(removed)}"


RESOURCE_LAWS: tuple[Callable[[ResourceType, World], None], ...] = (
    law_converges,
    law_planning_never_writes,
    law_create_carries_the_owner,
    law_what_others_own_is_left_alone,
    law_is_let_go_and_taken_back_and_removed,
    law_writes_follow_after,
    law_permissions_of_the_root_are_those_of_its_calls,
)
