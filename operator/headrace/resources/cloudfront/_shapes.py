"""From our models to CloudFront's shapes and back: lists have a Quantity there, some members are deeper."""

from collections.abc import Mapping
from typing import Any, ClassVar, Self, cast, get_args, get_origin

from pydantic import ValidationError

from headrace.engine.slices import ApiModel, Slice, camel

Config = Mapping[str, Any]


class Shaped(ApiModel):
    """A model that says where CloudFront has its fields."""

    members: ClassVar[Mapping[str, str]] = {}
    """By field, where that is not its name in the API with a capital: "HeadersConfig", "Cors.MaxAge"."""
    wrapped: ClassVar[Mapping[str, str]] = {}
    """Lists of texts that are lists of structures with this one member there."""
    unsaid: ClassVar[Mapping[str, Any]] = {}
    """What it means where CloudFront does not tell a field, if that is not its default."""

    @classmethod
    def path(cls, name: str) -> tuple[str, ...]:
        """Return the members of CloudFront's shape that lead to a field."""
        alias = cls.model_fields[name].alias or camel(name)
        return tuple(cls.members.get(name, alias[0].upper() + alias[1:]).split("."))

    def to_aws(self) -> dict[str, Any]:
        """Return what CloudFront is to have; None for each member that is not to be there."""
        shape: dict[str, Any] = {}
        for name in type(self).model_fields:
            *outer, last = self.path(name)
            place = shape
            for member in outer:
                place = place.setdefault(member, {})
            place[last] = self._sent(name, getattr(self, name))
        return shape

    def _sent(self, name: str, value: Any) -> Any:
        if isinstance(value, Shaped):
            return said(value.to_aws())
        if isinstance(value, tuple):
            member = self.wrapped.get(name)
            items = [each if member is None else {member: each} for each in value]
            sent = [said(each.to_aws()) if isinstance(each, Shaped) else each for each in items]
            return {"Quantity": len(sent), "Items": sent} if sent else None
        return value

    @classmethod
    def from_aws(cls, shape: Config) -> Self:
        """Read what CloudFront has, also where others have written more than spec may say."""
        values = {name: cls._read(name, shape) for name in cls.model_fields}
        values = {**cls.unsaid, **{name: value for name, value in values.items() if value is not None}}
        try:
            return cls.model_validate(values)
        except ValidationError:
            return cast(Self, cls.model_construct(**values))

    @classmethod
    def _read(cls, name: str, shape: Config) -> Any:
        value: Any = shape
        for member in cls.path(name):
            value = value.get(member) if isinstance(value, Mapping) else None
        inner = _inner(cls.model_fields[name].annotation)
        if value is None or inner is None:
            return value
        if "Quantity" not in value:
            return inner.from_aws(value) if issubclass(inner, Shaped) else value
        wrapped, items = cls.wrapped.get(name), value.get("Items", [])
        if issubclass(inner, Shaped):
            return tuple(inner.from_aws(each) for each in items)
        return tuple(each if wrapped is None else each[wrapped] for each in items)


class ShapedSlice(Shaped, Slice):
    """A slice that is such a model."""


def said(shape: Config) -> dict[str, Any]:
    """Return the members that are there."""
    kept = {name: said(value) if isinstance(value, dict) else value for name, value in shape.items()}
    return {name: value for name, value in kept.items() if value is not None}


def _inner(annotation: Any) -> type[Any] | None:
    """Return the model, or what is in the list, of a field that is one of these."""
    if hasattr(annotation, "__metadata__"):
        return _inner(get_args(annotation)[0])
    origin, args = get_origin(annotation), get_args(annotation)
    if origin is tuple:
        return _inner(args[0]) or str
    if args and type(None) in args:
        return _inner(next(arg for arg in args if arg is not type(None)))
    if isinstance(annotation, type) and issubclass(annotation, Shaped):
        return cast(type[Any], annotation)
    return None
