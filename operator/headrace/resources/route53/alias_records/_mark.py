"""The TXT record that says whose the records of a name are, which ones, and who retained them.

It says so as ExternalDNS does, `heritage=…,…/owner=…`, at a name of its own below the one that it is about:
there it meets neither a CNAME nor a TXT record of somebody else's, and is listed right after the records of
its name. A wildcard has nothing below it, so its mark is beside it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from headrace.engine.ownership import Presence
from headrace.resources.route53._batches import Record, values

_HERITAGE = "heritage=headrace"
_RECORDS, _OWNER, _RETAINED = "headrace/records", "headrace/owner", "headrace/retained-by"
# A TXT record holds strings of 255 characters at most ("Supported DNS record types", Route 53).
_LENGTH = 255
_SECONDS = 300
_STRING = re.compile(r'"((?:[^"\\]|\\.)*)"')
_ESCAPED = re.compile(r"\\(\d{3}|.)")


def name_of_mark(name: str) -> str:
    """Return the name of the TXT record for the records of a name."""
    below = name.removeprefix("*.")
    return f"_headrace.{name}" if below == name else f"_headrace-wildcard.{below}"


@dataclass(frozen=True)
class Mark:
    """Whose the records of a name are, and of which types there are records that are."""

    owner: str | None = None
    retained_by: str | None = None
    types: frozenset[str] = frozenset()

    @classmethod
    def of(cls, presence: Presence, types: frozenset[str]) -> Self:
        """Return the mark for what this presence says."""
        return cls(presence.owner, presence.retained_by, types)

    @classmethod
    def read(cls, record: Record) -> Self | None:
        """Return what a TXT record says; None where it is no mark."""
        found = values(record)
        heritage, _, rest = _joined(found[0]).partition(",") if found else ("", "", "")
        if heritage != _HERITAGE:
            return None
        types, _, whose = rest.partition(",")
        # What comes last may have commas in it.
        key, _, who = whose.partition("=")
        said: Mapping[str, str] = {key: who}
        return cls(said.get(_OWNER), said.get(_RETAINED), frozenset(types.partition("=")[2].split()))

    def record(self, name: str) -> Record:
        """Return the TXT record that says so of this name."""
        key, who = (_OWNER, self.owner) if self.owner is not None else (_RETAINED, self.retained_by or "")
        text = f"{_HERITAGE},{_RECORDS}={' '.join(sorted(self.types))},{key}={who}"
        return {
            "Name": name_of_mark(name),
            "Type": "TXT",
            "TTL": _SECONDS,
            "ResourceRecords": [{"Value": _split(text)}],
        }


def _split(text: str) -> str:
    """Write a text as quoted strings; what a zone file could misread is written by its number."""
    raw = text.encode()
    parts = [raw[at : at + _LENGTH] for at in range(0, len(raw), _LENGTH)]
    return " ".join('"' + "".join(_written(byte) for byte in part) + '"' for part in parts)


def _written(byte: int) -> str:
    return chr(byte) if 32 <= byte < 127 and byte not in b'"\\' else f"\\{byte:03o}"


def _joined(value: str) -> str:
    parts = (_ESCAPED.sub(_read, part) for part in _STRING.findall(value))
    return "".join(parts).encode("latin-1", "replace").decode(errors="replace")


def _read(escaped: re.Match[str]) -> str:
    said = escaped[1]
    return chr(int(said, 8)) if len(said) == 3 else said
