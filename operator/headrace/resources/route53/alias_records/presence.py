"""Whose the records of a name are, as its TXT record says. It is made together with the records, or not."""

from collections.abc import Mapping
from typing import Any, ClassVar, cast

from pydantic import Field

from headrace.aws.target import Target, absent_on
from headrace.engine.errors import NotOurs
from headrace.engine.facet import Permissions, Root
from headrace.engine.ownership import Presence
from headrace.engine.slices import ABSENT, Missing, Slice
from headrace.resources.route53._batches import create, delete
from headrace.resources.route53.alias_records._aliases import Records, aliases
from headrace.resources.route53.alias_records._mark import Mark
from headrace.resources.route53.alias_records._sight import described, is_simple, place, sight, write


class RecordsPresence(Presence):
    """That a name has records, for an owner."""

    filled_by_cloud: ClassVar[frozenset[str]] = frozenset({"there"})

    there: str | None = Field(None, max_length=4096, description="The records of others at this name.")

    def described(self) -> str:
        """Say which records there are."""
        return f" ({self.there})" if self.there else ""


class PresenceFacet(Root[RecordsPresence, Target]):
    """The TXT record beside the records of a name."""

    name = "presence"
    slice = RecordsPresence
    address = "arn:{partition}:route53:::hostedzone/{parent}"
    granted_as = "hosted_zones"
    id_from_cloud = True
    carries: ClassVar[tuple[str, ...]] = ("records",)
    granted_as = "hosted_zones"
    permissions = Permissions(
        read=frozenset({"route53:ListHostedZonesByName", "route53:ListResourceRecordSets"}),
        write=frozenset({"route53:ChangeResourceRecordSets"}),
    )

    def observe(self, target: Target) -> RecordsPresence | Missing:
        """Read the mark; without one, records that are there are somebody else's."""
        place(target)
        with absent_on("NoSuchHostedZone"):
            seen = sight(target)
            if seen.mark is not None:
                return RecordsPresence(owner=seen.mark.owner, retained_by=seen.mark.retained_by)
            others = [*seen.records, *([] if seen.txt is None else [seen.txt])]
            return RecordsPresence(there=described(others)) if others else ABSENT
        return ABSENT

    def create(self, target: Target, after: RecordsPresence, carried: Mapping[str, Slice]) -> None:
        """Make the mark and all records in one batch, which is refused if there is one of them already."""
        wanted = cast(Records | None, carried.get("records"))
        made = aliases(target, wanted) if wanted else {}
        write(target, Mark.of(after, frozenset(made)), [create(each) for each in made.values()])

    def apply(self, target: Target, after: RecordsPresence, before: RecordsPresence | Missing) -> None:
        """Change whose the records are; those that were nobody's are ours from then on.

        Raises:
            NotOurs: some of them are there several times, for a routing policy.
        """
        seen = sight(target)
        routed = [each for each in seen.records if not is_simple(each)]
        if seen.mark is None and routed:
            raise NotOurs(
                f"{target.id} has records with a routing policy: {described(routed)}. They are left alone. "
                "Remove them, or choose another name."
            )
        types = frozenset(each["Type"] for each in seen.records) if seen.mark is None else seen.mark.types
        write(target, Mark.of(after, types))

    def remove(self, target: Target, before: RecordsPresence) -> None:
        """Delete our records and the mark in one batch."""
        ours: Any = sight(target).ours.values()
        write(target, None, [delete(each) for each in ours])
