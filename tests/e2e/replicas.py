"""Two replicas of the operator, each known by its name in what it asks of AWS and of the API server."""

import json
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sandbox.aws.stand_in import Call
from sandbox.control_plane.audit import Request
from sandbox.operator import NAMESPACE, SERVICE_ACCOUNT, Operator
from sandbox.processes import wait_until
from sandbox.world import World

LEASE = "headrace-operator"
QUICK = ("--lease-duration", "3", "--renew-deadline", "2", "--retry-period", "0.25")
"""Figures belong to benchmarks: here the same happens sooner."""
_WRITES = frozenset({"create", "update", "patch", "delete"})


class Replicas:
    """Starts replicas that serve one namespace, and reads what each did."""

    def __init__(self, world: World, directory: Path, arguments: tuple[str, ...] = QUICK) -> None:
        self.world, self._directory, self._arguments = world, directory, arguments
        self._started: list[Operator] = []
        self.forget()

    def replica(self, name: str, *arguments: str, start: bool = True) -> Operator:
        """Make one with this name, and wait until it is ready."""
        given = (
            "--allow-ambient",
            "--namespaces",
            self.world.namespace,
            "--leader-elect",
            "--identity",
            name,
        )
        operator = Operator(
            self.world.plane,
            self.world.aws,
            self._directory / name,
            (*given, *self._arguments, *arguments),
            # botocore's own way to say which application it is.
            {"AWS_SDK_UA_APP_ID": name},
        )
        self._started.append(operator)
        if start:
            operator.start()
        return operator

    def pair(self) -> tuple[Operator, Operator]:
        """Start two; the first one leads."""
        one = self.replica("one")
        leads(one)
        two = self.replica("two")
        wait_until(lambda: "Standing by" in two.log, what="the second one stands by")
        return one, two

    def end(self) -> None:
        """Stop all that were started."""
        for operator in self._started:
            operator.stop()

    def forget(self, namespace: str = NAMESPACE) -> None:
        """Take away the Lease that an earlier test left."""
        self.world.plane.kubectl_run("delete", "lease", LEASE, "-n", namespace, "--ignore-not-found")

    def lease(self, namespace: str = NAMESPACE) -> dict[str, Any]:
        """Return the spec of the Lease."""
        found = self.world.plane.read(f"/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases/{LEASE}")
        spec: dict[str, Any] = found["spec"]
        return spec

    def hold(self, holder: str | None, seconds: int | None) -> None:
        """Write on the Lease what another program might."""
        spec = {"holderIdentity": holder, "leaseDurationSeconds": seconds}
        lease = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "spec": spec}
        metadata = {"name": LEASE, "namespace": NAMESPACE}
        text = json.dumps({**lease, "metadata": metadata})
        self.world.plane.kubectl_run("apply", "--server-side", "--force-conflicts", "-f", "-", input=text)

    def asked_aws(self, name: str, mark: int) -> list[Call]:
        """Return what this replica asked of AWS since a mark."""
        return [call for call in self.world.aws.since(mark) if f"app/{name}" in call.user_agent]

    def wrote(self, name: str, mark: int) -> list[Request]:
        """Return what this replica wrote to the API server since a mark, its Lease but for what it is."""
        since = self.world.audit.since(mark)
        return [r for r in since if f"({name}_" in r.user_agent and r.verb in _WRITES]


def leads(operator: Operator, seconds: float = 60) -> None:
    """Wait until it leads."""
    wait_until(
        lambda: "headrace_leader 1.0" in operator.get("/metrics"),
        what="it leads",
        seconds=seconds,
        children=[operator.child],
    )


def messages(operator: Operator, level: str = "") -> list[str]:
    """Return what its log says, in one line each."""
    lines = [json.loads(line) for line in operator.log.splitlines() if line.startswith("{")]
    return [line["message"] for line in lines if not level or line["level"] == level]


@contextmanager
def stopped(operator: Operator) -> Iterator[None]:
    """Have a process stand still, as a node does that is overwhelmed, or a machine that sleeps."""
    os.kill(operator.child.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(operator.child.pid, signal.SIGCONT)


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
