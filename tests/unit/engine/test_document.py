"""Documents that are replaced as a whole: one write for all lenses, and nothing that others wrote is lost."""

import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any, ClassVar, cast

import pytest
from pydantic import Field

from headrace.engine.document import Body, Document, DocumentRoot, Lens, Store
from headrace.engine.errors import Conflict
from headrace.engine.facet import ResourceType
from headrace.engine.ignore import Ignored
from headrace.engine.slices import ABSENT, Missing, Slice
from tests.unit.engine.fakes import ME, Color, ColorFacet, FakeTarget, Home, HomeFacet, Refusal, permissions
from tests.unit.engine.passes import KEEP, Passes, failures

SPEC = {"color": {"shade": "blue"}, "size": {"height": 3}, "shape": {"corners": 4}}
BODY = {"shade": "blue", "height": 3, "corners": 4}


class Paper(FakeTarget):
    """A thing that is one document with a version."""

    def __init__(self) -> None:
        super().__init__()
        self.document: dict[str, Any] = {}
        self.version = 1
        self.shared: dict[str, Any] = {}
        self.carried: Mapping[str, Slice] = {}
        self.one_at_a_time = threading.Lock()

    def share(self, key: str, read: Callable[[], Any]) -> Any:
        with self.one_at_a_time:
            return self.shared[key] if key in self.shared else self.shared.setdefault(key, read())

    def forget(self) -> None:
        super().forget()
        self.shared.clear()

    def by_others(self, **members: Any) -> None:
        """Write members as somebody else would, meanwhile."""
        self.document |= members
        self.version += 1


class PaperStore(Store[Paper]):
    """Where it is."""

    def fetch(self, target: Paper) -> Document:
        target.step("read document")
        return Document(dict(target.document), str(target.version))

    def replace(self, target: Paper, document: Document) -> None:
        target.step("replace document")
        if document.version != str(target.version):
            raise Refusal(Conflict("somebody was faster"))
        target.document = dict(document.body)
        target.version += 1


STORE = PaperStore()


class Size(Slice):
    """How large it is."""

    height: int = Field(1, ge=1, le=9, description="How high.")


class Shape(Slice):
    """What it looks like."""

    corners: int = Field(0, ge=0, le=9, description="How many corners.")


class MemberLens(Lens[Any, Paper]):
    """A slice of one field, which is one member of the document."""

    store = STORE
    member: ClassVar[str]

    def get(self, body: Body) -> Any:
        return self.slice.model_validate({self.member: body[self.member]}) if self.member in body else ABSENT

    def put(self, body: Body, value: Slice | Missing) -> Body:
        rest = {name: each for name, each in body.items() if name != self.member}
        return {**rest, **value.model_dump(include={self.member})} if isinstance(value, Slice) else rest


class ColorLens(MemberLens):
    """The shade."""

    name, slice, member = "color", Color, "shade"
    permissions = permissions("color")


class SizeLens(MemberLens):
    """The height."""

    name, slice, member = "size", Size, "height"
    permissions = permissions("size")


class ShapeLens(MemberLens):
    """The corners."""

    name, slice, member = "shape", Shape, "corners"
    permissions = permissions("shape")


class CoatFacet(ColorFacet):
    """What is beside the document, and travels in the create call, too."""

    name = "coat"


class PaperRoot(DocumentRoot[Home, Paper]):
    """That there is one."""

    name, slice, address = "presence", Home, HomeFacet.address
    store = STORE
    carries: ClassVar[tuple[str, ...]] = ("coat",)
    permissions = HomeFacet.permissions

    def observe(self, target: Paper) -> Home | Missing:
        return cast(Home | Missing, target.read("presence"))

    def blank(self, target: Paper, after: Home) -> Body:
        return {"made_for": after.owner}

    def create_from(self, target: Paper, after: Home, body: Body, carried: Mapping[str, Slice]) -> None:
        target.step("create presence")
        target.document, target.carried = dict(body), carried
        target.there.update({"presence": after, **carried})

    def apply(self, target: Paper, after: Home, before: Home | Missing) -> None:
        target.write("presence", after)

    def remove(self, target: Paper, before: Home) -> None:
        target.step("remove presence")
        target.there.clear()


MEMBERS = (PaperRoot(), ColorLens(), SizeLens(), ShapeLens(), CoatFacet())
PAPER = ResourceType.of("fake/paper", {each.name: each for each in MEMBERS})


@pytest.fixture
def paper() -> Paper:
    return Paper()


@pytest.fixture
def passes(paper: Paper) -> Iterator[Passes]:
    with ThreadPoolExecutor(4) as pool:
        yield Passes(paper, pool)


@pytest.fixture
def there(paper: Paper) -> Paper:
    paper.there["presence"] = Home(owner=ME)
    paper.document = {"odd": "kept"}
    return paper


def test_it_is_made_from_what_is_wished_of_all_lenses(paper: Paper, passes: Passes) -> None:
    report = passes.of(PAPER, {**SPEC, "coat": {"shade": "dull"}})

    assert (failures(report), report.left) == ([], ())
    assert paper.writes == ["create presence"]
    assert paper.document == {"made_for": ME, **BODY}
    assert paper.carried == {"coat": Color(shade="dull")}


def test_all_changes_of_a_document_are_one_write(there: Paper, passes: Passes) -> None:
    report = passes.of(PAPER, SPEC, known=True)

    assert (failures(report), report.left) == ([], ())
    assert there.writes == ["replace document"]
    assert there.document == {"odd": "kept", **BODY}


def test_what_is_taken_out_goes_in_the_same_write(there: Paper, passes: Passes) -> None:
    there.document |= BODY

    report = passes(
        {"color": {"shade": "red"}},
        replace(KEEP, resource=PAPER, known=True),
        ledger=["color", "size", "shape"],
        secure=True,
    )

    assert (failures(report), report.left) == ([], ())
    assert there.writes == ["replace document"]
    assert there.document == {"odd": "kept", "shade": "red"}


def test_a_lost_race_is_looked_at_again_and_keeps_what_others_wrote(there: Paper, passes: Passes) -> None:
    there.before["replace document"] = lambda: there.by_others(height=9, odd="newer")

    report = passes.of(PAPER, SPEC, known=True)

    assert (failures(report), report.left) == ([], ())
    assert there.writes == ["replace document"] * 2
    assert there.document == {"odd": "newer", **BODY}


def test_where_others_wrote_just_what_is_wished_nothing_is_written_again(
    there: Paper, passes: Passes
) -> None:
    there.before["replace document"] = lambda: there.by_others(**BODY)

    assert failures(passes.of(PAPER, SPEC, known=True)) == []
    assert there.writes == ["replace document"]


def test_an_ignored_field_survives_a_lost_race(there: Paper, passes: Passes) -> None:
    there.document |= {"height": 2}
    there.before["replace document"] = lambda: there.by_others(height=9)

    passes.of(PAPER, SPEC, known=True, ignored=Ignored(("size",)))

    assert there.document == {"odd": "kept", **BODY, "height": 9}


def test_three_races_lost_are_told_of_each_part(there: Paper, passes: Passes) -> None:
    def again() -> None:
        there.by_others()
        there.before["replace document"] = again

    there.before["replace document"] = again

    report = passes.of(PAPER, SPEC, known=True)

    assert there.writes == ["replace document"] * 3
    assert sorted(failures(report)) == [
        f"{name} write: Conflict somebody was faster" for name in ("color", "shape", "size")
    ]
    assert there.document == {"odd": "kept"}


def test_what_is_beside_the_document_is_written_by_itself(there: Paper, passes: Passes) -> None:
    report = passes.of(PAPER, {**SPEC, "coat": {"shade": "dull"}}, known=True)

    assert (failures(report), report.left) == ([], ())
    assert sorted(there.writes) == ["replace document", "write coat"]
