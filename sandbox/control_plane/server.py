"""A running control plane: etcd, kube-apiserver, kube-controller-manager and, if asked for, fake nodes."""

import base64
import http.client
import json
import shutil
import socket
import ssl
import tempfile
from contextlib import closing
from pathlib import Path
from typing import Any, Self

from typing_extensions import TypeVar

from sandbox.control_plane import pki
from sandbox.control_plane.admin import Admin
from sandbox.control_plane.build import binaries
from sandbox.control_plane.kubeconfig import Cluster, encoded
from sandbox.errors import SandboxError
from sandbox.processes import Child, free_ports, wait_until
from sandbox.tools import tool

NEEDED = ("etcd", "kube-apiserver", "kube-controller-manager", "kubectl")
SCHEDULER = "kube-scheduler"
KWOK = "kwok"

_POLICY = Path(__file__).with_name("audit-policy.yaml")
_STAGES = Path(__file__).with_name("stages.yaml")
_READY_SECONDS = 60.0
# The state is thrown away: nothing is worth a long goodbye.
_STOP_SECONDS = 2.0
_RESTART_SECONDS = 10.0


class ControlPlane(Admin):
    """A control plane on free ports of 127.0.0.1. Make one with ``start``; use it as a context manager.

    ``kubeconfig`` is for the user ``admin`` of system:masters. ``ca_data``: the authority's certificate, PEM
    in base64. ``directory``: state and logs, removed by ``stop``.
    """

    def __init__(self, programs: Path, directory: Path) -> None:
        self._programs = programs
        self._pki = pki.create(directory / "pki")
        self._etcd_port, self._port = free_ports(2)
        self.ca_data = encoded(self._pki.ca.public)
        cluster = Cluster(f"https://127.0.0.1:{self._port}", self.ca_data)
        admin = self._pki.clients[pki.ADMIN]
        tls = ssl.create_default_context(cafile=str(self._pki.ca.public))
        tls.load_cert_chain(admin.public, admin.private)
        super().__init__(
            cluster,
            tls,
            kubeconfig=cluster.with_certificate(directory / "admin.kubeconfig", admin),
            kubectl=programs / "kubectl",
            audit_log=directory / "audit.log",
            directory=directory,
        )
        self._children: dict[str, Child] = {}

    @classmethod
    def start(cls, directory: Path | None = None, *, scheduler: bool = False, nodes: int = 0) -> Self:
        """Start one, with its state in a new directory inside ``directory`` (default: the system's /tmp).

        It is ready when this returns: /readyz is 200 and the namespace ``default`` has its service account.
        With ``nodes`` there are so many, for each of which kwok says that its pods run and are ready, though
        nothing runs in them; a scheduler is there, too.
        Raises SandboxError, with the last lines of a log, if it does not come up.
        """
        scheduler = scheduler or nodes > 0
        programs = binaries((*NEEDED, SCHEDULER) if scheduler else NEEDED)
        if directory:
            directory.mkdir(parents=True, exist_ok=True)
        plane = cls(programs, Path(tempfile.mkdtemp(prefix="headrace-control-plane-", dir=directory)))
        try:
            plane._start_all(scheduler)
            plane._start_nodes(nodes)
        except BaseException:
            plane.stop()
            raise
        return plane

    @property
    def pids(self) -> dict[str, int]:
        """The process ids of the programs that run, by their names."""
        return {name: child.pid for name, child in self._children.items() if child.alive}

    def stop(self) -> None:
        """End all programs, the last started first, and remove their state. Does nothing the second time."""
        self._pool.close()
        while self._children:
            _, child = self._children.popitem()
            child.stop(_STOP_SECONDS)
        shutil.rmtree(self.directory, ignore_errors=True)

    def stop_apiserver(self) -> None:
        """End the API server only: an outage. The others keep trying to reach it."""
        self._children["kube-apiserver"].stop(_RESTART_SECONDS)

    def kill_apiserver(self) -> None:
        """End the API server without a word to anybody, in the middle of whatever it does."""
        self._children["kube-apiserver"].stop(0)

    def start_apiserver(self) -> None:
        """Start the API server again, on the same port and with the same state; return when it is ready."""
        self._start_apiserver()
        self._wait_for("/readyz", "the API server is ready")

    def restart_apiserver(self) -> None:
        """Stop the API server and start it again on the same port: every connection and watch breaks."""
        self.stop_apiserver()
        self.start_apiserver()

    def compact(self) -> None:
        """Let etcd forget all versions but the newest, as the API server has it do every five minutes."""
        newest = int(
            self._etcd("range", {"key": base64.b64encode(b"/").decode(), "limit": "1"})["header"]["revision"]
        )
        self._etcd("compaction", {"revision": str(newest), "physical": True})

    def _start_all(self, scheduler: bool) -> None:
        self._start_etcd()
        # Not earlier: a controller manager that finds no server looks again once a second only.
        self.start_apiserver()
        self._start_client("kube-controller-manager", pki.CONTROLLER_MANAGER, *self._controller_flags())
        if scheduler:
            self._start_client(SCHEDULER, pki.SCHEDULER)
        account = "/api/v1/namespaces/default/serviceaccounts/default"
        self._wait_for(account, "the namespace default has its service account")

    def _start_nodes(self, count: int) -> None:
        if not count:
            return
        names = [f"node-{number}" for number in range(count)]
        argv = [
            str(tool(KWOK)),
            f"--kubeconfig={self.kubeconfig}",
            f"--config={_STAGES}",
            "--manage-all-nodes",
            # Else it sees to the pods of a node only once it has a Lease for it.
            "--node-lease-duration-seconds=0",
        ]
        self._children[KWOK] = Child.start(KWOK, argv, self._env(), self.directory / f"{KWOK}.log")
        labels = {name: {"kubernetes.io/hostname": name} for name in names}
        nodes = [{"kind": "Node", "metadata": {"name": name, "labels": labels[name]}} for name in names]
        made = {"apiVersion": "v1", "kind": "List", "items": [{"apiVersion": "v1", **node} for node in nodes]}
        self.kubectl_run("create", "-f", "-", input=json.dumps(made))
        wait_until(self._nodes_take_pods, what="the nodes take pods", children=self._children.values())

    def _nodes_take_pods(self) -> bool:
        """Whether the controllers have seen that the nodes are ready, too: until then they are tainted."""
        return not any(node["spec"].get("taints") for node in self.read("/api/v1/nodes")["items"])

    def _start_etcd(self) -> None:
        url = f"http://127.0.0.1:{self._etcd_port}"
        self._run(
            "etcd",
            f"--data-dir={self.directory / 'etcd'}",
            "--unsafe-no-fsync",
            f"--listen-client-urls={url}",
            f"--advertise-client-urls={url}",
            "--listen-peer-urls=http://127.0.0.1:0",
        )
        wait_until(self._etcd_listens, what="etcd listens", children=self._children.values())

    def _start_apiserver(self) -> None:
        keys = self._pki
        self._run(
            "kube-apiserver",
            f"--etcd-servers=http://127.0.0.1:{self._etcd_port}",
            "--bind-address=127.0.0.1",
            "--advertise-address=127.0.0.1",
            f"--secure-port={self._port}",
            "--endpoint-reconciler-type=none",
            f"--cert-dir={keys.ca.public.parent}",
            f"--tls-cert-file={keys.server.public}",
            f"--tls-private-key-file={keys.server.private}",
            f"--client-ca-file={keys.ca.public}",
            "--authorization-mode=RBAC",
            "--service-cluster-ip-range=10.0.0.0/24",
            "--allow-privileged=true",
            "--service-account-issuer=https://kubernetes.default.svc",
            "--api-audiences=https://kubernetes.default.svc",
            f"--service-account-key-file={keys.service_account.public}",
            f"--service-account-signing-key-file={keys.service_account.private}",
            f"--audit-policy-file={_POLICY}",
            f"--audit-log-path={self.audit_log}",
            # A request's line is written before the request ends, so that counting right after it is
            # exact; and never into another file, which is what happens by default at 100 MB.
            "--audit-log-mode=blocking-strict",
            "--audit-log-maxsize=1000000",
            # Without it a server that somebody watches takes more than 10 s to end.
            "--shutdown-watch-termination-grace-period=1s",
        )

    def _controller_flags(self) -> tuple[str, ...]:
        keys = self._pki
        return (
            "--use-service-account-credentials",
            f"--service-account-private-key-file={keys.service_account.private}",
            f"--root-ca-file={keys.ca.public}",
            f"--cluster-signing-cert-file={keys.ca.public}",
            f"--cluster-signing-key-file={keys.ca.private}",
            # No kubelet says that it lives: without this all nodes, and their pods, are given up soon.
            "--node-monitor-grace-period=24h",
        )

    def _start_client(self, program: str, user: str, *flags: str) -> None:
        """Start a program that works through the API server."""
        config = self._cluster.with_certificate(
            self.directory / f"{program}.kubeconfig", self._pki.clients[user]
        )
        self._run(
            program,
            *(f"--{use}kubeconfig={config}" for use in ("", "authentication-", "authorization-")),
            *flags,
            "--leader-elect=false",
            # Its usual 20 requests per second hold the start up for 4 s.
            "--kube-api-qps=1000",
            "--kube-api-burst=2000",
            "--bind-address=127.0.0.1",
            # Nobody asks it anything; its usual port would stand in the way of a second control plane.
            "--secure-port=0",
        )

    def _run(self, program: str, *flags: str) -> None:
        argv = [str(self._programs / program), *flags]
        self._children[program] = Child.start(program, argv, self._env(), self.directory / f"{program}.log")

    def _etcd(self, verb: str, request: dict[str, Any]) -> Any:
        """What etcd answers, through the JSON that it speaks beside gRPC; keys are in base64."""
        with closing(http.client.HTTPConnection("127.0.0.1", self._etcd_port, timeout=30)) as connection:
            connection.request("POST", f"/v3/kv/{verb}", json.dumps(request))
            answer = connection.getresponse()
            said = answer.read()
        if answer.status != 200:
            raise SandboxError(f"etcd refused {verb} ({answer.status}): {said.decode()}")
        return json.loads(said)

    def _etcd_listens(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self._etcd_port), timeout=1).close()
        except OSError:
            return False
        return True

    def _wait_for(self, path: str, what: str) -> None:
        wait_until(
            lambda: self._status(path) == 200,
            what=what,
            seconds=_READY_SECONDS,
            children=self._children.values(),
        )

    def _status(self, path: str) -> int:
        """The HTTP status with which the API server answers the admin, 0 if it does not answer."""
        with closing(self._connection(5)) as connection:
            try:
                connection.request("GET", path)
                return connection.getresponse().status
            except (OSError, http.client.HTTPException):
                return 0


Plane_co = TypeVar("Plane_co", bound=Admin, covariant=True, default=ControlPlane)
"""Whose control plane it is: ours, unless something else is said."""
