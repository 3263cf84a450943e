"""The one path: what is read, what is written, in which order, and what the report says of it."""

import threading
from dataclasses import replace
from textwrap import dedent

import pytest

from headrace.engine.errors import Denied
from headrace.engine.plan import Verb
from headrace.engine.slices import ABSENT
from headrace.engine.work import Work
from tests.unit.engine.fakes import ME, OTHER, Color, FakeTarget, Home, Labels, Lock, Rules, Switch
from tests.unit.engine.passes import KEEP, OBSERVE, RELEASE, REMOVE, Passes, failures

ALL = {
    "color": {"shade": "blue"},
    "labels": {"team": "core"},
    "lock": {"level": "low"},
    "rules": {"rules": ["quiet"]},
    "switch": {"enabled": True},
}
KNOWN = replace(KEEP, known=True)
FOREIGN = "thing media belongs to cluster/Thing/shop/other; it is left alone. Choose another name."
MADE_BY_OTHERS = "thing media exists and was not made by Headrace; it is left alone. Choose another name."


# Looking


def test_a_new_thing_is_made_whole_in_one_pass(target: FakeTarget, passes: Passes) -> None:
    report = passes(ALL)
    assert target.there == {
        "presence": Home(owner=ME),
        "color": Color(shade="blue"),
        "labels": Labels(entries={"team": "core"}),
        "lock": Lock(level="low", keys=("porter",)),
        "rules": Rules(rules_=("quiet",)),
        "switch": Switch(enabled=True),
    }
    assert (report.failures, report.left, dict(report.held)) == ((), (), {})
    assert [change.facet for change in report.done] == [change.facet for change in report.plan.changes]


@pytest.mark.parametrize("known", [True, False])
def test_the_second_pass_plans_and_writes_nothing(target: FakeTarget, passes: Passes, known: bool) -> None:
    passes(ALL)
    target.log.clear()
    report = passes(ALL, replace(KEEP, known=known))
    assert target.writes == []
    assert report.plan.text() == "fake/thing media\n  0 to create, 0 to change, 0 to remove, 5 in sync"


def test_what_is_known_is_read_in_one_look_side_by_side(target: FakeTarget, passes: Passes) -> None:
    passes(ALL)
    target.log.clear()
    target.looks = 0
    target.meeting = threading.Barrier(6)
    report = passes(ALL, KNOWN)
    assert target.reads == ["color", "labels", "lock", "presence", "rules", "switch"]
    assert (target.looks, report.failures) == (1, ())


def test_what_is_not_known_is_asked_for_before_its_settings_which_are_read_side_by_side(
    target: FakeTarget, passes: Passes
) -> None:
    passes(ALL)
    target.log.clear()
    target.before["read presence"] = lambda: setattr(target, "meeting", threading.Barrier(5))
    assert passes(ALL).failures == ()
    assert target.log[0] == "read presence"
    assert target.reads == ["color", "labels", "lock", "presence", "rules", "switch"]


def test_what_is_not_there_costs_one_read(target: FakeTarget, passes: Passes) -> None:
    report = passes(ALL, replace(KEEP, write=False))
    assert target.log == ["read presence"]
    assert {change.verb for change in report.plan.changes} == {Verb.CREATE, Verb.CHANGE}
    assert len(report.plan.changes) == 6


def test_what_is_unmanaged_is_never_read(target: FakeTarget, passes: Passes) -> None:
    target.there = {"presence": Home(owner=ME), "color": Color(), "lock": Lock()}
    passes({"lock": {"level": "low"}}, KNOWN)
    assert "read color" not in target.log
    assert target.there["color"] == Color()


def test_a_known_thing_that_is_gone_is_made_again_and_the_refused_reads_are_no_errors(
    target: FakeTarget, passes: Passes
) -> None:
    report = passes(ALL, KNOWN)
    assert (report.failures, report.left) == ((), ())
    assert target.there["presence"] == Home(owner=ME)


def test_without_leave_to_write_nothing_is_written_and_all_is_told(
    target: FakeTarget, passes: Passes
) -> None:
    target.there = {"presence": Home(owner=ME), "color": Color(depth=1), "rules": Rules(rules_=("a",))}
    report = passes({"color": {"shade": "blue"}, "rules": {"rules": []}}, replace(KEEP, write=False))
    assert target.writes == []
    assert report.done == ()
    assert report.left == report.plan.changes
    expected = """
        fake/thing media
          - rules.rules: ["a"] (spec)
          ~ color.depth: 1 -> absent (default)
          ~ color.shade: red -> blue (spec)
          0 to create, 1 to change, 1 to remove, 0 in sync
        """
    assert report.plan.text() == dedent(expected).strip()


# Writing


def test_what_the_create_call_carries_is_not_written_again(target: FakeTarget, passes: Passes) -> None:
    report = passes({"labels": {"team": "core"}})
    assert target.writes == ["create presence"]
    assert target.there == {"presence": Home(owner=ME), "labels": Labels(entries={"team": "core"})}
    assert [change.facet for change in report.done] == ["presence", "labels"]


def test_writes_come_in_the_order_of_after(target: FakeTarget, passes: Passes) -> None:
    passes(ALL)
    assert target.writes == ["create presence", "write color", "write lock", "write switch", "write rules"]


def test_only_what_differs_is_written_and_read_back(target: FakeTarget, passes: Passes) -> None:
    passes(ALL)
    target.log.clear()
    report = passes({**ALL, "color": {"shade": "green"}}, KNOWN)
    assert target.writes == ["write color"]
    assert target.reads == ["color", "color", "labels", "lock", "presence", "rules", "switch"]
    assert [field.field for change in report.done for field in change.fields] == ["color.shade"]


def test_labels_of_others_survive_and_ours_go_when_they_are_taken_out(
    target: FakeTarget, passes: Passes
) -> None:
    target.there = {"presence": Home(owner=ME), "labels": Labels(entries={"a": "1", "theirs": "x"})}
    report = passes({"labels": {"b": "2"}}, ledger=["labels[a]"])
    assert target.there["labels"] == Labels(entries={"b": "2", "theirs": "x"})
    assert (report.failures, report.left) == ((), ())


def test_what_must_not_be_there_is_removed_and_that_is_verified_by_reading(
    target: FakeTarget, passes: Passes
) -> None:
    target.there = {"presence": Home(owner=ME), "rules": Rules(rules_=("old",)), "color": Color()}
    report = passes({"rules": {"rules": []}})
    assert target.log == ["read presence", "read rules", "remove rules", "read rules"]
    assert (report.found["rules"], report.left) == (ABSENT, ())
    assert target.there == {"presence": Home(owner=ME), "color": Color()}


# Whose it is


def test_what_belongs_to_somebody_else_is_left_alone(target: FakeTarget, passes: Passes) -> None:
    target.there = {"presence": Home(owner=OTHER), "color": Color()}
    report = passes({"color": {"shade": "blue"}}, replace(KNOWN, adopt=True))
    assert target.writes == []
    assert failures(report) == [f"presence read: NotOurs {FOREIGN}"]
    assert (report.plan.changes, report.left) == ((), ())


def test_the_settings_of_what_is_left_alone_are_none_of_our_business(
    target: FakeTarget, passes: Passes
) -> None:
    target.there = {"presence": Home(owner=OTHER), "color": Color()}
    passes({"color": {"shade": "blue"}})
    assert target.log == ["read presence"]


def test_what_nobody_owns_is_left_alone_without_adoption(target: FakeTarget, passes: Passes) -> None:
    target.there = {"presence": Home()}
    assert failures(passes(ALL)) == [f"presence read: NotOurs {MADE_BY_OTHERS}"]
    assert target.writes == []


def test_adoption_takes_over_what_nobody_owns(target: FakeTarget, passes: Passes) -> None:
    target.there = {"presence": Home(), "color": Color(), "lock": Lock(level="old")}
    report = passes({"color": {"shade": "blue"}}, replace(KEEP, adopt=True))
    assert target.writes == ["write presence", "write color"]
    assert target.there == {
        "presence": Home(owner=ME),
        "color": Color(shade="blue"),
        "lock": Lock(level="old"),
    }
    assert report.failures == ()


def test_where_it_cannot_be_marked_as_ours_no_setting_is_written(target: FakeTarget, passes: Passes) -> None:
    target.there = {"presence": Home(), "color": Color()}
    target.failures = {"write presence": Denied("no tags for you")}
    report = passes({"color": {"shade": "blue"}}, replace(KEEP, adopt=True))
    assert failures(report) == ["presence write: Denied no tags for you"]
    assert (target.writes, report.done) == (["write presence"], ())


def test_what_we_retained_is_taken_back_without_adoption(target: FakeTarget, passes: Passes) -> None:
    target.there = {"presence": Home(retained_by=ME)}
    assert passes().failures == ()
    assert target.there == {"presence": Home(owner=ME)}


def test_what_others_retained_is_theirs(target: FakeTarget, passes: Passes) -> None:
    target.there = {"presence": Home(retained_by=OTHER)}
    assert [failure.facet for failure in passes().failures] == ["presence"]
    assert target.writes == []


def test_a_hand_over_that_broke_off_half_way_is_finished(target: FakeTarget, passes: Passes) -> None:
    target.there = {"presence": Home(owner=ME, retained_by=ME)}
    assert passes(like=KNOWN).failures == ()
    assert target.there == {"presence": Home(owner=ME)}
    target.there = {"presence": Home(owner=ME, retained_by=ME)}
    assert passes(like=RELEASE).failures == ()
    assert target.there == {"presence": Home(retained_by=ME)}


@pytest.mark.parametrize("adopt", [True, False])
@pytest.mark.parametrize("owner", [ME, None])
def test_what_can_never_be_changed_is_refused_and_nothing_is_written(
    target: FakeTarget, passes: Passes, owner: str | None, adopt: bool
) -> None:
    target.there = {"presence": Home(owner=owner, place="there"), "color": Color()}
    report = passes(ALL, replace(KEEP, adopt=adopt))
    assert failures(report) == [
        "presence read: NotOurs thing media is there already, with place there where here is wanted; "
        "place cannot be changed. It is left alone."
    ]
    assert target.writes == []


# Only looking


def test_observing_compares_whoever_owns_it(target: FakeTarget, passes: Passes) -> None:
    target.there = {"presence": Home(owner=OTHER), "color": Color()}
    report = passes({"color": {"shade": "blue"}}, OBSERVE)
    assert [field.field for change in report.left for field in change.fields] == ["color.shade"]
    assert (report.failures, target.writes) == ((), [])


def test_observing_what_is_not_there_shows_what_would_be_made(target: FakeTarget, passes: Passes) -> None:
    report = passes({"color": {"shade": "blue"}}, OBSERVE)
    assert [change.facet for change in report.left] == ["presence", "color"]
    assert target.log == ["read presence"]


# Letting go


@pytest.mark.parametrize("like", [RELEASE, REMOVE])
@pytest.mark.parametrize("marks", [Home(owner=OTHER), Home(), Home(retained_by=ME), Home(retained_by=OTHER)])
def test_on_the_way_out_what_is_not_ours_is_let_be(
    target: FakeTarget, passes: Passes, like: Work, marks: Home
) -> None:
    target.there = {"presence": marks, "color": Color()}
    report = passes(like=like)
    assert target.log == ["read presence"]
    assert (report.plan.changes, report.failures, report.left) == ((), (), ())
    assert target.there == {"presence": marks, "color": Color()}


def test_releasing_leaves_everything_but_the_mark(target: FakeTarget, passes: Passes) -> None:
    target.there = {"presence": Home(owner=ME), "color": Color()}
    report = passes(ALL, RELEASE)
    assert target.log == ["read presence", "write presence", "read presence"]
    assert target.there == {"presence": Home(retained_by=ME), "color": Color()}
    expected = """
        fake/thing media
          ~ presence.owner: cluster/Thing/shop/media -> absent (spec)
          ~ presence.retainedBy: absent -> cluster/Thing/shop/media (spec)
          0 to create, 1 to change, 0 to remove, 0 in sync
        """
    assert report.plan.text() == dedent(expected).strip()
    assert (report.done, report.left) == (report.plan.changes, ())


def test_removing_takes_the_thing_alone_and_looks_again(target: FakeTarget, passes: Passes) -> None:
    target.there = {"presence": Home(owner=ME), "color": Color()}
    report = passes(ALL, REMOVE)
    assert target.log == ["read presence", "remove presence", "read presence"]
    assert target.there == {}
    assert (report.done, report.left, report.failures) == (report.plan.changes, (), ())


@pytest.mark.parametrize("like", [RELEASE, REMOVE])
def test_what_is_gone_already_needs_nothing(target: FakeTarget, passes: Passes, like: Work) -> None:
    report = passes(like=like)
    assert target.log == ["read presence"]
    assert (report.plan.changes, report.failures, report.left) == ((), (), ())


def test_what_was_removed_is_not_removed_again(target: FakeTarget, passes: Passes) -> None:
    target.there = {"presence": Home(owner=ME)}
    passes(like=REMOVE)
    passes(like=REMOVE)
    assert target.writes == ["remove presence"]
