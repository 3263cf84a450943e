"""Slices out of nothing but their models: any that is valid, and the simplest ones."""

from collections.abc import Callable, Collection, Mapping
from functools import cache
from typing import Any, Literal, TypeVar, cast, get_args, get_origin

from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from headrace.engine.facet import Facet
from headrace.engine.sensitive import Sensitive
from headrace.engine.slices import KeyedSlice, Slice
from tests.laws.bounds import UNIONS, bounds_of, least, most, numbers, texts
from tests.laws.simplest import simplest

# How many of the fields that may be silent are said at a time: of all at once, hardly any would go together.
_SAID = 5

M = TypeVar("M", bound=BaseModel)


@cache
def values(model: type[Slice]) -> st.SearchStrategy[dict[str, Any]]:
    """Return JSON objects, by alias, some of them valid for this model; fields may be silent."""
    if issubclass(model, KeyedSlice):
        entries: st.SearchStrategy[dict[str, Any]] = _of_field(model.model_fields["entries"])
        return entries
    return _object(model)


@cache
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
    first = _first(model, lambda value: _json(value) not in (default, rest)) or _first(
        model, lambda value: _json(value) != rest
    )
    assert first is not None, f"no sample of {model.__name__} is known"
    second = _first(model, lambda value: _differ(first, value))
    assert second is not None, f"no other {model.__name__} than {first!r} is known"
    return first, second


def _first(model: type[Slice], is_it: Callable[[Slice], bool]) -> Slice | None:
    found = (value for value in simplest(model) if value.fields() and not value.is_empty() and is_it(value))
    return next(found, None)


def _differ(one: Slice, other: Slice) -> bool:
    if isinstance(one, KeyedSlice):
        return not other.fields().keys() & one.fields().keys()
    return other.completed(one) != one


def _json(value: Slice | None) -> str | None:
    return None if value is None else value.model_dump_json()


def _made(model: type[M], raw: dict[str, Any]) -> M | None:
    try:
        return model.model_validate(raw)
    except ValidationError:
        return None


@cache
def _object(model: type[BaseModel]) -> st.SearchStrategy[dict[str, Any]]:
    fields = {field.alias or name: field for name, field in model.model_fields.items()}
    required = {name: _of_field(field) for name, field in fields.items() if field.is_required()}
    optional = {name: _of_field(field) for name, field in fields.items() if not field.is_required()}
    if len(optional) <= _SAID:
        return st.fixed_dictionaries(required, optional=optional)
    said = st.sets(st.sampled_from(list(optional)), max_size=_SAID)
    return said.flatmap(
        lambda names: st.fixed_dictionaries(required | {name: optional[name] for name in sorted(names)})
    )


def _of_field(field: FieldInfo) -> st.SearchStrategy[Any]:
    return _of(field.annotation, field.metadata)


def _of(annotation: Any, metadata: Collection[Any] = ()) -> st.SearchStrategy[Any]:
    """Return JSON values for an annotation. A type that is not known here is to be added here."""
    origin, args = get_origin(annotation), get_args(annotation)
    if hasattr(annotation, "__metadata__"):
        return _of(args[0], bounds_of(annotation, metadata))
    if origin is Literal:
        return st.sampled_from(args)
    if origin in UNIONS:
        return st.one_of([st.none() if arg is type(None) else _of(arg, metadata) for arg in args])
    if origin is tuple:
        return st.lists(_of(args[0]), min_size=least(metadata), max_size=most(metadata))
    if isinstance(origin, type) and issubclass(origin, Mapping):
        keys, inner = _of(args[0]), _of(args[1])
        return st.dictionaries(keys, inner, min_size=least(metadata), max_size=most(metadata))
    return _scalar(annotation, metadata)


def _scalar(annotation: Any, metadata: Collection[Any]) -> st.SearchStrategy[Any]:
    if annotation is bool:
        return st.booleans()
    if annotation in (int, float):
        whole = st.integers(*numbers(metadata))
        return whole.map(float) if annotation is float else whole
    if annotation in (str, Sensitive):
        return texts(metadata)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        # What cannot be by itself need not be tried as a part of something.
        return _object(annotation).filter(lambda raw: _made(annotation, raw) is not None)
    raise TypeError(f"no values are known for {annotation!r}")
