"""A base image where no registry can be reached: a Debian with Python, made here by debootstrap, once."""

import hashlib
import os
import platform
import shutil
import tempfile
from pathlib import Path

from sandbox.cache import locked
from sandbox.console import say
from sandbox.errors import SandboxError
from tools.image.engines import Engine
from tools.image.steps import check_room, directory, step

SUITE = "bookworm"
PACKAGES = ("ca-certificates", "python3", "python3-venv")

_NEEDED_BYTES = 1_000_000_000
_WORK = "base-"
# What apt and dpkg keep for themselves.
_LEFTOVERS = ("var/cache/apt", "var/lib/apt/lists", "var/log")
# Its own mount namespace: what debootstrap mounts in there is gone with it, however it ends.
_DEBOOTSTRAP = ("unshare", "--mount", "debootstrap", "--variant=minbase", f"--include={','.join(PACKAGES)}")


def name() -> str:
    """Return the name of the image; it has the key of what it is made from."""
    made_from = "\0".join((SUITE, *PACKAGES, *_LEFTOVERS, platform.machine()))
    return f"localhost/headrace-base:{hashlib.sha256(made_from.encode()).hexdigest()[:12]}"


def make(engine: Engine) -> str:
    """Return the name of the base, which this engine has then.

    Raises:
        SandboxError: it is not there and cannot be made.
    """
    if not engine.has(name()):
        with locked("image-base"):
            if not engine.has(name()):
                engine.take(_archive(), name())
    return name()


def _archive() -> Path:
    """Return its file system as a tar; it is made unless it is in the cache."""
    path = directory() / f"{name().rpartition(':')[2]}.tar"
    if path.exists():
        return path
    _check()
    say(f"Making a base with debootstrap into {path} (once, about a minute)")
    for left in directory().glob(f"{_WORK}*"):
        # By one who was killed: we have the lock.
        shutil.rmtree(left, ignore_errors=True)
    work = Path(tempfile.mkdtemp(dir=directory(), prefix=_WORK))
    try:
        # The root of the image is everybody's to read.
        root, part = work / "root", work / "base.tar"
        step("debootstrap", [*_DEBOOTSTRAP, SUITE, str(root)], "Is the Debian archive within reach?")
        for leftover in _LEFTOVERS:
            _empty(root / leftover)
        step("tar", ["tar", "--numeric-owner", "-C", str(root), "-cf", str(part), "."])
        part.rename(path)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return path


def _check() -> None:
    instead = "or name a base image that can be had: BASE_IMAGE=…"
    if shutil.which("debootstrap") is None:
        raise SandboxError(
            "No base image: no registry can be reached, and debootstrap, which makes one, is missing. "
            f"Install it (Debian and Ubuntu: apt-get install debootstrap), {instead}"
        )
    if os.geteuid() != 0:
        raise SandboxError(
            "No base image: no registry can be reached, and debootstrap, which makes one, works as root "
            f"only. Be root, {instead}"
        )
    check_room(directory(), _NEEDED_BYTES, "a base image")


def _empty(path: Path) -> None:
    """Remove the files below, and leave the directories: programs expect them."""
    for file in path.rglob("*"):
        if not file.is_dir() or file.is_symlink():
            file.unlink()
