"""Fields that are left alone: which paths a pattern covers, and what becomes of the wish."""

from dataclasses import replace

import pytest

from headrace.engine.ignore import Ignored
from headrace.engine.ownership import Presence
from headrace.engine.slices import ABSENT
from headrace.engine.work import Report
from tests.unit.engine.fakes import ME, OTHER, Color, FakeTarget, Frame, Home, Labels, Rules, Switch
from tests.unit.engine.passes import KEEP, OBSERVE, Passes, failures

HOME = Home(owner=ME)


@pytest.mark.parametrize(
    ("pattern", "path", "covered"),
    [
        ("tags", "tags", True),
        ("tags", "tags[team]", True),
        ("tags", "tagsets", False),
        ("tags[team]", "tags[team]", True),
        ("tags[team]", "tags", False),
        ("tags[cost-*]", "tags[cost-center]", True),
        ("tags[cost-*]", "tags[low-cost-x]", False),
        ("tags[a.b/c]", "tags[a.b/c]", True),
        ("encryption.*", "encryption.kmsKeyARN", True),
        ("encryption.*", "encryption", False),
        ("color", "color.frame.style", True),
        ("color.frame", "color.frame.style", True),
        ("*.enabled", "versioning.enabled", True),
        ("*.enabled", "versioning.enabledAt", False),
        ("*", "anything.at[all]", True),
        ("a+b", "aab", False),
        ("a.b", "axb", False),
    ],
)
def test_a_pattern_covers_a_path_and_what_is_below_it(pattern: str, path: str, covered: bool) -> None:
    assert (path in Ignored([pattern])) is covered


def test_nothing_is_ignored_where_nothing_is_named() -> None:
    assert not Ignored()
    assert Ignored(["tags"])
    assert Ignored().left_alone("color", Color(shade="blue"), Color()) == Color(shade="blue")


def test_a_field_keeps_what_was_found_and_the_others_are_as_wished() -> None:
    wanted, found = Color(shade="blue", depth=3), Color(shade="red", depth=7)
    assert Ignored(["color.depth"]).left_alone("color", wanted, found) == Color(shade="blue", depth=7)


def test_a_field_that_is_not_there_stays_away() -> None:
    left = Ignored(["color.depth"]).left_alone("color", Color(depth=3), Color())
    assert left.model_dump()["depth"] is None


def test_a_field_inside_another_is_left_alone_by_itself() -> None:
    wanted = Color(frame=Frame(style="plain", width=2))
    found = Color(frame=Frame(style="gold", width=5))
    left = Ignored(["color.frame.style"]).left_alone("color", wanted, found)
    assert left == Color(frame=Frame(style="gold", width=2))


def test_a_field_is_named_as_the_api_names_it() -> None:
    left = Ignored(["rules.rules"]).left_alone(
        "rules", Rules(rules_=("a",)), Rules(rules_=("b",), strict=True)
    )
    assert left == Rules(rules_=("b",))


def test_entries_of_a_map_are_left_alone_one_by_one_be_they_there_or_not() -> None:
    wanted = Labels(entries={"cost-a": "1", "cost-b": "2", "team": "shop"})
    found = Labels(entries={"cost-a": "9", "cost-c": "3", "team": "old"})
    left = Ignored(["labels[cost-*]"]).left_alone("labels", wanted, found)
    assert left == Labels(entries={"cost-a": "9", "cost-c": "3", "team": "shop"})


def test_what_is_not_there_at_all_is_made_as_wished() -> None:
    assert Ignored(["color.depth"]).left_alone("color", Color(depth=3), ABSENT) == Color(depth=3)


def test_what_the_cloud_has_may_be_newer_than_our_model() -> None:
    found = Color.model_construct(shade="a name that is far longer than twenty characters", depth=70)
    left = Ignored(["color.shade"]).left_alone("color", Color(depth=3), found)
    assert left.fields()["shade"] == "a name that is far longer than twenty characters"
    assert left.fields()["depth"] == "3"


# In a pass


@pytest.fixture
def standing(target: FakeTarget) -> FakeTarget:
    """A thing of ours, which somebody painted and switched off."""
    target.there = {"presence": HOME, "color": Color(shade="grey", depth=5), "switch": Switch(enabled=False)}
    return target


SPEC = {"color": {"shade": "blue", "depth": 1}, "switch": {"enabled": True}}


def ignoring(passes: Passes, *paths: str, observe: bool = False) -> Report:
    like = OBSERVE if observe else KEEP
    return passes(SPEC, replace(like, ignored=Ignored(paths), known=True))


def test_a_facet_that_is_ignored_is_neither_read_nor_written(standing: FakeTarget, passes: Passes) -> None:
    report = ignoring(passes, "color")
    assert standing.reads == ["presence", "switch", "switch"]
    assert standing.writes == ["write switch"]
    assert report.left == ()


def test_a_field_that_is_ignored_is_no_change_and_survives_the_change_of_another(
    standing: FakeTarget, passes: Passes
) -> None:
    report = ignoring(passes, "color.depth")
    assert [field.field for field in report.plan.fields] == ["color.shade", "switch.enabled"]
    assert standing.there["color"] == Color(shade="blue", depth=5)
    assert failures(report) == []


def test_where_only_ignored_fields_differ_nothing_is_written(standing: FakeTarget, passes: Passes) -> None:
    assert ignoring(passes, "*.shade", "color.depth", "switch.*").plan.changes == ()
    assert standing.writes == []


def test_observing_leaves_them_out_too(standing: FakeTarget, passes: Passes) -> None:
    report = ignoring(passes, "color", observe=True)
    assert [field.field for field in report.left[0].fields] == ["switch.enabled"]


def test_what_has_to_be_made_anew_is_made_whole(target: FakeTarget, passes: Passes) -> None:
    report = ignoring(passes, "color", "switch.enabled")
    assert failures(report) == []
    assert target.there == {"presence": HOME, "color": Color(shade="blue", depth=1), "switch": Switch()}


@pytest.mark.parametrize("there", [Home(owner=None, retained_by=ME), Home(owner=OTHER)])
def test_whose_it_is_can_never_be_ignored(target: FakeTarget, passes: Passes, there: Presence) -> None:
    target.there = {"presence": there}
    report = ignoring(passes, "*", "presence", "presence.owner")
    if there.owner is None:
        assert target.there["presence"] == HOME
    else:
        assert target.writes == []
        assert len(report.failures) == 1
