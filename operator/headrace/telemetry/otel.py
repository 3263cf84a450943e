"""Traces by OpenTelemetry, sent over OTLP; where to, and how often, its own variables say.

Nothing else imports this, nor opentelemetry: it takes memory that only those pay who ask for traces.
"""

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import SpanKind, Status, StatusCode

from headrace import __version__
from headrace.aws.meter import Call
from headrace.telemetry.requests import NO_ANSWER, Request
from headrace.telemetry.traces import Attributes, Span, TracesFailed

_NANOSECONDS = 1_000_000_000
# The verbs that change something; what is only read is told by AWS' spans well enough.
_WRITES = frozenset({"create", "update", "patch", "delete"})


class _Noted:
    """A span that can be told more."""

    def __init__(self, span: trace.Span) -> None:
        self._span = span

    def note(self, attributes: Attributes) -> None:
        self._span.set_attributes(attributes)


class OpenTelemetry:
    """Sends spans to a collector, from a thread of the SDK's own; what cannot be sent is dropped.

    Raises:
        TracesFailed: the variables OTEL_… make no sense.
    """

    def __init__(self) -> None:
        try:
            self._provider = TracerProvider(resource=_resource(), shutdown_on_exit=False)
            self._provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        except ValueError as error:
            raise TracesFailed(f"OpenTelemetry cannot be set up by its variables OTEL_…: {error}") from error
        self._tracer = self._provider.get_tracer("headrace", __version__)

    @contextmanager
    def span(self, name: str, attributes: Attributes) -> Iterator[Span]:
        """Return a span around what is done inside of it; an exception that comes out marks it as failed."""
        with self._tracer.start_as_current_span(
            name, attributes=attributes, record_exception=False, set_status_on_exception=False
        ) as span:
            try:
                yield _Noted(span)
            except Exception as error:
                # Its message may say more than is meant for others.
                span.set_status(Status(StatusCode.ERROR))
                span.set_attribute("error.type", type(error).__name__)
                raise

    def called(self, call: Call) -> None:
        """Tell of a request to AWS that was answered just now, inside of a span."""
        about: dict[str, str | int] = {
            "rpc.system": "aws-api",
            "rpc.service": call.service,
            "rpc.method": call.operation,
            "cloud.region": call.region,
            "http.response.status_code": call.status,
            "aws.request_id": call.request_id,
            "aws.extended_request_id": call.host_id,
        }
        failed = "" if call.outcome == "ok" else call.outcome
        self._tell(f"{call.service}.{call.operation}", about, failed, call.seconds)

    def requested(self, request: Request) -> None:
        """Tell of a write to the API server that was answered just now, inside of a span."""
        if request.verb not in _WRITES:
            return
        about: dict[str, str | int] = {
            "k8s.request.verb": request.verb,
            "k8s.request.resource": request.resource,
        }
        if request.code != NO_ANSWER:
            about["http.response.status_code"] = int(request.code)
        failed = request.code if request.code == NO_ANSWER or request.code >= "400" else ""
        self._tell(f"{request.verb} {request.resource}", about, failed, request.seconds)

    def _tell(self, name: str, about: dict[str, str | int], failed: str, seconds: float) -> None:
        """Make a span of what is over already. What belongs to no span, such as an event's post, has none."""
        if not trace.get_current_span().is_recording():
            return
        end = time.time_ns()
        known = {key: value for key, value in about.items() if value}
        span = self._tracer.start_span(
            name, kind=SpanKind.CLIENT, attributes=known, start_time=end - int(seconds * _NANOSECONDS)
        )
        if failed:
            span.set_attribute("error.type", failed)
            span.set_status(Status(StatusCode.ERROR))
        span.end(end)

    def stop(self, seconds: float) -> None:
        """Send what is not sent yet, for so long at most: the SDK itself would try for half a minute."""
        over = threading.Thread(target=self._provider.shutdown, daemon=True)
        over.start()
        over.join(seconds)


def _resource() -> Resource:
    """Return who we are, by the SDK's variables or else by our own name."""
    found = Resource.create()
    named = not str(found.attributes["service.name"]).startswith("unknown_service")
    name = {} if named else {"service.name": "headrace-operator"}
    return found.merge(Resource({"service.version": __version__, **name}))


def note_ids(record: logging.LogRecord) -> bool:
    """Put the ids of the span around it into a record of the log; for a handler, as its filter."""
    context = trace.get_current_span().get_span_context()
    if context.is_valid:
        record.trace_id = trace.format_trace_id(context.trace_id)
        record.span_id = trace.format_span_id(context.span_id)
    return True


def begin() -> OpenTelemetry:
    """Begin to trace, and to put the ids of spans into the lines of the log.

    Raises:
        TracesFailed: the variables OTEL_… make no sense.
    """
    traces = OpenTelemetry()
    for handler in logging.getLogger().handlers:
        handler.addFilter(note_ids)
    return traces
