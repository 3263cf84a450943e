"""Whatever is there and whatever is wished: it converges, touches nothing else, and survives a crash."""

from concurrent.futures import Executor
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headrace.engine.errors import CloudError, Unavailable
from headrace.engine.reconcile import reconcile
from headrace.engine.slices import ABSENT, UNMANAGED, KeyedSlice, Slice
from headrace.engine.wish import Layer, Wish, remembered, resolve
from headrace.engine.work import Report, Work
from tests.unit.engine.fakes import (
    FACETS,
    ME,
    OTHER,
    THING,
    Color,
    FakeTarget,
    Frame,
    Home,
    Labels,
    Lock,
    Rules,
    Switch,
)

# A busy machine is no fault of the engine.
RANDOM = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
KEYS = st.sampled_from("abcdef")
LABELS = st.dictionaries(KEYS, st.sampled_from("123"), max_size=4)
SHADES, LEVELS = st.sampled_from(["red", "blue"]), st.sampled_from(["high", "low"])
RULES = st.lists(st.sampled_from("xyz"), max_size=3)


def partly(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=fields)


SETTINGS = partly(
    color=partly(
        shade=SHADES,
        depth=st.integers(0, 2),
        frame=partly(style=st.sampled_from(["thin", "old"]), width=st.integers(1, 2)),
    ),
    labels=LABELS,
    lock=partly(level=LEVELS, keys=RULES),
    rules=partly(rules=RULES, strict=st.booleans()),
    switch=partly(enabled=st.booleans()),
)
MARKS = st.sampled_from([Home(owner=ME), Home(), Home(retained_by=ME), Home(owner=ME, retained_by=ME)])
MARKS_OR_NOTHING = MARKS | st.none()
# What a cloud answers: never an empty list of rules, and always somebody who has a key.
THERE = partly(
    color=st.builds(
        Color,
        shade=SHADES,
        depth=st.none() | st.integers(0, 2),
        frame=st.none() | st.builds(Frame, style=st.none(), width=st.integers(1, 2)),
    ),
    labels=st.builds(Labels, entries=LABELS),
    lock=st.builds(Lock, level=LEVELS, keys=RULES.map(tuple)),
    rules=st.builds(Rules, rules_=RULES.filter(bool).map(tuple), strict=st.none() | st.booleans()),
    switch=st.builds(Switch, enabled=st.booleans()),
)
LEDGER = st.frozensets(st.sampled_from(["color", "lock", "rules", "switch", "labels[a]", "labels[b]"]))
STEPS = st.sampled_from(
    [f"{verb} {facet.name}" for facet in FACETS for verb in ("read", "write", "remove")]
    + ["read presence", "create presence", "write presence"]
)


@dataclass(frozen=True)
class World:
    """Something that is there or not, and what is wished of it."""

    there: dict[str, Slice]
    spec: dict[str, Any]
    preset: dict[str, Any]
    ledger: frozenset[str]
    secure: bool
    known: bool

    def wishes(self, ledger: frozenset[str]) -> dict[str, Wish]:
        layers = [Layer("spec", self.spec), Layer("preset", self.preset)]
        return resolve(FACETS, layers, ledger, secure=self.secure)

    def work(self, target: FakeTarget, ledger: frozenset[str] | None = None, **how: Any) -> Work:
        kept = self.ledger if ledger is None else ledger
        how = {"known": self.known, "adopt": True, **how}
        return Work(THING, target, Home(owner=ME), self.wishes(kept), ledger=kept, **how)


@st.composite
def worlds(draw: st.DrawFn, marks: st.SearchStrategy[Home | None] = MARKS_OR_NOTHING) -> World:
    mark = draw(marks)
    there = {} if mark is None else {"presence": mark, **draw(THERE)}
    known = mark is not None and mark.owner is not None and draw(st.booleans())
    return World(there, draw(SETTINGS), draw(SETTINGS), draw(LEDGER), draw(st.booleans()), known)


def target_of(world: World) -> FakeTarget:
    target = FakeTarget()
    target.there = dict(world.there)
    return target


def in_sync(report: Report, target: FakeTarget) -> None:
    assert report.failures == ()
    assert report.plan.changes == report.left == ()
    assert target.writes == []


@RANDOM
@given(worlds())
def test_after_one_pass_the_next_one_plans_and_writes_nothing(pool: Executor, world: World) -> None:
    target = target_of(world)
    first = reconcile(world.work(target), pool)
    assert (first.failures, first.left, dict(first.held)) == ((), (), {})
    assert first.done == first.plan.changes
    for ledger in (world.ledger, remembered(world.wishes(world.ledger))):
        target.log.clear()
        in_sync(reconcile(world.work(target, ledger), pool), target)


@RANDOM
@given(worlds(MARKS))
def test_what_is_not_wished_for_stays_as_it_is(pool: Executor, world: World) -> None:
    target = target_of(world)
    reconcile(world.work(target), pool)
    for name, wish in world.wishes(world.ledger).items():
        if wish.value is UNMANAGED:
            assert f"read {name}" not in target.log
            assert target.there.get(name) == world.there.get(name)


@RANDOM
@given(worlds(MARKS))
def test_labels_that_are_not_ours_survive(pool: Executor, world: World) -> None:
    target = target_of(world)
    reconcile(world.work(target), pool)
    ours = {*world.spec.get("labels", {}), *world.preset.get("labels", {})}
    ours |= {entry[len("labels[") : -1] for entry in world.ledger if entry.startswith("labels[")}
    before, after = (side.get("labels", Labels()) for side in (world.there, target.there))
    assert isinstance(before, Labels)
    assert isinstance(after, Labels)
    theirs = set(before.entries) - ours
    assert after.only(theirs) == before.only(theirs)
    assert set(after.entries) <= theirs | ours


@RANDOM
@given(worlds(), st.booleans())
def test_a_pass_that_may_not_write_changes_nothing(pool: Executor, world: World, known: bool) -> None:
    target = target_of(world)
    report = reconcile(world.work(target, write=False, known=known), pool)
    assert (target.writes, target.there) == ([], world.there)
    assert (report.done, report.left) == ((), report.plan.changes)


@RANDOM
@given(worlds(st.sampled_from([Home(owner=OTHER), Home(owner=OTHER, retained_by=ME)])), st.booleans())
def test_what_is_somebody_elses_is_never_written_to(pool: Executor, world: World, known: bool) -> None:
    target = target_of(world)
    report = reconcile(world.work(target, known=known), pool)
    assert (target.writes, target.there) == ([], world.there)
    assert [type(failure.error).__name__ for failure in report.failures] == ["NotOurs"]


@RANDOM
@given(worlds())
def test_no_wish_is_ever_absent_where_there_is_a_rest(world: World) -> None:
    wishes = world.wishes(world.ledger)
    assert wishes.keys() == {facet.name for facet in FACETS}
    for facet in FACETS:
        value = wishes[facet.name].value
        if facet.resting is not None or issubclass(facet.slice, KeyedSlice):
            assert value is not ABSENT
        assert value is UNMANAGED or value is ABSENT or isinstance(value, facet.slice)


def says(layer: Any, path: str) -> bool:
    for part in path.split("."):
        if part not in layer:
            return False
        layer = layer[part]
    return True


@RANDOM
@given(worlds())
def test_every_effective_value_has_a_source_that_said_it(world: World) -> None:
    said = {"spec": world.spec, "preset": world.preset}
    for name, wish in world.wishes(world.ledger).items():
        for path in wish.value.fields() if isinstance(wish.value, Slice) else ():
            source = wish.source(path)
            key = path.strip("[]")
            if source in said:
                assert says(said[source][name], key)
            else:
                assert source in {"default", "taken out of spec"}
                assert not any(says(layer.get(name, {}), key) for layer in said.values())


class Crash(BaseException):
    """The end of the process, in the middle of a pass."""


class MortalTarget(FakeTarget):
    """Ends the pass at the nth write: just before the cloud carries it out, or just after."""

    def __init__(self, nth: int, carried_out: bool) -> None:
        super().__init__()
        self.left, self.carried_out, self.dead = nth, carried_out, False

    def step(self, step: str) -> bool:
        self.left -= not step.startswith("read ")
        if self.dead or (self.left == 0 and not self.carried_out):
            raise Crash
        self.dead = self.left == 0
        return super().step(step)


@RANDOM
@given(worlds(), st.integers(1, 6), st.booleans())
def test_a_pass_that_dies_at_any_write_is_finished_by_the_next_one(
    pool: Executor, world: World, nth: int, carried_out: bool
) -> None:
    mortal = MortalTarget(nth, carried_out)
    mortal.there = dict(world.there)
    with suppress(Crash):
        reconcile(world.work(mortal), pool)
    target = target_of(World(mortal.there, world.spec, world.preset, world.ledger, world.secure, False))
    second = reconcile(world.work(target), pool)
    assert (second.failures, second.left) == ((), ())
    target.log.clear()
    in_sync(reconcile(world.work(target), pool), target)


@RANDOM
@given(worlds(), st.dictionaries(STEPS, st.just(Unavailable("not now")), max_size=4))
def test_after_any_failures_a_pass_without_them_ends_in_sync(
    pool: Executor, world: World, faults: dict[str, CloudError]
) -> None:
    target = target_of(world)
    target.failures = dict(faults)
    report = reconcile(world.work(target), pool)
    met = {f"{failure.facet}" for failure in report.failures}
    assert met == {step.split()[1] for step in target.log if step in faults}
    target.failures.clear()
    assert reconcile(world.work(target), pool).failures == ()
    target.log.clear()
    in_sync(reconcile(world.work(target), pool), target)
