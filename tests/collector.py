"""A collector of OpenTelemetry's: takes traces over OTLP and HTTP on loopback, and shows them as a tree."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.unit.serving import serving


@dataclass(frozen=True)
class Span:
    """A span as it came in."""

    name: str
    trace: str
    id: str
    parent: str
    attributes: Mapping[str, Any]
    failed: bool
    seconds: float


@dataclass
class Collector:
    """What was asked and taken so far; the status is what is answered, and only with 200 a body is taken."""

    url: str = ""
    status: int = 200
    raw: list[bytes] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def _requests(self) -> list[ExportTraceServiceRequest]:
        with self.lock:
            return [ExportTraceServiceRequest.FromString(body) for body in self.raw]

    @property
    def spans(self) -> list[Span]:
        """All spans, by name."""
        found = [
            _span(span)
            for request in self._requests
            for resource in request.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]
        return sorted(found, key=lambda span: span.name)

    @property
    def resource(self) -> Mapping[str, Any]:
        """Who says that it sent them."""
        return _attributes(self._requests[0].resource_spans[0].resource.attributes)

    def children(self, of: Span) -> list[Span]:
        """Return the spans right below one."""
        return [span for span in self.spans if (span.trace, span.parent) == (of.trace, of.id)]

    def take(self, path: str, body: bytes) -> None:
        """Note a request."""
        with self.lock:
            self.asked.append(path)
            if self.status == 200:
                self.raw.append(body)


def _span(span: Any) -> Span:
    return Span(
        span.name,
        span.trace_id.hex(),
        span.span_id.hex(),
        span.parent_span_id.hex(),
        _attributes(span.attributes),
        span.status.code == 2,
        (span.end_time_unix_nano - span.start_time_unix_nano) / 1e9,
    )


def _attributes(found: Any) -> dict[str, Any]:
    return {each.key: getattr(each.value, each.value.WhichOneof("value")) for each in found}


@contextmanager
def collecting() -> Iterator[Collector]:
    """Collect on a free port of loopback until the end of the block."""
    collector = Collector()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            collector.take(self.path, body)
            self.send_response(collector.status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing: what came in is in `asked`."""

    with serving(Handler) as collector.url:
        yield collector
