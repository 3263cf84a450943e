"""The samples in manifests/samples, by kind, and which fields of a spec they say something of."""

import typing
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined, to_jsonable_python

from headrace.engine.slices import KeyedSlice, ValueSlice
from headrace.kinds.registry import KINDS
from tests.bucket_specs import ROOT

_DIRECTORY = ROOT / "manifests" / "samples"
FILES = sorted(_DIRECTORY.glob("*.yaml"))
"""All samples, also those of kinds that stand for no cloud resource."""
# What is said of one of them is said of the other in the same words.
_ALIKE = ("defaultBehavior", "behaviors")


@cache
def sample(path: Path) -> dict[str, Any]:
    """Return the object of a sample file."""
    loaded: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return loaded


def samples_of(kind: str) -> list[Path]:
    """Return the files with samples of a kind."""
    return sorted(_DIRECTORY.glob(f"{kind.lower()}-*.yaml"))


SAMPLES = [path for kind in KINDS for path in samples_of(kind)]


class Said(NamedTuple):
    """A field of a spec, and what its silence means."""

    path: tuple[str, ...]
    default: Any

    def __str__(self) -> str:
        return ".".join(self.path)

    def is_another(self, value: Any) -> bool:
        """Whether it says something that silence does not."""
        return bool(value != self.default)


def fields(model: type[BaseModel], path: tuple[str, ...] = ()) -> Iterator[Said]:
    """Yield all fields of a model, and those of the models in it, by their paths in YAML."""
    for name, field in model.model_fields.items():
        here = (*path, field.alias or name)
        inner, default = _model_in(field.annotation), _default(field)
        if inner is not None and issubclass(inner, ValueSlice):
            value = inner.model_fields["value"]
            inner, default = _model_in(value.annotation), _default(value)
        yield Said(here, default)
        if inner is not None and not issubclass(inner, KeyedSlice):
            yield from fields(inner, here)


def said_of(kind: str, path: tuple[str, ...]) -> Iterator[Any]:
    """Yield what the samples of a kind say of a field, or of its counterpart in another behavior."""
    heads = _ALIKE if path[0] in _ALIKE and path[1:] else path[:1]
    for file in samples_of(kind):
        for head in heads:
            yield from _values(sample(file)["spec"], (head, *path[1:]))


def _values(said: Any, path: tuple[str, ...]) -> Iterator[Any]:
    """Yield what is said at a path, in each item of the lists on the way."""
    if not path:
        yield said
    elif isinstance(said, list):
        for item in said:
            yield from _values(item, path)
    elif isinstance(said, Mapping) and path[0] in said:
        yield from _values(said[path[0]], path[1:])


def _default(field: FieldInfo) -> Any:
    default = field.get_default(call_default_factory=True, validated_data={})
    return default if default is PydanticUndefined else to_jsonable_python(default, by_alias=True)


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """Return the model in an annotation: the field's own, that of its items, or that which may be there."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    found = (_model_in(each) for each in typing.get_args(annotation))
    return next((each for each in found if each is not None), None)
