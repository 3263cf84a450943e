"""The pods of the operator's Deployment as processes here: what the pods say counts, and nothing else.

On the sandbox's nodes nothing runs in a pod. A process does instead, with the pod's own arguments, variables,
files and ServiceAccount, so that a chart that passes a wrong option or grants too little does not work here
either. What only a kernel can give is left out: the image, the user, the network, limits.
"""

import re
import urllib.request
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from sandbox.aws.stand_in import StandIn
from sandbox.control_plane.audit import service_account_user
from sandbox.control_plane.server import ControlPlane
from sandbox.errors import SandboxError
from sandbox.operator import START_SECONDS, Operator
from sandbox.processes import free_port, wait_until
from sandbox.volumes import Object, Volumes

_TOKEN = "/var/run/secrets/kubernetes.io/serviceaccount"
_PROBES = ("startupProbe", "livenessProbe", "readinessProbe")
# An option that says where to listen: in the pod the address is its own, here everybody's.
_LISTEN = re.compile(r"(--(?:[a-z]+-)?listen)=(?:.*):(\d+)")


class Replica(Operator):
    """One pod's container as a process; whether it is ready, its own probes say.

    Raises SandboxError for a pod that could not start, such as for want of a Secret that it mounts.
    """

    def __init__(self, plane: ControlPlane, aws: StandIn, pod: Object, directory: Path) -> None:
        self.pod = pod
        account = pod["metadata"]["namespace"], pod["spec"]["serviceAccountName"]
        self.grace = float(pod["spec"]["terminationGracePeriodSeconds"])
        (self._container,) = pod["spec"]["containers"]
        self._ports: dict[int, int] = {}
        volumes = Volumes(plane, pod)
        mounted = volumes.mount(self._container, directory / "volumes")
        if _TOKEN not in mounted:
            raise SandboxError(f"Pod {self.name} has no token, so the operator in it finds no API server.")
        arguments = [self._here(text, mounted) for text in self._container.get("args", [])]
        variables = {key: _moved(text, mounted) for key, text in volumes.variables(self._container).items()}
        # Where AWS is, and who asks it, is for the pod to say.
        none: dict[str, str | None] = dict.fromkeys(aws.environment())
        super().__init__(plane, aws, directory, arguments, {**none, **variables}, account)

    @property
    def name(self) -> str:
        """The pod's name."""
        return str(self.pod["metadata"]["name"])

    @property
    def user(self) -> str:
        """How the audit log calls it."""
        return service_account_user(*self.service_account)

    def _listening(self) -> Sequence[str]:
        """Nothing more: its arguments say where."""
        self.url = self.url_of(self._container["readinessProbe"]["httpGet"]["port"])
        return ()

    def ready(self) -> bool:
        """Whether all its probes succeed, asked where the pod says."""
        return all(self._succeeds(self._container[probe]["httpGet"]) for probe in _PROBES)

    def url_of(self, port: str | int, scheme: str = "http") -> str:
        """Where a port of the container, by its name or number, is to be found here."""
        named = {it["name"]: it["containerPort"] for it in self._container["ports"]}
        number = port if isinstance(port, int) else named[port]
        if number not in self._ports:
            raise SandboxError(f"Nothing in pod {self.name} listens on its port {port} ({number}).")
        return f"{scheme}://127.0.0.1:{self._ports[number]}"

    def _succeeds(self, probe: Mapping[str, Any]) -> bool:
        url = self.url_of(probe["port"], probe.get("scheme", "HTTP").lower()) + probe["path"]
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310 - our own address
                return bool(answer.status == 200)
        except OSError:
            return False

    def _here(self, argument: str, mounted: Mapping[str, Path]) -> str:
        """The argument with the addresses and paths of this machine."""
        listens = _LISTEN.fullmatch(argument)
        if listens is None:
            return _moved(argument, mounted)
        self._ports[int(listens[2])] = port = free_port()
        return f"{listens[1]}=127.0.0.1:{port}"


def _moved(text: str, mounted: Mapping[str, Path]) -> str:
    """The text with the directories here in the place of those in the pod."""
    paths = "|".join(re.escape(path) for path in sorted(mounted, key=len, reverse=True))
    return re.sub(rf"(?<![\w./-])({paths})(?=/|$)", lambda found: str(mounted[found[1]]), text)


@dataclass(frozen=True)
class Endpoint:
    """A pod that a Service leads to, by its uid, as the EndpointSlices have it."""

    pod: str
    addresses: tuple[str, ...]
    ports: Mapping[str, int]
    ready: bool


class Replicas:
    """All pods of a Deployment, each with its process, as kubelets keep them. A context manager."""

    def __init__(
        self, plane: ControlPlane, aws: StandIn, deployment: str, namespace: str, directory: Path
    ) -> None:
        self._plane, self._aws, self._directory = plane, aws, directory
        self._deployment, self._namespace = deployment, namespace
        self.running: dict[str, Replica] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop(list(self.running))

    def begin(self) -> None:
        """Start a process for each pod that has none; nothing is waited for."""
        for uid, pod in self._pods().items():
            if uid not in self.running:
                self.running[uid] = Replica(self._plane, self._aws, pod, self._directory / uid)
                self.running[uid].start(wait=False)

    def settle(self) -> list[Replica]:
        """Have a process for each pod and for no other, and return them.

        As in a rolling update, all of them are ready before one goes that is not wanted any more.
        """
        self.begin()
        pods = self._pods().keys()
        for uid in pods:
            pod = self.running[uid]
            wait_until(pod.ready, what="the pod is ready", seconds=START_SECONDS, children=[pod.child])
        self._stop(self.running.keys() - pods)
        return list(self.running.values())

    def endpoints(self, service: str) -> list[Endpoint]:
        """Where the cluster says that a Service leads."""
        where = f"/apis/discovery.k8s.io/v1/namespaces/{self._namespace}/endpointslices"
        slices = self._plane.read(f"{where}?labelSelector=kubernetes.io%2Fservice-name%3D{service}")["items"]
        return [
            Endpoint(
                pod=endpoint["targetRef"]["uid"],
                addresses=tuple(endpoint["addresses"]),
                ports={port["name"]: port["port"] for port in found["ports"] or ()},
                ready=endpoint["conditions"]["ready"],
            )
            for found in slices
            for endpoint in found["endpoints"] or ()
        ]

    def behind(self, service: str, port: int, scheme: str = "http") -> list[str]:
        """Where those are to be found here whom a port of a Service leads to, as kube-proxy has it."""
        found = self._plane.read(f"/api/v1/namespaces/{self._namespace}/services/{service}")
        (name,) = (it["name"] for it in found["spec"]["ports"] if it["port"] == port)
        return [
            self.running[endpoint.pod].url_of(endpoint.ports[name], scheme)
            for endpoint in self.endpoints(service)
            if endpoint.ready and endpoint.pod in self.running and name in endpoint.ports
        ]

    def _pods(self) -> dict[str, Object]:
        """The pods that have a node and are not on their way out, by uid; none without a Deployment."""
        where = f"/namespaces/{self._namespace}"
        deployment = self._plane.read(f"/apis/apps/v1{where}/deployments/{self._deployment}")
        if deployment is None:
            return {}
        labels = deployment["spec"]["selector"]["matchLabels"].items()
        selector = ",".join(f"{key}={value}" for key, value in labels).replace("/", "%2F")
        pods: list[Object] = self._plane.read(f"/api/v1{where}/pods?labelSelector={selector}")["items"]
        return {
            pod["metadata"]["uid"]: pod
            for pod in pods
            if "nodeName" in pod["spec"] and "deletionTimestamp" not in pod["metadata"]
        }

    def _stop(self, uids: Iterable[str]) -> None:
        ending = [self.running.pop(uid) for uid in list(uids)]
        with ThreadPoolExecutor() as aside:
            list(aside.map(Replica.stop, ending))
