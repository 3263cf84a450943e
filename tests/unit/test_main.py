import asyncio
import json
import logging
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import cast

import aiohttp
import pytest
from typer.testing import CliRunner, Result

from headrace import __version__
from headrace.controller.elector import Alone
from headrace.kinds.registry import DEFINITIONS
from headrace.kube.connection import Heartbeat, path_of
from headrace.kube.start import Start
from headrace.main import app
from headrace.process import _health, _Life, _readiness, _serve
from headrace.telemetry.server import Server
from sandbox.processes import free_port
from tests.unit.kube.cluster import kubeconfig

LONG = 300
"""Seconds that no process here takes to end, on a busy machine, too."""


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, loggers: None) -> None:
    """No cluster to be found, no settings of whoever runs the tests, and logging as it was afterwards."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "none"))
    monkeypatch.setenv("COLUMNS", "250")


def run(*arguments: str, env: Mapping[str, str] | None = None) -> Result:
    result = CliRunner().invoke(app, arguments, env=env)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


# Values


BAD = {
    ("--listen", "HEADRACE_LISTEN", "8080"): "'8080' is no address: write it like 127.0.0.1:8080",
    ("--listen", "HEADRACE_LISTEN", ":8080"): "':8080' is no address",
    ("--listen", "HEADRACE_LISTEN", "127.0.0.1:"): "'127.0.0.1:' is no address",
    ("--listen", "HEADRACE_LISTEN", "127.0.0.1:http"): "'127.0.0.1:http' is no address",
    ("--listen", "HEADRACE_LISTEN", "127.0.0.1:65536"): "'127.0.0.1:65536' is no address",
    ("--listen", "HEADRACE_LISTEN", "127.0.0.1:²"): "'127.0.0.1:²' is no address",
    ("--workers", "HEADRACE_WORKERS", "0"): "Input should be greater than or equal to 1",
    ("--workers", "HEADRACE_WORKERS", "101"): "Input should be less than or equal to 100",
    ("--workers", "HEADRACE_WORKERS", "ten"): "Input should be a valid integer",
    ("--aws-rate", "HEADRACE_AWS_RATE", "0"): "Input should be greater than or equal to 1",
    ("--aws-rate", "HEADRACE_AWS_RATE", "fast"): "Input should be a valid number",
    (
        "--cluster-id",
        "HEADRACE_CLUSTER_ID",
        "eks/prod",
    ): "'eks/prod' is no cluster id: it has up to 63",
    ("--cluster-id", "HEADRACE_CLUSTER_ID", "prod,1"): "'prod,1' is no cluster id",
    ("--cluster-id", "HEADRACE_CLUSTER_ID", "prod 1"): "'prod 1' is no cluster id",
    ("--cluster-id", "HEADRACE_CLUSTER_ID", "größe"): "'größe' is no cluster id",
    ("--cluster-id", "HEADRACE_CLUSTER_ID", "c" * 64): f"'{'c' * 64}' is no cluster id",
    (
        "--namespaces",
        "HEADRACE_NAMESPACES",
        "shop,Bank",
    ): "'Bank' is no namespace: its name has",
    ("--namespaces", "HEADRACE_NAMESPACES", "team-*"): "'team-*' is no namespace",
    ("--namespaces", "HEADRACE_NAMESPACES", "-shop"): "'-shop' is no namespace",
    ("--namespaces", "HEADRACE_NAMESPACES", "n" * 64): f"'{'n' * 64}' is no namespace",
    ("--own-namespace", "HEADRACE_OWN_NAMESPACE", "a,b"): "'a,b' is no namespace",
    ("--metrics-listen", "HEADRACE_METRICS_LISTEN", "8443"): "'8443' is no address: write it like",
    ("--lease-name", "HEADRACE_LEASE_NAME", "My_Lease"): "'My_Lease' is no name for a Lease: it has up to 63",
    ("--lease-duration", "HEADRACE_LEASE_DURATION", "1"): "Input should be greater than or equal to 2",
    ("--lease-duration", "HEADRACE_LEASE_DURATION", "10"): (
        "--lease-duration 10 must be at least 5 seconds longer than --renew-deadline 10"
    ),
    ("--renew-deadline", "HEADRACE_RENEW_DEADLINE", "15"): (
        "--lease-duration 15 must be at least 5 seconds longer than --renew-deadline 15"
    ),
    ("--retry-period", "HEADRACE_RETRY_PERIOD", "5"): (
        "--renew-deadline 10 must be at least 3 times --retry-period 5"
    ),
    ("--identity", "HEADRACE_IDENTITY", "pod 1"): "'pod 1' is no identity: it has up to 253",
    ("--log-format", "HEADRACE_LOG_FORMAT", "xml"): "'xml' is not one of",
    ("--log-level", "HEADRACE_LOG_LEVEL", "loud"): (
        "'loud' is no level: choose debug, info, warning or error"
    ),
}


@pytest.mark.parametrize(("which", "sentence"), BAD.items(), ids=["=".join(key[::2]) for key in BAD])
def test_a_bad_value_ends_it_with_a_sentence_wherever_it_was_said(
    which: tuple[str, str, str], sentence: str
) -> None:
    option, variable, value = which
    for result in (run(option, value), run(env={variable: value})):
        assert result.exit_code == 2
        assert sentence in result.output
        assert option in result.output


def test_what_may_be_used_of_our_own_is_yes_or_no() -> None:
    result = run(env={"HEADRACE_ALLOW_AMBIENT": "perhaps"})

    assert result.exit_code == 2
    assert "allow-ambient" in result.output.lower()


@pytest.mark.parametrize(
    ("option", "variable"), sorted({(option, variable) for option, variable, _ in BAD}), ids=str
)
def test_an_empty_variable_is_no_value(option: str, variable: str) -> None:
    result = run(env={variable: ""})

    assert (result.exit_code, "No way to a Kubernetes API server" in result.output) == (1, True)


@pytest.mark.parametrize("id", ["prod-1", "a1B2.c_d", "arn:aws:eks:eu-central-1:111122223333", "c" * 63])
def test_a_cluster_id_is_what_fits_into_tags_and_trust_policies(id: str) -> None:
    assert run("--cluster-id", id).exit_code == 1, "as far as to the missing cluster"


def test_levels_are_taken_in_any_case() -> None:
    for level in ("debug", "Info", "WARNING"):
        assert run("--log-level", level).exit_code == 1, "as far as to the missing cluster"


def test_metrics_of_objects_are_shown_and_not_kept_from_anybody_unless_it_is_said() -> None:
    output = run("--help").output

    for option in ("--no-object-metrics", "--no-metrics-authorization", "--no-traces"):
        assert option in output


ELSEWHERE = ("--metrics-listen", "0.0.0.0:8443")
FILES = ("--metrics-tls-cert", "tls.crt", "--metrics-tls-key", "tls.key")
NO_SENSE = {
    FILES[:2]: "--metrics-tls-cert is of no use without --metrics-tls-key: give both files, or neither",
    FILES[2:]: "--metrics-tls-key is of no use without --metrics-tls-cert: give both files, or neither",
    FILES: "--metrics-tls-cert needs --metrics-listen, an address of its own: the probes on --listen stay",
    ("--metrics-authorization",): "--metrics-authorization needs --metrics-listen, an address of its own",
    ("--metrics-authorization", *ELSEWHERE): (
        "--metrics-authorization on 0.0.0.0:8443 would have tokens travel in plain text"
    ),
    ("--metrics-authorization", "--metrics-listen", "metrics.example:8443"): "travel in plain text",
    ("--metrics-listen", "127.0.0.1:8080"): (
        "--metrics-listen 127.0.0.1:8080 is the address of --listen, where metrics are by default"
    ),
    ("--listen", "0.0.0.0:8443", "--metrics-listen", "127.0.0.1:8443"): (
        "--metrics-listen 127.0.0.1:8443 and --listen 0.0.0.0:8443 cannot both be had: one of them is the"
    ),
    ("--metrics-listen", "0.0.0.0:8080"): (
        "--metrics-listen 0.0.0.0:8080 and --listen 127.0.0.1:8080 cannot both be had"
    ),
    ("--traces",): "--traces needs to know where they go: set OTEL_EXPORTER_OTLP_ENDPOINT, such as http://",
}


@pytest.mark.parametrize(("arguments", "sentence"), NO_SENSE.items(), ids=[" ".join(key) for key in NO_SENSE])
def test_what_makes_no_sense_together_ends_it_with_a_sentence(
    arguments: tuple[str, ...], sentence: str
) -> None:
    result = run(*arguments)

    assert (result.exit_code, sentence in result.output) == (2, True), result.output


@pytest.mark.parametrize(
    "arguments",
    [
        (*ELSEWHERE,),
        (*ELSEWHERE, *FILES),
        (*ELSEWHERE, *FILES, "--metrics-authorization"),
        ("--metrics-listen", "127.0.0.1:8443", "--metrics-authorization"),
        ("--metrics-listen", "[::1]:8443", "--metrics-authorization"),
        ("--metrics-listen", "localhost:8443", "--metrics-authorization"),
        ("--listen", "127.0.0.2:8443", "--metrics-listen", "127.0.0.1:8443"),
        ("--listen", "[::]:8443", *ELSEWHERE),
        ("--listen", "127.0.0.1:0", "--metrics-listen", "0.0.0.0:0"),
        ("--no-object-metrics", "--no-traces"),
    ],
    ids=" ".join,
)
def test_what_makes_sense_together_is_taken(arguments: tuple[str, ...]) -> None:
    assert run(*arguments).exit_code == 1, "as far as to the missing cluster"


@pytest.mark.parametrize(
    ("variable", "value", "sentence"),
    [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4318", "OTEL_EXPORTER_OTLP_ENDPOINT is 'collector:4318'"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://", "which is no URL of a collector"),
        ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "grpc://a:4317", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT is"),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc", "OTEL_EXPORTER_OTLP_PROTOCOL is 'grpc', and traces are sent"),
    ],
)
def test_where_traces_cannot_go_a_sentence_names_the_variable(
    variable: str, value: str, sentence: str
) -> None:
    given = {"HEADRACE_TRACES": "true", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9", variable: value}
    result = run(env=given)

    assert (result.exit_code, sentence in result.output) == (2, True), result.output


def test_the_version_is_told_and_nothing_else_is_done() -> None:
    result = run("--version", "--listen", "nonsense")

    assert (result.exit_code, result.output) == (0, f"headrace-operator {__version__}\n")


def test_help_names_every_option_with_its_variable() -> None:
    output = run("--help").output

    for option, variable, _ in BAD:
        assert option in output
        assert variable in output


def test_it_runs_as_a_module() -> None:
    argv = [sys.executable, "-m", "headrace", "--version"]
    done = subprocess.run(argv, capture_output=True, text=True, check=True, timeout=LONG)

    assert done.stdout == f"headrace-operator {__version__}\n"


# Starting


def test_without_a_cluster_a_sentence_says_where_it_was_looked_for(tmp_path: Path) -> None:
    result = run()

    assert result.exit_code == 1
    assert result.output.startswith(
        f"headrace-operator: No way to a Kubernetes API server (KUBECONFIG={tmp_path}/none): "
    )


def test_an_address_in_use_is_told_once_and_taken_when_it_is_free(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("headrace.kube.start._SECONDS", 0.01)
    caplog.set_level(logging.INFO)
    address, clock = ("127.0.0.1", free_port()), Clock()
    taken = socket.create_server(address)
    waits: list[str] = []

    def freed_in_the_end() -> float:
        # Each attempt notes when it was.
        clock.now += 120
        waits.append(start.waits if waits else "")
        if len(waits) == 5:
            taken.close()
        return clock.now

    async def scene() -> str:
        server = Server([])
        try:
            async with asyncio.timeout(30):
                assert await _serve([(server, address)], start)
            return heartbeat.silent(180)
        finally:
            await server.stop()

    heartbeat = Heartbeat(freed_in_the_end)
    start = Start(heartbeat, asyncio.Event())

    assert asyncio.run(scene()) == "", "who waits is healthy, however long it takes"
    beginning, *told = waits[1:5]
    assert set(told) == {caplog.messages[0]}
    assert (start.waits, len(caplog.messages)) == (beginning, 2)
    assert caplog.messages[0].startswith(f"Cannot listen on 127.0.0.1:{address[1]}: ")
    assert "address already in use" in caplog.messages[0]
    assert caplog.messages[1] == "What was waited for is there: the start goes on."


def test_an_ipv6_address_is_written_in_brackets(tmp_path: Path) -> None:
    kubeconfig(tmp_path / "config", "http://127.0.0.1:1")
    # An address of documentation, which no machine has.
    result = run("--cluster-id", "test", "--listen", "[2001:db8::1]:8080")

    assert result.exit_code == 1
    assert result.output.startswith("headrace-operator: Cannot listen on 2001:db8::1:8080: ")


def test_a_certificate_that_is_not_there_is_told(tmp_path: Path) -> None:
    kubeconfig(tmp_path / "config", "http://127.0.0.1:1")
    files = ("--metrics-tls-cert", f"{tmp_path}/tls.crt", "--metrics-tls-key", f"{tmp_path}/tls.key")
    result = run("--cluster-id", "test", "--metrics-listen", "127.0.0.1:0", *files)

    assert result.exit_code == 1
    assert result.output == (
        f"headrace-operator: The file of --metrics-tls-cert, {tmp_path}/tls.crt, cannot be read: "
        "No such file or directory.\n"
    )


def test_variables_of_opentelemetry_that_make_no_sense_are_told() -> None:
    given = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9", "OTEL_BSP_MAX_EXPORT_BATCH_SIZE": "-5"}
    result = run("--traces", env=given)

    assert result.exit_code == 1
    assert result.output.startswith(
        "headrace-operator: OpenTelemetry cannot be set up by its variables OTEL_…: "
    )


SABOTAGE = """
import headrace.main as main
import headrace.process as process

async def served(*_):
    return "test"

async def broken(*_):
    raise KeyError("bug")

process._begin = served
process._work = broken
main.app()
"""


def test_where_the_work_ends_by_itself_the_process_ends_and_says_so(tmp_path: Path) -> None:
    kubeconfig(tmp_path / "config", "http://127.0.0.1:1")
    argv = [sys.executable, "-c", SABOTAGE, "--cluster-id", "test", "--listen", "127.0.0.1:0"]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=LONG)

    assert done.returncode == 1
    last = json.loads(done.stderr.splitlines()[-1])
    assert (last["level"], last["message"]) == (
        "error",
        "The work on objects ended by itself (KeyError('bug')); the process ends, to be started again.",
    )


# Signals, at any moment

IMPORTING = """
import os, signal, sys

class Hasty:
    def find_spec(self, name, *_):
        if name == "kopf":
            os.kill(os.getpid(), signal.SIGTERM)

sys.meta_path.insert(0, Hasty())
from headrace.__main__ import main
main()
"""

HASTY = """
import asyncio, os, signal
import kopf
import headrace.main as main
import headrace.process as process

async def served(*_):
    return "test"

async def works(*_):
    await asyncio.Event().wait()

def before(real):
    def hasty(*args, **more):
        os.kill(os.getpid(), signal.SIGTERM)
        return real(*args, **more)
    return hasty

def after(real):
    async def hasty(*args, **more):
        made = await real(*args, **more)
        os.kill(os.getpid(), signal.SIGTERM)
        return made
    return hasty

{sabotage}
main.app()
"""

SERVED = "process._begin, process._work = served, works\n"


@pytest.mark.parametrize(
    "script",
    [
        IMPORTING,
        HASTY.format(sabotage="process.lay_ground = before(process.lay_ground)"),
        HASTY.format(sabotage=f"{SERVED}process.assemble = before(process.assemble)"),
        HASTY.format(sabotage=f"{SERVED}kopf.spawn_tasks = before(kopf.spawn_tasks)"),
        HASTY.format(sabotage=f"{SERVED}kopf.spawn_tasks = after(kopf.spawn_tasks)"),
    ],
    ids=["while it imports", "at the start", "between two takers", "before kopf's", "after kopf's"],
)
def test_a_signal_is_never_lost(tmp_path: Path, script: str) -> None:
    """To the first process of a container the kernel delivers only those that somebody takes."""
    kubeconfig(tmp_path / "config", "http://127.0.0.1:1")
    argv = [sys.executable, "-c", script, "--cluster-id", "test", "--listen", "127.0.0.1:0"]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=LONG)

    assert (done.returncode, "Traceback" in done.stderr) == (0, False), done.stderr
    said = [json.loads(line)["message"] for line in done.stderr.splitlines()]
    asked = [] if script is IMPORTING else ["Asked to end: what runs is finished first."]
    assert [line for line in said if line.startswith("Asked")] == asked


def test_a_request_that_hangs_does_not_hold_up_the_end(tmp_path: Path) -> None:
    hangs = f"process._compare = lambda *_: asyncio.to_thread(__import__('time').sleep, {2 * LONG})\n"
    script = HASTY.format(sabotage=f"{SERVED}{hangs}kopf.spawn_tasks = after(kopf.spawn_tasks)")
    kubeconfig(tmp_path / "config", "http://127.0.0.1:1")
    argv = [sys.executable, "-c", script, "--cluster-id", "test", "--listen", "127.0.0.1:0"]

    assert subprocess.run(argv, capture_output=True, check=False, timeout=LONG).returncode == 0


# Probes


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


class Answer:
    """An answer that is well, and has nothing in it."""

    ok, status = True, 200


THINGS = "/apis/headrace.io/v1alpha1/things"


def test_it_is_healthy_until_a_watch_was_silent_for_three_minutes() -> None:
    clock = Clock()
    heartbeat = Heartbeat(clock)
    heartbeat.asked(THINGS, watch=True)
    probe = _health(heartbeat, lambda: 0.0)

    clock.now += 180
    assert probe() == ""
    clock.now += 1
    assert probe() == "the watch on things has been silent for 181 s"


def test_it_is_healthy_until_nothing_ended_for_ten_minutes_though_something_is_due() -> None:
    still = 600.0
    probe = _health(Heartbeat(Clock()), lambda: still)

    assert probe() == ""
    still = 601.0
    assert probe() == "objects are due and no pass has ended for 601 s"


def test_it_is_ready_once_every_kind_is_watched() -> None:
    heartbeat, kinds = Heartbeat(Clock()), DEFINITIONS.values()
    life = _Life(Start(heartbeat, asyncio.Event()))
    probe = _readiness(life, Alone(), heartbeat, [path_of(kind) for kind in kinds])

    assert probe() == "the watches have not begun yet"
    life.ready.set()
    assert probe() == f"the watch on {', '.join(k.plural for k in DEFINITIONS.values())} has not begun yet"
    for kind in DEFINITIONS.values():
        path = f"/apis/headrace.io/v1alpha1/{kind.plural}"
        heartbeat.asked(path, watch=True)
        heartbeat.answered(path, cast(aiohttp.ClientResponse, Answer()), watch=True)
    assert probe() == ""
