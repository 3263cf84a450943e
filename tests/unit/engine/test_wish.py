"""Wishes: spec over preset over default, silence, emptiness, rest, and the ledger."""

from collections.abc import Mapping
from typing import Any

import pytest
from pydantic import ValidationError

from headrace.engine.slices import ABSENT, UNMANAGED
from headrace.engine.wish import Layer, Wish, remembered, remembered_keys, resolve, without_names
from tests.unit.engine.fakes import FACETS, Color, Frame, Labels, Lock, Rules, Switch

Settings = Mapping[str, Mapping[str, Any]]


def wishes(
    spec: Settings, preset: Settings | None = None, *, ledger: tuple[str, ...] = (), secure: bool = True
) -> dict[str, Wish]:
    layers = [Layer("spec", spec), *([Layer("preset", preset)] if preset else [])]
    return resolve(FACETS, layers, frozenset(ledger), secure=secure)


# Layers


def test_every_facet_has_a_wish() -> None:
    assert wishes({}).keys() == {"color", "labels", "lock", "rules", "switch"}


def test_spec_wins_over_preset_field_by_field_and_each_value_keeps_its_source() -> None:
    wish = wishes({"color": {"shade": "blue"}}, {"color": {"shade": "green", "depth": 3}})["color"]
    assert wish == Wish(Color(shade="blue", depth=3), {"shade": "spec", "depth": "preset", "": "default"})


def test_values_within_values_merge_as_deep_as_they_go() -> None:
    wish = wishes({"color": {"frame": {"width": 2}}}, {"color": {"frame": {"style": "thin", "width": 5}}})[
        "color"
    ]
    assert wish.value == Color(frame=Frame(style="thin", width=2))
    assert [wish.source(path) for path in ("frame.width", "frame.style", "shade")] == [
        "spec",
        "preset",
        "default",
    ]


def test_preset_wins_over_the_default() -> None:
    wish = wishes({}, {"lock": {"level": "low"}})["lock"]
    assert wish.value == Lock(level="low")
    assert wish.source("level") == "preset"


def test_a_default_fills_in_what_nobody_says() -> None:
    wish = wishes({"lock": {"keys": ["me"]}})["lock"]
    assert wish.value == Lock(level="high", keys=("me",))
    assert (wish.source("keys"), wish.source("level")) == ("spec", "default")


def test_lists_are_taken_whole_from_the_strongest_source() -> None:
    wish = wishes({"rules": {"rules": ["b"]}}, {"rules": {"rules": ["a"], "strict": True}})["rules"]
    assert wish.value == Rules(rules_=("b",), strict=True)
    assert (wish.source("rules"), wish.source("strict")) == ("spec", "preset")


def test_keys_of_a_shared_map_merge_one_by_one() -> None:
    wish = wishes({"labels": {"a": "spec", "b": "spec"}}, {"labels": {"b": "preset", "c": "preset"}})[
        "labels"
    ]
    assert wish.value == Labels(entries={"a": "spec", "b": "spec", "c": "preset"})
    assert [wish.source(f"[{key}]") for key in "abc"] == ["spec", "spec", "preset"]


def test_a_facet_that_is_named_without_a_value_takes_those_of_its_model() -> None:
    assert wishes({"switch": {}})["switch"] == Wish(Switch(enabled=True), {"": "default"})


def test_what_makes_no_slice_is_refused() -> None:
    with pytest.raises(ValidationError, match="depth"):
        wishes({"color": {"depth": 10}})


# Silence


def test_silence_means_the_default_where_there_is_one() -> None:
    assert wishes({})["lock"] == Wish(Lock(), {"level": "default", "": "default"})


@pytest.mark.parametrize("facet", ["color", "labels", "rules", "switch"])
def test_silence_leaves_a_setting_without_a_default_alone(facet: str) -> None:
    assert wishes({})[facet] == Wish(UNMANAGED)


def test_without_defaults_silence_leaves_everything_alone() -> None:
    assert {wish.value for wish in wishes({}, secure=False).values()} == {UNMANAGED}


def test_without_defaults_what_is_said_still_counts() -> None:
    wish = wishes({"lock": {"keys": ["me"]}}, secure=False)["lock"]
    assert wish.value == Lock(level="high", keys=("me",))
    assert (wish.source("keys"), wish.source("level")) == ("spec", "default")


def test_what_we_once_set_and_is_taken_out_of_spec_is_to_go() -> None:
    assert wishes({}, ledger=("color",))["color"] == Wish(ABSENT, {"": "taken out of spec"})


def test_what_we_once_set_goes_back_to_its_default_where_it_has_one() -> None:
    wish = wishes({}, ledger=("lock",))["lock"]
    assert (wish.value, wish.source("level")) == (Lock(), "default")


def test_what_we_once_set_goes_to_rest_where_it_cannot_be_taken_away() -> None:
    wish = wishes({}, ledger=("switch",))["switch"]
    assert wish == Wish(Switch(enabled=False), {"": "taken out of spec"})


def test_keys_that_we_once_set_are_to_go_and_the_map_stays() -> None:
    assert wishes({}, ledger=("labels[a]",))["labels"] == Wish(Labels(), {"": "taken out of spec"})


@pytest.mark.parametrize("entry", ["color", "labels[a]", "switch", "lock"])
def test_without_defaults_what_we_once_set_is_left_alone(entry: str) -> None:
    assert wishes({}, ledger=(entry,), secure=False)[entry.split("[", maxsplit=1)[0]] == Wish(UNMANAGED)


def test_the_ledger_of_one_setting_says_nothing_of_another() -> None:
    assert wishes({}, ledger=("colors", "rulesbook"))["color"] == Wish(UNMANAGED)


# Emptiness


def test_an_empty_value_says_that_it_must_not_be_there() -> None:
    assert wishes({"rules": {"rules": []}})["rules"] == Wish(ABSENT, {"rules": "spec", "": "spec"})


def test_an_empty_value_wins_over_a_preset() -> None:
    wish = wishes({"rules": {"rules": []}}, {"rules": {"rules": ["a"], "strict": True}})["rules"]
    assert wish.value is ABSENT
    assert [wish.source(path) for path in ("rules", "strict", "other")] == ["spec", "preset", "spec"]


def test_an_empty_map_asks_for_no_key_and_forbids_none() -> None:
    wish = wishes({"labels": {}}, ledger=("labels[a]",))["labels"]
    assert wish.value == Labels()
    assert wish.source("[a]") == "taken out of spec"


def test_a_key_that_goes_was_taken_out_of_spec_whatever_else_is_said() -> None:
    wish = wishes({"labels": {"b": "2"}}, ledger=("labels[a]", "labels[b]"))["labels"]
    assert (wish.source("[a]"), wish.source("[b]")) == ("taken out of spec", "spec")


# The ledger


def test_the_ledger_names_facets_and_the_keys_of_shared_maps() -> None:
    made = wishes({"color": {"depth": 1}, "labels": {"a": "1", "b.c/d": "2"}, "switch": {}})
    assert remembered(made) == {"color", "labels[a]", "labels[b.c/d]", "lock", "switch"}


def test_the_ledger_does_not_name_what_must_not_be_there() -> None:
    assert remembered(wishes({"rules": {"rules": []}})) == {"lock"}


def test_the_ledger_forgets_what_was_put_to_rest_or_removed() -> None:
    ledger = ("color", "labels[a]", "switch")
    assert remembered(wishes({}, ledger=ledger)) == {"lock"}


def test_what_is_at_rest_because_spec_says_so_is_remembered() -> None:
    assert "switch" in remembered(wishes({"switch": {"enabled": False}}))


def test_the_ledger_that_wishes_make_is_understood_when_they_are_gone() -> None:
    ledger = remembered(wishes({"color": {}, "rules": {"rules": ["a"]}, "labels": {"a": "1", "b": "2"}}))
    after = resolve(FACETS, [], ledger, secure=True)
    assert {name: wish.value for name, wish in after.items()} == {
        "color": ABSENT,
        "rules": ABSENT,
        "labels": Labels(),
        "lock": Lock(),
        "switch": UNMANAGED,
    }
    assert remembered_keys(ledger, "labels") == {"a", "b"}


def test_keys_are_remembered_for_their_own_map_only() -> None:
    ledger = frozenset({"labels[a]", "label[b]", "labels", "tags[c]", "labels[d[0]]"})
    assert remembered_keys(ledger, "labels") == {"a", "d[0]"}


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("versioning.enabled", "versioning.enabled"),
        ("policy", "policy"),
        ("lifecycle.rules[cool-down].prefix", "lifecycle.rules[].prefix"),
        ("behaviors[/api/*].cachePolicyID", "behaviors[].cachePolicyID"),
        ("lifecycle.rules[a].b].prefix", "lifecycle.rules[].prefix"),
        ("tags[team]", "tags"),
        ("tags[a: b]", "tags"),
        ("tags[a].b[c]]", "tags"),
        ("tags[cut of", "tags"),
        ("dns/cdn.example.com: aliasRecords", "dns: aliasRecords"),
        ("access-control: settings.signing", "access-control: settings.signing"),
        ("", ""),
    ],
)
def test_a_path_without_the_names_that_users_give(path: str, expected: str) -> None:
    assert without_names(path) == expected
