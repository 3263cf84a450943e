"""Laws of facets that need no world: what they are called, what they say of themselves, what they promise.

All take (resource, facet); PURE_LAWS lists them.
"""

import inspect
import json
import re
import types
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Union, get_args, get_origin

from annotated_types import Ge, Le, MaxLen
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from headrace.engine.facet import ResourceType, Root
from headrace.engine.sensitive import Sensitive
from headrace.engine.slices import KeyedSlice, Slice
from tests.laws.bounds import bounds_of
from tests.laws.laws import AnyFacet

_FIELD = re.compile(r"[a-z][a-zA-Z0-9]{0,62}")
_ACTION = re.compile(r"[a-z0-9-]+:[A-Z][A-Za-z0-9]+")
_LOOKS = ("Get", "Head", "List", "Describe")


def law_is_named_like_a_field(resource: ResourceType, facet: AnyFacet) -> None:
    """Its name is the field in spec."""
    assert _FIELD.fullmatch(facet.name), f"{facet.name!r} is no camelCase field"


def law_says_what_it_is(resource: ResourceType, facet: AnyFacet) -> None:
    """Its module, it and its slice have a docstring of their own whose first line is a sentence."""
    module = inspect.getmodule(type(facet))
    for name, doc in (
        (f"the module of {facet.name}", module.__doc__ if module else None),
        (type(facet).__name__, vars(type(facet)).get("__doc__")),
        (facet.slice.__name__, vars(facet.slice).get("__doc__")),
    ):
        first = (doc or "").strip().split("\n")[0]
        assert first.endswith("."), f"{name} does not say in a sentence what it is: {first!r}"


def law_every_field_is_described(resource: ResourceType, facet: AnyFacet) -> None:
    """A map is described by its slice, all else field by field, in sentences."""
    for path, field in _fields(facet.slice):
        if path != "entries":
            said = field.description or ""
            assert said.endswith("."), f"{facet.name}.{path} is not described in a sentence: {said!r}"


def law_every_field_is_bounded(resource: ResourceType, facet: AnyFacet) -> None:
    """Texts, lists and maps have a greatest length, and numbers a least and a greatest value."""
    for path, field in _fields(facet.slice):
        _bounded(f"{facet.name}.{path}", field.annotation, field.metadata)


def law_declares_its_actions(resource: ResourceType, facet: AnyFacet) -> None:
    """It reads with actions that look, and writes with others."""
    for what, actions in (("read", facet.permissions.read), ("write", facet.permissions.write)):
        assert actions, f"{facet.name} declares no action to {what} with"
        for action in sorted(actions):
            assert _ACTION.fullmatch(action), f"{facet.name}: {action!r} is no IAM action"
            looks = action.partition(":")[2].startswith(_LOOKS)
            assert looks is (what == "read"), f"{facet.name} declares {action} to {what} with"
    needs = facet.permissions
    assert needs.create | needs.remove <= needs.write, f"{facet.name} makes or removes with what is no write"
    assert not needs.create & needs.remove, f"{facet.name} says of one action that only making needs it"
    makes = isinstance(facet, Root)
    assert bool(needs.create) is makes is bool(needs.remove), f"{facet.name} declares what only roots do"
    empties = isinstance(facet, Root) and type(facet).empty is not Root.empty
    assert bool(facet.permissions.empty) is empties, f"{facet.name} declares what it cannot do: empty"


def law_comes_after_members_that_exist(resource: ResourceType, facet: AnyFacet) -> None:
    """What it stands on is part of the same resource and is written before it."""
    order = [member.name for member in resource.members()]
    for name in facet.after:
        assert name in order, f"{facet.name} comes after {name}, which there is not"
        assert order.index(name) < order.index(facet.name), f"{facet.name} is written before {name}"


def law_can_be_undone(resource: ResourceType, facet: AnyFacet) -> None:
    """There is a way to take it away, or to bring it to rest; of a map, single keys go."""
    undone = facet.removable or issubclass(facet.slice, KeyedSlice)
    assert undone, f"{facet.name} has neither a way to be removed nor a resting value"


def law_default_and_rest_are_values(resource: ResourceType, facet: AnyFacet) -> None:
    """They are slices of the facet, in canonical form, and not the word for "must not be there"."""
    for what, value in (("default", facet.default), ("rest", facet.resting), ("start", facet.initial)):
        if isinstance(value, Slice):
            assert type(value) is facet.slice, f"the {what} of {facet.name} is no {facet.slice.__name__}"
            assert not value.is_empty(), f"the {what} of {facet.name} says that it must not be there"
            round_trip(facet, value)


def law_what_the_cloud_fills_in_may_be_silent(resource: ResourceType, facet: AnyFacet) -> None:
    """Such a field exists, and is None where nobody says anything."""
    for name in sorted(facet.slice.filled_by_cloud):
        field = facet.slice.model_fields.get(name)
        assert field is not None, f"{facet.name} has no field {name} for the cloud to fill in"
        silent = not field.is_required() and field.default is None
        assert silent, f"{facet.name}.{name} is filled in by the cloud and yet never silent"
    unknown = facet.slice.filled_by_cloud and isinstance(facet.initial, Slice)
    assert not unknown, f"{facet.name} would be written before it is known what the cloud filled in"


def law_rules_can_be_told(resource: ResourceType, facet: AnyFacet) -> None:
    """Each rule has an expression, a message without a full stop, and points to a field, if at all."""
    for rule in facet.slice.rules:
        assert "self" in rule.expression, f"a rule of {facet.name} says nothing of self: {rule.expression}"
        told = rule.message and not rule.message.endswith(".") and "\n" not in rule.message
        assert told, f"a rule of {facet.name} has no message of one line: {rule.message!r}"
        pointed = rule.field_path is None or rule.field_path.startswith(".")
        assert pointed, f"a rule of {facet.name} points to {rule.field_path!r}"


PURE_LAWS: tuple[Callable[[ResourceType, AnyFacet], None], ...] = (
    law_is_named_like_a_field,
    law_says_what_it_is,
    law_every_field_is_described,
    law_every_field_is_bounded,
    law_declares_its_actions,
    law_comes_after_members_that_exist,
    law_can_be_undone,
    law_default_and_rest_are_values,
    law_what_the_cloud_fills_in_may_be_silent,
    law_rules_can_be_told,
)


def round_trip(facet: AnyFacet, value: Slice) -> None:
    """Fail unless a value is the same after a way through JSON, be nothing said as null or not at all.

    What is sensitive is said as it is: JSON of a slice has only its hash, which is refused.
    """
    for silent in (False, True):
        written = json.dumps(value.model_dump(by_alias=True, exclude_none=silent), default=_in_the_clear)
        again = facet.slice.model_validate_json(written)
        assert again == value, f"{facet.name}: {value!r} comes back from {written} as {again!r}"
        assert again.fields() == value.fields(), f"{facet.name}: {value!r} reads differently after {written}"


def _in_the_clear(value: object) -> object:
    return value.get_secret_value() if isinstance(value, Sensitive) else value


def _fields(model: type[BaseModel], path: str = "") -> Iterator[tuple[str, FieldInfo]]:
    """Walk the fields of a model and of the models in it, by path."""
    for name, field in model.model_fields.items():
        yield f"{path}{name}", field
        for inner in _models(field.annotation):
            yield from _fields(inner, f"{path}{name}.")


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if inspect.isclass(annotation) and issubclass(annotation, BaseModel):
        yield annotation
    for arg in get_args(annotation):
        yield from _models(arg)


def _bounded(path: str, annotation: Any, metadata: Any) -> None:
    origin, args = get_origin(annotation), get_args(annotation)
    if hasattr(annotation, "__metadata__"):
        _bounded(path, args[0], bounds_of(annotation, metadata))
        return
    if origin in (Union, types.UnionType):
        for arg in args:
            _bounded(path, arg, metadata)
        return
    many = origin is tuple or (inspect.isclass(origin) and issubclass(origin, Mapping))
    if many or annotation is str:
        assert any(isinstance(each, MaxLen) for each in metadata), f"{path} has no greatest length"
    if annotation is int:
        bounds = {type(each) for each in metadata} & {Ge, Le}
        assert bounds == {Ge, Le}, f"{path} has no least and greatest value"
    if many:
        for arg in args:
            if arg is not Ellipsis:
                _bounded(f"{path}[]", arg, [])
