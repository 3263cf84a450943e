"""A resource type whose cloud is a dict, with a log of what reached it and failures on demand."""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Annotated, Any, ClassVar, Generic, TypeVar, cast

from pydantic import Field

from headrace.engine.errors import CloudError, Conflict, Invalid
from headrace.engine.facet import Facet, Permissions, ResourceType, Root
from headrace.engine.ownership import Presence
from headrace.engine.slices import ABSENT, ApiModel, KeyedSlice, Missing, Slice

Word = Annotated[str, Field(max_length=20)]
ME = "cluster/Thing/shop/media"
OTHER = "cluster/Thing/shop/other"


class Refusal(Exception):
    """How the fake cloud says no; only inside `translating` does it become the CloudError that it carries."""

    def __init__(self, error: CloudError) -> None:
        super().__init__(error.message)
        self.error = error


class FakeTarget:
    """One fake resource. Steps are written "read color", "write color", "remove color", "create presence"."""

    def __init__(self, id: str = "media") -> None:
        self._id = id
        self.there: dict[str, Slice] = {}
        """What the cloud has, by facet; without a presence there is nothing."""
        self.log: list[str] = []
        self.looks = 0
        """How often shared answers were dropped: once for each look."""
        self.failures: dict[str, CloudError] = {}
        """By step; a failing write changes nothing."""
        self.lost: set[str] = set()
        """Steps that the cloud answers with 200 and does not carry out."""
        self.before: dict[str, Callable[[], None]] = {}
        """What happens just before a step, by somebody else's hand."""
        self.needs: dict[str, Callable[[FakeTarget], bool]] = {}
        """What must hold for a step, or the cloud refuses it."""
        self.meeting: threading.Barrier | None = None
        """Where reads wait for each other."""

    @property
    def id(self) -> str:
        return self._id

    @property
    def name(self) -> str:
        return self._id

    @property
    def arn(self) -> str:
        return f"arn:fake:{self._id}"

    @contextmanager
    def translating(self) -> Iterator[None]:
        try:
            yield
        except Refusal as refusal:
            raise refusal.error from refusal

    def forget(self) -> None:
        self.looks += 1

    @property
    def reads(self) -> list[str]:
        """What was read, by facet, sorted: what is read side by side has no order."""
        return sorted(step.removeprefix("read ") for step in self.log if step.startswith("read "))

    @property
    def writes(self) -> list[str]:
        """Every step that is no read, in its order."""
        return [step for step in self.log if not step.startswith("read ")]

    def read(self, name: str, missing: Slice | Missing = ABSENT) -> Slice | Missing:
        if self.meeting is not None:
            self.meeting.wait(timeout=30)
        self.step(f"read {name}")
        if "presence" not in self.there and name != "presence":
            raise Refusal(Conflict(f"there is no {self.id}"))
        return self.there.get(name, missing)

    def write(self, name: str, after: Slice) -> None:
        if self.step(f"write {name}"):
            self.there[name] = after

    def remove(self, name: str) -> None:
        if self.step(f"remove {name}"):
            self.there.pop(name, None)

    def step(self, step: str) -> bool:
        """Note a step and say whether it is to be carried out."""
        if happening := self.before.pop(step, None):
            happening()
        self.log.append(step)
        if step in self.failures:
            raise Refusal(self.failures[step])
        if step in self.needs and not self.needs[step](self):
            raise Refusal(Invalid(f"{step} is not possible now"))
        return step not in self.lost


V = TypeVar("V", bound=Slice)


class FakeFacet(Facet[V, FakeTarget], Generic[V]):
    """A facet whose slice is kept in the dict as it is."""

    missing: ClassVar[Slice | Missing] = ABSENT
    """What the cloud answers where nothing was ever set."""

    def observe(self, target: FakeTarget) -> V | Missing:
        return cast(V | Missing, target.read(self.name, self.missing))

    def apply(self, target: FakeTarget, after: V, before: V | Missing) -> None:
        target.write(self.name, after)


class RemovableFacet(FakeFacet[V], Generic[V]):
    """A facet whose slice can be taken away."""

    def remove(self, target: FakeTarget, before: V) -> None:
        target.remove(self.name)


def permissions(name: str) -> Permissions:
    """Return the actions that stand for the steps of a facet."""
    noun = name[0].upper() + name[1:]
    return Permissions(frozenset({f"fake:Get{noun}"}), frozenset({f"fake:Put{noun}", f"fake:Delete{noun}"}))


class Frame(ApiModel):
    """What is around it."""

    style: Word | None = Field(None, description="How it looks.")
    width: int = Field(1, ge=1, le=9, description="How broad it is.")


class Color(Slice):
    """The color of the thing."""

    shade: str = Field("red", max_length=20, description="Its name.")
    depth: int | None = Field(None, ge=0, le=9, description="How deep it is.")
    frame: Frame | None = Field(None, description="What is around it.")


class ColorFacet(RemovableFacet[Color]):
    """Plain: it can be set and taken away."""

    name = "color"
    slice = Color
    permissions = permissions("color")


class Labels(KeyedSlice):
    """Labels that others put on, too."""

    entries: Mapping[Word, Word] = Field(default_factory=dict, max_length=50)


class LabelsFacet(FakeFacet[Labels]):
    """Keyed: only our keys are ours."""

    name = "labels"
    slice = Labels
    permissions = Permissions(frozenset({"fake:GetLabels"}), frozenset({"fake:PutLabels"}))
    missing = Labels()

    def apply(self, target: FakeTarget, after: Labels, before: Labels | Missing) -> None:
        had = before.entries if isinstance(before, Labels) else {}
        all_ = cast(Labels, target.there.get(self.name, Labels())).entries
        kept = {key: value for key, value in all_.items() if key not in had}
        target.write(self.name, Labels(entries={**kept, **after.entries}))


class Lock(Slice):
    """How the thing is locked."""

    filled_by_cloud: ClassVar[frozenset[str]] = frozenset({"keys"})

    level: str = Field("high", max_length=20, description="How well.")
    keys: tuple[Word, ...] | None = Field(None, max_length=3, description="Who has a key.")


class LockFacet(RemovableFacet[Lock]):
    """With a default, and a field that the cloud fills in."""

    name = "lock"
    slice = Lock
    default = Lock()
    permissions = permissions("lock")

    def apply(self, target: FakeTarget, after: Lock, before: Lock | Missing) -> None:
        filled = after if after.keys is not None else after.model_copy(update={"keys": ("porter",)})
        target.write(self.name, filled)


class Rules(Slice):
    """Rules of the house."""

    rules_: tuple[Word, ...] = Field((), alias="rules", max_length=5, description="Each in a word.")
    strict: bool | None = Field(None, description="Whether they are kept.")

    def is_empty(self) -> bool:
        return not self.rules_


class RulesFacet(RemovableFacet[Rules]):
    """Stands on the switch."""

    name = "rules"
    slice = Rules
    after: ClassVar[tuple[str, ...]] = ("switch",)
    permissions = permissions("rules")


class Switch(Slice):
    """Whether the thing is on."""

    enabled: bool = Field(True, description="On, or off.")


class SwitchFacet(FakeFacet[Switch]):
    """Has no way back to "never set": off is its rest."""

    name = "switch"
    slice = Switch
    resting = Switch(enabled=False)
    missing = Switch(enabled=False)
    permissions = Permissions(frozenset({"fake:GetSwitch"}), frozenset({"fake:PutSwitch"}))


class Home(Presence):
    """That the thing is there."""

    place: str = "here"


class HomeFacet(Root[Home, FakeTarget]):
    """The thing itself. Creating what is there already is answered with 200, and changes nothing."""

    name = "presence"
    slice = Home
    address = "arn:{partition}:fake:{region}:{account}:thing/{id}"
    fixed: ClassVar[tuple[str, ...]] = ("place",)
    carries: ClassVar[tuple[str, ...]] = ("labels",)
    permissions = Permissions(
        frozenset({"fake:GetPresence"}),
        frozenset({"fake:CreatePresence", "fake:PutPresence", "fake:DeletePresence"}),
        create=frozenset({"fake:CreatePresence"}),
        remove=frozenset({"fake:DeletePresence"}),
    )

    def observe(self, target: FakeTarget) -> Home | Missing:
        return cast(Home | Missing, target.read("presence"))

    def create(self, target: FakeTarget, after: Home, carried: Mapping[str, Slice]) -> None:
        if target.step("create presence") and "presence" not in target.there:
            target.there.update({"presence": after, **carried})

    def apply(self, target: FakeTarget, after: Home, before: Home | Missing) -> None:
        target.write("presence", after)

    def remove(self, target: FakeTarget, before: Home) -> None:
        if target.step("remove presence"):
            target.there.clear()


class WorldwideFacet(HomeFacet):
    """A thing whose name all the world shares: being refused a look proves nothing."""

    create_decides = True


FACETS: tuple[Facet[Any, Any], ...] = (
    ColorFacet(),
    LabelsFacet(),
    LockFacet(),
    RulesFacet(),
    SwitchFacet(),
)


def thing(*facets: Facet[Any, Any], root: Root[Any, Any] | None = None) -> ResourceType:
    """Put a type of thing together, from these facets or from all."""
    members = (root or HomeFacet(), *(facets or FACETS))
    return ResourceType.of("fake/thing", {member.name: member for member in members})


THING = thing()
WORLDWIDE = thing(root=WorldwideFacet())
