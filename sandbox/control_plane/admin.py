"""What the admin of a control plane can do, whoever runs it: kubectl, reading, tokens of service accounts."""

import http.client
import json
import os
import ssl
import subprocess
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

from urllib3 import HTTPSConnectionPool
from urllib3.exceptions import HTTPError
from urllib3.util import Retry

from sandbox.control_plane.kubeconfig import Cluster
from sandbox.errors import SandboxError

_KUBECTL_SECONDS = 300.0


class Admin(ABC):
    """A control plane as its admin sees it. A context manager, which stops it.

    ``url``: of the API server. ``kubeconfig``: path, for an admin. ``audit_log``: path; see
    ``audit.AuditLog``. ``kubectl``: path of the program. ``directory``: for what goes with it.
    """

    def __init__(
        self,
        cluster: Cluster,
        tls: ssl.SSLContext,
        *,
        kubeconfig: Path,
        kubectl: Path,
        audit_log: Path,
        directory: Path,
    ) -> None:
        self.url, self.directory = cluster.url, directory
        self.kubeconfig, self.kubectl, self.audit_log = kubeconfig, kubectl, audit_log
        self._cluster, self._tls = cluster, tls
        address = urlsplit(self.url)
        # A connection of its own for each request would cost three times as much as the request.
        self._pool = HTTPSConnectionPool(str(address.hostname), address.port, ssl_context=tls, maxsize=8)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    @abstractmethod
    def stop(self) -> None:
        """End it, if it was started here. Does nothing the second time."""

    def kubectl_run(self, *args: str, input: str | None = None) -> str:
        """What kubectl, as admin, prints for ``args``; ``input`` is given to it for ``-f -``.

        ``--kubeconfig`` among ``args`` makes it someone else; plugins (kubectl-…) are found on the PATH.
        Raises SandboxError with kubectl's own words if it fails or takes longer than 5 minutes.
        """
        shown = f"kubectl {' '.join(args)}"
        try:
            done = subprocess.run(
                [self.kubectl, *args],
                input=input,
                env=self._env() | {"KUBECONFIG": str(self.kubeconfig)},
                capture_output=True,
                text=True,
                timeout=_KUBECTL_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise SandboxError(f"`{shown}` did not end within {_KUBECTL_SECONDS:g} s.") from error
        if done.returncode != 0:
            raise SandboxError(f"`{shown}` failed: {done.stderr.strip() or done.stdout.strip()}")
        return done.stdout

    def read(self, path: str) -> Any:
        """What the API server answers the admin to a GET, parsed from JSON; None where nothing is there.

        For those who ask often: kubectl takes ten times as long. Raises SandboxError for other answers.
        """
        return self._ask("GET", path)

    def write(self, method: str, path: str, body: Any = None, form: str = "application/json") -> Any:
        """What the API server answers the admin to a request that changes something, parsed from JSON.

        ``form`` is the media type of ``body``, such as that of a patch. None where nothing is there; raises
        SandboxError where the API server refuses. For those who write often: kubectl takes ten times as long.
        """
        return self._ask(method, path, None if body is None else json.dumps(body), {"Content-Type": form})

    def _ask(
        self, method: str, path: str, body: str | None = None, headers: Mapping[str, str] | None = None
    ) -> Any:
        # What was only to be read may be asked for again, where a connection of before is no more.
        retries = Retry(1, redirect=False) if method == "GET" else False
        try:
            answer = self._pool.urlopen(method, path, body, headers, retries, timeout=30)
        except HTTPError as error:
            raise SandboxError(f"The API server did not answer {method} {path}: {error}") from error
        if answer.status == 404:
            return None
        if answer.status not in (200, 201, 202):
            said = _sentence(answer.data)
            raise SandboxError(f"The API server refused {method} {path} ({answer.status}): {said}")
        return answer.json()

    def service_account_kubeconfig(self, namespace: str, name: str, path: Path, seconds: int = 3600) -> Path:
        """Write a kubeconfig with a token of a service account, and give its path.

        The token comes from the TokenRequest API, which refuses fewer than 600 ``seconds``.
        Raises SandboxError if it does, or if there is no such service account.
        """
        token = self.kubectl_run(
            "create", "token", name, f"--namespace={namespace}", f"--duration={seconds}s"
        )
        return self._cluster.with_token(path, token.strip(), namespace)

    def _connection(self, seconds: float) -> http.client.HTTPSConnection:
        address = urlsplit(self.url).netloc
        return http.client.HTTPSConnection(address, timeout=seconds, context=self._tls)

    def _env(self) -> dict[str, str]:
        """Little of ours: ETCD_… would configure etcd, and ~/.kube would configure kubectl."""
        return {"HOME": str(self.directory), "PATH": os.environ.get("PATH", os.defpath)}


def _sentence(said: bytes) -> str:
    """The message of a Status, or all that was said where it is none."""
    try:
        return str(json.loads(said)["message"])
    except (ValueError, LookupError, TypeError):
        return said.decode(errors="replace")
