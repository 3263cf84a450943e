"""Programs that the sandbox starts: with a log, a deadline to be ready, and an end no later than ours."""

import os
import random
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from functools import cache
from itertools import cycle
from pathlib import Path
from typing import Self

from sandbox.errors import SandboxError

# Below the range from which Linux (32768-60999) and macOS (49152-65535) take ports for outgoing
# connections: else such a connection could take the port before the server binds it, or while the
# server restarts, and a client that keeps trying could even connect to itself.
_PORTS = range(20000, 32768)
# Processes that start side by side, as those of the tests, mostly take each from another share of the ports:
# who is told that a port is free binds it a second or so later.
_SHARES = 16
_POLL_SECONDS = 0.03

# The guard leads the process group in which the child runs, and waits for the end of its standard
# input, a pipe of which only the parent holds the other end. However the parent ends, SIGKILL
# included, the kernel closes that pipe and the guard kills the group, grandchildren too.
# PR_SET_PDEATHSIG would need a function between fork and exec (unsafe with threads), would fire when
# the *thread* that started the child ends, spares grandchildren, and is for Linux only.
_GUARD = ("/bin/sh", "-c", "trap '' HUP INT TERM; read -r _; kill -s KILL 0")


@cache
def _ports() -> Iterator[int]:
    """The ports of this process without end, in some order; one comes again only after all others."""
    share = list(_PORTS[os.getpid() % _SHARES :: _SHARES])
    random.SystemRandom().shuffle(share)
    return cycle(share)


def free_ports(count: int) -> list[int]:
    """As many different TCP ports of 127.0.0.1 as asked for, none of them in use now."""
    found: list[int] = []
    with ExitStack() as held:
        while len(found) < count:
            port = next(_ports())
            if port in found:
                # With SO_REUSEADDR it could be bound once more.
                continue
            candidate = held.enter_context(socket.socket())
            candidate.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with suppress(OSError):
                candidate.bind(("127.0.0.1", port))
                found.append(port)
    return found


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nobody uses now."""
    return free_ports(1)[0]


def last_lines(path: Path, count: int = 15) -> str:
    """The last lines of a log, or a word that there are none."""
    try:
        lines = path.read_text(errors="replace").splitlines()
    except OSError:
        lines = []
    return "\n".join(lines[-count:]) or "(it wrote nothing)"


class Child:
    """A running program. It ends at ``stop()``, and at the latest when the process that started it ends."""

    def __init__(
        self, name: str, process: subprocess.Popen[bytes], guard: subprocess.Popen[bytes], log_path: Path
    ) -> None:
        self.name = name
        self.log_path = log_path
        self._process = process
        self._guard = guard

    @classmethod
    def start(cls, name: str, argv: Sequence[str], env: Mapping[str, str], log_path: Path) -> Self:
        """Start ``argv`` with exactly the environment ``env``; its output is added to ``log_path``.

        Raises SandboxError if the program is not there or cannot be executed.
        """
        guard = subprocess.Popen(_GUARD, stdin=subprocess.PIPE, env={}, process_group=0)
        try:
            with log_path.open("ab") as log:
                process = subprocess.Popen(
                    argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=env, process_group=guard.pid
                )
        except BaseException as error:
            _end(guard)
            if isinstance(error, OSError):
                raise SandboxError(
                    f"{name} cannot be started ({error.strerror}: {error.filename})."
                ) from error
            raise
        return cls(name, process, guard, log_path)

    @property
    def pid(self) -> int:
        """The process id of the program; the log and the signals are its own, not a shell's."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether the program still runs."""
        return self._process.poll() is None

    def wait(self, seconds: float) -> int | None:
        """The exit code (negative: the signal that ended it), or None if it still runs after ``seconds``."""
        try:
            return self._process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            return None

    def stop(self, grace: float = 10.0) -> None:
        """End the program: SIGTERM, ``grace`` seconds of patience, SIGKILL. Its own children go with it.

        Does nothing the second time.
        """
        try:
            if self.alive and grace > 0:
                self._process.terminate()
                self.wait(grace)
        finally:
            _end(self._guard)
            self._process.wait()


def _end(guard: subprocess.Popen[bytes]) -> None:
    """Kill the guard's whole group. As long as it was not waited for, no other group can have its number."""
    if guard.returncode is None:
        # macOS refuses where only zombies are left in the group.
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(guard.pid, signal.SIGKILL)
        guard.wait()
    if guard.stdin:
        guard.stdin.close()


def wait_until(
    ready: Callable[[], bool], *, what: str, seconds: float = 30.0, children: Iterable[Child] = ()
) -> None:
    """Return as soon as ``ready()`` is true. ``what`` completes the sentence "… did not happen".

    Raises SandboxError if one of ``children`` ends first (with the last lines of its log), or after
    ``seconds``.
    """
    watched = tuple(children)
    deadline = time.monotonic() + seconds
    while not ready():
        for child in watched:
            if not child.alive:
                raise SandboxError(
                    f"{child.name} ended with exit code {child.wait(0)} before this happened: {what}. "
                    f"The last lines of its log:\n{last_lines(child.log_path)}"
                )
        if time.monotonic() > deadline:
            logs = "".join(f"\n{child.name}:\n{last_lines(child.log_path, 5)}" for child in watched)
            raise SandboxError(f"This did not happen within {seconds:g} s: {what}.{logs}")
        time.sleep(_POLL_SECONDS)
