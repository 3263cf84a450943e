"""Plans: the difference between wish and cloud as data, which is printed, reported or carried out."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from headrace.engine.facet import ResourceType
from headrace.engine.ignore import Ignored
from headrace.engine.slices import ABSENT, UNMANAGED, KeyedSlice, Missing, Slice, field_path
from headrace.engine.wish import DEFAULT, Wish, remembered_keys

NOTHING = "absent"
"""How a value that is not there reads."""


class Verb(StrEnum):
    """What a change does to its slice."""

    CREATE = "create"
    CHANGE = "change"
    REMOVE = "remove"


_SIGNS = {Verb.CREATE: "+", Verb.CHANGE: "~", Verb.REMOVE: "-"}


@dataclass(frozen=True)
class FieldChange:
    """One field that differs, as text; a side that has no value reads "absent"."""

    field: str
    found: str
    wanted: str
    source: str = DEFAULT


@dataclass(frozen=True)
class Change:
    """One facet that is to become something else."""

    facet: str
    before: Slice | Missing
    after: Slice | Missing
    wish: Wish

    @property
    def verb(self) -> Verb:
        """Say whether the slice is made, changed or removed."""
        if self.before is ABSENT:
            return Verb.CREATE
        return Verb.REMOVE if self.after is ABSENT else Verb.CHANGE

    def lines(self) -> list[str]:
        """Write it for a person: a line for each field, with where its value comes from."""
        return [f"{_SIGNS[self.verb]} {_line(self.verb, field)}" for field in self.fields]

    @property
    def fields(self) -> tuple[FieldChange, ...]:
        """Return the fields that differ, sorted by path."""
        found, wanted = (_fields(side) for side in (self.before, self.after))
        return tuple(
            FieldChange(
                field_path(self.facet, path),
                found.get(path, NOTHING),
                wanted.get(path, NOTHING),
                self.wish.source(path),
            )
            for path in sorted(found.keys() | wanted.keys())
            if found.get(path) != wanted.get(path)
        )


def _fields(side: Slice | Missing) -> dict[str, str]:
    return {} if isinstance(side, Missing) else side.fields()


@dataclass(frozen=True)
class Plan:
    """All that is to be done to one resource, in the order in which it is done."""

    resource: str
    id: str
    changes: tuple[Change, ...] = ()
    in_sync: int = 0

    @property
    def fields(self) -> tuple[FieldChange, ...]:
        """Return every field that differs, sorted by path."""
        return tuple(sorted((f for c in self.changes for f in c.fields), key=lambda f: f.field))

    def text(self) -> str:
        """Write the plan for a person: a line for the resource, one for each field with its source, a sum."""
        lines = [f"{self.resource} {self.id}"]
        for change in self.changes:
            lines += [f"  {line}" for line in change.lines()]
        verbs = [change.verb for change in self.changes]
        counts = ", ".join(f"{verbs.count(verb)} to {verb}" for verb in Verb)
        return "\n".join([*lines, f"  {counts}, {self.in_sync} in sync"])


def _line(verb: Verb, field: FieldChange) -> str:
    value = {
        Verb.CREATE: field.wanted,
        Verb.CHANGE: f"{field.found} -> {field.wanted}",
        Verb.REMOVE: field.found,
    }[verb]
    return f"{field.field}: {value} ({field.source})"


def compare(
    resource: ResourceType,
    id: str,
    wishes: Mapping[str, Wish],
    found: Mapping[str, Slice | Missing],
    ledger: frozenset[str] = frozenset(),
    ignored: Ignored | None = None,
) -> Plan:
    """Compare what is wished with what was found. Facets that were not read, or are unmanaged, are left out.

    The order of the changes is the one to carry them out in: removals first, the last facet first, then
    the root, then the others in the order of their `after`. Where the root goes, the rest goes with it.
    """
    removals: list[Change] = []
    writes: list[Change] = []
    in_sync = 0
    for member in resource.members():
        wish = wishes.get(member.name, Wish(UNMANAGED))
        # Whether it is there, and whose it is, is never left alone.
        left_alone = ignored if ignored and member is not resource.root else Ignored()
        if wish.value is UNMANAGED or member.name not in found or member.name in left_alone:
            continue
        change = _change(member.name, wish, found[member.name], ledger, left_alone)
        if change is None:
            in_sync += member is not resource.root
        elif change.verb is Verb.REMOVE:
            removals.insert(0, change)
            if member is resource.root:
                break
        else:
            writes.append(change)
    return Plan(resource.name, id, (*removals, *writes), in_sync)


def _change(
    name: str, wish: Wish, seen: Slice | Missing, ledger: frozenset[str], ignored: Ignored
) -> Change | None:
    after, before = wish.value, seen
    if isinstance(after, KeyedSlice) and isinstance(before, KeyedSlice):
        before = before.only(after.entries.keys() | remembered_keys(ledger, name))
    if after is ABSENT and isinstance(before, Slice) and before.keyed_lists and ignored:
        # Items that are left alone stay where all others go.
        kept = ignored.left_alone(name, type(before)().completed(before), before)
        after = ABSENT if kept.is_empty() else kept
    elif isinstance(after, Slice):
        after = ignored.left_alone(name, after.completed(before), before)
    return None if after == before else Change(name, before, after, wish)
