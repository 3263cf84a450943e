"""What the sandbox starts is ready in time or explains itself, and never outlives who started it."""

import fcntl
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from sandbox.errors import SandboxError
from sandbox.processes import Child, free_port, free_ports, wait_until

ENV = {"PATH": os.defpath, "PYTHONPATH": str(Path(__file__).parents[2])}
# Takes the lock on its first argument and keeps it until it dies.
HOLD = "import fcntl,sys,time; f=open(sys.argv[1],'a'); fcntl.flock(f,fcntl.LOCK_EX); time.sleep(600)"


def _free(path: Path) -> bool:
    """Whether nobody holds the lock on a file: the kernel lets go of it as soon as its holder is dead."""
    with path.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True


def _shell(script: str, log: Path) -> Child:
    return Child.start("the program", ["/bin/sh", "-c", script], ENV, log)


def test_a_child_that_dies_first_is_quoted(tmp_path: Path) -> None:
    child = _shell("echo out; echo err >&2; exit 3", tmp_path / "log")
    with pytest.raises(
        SandboxError, match=r"the program ended with exit code 3 before .*: it sings.*\nout\nerr"
    ):
        wait_until(lambda: False, what="it sings", children=[child])
    child.stop()


def test_a_child_that_is_not_ready_in_time_is_quoted(tmp_path: Path) -> None:
    child = _shell("echo busy; exec sleep 600", tmp_path / "log")
    wait_until(lambda: "busy" in (tmp_path / "log").read_text(), what="it says so", children=[child])
    with pytest.raises(SandboxError, match=r"not happen within 0\.1 s: it sings\.\nthe program:\nbusy"):
        wait_until(lambda: False, what="it sings", seconds=0.1, children=[child])
    child.stop()
    assert child.wait(0) == -signal.SIGTERM


def test_a_program_that_is_not_there_gets_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(
        SandboxError, match=r"^ghost cannot be started \(No such file or directory: /no/ghost\)\.$"
    ):
        Child.start("ghost", ["/no/ghost"], ENV, tmp_path / "log")


def test_a_child_sees_only_the_environment_that_it_is_given(tmp_path: Path) -> None:
    child = Child.start("env", ["/usr/bin/env"], {"A": "b"}, tmp_path / "log")
    assert child.wait(10) == 0
    child.stop()
    assert (tmp_path / "log").read_text() == "A=b\n"


def test_a_child_that_ignores_sigterm_is_killed(tmp_path: Path) -> None:
    child = _shell("trap '' TERM; echo deaf; while :; do sleep 600; done", tmp_path / "log")
    wait_until(lambda: "deaf" in (tmp_path / "log").read_text(), what="it is deaf", children=[child])
    child.stop(grace=0.1)
    assert not child.alive
    assert child.wait(0) == -signal.SIGKILL


def test_stopping_twice_is_stopping_once(tmp_path: Path) -> None:
    child = _shell("exec sleep 600", tmp_path / "log")
    child.stop()
    child.stop()
    assert not child.alive


def test_what_a_child_has_started_goes_with_it(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    script = f'"{sys.executable}" -c "$1" "$2" & exec sleep 600'
    child = Child.start("parent", ["/bin/sh", "-c", script, "sh", HOLD, str(lock)], ENV, tmp_path / "log")
    wait_until(lambda: not _free(lock), what="the grandchild holds the lock", children=[child])
    child.stop()
    wait_until(lambda: _free(lock), what="the grandchild is dead")


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_a_child_does_not_outlive_a_parent_that_is_killed(tmp_path: Path, how: signal.Signals) -> None:
    lock = tmp_path / "lock"
    argv = [sys.executable, "-c", HOLD, str(lock)]
    # The thread that starts the child ends before its process does: that must not matter.
    script = f"""
import pathlib, threading, time
from sandbox.processes import Child
start = lambda: Child.start("held", {argv!r}, {ENV!r}, pathlib.Path({str(tmp_path / "log")!r}))
thread = threading.Thread(target=start); thread.start(); thread.join()
time.sleep(600)
"""
    with subprocess.Popen([sys.executable, "-c", script], env=ENV) as parent:
        wait_until(lambda: not _free(lock), what="the child holds the lock")
        parent.send_signal(how)
    wait_until(lambda: _free(lock), what="the child is dead")


def test_free_ports_are_different_and_not_taken_for_outgoing_connections() -> None:
    ports = free_ports(50)
    assert len(set(ports)) == 50
    assert all(20000 <= port < 32768 for port in [*ports, free_port()])
    # Whoever was told of one may not have bound it yet.
    assert not set(ports) & set(free_ports(50))
