"""What there is of one name: its mark and its records, read with one call for all facets of a look."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from headrace.aws.target import Target
from headrace.engine.errors import Conflict, NotOurs
from headrace.resources.route53._batches import Record, change, create, delete, points_to
from headrace.resources.route53._names import plain
from headrace.resources.route53._zones import asked_for, zone_of
from headrace.resources.route53.alias_records._mark import Mark, name_of_mark

if TYPE_CHECKING:
    from mypy_boto3_route53.type_defs import ChangeTypeDef

# Types of which a name has ours, or that keep ours out. All others are none of our business.
_TYPES = frozenset({"A", "AAAA", "CNAME", "HTTPS"})
# The records of a name come first, and then those of what is below it: the mark is hardly ever further off.
_PAGE = "100"
_KEY = "records"


@dataclass(frozen=True)
class Sight:
    """The mark of a name, as it is written and as it is read, and its records."""

    txt: Record | None = None
    mark: Mark | None = None
    records: tuple[Record, ...] = ()

    @property
    def ours(self) -> dict[str, Record]:
        """Those of the records that the mark is about, by their types."""
        types = self.mark.types if self.mark else frozenset()
        return {each["Type"]: each for each in self.records if each["Type"] in types and is_simple(each)}

    @property
    def foreign(self) -> tuple[Record, ...]:
        """All other ones."""
        return tuple(each for each in self.records if each not in self.ours.values())


def is_simple(record: Record) -> bool:
    """Say whether a record is the only one of its name and type, and not one of several to choose from."""
    return "SetIdentifier" not in record


def described(records: Iterable[Record]) -> str:
    """Say which records these are and what they point to."""
    return ", ".join(sorted(f"{each['Type']} record to {points_to(each)}" for each in records))


def place(target: Target) -> tuple[str, str]:
    """Return the id of the zone, and the name in it, by which the target is known from now on."""
    zone, (_, name) = zone_of(target), asked_for(target)
    if not target.id:
        target.identify(f"{zone}/{name}")
    return zone, name


def sight(target: Target) -> Sight:
    """Return what there is of the target's name."""
    return cast(Sight, target.share(_KEY, lambda: _read(target)))


def write(target: Target, mark: Mark | None, changes: Iterable["ChangeTypeDef"] = ()) -> None:
    """Change records together with the mark that they have from then on; None: no mark any more.

    The mark that was read goes in the same batch, so that nothing is done where it is another one by now.

    Raises:
        NotOurs: what is to be made is there already.
    """
    (zone, name), seen, changes = place(target), sight(target), list(changes)
    old = [] if seen.txt is None else [delete(seen.txt)]
    new = [] if mark is None else [create(mark.record(name))]
    # Whatever comes of it, what was read before is no more to be relied upon.
    target.forget()
    try:
        with target.translating():
            change(target, zone, [*old, *new, *changes])
    except Conflict as error:
        now = sight(target)
        there = _in_the_way(now, changes) if now.txt == seen.txt else []
        if not there:
            raise
        raise NotOurs(
            f"{name} has records that were not made by Headrace: {described(there)}. They are left alone. "
            "Remove them, or choose another name.",
            error.context,
        ) from error


def _in_the_way(now: Sight, changes: Iterable["ChangeTypeDef"]) -> list[Record]:
    """Return the records of others because of which new ones cannot be made."""
    new = {each["ResourceRecordSet"]["Type"] for each in changes if each["Action"] == "CREATE"}
    return [each for each in now.foreign if new and each["Type"] in {*new, "CNAME"}]


def _read(target: Target) -> Sight:
    zone, name = place(target)
    below = name_of_mark(name)
    answer = target.route53.list_resource_record_sets(HostedZoneId=zone, StartRecordName=name, MaxItems=_PAGE)
    found: list[Record] = list(answer["ResourceRecordSets"])
    if answer["IsTruncated"] and not any(_is_txt(each, below) for each in found):
        answer = target.route53.list_resource_record_sets(
            HostedZoneId=zone, StartRecordName=below, StartRecordType="TXT", MaxItems="1"
        )
        found += answer["ResourceRecordSets"]
    txt = next((each for each in found if _is_txt(each, below)), None)
    records = tuple(each for each in found if plain(each["Name"]) == name and each["Type"] in _TYPES)
    return Sight(txt, None if txt is None else Mark.read(txt), records)


def _is_txt(record: Record, name: str) -> bool:
    return record["Type"] == "TXT" and plain(record["Name"]) == name
