"""Writing over what a document has, so that members that we do not know stay."""

from collections.abc import Iterable, Mapping
from typing import Any

from headrace.resources.cloudfront.distribution._member import listed


def relisted(found: Mapping[str, Any] | None, values: Iterable[Any]) -> dict[str, Any]:
    """Return a list with other items, and with what we do not know of it."""
    rest = {member: each for member, each in (found or {}).items() if member != "Items"}
    return rest | listed(values)


def laid_over(
    found: Iterable[Mapping[str, Any]], wanted: Iterable[Mapping[str, Any]], key: str
) -> list[dict[str, Any]]:
    """Return the wanted items, each over the one that was found with its key."""
    known = {each.get(key): each for each in found}
    return [dict(known.get(each[key], {})) | dict(each) for each in wanted]
