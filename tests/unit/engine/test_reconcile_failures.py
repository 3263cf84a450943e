"""The one path where something goes wrong: what is held up, what is told, what is never written."""

from dataclasses import replace

import pytest

from headrace.engine.errors import (
    CloudError,
    Conflict,
    Denied,
    Invalid,
    NotEmpty,
    Pending,
    Throttled,
    Unavailable,
)
from headrace.engine.slices import ABSENT
from headrace.engine.work import Work
from tests.unit.engine.fakes import (
    ME,
    OTHER,
    WORLDWIDE,
    Color,
    ColorFacet,
    FakeTarget,
    Home,
    Rules,
    thing,
)
from tests.unit.engine.passes import KEEP, RELEASE, REMOVE, Passes, failures

KNOWN = replace(KEEP, known=True)
SPEC = {"color": {"shade": "blue"}, "rules": {"rules": ["quiet"]}, "switch": {"enabled": True}}
LOOK_REFUSED = Denied("no look for you")


class ShelfFacet(ColorFacet):
    """Stands on nothing."""

    name = "shelf"


class VaseFacet(ColorFacet):
    """Stands on the shelf."""

    name = "vase"
    after = ("shelf",)


class RoseFacet(ColorFacet):
    """Stands in the vase."""

    name = "rose"
    after = ("vase",)


TOWER = thing(RoseFacet(), ShelfFacet(), VaseFacet(), ColorFacet())
TOWER_SPEC = {name: {"shade": "blue"} for name in ("color", "rose", "shelf", "vase")}


@pytest.fixture
def ours(target: FakeTarget) -> FakeTarget:
    target.there = {"presence": Home(owner=ME)}
    return target


# Settings


@pytest.mark.parametrize("error", [Denied("no"), Invalid("no"), Throttled("no"), Unavailable("no")])
def test_a_failing_write_holds_up_only_what_comes_after_it(
    ours: FakeTarget, passes: Passes, error: CloudError
) -> None:
    ours.failures = {"write switch": error}
    report = passes(SPEC)
    assert ours.writes == ["write color", "write switch"]
    assert failures(report) == [f"switch write: {type(error).__name__} no"]
    assert report.held == {"rules": "switch"}
    assert [change.facet for change in report.done] == ["color"]
    assert [change.facet for change in report.left] == ["switch", "rules"]


def test_what_waits_for_something_that_waits_waits_too(ours: FakeTarget, passes: Passes) -> None:
    ours.failures = {"write shelf": Invalid("no")}
    report = passes.of(TOWER, TOWER_SPEC)
    assert ours.writes == ["write color", "write shelf"]
    assert report.held == {"vase": "shelf", "rose": "vase"}


def test_every_error_is_in_the_report(ours: FakeTarget, passes: Passes) -> None:
    ours.failures = {
        "read color": Denied("no look"),
        "write shelf": Invalid("no shelf"),
        "write vase": Invalid("never tried"),
    }
    report = passes.of(TOWER, TOWER_SPEC, known=True)
    assert failures(report) == ["color read: Denied no look", "shelf write: Invalid no shelf"]


def test_a_setting_that_cannot_be_read_is_not_written_and_holds_up_what_comes_after_it(
    ours: FakeTarget, passes: Passes
) -> None:
    ours.failures = {"read switch": Denied("no look")}
    report = passes(SPEC)
    assert ours.writes == ["write color"]
    assert failures(report) == ["switch read: Denied no look"]
    assert report.held == {"rules": "switch"}
    assert "switch" not in report.found


def test_a_removal_is_held_up_by_what_stands_on_it(ours: FakeTarget, passes: Passes) -> None:
    ours.there |= dict.fromkeys(TOWER_SPEC, Color())
    ours.failures = {"remove rose": Unavailable("not now")}
    report = passes(like=replace(KEEP, resource=TOWER), ledger=list(TOWER_SPEC), secure=True)
    assert ours.writes == ["remove rose", "remove color"]
    assert failures(report) == ["rose write: Unavailable not now"]
    assert report.held == {"vase": "rose", "shelf": "vase"}


def test_a_removal_does_not_wait_for_what_it_stands_on(ours: FakeTarget, passes: Passes) -> None:
    ours.there |= dict.fromkeys(TOWER_SPEC, Color())
    ours.failures = {"read shelf": Denied("no look")}
    report = passes(like=replace(KEEP, resource=TOWER), ledger=list(TOWER_SPEC), secure=True)
    assert ours.writes == ["remove rose", "remove vase", "remove color"]
    assert report.held == {}


def test_what_was_written_but_does_not_read_back_is_pending(ours: FakeTarget, passes: Passes) -> None:
    ours.lost = {"write color", "remove rules"}
    ours.there["rules"] = Rules(rules_=("old",))
    report = passes({"color": {"shade": "blue", "depth": 2}, "rules": {"rules": []}})
    assert failures(report) == [
        "rules verify: Pending thing media: rules.rules was written but does not read back yet.",
        "color verify: Pending thing media: color.depth, color.shade was written but does not read back yet.",
    ]
    assert report.done == ()
    assert [change.facet for change in report.left] == ["rules", "color"]


def test_what_cannot_be_read_back_is_not_called_done(ours: FakeTarget, passes: Passes) -> None:
    ours.before = {"write color": lambda: ours.failures.update({"read color": Unavailable("gone dark")})}
    report = passes({"color": {"shade": "blue"}})
    assert failures(report) == ["color read: Unavailable gone dark"]
    assert report.done == ()


def test_an_exception_of_no_class_is_a_bug_and_is_not_swallowed(ours: FakeTarget, passes: Passes) -> None:
    def bug() -> None:
        raise ZeroDivisionError

    ours.before = {"write color": bug}
    with pytest.raises(ZeroDivisionError):
        passes({"color": {"shade": "blue"}})


def test_a_bug_while_reading_on_another_thread_is_not_swallowed(ours: FakeTarget, passes: Passes) -> None:
    def bug() -> None:
        raise ZeroDivisionError

    ours.before = {"read presence": bug}
    with pytest.raises(ZeroDivisionError):
        passes(SPEC, KNOWN)


# What may have been done


@pytest.mark.parametrize(
    ("error", "touched"),
    [
        (Unavailable("lost"), {"color", "rules"}),
        (Denied("no"), {"rules"}),
        (Invalid("no"), {"rules"}),
        (Throttled("slow"), {"color", "rules"}),
        (Pending("busy"), {"rules"}),
    ],
)
def test_of_a_write_that_failed_only_one_whose_answer_got_lost_may_have_been_done(
    ours: FakeTarget, passes: Passes, error: CloudError, touched: set[str]
) -> None:
    ours.failures = {"write color": error}
    report = passes({"color": {"shade": "blue"}, "rules": {"rules": ["quiet"]}})
    assert report.touched == touched


def test_of_the_entries_of_a_shared_map_some_may_be_written_where_others_are_refused(
    ours: FakeTarget, passes: Passes
) -> None:
    ours.failures = {"write labels": Denied("no")}
    assert passes({"labels": {"team": "shop"}}).touched == {"labels"}


@pytest.mark.parametrize(("error", "touched"), [(Unavailable("lost"), {"presence", "labels"}), (None, None)])
def test_what_travels_in_the_create_call_is_as_sure_as_the_call(
    target: FakeTarget, passes: Passes, error: CloudError | None, touched: set[str] | None
) -> None:
    target.failures = {"create presence": error or Denied("no")}
    assert passes({"labels": {"team": "shop"}}).touched == (touched or set())


@pytest.mark.parametrize(
    ("error", "new"),
    [(None, True), (Unavailable("lost"), True), (Denied("no"), False), (Throttled("slow"), True)],
)
def test_a_thing_is_new_where_it_was_made_or_may_have_been(
    target: FakeTarget, passes: Passes, error: CloudError | None, new: bool
) -> None:
    target.failures = {"create presence": error} if error else {}
    assert passes(SPEC).new is new


def test_a_thing_that_was_there_is_not_new_even_where_all_of_it_is_written(
    target: FakeTarget, passes: Passes
) -> None:
    target.there = {"presence": Home()}
    report = passes(SPEC, replace(KEEP, adopt=True))
    assert ("presence" in report.touched, report.new) == (True, False)


@pytest.mark.parametrize("like", [KNOWN, KEEP])
def test_settings_of_a_thing_that_cannot_be_looked_at_tell_nothing(
    ours: FakeTarget, passes: Passes, like: Work
) -> None:
    ours.failures = {"read presence": Unavailable("not now")}
    assert passes(SPEC, like).found == {}


# The thing itself


@pytest.mark.parametrize("like", [KEEP, KNOWN, RELEASE, REMOVE])
@pytest.mark.parametrize("error", [Denied("no"), Unavailable("no"), Throttled("no")])
def test_where_the_thing_cannot_be_looked_at_nothing_is_written(
    ours: FakeTarget, passes: Passes, like: Work, error: CloudError
) -> None:
    ours.failures = {"read presence": error}
    report = passes(SPEC, like)
    assert ours.writes == []
    assert f"presence read: {type(error).__name__} no" in failures(report)
    assert (report.plan.changes, report.left, report.done) == ((), (), ())


def test_a_create_that_fails_holds_up_everything(target: FakeTarget, passes: Passes) -> None:
    target.failures = {"create presence": Invalid("no such place")}
    report = passes(SPEC)
    assert target.writes == ["create presence"]
    assert failures(report) == ["presence write: Invalid no such place"]
    assert (report.done, target.there) == ((), {})


def test_a_create_that_is_answered_for_what_somebody_else_has_is_told_and_nothing_else_is_written(
    target: FakeTarget, passes: Passes
) -> None:
    theirs = {"presence": Home(owner=OTHER), "color": Color()}
    target.before = {"create presence": lambda: target.there.update(theirs)}
    report = passes(SPEC)
    assert target.writes == ["create presence"]
    assert failures(report) == [
        "presence verify: NotOurs thing media belongs to cluster/Thing/shop/other; it is left alone. "
        "Choose another name."
    ]
    assert report.found == {"presence": Home(owner=OTHER)}
    assert target.there == theirs
    assert report.done == ()


def test_a_create_that_is_answered_for_what_nobody_owns_is_refused_without_adoption(
    target: FakeTarget, passes: Passes
) -> None:
    target.before = {"create presence": lambda: target.there.update({"presence": Home()})}
    assert [type(failure.error).__name__ for failure in passes(SPEC).failures] == ["NotOurs"]
    assert target.writes == ["create presence"]


def test_a_create_that_is_answered_for_what_nobody_owns_is_finished_with_adoption(
    target: FakeTarget, passes: Passes
) -> None:
    target.before = {"create presence": lambda: target.there.update({"presence": Home()})}
    report = passes({"color": {}}, replace(KEEP, adopt=True))
    assert target.writes == ["create presence", "write presence", "write color"]
    assert (report.failures, report.left) == ((), ())


def test_a_create_that_is_answered_for_what_is_elsewhere_is_refused_even_with_adoption(
    target: FakeTarget, passes: Passes
) -> None:
    target.before = {"create presence": lambda: target.there.update({"presence": Home(place="there")})}
    report = passes(SPEC, replace(KEEP, adopt=True))
    assert [type(failure.error).__name__ for failure in report.failures] == ["NotOurs"]
    assert target.writes == ["create presence"]


def test_what_was_made_but_does_not_read_back_is_pending_and_its_settings_are_no_news(
    target: FakeTarget, passes: Passes
) -> None:
    target.lost = {"create presence"}
    report = passes(SPEC)
    assert target.writes == ["create presence"]
    assert failures(report) == ["presence verify: Pending thing media was made but does not read back yet."]
    assert (report.done, report.found["presence"]) == ((), ABSENT)


def test_what_was_removed_but_is_still_there_is_pending(ours: FakeTarget, passes: Passes) -> None:
    ours.lost = {"remove presence"}
    report = passes(like=REMOVE)
    assert failures(report) == [
        "presence verify: Pending thing media: presence.owner, presence.place was written but does not read "
        "back yet."
    ]
    assert (report.done, [change.facet for change in report.left]) == ((), ["presence"])


def test_what_cannot_be_removed_stays_and_says_why(ours: FakeTarget, passes: Passes) -> None:
    ours.failures = {"remove presence": NotEmpty("there is still something in it")}
    report = passes(like=REMOVE)
    assert failures(report) == ["presence write: NotEmpty there is still something in it"]
    assert [change.facet for change in report.left] == ["presence"]


# Names that all the world shares


def test_a_refused_look_at_a_name_that_all_share_is_decided_by_the_create_call(
    target: FakeTarget, passes: Passes
) -> None:
    target.failures = {"read presence": LOOK_REFUSED}
    target.before = {"create presence": target.failures.clear}
    report = passes.of(WORLDWIDE, SPEC)
    assert (report.failures, report.left) == ((), ())
    assert target.there["presence"] == Home(owner=ME)


def test_where_all_is_made_but_may_still_not_be_looked_at_that_is_the_error(
    target: FakeTarget, passes: Passes
) -> None:
    target.failures = {"read presence": LOOK_REFUSED}
    report = passes.of(WORLDWIDE, SPEC)
    assert failures(report) == ["presence read: Denied no look for you"]
    assert target.writes == ["create presence"]


def test_where_the_create_call_says_that_it_is_there_the_refused_look_was_the_truth(
    target: FakeTarget, passes: Passes
) -> None:
    target.failures = {"read presence": LOOK_REFUSED, "create presence": Conflict("you have it already")}
    report = passes.of(WORLDWIDE, SPEC)
    assert failures(report) == ["presence read: Denied no look for you"]
    assert (dict(report.found), report.left) == ({}, ())


@pytest.mark.parametrize("error", [Denied("no create for you"), Pending("busy"), Invalid("no such place")])
def test_otherwise_what_the_create_call_says_is_the_error(
    target: FakeTarget, passes: Passes, error: CloudError
) -> None:
    target.failures = {"read presence": LOOK_REFUSED, "create presence": error}
    report = passes.of(WORLDWIDE, SPEC)
    assert failures(report) == [f"presence write: {type(error).__name__} {error.message}"]
    assert (dict(report.found), report.left) == ({}, ()), "it was never seen not to be there"


@pytest.mark.parametrize("refused", [True, False])
def test_before_it_is_made_it_is_told_whether_it_was_seen_not_to_be_there(
    target: FakeTarget, passes: Passes, refused: bool
) -> None:
    target.failures = {"read presence": LOOK_REFUSED} if refused else {}
    told: list[bool] = []
    passes(SPEC, replace(KEEP, resource=WORLDWIDE, before_creation=told.append))
    assert told == [not refused]


@pytest.mark.parametrize(
    "like",
    [
        replace(KNOWN, resource=WORLDWIDE),
        replace(KEEP, resource=WORLDWIDE, write=False),
        replace(RELEASE, resource=WORLDWIDE),
        replace(REMOVE, resource=WORLDWIDE),
        KEEP,
    ],
)
def test_nothing_is_created_in_doubt_where_the_thing_is_known_or_the_look_decides(
    target: FakeTarget, passes: Passes, like: Work
) -> None:
    target.failures = {"read presence": LOOK_REFUSED}
    report = passes({"color": {}}, like)
    assert target.writes == []
    assert "presence read: Denied no look for you" in failures(report)


def test_other_errors_than_a_refusal_decide_nothing(target: FakeTarget, passes: Passes) -> None:
    target.failures = {"read presence": Unavailable("not now")}
    assert failures(passes.of(WORLDWIDE, SPEC)) == ["presence read: Unavailable not now"]
    assert target.writes == []
