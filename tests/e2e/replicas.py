"""Two replicas of the operator, each known by its name in what it asks of AWS and of the API server."""

import json
from pathlib import Path
from typing import Any

from sandbox.aws.stand_in import Call, StandIn
from sandbox.control_plane.audit import AuditLog, Request
from sandbox.control_plane.server import ControlPlane
from sandbox.operator import NAMESPACE, SERVICE_ACCOUNT, Operator
from sandbox.processes import wait_until
from sandbox.world import World

LEASE = "headrace-operator"
QUICK = ("--lease-duration", "10", "--renew-deadline", "5", "--retry-period", "0.25")
"""Figures belong to benchmarks: here all is sooner, but not too soon for a machine that is busy."""
# A term has to lapse, and on a busy machine Python alone needs half a minute to start.
_SECONDS = 90.0
_WRITES = frozenset({"create", "update", "patch", "delete"})


class Replica(Operator):
    """An operator with a name, and what it said since its log was looked at last."""

    def __init__(self, name: str, plane: ControlPlane, aws: StandIn, directory: Path, *more: str) -> None:
        given = ("--allow-ambient", "--leader-elect", "--identity", name, "--cluster-id", "failover", *QUICK)
        # botocore's own way to say which application it is.
        super().__init__(plane, aws, directory / name, (*given, *more), {"AWS_SDK_UA_APP_ID": name})
        self.name, self._mark = name, 0

    def mark(self) -> None:
        """Look at what it says from here on."""
        self._mark = len(self.log)

    def said(self, level: str = "") -> list[str]:
        """Return what its log says since the mark, in one line each."""
        lines = [json.loads(line) for line in self.log[self._mark :].splitlines() if line.startswith("{")]
        return [line["message"] for line in lines if not level or line["level"] == level]

    def says(self, words: str) -> None:
        """Wait until its log has this since the mark."""
        wait_until(lambda: any(words in line for line in self.said()), what=words, children=[self.child])

    def leads(self) -> None:
        """Wait until it leads."""
        wait_until(
            lambda: "headrace_leader 1.0" in self.get("/metrics"),
            what=f"{self.name} leads",
            seconds=_SECONDS,
            children=[self.child],
        )


class Replicas:
    """Starts replicas, and reads what each of them did."""

    def __init__(self, plane: ControlPlane, aws: StandIn, directory: Path) -> None:
        self._plane, self._aws, self._directory = plane, aws, directory
        self._audit = AuditLog(plane.audit_log)
        self._pair = (self.replica("one"), self.replica("two"))

    def replica(self, name: str, *more: str) -> Replica:
        """Make one with this name, which is not started yet."""
        return Replica(name, self._plane, self._aws, self._directory, *more)

    def pair(self) -> tuple[Replica, Replica]:
        """Return the one that leads and the one that stands by, alive whatever a test before did to them."""
        for each in self._pair:
            if not each.alive:
                each.stop()
                each.start(wait=False)
        wait_until(
            lambda: all(map(Operator.ready, self._pair)) and len(self._leaders()) == 1,
            what="one of two leads",
            seconds=_SECONDS,
        )
        (leader,) = self._leaders()
        (standby,) = (each for each in self._pair if each is not leader)
        wait_until(lambda: f"held by {leader.name}_" in standby.log, what="the other one stands by")
        for each in self._pair:
            each.mark()
        return leader, standby

    def end(self) -> None:
        """Stop the pair."""
        for each in self._pair:
            each.stop()

    def _leaders(self) -> list[Replica]:
        return [each for each in self._pair if "headrace_leader 1.0" in each.get("/metrics")]

    def forget(self) -> None:
        """Take away the Lease that an earlier test left."""
        self._plane.kubectl_run("delete", "lease", LEASE, "-n", NAMESPACE, "--ignore-not-found")

    def lease(self) -> dict[str, Any]:
        """Return the spec of the Lease."""
        found = self._plane.read(f"/apis/coordination.k8s.io/v1/namespaces/{NAMESPACE}/leases/{LEASE}")
        spec: dict[str, Any] = found["spec"]
        return spec

    def hold(self, holder: str | None, seconds: int | None, **more: str) -> None:
        """Write on the Lease what another program might."""
        spec = {"holderIdentity": holder, "leaseDurationSeconds": seconds, **more}
        lease = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "spec": spec}
        text = json.dumps({**lease, "metadata": {"name": LEASE, "namespace": NAMESPACE}})
        self._plane.kubectl_run("apply", "--server-side", "--force-conflicts", "-f", "-", input=text)

    def asked_aws(self, replica: Replica, mark: int) -> list[Call]:
        """Return what this replica asked of AWS since a mark."""
        return [call for call in self._aws.since(mark) if f"app/{replica.name}" in call.user_agent]

    def asked(self, replica: Replica, mark: int) -> list[Request]:
        """Return what this replica asked of the API server since a mark."""
        return [r for r in self._audit.since(mark) if f"({replica.name}_" in r.user_agent]

    def wrote(self, replica: Replica, mark: int) -> list[Request]:
        """Return what this replica wrote to the API server since a mark."""
        return [request for request in self.asked(replica, mark) if request.verb in _WRITES]


def release_of(world: World, namespace: str) -> None:
    """Let the operator's ServiceAccount run as another release, in another namespace."""
    role = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "Role",
        "metadata": {"name": "other-release", "namespace": namespace},
        "rules": [
            {
                "apiGroups": ["coordination.k8s.io"],
                "resources": ["leases"],
                "verbs": ["get", "create", "update"],
            }
        ],
    }
    world.plane.kubectl_run("apply", "--server-side", "-f", "-", input=json.dumps(role))
    account = f"--serviceaccount={NAMESPACE}:{SERVICE_ACCOUNT}"
    world.plane.kubectl_run(
        "create", "rolebinding", "other-release", "--role=other-release", account, "-n", namespace
    )
