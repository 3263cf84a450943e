"""The pod of `helm test` as a process here: what it runs decides how it ends, in the cluster, too."""

import re
import subprocess
import sys
from dataclasses import dataclass
from typing import Any

from sandbox.control_plane.server import ControlPlane
from sandbox.processes import free_port
from sandbox.replicas import Replicas
from tests.chart.helm import Said

_SECONDS = 60.0
"""More than the container gives itself."""
_ADDRESS = re.compile(r"http://([\w-]+)\.([\w-]+)\.svc:(\d+)")


@dataclass(frozen=True)
class Trial:
    """Runs what the test's pod has to run, in the place of a kubelet.

    Command and arguments are those of the pod that the API server has. Two things are put in for what a
    cluster would give: our Python for that of the image, and for the Service's host and port those of a pod
    that its EndpointSlices lead to, which is what DNS and kube-proxy would find; a port on which nobody
    listens where they lead to none.
    """

    plane: ControlPlane
    replicas: Replicas
    namespace: str
    name: str

    @property
    def _path(self) -> str:
        return f"/api/v1/namespaces/{self.namespace}/pods/{self.name}"

    def run(self) -> list[Said]:
        """Run the container and write its end into the pod; nothing while there is no pod to run."""
        pod = self.plane.read(self._path)
        if pod is None or "deletionTimestamp" in pod["metadata"] or pod["status"]["phase"] != "Running":
            return []
        (container,) = pod["spec"]["containers"]
        said = self._process(container)
        self._end(container, said.code)
        return [said]

    def _process(self, container: dict[str, Any]) -> Said:
        program, *options = container["command"]
        assert program == "python3", "nothing else is known to be here"
        arguments = [_ADDRESS.sub(self._reached, text) for text in container["args"]]
        argv = [sys.executable, *options, *arguments]
        done = subprocess.run(argv, capture_output=True, text=True, timeout=_SECONDS, check=False, env={})
        return Said(done.returncode, done.stdout, done.stderr)

    def _reached(self, address: re.Match[str]) -> str:
        service, namespace, port = address.groups()
        found = self.replicas.behind(service, int(port)) if namespace == self.namespace else []
        return found[0] if found else f"http://127.0.0.1:{free_port()}"

    def _end(self, container: dict[str, Any], code: int) -> None:
        """Say of the pod what a kubelet says of one whose container ended."""
        ended = {
            "name": container["name"],
            "image": container["image"],
            "imageID": "",
            "ready": False,
            "restartCount": 0,
            "state": {"terminated": {"exitCode": code, "reason": "Error" if code else "Completed"}},
        }
        status = {"phase": "Failed" if code else "Succeeded", "containerStatuses": [ended]}
        form = "application/merge-patch+json"
        assert self.plane.write("PATCH", f"{self._path}/status", {"status": status}, form) is not None
