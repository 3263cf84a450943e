"""The demo and the sandbox as people start them: as processes, which say what they do and leave nothing."""

import os
import re
import selectors
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from sandbox.cache import cache_dir
from sandbox.processes import wait_until
from tests.bucket_specs import ROOT

pytestmark = pytest.mark.e2e

DEMO_SECONDS = 300.0
"""After so long a demo hangs: on two cores it takes half a minute."""
STEPS = 16


class Program:
    """A command of the sandbox; its processes are known by the directory of its temporary files."""

    def __init__(self, directory: Path, *argv: str, env: Mapping[str, str] | None = None) -> None:
        self.directory, self.said = directory, ""
        directory.mkdir()
        ours = {name: value for name, value in os.environ.items() if not name.startswith("HEADRACE_")}
        kept = {"HEADRACE_CACHE": os.environ["HEADRACE_CACHE"]} if "HEADRACE_CACHE" in os.environ else {}
        self._errors = directory.with_suffix(".stderr")
        with self._errors.open("wb") as errors:
            self.process = subprocess.Popen(
                [sys.executable, "-m", *argv],
                cwd=ROOT,
                env={**ours, **kept, "TMPDIR": str(directory), **(env or {})},
                stdout=subprocess.PIPE,
                stderr=errors,
                start_new_session=True,
            )

    @property
    def errors(self) -> str:
        """What it wrote to standard error."""
        return self._errors.read_text(errors="replace")

    def until(self, words: str, seconds: float = DEMO_SECONDS) -> None:
        """Read its standard output until these words are in it."""
        self._read(lambda: words in self.said, seconds)
        assert words in self.said, self.errors

    def end(self, seconds: float = DEMO_SECONDS) -> int:
        """Read the rest of what it has to say, and return its exit code."""
        self._read(lambda: False, seconds)
        return self.process.wait(60)

    def close(self) -> None:
        """End it, if it has not ended."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(30)
        if self.process.stdout is not None:
            self.process.stdout.close()

    def processes(self) -> list[str]:
        """The processes, but for itself, that have its directory in their arguments or their environment."""
        seen = subprocess.run(["ps", "axeww", "-o", "pid=,command="], capture_output=True, check=True)
        lines = seen.stdout.decode(errors="replace").splitlines()
        known = [line for line in lines if str(self.directory) in line]
        return [line for line in known if int(line.split()[0]) != self.process.pid]

    def left(self) -> list[str]:
        """What is left of it: processes and temporary files."""
        return [*self.processes(), *map(str, self.directory.iterdir())]

    def _read(self, enough: Callable[[], bool], seconds: float) -> None:
        assert self.process.stdout is not None
        deadline = time.monotonic() + seconds
        with selectors.DefaultSelector() as selector:
            selector.register(self.process.stdout, selectors.EVENT_READ)
            while not enough():
                if not selector.select(max(0.0, deadline - time.monotonic())):
                    raise AssertionError(f"nothing more within {seconds:g} s:\n{self.said}\n{self.errors}")
                piece = os.read(self.process.stdout.fileno(), 65536)
                if not piece:
                    return
                self.said += piece.decode()


@pytest.fixture
def started(tmp_path: Path) -> Iterator[Callable[..., Program]]:
    """Start a command; whatever the test finds, it is ended."""
    programs: list[Program] = []

    def start(*argv: str, env: Mapping[str, str] | None = None) -> Program:
        programs.append(Program(tmp_path / f"run-{len(programs)}", *argv, env=env))
        return programs[-1]

    yield start
    for program in programs:
        program.close()


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """The demo, played once from beginning to end."""
    program = Program(tmp_path_factory.mktemp("demo") / "run", "sandbox.demo")
    try:
        assert program.end() == 0, program.errors
        yield program
    finally:
        program.close()


def test_the_demo_shows_every_step_and_leaves_nothing(demo: Program) -> None:
    assert "\x1b" not in demo.said
    assert re.findall(r"^\[(\d+)/16\]", demo.said, re.MULTILINE) == [str(n + 1) for n in range(STEPS)]
    for words in (
        "+ versioning.enabled: true (spec)",
        "Host: acme-shop-media.s3-accelerate.amazonaws.com",
        "-> 403",
        "ok: and the policy adds x-served-for: shop",
        "ok: what acme-shop-media has not, comes from acme-shop-backup: failover",
        "defaultBehavior.viewerProtocol: allow-all -> redirect-to-https (default)",
        "was disabled and is to be deleted: edges get to know it",
        "~ versioning.enabled: false -> true (spec)",
        '[{"field":"versioning.enabled","found":"false","wanted":"true"}]',
        "an accelerated bucket has no dots in its name",
        "belongs to another-cluster/AcceleratedBucket/shop/archive; it is left alone",
        "headrace.io/retained-by=",
        "AWS has no acme-shop-media any more",
    ):
        assert words in demo.said
    assert demo.left() == []


def test_the_closing_table_adds_up(demo: Program) -> None:
    table = demo.said.partition("counted in the request log")[2]
    rows = [re.findall(r"\d+\.?\d*", line[50:]) for line in table.splitlines()]
    *steps, sums = [list(map(float, row)) for row in rows if len(row) == 5]

    assert len(steps) == STEPS
    assert [sum(column) for column in zip(*steps, strict=True)][1:] == sums[1:]
    # Reads and writes of AWS, writes of objects, and events: none of them is nothing.
    assert min(sums) > 0


def test_a_demo_whose_operator_cannot_start_ends_with_a_sentence_and_keeps_the_logs(
    started: Callable[..., Program],
) -> None:
    demo = started("sandbox.demo", env={"HEADRACE_WORKERS": "none"})

    assert demo.end() == 1
    assert "error: step 3 of 16, 'The operator starts': the operator ended with exit code 2" in demo.errors
    assert "HEADRACE_WORKERS" in demo.errors
    assert "Traceback" not in demo.errors
    logs = cache_dir() / "logs" / "demo"
    assert f"The logs are in {logs}." in demo.errors
    assert "HEADRACE_WORKERS" in (logs / "operator.log").read_text()
    assert demo.left() == []


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_demo_that_is_interrupted_leaves_nothing(
    started: Callable[..., Program], number: signal.Signals, code: int
) -> None:
    demo = started("sandbox.demo")
    demo.until("ok: it may not read secrets")
    assert demo.processes()

    demo.process.send_signal(number)

    assert demo.end() == code
    assert f"ended by {number.name}" in demo.errors
    assert demo.left() == []


def test_the_sandbox_says_how_to_use_it_until_it_is_asked_to_end(started: Callable[..., Program]) -> None:
    sandbox = started("sandbox")
    sandbox.until("/_headrace/log")

    exports = dict(re.findall(r"^export (\w+)=(.*)$", sandbox.said, re.MULTILINE))
    assert {
        "KUBECONFIG",
        "AWS_ENDPOINT_URL",
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_REGION",
    } <= set(exports)
    operator = re.search(r"^#   (KUBECONFIG=\S+) \S+ --allow-ambient", sandbox.said, re.MULTILINE)
    assert operator is not None
    assert Path(shlex.split(operator[1])[0].partition("=")[2]).exists()
    asked = "kubectl get acceleratedbuckets && kubectl auth can-i create acceleratedbuckets"
    script = ["/bin/sh", "-ec", f"{sandbox.said}\n{asked}"]
    answer = subprocess.run(script, capture_output=True, text=True, check=False)
    assert answer.stdout.strip() == "yes", answer.stderr
    assert "No resources found" in answer.stderr

    sandbox.process.send_signal(signal.SIGTERM)

    assert sandbox.end() == 0, sandbox.errors
    assert sandbox.left() == []


def test_the_sandbox_runs_the_operator_with_its_log_on_standard_error(
    started: Callable[..., Program],
) -> None:
    sandbox = started("sandbox", "--operator")
    sandbox.until("/_headrace/log")
    hints = re.findall(r"^#   (.*)$", sandbox.said, re.MULTILINE)
    # As people paste them, but for what waits and what they have to fill in.
    asked = "\n".join(hint for hint in hints if hint.startswith("kubectl apply"))
    waits = "kubectl wait --for=condition=Ready dist/site --timeout=120s >&2"
    viewed = "\n".join(hint for hint in hints if "domainName" in hint or hint.startswith("curl"))
    script = f"{sandbox.said}\n({asked}) >&2\n{waits}\n{viewed}"
    told = subprocess.run(["/bin/sh", "-ec", script], check=True, capture_output=True, text=True)

    assert "AccessDenied" in told.stdout, "there is no such object, and the bucket says so to nobody"
    words = "bucket acme-shop-media: "
    wait_until(lambda: words in sandbox.errors, what=f"the operator's log says {words!r}")
    sandbox.process.send_signal(signal.SIGTERM)
    assert sandbox.end() == 0, sandbox.errors
    assert sandbox.left() == []


def test_the_sandbox_tells_a_mistake_in_a_sentence(started: Callable[..., Program]) -> None:
    sandbox = started("sandbox", "--latency", "soon")

    assert sandbox.end() == 2
    assert "'--latency'" in sandbox.errors
    assert "Traceback" not in sandbox.errors
