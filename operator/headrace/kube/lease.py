"""The Lease by which replicas elect their leader; each request has a deadline of its own."""

from collections.abc import Callable, Mapping
from typing import Any, Literal

from kubernetes import client
from kubernetes.client.exceptions import ApiException
from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.alias_generators import to_camel
from urllib3.exceptions import HTTPError

from headrace.controller.api import ApiError, Gone
from headrace.controller.elector import Barred, Record
from headrace.kube.client import translated
from headrace.kube.deadline import Deadline, Overdue

LABELS = {"app.kubernetes.io/name": "headrace"}
"""By which a Lease is known as ours."""
_GROUP, _VERSION, _PLURAL = "coordination.k8s.io", "v1", "leases"


class _Part(BaseModel):
    """A part of a Lease as the API server writes it; what we do not need is passed over."""

    model_config = ConfigDict(alias_generator=to_camel, frozen=True)


class _Metadata(_Part):
    """What we need of a Lease's metadata."""

    resource_version: str
    labels: dict[str, str] | None = None


class _Spec(_Part):
    """What is said of a holder; anybody may have left out any of it."""

    holder_identity: str | None = None
    lease_duration_seconds: int | None = None
    # Strings as they are: they are shown and copied, and Kubernetes takes times that Python does not know.
    acquire_time: str | None = None
    renew_time: str | None = None
    lease_transitions: int | None = None


class _Lease(_Part):
    """What makes an answer a Lease."""

    kind: Literal["Lease"]
    metadata: _Metadata
    spec: _Spec | None = None


class Lease:
    """One Lease, over a connection that nothing else waits for."""

    def __init__(self, api_client: client.ApiClient, namespace: str, name: str) -> None:
        # This way nothing is read into an answer that it does not say.
        self._api = client.CustomObjectsApi(api_client)
        self._namespace, self._name = namespace, name
        self._deadline = Deadline()

    @property
    def name(self) -> str:
        """How sentences call it."""
        return f"Lease {self._namespace}/{self._name}"

    def get(self, seconds: float) -> Record | None:
        """Read it; None where there is none."""
        try:
            return self._ask("get", self._api.get_namespaced_custom_object, seconds, name=self._name)
        except Gone:
            return None

    def create(self, record: Record, seconds: float) -> Record:
        """Make it; Stale where there is one already."""
        call = self._api.create_namespaced_custom_object
        try:
            return self._ask("create", call, seconds, body=self._body(record))
        except Gone as error:
            raise Barred(
                f"{self.name} cannot be made: there is no namespace {self._namespace}. Say the operator's in "
                "--own-namespace."
            ) from error

    def update(self, record: Record, seconds: float) -> Record:
        """Replace the version that the record is of; Stale where that is not the newest, Gone without one."""
        call = self._api.replace_namespaced_custom_object
        return self._ask("update", call, seconds, name=self._name, body=self._body(record))

    def _ask(self, verb: str, call: Callable[..., Any], seconds: float, **more: Any) -> Record:
        def asked() -> Any:
            where = {"group": _GROUP, "version": _VERSION, "namespace": self._namespace, "plural": _PLURAL}
            # Ours comes first; this one ends what nobody waits for any more.
            return call(**where, **more, _request_timeout=2 * seconds)

        try:
            found = self._deadline.within(seconds, asked)
            return _record(found, _Lease.model_validate(found))
        except (ApiException, HTTPError, Overdue) as error:
            raise translated(error, self.name, verb) from error
        except (ValidationError, UnicodeError, LookupError) as error:
            # Whatever a proxy may say, in whatever letters, with the status of a success.
            raise ApiError(f"{self.name}: the API server answered with what is no Lease") from error

    def _body(self, record: Record) -> Mapping[str, Any]:
        metadata = {**record.metadata, "name": self._name, "namespace": self._namespace}
        metadata["labels"] = {**(metadata.get("labels") or {}), **LABELS}
        return {
            "apiVersion": f"{_GROUP}/{_VERSION}",
            "kind": "Lease",
            "metadata": metadata,
            "spec": {
                "holderIdentity": record.holder,
                "leaseDurationSeconds": record.seconds,
                "acquireTime": record.acquired or None,
                "renewTime": record.renewed or None,
                "leaseTransitions": record.transitions,
            },
        }


def _record(found: Mapping[str, Any], lease: _Lease) -> Record:
    """Read a Lease of which anybody may have written anything that the API server lets pass."""
    spec, labels = lease.spec or _Spec(), lease.metadata.labels or {}
    return Record(
        holder=spec.holder_identity or "",
        seconds=spec.lease_duration_seconds,
        acquired=spec.acquire_time or "",
        renewed=spec.renew_time or "",
        transitions=spec.lease_transitions or 0,
        version=lease.metadata.resource_version,
        ours=labels.items() >= LABELS.items(),
        # What is not sent stays as it is.
        metadata={key: value for key, value in found["metadata"].items() if key != "managedFields"},
    )
