"""The fence goes by a clock that goes on while the machine sleeps."""

import os
import subprocess
import sys
from collections.abc import Callable

import pytest

LONG = 120
SLEPT = 100_000

Run = Callable[[str], str]


@pytest.fixture(scope="module")
def after_sleep() -> Run:
    """Run Python as on a machine that slept for so long: its boot time is ahead of its monotonic time.

    Stopping a process does not tell the two clocks apart. In a time namespace of Linux they differ.
    """
    namespace = ["unshare", "--time", "--boottime", str(SLEPT), "--kill-child"]
    if os.geteuid() != 0:
        namespace += ["--user", "--map-root-user"]

    def run(*argv: str) -> subprocess.CompletedProcess[str]:
        argv, env = (*namespace, *argv), {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        return subprocess.run(argv, capture_output=True, text=True, check=False, timeout=LONG, env=env)

    try:
        tried = run("true")
    except FileNotFoundError:
        pytest.skip("unshare is not installed (package util-linux): no time namespace can be made")
    if tried.returncode:
        pytest.skip(f"no time namespace can be made here: {tried.stderr.strip()}")

    def python(code: str) -> str:
        done = run(sys.executable, "-c", code)
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout.strip()

    return python


def test_a_term_that_ended_while_the_machine_slept_is_over(after_sleep: Run) -> None:
    code = (
        "import time; from headrace.engine.fence import Fence; now = time.monotonic();"
        "print(Fence(now + {}).closed())"
    )
    assert after_sleep(code.format(SLEPT // 2)) == "True"
    assert after_sleep(code.format(SLEPT * 2)) == "False"


def test_the_elector_begins_a_term_by_the_same_clock(after_sleep: Run) -> None:
    code = """if True:
        import time
        from headrace.controller.elector import Elector
        from headrace.engine.fence import Fence
        from tests.unit.controller.elections import TIMING, Clock, Lock, Store

        fence = Fence(float("-inf"))
        Elector(Lock(Store(Clock())), "one", TIMING, fence, str).step()
        print(fence.closed(), fence.until - time.monotonic())
    """
    closed, until = after_sleep(code).split()
    assert closed == "False"
    assert float(until) > SLEPT / 2
