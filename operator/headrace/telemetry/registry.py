"""The operator's metrics, by Prometheus' conventions: base units, bounded labels, one registry."""

import platform
import threading
from collections import Counter as Tally
from collections.abc import Callable, Collection, Iterator
from itertools import product

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

from headrace import __version__
from headrace.aws.codes import CODES
from headrace.aws.meter import Call
from headrace.engine.errors import Throttled

_PASS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
_WAIT = (0.001, 0.01, 0.1, 1, 10, 60, 300)
_CALL = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 20)

_STATES = ("progressing", "ready", "stalled")

# Codes of AWS that say "slow down"; counted apart, because they are what to look at first.
_THROTTLED = CODES[Throttled] | {"429"}


class Metrics:
    """What the operator counts of itself; safe for threads.

    Args:
        kinds: the kinds that are counted even while there is no object of them.
    """

    def __init__(self, kinds: Collection[str] = ()) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        build = Info("headrace_build", "The operator's version.", registry=self.registry)
        build.info({"version": __version__, "python": platform.python_version()})
        self._passes = Counter(
            "headrace_reconciles",
            "Passes over objects, by what came of them.",
            ["kind", "result"],
            registry=self.registry,
        )
        self._seconds = Histogram(
            "headrace_reconcile_duration_seconds",
            "How long a pass over an object took.",
            ["kind"],
            buckets=_PASS,
            registry=self.registry,
        )
        self._waited = Histogram(
            "headrace_queue_wait_seconds",
            "How long an object was due before its pass began.",
            ["kind"],
            buckets=_WAIT,
            registry=self.registry,
        )
        self._calls = Counter(
            "headrace_aws_requests",
            "Requests to AWS, retries too, by service, operation and outcome (ok or AWS's error code).",
            ["service", "operation", "outcome"],
            registry=self.registry,
        )
        self._call_seconds = Histogram(
            "headrace_aws_request_duration_seconds",
            "How long AWS took to answer.",
            ["service"],
            buckets=_CALL,
            registry=self.registry,
        )
        self._throttled = Counter(
            "headrace_aws_throttled_requests",
            "Requests that AWS refused because there were too many.",
            ["service", "region"],
            registry=self.registry,
        )
        self._objects = _Objects(kinds)
        self.registry.register(self._objects)

    def watch_gauge(self, name: str, about: str, read: Callable[[], float]) -> None:
        """Export a value that is read at each scrape."""
        Gauge(name, about, registry=self.registry).set_function(read)

    def reconciled(self, kind: str, result: str, seconds: float, waited: float) -> None:
        """Count a pass that was made."""
        self._passes.labels(kind, result).inc()
        self._seconds.labels(kind).observe(seconds)
        self._waited.labels(kind).observe(max(0.0, waited))

    def called(self, call: Call) -> None:
        """Count a request to AWS."""
        self._calls.labels(call.service, call.operation, call.outcome).inc()
        self._call_seconds.labels(call.service).observe(call.seconds)
        if call.outcome in _THROTTLED:
            self._throttled.labels(call.service, call.region).inc()

    def state(self, kind: str, name: str, state: str, drifted: int) -> None:
        """Note the state (ready, progressing, stalled) of an object and how many of its fields differ."""
        self._objects.put(kind, name, state, drifted)

    def gone(self, kind: str, name: str) -> None:
        """Note that an object is no more."""
        self._objects.drop(kind, name)


class _Objects(Collector):
    """Counts objects at each scrape, from the last that was heard of each.

    What is not there counts as 0: a series that comes and goes cannot be alerted on.
    """

    def __init__(self, kinds: Collection[str]) -> None:
        self._kinds = frozenset(kinds)
        self._states: dict[tuple[str, str], tuple[str, int]] = {}
        self._lock = threading.Lock()

    def put(self, kind: str, name: str, state: str, drifted: int) -> None:
        with self._lock:
            self._states[kind, name] = (state, drifted)

    def drop(self, kind: str, name: str) -> None:
        with self._lock:
            self._states.pop((kind, name), None)

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Return the number of objects by kind and state, and those that drifted."""
        with self._lock:
            known = dict(self._states)
        states = Tally((kind, state) for (kind, _), (state, _) in known.items())
        drifted = Tally(kind for (kind, _), (_, fields) in known.items() if fields)
        objects = GaugeMetricFamily("headrace_objects", "Objects, by state.", labels=["kind", "state"])
        kinds = sorted(self._kinds | {kind for kind, _ in known})
        for kind, state in product(kinds, _STATES):
            objects.add_metric([kind, state], states[kind, state])
        drift = GaugeMetricFamily(
            "headrace_drifted_objects",
            "Objects of which AWS has something else than their spec.",
            labels=["kind"],
        )
        for kind in kinds:
            drift.add_metric([kind], drifted[kind])
        yield from (objects, drift)
