"""Files with which programs find a control plane and say who they are."""

import base64
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandbox.control_plane.pki import KeyPair


@dataclass(frozen=True)
class Cluster:
    """Where an API server listens, and the authority that vouches for it (PEM in base64)."""

    url: str
    ca_data: str

    def with_certificate(self, path: Path, pair: KeyPair) -> Path:
        """Write a kubeconfig that carries a client certificate, and give its path."""
        user = {"client-certificate-data": encoded(pair.public), "client-key-data": encoded(pair.private)}
        return self._write(path, user, None)

    def with_token(self, path: Path, token: str, namespace: str) -> Path:
        """Write a kubeconfig that carries a token, with ``namespace`` as its default; give its path."""
        return self._write(path, {"token": token}, namespace)

    def _write(self, path: Path, user: dict[str, str], namespace: str | None) -> Path:
        context = {"cluster": "sandbox", "user": "user"} | ({"namespace": namespace} if namespace else {})
        content: dict[str, Any] = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [
                {
                    "name": "sandbox",
                    "cluster": {"server": self.url, "certificate-authority-data": self.ca_data},
                }
            ],
            "users": [{"name": "user", "user": user}],
            "contexts": [{"name": "sandbox", "context": context}],
            "current-context": "sandbox",
        }
        path.touch(mode=0o600)
        path.chmod(0o600)
        # JSON is YAML too, and every reader of kubeconfigs takes it.
        path.write_text(json.dumps(content, indent=2) + "\n")
        return path


def encoded(path: Path) -> str:
    """A file as base64, the form in which kubeconfigs and webhooks carry certificates."""
    return base64.b64encode(path.read_bytes()).decode()
