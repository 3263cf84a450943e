"""What was stored under an older schema is never stuck, however much tighter the schema is now.

An object that breaks a rule at the root of its schema can neither be reported on nor be deleted any more.
Rules and bounds below spec are not looked at again while spec stays as it is.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
import yaml
from kubernetes.client import CustomObjectsApi
from kubernetes.config import new_client_from_config

from headrace.kinds.crd import custom_resource_definition
from headrace.kinds.definition import FINALIZER, GROUP, VERSION
from headrace.kinds.registry import KINDS
from sandbox.control_plane.server import ControlPlane
from sandbox.errors import SandboxError
from sandbox.processes import wait_until
from tests.bucket_specs import BAD, Spec
from tests.e2e.namespace import Namespace, bucket

pytestmark = pytest.mark.e2e

BUCKET = KINDS["AcceleratedBucket"]
SPEC = custom_resource_definition(BUCKET)["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"][
    "spec"
]
# A group of its own, so that the loosened definition is in nobody's way.
OLDER = f"older.{GROUP}"
RESOURCE = f"{BUCKET.plural}.{OLDER}"
BREAK: Mapping[str, Callable[[Any], Any]] = {
    "enum": lambda _: "never-one-of-these",
    "pattern": lambda _: "?",
    "minLength": lambda length: "x" * (length - 1),
    "maxLength": lambda length: "x" * (length + 1),
    "minimum": lambda least: least - 1,
    "maximum": lambda most: most + 1,
    "maxProperties": lambda most: {f"key-{number}": "x" for number in range(most + 1)},
}

# Items of a list that cannot be told apart were never stored: lists have had their keys from the start.
NEVER_STORED = {"a rule without an id", "two rules with one id", "a storage class twice"}

JSON_PATCH = "application/json-patch+json"
DROP_FINALIZERS = [{"op": "remove", "path": "/metadata/finalizers"}]


def definition(change: Callable[[Any], Any]) -> str:
    """Return the definition of the bucket in the other group, with its schema changed."""
    made = custom_resource_definition(BUCKET)
    made["metadata"]["name"] = RESOURCE
    made["spec"]["group"] = OLDER
    # Short names and categories belong to the real one.
    made["spec"]["names"] = {key: made["spec"]["names"][key] for key in ("kind", "plural")}
    schema = made["spec"]["versions"][0]["schema"]
    schema["openAPIV3Schema"] = change(schema["openAPIV3Schema"])
    return yaml.safe_dump(made)


def loosened(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return a schema without its bounds and rules."""
    dropped = {*BREAK, "maxItems", "x-kubernetes-validations"}
    kept = {key: value for key, value in schema.items() if key not in dropped}
    for key in ("items", "additionalProperties"):
        if key in kept:
            kept[key] = loosened(kept[key])
    if "properties" in kept:
        kept["properties"] = {name: loosened(inner) for name, inner in kept["properties"].items()}
    return kept


def violations(schema: Mapping[str, Any]) -> Iterator[Any]:
    """Yield for every bound in a schema a value that breaks it."""
    yield from (BREAK[keyword](schema[keyword]) for keyword in sorted(BREAK.keys() & schema.keys()))
    for name, inner in schema.get("properties", {}).items():
        yield from (required(schema) | {name: value} for value in violations(inner))
    if "items" in schema:
        yield [item(schema, number) for number in range(schema["maxItems"] + 1)]
        yield from ([value] for value in violations(schema["items"]))
    if "additionalProperties" in schema:
        yield from ({"key": value} for value in violations(schema["additionalProperties"]))


def required(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return what an object must have, at its simplest."""
    fields = schema["properties"]
    return {
        name: fields[name].get("enum", ["x" if fields[name]["type"] == "string" else 1])[0]
        for name in schema.get("required", ())
    }


def item(schema: Mapping[str, Any], number: int) -> Any:
    """Return an item of a list, another one for each number."""
    if schema["items"]["type"] != "object":
        return "x"
    keys = schema.get("x-kubernetes-list-map-keys", ())
    return required(schema["items"]) | {key: str(number) for key in keys}


def rules(schema: Mapping[str, Any]) -> Iterator[Mapping[str, str]]:
    """Yield every rule in a schema that looks at the new object only."""
    for rule in schema.get("x-kubernetes-validations", ()):
        if "oldSelf" not in rule["rule"]:
            yield rule
    for inner in schema.get("properties", {}).values():
        yield from rules(inner)
    if "items" in schema:
        yield from rules(schema["items"])


def older(spec: Spec, name: str, **metadata: Any) -> dict[str, Any]:
    """Return a bucket of the other group."""
    return bucket(spec, name, **metadata) | {"apiVersion": f"{OLDER}/{VERSION}"}


def served(plane: ControlPlane) -> bool:
    """Say whether the definition is among what the API server tells that it serves, which comes later."""
    found = plane.read(f"/apis/{OLDER}/{VERSION}") or {"resources": []}
    return BUCKET.plural in {each["name"] for each in found["resources"]}


@pytest.fixture
def specs(control_plane: ControlPlane) -> list[Spec]:
    """Specs that break every bound and every rule there is, known to a cluster that has neither."""
    control_plane.kubectl_run("apply", "--server-side", "--filename=-", input=definition(loosened))
    control_plane.kubectl_run("wait", "--for=condition=Established", "--timeout=30s", f"crd/{RESOURCE}")
    wait_until(lambda: served(control_plane), what="the API server serves it")
    # What no schema knows is pruned, and cannot be stored.
    stored = {name: each for name, each in BAD.items() if name not in NEVER_STORED}
    bad = [spec for spec, sentence in stored.values() if sentence not in {"colour", "mfa"}]
    return [*bad, *violations(SPEC)]


def test_what_a_tightened_schema_refuses_can_still_be_reported_on_and_deleted(
    control_plane: ControlPlane, specs: list[Spec]
) -> None:
    namespace = Namespace(control_plane)
    names = [f"stored-{number}" for number in range(len(specs))]
    stored = zip(specs, names, strict=True)
    namespace.apply(*(older(spec, name, finalizers=[FINALIZER]) for spec, name in stored))

    control_plane.kubectl_run("apply", "--server-side", "--filename=-", input=definition(dict))
    told = refusals(namespace, specs)
    assert [rule["message"] for rule in rules(SPEC) if rule["message"] not in told] == []

    objects = CustomObjectsApi(new_client_from_config(str(control_plane.kubeconfig)))
    place = (OLDER, VERSION, namespace.name, BUCKET.plural)
    for name in names:
        objects.patch_namespaced_custom_object_status(*place, name, {"status": {"observedGeneration": 1}})
        assert "deletionTimestamp" in objects.delete_namespaced_custom_object(*place, name)["metadata"]
        objects.patch_namespaced_custom_object_status(*place, name, {"status": {"observedGeneration": 2}})
        objects.patch_namespaced_custom_object(*place, name, DROP_FINALIZERS, _content_type=JSON_PATCH)
    assert json.loads(namespace.run("get", RESOURCE, "--output=json"))["items"] == []


def refusals(namespace: Namespace, specs: list[Spec]) -> str:
    """Return what the API server says of new objects; it must refuse all, once the schema is in force."""
    told = ""

    def refused() -> bool:
        nonlocal told
        try:
            namespace.apply(
                *(older(spec, f"new-{number}") for number, spec in enumerate(specs)), dry_run=True
            )
        except SandboxError as error:
            told = str(error)
        return all(f'"new-{number}" is invalid' in told for number in range(len(specs)))

    wait_until(refused, what="the tightened schema refuses every new object", seconds=60)
    return told
