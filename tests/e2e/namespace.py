"""Our kinds in a control plane, a namespace there, and the buckets that tests put into it."""

import json
import uuid
from collections.abc import Mapping
from typing import Any

import yaml

from headrace.kinds.crd import crd_name
from headrace.kinds.definition import API_VERSION
from headrace.kinds.registry import DEFINITIONS
from sandbox.control_plane.server import ControlPlane
from tests.bucket_specs import ROOT, Spec


def with_our_kinds(plane: ControlPlane) -> ControlPlane:
    """Return the control plane once it serves the definitions that are in crds/."""
    names = [crd_name(kind) for kind in DEFINITIONS.values()]
    for name in names:
        plane.kubectl_run("apply", "--server-side", f"--filename={ROOT / 'crds' / name}.yaml")
    served = [f"crd/{name}" for name in names]
    plane.kubectl_run("wait", "--for=condition=Established", "--timeout=30s", *served)
    return plane


class Namespace:
    """A namespace of its own for a test, and what kubectl does in it."""

    def __init__(self, plane: ControlPlane) -> None:
        self.name = f"crd-{uuid.uuid4().hex[:10]}"
        self.plane = plane
        plane.kubectl_run("create", "namespace", self.name)

    def run(self, *args: str, input: str | None = None) -> str:
        """Run kubectl in the namespace."""
        return self.plane.kubectl_run(*args, f"--namespace={self.name}", input=input)

    def apply(self, *objects: Mapping[str, Any], dry_run: bool = False) -> str:
        """Apply objects on the server's side, and strictly."""
        flags = ["--server-side", "--validate=strict", *(["--dry-run=server"] if dry_run else [])]
        return self.run("apply", *flags, "--filename=-", input=yaml.safe_dump_all(objects))

    def get(self, name: str = "media") -> dict[str, Any]:
        """Return a bucket."""
        found: dict[str, Any] = json.loads(self.run("get", "abkt", name, "--output=json"))
        return found

    def set_status(self, *names: str, status: Mapping[str, Any], resource: str = "abkt") -> None:
        """Patch the status of buckets as the operator does."""
        patch = json.dumps({"status": status})
        self.run("patch", resource, *names, "--subresource=status", "--type=merge", f"--patch={patch}")


def bucket(spec: Spec | None, name: str = "media", **metadata: Any) -> dict[str, Any]:
    """Return an AcceleratedBucket; None means that there is no spec at all."""
    made = {"apiVersion": API_VERSION, "kind": "AcceleratedBucket", "metadata": {"name": name} | metadata}
    return made if spec is None else made | {"spec": spec}
