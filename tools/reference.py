"""Reference pages: every field of a kind, its rules, and the IAM actions of its settings, as Markdown."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from headrace.engine.slices import text_of
from headrace.kinds.crd import object_schema
from headrace.kinds.definition import API_VERSION, Definition
from headrace.kinds.schema import OPERATORS_DEFAULT, Schema
from tools.markdown import codes, table


@dataclass(frozen=True)
class Field:
    """One row of a table of fields."""

    path: str
    schema: Schema
    required: bool


def page(kind: Definition[Any]) -> str:
    """Return the page of a kind."""
    schema = object_schema(kind)["properties"]
    parts: tuple[str, ...] = (
        f"# {kind.name}",
        kind.description,
        f"`apiVersion: {API_VERSION}`, `kind: {kind.name}`; with kubectl also "
        f"{codes((kind.plural, *kind.short_names))}.",
        "## spec",
        "A default is in effect where a field is silent. Those of settings hold inside a setting that is "
        "there; what a setting means that is not there at all, its description says. Defaults in **bold** "
        "are filled in by the API server, so they can be seen in the object.",
        _fields(schema["spec"], "spec"),
        "## Rules",
        "The API server refuses objects that break one of these.",
        table(("Where", "Rule"), _rules(schema["spec"], "spec")),
        "## status",
        _fields(schema["status"], "status"),
    )
    if kind.resources:
        parts += (
            "## IAM actions",
            "What is left as it is, is neither read nor written, and needs no rights.",
            table(("Setting", "To read", "To write"), _actions(kind)),
            *_besides(kind),
        )
    return "\n\n".join(parts) + "\n"


def _fields(schema: Schema, path: str) -> str:
    rows = (
        (
            f"`{field.path}`",
            _type(field.schema) + (", required" if field.required else ""),
            _bounds(field.schema),
            _default(field.schema),
            field.schema["description"].replace("<", "&lt;"),
        )
        for field in fields(schema, path)
    )
    return table(("Field", "Type", "Bounds", "Default", "What it is"), rows)


def fields(schema: Schema, path: str) -> Iterator[Field]:
    """Walk all fields below an object: spec.tags, status.conditions, status.conditions[].type."""
    required = schema.get("required", ())
    for name, inner in schema.get("properties", {}).items():
        here = f"{path}.{name}"
        yield Field(here, inner, name in required)
        yield from fields(inner, here)
        yield from fields(inner.get("items", {}), f"{here}[]")
        yield from fields(inner.get("additionalProperties", {}), f"{here}.*")


def _rules(schema: Schema, path: str) -> Iterator[tuple[str, str]]:
    for rule in schema.get("x-kubernetes-validations", ()):
        yield f"`{path}{rule.get('fieldPath', '')}`", rule["message"]
    for field in fields(schema, path):
        for rule in field.schema.get("x-kubernetes-validations", ()):
            yield f"`{field.path}{rule.get('fieldPath', '')}`", rule["message"]


def _actions(kind: Definition[Any]) -> Iterator[tuple[str, str, str]]:
    for resource in kind.resources:
        for member in resource.members():
            needs, name = member.permissions, f"`{member.name}`"
            shown = f"{name} (the {resource.name.split('/')[-1]} itself)" if member is resource.root else name
            yield shown, codes(sorted(needs.read)), codes(sorted(needs.write))


def _besides(kind: Definition[Any]) -> Iterator[str]:
    """Tell of the rights to delete the content, where that can be asked for, and to say why not."""
    for resource in kind.resources:
        if needs := resource.root.permissions.empty:
            yield f"With `emptyOnDelete: true`, to delete the content: {codes(sorted(needs))}."
        if needs := resource.root.permissions.explain:
            yield f"Where AWS refuses something, to say who is in the way: {codes(sorted(needs))}."


def _type(schema: Schema) -> str:
    if schema["type"] == "array":
        return f"list of {_type(schema['items'])}"
    if "additionalProperties" in schema:
        return f"map of {_type(schema['additionalProperties'])}"
    return str(schema["type"])


def _bounds(schema: Schema) -> str:
    bounds = [
        codes(text_of(value) for value in schema.get("enum", ())),
        _between(schema, "Length", " characters"),
        f"`{schema['pattern']}`" if "pattern" in schema else "",
        _between(schema, "imum", ""),
        _between(schema, "Items", " items"),
        _between(schema, "Properties", " entries"),
    ]
    for inner in ("items", "additionalProperties"):
        if inner in schema and (said := _bounds(schema[inner])):
            bounds.append(f"each {said}")
    return "; ".join(bound for bound in bounds if bound)


def _between(schema: Schema, what: str, unit: str) -> str:
    low, high = schema.get(f"min{what}"), schema.get(f"max{what}")
    if low is not None and high is not None:
        return f"{low} to {high}{unit}"
    if high is not None:
        return f"at most {high}{unit}"
    return "" if low is None else f"at least {low}{unit}"


def _default(schema: Schema) -> str:
    if "default" in schema:
        return f"**`{text_of(schema['default'])}`**"
    return f"`{text_of(schema[OPERATORS_DEFAULT])}`" if OPERATORS_DEFAULT in schema else ""
