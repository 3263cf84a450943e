"""Fields that are set at creation and then left alone: ignoreDrift, by paths with * for any characters."""

import re
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from headrace.engine.slices import (
    NO_KEYS,
    ApiModel,
    KeyedSlice,
    Missing,
    Slice,
    ValueSlice,
    camel,
    field_path,
    item_path,
)

M = TypeVar("M", bound=ApiModel)


class Ignored:
    """Paths such as `tags`, `lifecycle.rules` or `tags[cost-*]`; a path covers what is below it."""

    def __init__(self, paths: Iterable[str] = ()) -> None:
        self._patterns = [_pattern(path) for path in paths]

    def __contains__(self, path: str) -> bool:
        """Say whether the field at this path, or one above it, is to be left alone."""
        return any(pattern.match(path) for pattern in self._patterns)

    def __bool__(self) -> bool:
        """Say whether there is any such path."""
        return bool(self._patterns)

    def left_alone(self, facet: str, wanted: Slice, found: Slice | Missing) -> Slice:
        """Return the wish with what was found in the fields that are ignored."""
        if not self._patterns or isinstance(found, Missing):
            return wanted
        if isinstance(wanted, KeyedSlice) and isinstance(found, KeyedSlice):
            keys = [key for key in wanted.entries.keys() | found.entries.keys() if f"{facet}[{key}]" in self]
            kept = {key: value for key, value in found.entries.items() if key in keys}
            rest = {key: value for key, value in wanted.entries.items() if key not in keys}
            return wanted.model_copy(update={"entries": {**rest, **kept}})
        return self._merged(facet, wanted, found, wanted.keyed_lists)

    def _merged(self, path: str, wanted: M, found: ApiModel, keys: Mapping[str, str] = NO_KEYS) -> M:
        """Take over, field by field, what was found where the path is ignored.

        The result is not validated: what is there may be newer than our models, and where it does not go
        with the rest of the wish, AWS says so better than we could.
        """
        merged = {}
        for name, field in type(wanted).model_fields.items():
            said = "" if isinstance(wanted, ValueSlice) else field.alias or camel(name)
            below = field_path(path, said)
            here: Any = getattr(wanted, name)
            there: Any = getattr(found, name, None)
            if below in self:
                merged[name] = there
            elif said in keys:
                ordered = isinstance(wanted, Slice) and said in wanted.ordered_lists
                merged[name] = self._items(below, keys[said], (here, there or ()), ordered)
            elif isinstance(here, ApiModel) and isinstance(there, ApiModel):
                merged[name] = self._merged(below, here, there)
        return wanted.model_copy(update=merged)

    def _items(
        self, path: str, key: str, sides: tuple[Iterable[ApiModel], Iterable[ApiModel]], ordered: bool
    ) -> tuple[ApiModel, ...]:
        """Take over the items that are ignored, and the fields of others, from the second of two sides."""
        here, there = ({_key_of(item, key): item for item in side} for side in sides)
        merged: dict[str, ApiModel | None] = {}
        for name in here.keys() | there.keys():
            below = item_path(path, name)
            if below in self:
                merged[name] = there.get(name)
            elif name in here and name in there:
                merged[name] = self._merged(below, here[name], there[name])
            else:
                merged[name] = here.get(name)
        order = _woven(here, there) if ordered else sorted(merged)
        return tuple(item for name in order if (item := merged[name]) is not None)


def _key_of(item: ApiModel, key: str) -> str:
    """Return the key of an item of a list; its name is that in the API."""
    names = {field.alias or camel(name): name for name, field in type(item).model_fields.items()}
    return str(getattr(item, names[key]))


def _woven(wanted: Iterable[str], found: Iterable[str]) -> list[str]:
    """Return the wanted order, and what else is there right behind what it was found behind."""
    order = list(wanted)
    place = 0
    for name in found:
        if name not in order:
            order.insert(place, name)
        place = order.index(name) + 1
    return order


def _pattern(path: str) -> re.Pattern[str]:
    """Only * is special; the path must end there, or at a dot or a bracket."""
    return re.compile(".*".join(re.escape(part) for part in path.split("*")) + r"(?:$|(?=[.\[]))")
