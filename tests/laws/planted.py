"""Faults on purpose: facets and roots that each break a law, as a hurried author might."""

from collections.abc import Mapping
from typing import Any, ClassVar, cast

from pydantic import Field, field_validator

from headrace.engine.facet import Facet, Permissions, ResourceType
from headrace.engine.ownership import Presence
from headrace.engine.slices import Missing, Rule, Slice
from tests.unit.engine.fakes import (
    ME,
    Color,
    ColorFacet,
    FakeFacet,
    FakeTarget,
    Home,
    HomeFacet,
    Labels,
    LabelsFacet,
    LockFacet,
    RulesFacet,
    SwitchFacet,
    permissions,
    thing,
)

# Facets that do something wrong


class IdleColor(ColorFacet):
    """Says that it writes."""

    def apply(self, target: FakeTarget, after: Color, before: Color | Missing) -> None:
        target.step("write color")


class SluggishColor(ColorFacet):
    """Needs two passes for two fields."""

    def apply(self, target: FakeTarget, after: Color, before: Color | Missing) -> None:
        first = isinstance(before, Missing) or before.shade != after.shade
        target.write("color", Color(shade=after.shade, depth=9) if first else after)


class MeddlingColor(ColorFacet):
    """Puts things right while it looks at them."""

    def observe(self, target: FakeTarget) -> Color | Missing:
        target.write("color", Color())
        return super().observe(target)


class GreedyColor(ColorFacet):
    """Replaces the whole document, of which it knows one part."""

    def apply(self, target: FakeTarget, after: Color, before: Color | Missing) -> None:
        target.there.pop("lock", None)
        target.write("color", after)


class SweepingColor(ColorFacet):
    """Takes more away than it is told to."""

    def remove(self, target: FakeTarget, before: Color) -> None:
        target.remove("color")
        target.there.pop("lock", None)


class StubbornColor(ColorFacet):
    """Says that it takes it away."""

    def remove(self, target: FakeTarget, before: Color) -> None:
        target.step("remove color")


class LoudColor(ColorFacet):
    """Reads it in another form than it is wished in."""

    def observe(self, target: FakeTarget) -> Color | Missing:
        found = super().observe(target)
        return found if isinstance(found, Missing) else found.model_copy(update={"shade": found.shade + "!"})


class FilledColor(ColorFacet):
    """Forgets to say that the cloud fills in the depth."""

    def apply(self, target: FakeTarget, after: Color, before: Color | Missing) -> None:
        target.write("color", after if after.depth is not None else after.model_copy(update={"depth": 5}))


class BlindColor(ColorFacet):
    """Takes what it does not understand for nothing."""

    def observe(self, target: FakeTarget) -> Color | Missing:
        super().observe(target)
        return self.sees

    sees: ClassVar[Color] = Color(shade="")


class HastyRules(RulesFacet):
    """Forgets what it stands on; its name comes before that."""

    after: ClassVar[tuple[str, ...]] = ()


class GrabbingLabels(LabelsFacet):
    """Replaces the map, and with it the labels of others."""

    def apply(self, target: FakeTarget, after: Labels, before: Labels | Missing) -> None:
        target.write("labels", after)


class QuietColor(ColorFacet):
    """Makes a call that it does not declare."""

    permissions = Permissions(frozenset({"fake:GetColor"}), frozenset({"fake:PutColor"}))


class GreedyPermissions(ColorFacet):
    """Declares a permission that it has no use for."""

    permissions = Permissions(
        frozenset({"fake:GetColor", "fake:ListColors"}), frozenset({"fake:PutColor", "fake:DeleteColor"})
    )


# Roots that do something wrong


class LateOwner(HomeFacet):
    """Makes the thing first and says whose it is in another call."""

    def create(self, target: FakeTarget, after: Home, carried: Mapping[str, Slice]) -> None:
        super().create(target, Home(place=after.place), carried)
        self.apply(target, after, Home(place=after.place))


class NoOwner(HomeFacet):
    """Makes the thing and never says whose it is."""

    def create(self, target: FakeTarget, after: Home, carried: Mapping[str, Slice]) -> None:
        super().create(target, Home(place=after.place), carried)


class Trespasser(HomeFacet):
    """Takes whatever is there for ours."""

    def observe(self, target: FakeTarget) -> Home | Missing:
        found = super().observe(target)
        return found if isinstance(found, Missing) else found.model_copy(update={"owner": ME})


class Forgetter(HomeFacet):
    """Forgets who retained it."""

    def apply(self, target: FakeTarget, after: Home, before: Home | Missing) -> None:
        super().apply(target, after.model_copy(update={"retained_by": None}), before)


class Hoarder(HomeFacet):
    """Says that it removed it."""

    def remove(self, target: FakeTarget, before: Home) -> None:
        target.step("remove presence")


class Restless(HomeFacet):
    """Removes what is gone already."""

    def observe(self, target: FakeTarget) -> Home | Missing:
        target.step("remove presence")
        return super().observe(target)


# Facets that say something wrong of themselves


class Undescribed(Slice):
    """A field without a word."""

    size: int = Field(0, ge=0, le=9)


class Endless(Slice):
    """Fields without bounds."""

    text: str = Field("", description="As long as it likes.")


class EndlessList(Slice):
    """A list with a bound, of texts without one."""

    texts: tuple[str, ...] = Field((), max_length=3, description="Each as long as it likes.")


class EndlessNumber(Slice):
    """A number with one bound."""

    size: int | None = Field(None, ge=0, description="As big as it likes.")


class NeverSilent(Slice):
    """A field that the cloud fills in, and that is never silent."""

    filled_by_cloud: ClassVar[frozenset[str]] = frozenset({"size"})

    size: int = Field(3, ge=0, le=9, description="How big it is.")


class Misruled(Slice):
    """A rule that nobody understands."""

    rules: ClassVar[tuple[Rule, ...]] = (Rule("self.size < 3", ""),)


class Shrinking(Slice):
    """A value that is another one each time it is read."""

    size: int = Field(9, ge=0, le=9, description="How big it is.")

    @field_validator("size")
    @classmethod
    def _smaller(cls, size: int) -> int:
        return size // 2


class Emptiness(Slice):
    """A value that always says that it must not be there."""

    def is_empty(self) -> bool:
        return True


def saying(**attributes: Any) -> Facet[Any, Any]:
    """Make a facet like the plain one that says this of itself instead."""
    said = {"__doc__": "Says something.", "__module__": __name__, **attributes}
    return cast(type[Facet[Any, Any]], type("Saying", (ColorFacet,), said))()


class Unremovable(FakeFacet[Color]):
    """Can be set and never be taken back."""

    name = "color"
    slice = Color
    permissions = permissions("color")


class Unsaid(ColorFacet):
    pass


# Resources that are put together wrong


def with_(facet: Facet[Any, Any]) -> ResourceType:
    """Return the fake thing with this facet instead of its own."""
    kept = {
        each.name: each for each in (ColorFacet(), LabelsFacet(), LockFacet(), RulesFacet(), SwitchFacet())
    }
    return thing(*{**kept, facet.name: facet}.values())


BACKWARDS = ResourceType("fake/thing", HomeFacet(), (RulesFacet(), SwitchFacet()))
"""Written in the order of the alphabet."""


def nobody(found: Presence, me: str, what: str, *, adopt: bool, advice: object) -> None:
    """Check nothing."""
