"""MiniStack's own virtual environment: built once per set of pins and Python version, from hashes."""

import hashlib
import platform
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from sandbox.cache import cache_dir, locked
from sandbox.console import say
from sandbox.errors import SandboxError
from sandbox.processes import last_lines

REQUIREMENTS = Path(__file__).resolve().parents[2] / "requirements" / "stand-in.txt"


def interpreter(requirements: Path = REQUIREMENTS) -> Path:
    """The Python that has MiniStack; its environment is built first if it is not there (about 25 s).

    Raises SandboxError if it cannot be built.
    """
    directory = cache_dir() / "stand-in" / _fingerprint(requirements)
    python, complete = directory / "bin" / "python", directory / "complete"
    if complete.exists():
        return python
    with locked("stand-in"):
        if not complete.exists():
            say(f"stand-in: installing MiniStack into {directory} (once, about half a minute)")
            _build(directory, requirements)
            complete.touch()
    return python


def _fingerprint(requirements: Path) -> str:
    """What an environment depends on, as a short hash."""
    try:
        pins = requirements.read_bytes()
    except OSError as error:
        raise SandboxError(
            f"The pins of the AWS stand-in cannot be read ({error.strerror}: {requirements}): "
            "run this from a checkout of the repository."
        ) from error
    python = f"{platform.python_implementation()} {platform.python_version()} {sys.base_prefix}"
    return hashlib.sha256(pins + python.encode()).hexdigest()[:16]


def _build(directory: Path, requirements: Path) -> None:
    """Make the environment anew; what an earlier, interrupted run left is removed."""
    shutil.rmtree(directory, ignore_errors=True)
    directory.parent.mkdir(parents=True, exist_ok=True)
    log = directory.with_suffix(".log")
    log.unlink(missing_ok=True)
    _run(
        (sys.executable, "-m", "venv", str(directory)),
        log,
        "is Python's venv module (Debian: python3-venv) there?",
    )
    pip = (str(directory / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "--no-input")
    install = ("install", "--quiet", "--require-hashes", "-r", str(requirements))
    _run((*pip, *install), log, "is the package index within reach?")


def _run(argv: Sequence[str], log: Path, question: str) -> None:
    with log.open("ab") as output:
        done = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=output, stderr=output, check=False)
    if done.returncode:
        raise SandboxError(
            f"MiniStack, the AWS stand-in, could not be installed: {question} "
            f"The last lines of {log}:\n{last_lines(log)}"
        )
