"""Slices out of nothing but their models: any that is valid, and the simplest ones."""

import types
from collections.abc import Callable, Collection, Mapping
from functools import cache
from typing import Any, Literal, TypeVar, Union, cast, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt, MaxLen, MinLen
from hypothesis import HealthCheck, find, settings
from hypothesis import strategies as st
from hypothesis.errors import NoSuchExample
from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from headrace.engine.facet import Facet
from headrace.engine.sensitive import Sensitive
from headrace.engine.slices import KeyedSlice, Slice

# What S3 and Kubernetes both take in a key or a value.
_LETTERS = st.characters(codec="utf-8", categories=("L", "N"), include_characters=" _.:/=+-@")
_FEW = 3

M = TypeVar("M", bound=BaseModel)


def values(model: type[Slice]) -> st.SearchStrategy[dict[str, Any]]:
    """Return JSON objects, by alias, some of them valid for this model; fields may be silent."""
    if issubclass(model, KeyedSlice):
        entries: st.SearchStrategy[dict[str, Any]] = _of_field(model.model_fields["entries"])
        return entries
    return _object(model)


def slices(model: type[Slice]) -> st.SearchStrategy[Slice]:
    """Return valid slices of this model."""
    return cast(st.SearchStrategy[Slice], values(model).map(lambda raw: _made(model, raw)).filter(bool))


def sample(facet: Facet[Any, Any]) -> Slice:
    """Return the simplest value that is neither the facet's rest nor, if that can be, its default."""
    return _pair(facet.slice, _json(facet.default), _json(facet.resting))[0]


def other(facet: Facet[Any, Any]) -> Slice:
    """Return the simplest value that differs from the sample in what is said; of a map, in all its keys."""
    return _pair(facet.slice, _json(facet.default), _json(facet.resting))[1]


@cache
def _pair(model: type[Slice], default: str | None, rest: str | None) -> tuple[Slice, Slice]:
    try:
        first = _simplest(model, lambda value: _json(value) not in (default, rest))
    except NoSuchExample:
        first = _simplest(model, lambda value: _json(value) != rest)
    if isinstance(first, KeyedSlice):
        return first, _simplest(model, lambda value: not value.fields().keys() & first.fields().keys())
    return first, _simplest(model, lambda value: value.completed(first) != first)


def _simplest(model: type[Slice], is_it: Callable[[Slice], bool]) -> Slice:
    return find(
        slices(model),
        lambda value: bool(value.fields()) and not value.is_empty() and is_it(value),
        settings=settings(
            derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )


def _json(value: Slice | None) -> str | None:
    return None if value is None else value.model_dump_json()


def _made(model: type[M], raw: dict[str, Any]) -> M | None:
    try:
        return model.model_validate(raw)
    except ValidationError:
        return None


def _object(model: type[BaseModel]) -> st.SearchStrategy[dict[str, Any]]:
    fields = {field.alias or name: field for name, field in model.model_fields.items()}
    required = {name: _of_field(field) for name, field in fields.items() if field.is_required()}
    optional = {name: _of_field(field) for name, field in fields.items() if not field.is_required()}
    return st.fixed_dictionaries(required, optional=optional)


def _of_field(field: FieldInfo) -> st.SearchStrategy[Any]:
    return _of(field.annotation, field.metadata)


def _of(annotation: Any, metadata: Collection[Any] = ()) -> st.SearchStrategy[Any]:
    """Return JSON values for an annotation. A type that is not known here is to be added here."""
    origin, args = get_origin(annotation), get_args(annotation)
    if hasattr(annotation, "__metadata__"):
        return _of(args[0], bounds_of(annotation, metadata))
    if origin is Literal:
        return st.sampled_from(args)
    if origin in (Union, types.UnionType):
        return st.one_of([st.none() if arg is type(None) else _of(arg, metadata) for arg in args])
    if origin is tuple:
        return st.lists(_of(args[0]), min_size=_least(metadata), max_size=_most(metadata))
    if isinstance(origin, type) and issubclass(origin, Mapping):
        keys, inner = _of(args[0]), _of(args[1])
        return st.dictionaries(keys, inner, min_size=_least(metadata), max_size=_most(metadata))
    return _scalar(annotation, metadata)


def bounds_of(annotation: Any, metadata: Collection[Any]) -> list[Any]:
    """Return all that an Annotated type, and whoever uses it, says of its values."""
    own = [each for each in annotation.__metadata__ if not isinstance(each, FieldInfo)]
    nested = [
        each for field in annotation.__metadata__ if isinstance(field, FieldInfo) for each in field.metadata
    ]
    return [*own, *nested, *metadata]


def _scalar(annotation: Any, metadata: Collection[Any]) -> st.SearchStrategy[Any]:
    if annotation is bool:
        return st.booleans()
    if annotation in (int, float):
        low = next((m.ge for m in metadata if isinstance(m, Ge)), None)
        high = next((m.le for m in metadata if isinstance(m, Le)), None)
        assert not any(isinstance(m, Gt | Lt) for m in metadata), "open bounds are not for our API"
        whole = st.integers(low, high)  # type: ignore[arg-type]  # bounds of such a field are whole numbers
        return whole.map(float) if annotation is float else whole
    if annotation in (str, Sensitive):
        return _text(metadata)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        # What cannot be by itself need not be tried as a part of something.
        return _object(annotation).filter(lambda raw: _made(annotation, raw) is not None)
    raise TypeError(f"no values are known for {annotation!r}")


def _text(metadata: Collection[Any]) -> st.SearchStrategy[str]:
    pattern = next((found for m in metadata if (found := getattr(m, "pattern", None))), None)
    if pattern is not None:
        longest = _bound(metadata, MaxLen, 64)
        return st.from_regex(pattern, fullmatch=True, alphabet=_LETTERS).filter(lambda s: len(s) <= longest)
    return st.text(_LETTERS, min_size=_least(metadata), max_size=min(_bound(metadata, MaxLen, 64), 64))


def _least(metadata: Collection[Any]) -> int:
    return _bound(metadata, MinLen, 0)


def _most(metadata: Collection[Any]) -> int:
    return max(_least(metadata), min(_bound(metadata, MaxLen, _FEW), _FEW))


def _bound(metadata: Collection[Any], kind: type[MinLen] | type[MaxLen], otherwise: int) -> int:
    found = next((m for m in metadata if isinstance(m, kind)), None)
    if found is None:
        return otherwise
    return found.min_length if isinstance(found, MinLen) else found.max_length
