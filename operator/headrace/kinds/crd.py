"""From kinds to their CustomResourceDefinitions."""

from typing import Any

from headrace.kinds.definition import GROUP, VERSION, Column, Definition
from headrace.kinds.schema import Schema, in_words, structural_schema

CATEGORY = "headrace"
"""`kubectl get headrace` lists the objects of all kinds."""


def crd_name(kind: Definition[Any]) -> str:
    """Return the name of the definition: acceleratedbuckets.headrace.io."""
    return f"{kind.plural}.{GROUP}"


def custom_resource_definition(kind: Definition[Any]) -> dict[str, Any]:
    """Return the CustomResourceDefinition of a kind, apiextensions.k8s.io/v1."""
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": crd_name(kind)},
        "spec": {
            "group": GROUP,
            "names": {
                "kind": kind.name,
                "listKind": f"{kind.name}List",
                "plural": kind.plural,
                "singular": kind.name.lower(),
                "shortNames": list(kind.short_names),
                "categories": [CATEGORY],
            },
            "scope": "Namespaced" if kind.namespaced else "Cluster",
            "versions": [
                {
                    "name": VERSION,
                    "served": True,
                    "storage": True,
                    "subresources": {"status": {}},
                    "additionalPrinterColumns": [_printer(column) for column in columns(kind)],
                    "schema": {"openAPIV3Schema": in_words(object_schema(kind))},
                }
            ],
        },
    }


def object_schema(kind: Definition[Any]) -> Schema:
    """Return the schema of the whole object, as `structural_schema` makes it.

    There are no rules at its root: they are not ratcheted, and under an object that violates one even the
    removal of the finalizer is refused. An object always has a spec, so that its defaults are filled in and
    transition rules compare something. The status of a fresh object is older than any generation, so that no
    tool takes an object for done that nobody has looked at.
    """
    return {
        "description": kind.description,
        "type": "object",
        "properties": {
            "spec": _part("What is wanted. What is left out is silent.", {}, structural_schema(kind.spec)),
            "status": _part(
                "What was found, and what was done.",
                {"observedGeneration": -1},
                structural_schema(kind.status, tell_defaults=False),
            ),
        },
    }


def _part(description: str, default: dict[str, Any], schema: Schema) -> Schema:
    rest = {key: value for key, value in schema.items() if key != "description"}
    return {"description": description, "default": default} | rest


def columns(kind: Definition[Any]) -> tuple[Column, ...]:
    """Return what `kubectl get` shows, in order; the longest texts come last, and in `-o wide` only."""
    return (
        Column("Ready", _of_ready("status")),
        Column("Reason", _of_ready("reason")),
        *(column for column in kind.columns if column.priority == 0),
        *(
            [Column("Drift", ".status.driftCount", "integer")]
            if "drift_count" in kind.status.model_fields
            else []
        ),
        Column("Age", ".metadata.creationTimestamp", "date"),
        *(column for column in kind.columns if column.priority > 0),
        Column("Message", _of_ready("message"), priority=1),
    )


def _of_ready(field: str) -> str:
    return f'.status.conditions[?(@.type=="Ready")].{field}'


def _printer(column: Column) -> dict[str, Any]:
    shown = {"name": column.name, "type": column.type, "jsonPath": column.path}
    return shown if column.priority == 0 else shown | {"priority": column.priority}
