"""A control plane that kind keeps in a container, in the place of ours: whoever has Docker may prefer it."""

import base64
import os
import shutil
import ssl
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

import yaml

from sandbox.console import say
from sandbox.control_plane.admin import Admin
from sandbox.control_plane.audit import read
from sandbox.control_plane.kubeconfig import Cluster
from sandbox.errors import SandboxError

NAME = "headrace-demo"
CONFIG = Path("manifests", "kind", "cluster.yaml")
AUDIT_LOG = Path(".kind", "audit", "audit.log")
"""Where the configuration has the API server write, below the root of the repository."""

_DEMO, _OPERATOR = "shop", "headrace-system"
_ROOT = Path(__file__).resolve().parents[2]
_NEEDED = {
    "kind": "install it (kind.sigs.k8s.io)",
    "docker": "install Docker, or set KIND_EXPERIMENTAL_PROVIDER to podman or nerdctl",
    "kubectl": "install it (kubernetes.io/docs/tasks/tools)",
}
# The image of the node is fetched for the first time.
_CREATE_SECONDS = 900.0
_SECONDS = 60.0
_CARRIES_ON = "Without CLUSTER=kind the demo needs none of these."


class KindCluster(Admin):
    """A cluster of kind's. Make one with ``start``; use it as a context manager."""

    def __init__(self, kubeconfig: Path, directory: Path, root: Path, *, made: bool) -> None:
        known = yaml.safe_load(kubeconfig.read_text())
        cluster, user = known["clusters"][0]["cluster"], known["users"][0]["user"]
        authority = cluster["certificate-authority-data"]
        super().__init__(
            Cluster(cluster["server"], authority),
            _tls(directory, authority, user),
            kubeconfig=kubeconfig,
            kubectl=Path(_program("kubectl")),
            audit_log=root / AUDIT_LOG,
            directory=directory,
        )
        self._root, self._made = root, made

    @classmethod
    def start(cls, directory: Path, root: Path = _ROOT) -> Self:
        """Use the cluster headrace-demo if it is there, or else make it, which takes a minute or more.

        ``directory``: for the kubeconfig; yours is not touched. ``root``: that of the repository.
        Raises SandboxError where a program is missing, or where the cluster is not as it has to be.
        """
        for program in _NEEDED:
            _program(program)
        _check_docker()
        directory.mkdir(parents=True, exist_ok=True)
        kubeconfig = directory / "admin.kubeconfig"
        made = NAME not in _kind(root, "get", "clusters").split()
        if made:
            _make(root, kubeconfig)
        else:
            say(f"kind: using the cluster {NAME}, which stays")
            kubeconfig.touch(mode=0o600)
            kubeconfig.write_text(_kind(root, "get", "kubeconfig", "--name", NAME))
        try:
            cluster = cls(kubeconfig, directory, root, made=made)
            cluster.prepare()
        except BaseException:
            if made:
                _remove(root, kubeconfig)
            raise
        return cluster

    def stop(self) -> None:
        """Delete the cluster, if it was made here. Does nothing the second time."""
        self._pool.close()
        made, self._made = self._made, False
        if made:
            _remove(self._root, self.kubeconfig)

    def prepare(self) -> None:
        """Have no pod of the operator run, which is a process here; its image is nowhere.

        Raises SandboxError where somebody has used it before, or where it does not say what it is asked.
        """
        for namespace in (_DEMO, _OPERATOR):
            if self.read(f"/api/v1/namespaces/{namespace}") is not None:
                raise SandboxError(
                    f"The kind cluster {NAME} has been used before: there is a namespace {namespace}. "
                    f"Delete it (`kind delete cluster --name {NAME}`), and start again."
                )
        if not self._logs():
            raise SandboxError(
                f"The kind cluster {NAME} does not log what it is asked in {self.audit_log}: it was not made "
                f"from {CONFIG} in this folder. Delete it (`kind delete cluster --name {NAME}`), and start "
                "again."
            )
        self.kubectl_run("create", "namespace", _OPERATOR)
        self.kubectl_run("create", "quota", "no-pods", "--hard=pods=0", f"--namespace={_OPERATOR}")

    def _logs(self) -> bool:
        """Whether what was just asked is in the log."""
        with suppress(OSError):
            return any(request.uri.endswith(f"/{_OPERATOR}") for request in read(self.audit_log))
        return False


def _tls(directory: Path, authority: str, user: Mapping[str, Any]) -> ssl.SSLContext:
    context = ssl.create_default_context(cadata=base64.b64decode(authority).decode())
    both = directory / "admin.pem"
    both.touch(mode=0o600)
    parts = (user["client-certificate-data"], user["client-key-data"])
    both.write_bytes(b"\n".join(map(base64.b64decode, parts)))
    context.load_cert_chain(both)
    return context


def _program(name: str) -> str:
    """The path of a program; SandboxError where it is not there."""
    if name == "docker" and os.environ.get("KIND_EXPERIMENTAL_PROVIDER"):
        return name
    found = shutil.which(name)
    if found is None:
        raise SandboxError(f"{name} is missing, which CLUSTER=kind needs: {_NEEDED[name]}. {_CARRIES_ON}")
    return found


def _check_docker() -> None:
    if os.environ.get("KIND_EXPERIMENTAL_PROVIDER"):
        return
    done = _run(("docker", "info", "--format", "{{.ServerVersion}}"), _SECONDS)
    if done.returncode:
        said = done.stderr.strip().splitlines() or ["it says nothing"]
        raise SandboxError(f"Docker does not run, which CLUSTER=kind needs: {said[-1]}. {_CARRIES_ON}")


def _make(root: Path, kubeconfig: Path) -> None:
    log = root / AUDIT_LOG
    log.parent.mkdir(parents=True, exist_ok=True)
    # The API server is another user: a log that it makes itself could not be read.
    log.write_bytes(b"")
    log.chmod(0o644)
    say(f"kind: making the cluster {NAME} (a minute or more; the first time its image is fetched)")
    wanted = ("--name", NAME, "--config", str(CONFIG), "--kubeconfig", str(kubeconfig), "--wait", "120s")
    try:
        _kind(root, "create", "cluster", *wanted, seconds=_CREATE_SECONDS)
    except BaseException:
        _remove(root, kubeconfig)
        raise


def _remove(root: Path, kubeconfig: Path) -> None:
    try:
        _kind(root, "delete", "cluster", "--name", NAME, "--kubeconfig", str(kubeconfig))
    except SandboxError as error:
        # What went before matters more.
        say(f"error: {error}")


def _kind(root: Path, *arguments: str, seconds: float = _SECONDS) -> str:
    """What kind says, from the root of the repository, where its configuration has its files."""
    done = _run(("kind", *arguments), seconds, root)
    if done.returncode:
        said = done.stderr.strip() or done.stdout.strip()
        raise SandboxError(f"`kind {' '.join(arguments)}` failed: {said}")
    return done.stdout


def _run(
    command: tuple[str, ...], seconds: float, where: Path | None = None
) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            command, cwd=where, capture_output=True, text=True, timeout=seconds, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise SandboxError(f"`{' '.join(command)}` did not end within {seconds:g} s.") from error
