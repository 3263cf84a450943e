"""The simplest values of a model, field by field: hypothesis would search long for those of a large one."""

import itertools
from collections.abc import Collection, Iterator, Mapping
from functools import cache
from typing import Any, Literal, get_args, get_origin

from hypothesis import HealthCheck, Phase, given, settings
from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from headrace.engine.sensitive import Sensitive
from headrace.engine.slices import KeyedSlice, Slice
from tests.laws.bounds import UNIONS, bounds_of, least, longest, most, numbers, texts

# How many of each there are to choose from, and how many texts of a pattern they are the simplest of.
_CHOICES = 4
_DRAWN = 30


def simplest(model: type[Slice]) -> Iterator[Slice]:
    """Walk valid slices of a model, the simplest first."""
    if issubclass(model, KeyedSlice):
        yield from map(model.model_validate, _of_field(model.model_fields["entries"]))
    else:
        yield from (model.model_validate(raw) for raw in _objects(model))


def _objects(model: type[BaseModel]) -> Iterator[dict[str, Any]]:
    """Walk valid JSON objects: what must be said, then with one more said, or said otherwise, then two."""
    fields = {field.alias or name: field for name, field in model.model_fields.items()}
    choices = {name: _of_field(field) for name, field in fields.items()}
    base = {name: choices[name][0] for name, field in fields.items() if field.is_required()}
    said = [{name: value} for name in fields for value in choices[name] if value != base.get(name, ...)]
    pairs = ({**one, **two} for one, two in itertools.combinations(said, 2))
    for more in itertools.chain([{}], said, pairs):
        try:
            model.model_validate({**base, **more})
        except ValidationError:
            continue
        yield {**base, **more}


def _of_field(field: FieldInfo) -> list[Any]:
    return _of(field.annotation, field.metadata)


def _of(annotation: Any, metadata: Collection[Any] = ()) -> list[Any]:
    """Return a few JSON values for an annotation, the simplest first."""
    origin, args = get_origin(annotation), get_args(annotation)
    if hasattr(annotation, "__metadata__"):
        return _of(args[0], bounds_of(annotation, metadata))
    if origin is Literal:
        return list(args)
    if origin in UNIONS:
        return [value for arg in args if arg is not type(None) for value in _of(arg, metadata)]
    if origin is tuple:
        return _lists(_of(args[0]), least(metadata), most(metadata))
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return [{key: value} for key, value in zip(_of(args[0]), itertools.cycle(_of(args[1])), strict=False)]
    return _scalars(annotation, metadata)


def _lists(entries: list[Any], fewest: int, most: int) -> list[Any]:
    """Return two lists of each length, the short ones first; the empty one would say nothing."""
    sizes = range(max(fewest, 1), min(most, len(entries)) + 1)
    return [
        entries[start : start + size] for size in sizes for start in (0, 1) if start + size <= len(entries)
    ]


def _scalars(annotation: Any, metadata: Collection[Any]) -> list[Any]:
    if annotation is bool:
        return [False, True]
    if annotation in (int, float):
        low, high = numbers(metadata)
        start = low or 0
        return [
            each for each in (start, start + 1, high) if each is not None and (high is None or each <= high)
        ]
    if annotation in (str, Sensitive):
        return list(_texts(tuple(metadata)))
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return list(itertools.islice(_objects(annotation), _CHOICES))
    raise TypeError(f"no values are known for {annotation!r}")


def _texts(metadata: tuple[Any, ...]) -> Collection[str]:
    pattern = next((found for each in metadata if (found := getattr(each, "pattern", None))), None)
    if pattern is None:
        return [letter * max(least(metadata), 1) for letter in "01ab"]
    return _drawn(pattern, longest(metadata), metadata)


@cache
def _drawn(pattern: str, most: int, metadata: tuple[Any, ...]) -> tuple[str, ...]:
    """Return the shortest of some texts of a pattern, without searching for shorter ones."""
    drawn: set[str] = set()

    @settings(
        max_examples=_DRAWN,
        derandomize=True,
        database=None,
        deadline=None,
        phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck),
    )
    @given(text=texts(metadata))
    def draws(text: str) -> None:
        drawn.add(text)

    draws()
    return tuple(sorted(filter(None, drawn), key=lambda text: (len(text), text))[:_CHOICES])
