from collections.abc import Iterator, Mapping
from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Any, ClassVar, Literal, Optional

import pytest
from pydantic import ConfigDict, Field, create_model
from pydantic.config import JsonDict

from headrace.engine.slices import ApiModel, KeyedSlice, Rule
from headrace.kinds.common import CommonSpec
from headrace.kinds.crd import custom_resource_definition, object_schema
from headrace.kinds.registry import KINDS
from headrace.kinds.schema import FILLED_IN, OPERATORS_DEFAULT, SchemaError, in_words, structural_schema

Short = Annotated[str, Field(max_length=8)]


class Inner(ApiModel):
    """The words of the class."""

    size: int | None = Field(None, ge=1, description="How large.")


class Colour(StrEnum):
    """What there is to choose from."""

    RED = "red"
    BLUE = "blue"


def field(annotation: Any, default: Any = ..., **extra: Any) -> dict[str, Any]:
    """Return the schema of a field of this type, without its description."""
    model = model_with(annotation, default, **extra)
    schema: dict[str, Any] = structural_schema(model)["properties"]["field"]
    assert schema.pop("description") == "Words."
    return schema


def model_with(annotation: Any, default: Any = ..., **extra: Any) -> type[ApiModel]:
    """Return a model with one field of this type."""
    return create_model(
        "Tiny", __base__=ApiModel, field=(annotation, Field(default, description="Words.", **extra))
    )


def nodes(schema: Mapping[str, Any], path: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Walk a schema and all that is in it."""
    yield path, schema
    for name, inner in schema.get("properties", {}).items():
        yield from nodes(inner, f"{path}.{name}")
    for key in ("items", "additionalProperties"):
        if key in schema:
            yield from nodes(schema[key], f"{path}[]")


@pytest.mark.parametrize(
    ("annotation", "extra", "expected"),
    [
        (bool, {}, {"type": "boolean"}),
        (int, {"gt": 0, "lt": 10}, {"type": "integer", "minimum": 1, "maximum": 9}),
        (float, {"ge": 0.5}, {"type": "number", "minimum": 0.5}),
        (str, {"max_length": 3, "pattern": "^a+$"}, {"type": "string", "pattern": "^a+$", "maxLength": 3}),
        (Literal["a"], {}, {"type": "string", "enum": ["a"]}),
        (Literal["b", "a"], {}, {"type": "string", "enum": ["b", "a"]}),
        (Colour, {}, {"type": "string", "enum": ["red", "blue"]}),
        (
            tuple[Short, ...],
            {"max_length": 2},
            {"type": "array", "maxItems": 2, "items": {"type": "string", "maxLength": 8}},
        ),
        (
            frozenset[Literal["a", "b"]],
            {"max_length": 2},
            {
                "type": "array",
                "x-kubernetes-list-type": "set",
                "maxItems": 2,
                "items": {"type": "string", "enum": ["a", "b"]},
            },
        ),
        (
            Inner,
            {},
            {
                "type": "object",
                "properties": {"size": {"description": "How large.", "type": "integer", "minimum": 1}},
            },
        ),
    ],
)
def test_what_has_a_structural_schema_gets_it(
    annotation: Any, extra: dict[str, Any], expected: dict[str, Any]
) -> None:
    assert field(annotation, **extra) == expected


def test_a_field_that_may_be_none_is_not_required_and_has_no_default() -> None:
    schema = structural_schema(model_with(Optional[Short]))  # noqa: UP045  # as old code writes it

    assert "required" not in schema
    assert schema["properties"]["field"] == {"description": "Words.", "type": "string", "maxLength": 8}
    assert "default" not in field(Inner | None, None)


def test_a_field_without_a_default_is_required() -> None:
    assert structural_schema(model_with(bool))["required"] == ["field"]


def test_the_words_of_a_field_win_over_those_of_its_class() -> None:
    class Both(ApiModel):
        plain: Inner
        described: Inner = Field(description="The words of the field.")

    properties = structural_schema(Both)["properties"]

    assert properties["plain"]["description"] == "The words of the class."
    assert properties["described"]["description"] == "The words of the field."


def test_what_people_do_not_need_is_dropped() -> None:
    assert field(Short, title="T", examples=["x"], deprecated=True) == {"type": "string", "maxLength": 8}


def test_a_map_says_how_long_its_keys_may_be_in_a_rule() -> None:
    keys = Annotated[str, Field(min_length=1, max_length=5)]

    assert field(Mapping[keys, Short], max_length=9) == {
        "type": "object",
        "maxProperties": 9,
        "additionalProperties": {"type": "string", "maxLength": 8},
        "x-kubernetes-validations": [
            {
                "message": "keys have 1 to 5 characters",
                "rule": "self.all(key, size(key) >= 1 && size(key) <= 5)",
            }
        ],
    }


class Labels(KeyedSlice):
    """Labels by key."""

    rules: ClassVar[tuple[Rule, ...]] = (Rule("size(self) < 3", "at most two labels"),)

    entries: Mapping[Short, Short] = Field(default_factory=dict, max_length=3)


def test_a_keyed_slice_is_the_map_that_it_wraps_with_its_rules() -> None:
    schema = structural_schema(model_with(Labels | None, None))["properties"]["field"]

    assert schema["additionalProperties"] == {"type": "string", "maxLength": 8}
    assert schema["maxProperties"] == 3
    assert [rule["message"] for rule in schema["x-kubernetes-validations"]] == [
        "at most two labels",
        "keys have 0 to 8 characters",
    ]
    assert "properties" not in schema


def test_a_keyed_slice_describes_itself_where_its_field_does_not() -> None:
    model = create_model("Tiny", __base__=ApiModel, field=(Labels, Labels()))

    assert structural_schema(model)["properties"]["field"]["description"] == "Labels by key."


def test_rules_are_attached_to_the_object_that_carries_them() -> None:
    class Ruled(Inner):
        """A size that is even."""

        rules: ClassVar[tuple[Rule, ...]] = (
            Rule("!has(self.size) || self.size % 2 == 0", "size is even", ".size"),
        )

    outer = structural_schema(model_with(Ruled))

    assert "x-kubernetes-validations" not in outer
    assert outer["properties"]["field"]["x-kubernetes-validations"] == [
        {"fieldPath": ".size", "message": "size is even", "rule": "!has(self.size) || self.size % 2 == 0"}
    ]


def test_only_the_defaults_of_marked_fields_are_filled_in_and_the_others_are_told() -> None:
    class Defaulted(ApiModel):
        marked: bool = Field(True, json_schema_extra=FILLED_IN, description="One.")
        plain: bool = Field(True, description="Two.")
        silent: Inner = Field(Inner(), description="Three.")

    kept = structural_schema(Defaulted)["properties"]
    told = in_words(structural_schema(Defaulted))["properties"]
    dropped = structural_schema(Defaulted, tell_defaults=False)["properties"]

    assert (kept["marked"]["default"], kept["plain"][OPERATORS_DEFAULT]) == (True, True)
    assert told["marked"] == {"description": "One.", "type": "boolean", "default": True}
    assert told["plain"] == {"description": "Two. Default: true.", "type": "boolean"}
    assert told["silent"]["description"] == "Three. Default: {}."
    assert dropped["plain"] == {"description": "Two.", "type": "boolean"}


def test_nulls_inside_a_default_are_dropped() -> None:
    schema = field(tuple[Inner, ...], (Inner(), Inner(size=2)), max_length=2)

    assert schema[OPERATORS_DEFAULT] == [{}, {"size": 2}]


def test_defaults_inside_lists_and_maps_are_told_too() -> None:
    class Deep(ApiModel):
        """Some depth."""

        on: bool = Field(False, description="Whether.")

    told = in_words(structural_schema(model_with(tuple[Deep, ...], max_length=2)))

    assert (
        told["properties"]["field"]["items"]["properties"]["on"]["description"] == "Whether. Default: false."
    )


MAP_LIST: JsonDict = {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["id"]}


@pytest.mark.parametrize(
    "extra", [{}, {"default": "a", "json_schema_extra": FILLED_IN}], ids=["required", "filled in"]
)
def test_list_keys_that_are_never_missing_are_kept(extra: dict[str, Any]) -> None:
    item = create_model("Item", __base__=ApiModel, id=(Short, Field(description="Its key.", **extra)))

    schema = field(tuple[item, ...], max_length=2, json_schema_extra=MAP_LIST)

    assert schema["x-kubernetes-list-map-keys"] == ["id"]


class Looped(ApiModel):
    """Contains itself."""

    again: "Looped | None" = Field(None, description="Once more.")


class Loose(ApiModel):
    """Takes what it does not know."""

    model_config = ConfigDict(extra="allow")


class Keyless(ApiModel):
    """Its key may be missing."""

    id: Short | None = Field(None, description="Its key.")


@pytest.mark.parametrize(
    ("annotation", "extra", "sentence"),
    [
        (str, {}, "a string needs max_length"),
        (str, {"pattern": "^a$"}, "a string needs max_length"),
        (tuple[Short, ...], {}, "a list needs max_length"),
        (tuple[str, ...], {"max_length": 2}, "a string needs max_length"),
        (dict[Short, Short], {}, "a map needs max_length"),
        (dict[str, Short], {"max_length": 2}, "keys need max_length"),
        (dict[Annotated[str, Field(max_length=2, pattern="^a$")], Short], {"max_length": 2}, "keys"),
        (int | Short, {}, "union"),
        (int | Short | None, {}, "union"),
        (tuple[Short | None, ...], {"max_length": 2}, "None inside a list"),
        (tuple[int, bool], {}, "tuple of fixed length"),
        (Any, {}, "free-form"),
        (dict[Short, Any], {"max_length": 2}, "free-form"),
        (Loose, {}, "free-form"),
        (Literal["a", 1], {}, "free-form"),
        (timedelta, {}, "formats"),
        (float, {"gt": 0}, "open bounds"),
        (int, {"le": 2**63}, "64-bit float"),
        (str, {"max_length": 3, "pattern": r"^\d$"}, "read differently"),
        (object, {}, "free-form"),
        (type[Inner], {}, "no JSON schema|free-form"),
        (Looped, {}, "contains itself"),
        (tuple[Keyless, ...], {"max_length": 2, "json_schema_extra": MAP_LIST}, "list key id"),
        (Short, {"json_schema_extra": {"x-kubernetes-embedded-resource": True}}, "embedded-resource"),
        (Short, {"json_schema_extra": FILLED_IN}, "has no default"),
        (Short, {"default": "far too long"}, "not valid for the field itself"),
        (tuple[Short, ...], {"default_factory": tuple, "max_length": 2}, "default_factory"),
    ],
)
def test_what_has_no_structural_schema_is_refused_by_the_name_of_its_field(
    annotation: Any, extra: dict[str, Any], sentence: str
) -> None:
    model = create_model("Tiny", __base__=ApiModel, field=(annotation, Field(description="Words.", **extra)))

    with pytest.raises(SchemaError, match=rf"^(Tiny\.field|Looped).*({sentence})"):
        structural_schema(model)


def test_a_field_that_nobody_described_is_refused() -> None:
    with pytest.raises(SchemaError, match=r"^Tiny\.field: has no description$"):
        structural_schema(create_model("Tiny", __base__=ApiModel, field=(bool, True)))


@pytest.mark.parametrize("kind", KINDS.values(), ids=list(KINDS))
def test_the_api_server_fills_in_the_common_fields_and_no_setting(kind: Any) -> None:
    filled_in = {
        path for path, node in nodes(object_schema(kind)["properties"]["spec"], "spec") if "default" in node
    }

    assert filled_in == {
        f"spec{suffix}"
        for suffix in (
            "",
            ".mode",
            ".driftPolicy",
            ".defaults",
            ".adoption",
            ".deletionPolicy",
            ".resyncInterval",
        )
    }


@pytest.mark.parametrize("kind", KINDS.values(), ids=list(KINDS))
def test_every_field_is_bounded_and_described_in_sentences(kind: Any) -> None:
    for path, node in nodes(object_schema(kind), kind.name):
        if node["type"] == "string":
            assert {"enum", "maxLength"} & node.keys(), path
        if node["type"] == "array":
            assert "maxItems" in node, path
        if node["type"] == "object":
            assert {"properties", "maxProperties"} & node.keys(), path
        if not path.endswith("[]"):
            assert node["description"].endswith("."), path


@pytest.mark.parametrize("kind", KINDS.values(), ids=list(KINDS))
def test_rules_live_below_the_root_and_never_in_status(kind: Any) -> None:
    schema = object_schema(kind)

    assert "x-kubernetes-validations" not in schema
    for path, node in nodes(schema["properties"]["status"], "status"):
        assert "x-kubernetes-validations" not in node, path


@pytest.mark.parametrize("kind", KINDS.values(), ids=list(KINDS))
def test_the_private_keyword_never_reaches_the_definition(kind: Any) -> None:
    assert "x-headrace" not in str(custom_resource_definition(kind))


@pytest.mark.parametrize("kind", KINDS.values(), ids=list(KINDS))
def test_what_is_filled_in_is_what_the_model_itself_takes_for_silence(kind: Any) -> None:
    spec = object_schema(kind)["properties"]["spec"]["properties"]
    filled_in = {name: node["default"] for name, node in spec.items() if "default" in node}
    model = kind.spec

    common = CommonSpec().model_dump(by_alias=True, mode="json", exclude_none=True)
    assert filled_in == {name: value for name, value in common.items() if value != []}
    assert model.model_validate(filled_in) == model()
