"""Lists whose items have keys: how they are shown, where their values come from, what is left alone."""

from collections.abc import Mapping
from typing import ClassVar

import pytest
from pydantic import Field

from headrace.engine.facet import ResourceType
from headrace.engine.ignore import Ignored
from headrace.engine.plan import compare
from headrace.engine.slices import ABSENT, ApiModel, Missing, Slice, ValueSlice
from headrace.engine.wish import Layer, Wish, resolve
from tests.unit.engine.fakes import HomeFacet, RemovableFacet, permissions


class Book(ApiModel):
    """A book."""

    title: str = Field(max_length=20, description="How it is called.")
    pages: int = Field(1, ge=1, le=9, description="How many.")
    marks: tuple[int, ...] | None = Field(None, max_length=3, description="Where somebody reads.")


class Shelf(Slice):
    """Books by their titles."""

    keyed_lists: ClassVar[Mapping[str, str]] = {"books": "title"}
    filled_by_cloud: ClassVar[frozenset[str]] = frozenset({"colour"})

    books: tuple[Book, ...] = Field((), max_length=9, description="The books.")
    colour: str | None = Field(None, max_length=9, description="Its paint.")

    def is_empty(self) -> bool:
        return not self.books


class ShelfFacet(RemovableFacet[Shelf]):
    """Plain."""

    name = "shelf"
    slice = Shelf
    permissions = permissions("shelf")


ROOM = ResourceType.of("fake/room", {"presence": HomeFacet(), "shelf": ShelfFacet()})


def shelf(colour: str | None = None, **pages: int) -> Shelf:
    return Shelf(colour=colour, books=tuple(Book(title=t, pages=n) for t, n in sorted(pages.items())))


def differing(wanted: Shelf | Missing, found: Shelf, *ignored: str) -> list[str]:
    plan = compare(
        ROOM,
        "hall",
        {"shelf": Wish(wanted, {"books": "spec"})},
        {"shelf": found},
        ignored=Ignored(ignored),
    )
    return [f"{f.field}: {f.found} -> {f.wanted} ({f.source})" for f in plan.fields]


def test_an_item_is_shown_under_its_key_and_what_is_in_it_as_one_value() -> None:
    value = Shelf(books=(Book(title="a.b c", marks=(1, 2)), Book(title="z")), colour="red")
    assert value.fields() == {
        "books[a.b c].pages": "1",
        "books[a.b c].marks": "[1,2]",
        "books[z].pages": "1",
        "colour": "red",
    }


def test_a_difference_names_the_item_and_the_list_says_where_it_comes_from() -> None:
    assert differing(shelf(a=1, c=3), shelf(a=2, b=2)) == [
        "shelf.books[a].pages: 2 -> 1 (spec)",
        "shelf.books[b].pages: 2 -> absent (spec)",
        "shelf.books[c].pages: absent -> 3 (spec)",
    ]


def test_a_list_comes_from_the_strongest_layer_that_has_one() -> None:
    layers = [
        Layer("spec", {"shelf": {"books": [{"title": "a"}]}}),
        Layer("preset", {"shelf": {"books": [{"title": "b"}], "colour": "red"}}),
    ]
    wish = resolve([ShelfFacet()], layers, frozenset(), secure=True)["shelf"]
    assert wish.value == shelf("red", a=1)
    assert [wish.source(path) for path in ("books[a].pages", "colour")] == ["spec", "preset"]


@pytest.mark.parametrize(
    ("ignored", "left"),
    [
        (["shelf.books[a]"], ["b", "c"]),
        (["shelf.books[a].pages"], ["b", "c"]),
        (["shelf.books[b]", "shelf.books[c]"], ["a"]),
        (["shelf.books[*].pages"], ["b", "c"]),
        (["shelf.books[*]"], []),
        (["shelf.books"], []),
        (["shelf.books[ab]", "shelf.book"], ["a", "b", "c"]),
    ],
)
def test_items_and_their_fields_are_left_alone_by_their_paths(ignored: list[str], left: list[str]) -> None:
    lines = differing(shelf(a=1, c=3), shelf(a=2, b=2), *ignored)
    assert [line.split("[")[1][0] for line in lines] == left


def test_the_order_of_keys_is_kept_where_items_are_left_alone() -> None:
    kept = Ignored(["shelf.books[b]"]).left_alone("shelf", shelf(a=1, c=3), shelf(b=2))
    assert kept == shelf(a=1, b=2, c=3)


def test_an_item_that_is_left_alone_stays_where_all_others_go() -> None:
    plan = compare(
        ROOM,
        "hall",
        {"shelf": Wish(ABSENT)},
        {"shelf": shelf("red", a=1, b=2)},
        ignored=Ignored(["shelf.books[b]"]),
    )
    (change,) = plan.changes
    assert change.after == shelf("red", b=2)


def test_where_nothing_is_left_alone_all_goes() -> None:
    for ignored in ([], ["shelf.books[x]"]):
        plan = compare(ROOM, "hall", {"shelf": Wish(ABSENT)}, {"shelf": shelf(a=1)}, ignored=Ignored(ignored))
        assert [change.after for change in plan.changes] == [ABSENT]


def test_where_only_what_is_left_alone_is_there_nothing_is_to_be_done() -> None:
    plan = compare(
        ROOM, "hall", {"shelf": Wish(ABSENT)}, {"shelf": shelf(b=2)}, ignored=Ignored(["shelf.books[b]"])
    )
    assert plan.changes == ()


# Slices that are such a list


class Books(ValueSlice):
    """Books by their titles, and nothing else."""

    keyed_lists: ClassVar[Mapping[str, str]] = {"": "title"}

    value: tuple[Book, ...] = Field((), max_length=9, description="The books.")

    def is_empty(self) -> bool:
        return not self.value


class BooksFacet(RemovableFacet[Books]):
    """Plain."""

    name = "books"
    slice = Books
    permissions = permissions("books")


STORE = ResourceType.of("fake/store", {"presence": HomeFacet(), "books": BooksFacet()})


def books(**pages: int) -> Books:
    return Books(value=tuple(Book(title=t, pages=n) for t, n in sorted(pages.items())))


@pytest.mark.parametrize(
    ("ignored", "differing"),
    [
        ((), ["books[emma].pages", "books[ulysses].pages"]),
        (("books[emma]",), ["books[ulysses].pages"]),
        (("books[emma].pages",), ["books[ulysses].pages"]),
        (("books[*].pages",), ["books[ulysses].pages"]),
        (("books",), []),
    ],
)
def test_items_of_a_slice_that_is_a_list_are_left_alone_by_their_key(
    ignored: tuple[str, ...], differing: list[str]
) -> None:
    wish, found = Wish(books(emma=2, ulysses=3)), books(emma=1)
    plan = compare(STORE, "hall", {"books": wish}, {"books": found}, ignored=Ignored(ignored))

    assert [change.field for change in plan.fields] == differing


def test_items_that_are_left_alone_stay_where_all_others_of_such_a_slice_go() -> None:
    found = {"books": books(emma=1, ulysses=3)}
    plan = compare(STORE, "hall", {"books": Wish(ABSENT)}, found, ignored=Ignored(["books[emma]"]))

    assert [change.after for change in plan.changes] == [books(emma=1)]
