"""The benchmark's own hand on the cluster: buckets made and asked for directly, times from the audit log."""

import datetime as dt
import json
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from kubernetes import client, config
from kubernetes.client.exceptions import ApiException

from sandbox.control_plane.audit import AuditLog
from sandbox.control_plane.pki import ADMIN
from sandbox.control_plane.server import ControlPlane
from sandbox.errors import SandboxError
from sandbox.operator import USER
from sandbox.processes import wait_until

NAMESPACE = "bench"
_WHERE = ("headrace.io", "v1alpha1", NAMESPACE, "acceleratedbuckets")
_KIND = "acceleratedbuckets.headrace.io"
_STATUS = b'"subresource":"status"'
_WRITES = frozenset({"create", "update", "patch", "delete"})
_THREADS = 10


@dataclass(frozen=True)
class Written:
    """One write to an AcceleratedBucket, or an event: when it came in and was answered (epoch seconds)."""

    user: str
    verb: str
    resource: str
    subresource: str
    began: float
    ended: float


def spec(bucket: str) -> dict[str, Any]:
    """A bucket with what is usual: acceleration, versioning, AES256, access block, ownership, one tag."""
    return {
        "bucketName": bucket,
        "region": "eu-central-1",
        "deletionPolicy": "Delete",
        "resyncInterval": "24h",
        "acceleration": {"enabled": True},
        "versioning": {"enabled": True},
        "encryption": {"algorithm": "AES256"},
        "publicAccessBlock": {},
        "ownershipControls": {"objectOwnership": "BucketOwnerEnforced"},
        "tags": {"team": "bench"},
    }


class Cluster:
    """Makes buckets through the API, many at once, without kubectl; reads in the audit log what happened."""

    def __init__(self, plane: ControlPlane) -> None:
        self._plane = plane
        self._audit = AuditLog(plane.audit_log)
        self._api = client.CustomObjectsApi(config.new_client_from_config(str(plane.kubeconfig)))
        plane.kubectl_run("create", "namespace", NAMESPACE)
        wait_until(self._established, what="the kinds are older than 2 s")
        self.mark = self._audit.mark()

    def begin(self) -> None:
        """Count and measure from here on."""
        self.mark = self._audit.mark()

    def _established(self) -> bool:
        """The API server lets creations wait for 2 s while a kind is younger than that."""
        path = "{.status.conditions[?(@.type=='Established')].lastTransitionTime}"
        since = self._plane.kubectl_run("get", "crd", _KIND, f"--output=jsonpath={path}")
        # The time is in whole seconds.
        return dt.datetime.now(dt.UTC) - dt.datetime.fromisoformat(since) > dt.timedelta(seconds=3)

    def make(self, names: Iterable[str]) -> None:
        """Create an object, and so a bucket, of each of these names."""

        def create(name: str) -> None:
            body = {"apiVersion": "headrace.io/v1alpha1", "kind": "AcceleratedBucket"}
            metadata = {"name": name, "namespace": NAMESPACE}
            self._api.create_namespaced_custom_object(
                *_WHERE, {**body, "metadata": metadata, "spec": spec(name)}
            )

        _side_by_side(create, names)

    def ask(self, names: Iterable[str], value: str) -> None:
        """Ask for a look at each, as people do."""
        annotations = {"headrace.io/reconcile-requested-at": value}

        def patch(name: str) -> None:
            self._api.patch_namespaced_custom_object(
                *_WHERE, name, {"metadata": {"annotations": annotations}}
            )

        _side_by_side(patch, names)

    def wait(self, count: int, holds: Callable[[dict[str, Any]], bool], what: str) -> None:
        """Return once this holds of so many objects. Nobody is asked before so many statuses were written."""

        def all_of_them() -> bool:
            with self._plane.audit_log.open("rb") as file:
                file.seek(self.mark)
                written = file.read().count(_STATUS)
            return written >= count and sum(map(holds, self.objects())) >= count

        wait_until(all_of_them, what=what, seconds=120 + count / 2)

    def objects(self) -> list[dict[str, Any]]:
        """All objects of the benchmark."""
        found: list[dict[str, Any]] = self._api.list_namespaced_custom_object(*_WHERE)["items"]
        return found

    def written(self, user: str) -> list[Written]:
        """What this user wrote since the last ``begin``, in the order of the answers."""
        with self._plane.audit_log.open("rb") as file:
            file.seek(self.mark)
            lines = file.read().split(b"\n")[:-1]
        seen = (_written(json.loads(line)) for line in lines)
        return [write for write in seen if write.user == user and write.verb in _WRITES]

    def seconds(self) -> float:
        """From the first write of ours to the answer to the operator's last write to a status."""
        began = min(write.began for write in self.written(ADMIN))
        statuses = [write.ended for write in self.written(USER) if write.subresource == "status"]
        if not statuses:
            raise SandboxError("The operator wrote no status.")
        return max(statuses) - began


def _side_by_side(act: Callable[[str], None], names: Iterable[str]) -> None:
    with ThreadPoolExecutor(_THREADS) as pool:
        try:
            list(pool.map(act, names))
        except ApiException as error:
            raise SandboxError(f"The API server refused ({error.status}): {error.body}") from error


def _written(event: dict[str, Any]) -> Written:
    target = event.get("objectRef", {})
    return Written(
        user=event["user"].get("username", ""),
        verb=event["verb"],
        resource=target.get("resource", ""),
        subresource=target.get("subresource", ""),
        began=_epoch(event["requestReceivedTimestamp"]),
        ended=_epoch(event["stageTimestamp"]),
    )


def _epoch(text: str) -> float:
    return dt.datetime.fromisoformat(text).timestamp()
