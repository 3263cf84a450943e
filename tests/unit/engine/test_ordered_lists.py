"""Lists with keys whose order means something: what is left alone of them."""

from collections.abc import Mapping
from typing import ClassVar

import pytest
from pydantic import Field

from headrace.engine.ignore import Ignored
from headrace.engine.slices import ApiModel, ValueSlice


class Step(ApiModel):
    """A step of a dance."""

    move_name: str = Field(max_length=20, description="How it is called.")
    turns: int = Field(1, ge=1, le=9, description="How many.")


class Dance(ValueSlice):
    """Steps in an order that means something."""

    keyed_lists: ClassVar[Mapping[str, str]] = {"": "moveName"}
    ordered_lists: ClassVar[frozenset[str]] = frozenset({""})

    value: tuple[Step, ...] = Field((), max_length=9, description="The steps.")


def dance(*moves: str, turns: int = 1) -> Dance:
    return Dance(value=tuple(Step(move_name=move, turns=turns) for move in moves))


@pytest.mark.parametrize(
    ("wanted", "found", "left"),
    [
        ("ca", "ca", "ca"),
        ("ca", "ac", "ca"),
        ("ca", "cba", "cba"),
        ("ca", "bca", "bca"),
        ("ca", "acb", "cba"),
        ("ca", "cab", "cab"),
        ("", "b", "b"),
    ],
)
def test_a_list_whose_order_counts_keeps_it_and_what_is_left_alone_keeps_its_place(
    wanted: str, found: str, left: str
) -> None:
    kept = Ignored(["dance[b]", "dance[a].turns"]).left_alone("dance", dance(*wanted), dance(*found, turns=2))

    assert isinstance(kept, Dance)
    assert "".join(step.move_name for step in kept.value) == left
    assert {step.move_name: step.turns for step in kept.value if step.move_name != "b"} == {
        move: 2 if move == "a" else 1 for move in wanted
    }
