"""The operator's command: what it cannot work with ends it at once, with a sentence and never a traceback."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from headrace import __version__
from sandbox.operator import ROOT
from sandbox.processes import Child, free_port, wait_until
from tests.e2e.http import get

pytestmark = pytest.mark.e2e

SECONDS = 60


def environment(tmp_path: Path, more: Mapping[str, str]) -> dict[str, str]:
    """Return an environment in which there is no way to any cluster."""
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "PYTHONPATH": str(ROOT / "operator"),
        # Typer draws its errors in boxes as wide as the terminal.
        "COLUMNS": "250",
        **more,
    }


def run(tmp_path: Path, *arguments: str, **more: str) -> tuple[int, str]:
    """Run the command; return its exit code and what it said."""
    done = subprocess.run(
        [sys.executable, "-m", "headrace", *arguments],
        env=environment(tmp_path, more),
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert "Traceback" not in done.stderr
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--listen", "nonsense"), "'nonsense' is no address: write it like 127.0.0.1:8080"),
        (("--listen", "127.0.0.1:70000"), "'127.0.0.1:70000' is no address"),
        (
            ("--workers", "0"),
            "'--workers' (env var: 'HEADRACE_WORKERS'): Input should be greater than or equal to 1",
        ),
        (("--workers", "many"), "Input should be a valid integer"),
        (("--log-format", "xml"), "'xml' is not one of"),
        (("--log-level", "loud"), "'loud' is no level: choose debug, info, warning or error"),
        (("--nonsense",), "No such option: --nonsense"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_a_bad_option_ends_it_with_a_sentence(
    tmp_path: Path, arguments: tuple[str, ...], sentence: str
) -> None:
    code, said = run(tmp_path, *arguments)
    assert code == 2
    assert sentence in said


def test_a_bad_value_in_the_environment_ends_it_with_a_sentence(tmp_path: Path) -> None:
    code, said = run(tmp_path, HEADRACE_WORKERS="0", HEADRACE_LISTEN="127.0.0.1:8080")
    assert code == 2
    assert "'HEADRACE_WORKERS'): Input should be greater than or equal to 1" in said


def test_without_any_cluster_it_says_so(tmp_path: Path) -> None:
    code, said = run(tmp_path)
    assert code == 1
    assert said.startswith(
        "headrace-operator: No way to a Kubernetes API server (no KUBECONFIG, and not in a pod): "
    )


@pytest.mark.parametrize(
    "content", [None, "", "nonsense: [", "{}"], ids=["missing", "empty", "no YAML", "{}"]
)
def test_a_kubeconfig_that_makes_no_sense_is_named(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "kubeconfig"
    if content is not None:
        path.write_text(content)
    code, said = run(tmp_path, KUBECONFIG=str(path))
    assert code == 1
    assert said.startswith(f"headrace-operator: No way to a Kubernetes API server (KUBECONFIG={path}): ")


def unreachable(path: Path) -> Path:
    """Write a kubeconfig of a cluster where nobody listens."""
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "c", "cluster": {"server": f"http://127.0.0.1:{free_port()}"}}],
        "users": [{"name": "u", "user": {}}],
        "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
        "current-context": "x",
    }
    path.write_text(json.dumps(config))
    return path


@contextmanager
def living(tmp_path: Path, *arguments: str) -> Iterator[tuple[Child, Callable[[], list[str]]]]:
    """Have the operator live where nobody answers it; the messages in its log are to be asked for."""
    log, argv = tmp_path / "operator.log", [sys.executable, "-m", "headrace", *arguments]
    env = environment(tmp_path, {"KUBECONFIG": str(unreachable(tmp_path / "kubeconfig"))})
    child = Child.start("the operator", argv, env, log)

    def messages() -> list[str]:
        whole = log.read_text().rpartition("\n")[0].splitlines()
        return [json.loads(line)["message"] for line in whole]

    try:
        yield child, messages
        os.kill(child.pid, signal.SIGTERM)
        assert child.wait(SECONDS) == 0
        assert "Traceback" not in log.read_text()
    finally:
        child.stop(grace=0)


UNREACHABLE = "The Kubernetes API server cannot be reached to list the resources of headrace.io/v1alpha1: "


def test_a_port_in_use_is_waited_for_before_anything_else_is_begun(tmp_path: Path) -> None:
    port = free_port()
    address = f"127.0.0.1:{port}"
    with (
        socket.create_server(("127.0.0.1", port)) as taken,
        living(tmp_path, "--listen", address) as (child, messages),
    ):
        wait_until(lambda: len(messages()) > 0, what="it says so", children=[child])
        [said] = messages()
        assert said.startswith(f"Cannot listen on {address}: ")
        assert said.endswith("Choose another --listen.")

        taken.close()
        wait_until(lambda: len(messages()) > 2, what="it goes on", children=[child])
        assert messages()[1] == "What was waited for is there: the start goes on."
        assert messages()[2].startswith(UNREACHABLE)
        assert get(f"http://{address}/healthz")[0] == 200


def test_a_second_port_in_use_is_told_on_the_first_and_the_end_does_not_wait_for_it(tmp_path: Path) -> None:
    address = f"127.0.0.1:{free_port()}"
    with socket.create_server(("::1", 0), family=socket.AF_INET6) as taken:
        port = taken.getsockname()[1]
        arguments = ("--listen", address, "--metrics-listen", f"[::1]:{port}")
        with living(tmp_path, *arguments) as (child, messages):
            wait_until(lambda: len(messages()) > 0, what="it says so", children=[child])
            assert get(f"http://{address}/healthz")[0] == 200
            status, told = get(f"http://{address}/readyz")
            assert (status, [told]) == (503, messages())
            assert told.startswith(f"Cannot listen on ::1:{port}: ")
            assert told.endswith("Choose another --metrics-listen.")
        assert messages()[1:] == ["Asked to end: what runs is finished first."]


@pytest.mark.parametrize("host", ["192.0.2.1", "no-such-host.invalid"])
def test_an_address_that_is_not_ours_is_told(tmp_path: Path, host: str) -> None:
    config = unreachable(tmp_path / "kubeconfig")
    code, said = run(tmp_path, "--listen", f"{host}:8080", KUBECONFIG=str(config))
    assert code == 1
    assert said.startswith(f"headrace-operator: Cannot listen on {host}:8080: ")


def test_it_says_its_version(tmp_path: Path) -> None:
    assert run(tmp_path, "--version") == (0, f"headrace-operator {__version__}\n")


@pytest.mark.parametrize("more", [(), ("--cluster-id", "test")], ids=["without an id", "with one"])
def test_until_it_reaches_the_cluster_it_lives_and_says_what_it_waits_for(
    tmp_path: Path, more: tuple[str, ...]
) -> None:
    address = f"127.0.0.1:{free_port()}"
    with living(tmp_path, "--listen", address, *more) as (child, messages):
        wait_until(lambda: len(messages()) > 0, what="it says so", children=[child])
        assert messages()[0].startswith(UNREACHABLE)
        assert get(f"http://{address}/healthz")[0] == 200
        status, told = get(f"http://{address}/readyz")
        assert (status, told.startswith(UNREACHABLE)) == (503, True)


@pytest.mark.parametrize(
    ("arguments", "missing"),
    [
        ((), "--namespaces and --cluster-id"),
        (("--namespaces", " , ", "--cluster-id", "c"), "--namespaces"),
        (("--namespaces", "shop"), "--cluster-id"),
    ],
    ids=["nothing", "no namespace", "no id"],
)
def test_accounts_from_a_file_need_the_rest_to_be_said(
    tmp_path: Path, arguments: tuple[str, ...], missing: str
) -> None:
    code, said = run(tmp_path, *arguments, HEADRACE_ACCOUNTS="accounts.yaml")
    assert code == 2
    assert f"nothing is asked of the whole cluster, so {missing} must be said" in said
