"""The Lease by which replicas elect their leader; each request has a deadline of its own."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from kubernetes import client
from kubernetes.client.exceptions import ApiException
from urllib3.exceptions import HTTPError

from headrace.controller.api import ApiError, Gone
from headrace.controller.elector import Record
from headrace.kube.client import translated

LABELS = {"app.kubernetes.io/name": "headrace"}
"""By which a Lease is known as ours."""


class Lease:
    """One Lease, over a connection that nothing else waits for."""

    def __init__(self, api_client: client.ApiClient, namespace: str, name: str) -> None:
        self._client, self._api = api_client, client.CoordinationV1Api(api_client)
        self._namespace, self._name = namespace, name

    @property
    def name(self) -> str:
        """How sentences call it."""
        return f"Lease {self._namespace}/{self._name}"

    def get(self, seconds: float) -> Record | None:
        """Read it; None where there is none."""
        try:
            return self._ask("get", self._api.read_namespaced_lease, seconds, self._name)
        except Gone:
            return None

    def create(self, record: Record, seconds: float) -> Record:
        """Make it; Stale where there is one already."""
        try:
            return self._ask("create", self._api.create_namespaced_lease, seconds, body=self._body(record))
        except Gone as error:
            raise ApiError(
                f"{self.name} cannot be made: there is no namespace {self._namespace}. Say the operator's in "
                "--own-namespace."
            ) from error

    def update(self, record: Record, seconds: float) -> Record:
        """Replace the version that the record is of; Stale where that is not the newest, Gone without one."""
        call = self._api.replace_namespaced_lease
        return self._ask("update", call, seconds, self._name, body=self._body(record))

    def _ask(self, verb: str, call: Callable[..., Any], seconds: float, *name: str, **body: Any) -> Record:
        try:
            # One number bounds connecting and waiting together.
            found = call(*name, self._namespace, _request_timeout=seconds, **body)
        except (ApiException, HTTPError) as error:
            raise translated(error, self.name, verb) from error
        return _record(found, self._client.sanitize_for_serialization(found.metadata))

    def _body(self, record: Record) -> Mapping[str, Any]:
        metadata = {**record.metadata, "name": self._name, "namespace": self._namespace}
        metadata["labels"] = {**(metadata.get("labels") or {}), **LABELS}
        return {
            "apiVersion": "coordination.k8s.io/v1",
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


def stamp() -> str:
    """Return the time of day as a Lease has it: always with microseconds, or it is refused."""
    return _text(datetime.now(UTC))


def _text(moment: datetime | None) -> str:
    if moment is None:
        return ""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _record(found: client.V1Lease, metadata: Mapping[str, Any]) -> Record:
    """Read a Lease of which anybody may have written anything that the API server lets pass."""
    spec, labels = found.spec or client.V1LeaseSpec(), metadata.get("labels") or {}
    return Record(
        holder=spec.holder_identity or "",
        seconds=spec.lease_duration_seconds,
        acquired=_text(spec.acquire_time),
        renewed=_text(spec.renew_time),
        transitions=spec.lease_transitions or 0,
        version=metadata["resourceVersion"],
        ours=labels.items() >= LABELS.items(),
        # What is not sent stays as it is.
        metadata={key: value for key, value in metadata.items() if key != "managedFields"},
    )
