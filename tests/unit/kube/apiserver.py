"""An API server on loopback that answers what it is told to, and remembers what it was asked."""

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from io import BufferedIOBase
from typing import Any

from tests.unit.serving import serving


@dataclass(frozen=True)
class Asked:
    """One request."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: Any

    @property
    def line(self) -> str:
        return f"{self.method} {self.path}"


@dataclass(frozen=True)
class Answer:
    """One answer; without a status the connection is cut."""

    status: int | None = 200
    body: Any = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    gate: Callable[[], object] | None = None
    """What has to return before the answer goes out."""
    pause: float = 0.0
    """Seconds between any two of its bytes."""


def refusal(code: int, message: str) -> Answer:
    """Refuse as the API server does."""
    body = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "message": message, "code": code}
    return Answer(code, body)


@dataclass
class ApiServer:
    """What is to be answered, in turn, and what was asked. Out of answers, `otherwise` has the word."""

    url: str = ""
    answers: list[Answer] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    otherwise: Callable[[Asked], Answer] = lambda _: Answer()
    lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, asked: Asked) -> Answer:
        with self.lock:
            self.asked.append(asked)
            return self.answers.pop(0) if self.answers else self.otherwise(asked)


def _written(body: Any) -> bytes:
    if isinstance(body, bytes):
        return body
    return (body if isinstance(body, str) else json.dumps(body)).encode()


def _send(file: BufferedIOBase, written: bytes, pause: float) -> None:
    if not pause:
        file.write(written)
        return
    for byte in written:
        file.write(bytes([byte]))
        time.sleep(pause)


def _handler(state: ApiServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            self.answer()

        def do_POST(self) -> None:
            self.answer()

        def do_PUT(self) -> None:
            self.answer()

        def do_PATCH(self) -> None:
            self.answer()

        def answer(self) -> None:
            raw = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            body = json.loads(raw) if raw else None
            answer = state.take(Asked(self.command, self.path, dict(self.headers), body))
            if answer.gate is not None:
                answer.gate()
            if answer.status is None:
                self.close_connection = True
                return
            written = _written(answer.body)
            self.send_response(answer.status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(written)))
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.end_headers()
            _send(self.wfile, written, answer.pause)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing: the requests are in `asked`."""

    return Handler


@contextmanager
def api_server() -> Iterator[ApiServer]:
    """Serve on a free port of 127.0.0.1 until the end of the block."""
    state = ApiServer()
    with serving(_handler(state)) as state.url:
        yield state
