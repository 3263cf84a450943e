"""Names as DNS has them: without the last dot, in small letters, however Route 53 tells them."""

import re

_ESCAPED = re.compile(r"\\(\d{3})")


def plain(name: str) -> str:
    """Return a name as people write it: `\\052.example.com.` is *.example.com."""
    return _ESCAPED.sub(lambda found: chr(int(found[1], 8)), name).rstrip(".").lower()


def lies_in(name: str, zone: str) -> bool:
    """Say whether the zone is about the name."""
    return name == zone or name.endswith(f".{zone}")


def base(name: str) -> str:
    """Return the name that is proved for this one: a wildcard is proved by what comes after its dot."""
    return name.removeprefix("*.")


def is_zone_id(text: str) -> bool:
    """Say whether this is the id of a hosted zone and not a name, which has a dot."""
    return bool(text) and "." not in text
