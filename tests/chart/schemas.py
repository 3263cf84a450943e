"""JSON schemas for kubeconform, from what an API server publishes of its kinds: ours are among them."""

import json
import time
from pathlib import Path
from typing import Any

from sandbox.control_plane.server import ControlPlane

LOCATION = "{{ .ResourceKind }}-{{ .ResourceAPIVersion }}.json"
"""How kubeconform finds the schema of an object in the folder."""

_SHARED = "#/components/schemas/"
_KIND = "x-kubernetes-group-version-kind"


def write_schemas(plane: ControlPlane, folder: Path) -> None:
    """Write a schema for each kind that the API server knows; it publishes some after it serves them."""
    deadline = time.monotonic() + 60
    while missing := _defined(plane) - _written(plane, folder):
        assert time.monotonic() < deadline, f"not published: {missing}"
        time.sleep(0.1)


def _defined(plane: ControlPlane) -> set[str]:
    """Return the files of what CustomResourceDefinitions define."""
    specs = [
        it["spec"] for it in plane.read("/apis/apiextensions.k8s.io/v1/customresourcedefinitions")["items"]
    ]
    return {_file(it["names"]["kind"], version["name"]) for it in specs for version in it["versions"]}


def _written(plane: ControlPlane, folder: Path) -> set[str]:
    """Write the schemas that are published now, and return the names of all files."""
    for path in plane.read("/openapi/v3")["paths"]:
        if path.startswith(("api/", "apis/")) and path.count("/") == path.startswith("apis/") + 1:
            _write_group(plane.read(f"/openapi/v3/{path}")["components"]["schemas"], folder)
    return {file.name for file in folder.iterdir()}


def _write_group(schemas: dict[str, Any], folder: Path) -> None:
    closed = {name: _closed(schema) for name, schema in schemas.items()}
    for name, schema in schemas.items():
        kinds = schema.get(_KIND, ())
        # What several groups share, such as DeleteOptions, is no object that one writes.
        if len(kinds) == 1:
            file = folder / _file(kinds[0]["kind"], kinds[0]["version"])
            file.write_text(json.dumps({"$ref": f"#/definitions/{name}", "definitions": closed}))


def _file(kind: str, version: str) -> str:
    return f"{kind.lower()}-{version}.json"


def _closed(schema: Any) -> Any:
    """Return the schema with nothing let in that it does not name, and with references of JSON schema."""
    if isinstance(schema, list):
        return [_closed(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {key: _closed(value) for key, value in schema.items()}
    if isinstance(closed.get("$ref"), str):
        closed["$ref"] = closed["$ref"].replace(_SHARED, "#/definitions/")
    if isinstance(closed.get("properties"), dict) and "type" in closed:
        closed.setdefault("additionalProperties", False)
    return closed
