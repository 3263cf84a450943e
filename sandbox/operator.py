"""The operator as a process of ours, with the token of the ServiceAccount that its manifests make."""

import os
import signal
import sys
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.client import HTTPException
from pathlib import Path
from types import TracebackType
from typing import Self

from sandbox.aws.stand_in import StandIn
from sandbox.control_plane.admin import Admin
from sandbox.control_plane.audit import service_account_user
from sandbox.processes import Child, free_port, wait_until

ROOT = Path(__file__).resolve().parent.parent
NAMESPACE = "headrace-system"
SERVICE_ACCOUNT = "headrace-operator"
USER = service_account_user(NAMESPACE, SERVICE_ACCOUNT)
"""How the audit log calls the operator."""

START_SECONDS = 60.0
"""How long its start may take: on a busy machine Python alone needs a good part of that."""
# The token outlives any test run.
_TOKEN_SECONDS = 24 * 3600


def install(plane: Admin) -> None:
    """Apply the CRDs and the operator's manifests, as a user does."""
    plane.kubectl_run("apply", "--server-side", "-f", str(ROOT / "crds"))
    plane.kubectl_run("wait", "--for=condition=Established", "-f", str(ROOT / "crds"))
    plane.kubectl_run("apply", "--server-side", "-f", str(ROOT / "manifests" / "install.yaml"))


class Operator:
    """A running operator. A context manager; also ``start()``, ``stop()`` and ``kill()``.

    ``arguments``: more options of the command. ``env``: more, or other, variables of its environment; None
    takes one out. ``service_account``: the namespace and name of whom it runs as, if it is not that of its
    manifests.
    """

    command: Sequence[str] = (sys.executable, "-m", "headrace")
    """What is started: the operator of this checkout."""
    grace = 35.0
    """How many seconds it has to stop."""

    def __init__(
        self,
        plane: Admin,
        aws: StandIn,
        directory: Path,
        arguments: Sequence[str] = ("--allow-ambient",),
        env: Mapping[str, str | None] | None = None,
        service_account: tuple[str, str] = (NAMESPACE, SERVICE_ACCOUNT),
    ) -> None:
        self._plane, self._aws, self._directory = plane, aws, directory
        self._arguments, self._env = tuple(arguments), dict(env or {})
        self.service_account = service_account
        self._child: Child | None = None
        self.url = ""

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def child(self) -> Child:
        """The process."""
        assert self._child is not None, "start() comes first"  # noqa: S101 - a mistake of the caller
        return self._child

    @property
    def alive(self) -> bool:
        """Whether it was started and runs."""
        return self._child is not None and self._child.alive

    @property
    def log(self) -> str:
        """What it wrote to its log, over all its starts; a line that is being written is none yet."""
        path = self._directory / "operator.log"
        text = path.read_text(errors="replace") if path.exists() else ""
        return text[: text.rfind("\n") + 1]

    def start(self, *, wait: bool = True) -> None:
        """Start it, and wait until it is ready to take events."""
        self._directory.mkdir(parents=True, exist_ok=True)
        kubeconfig = self._directory / "operator.kubeconfig"
        if not kubeconfig.exists():
            self._plane.service_account_kubeconfig(*self.service_account, kubeconfig, _TOKEN_SECONDS)
        argv = [*self.command, *self._listening(), *self._arguments]
        env: dict[str, str | None] = {
            **{key: os.environ[key] for key in ("PATH", "HOME", "LANG") if key in os.environ},
            **self._aws.environment(),
            "KUBECONFIG": str(kubeconfig),
            "PYTHONPATH": str(ROOT / "operator"),
            **self._env,
        }
        said = {key: value for key, value in env.items() if value is not None}
        self._child = Child.start("the operator", argv, said, self._directory / "operator.log")
        if wait:
            wait_until(
                self.ready, what="the operator is ready", seconds=START_SECONDS, children=[self._child]
            )

    def _listening(self) -> Sequence[str]:
        """Choose where it listens; return the options that say so."""
        address = f"127.0.0.1:{free_port()}"
        self.url = f"http://{address}"
        return ("--listen", address)

    def ready(self) -> bool:
        """Whether it says that it is ready."""
        return self.get("/readyz") == "ok"

    def get(self, path: str) -> str:
        """Return what it answers to a GET, or nothing while it does not answer well."""
        try:
            with urllib.request.urlopen(self.url + path, timeout=5) as answer:  # noqa: S310 - our own address
                text: str = answer.read().decode()
                return text
        except (OSError, HTTPException):
            return ""

    def stop(self) -> None:
        """Ask it to stop, as Kubernetes does, and wait. Does nothing the second time."""
        if self._child is not None:
            self._child.stop(self.grace)

    @contextmanager
    def asleep(self) -> Iterator[None]:
        """Have it stand still for a while, as on a node that is overwhelmed.

        All clocks go on meanwhile. Of a machine that sleeps one stands still: that is not shown by this.
        """
        os.kill(self.child.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(self.child.pid, signal.SIGCONT)

    def kill(self) -> None:
        """End it without a word, as a failing node does."""
        self.child.stop(grace=0)
