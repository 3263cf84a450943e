"""Runs the programs that make an image: each with a log, a sign of life, and a sentence where it fails."""

import os
import shutil
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from sandbox.cache import cache_dir
from sandbox.console import say
from sandbox.errors import SandboxError
from sandbox.processes import Child, last_lines

_HEARTBEAT_SECONDS = 15.0


def directory() -> Path:
    """Return where what belongs to the image is kept in the cache; it is there."""
    path = cache_dir() / "image"
    path.mkdir(parents=True, exist_ok=True)
    return path


def step(name: str, argv: Sequence[str], hint: str = "", env: Mapping[str, str] | None = None) -> None:
    """Run a program that takes its time, and say how long it took.

    Raises:
        SandboxError: it failed; with the last lines of its log, and the hint.
    """
    started = time.monotonic()
    log = directory() / f"{argv[0].rpartition('/')[2]}-{os.getpid()}.log"
    log.unlink(missing_ok=True)
    child = Child.start(name, argv, {**os.environ, **(env or {})}, log)
    try:
        while (code := child.wait(_HEARTBEAT_SECONDS)) is None:
            say(f"  {name}: {time.monotonic() - started:.0f} s")
    finally:
        child.stop()
    if code != 0:
        raise SandboxError(f"{name} failed (exit code {code}). {hint}\nThe end of {log}:\n{last_lines(log)}")
    log.unlink()
    say(f"  {name}: {time.monotonic() - started:.1f} s")


def answer(*argv: str) -> str | None:
    """Return what a quick program prints, or None where it is not there or fails."""
    try:
        done = subprocess.run(argv, capture_output=True, text=True, check=True, stdin=subprocess.DEVNULL)
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.strip()


def told(*argv: str) -> str:
    """Return what a quick program prints.

    Raises:
        SandboxError: it failed; with what it said.
    """
    try:
        done = subprocess.run(argv, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    except OSError as error:
        raise SandboxError(f"{argv[0]} cannot be started ({error.strerror}).") from error
    if done.returncode:
        said = "\n".join(done.stderr.strip().splitlines()[-5:])
        raise SandboxError(f"`{' '.join(argv)}` failed (exit code {done.returncode}): {said}")
    return done.stdout.strip()


def check_room(path: Path, needed: int, what: str) -> None:
    """Check that so many bytes are free where this path is, or will be.

    Raises:
        SandboxError: they are not.
    """
    there = next(parent for parent in (path, *path.parents) if parent.exists())
    free = shutil.disk_usage(there).free
    if free < needed:
        raise SandboxError(
            f"There is too little room for {what}: it takes {needed / 1e9:.1f} GB below {path}, "
            f"and {free / 1e9:.1f} GB are free. Make room there."
        )
