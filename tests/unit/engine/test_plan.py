"""Plans: what differs, in the order of doing it, and as text."""

from collections.abc import Mapping
from textwrap import dedent
from typing import Any

from headrace.engine.plan import FieldChange, Plan, Verb, compare
from headrace.engine.slices import ABSENT, UNMANAGED, Missing, Slice
from headrace.engine.wish import Layer, Wish, resolve
from tests.unit.engine.fakes import (
    FACETS,
    ME,
    THING,
    Color,
    ColorFacet,
    Frame,
    Home,
    HomeFacet,
    Labels,
    Lock,
    Rules,
    RulesFacet,
    Switch,
    SwitchFacet,
    thing,
)

Found = Mapping[str, Slice | Missing]
HOME = Home(owner=ME)


def plan(found: Found, spec: Mapping[str, Any], *ledger: str, root: Slice | Missing = HOME) -> Plan:
    """Compare what was found with a spec, without defaults."""
    wishes = resolve(FACETS, [Layer("spec", spec)], frozenset(ledger), secure=False)
    said = {"presence": Wish(root, {"": "spec"}), **wishes}
    return compare(THING, "media", said, found, frozenset(ledger))


def text(expected: str) -> str:
    return dedent(expected).strip()


def test_nothing_to_do_reads_as_a_sum() -> None:
    found = {"presence": HOME, "color": Color()}
    assert plan(found, {"color": {"shade": "red"}}).text() == text(
        """
        fake/thing media
          0 to create, 0 to change, 0 to remove, 1 in sync
        """
    )


def test_a_new_resource_is_made_before_all_its_settings() -> None:
    found: Found = dict.fromkeys(("presence", "color", "rules", "switch", "lock"), ABSENT)
    spec = {
        "rules": {"rules": ["quiet"]},
        "switch": {"enabled": True},
        "color": {"shade": "blue", "depth": 2},
    }
    assert plan(found, spec).text() == text(
        """
        fake/thing media
          + presence.owner: cluster/Thing/shop/media (spec)
          + presence.place: here (spec)
          + color.depth: 2 (spec)
          + color.shade: blue (spec)
          + switch.enabled: true (spec)
          + rules.rules: ["quiet"] (spec)
          4 to create, 0 to change, 0 to remove, 0 in sync
        """
    )


def test_removals_come_first_and_the_last_facet_goes_first() -> None:
    found = {
        "presence": Home(owner=ME, retained_by=ME),
        "color": Color(depth=4),
        "lock": Lock(),
        "rules": Rules(rules_=("quiet",)),
        "switch": Switch(enabled=True),
    }
    wishes = {
        "presence": Wish(HOME, {"": "spec"}),
        "color": Wish(ABSENT, {"": "taken out of spec"}),
        "lock": Wish(Lock(level="low"), {"level": "preset"}),
        "rules": Wish(ABSENT, {"": "taken out of spec"}),
        "switch": Wish(Switch(enabled=False), {"": "taken out of spec"}),
    }
    assert compare(THING, "media", wishes, found).text() == text(
        """
        fake/thing media
          - rules.rules: ["quiet"] (taken out of spec)
          - color.depth: 4 (taken out of spec)
          - color.shade: red (taken out of spec)
          ~ presence.retainedBy: cluster/Thing/shop/media -> absent (spec)
          ~ lock.level: high -> low (preset)
          ~ switch.enabled: true -> false (taken out of spec)
          0 to create, 3 to change, 2 to remove, 0 in sync
        """
    )


def test_where_the_root_goes_the_rest_goes_with_it() -> None:
    found = {"presence": HOME, "color": Color(), "rules": Rules(rules_=("quiet",))}
    gone = plan(found, {"color": {"shade": "blue"}, "rules": {"rules": []}}, root=ABSENT)
    assert gone.text() == text(
        """
        fake/thing media
          - presence.owner: cluster/Thing/shop/media (spec)
          - presence.place: here (spec)
          0 to create, 0 to change, 1 to remove, 0 in sync
        """
    )


def test_facets_are_written_in_the_order_of_after_and_otherwise_of_their_names() -> None:
    assert [facet.name for facet in THING.facets] == ["color", "labels", "lock", "switch", "rules"]


def test_the_order_does_not_depend_on_how_facets_are_found() -> None:
    forwards = [facet.name for facet in thing(RulesFacet(), SwitchFacet(), ColorFacet()).facets]
    backwards = [facet.name for facet in thing(ColorFacet(), SwitchFacet(), RulesFacet()).facets]
    assert forwards == backwards == ["color", "switch", "rules"]


def test_after_may_name_the_root_which_always_comes_first() -> None:
    class LateColor(ColorFacet):
        after = ("presence", "switch")

    assert [facet.name for facet in thing(LateColor(), SwitchFacet()).facets] == ["switch", "color"]


def test_a_resource_type_knows_its_members_by_name() -> None:
    assert THING.members()[0] is THING.root
    assert isinstance(THING.facet("presence"), HomeFacet)
    assert isinstance(THING.facet("color"), ColorFacet)


def test_each_change_says_what_it_does() -> None:
    found: Found = {
        "presence": HOME,
        "color": ABSENT,
        "rules": Rules(rules_=("a",)),
        "switch": Switch(enabled=True),
    }
    changes = plan(found, {"color": {}, "rules": {"rules": []}, "switch": {"enabled": False}}).changes
    assert [(change.facet, change.verb) for change in changes] == [
        ("rules", Verb.REMOVE),
        ("color", Verb.CREATE),
        ("switch", Verb.CHANGE),
    ]


def test_fields_of_all_changes_are_sorted_by_path() -> None:
    found: Found = {
        "presence": HOME,
        "color": Color(depth=1),
        "switch": Switch(enabled=True),
        "rules": ABSENT,
    }
    spec = {"switch": {"enabled": False}, "rules": {"rules": ["a"]}, "color": {"shade": "blue"}}
    assert plan(found, spec).fields == (
        FieldChange("color.depth", "1", "absent", "default"),
        FieldChange("color.shade", "red", "blue", "spec"),
        FieldChange("rules.rules", "absent", '["a"]', "spec"),
        FieldChange("switch.enabled", "true", "false", "spec"),
    )


def test_values_within_values_are_told_by_their_whole_path() -> None:
    found: Found = {"presence": HOME, "color": Color(frame=Frame(style="thin"))}
    assert plan(found, {"color": {"frame": {"width": 3}}}).fields == (
        FieldChange("color.frame.style", "thin", "absent", "default"),
        FieldChange("color.frame.width", "1", "3", "spec"),
    )


# What is left out


def test_what_was_not_read_is_left_out() -> None:
    assert plan({"presence": HOME}, {"color": {}}).changes == ()


def test_what_is_unmanaged_is_left_out_even_where_it_was_read() -> None:
    made = compare(
        THING,
        "media",
        {"color": Wish(UNMANAGED), "presence": Wish(HOME)},
        {"color": Color(), "presence": HOME, "lock": Lock()},
    )
    assert (made.changes, made.in_sync) == ((), 0)


def test_what_the_cloud_fills_in_is_no_drift() -> None:
    made = plan({"presence": HOME, "lock": Lock(keys=("porter",))}, {"lock": {"level": "high"}})
    assert (made.changes, made.in_sync) == ((), 1)


def test_what_the_cloud_filled_in_goes_along_when_something_else_is_written() -> None:
    made = plan({"presence": HOME, "lock": Lock(keys=("porter",))}, {"lock": {"level": "low"}})
    assert made.changes[0].after == Lock(level="low", keys=("porter",))
    assert [field.field for field in made.fields] == ["lock.level"]


def test_what_we_say_of_such_a_field_is_compared() -> None:
    made = plan({"presence": HOME, "lock": Lock(keys=("porter",))}, {"lock": {"keys": []}})
    assert made.fields == (FieldChange("lock.keys", '["porter"]', "[]", "spec"),)


# Keyed maps


def test_keys_of_others_are_no_drift() -> None:
    found = {"presence": HOME, "labels": Labels(entries={"a": "1", "theirs": "x"})}
    assert plan(found, {"labels": {"a": "1"}}).changes == ()


def test_keys_that_the_ledger_knows_go_and_those_of_others_are_not_even_named() -> None:
    found = {"presence": HOME, "labels": Labels(entries={"a": "1", "b": "2", "c": "3", "theirs": "x"})}
    made = plan(found, {"labels": {"b": "new", "d": "4"}}, "labels[a]", "labels[b]", "labels[gone]")
    assert made.text() == text(
        """
        fake/thing media
          ~ labels[a]: 1 -> absent (taken out of spec)
          ~ labels[b]: 2 -> new (spec)
          ~ labels[d]: absent -> 4 (spec)
          0 to create, 1 to change, 0 to remove, 0 in sync
        """
    )
    (change,) = made.changes
    assert change.before == Labels(entries={"a": "1", "b": "2"})
    assert change.after == Labels(entries={"b": "new", "d": "4"})


def test_without_a_ledger_no_key_goes() -> None:
    found = {"presence": HOME, "labels": Labels(entries={"a": "1"})}
    assert plan(found, {"labels": {}}).changes == ()


def test_the_same_sight_gives_the_same_text() -> None:
    found = {"presence": HOME, "labels": Labels(entries={"b": "2", "a": "1"}), "color": Color()}
    turned = dict(reversed(found.items()))
    spec = {"labels": {"a": "9", "b": "9"}, "color": {"shade": "blue"}}
    assert plan(found, spec).text() == plan(turned, dict(reversed(spec.items()))).text()
