"""`helm test`: what its pod runs passes only if an operator answers."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from sandbox.processes import free_port
from tests.chart.helm import only, rendered


@pytest.mark.parametrize(("answer", "code"), [("ok", 0), ("the watches have not begun yet", 1)])
def test_helm_test_passes_only_if_an_operator_says_that_it_is_ready(answer: str, code: int) -> None:
    with answering(answer) as address:
        done = asked(address)

    assert (done.returncode, done.stderr) == (code, "")
    assert answer in done.stdout


def test_helm_test_says_so_where_nobody_answers() -> None:
    address = f"http://127.0.0.1:{free_port()}"
    done = asked(address)

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"{address}/readyz does not answer: ")
    assert len(done.stderr.splitlines()) == 1


def asked(address: str) -> subprocess.CompletedProcess[str]:
    """Run what the pod runs, with this address in the place of the Service's."""
    (found,) = only(rendered({}), "Pod")["spec"]["containers"]
    text, url = found["args"]
    assert found["command"] == ["python3", "-c"]
    assert url == "http://headrace-operator.headrace-system.svc:8080/readyz"
    argv = [sys.executable, "-c", text, f"{address}/readyz"]
    return subprocess.run(argv, capture_output=True, text=True, check=False)


@contextmanager
def answering(text: str) -> Iterator[str]:
    """Answer every GET with a text, as the probes of an operator do: 200 where it is ok, 503 otherwise."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if text == "ok" else 503)
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
