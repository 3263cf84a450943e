"""Where the sandbox keeps what took long to make, and the locks that let one maker work at a time."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sandbox.console import say
from sandbox.errors import SandboxError


def cache_dir() -> Path:
    """The directory for what is built once: ``$HEADRACE_CACHE``, else ``headrace`` in the user's cache.

    The user's cache is ``$XDG_CACHE_HOME`` where that is an absolute path (the XDG base directory
    specification says to ignore others), else ``~/.cache``. The directory may not exist yet.
    """
    if own := os.environ.get("HEADRACE_CACHE"):
        return Path(own).expanduser().absolute()
    shared = Path(os.environ.get("XDG_CACHE_HOME", ""))
    return (shared if shared.is_absolute() else Path.home() / ".cache") / "headrace"


@contextmanager
def locked(name: str) -> Iterator[None]:
    """Hold the lock ``name`` against other processes and threads; say so once if it has to be waited for.

    The kernel lets go of the lock when its holder ends, however it ends. The lock file stays: removing
    it would let two processes hold locks on two files of the same name.
    Raises SandboxError if the cache cannot be written.
    """
    path = cache_dir() / "locks" / f"{name}.lock"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("a")
    except OSError as error:
        raise SandboxError(
            f"The cache {cache_dir()} cannot be written ({error.strerror}): "
            "set HEADRACE_CACHE to a directory that can."
        ) from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"{name}: waiting for another process that is at it ({path})")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield
