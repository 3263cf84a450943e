"""Slices: names, paths and texts of their fields, emptiness, and maps that are shared with others."""

from typing import Any

import pytest
from pydantic import ValidationError

from headrace.engine.slices import ABSENT, camel, field_path, leaves, text_of
from tests.unit.engine.fakes import Color, Labels, Lock, Rules


@pytest.mark.parametrize(
    ("python", "api"),
    [
        ("enabled", "enabled"),
        ("kms_key_arn", "kmsKeyARN"),
        ("hosted_zone_id", "hostedZoneID"),
        ("block_public_acls", "blockPublicACLs"),
        ("id", "id"),
        ("arn", "arn"),
        ("endpoint_url", "endpointURL"),
    ],
)
def test_names_become_those_of_the_api(python: str, api: str) -> None:
    assert camel(python) == api


def test_a_slice_cannot_be_changed() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Color().shade = "blue"  # type: ignore[misc]  # the very thing that must fail


def test_a_slice_takes_nothing_that_it_does_not_know() -> None:
    with pytest.raises(ValidationError, match="size"):
        Color.model_validate({"size": 3})


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ({"a": 1, "b": {"c": "x", "d": None}}, [("a", 1), ("b.c", "x")]),
        ({"rules": [{"id": "a"}]}, [("rules", [{"id": "a"}])]),
        ({}, []),
        (None, []),
        ("bare", [("", "bare")]),
    ],
)
def test_leaves_are_what_is_no_object_and_lists_are_one_value(
    value: Any, found: list[tuple[str, Any]]
) -> None:
    assert list(leaves(value)) == found


@pytest.mark.parametrize(
    ("value", "text"),
    [("raw/", "raw/"), (True, "true"), (3, "3"), ([], "[]"), ([{"b": 1, "a": "x"}], '[{"a":"x","b":1}]')],
)
def test_values_read_as_a_person_would_write_them(value: Any, text: str) -> None:
    assert text_of(value) == text


@pytest.mark.parametrize(
    ("field", "path"), [("enabled", "it.enabled"), ("[a.b/c]", "it[a.b/c]"), ("", "it"), ("a.b", "it.a.b")]
)
def test_paths_name_the_facet_and_the_field(field: str, path: str) -> None:
    assert field_path("it", field) == path


def test_fields_leave_out_what_is_not_set() -> None:
    assert Color().fields() == {"shade": "red"}
    assert Color(depth=0).fields() == {"shade": "red", "depth": "0"}


def test_values_that_are_newer_than_the_model_are_shown_without_a_warning() -> None:
    newer: dict[str, Any] = {"level": ("new", "shape"), "keys": None}
    assert Lock.model_construct(**newer).fields() == {"level": '["new","shape"]'}


def test_only_slices_that_say_so_are_empty() -> None:
    assert Rules().is_empty()
    assert not Rules(rules_=("quiet",)).is_empty()
    assert not Labels().is_empty()


def test_what_the_cloud_fills_in_is_taken_over_only_where_we_are_silent() -> None:
    found = Lock(level="low", keys=("porter",))
    assert Lock().completed(found) == Lock(keys=("porter",))
    assert Lock(keys=("me",)).completed(found) == Lock(keys=("me",))
    assert Lock().completed(ABSENT) == Lock()


def test_slices_without_such_fields_are_completed_by_nothing() -> None:
    assert Color().completed(Color(shade="blue", depth=2)) == Color()


# Keyed slices


def test_a_keyed_slice_is_written_as_the_map_itself() -> None:
    labels = Labels.model_validate({"a": "1"})
    assert labels.entries == {"a": "1"}
    assert labels.model_dump(mode="json", by_alias=True) == {"a": "1"}
    assert Labels.model_validate_json(labels.model_dump_json()) == labels


def test_a_key_that_is_called_entries_is_a_key_like_any_other() -> None:
    labels = Labels.model_validate({"entries": "x"})
    assert labels.entries == {"entries": "x"}
    assert Labels.model_validate(labels.model_dump()) == labels


def test_a_keyed_slice_is_made_from_one_as_well() -> None:
    labels = Labels.model_validate({"a": "1"})
    assert Labels.model_validate(labels) == labels


@pytest.mark.parametrize("wrong", [["a"], "a", {"a": {"b": "c"}}, {"a": None}, None])
def test_a_keyed_slice_is_a_map_of_texts_and_nothing_else(wrong: Any) -> None:
    with pytest.raises(ValidationError):
        Labels.model_validate(wrong)


def test_fields_of_a_map_are_its_keys_in_brackets_sorted() -> None:
    assert Labels(entries={"b": "2", "a.b/c": "1"}).fields() == {"[a.b/c]": "1", "[b]": "2"}


def test_a_map_can_be_cut_down_to_our_keys() -> None:
    assert Labels(entries={"a": "1", "b": "2"}).only(["b", "c"]) == Labels(entries={"b": "2"})
