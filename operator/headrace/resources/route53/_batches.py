"""Record sets as Route 53 takes and gives them, and batches of changes, of which all or none are made."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from headrace.aws.target import Target
from headrace.resources.route53._names import plain

if TYPE_CHECKING:
    from mypy_boto3_route53.type_defs import ChangeTypeDef

Record = Mapping[str, Any]
"""A record set in the words of the API."""


def create(record: Record) -> "ChangeTypeDef":
    """Make a record that must not be there; the batch is refused where it is."""
    return {"Action": "CREATE", "ResourceRecordSet": dict(record)}  # type: ignore[typeddict-item]  # as read


def upsert(record: Record) -> "ChangeTypeDef":
    """Make a record, or replace the one that is there."""
    return {"Action": "UPSERT", "ResourceRecordSet": dict(record)}  # type: ignore[typeddict-item]  # as read


def delete(record: Record) -> "ChangeTypeDef":
    """Delete a record that must be there just like that; the batch is refused where it is not."""
    return {"Action": "DELETE", "ResourceRecordSet": dict(record)}  # type: ignore[typeddict-item]  # as read


def change(target: Target, zone: str, changes: Iterable["ChangeTypeDef"]) -> None:
    """Make all of these changes, or none."""
    target.route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": list(changes)})


def values(record: Record) -> list[str]:
    """Return the values of a record that is no alias."""
    return [each["Value"] for each in record.get("ResourceRecords", [])]


def points_to(record: Record) -> str:
    """Say what a record points to."""
    alias = record.get("AliasTarget", {}).get("DNSName")
    return plain(alias) if alias else ", ".join(values(record))
