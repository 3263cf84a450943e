"""From pydantic models to structural schemas, as a CustomResourceDefinition takes them. The rest is refused.

What an API server takes, and what both it and pydantic understand in the same way, is smaller than JSON
Schema: https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/
("Specifying a structural schema"). All that is not in here is an error when the files are generated.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import new_class
from typing import Any, Final, cast

from pydantic import BaseModel, ValidationError
from pydantic.config import JsonDict
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from headrace.engine.slices import ApiModel, KeyedSlice, Rule, ValueSlice, text_of

Schema = dict[str, Any]

_FILLED_IN = "x-headrace-filled-in"
_NO_JSON = "x-headrace-no-json"
FILLED_IN: Final[JsonDict] = {_FILLED_IN: True}
"""Marks a field (as its `json_schema_extra`) whose default the API server is to fill in.

Settings are never marked: were theirs filled in, what is said and what is silent would look alike.
"""
OPERATORS_DEFAULT = "x-headrace-default"
"""Keeps the default of a field that is not marked; `in_words` moves it into the description."""

_RULES = "x-kubernetes-validations"
_LIST_TYPE = "x-kubernetes-list-type"
_LIST_KEYS = "x-kubernetes-list-map-keys"

# The keywords that are left in a structural schema, in the order in which they are written.
_KEYWORDS = (
    "description", "type", "enum", "pattern", "minLength", "maxLength", "minimum", "maximum", "multipleOf",
    "default", OPERATORS_DEFAULT, _LIST_TYPE, _LIST_KEYS, "x-kubernetes-map-type", "minItems", "maxItems",
    "items", "minProperties", "maxProperties", "additionalProperties", "required", "properties", _RULES,
)  # fmt: skip
_DROPPED = frozenset({"title", "examples", "deprecated", "readOnly", "writeOnly", _FILLED_IN})
_REFUSED = {
    "anyOf": "a union has no structural schema; give each alternative an optional field of its own",
    "oneOf": "a union has no structural schema; give each alternative an optional field of its own",
    "format": "pydantic and the API server read formats differently; use a string with a pattern",
    "prefixItems": "a tuple of fixed length has no structural schema; use a model",
    "patternProperties": "patterns of keys have no structural schema; say it with a rule",
    "exclusiveMinimum": "open bounds exist for integers only; use ge",
    "exclusiveMaximum": "open bounds exist for integers only; use le",
}
# \d is any digit of Unicode for pydantic, and 0-9 for the API server, which knows no look-around.
_READ_DIFFERENTLY = re.compile(r"(?<!\\)(?:\\\\)*\\[dDwWsSbB]|\(\?<?[=!]")
# The bounds of a schema are stored as 64-bit floats.
_EXACT = 2**53


class SchemaError(ValueError):
    """A model says something that no structural schema can: the text names the field, and what to do."""


class _Generator(GenerateJsonSchema):
    """The JSON schema of pydantic, with what only the models know: rules, and which maps are wrapped."""

    def model_schema(self, schema: core_schema.ModelSchema) -> JsonSchemaValue:
        """Add the rules of the model; a KeyedSlice is the map that it wraps."""
        model: type[BaseModel] = schema["cls"]
        described = super().model_schema(schema)
        if issubclass(model, KeyedSlice):
            entries = {
                key: value for key, value in described["properties"]["entries"].items() if key != "default"
            }
            described = entries | {"description": described.get("description", "")}
        elif issubclass(model, ValueSlice):
            value = described["properties"]["value"]
            described = value | {"description": described.get("description", "")}
        else:
            _check_defaults(model)
        if issubclass(model, ApiModel) and model.rules:
            described[_RULES] = [_validation(rule) for rule in model.rules]
        return described

    def handle_invalid_for_json_schema(
        self, schema: core_schema.CoreSchema, error_info: str
    ) -> JsonSchemaValue:
        """Keep what has no JSON schema until the field is known that has it."""
        return {_NO_JSON: error_info}


def _validation(rule: Rule) -> Schema:
    where = {} if rule.field_path is None else {"fieldPath": rule.field_path}
    return where | {"message": rule.message, "rule": rule.expression}


def _check_defaults(model: type[BaseModel]) -> None:
    """Refuse defaults that nobody could show, and those that their own field would not take."""
    for name, field in model.model_fields.items():
        if field.default_factory is not None:
            where = f"{model.__name__}.{field.alias or name}"
            raise SchemaError(f"{where}: a default_factory cannot be shown; give it a literal default")
    strict = cast(type[BaseModel], new_class(model.__name__, (model,), {"validate_default": True}))
    try:
        strict.model_validate({})
    except ValidationError as error:
        for found in error.errors():
            if found["loc"] and found["type"] != "missing":
                where = ".".join(str(part) for part in (model.__name__, *found["loc"]))
                raise SchemaError(
                    f"{where}: its default is not valid for the field itself: {found['msg']}"
                ) from error


def structural_schema(model: type[BaseModel], *, tell_defaults: bool = True) -> Schema:
    """Return the structural schema of a model.

    Defaults of fields that are marked as FILLED_IN become defaults of the schema. With `tell_defaults` those
    of all other fields are kept under OPERATORS_DEFAULT, else they are dropped.

    Raises:
        SchemaError: for what no structural schema can say, for what has no bounds, and for fields that have
            no description.
    """
    raw = model.model_json_schema(schema_generator=_Generator)
    converter = _Converter(raw.pop("$defs", {}), tell_defaults)
    return converter.convert(_Found(raw), model.__name__)


def in_words(schema: Schema) -> Schema:
    """Return the schema as the API server takes it: the operator's own defaults are part of descriptions."""
    said = {key: value for key, value in schema.items() if key != OPERATORS_DEFAULT}
    for key in said.keys() & {"items", "additionalProperties"}:
        said[key] = in_words(said[key])
    if "properties" in said:
        said["properties"] = {name: in_words(value) for name, value in said["properties"].items()}
    if OPERATORS_DEFAULT in schema:
        said["description"] += f" Default: {text_of(schema[OPERATORS_DEFAULT])}."
    return said


@dataclass(frozen=True)
class _Found:
    """A schema without references, the names of those that led to it, and whether null was allowed."""

    raw: Schema
    above: tuple[str, ...] = ()
    nullable: bool = False


@dataclass(frozen=True)
class _Converter:
    definitions: Mapping[str, Schema]
    tell_defaults: bool

    def convert(self, found: _Found, path: str) -> Schema:
        """Turn one schema, and all that is in it, into a structural one."""
        found = self._resolved(found, path)
        node = _normalised({key: value for key, value in found.raw.items() if key not in _DROPPED}, path)
        _take_default(node, path, filled_in=_FILLED_IN in found.raw, tell=self.tell_defaults)
        _check_keywords(node, path)
        _check_bounds(node, path)
        if "items" in node:
            node["items"] = self._inner(found, node["items"], f"{path}[]")
        if "additionalProperties" in node:
            node["additionalProperties"] = self._inner(found, node["additionalProperties"], f"{path}[key]")
        if "properties" in node:
            self._convert_properties(found, node, path)
        _check_list_keys(node, path)
        return {key: node[key] for key in _KEYWORDS if key in node}

    def _resolved(self, found: _Found, path: str) -> _Found:
        """Put definitions in place of references, and X in place of "X or null"; what is outside wins."""
        raw, above, nullable = dict(found.raw), found.above, found.nullable
        while "$ref" in raw or "anyOf" in raw:
            if "$ref" in raw:
                name = raw.pop("$ref").removeprefix("#/$defs/")
                if name in above:
                    raise SchemaError(
                        f"{path}: {name} contains itself, and a structural schema ends somewhere"
                    )
                raw, above = self.definitions[name] | raw, (*above, name)
            else:
                options = raw.pop("anyOf")
                rest = [option for option in options if option != {"type": "null"}]
                if len(rest) != 1:
                    raise SchemaError(f"{path}: {_REFUSED['anyOf']}")
                raw, nullable = rest[0] | raw, nullable or len(rest) < len(options)
        return _Found(raw, above, nullable)

    def _inner(self, outer: _Found, raw: Any, path: str) -> Schema:
        """Convert what is in a list or a map."""
        if not isinstance(raw, dict):
            raise SchemaError(f"{path}: free-form values cannot be checked; say what they are")
        inner = self._resolved(_Found(raw, outer.above), path)
        if inner.nullable:
            raise SchemaError(
                f"{path}: None inside a list or a map is refused by the API server; leave it out"
            )
        return self.convert(inner, path)

    def _convert_properties(self, outer: _Found, node: Schema, path: str) -> None:
        properties, required = {}, []
        for name, raw in node["properties"].items():
            inner = self._resolved(_Found(raw, outer.above), f"{path}.{name}")
            properties[name] = self.convert(inner, f"{path}.{name}")
            if not properties[name].get("description"):
                raise SchemaError(f"{path}.{name}: has no description")
            if name in node.get("required", ()) and not inner.nullable:
                required.append(name)
        node["properties"] = properties
        node["required"] = required
        if not required:
            del node["required"]


def _normalised(node: Schema, path: str) -> Schema:
    """Say in the words of structural schemas what can be said in them."""
    if "const" in node:
        node["enum"] = [node.pop("const")]
    if node.pop("uniqueItems", False):
        node[_LIST_TYPE] = "set"
    if node.get("type") == "integer":
        for exclusive, inclusive, step in (
            ("exclusiveMinimum", "minimum", 1),
            ("exclusiveMaximum", "maximum", -1),
        ):
            if exclusive in node:
                node[inclusive] = node.pop(exclusive) + step
    if node.get("additionalProperties") is False:
        del node["additionalProperties"]
    if "propertyNames" in node or isinstance(node.get("additionalProperties"), dict):
        node[_RULES] = [*node.get(_RULES, ()), _key_rule(node.pop("propertyNames", {}), path)]
    return node


def _key_rule(names: Schema, path: str) -> Schema:
    """Say how long keys may be: structural schemas only speak of values."""
    unknown = names.keys() - {"minLength", "maxLength", "type"}
    if unknown or "maxLength" not in names:
        raise SchemaError(f"{path}[key]: keys need max_length, and take no bounds but lengths; use a rule")
    shortest, longest = names.get("minLength", 0), names["maxLength"]
    return {
        "message": f"keys have {shortest} to {longest} characters",
        "rule": f"self.all(key, size(key) >= {shortest} && size(key) <= {longest})",
    }


def _take_default(node: Schema, path: str, *, filled_in: bool, tell: bool) -> None:
    """Keep the default as that of the API server where it is marked so, else as the operator's."""
    default = _without_nulls(node.pop("default", None))
    if default is None:
        if filled_in:
            raise SchemaError(f"{path}: is marked to be filled in by the API server, but has no default")
    elif filled_in:
        node["default"] = default
    elif tell:
        node[OPERATORS_DEFAULT] = default


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nulls(inner) for key, inner in value.items() if inner is not None}
    return [_without_nulls(inner) for inner in value] if isinstance(value, list) else value


def _check_keywords(node: Schema, path: str) -> None:
    """Refuse every keyword that is not known to mean the same to the API server and to pydantic."""
    if _NO_JSON in node:
        raise SchemaError(f"{path}: has no JSON schema ({node[_NO_JSON]}); use a type that has one")
    for keyword in node:
        if keyword not in _KEYWORDS:
            why = _REFUSED.get(keyword, f"{keyword!r} has no place in a structural schema")
            raise SchemaError(f"{path}: {why}")
    if "type" not in node:
        raise SchemaError(f"{path}: free-form values cannot be checked; say what they are")
    if _READ_DIFFERENTLY.search(node.get("pattern", "")):
        raise SchemaError(
            f"{path}: the pattern {node['pattern']} is read differently by the API server (RE2): "
            "write [0-9] for a digit, and no look-around"
        )


def _check_bounds(node: Schema, path: str) -> None:
    """Refuse what has no bounds: rules beside it would be too expensive for the API server to run."""
    kind = node["type"]
    if kind not in {"string", "integer", "number", "boolean", "array", "object"}:
        raise SchemaError(f"{path}: the type {kind} has no place in a structural schema")
    if kind == "string" and not {"maxLength", "enum"} & node.keys():
        raise SchemaError(f"{path}: a string needs max_length")
    if kind == "array" and not {"maxItems", "items"} <= node.keys():
        raise SchemaError(f"{path}: a list needs max_length, and a type for what is in it")
    if kind == "object" and "properties" not in node and "maxProperties" not in node:
        raise SchemaError(f"{path}: a map needs max_length")
    for keyword in ("minimum", "maximum"):
        if abs(node.get(keyword, 0)) > _EXACT:
            raise SchemaError(
                f"{path}: {keyword} is stored as a 64-bit float, which is exact up to 2^53 only"
            )


def _check_list_keys(node: Schema, path: str) -> None:
    """Refuse keys of a list that might be missing: the API server could not tell its items apart."""
    items = node.get("items", {})
    for key in node.get(_LIST_KEYS, ()):
        if key not in items.get("required", ()) and "default" not in items.get("properties", {}).get(key, {}):
            raise SchemaError(f"{path}: the list key {key} must be required, or filled in by the API server")
