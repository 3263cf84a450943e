"""The alias records of a name, by which viewers find the distribution."""

from collections.abc import Mapping
from typing import Any

from headrace.aws.target import Target, absent_on
from headrace.engine.facet import Facet, Permissions
from headrace.engine.slices import ABSENT, Missing
from headrace.resources.route53._batches import Record, create, delete, points_to, upsert
from headrace.resources.route53.alias_records._aliases import Records, aliases, cloudfront_zone
from headrace.resources.route53.alias_records._mark import Mark
from headrace.resources.route53.alias_records._sight import sight, write

_NONE = "none"


class RecordsFacet(Facet[Records, Target]):
    """An A record, and as it is wished an AAAA and an HTTPS record, changed together with the mark."""

    name = "records"
    slice = Records
    permissions = Permissions(
        read=frozenset({"route53:ListResourceRecordSets"}),
        write=frozenset({"route53:ChangeResourceRecordSets"}),
    )

    def observe(self, target: Target) -> Records | Missing:
        """Read our records; those of others at the same name are none of ours."""
        with absent_on("NoSuchHostedZone"):
            ours = sight(target).ours
            if not ours:
                return ABSENT
            values: dict[str, Any] = {
                "target": _where(ours, cloudfront_zone(target)),
                "ipv6": "AAAA" in ours,
                "https": "HTTPS" in ours,
            }
            # Unchecked: others may have made them point anywhere.
            return Records.model_construct(**values)
        return ABSENT

    def apply(self, target: Target, after: Records, before: Records | Missing) -> None:
        """Make what is missing, replace what is ours, and delete what is ours and not wanted any more."""
        seen, wanted = sight(target), aliases(target, after)
        known = seen.mark.types if seen.mark else frozenset[str]()
        put = [upsert(each) if type_ in known else create(each) for type_, each in wanted.items()]
        gone = [delete(each) for type_, each in seen.ours.items() if type_ not in wanted]
        # Deletions first: an address may take the place of a CNAME.
        write(target, self._mark(target, frozenset(wanted)), [*gone, *put])

    def remove(self, target: Target, before: Records) -> None:
        """Delete our records; the name stays marked as ours."""
        write(target, self._mark(target, frozenset()), [delete(e) for e in sight(target).ours.values()])

    def _mark(self, target: Target, types: frozenset[str]) -> Mark:
        mark = sight(target).mark or Mark(owner=target.owner)
        return Mark(mark.owner, mark.retained_by, types)


def _where(ours: Mapping[str, Record], zone: str) -> str:
    """Say where our records point to: one place, or for each of them its own."""
    places = {"A": _NONE} | {type_: _place(record, zone) for type_, record in ours.items()}
    if len(set(places.values())) == 1:
        return places["A"]
    return ", ".join(f"{type_} {place}" for type_, place in sorted(places.items()))


def _place(record: Record, zone: str) -> str:
    alias = record.get("AliasTarget", {})
    if alias and (alias.get("HostedZoneId") != zone or alias.get("EvaluateTargetHealth")):
        return f"{points_to(record)} in zone {alias.get('HostedZoneId')}"
    return points_to(record)
