"""The one reading of a validation record, which is all that there is of it."""

import re
from typing import Any, cast

from pydantic import Field

from headrace.aws.target import Target, absent_on
from headrace.engine.graph import KNOWN_LATER
from headrace.engine.slices import ABSENT, Missing, Slice
from headrace.resources.route53._batches import Record, values
from headrace.resources.route53._names import plain
from headrace.resources.route53._zones import asked_for

_DNS_NAME = rf"^([a-z0-9_-]+(\.[a-z0-9_-]+)+|{re.escape(KNOWN_LATER)})$"
_KEY = "record"
_SECONDS = 300


class Proof(Slice):
    """The record that ACM asks for; both come from the certificate."""

    record_name: str = Field(
        pattern=_DNS_NAME, max_length=253, description="The name of the CNAME record, without its last dot."
    )
    value: str = Field(pattern=_DNS_NAME, max_length=253, description="What it points to, without its dot.")

    def record(self) -> Record:
        """Return the record set."""
        return {
            "Name": self.record_name,
            "Type": "CNAME",
            "TTL": _SECONDS,
            "ResourceRecords": [{"Value": f"{self.value}."}],
        }


def found(target: Target) -> Record | None:
    """Return the CNAME record that the target's id names; read once for all facets of a look."""
    return cast(Record | None, target.share(_KEY, lambda: _read(target)))


def proof(target: Target) -> Proof | Missing:
    """Return what the record says."""
    record = found(target) if target.id else None
    if record is None:
        return ABSENT
    said: dict[str, Any] = {
        "record_name": plain(record["Name"]),
        "value": ", ".join(plain(each) for each in values(record)),
    }
    # Unchecked: others may have written anything into it.
    return Proof.model_construct(**said)


def _read(target: Target) -> Record | None:
    zone, name = asked_for(target)
    with absent_on("NoSuchHostedZone"):
        answer = target.route53.list_resource_record_sets(
            HostedZoneId=zone, StartRecordName=name, StartRecordType="CNAME", MaxItems="1"
        )
        for each in answer["ResourceRecordSets"]:
            if each["Type"] == "CNAME" and plain(each["Name"]) == name:
                return each
    return None
