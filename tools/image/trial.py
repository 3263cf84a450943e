"""Runs an image once: what it says of its version, and a bucket that it reconciles on the sandbox."""

import base64
import json
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from sandbox.control_plane.server import ControlPlane
from sandbox.errors import SandboxError
from sandbox.operator import NAMESPACE, SERVICE_ACCOUNT, Operator
from sandbox.world import World, condition
from tools.image.engines import Engine

# /var/run in a pod, which is a link to this.
_IN_POD = "/run/secrets/kubernetes.io/serviceaccount"


def version(engine: Engine, image: str) -> str:
    """Return what the image says of its version.

    Raises:
        SandboxError: it does not run.
    """
    with engine.container(image, {}, {}) as command:
        done = subprocess.run([*command, "--version"], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SandboxError(f"{image} does not run (exit code {done.returncode}): {done.stderr.strip()}")
    return done.stdout.strip()


def reconcile(engine: Engine, image: str, world: World, directory: Path) -> str:
    """Have the image reconcile a bucket until it is Ready; return what its status says then.

    Raises:
        SandboxError: it does not run, or the bucket does not become Ready.
    """
    with started(engine, image, world, directory):
        world.apply({"bucketName": world.name(), "versioning": {"enabled": True}})
        return str(condition(world.ready(), "Ready")["message"])


class _Contained(Operator):
    """The image's operator in the place of that of this checkout."""

    def __init__(
        self, world: World, directory: Path, arguments: Sequence[str], command: Sequence[str]
    ) -> None:
        super().__init__(world.plane, world.aws, directory, arguments)
        self.command = tuple(command)


@contextmanager
def started(engine: Engine, image: str, world: World, directory: Path) -> Iterator[Operator]:
    """Have the image's operator at work on this namespace, with what a pod of its ServiceAccount finds.

    It has no place to write. On the command line its AWS credentials are to be seen: the stand-in's.
    """
    mounted, env = _pod(world.plane, directory)
    arguments = ("--allow-ambient", "--namespaces", world.namespace)
    with (
        engine.container(image, {**env, **world.aws.environment()}, {mounted: _IN_POD}) as command,
        _Contained(world, directory / "operator", arguments, command) as running,
    ):
        yield running


def _pod(plane: ControlPlane, directory: Path) -> tuple[Path, dict[str, str]]:
    """Write what Kubernetes mounts into a pod; return where, with the variables that it sets."""
    kubeconfig = plane.service_account_kubeconfig(NAMESPACE, SERVICE_ACCOUNT, directory / "pod.kubeconfig")
    content = json.loads(kubeconfig.read_text())
    cluster, user = content["clusters"][0]["cluster"], content["users"][0]["user"]
    mounted = directory / "serviceaccount"
    mounted.mkdir()
    # The user of the image is nobody here; what is above keeps others out.
    mounted.chmod(0o755)
    ca = base64.b64decode(cluster["certificate-authority-data"]).decode()
    for name, text in {"token": user["token"], "ca.crt": ca, "namespace": NAMESPACE}.items():
        (mounted / name).write_text(text)
        (mounted / name).chmod(0o644)
    server = urlsplit(cluster["server"])
    return mounted, {
        "KUBERNETES_SERVICE_HOST": str(server.hostname),
        "KUBERNETES_SERVICE_PORT": str(server.port),
    }
