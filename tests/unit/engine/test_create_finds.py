"""Resources that AWS names, and whose name from us is the proof: made before looked for, shared, let be."""

from collections.abc import Iterator, Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import replace

import pytest

from headrace.engine.errors import Denied
from headrace.engine.slices import ABSENT, Slice
from headrace.engine.work import Work
from tests.unit.engine.fakes import ME, OTHER, Color, FakeTarget, Home, HomeFacet, thing
from tests.unit.engine.passes import KEEP, OBSERVE, RELEASE, REMOVE, Passes, failures

SPEC = {"color": {"shade": "blue"}}


class NamedTarget(FakeTarget):
    """A thing whose id is known once it was made or found."""

    def identify(self, id: str) -> None:
        self._id = id


class NamedHome(HomeFacet):
    """Its name proves whose it is; the create call finds what is there under that name."""

    create_finds = True
    marked = False

    def create(self, target: FakeTarget, after: Home, carried: Mapping[str, Slice]) -> None:
        super().create(target, after, carried)
        assert isinstance(target, NamedTarget)
        target.identify("T1")

    def leaving(self, target: FakeTarget, seen: Home) -> Home:
        shared = target.read("users") is not ABSENT
        return seen.model_copy(update={"owner": None}) if shared else seen


NAMED = thing(root=NamedHome())


@pytest.fixture
def target() -> FakeTarget:
    return NamedTarget("")


@pytest.fixture
def passes(target: FakeTarget) -> Iterator[Passes]:
    pool: Executor
    with ThreadPoolExecutor(8) as pool:
        yield Passes(target, pool)


def test_without_an_id_the_create_call_is_the_first(target: FakeTarget, passes: Passes) -> None:
    report = passes.of(NAMED, SPEC)
    assert target.log == [
        "create presence",
        "read presence",
        "read color",
        "write color",
        "read color",
    ]
    assert (report.failures, report.left, report.created, target.id) == ((), (), True, "T1")


def test_what_the_create_call_finds_is_read_before_it_is_written(target: FakeTarget, passes: Passes) -> None:
    target.there = {"presence": Home(owner=ME), "color": Color(shade="blue")}
    report = passes.of(NAMED, SPEC)
    assert target.log == ["create presence", "read presence", "read color"]
    assert (report.failures, report.left) == ((), ())


def test_what_it_finds_and_is_not_ours_is_left_alone(target: FakeTarget, passes: Passes) -> None:
    target.there = {"presence": Home(owner=OTHER)}
    report = passes.of(NAMED, SPEC)
    assert [(f.facet, f.step) for f in report.failures] == [("presence", "verify")]
    assert target.writes == ["create presence"]


def test_a_create_call_that_fails_leaves_unknown_whether_it_is_there(
    target: FakeTarget, passes: Passes
) -> None:
    target.failures = {"create presence": Denied("no")}
    report = passes.of(NAMED, SPEC)
    assert failures(report) == ["presence write: Denied no"]
    assert (dict(report.found), report.created) == ({}, False)


def test_before_the_create_call_it_was_not_seen_not_to_be_there(passes: Passes) -> None:
    told: list[bool] = []
    passes(SPEC, replace(KEEP, resource=NAMED, before_creation=told.append))
    assert told == [False]


@pytest.mark.parametrize(
    "work",
    [
        replace(KEEP, resource=NAMED, write=False),
        replace(KEEP, resource=NAMED, no_creation=Denied("not here")),
        replace(OBSERVE, resource=NAMED),
        replace(RELEASE, resource=NAMED),
        replace(REMOVE, resource=NAMED),
    ],
)
def test_who_does_not_create_looks(target: FakeTarget, passes: Passes, work: Work) -> None:
    passes(SPEC, work)
    assert target.log == ["read presence"]


def test_with_an_id_it_is_looked_at(passes: Passes) -> None:
    known = NamedTarget("T1")
    replace(passes, target=known).of(NAMED, SPEC, known=True)
    assert known.log[0] != "create presence"
    assert "create presence" in known.log


# On the way out


def test_what_others_use_is_let_be(target: FakeTarget, passes: Passes) -> None:
    target.there = {"presence": Home(owner=ME), "users": Color()}
    report = passes({}, replace(REMOVE, resource=NAMED))
    assert (target.writes, report.failures, report.left) == ([], (), ())


def test_what_nobody_else_uses_is_removed(target: FakeTarget, passes: Passes) -> None:
    target.there = {"presence": Home(owner=ME)}
    report = passes({}, replace(REMOVE, resource=NAMED))
    assert target.log == ["read presence", "read users", "remove presence", "read presence"]
    assert (report.failures, report.left) == ((), ())


def test_nobody_asks_who_uses_what_stays(target: FakeTarget, passes: Passes) -> None:
    target.there = {"presence": Home(owner=ME)}
    passes({}, replace(OBSERVE, resource=NAMED))
    assert target.log == ["read presence"]


def test_what_cannot_be_marked_is_let_go_without_a_write(target: FakeTarget, passes: Passes) -> None:
    target.there = {"presence": Home(owner=ME)}
    report = passes({}, replace(RELEASE, resource=NAMED))
    assert (target.writes, report.failures, report.left) == ([], (), ())


def test_what_cannot_be_marked_cannot_be_adopted(target: FakeTarget, passes: Passes) -> None:
    target.there = {"presence": Home()}
    report = passes({}, replace(KEEP, resource=NAMED, write=False, adopt=True))
    assert [f.step for f in report.failures] == ["read"]
    assert target.writes == []
