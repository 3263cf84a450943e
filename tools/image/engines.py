"""What builds images and runs them: Docker, or else buildah, which needs no more than a kernel and root."""

import json
import os
import re
import shutil
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from sandbox.errors import SandboxError
from tools.image.steps import answer, check_room, step, told

Command = Sequence[str]
Settings = Mapping[str, Any]
"""What an engine tells of an image as JSON, such as its config: User, Env, Entrypoint, Labels."""

_NEEDED_BYTES = 2_000_000_000
_HINT = "Are the base image and the package index within reach?"
_UNITS = {"B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9}


@dataclass(frozen=True)
class Build:
    """What is built, and from what. Secrets are files that the build reads and the image never has."""

    context: Path
    image: str
    arguments: Mapping[str, str]
    secrets: Mapping[str, Path] = field(default_factory=dict)

    def options(self) -> list[str]:
        """Return what all engines are told in the same way."""
        return [
            *(f"--build-arg={name}={value}" for name, value in self.arguments.items()),
            *(f"--secret=id={name},src={path}" for name, path in self.secrets.items()),
            f"--tag={self.image}",
            str(self.context),
        ]


class Engine(ABC):
    """Has images, makes more of them, and runs them with a root that nobody can write to."""

    name: ClassVar[str]

    @abstractmethod
    def has(self, image: str) -> bool:
        """Say whether the image is here."""

    @abstractmethod
    def pull(self, image: str) -> bool:
        """Fetch an image from its registry; say whether that went well."""

    @abstractmethod
    def take(self, archive: Path, image: str) -> None:
        """Make an image of a root file system."""

    @abstractmethod
    def build(self, build: Build) -> None:
        """Build an image; SandboxError with the end of the log where it fails."""

    @abstractmethod
    def size(self, image: str) -> int:
        """Return the bytes of all files of the image."""

    @abstractmethod
    def container(
        self, image: str, env: Mapping[str, str], mounts: Mapping[Path, str]
    ) -> AbstractContextManager[Command]:
        """Have a container that is not started yet, on this machine's own network.

        What starts it comes out; arguments of its entry point are added behind.

        Args:
            image: of what.
            env: more variables of its environment.
            mounts: directories, and where they are to be read in the container.
        """


class Docker(Engine):
    """Docker, with its daemon at work."""

    name = "Docker"

    def has(self, image: str) -> bool:
        """Say whether the image is here."""
        return answer("docker", "image", "inspect", image) is not None

    def pull(self, image: str) -> bool:
        """Fetch an image from its registry; say whether that went well."""
        return answer("docker", "pull", "--quiet", image) is not None

    def take(self, archive: Path, image: str) -> None:
        """Make an image of a root file system."""
        step("docker import", ["docker", "import", str(archive), image])

    def build(self, build: Build) -> None:
        """Build an image."""
        step("docker build", ["docker", "build", *build.options()], _HINT, {"DOCKER_BUILDKIT": "1"})

    def size(self, image: str) -> int:
        """Return the bytes of all files of the image."""
        return int(told("docker", "image", "inspect", "--format={{.Size}}", image))

    @contextmanager
    def container(self, image: str, env: Mapping[str, str], mounts: Mapping[Path, str]) -> Iterator[Command]:
        """Have a container; it is removed in the end, whatever became of its client."""
        name = f"headrace-trial-{os.getpid()}"
        try:
            yield [
                *("docker", "run", "--rm", f"--name={name}", "--read-only", "--network=host"),
                *("--cap-drop=ALL", "--security-opt=no-new-privileges"),
                *(f"--volume={path}:{target}:ro" for path, target in mounts.items()),
                *(f"--env={key}={value}" for key, value in env.items()),
                image,
            ]
        finally:
            answer("docker", "rm", "--force", name)


# The mounts are seen by nobody else and end with the process, which becomes the program itself: signals
# reach it. buildah's own `run` has no way to make the root read-only.
_RUN = """
set -e
root=$1; shift
mount --bind "$root" "$root"
mount --bind /proc "$root/proc"
mount --bind /dev "$root/dev"
while [ "$1" != -- ]; do mount --bind "$1" "$root/$2"; shift 2; done; shift
mount -o remount,bind,ro "$root"
exec "$@"
"""


class Buildah(Engine):
    """Buildah, as root, without a daemon; it builds in a chroot, so that it works in a container, too."""

    name = "buildah"

    def __init__(self) -> None:
        # Overlays do not stack on every file system, such as that of a container.
        plain = answer("buildah", "info") is not None
        self._buildah = ("buildah",) if plain else ("buildah", "--storage-driver=vfs")
        self._store = Path(json.loads(told(*self._buildah, "info"))["store"]["GraphRoot"])

    def has(self, image: str) -> bool:
        """Say whether the image is here."""
        return answer(*self._buildah, "inspect", "--type=image", image) is not None

    def pull(self, image: str) -> bool:
        """Fetch an image from its registry; say whether that went well."""
        return answer(*self._buildah, "pull", "--quiet", image) is not None

    def take(self, archive: Path, image: str) -> None:
        """Make an image of a root file system."""
        made = told(*self._buildah, "from", "scratch")
        try:
            step("buildah add", [*self._buildah, "add", "--quiet", made, str(archive), "/"])
            step("buildah commit", [*self._buildah, "commit", "--quiet", made, image])
        finally:
            told(*self._buildah, "rm", made)

    def build(self, build: Build) -> None:
        """Build an image, from what is here alone; what had its name before goes, unless it has others."""
        check_room(self._store, _NEEDED_BYTES, "building an image")
        before = {image["id"] for image in self._images(build.image)}
        # No --layers: buildah 1.28 takes a layer with labels from its cache although their values differ.
        how = ("build", "--isolation=chroot", "--pull-never")
        step("buildah build", [*self._buildah, *how, *build.options()], _HINT)
        for image in self._images():
            if image["id"] in before and not image["names"]:
                answer(*self._buildah, "rmi", image["id"])

    def _images(self, *names: str) -> list[Settings]:
        found: list[Settings] = json.loads(answer(*self._buildah, "images", "--json", *names) or "[]")
        return found

    def size(self, image: str) -> int:
        """Return the bytes of all files of the image, as exactly as buildah tells."""
        return parse_size(self._images(image)[0]["size"])

    def settings(self, image: str) -> Settings:
        """Return what the image says of how it is run, and its labels."""
        found: Settings = json.loads(told(*self._buildah, "inspect", "--type=image", image))["OCIv1"][
            "config"
        ]
        return found

    @contextmanager
    def container(self, image: str, env: Mapping[str, str], mounts: Mapping[Path, str]) -> Iterator[Command]:
        """Have a container: its root, and what enters that as the image's user."""
        made = told(*self._buildah, "from", "--pull-never", image)
        try:
            root = Path(told(*self._buildah, "mount", made))
            for target in ("proc", "dev", *mounts.values()):
                (root / target.lstrip("/")).mkdir(parents=True, exist_ok=True)
            yield enter(root, self.settings(image), env, mounts)
        finally:
            told(*self._buildah, "umount", made)
            told(*self._buildah, "rm", made)


def enter(root: Path, settings: Settings, env: Mapping[str, str], mounts: Mapping[Path, str]) -> Command:
    """Return the command that runs the entry point of an image in its mounted, now read-only, root."""
    said = {**dict(variable.split("=", 1) for variable in settings.get("Env", ())), **env}
    pairs = [text for path, target in mounts.items() for text in (str(path), target.lstrip("/"))]
    return [
        *("unshare", "--mount", "--propagation=private", "sh", "-c", _RUN, "sh", str(root), *pairs, "--"),
        *("env", "-i", *(f"{key}={value}" for key, value in said.items())),
        # chroot looks for the program in the root, by the PATH of the image.
        *("chroot", f"--userspec={settings['User']}", "--groups=", str(root), *settings["Entrypoint"]),
    ]


def parse_size(text: str) -> int:
    """Return the bytes of a size as buildah writes it: ``281 MB``."""
    found = re.fullmatch(r"([\d.]+) ?([KMG]?B)", text, re.IGNORECASE)
    if found is None:
        raise SandboxError(f"buildah says {text!r} is the size of an image, which makes no sense.")
    return round(float(found[1]) * _UNITS[found[2].upper()])


def find_engine() -> Engine:
    """Return Docker where it works, or else buildah.

    Raises:
        SandboxError: there is neither, or not for us.
    """
    if answer("docker", "info", "--format={{.ServerVersion}}"):
        return Docker()
    if shutil.which("buildah") is None:
        silent = "Docker is here, but no daemon answers" if shutil.which("docker") else "Docker is missing"
        raise SandboxError(
            f"Nothing here can build an image: {silent}, and so is buildah. Start or install Docker, "
            "or install buildah (Debian and Ubuntu: apt-get install buildah)."
        )
    if os.geteuid() != 0:
        raise SandboxError(
            "No Docker daemon answers, and buildah can mount and run what it builds as root only: "
            "run this as root (sudo make image), or start Docker."
        )
    return Buildah()
