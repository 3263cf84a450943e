"""CloudFront's lists: {"Quantity": 2, "Items": [...]}, and no Items where there are none."""

from collections.abc import Iterable, Mapping
from typing import Any


def items(told: Mapping[str, Any], member: str) -> list[Any]:
    """Return what is in the list that is this member of a document, which may be missing."""
    return list(told.get(member, {}).get("Items") or ())


def listed(told: Mapping[str, Any], member: str, of: Iterable[Any]) -> dict[str, Any]:
    """Return the list that is this member with other items, and with what we do not know of it."""
    values = list(of)
    rest = {key: value for key, value in told.get(member, {}).items() if key != "Items"}
    return rest | {"Quantity": len(values)} | ({"Items": values} if values else {})


def laid_over(
    found: Iterable[Mapping[str, Any]], wanted: Iterable[Mapping[str, Any]], key: str
) -> list[dict[str, Any]]:
    """Return the wanted items, each over the one that was found with its key: what we do not know stays."""
    known = {each.get(key): each for each in found}
    return [dict(known.get(each[key], {})) | dict(each) for each in wanted]
