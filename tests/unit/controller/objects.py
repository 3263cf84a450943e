"""Custom resources as the API server would hand them out, for tests that need one of a certain shape."""

from collections.abc import Mapping, Sequence
from typing import Any

from headrace.controller.api import Object
from headrace.kinds.definition import API_VERSION, FINALIZER, REQUESTED_AT, ObjectRef

REF = ObjectRef("Thing", "shop", "media")
FRESH = {"observedGeneration": -1}
"""The status that the API server fills in when an object is made."""


def body(
    ref: ObjectRef = REF,
    *,
    version: int = 1,
    uid: str = "uid-1",
    generation: int = 1,
    spec: Mapping[str, Any] | None = None,
    status: Mapping[str, Any] | None = None,
    **metadata: Any,
) -> dict[str, Any]:
    """Return an object; more metadata by name."""
    return {
        "apiVersion": API_VERSION,
        "kind": ref.kind,
        "metadata": {
            "name": ref.name,
            "namespace": ref.namespace,
            "uid": uid,
            "resourceVersion": str(version),
            "generation": generation,
            **metadata,
        },
        "spec": dict(spec or {}),
        "status": dict(FRESH if status is None else status),
    }


def obj(ref: ObjectRef = REF, **about: Any) -> Object:
    """Return an object as the controller sees it."""
    return Object(body(ref, **about))


def deleting(**about: Any) -> dict[str, Any]:
    """Return what makes an object one that somebody asked to go, and that our finalizer holds."""
    return {"deletionTimestamp": "2026-11-05T10:00:00Z", "finalizers": [FINALIZER], **about}


def asked(value: str) -> dict[str, Any]:
    """Return the annotations by which somebody asks for a look."""
    return {REQUESTED_AT: value}


def ready(generation: int = 1, status: str = "True", **about: Any) -> dict[str, Any]:
    """Return a status of which Ready is the only condition."""
    condition = {"type": "Ready", "status": status, "reason": "InSync", "message": "3 settings in sync"}
    condition |= {"lastTransitionTime": "2026-11-05T09:00:00Z"}
    conditions = [{**condition, "observedGeneration": generation}]
    return {"observedGeneration": generation, "conditions": conditions, **about}


def condition(status: Mapping[str, Any], type_: str) -> Mapping[str, Any]:
    """Return a condition of a status; KeyError where it is not there."""
    conditions: Sequence[Mapping[str, Any]] = status["conditions"]
    return {c["type"]: c for c in conditions}[type_]
