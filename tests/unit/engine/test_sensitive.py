"""Nothing that is ever shown, of a value that nobody is to read, has the value in it."""

import copy
import json
from collections.abc import Mapping
from typing import Any, ClassVar

import pytest
from pydantic import Field, ValidationError

from headrace.engine.facet import ResourceType
from headrace.engine.plan import Plan, compare
from headrace.engine.sensitive import Sensitive
from headrace.engine.slices import ApiModel, Slice, ValueSlice
from headrace.engine.wish import Layer, resolve
from headrace.kinds.definition import invalid
from headrace.kinds.schema import structural_schema
from tests.unit.engine.fakes import HomeFacet, RemovableFacet, permissions

VALUE = "correct horse battery staple"
OTHER = "Tr0ub4dor&3"
SHOWN = "sha256:c4bbcb1f"


class Door(ApiModel):
    """A door and what opens it."""

    name: str = Field(max_length=9, description="How it is called.")
    key: Sensitive = Field(max_length=40, description="What opens it.")


class Doors(ValueSlice):
    """Doors by their names."""

    keyed_lists: ClassVar[Mapping[str, str]] = {"": "name"}

    value: tuple[Door, ...] = Field((), max_length=9, description="The doors.")


class DoorsFacet(RemovableFacet[Doors]):
    """Plain."""

    name = "doors"
    slice = Doors
    permissions = permissions("doors")


HOUSE = ResourceType.of("fake/house", {"presence": HomeFacet(), "doors": DoorsFacet()})


def doors(key: str) -> Doors:
    return Doors(value=(Door(name="front", key=Sensitive(key)),))


def plan(wanted: Slice, found: Slice) -> Plan:
    layers = [Layer("spec", {"doors": {"value": wanted.model_dump(by_alias=True)}})]
    wishes = resolve(HOUSE.facets, layers, frozenset(), secure=True)
    return compare(HOUSE, "home", wishes, {"doors": found})


def outputs() -> dict[str, str]:
    """All ways in which the value of a slice can end up in a text."""
    slice, made = doors(VALUE), plan(doors(VALUE), doors(OTHER))
    return {
        "str": f"{slice.value[0].key} {slice} %s" % slice.value[0].key,
        "repr": repr(slice) + repr(copy.deepcopy(slice)),
        "python": repr(slice.model_dump()),
        "json": slice.model_dump_json() + json.dumps(slice.model_dump(mode="json")),
        "unvalidated": Door.model_construct(name="front", key=Sensitive(VALUE)).model_dump_json(),
        "fields": repr(slice.fields()),
        "plan": made.text(),
        "drift": repr(made.fields),
        "change": repr(made),
    }


@pytest.mark.parametrize("name", outputs())
def test_no_output_has_the_value_and_each_has_its_hash(name: str) -> None:
    text = outputs()[name]

    assert SHOWN in text
    assert VALUE not in text
    assert OTHER not in text


def test_a_changed_value_is_seen_in_the_plan_by_its_hash() -> None:
    (line,) = [line for line in plan(doors(VALUE), doors(OTHER)).text().splitlines() if "~" in line]

    assert line == f"  ~ doors[front].key: {Sensitive(OTHER)} -> {SHOWN} (spec)"
    assert plan(doors(VALUE), doors(VALUE)).changes == ()


def test_the_value_itself_is_had_by_asking_for_it() -> None:
    assert doors(VALUE).value[0].key.get_secret_value() == VALUE
    assert Sensitive(VALUE) == Sensitive(VALUE) != Sensitive(OTHER)
    assert Sensitive(VALUE) != VALUE


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": "front", "key": VALUE * 2},
        {"name": "front", "key": Sensitive(VALUE * 2)},
        {"name": "front", "key": [VALUE]},
        {"name": "front", "key": VALUE, "kee": VALUE},
        {"key": VALUE},
        VALUE,
    ],
)
def test_what_is_said_of_a_wrong_value_does_not_repeat_it(wrong: Any) -> None:
    with pytest.raises(ValidationError) as caught:
        Doors.model_validate({"value": [wrong]})

    said = f"{caught.value} {caught.value!r} {invalid(caught.value)}"
    assert "value" in said
    assert VALUE not in said


def test_in_a_schema_it_is_a_text_as_any_other() -> None:
    schema = structural_schema(Door)["properties"]["key"]
    assert schema == {"description": "What opens it.", "type": "string", "maxLength": 40}


def test_what_is_shown_of_a_value_is_not_taken_for_a_value() -> None:
    shown = doors(VALUE).model_dump(mode="json")

    with pytest.raises(ValidationError, match="what is shown of a value, and not the value itself"):
        Doors.model_validate({"value": shown})
    assert Doors.model_validate({"value": doors(VALUE).model_dump()}) == doors(VALUE)
