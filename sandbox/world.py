"""A namespace of its own on the sandbox: its objects are applied, watched and counted, for tests and demo."""

import json
import secrets
import time
from collections.abc import Callable, Mapping
from copy import copy
from typing import Any, Generic, Self

from sandbox.aws.stand_in import Call, StandIn
from sandbox.control_plane.audit import AuditLog, Request
from sandbox.control_plane.server import Plane_co
from sandbox.errors import SandboxError
from sandbox.operator import USER

_POLL_SECONDS = 0.04
_DELETION_SECONDS = 300
_WRITES = frozenset({"create", "update", "patch", "delete", "deletecollection"})

Object = dict[str, Any]


class World(Generic[Plane_co]):
    """One namespace, seen through the API server, the audit log and the stand-in's request log.

    It speaks of the objects of one kind, AcceleratedBucket unless `of` says otherwise. What is written is
    written by requests such as kubectl makes for the same, in a tenth of its time.
    """

    kind = "AcceleratedBucket"
    user = USER
    """How the audit log calls the operator that is looked at."""

    def __init__(self, plane: Plane_co, aws: StandIn, namespace: str | None = None) -> None:
        self.plane, self.aws = plane, aws
        self.namespace = namespace or f"t-{secrets.token_hex(4)}"
        self.audit = AuditLog(plane.audit_log)
        body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": self.namespace}}
        plane.write("POST", "/api/v1/namespaces", body)
        self.mark()

    def of(self, kind: str) -> Self:
        """Return the same namespace, speaking of the objects of this kind."""
        other = copy(self)
        other.kind = kind
        return other

    @property
    def _plural(self) -> str:
        return f"{self.kind.lower()}s"

    def mark(self) -> None:
        """Count requests from here on."""
        self._audit_mark, self._aws_mark = self.audit.mark(), self.aws.mark()

    def name(self, stem: str = "bucket") -> str:
        """Return a bucket name that nobody has."""
        return f"{self.namespace}-{stem}"

    def apply(
        self, spec: Mapping[str, Any], name: str = "media", annotations: Mapping[str, str] | None = None
    ) -> None:
        """Apply an object server-side; SandboxError with the API server's sentence where it refuses."""
        metadata = {"name": name, "namespace": self.namespace, "annotations": dict(annotations or {})}
        body = {"apiVersion": "headrace.io/v1alpha1", "kind": self.kind}
        text = {**body, "metadata": metadata, "spec": dict(spec)}
        asked = "fieldManager=kubectl&fieldValidation=Strict&force=true"
        self._write("PATCH", f"{self._path(name)}?{asked}", text, "application/apply-patch+yaml")

    def get(self, name: str = "media") -> Object:
        """Return the object as the API server has it."""
        found = self.find(name)
        if found is None:
            raise SandboxError(f"There is no {self.kind} {self.namespace}/{name}.")
        return found

    def find(self, name: str = "media") -> Object | None:
        """Return the object, or None where there is none."""
        found: Object | None = self.plane.read(self._path(name))
        return found

    def delete(self, name: str = "media", *, wait: bool = False) -> None:
        """Ask for the object to go, and wait until it is gone where that is wished."""
        self._write("DELETE", self._path(name))
        if wait:
            self.gone(name, _DELETION_SECONDS)

    def annotate(self, name: str, annotation: str, value: str) -> None:
        """Set an annotation."""
        self.patch({"metadata": {"annotations": {annotation: value}}}, name, manager="kubectl-annotate")

    def patch(
        self,
        patch: Mapping[str, Any],
        name: str = "media",
        subresource: str = "",
        manager: str = "kubectl-patch",
    ) -> None:
        """Merge-patch the object, or its status, as somebody with kubectl does."""
        path = f"{self._path(name)}/{subresource}" if subresource else self._path(name)
        asked = f"fieldManager={manager}&fieldValidation=Strict"
        self._write("PATCH", f"{path}?{asked}", patch, "application/merge-patch+json")

    def _path(self, name: str) -> str:
        return f"/apis/{GROUP}/v1alpha1/namespaces/{self.namespace}/{self._plural}/{name}"

    def _write(self, method: str, path: str, body: Any = None, form: str = "application/json") -> None:
        if self.plane.write(method, path, body, form) is None:
            raise SandboxError(f"There is no {path.partition('?')[0]}.")

    def look_now(self, name: str = "media", seconds: float = 30) -> Object:
        """Ask for a look right now, as people do, and return the object once it was answered."""
        value = secrets.token_hex(4)
        self.annotate(name, "headrace.io/reconcile-requested-at", value)
        return self.until(
            lambda obj: obj["status"].get("lastHandledReconcileAt") == value, name, "the look", seconds
        )

    def until(
        self, holds: Callable[[Object], Any], name: str = "media", what: str = "it", seconds: float = 30
    ) -> Object:
        """Return the object once this holds of it; SandboxError with its status after the deadline."""
        deadline = time.monotonic() + seconds
        while True:
            obj = self.get(name)
            if holds(obj):
                return obj
            if time.monotonic() > deadline:
                status = json.dumps(obj.get("status", {}), indent=1)
                raise SandboxError(
                    f"{what} did not come within {seconds:g} s; the status of {name} is {status}"
                )
            time.sleep(_POLL_SECONDS)

    def ready(self, name: str = "media", seconds: float = 30) -> Object:
        """Return the object once it is Ready in its present generation."""
        return self.condition("Ready", "True", name, seconds)

    def stalled(self, reason: str, name: str = "media", seconds: float = 30) -> Object:
        """Return the object once it is Stalled for this reason in its present generation."""

        def holds(obj: Object) -> bool:
            found = condition(obj, "Stalled")
            return found.get("reason") == reason and current(obj)

        return self.until(holds, name, f"Stalled/{reason}", seconds)

    def condition(self, type_: str, status: str, name: str = "media", seconds: float = 30) -> Object:
        """Return the object once this condition has this status in its present generation."""
        return self.until(
            lambda obj: condition(obj, type_).get("status") == status and current(obj),
            name,
            f"{type_}={status}",
            seconds,
        )

    def gone(self, name: str = "media", seconds: float = 30) -> None:
        """Return once the object is no more."""
        deadline = time.monotonic() + seconds
        while (obj := self.find(name)) is not None:
            if time.monotonic() > deadline:
                raise SandboxError(f"{name} is still there: {json.dumps(obj.get('status', {}), indent=1)}")
            time.sleep(_POLL_SECONDS)

    def calls(self, bucket: str | None = None) -> list[Call]:
        """Return what reached AWS since the mark, about one bucket or about those of this namespace."""
        seen = [call for call in self.aws.since(self._aws_mark) if "headrace/" in call.user_agent]
        return [
            c for c in seen if (c.resource == bucket if bucket else c.resource.startswith(self.namespace))
        ]

    def operations(self, bucket: str | None = None) -> list[str]:
        """Return the names of these calls, in the order of their answers."""
        return [call.operation for call in self.calls(bucket)]

    def events(self, name: str = "media") -> list[Object]:
        """Return the events about the object, the first one first; those of its earlier namesakes, too."""
        items = self.plane.read(f"/apis/events.k8s.io/v1/namespaces/{self.namespace}/events")["items"]
        found: list[Object] = [event for event in items if event["regarding"]["name"] == name]
        return sorted(found, key=lambda event: event["eventTime"])

    def events_until(self, count: int, name: str = "media", seconds: float = 30) -> list[Object]:
        """Return the events about the object once there are so many: they are posted behind its back."""
        deadline = time.monotonic() + seconds
        while len(events := self.events(name)) < count:
            if time.monotonic() > deadline:
                raise SandboxError(f"{name} has {len(events)} events after {seconds:g} s, not {count}")
            time.sleep(_POLL_SECONDS)
        return events

    def api_writes(self) -> list[Request]:
        """Return what the operator wrote to the API server in this namespace since the mark; no events."""
        return [
            request for request in self.api_requests() if request.verb in _WRITES and request.group == GROUP
        ]

    def api_requests(self) -> list[Request]:
        """Return all that the operator asked of the API server in this namespace since the mark."""
        since = self.audit.since(self._audit_mark)
        return [r for r in since if r.user == self.user and r.namespace == self.namespace]


GROUP = "headrace.io"


def condition(obj: Object, type_: str) -> Object:
    """Return a condition of the object, or nothing."""
    found = [c for c in obj.get("status", {}).get("conditions", []) if c["type"] == type_]
    return found[0] if found else {}


def current(obj: Object) -> bool:
    """Say whether the status is about the present generation."""
    return bool(obj.get("status", {}).get("observedGeneration") == obj["metadata"]["generation"])
