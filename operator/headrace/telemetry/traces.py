"""Traces: what a pass consists of, as spans. What sends them is in `otel`, which is imported on request."""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

from headrace.aws.meter import Call
from headrace.telemetry.requests import Request

Attributes = Mapping[str, str | int]
"""What a span says; never what is sensitive."""


class TracesFailed(Exception):
    """OpenTelemetry's own variables make no sense; the message says what it says."""


class Span(Protocol):
    """A piece of work that is under way."""

    def note(self, attributes: Attributes) -> None:
        """Say more of it."""


class Traces(Protocol):
    """Where spans go. Must not fail and must not wait."""

    def span(self, name: str, attributes: Attributes) -> AbstractContextManager[Span]:
        """Return a span around what is done inside of it; an exception that comes out marks it as failed."""

    def called(self, call: Call) -> None:
        """Tell of a request to AWS that was answered just now, inside of a span."""

    def requested(self, request: Request) -> None:
        """Tell of a request to the API server that was answered just now, inside of a span."""

    def stop(self, seconds: float) -> None:
        """Send what is not sent yet, for so long at most."""


class NoTraces:
    """Nobody wants any."""

    @contextmanager
    def span(self, name: str, attributes: Attributes) -> Iterator[Span]:
        """Be no span."""
        yield self

    def note(self, attributes: Attributes) -> None:
        """Say nothing."""

    def called(self, call: Call) -> None:
        """Tell nobody."""

    def requested(self, request: Request) -> None:
        """Tell nobody."""

    def stop(self, seconds: float) -> None:
        """Have nothing to send."""
