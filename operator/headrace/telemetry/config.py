"""What is counted and traced, and who may read it."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class TLSFiles:
    """A certificate with its chain, and its private key, both PEM; others may replace them at any time."""

    certificate: Path
    key: Path


@dataclass(frozen=True, kw_only=True)
class Telemetry:
    """The options about metrics and traces, checked against one another."""

    listen: tuple[str, int] | None = None
    """Where metrics are if not beside the probes."""
    tls: TLSFiles | None = None
    authorization: bool = False
    """Whether the API server is asked who may read the metrics."""
    objects: bool = True
    """Whether each object has series of its own."""
    traces: bool = False
