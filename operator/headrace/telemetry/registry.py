"""The operator's metrics: one registry, filled from what others tell."""

import platform
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import get_args

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Histogram,
    Info,
    disable_created_metrics,
)
from prometheus_client import Metric as Family
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

from headrace import __version__
from headrace.aws.codes import CODES
from headrace.aws.meter import Call
from headrace.engine.errors import Throttled
from headrace.kinds.definition import ObjectRef
from headrace.telemetry import catalogue
from headrace.telemetry.bounded import OTHER, Bounded
from headrace.telemetry.catalogue import Metric, Result
from headrace.telemetry.objects import Objects, Sight
from headrace.telemetry.requests import Request

# Codes of AWS that say "slow down"; counted apart, because they are what to look at first.
_THROTTLED = CODES[Throttled] | {"429"}


class Snapshot(Collector):
    """All there is to tell, to be rendered on any thread: what gauges read is read already.

    Args:
        gauges: their values.
        registry: the rest, which is safe for threads.
    """

    def __init__(self, gauges: Mapping[Metric, float], registry: CollectorRegistry) -> None:
        self._gauges, self._registry = gauges, registry

    def collect(self) -> Iterator[Family]:
        """Return the metrics."""
        yield from self._registry.collect()
        for metric, value in self._gauges.items():
            yield GaugeMetricFamily(metric.name, metric.about, value=value)


class Metrics:
    """What the operator counts of itself; safe for threads, but for what gauges read.

    Args:
        kinds: the kinds that are counted even while there is no object of them.
        objects: whether each object has series of its own.
        actions: the IAM actions that are counted by name where they are denied.
    """

    def __init__(
        self, kinds: Collection[str] = (), *, objects: bool = True, actions: Collection[str] = ()
    ) -> None:
        # A series more for each, to say since when it counts: nobody asks for these.
        disable_created_metrics()  # type: ignore[no-untyped-call]  # it has no types
        self._registry = CollectorRegistry()
        self._gauges: dict[Metric, Callable[[], float]] = {}
        ProcessCollector(registry=self._registry)
        PlatformCollector(registry=self._registry)
        build = Info(_bare(catalogue.BUILD), catalogue.BUILD.about, registry=self._registry)
        build.info({"version": __version__, "python": platform.python_version()})
        self._passes = self._counter(catalogue.RECONCILES)
        self._seconds = self._histogram(catalogue.RECONCILE_SECONDS)
        self._waited = self._histogram(catalogue.QUEUE_WAIT)
        self._edits = self._histogram(catalogue.EDIT_TO_READY)
        self._corrections = self._counter(catalogue.CORRECTIONS)
        self._calls = self._counter(catalogue.AWS_REQUESTS)
        self._call_seconds = self._histogram(catalogue.AWS_SECONDS)
        self._throttled = self._counter(catalogue.AWS_THROTTLED)
        self._denied = self._counter(catalogue.DENIED)
        self._requests = self._counter(catalogue.KUBERNETES_REQUESTS)
        self._actions = frozenset(actions)
        self._outcomes = Bounded(catalogue.MOST_OUTCOMES)
        self._regions = Bounded(catalogue.MOST_REGIONS)
        self._resources = Bounded(catalogue.MOST_RESOURCES)
        self._objects = Objects(kinds, each=objects)
        self._registry.register(self._objects)
        self._begin(kinds)

    def _begin(self, kinds: Iterable[str]) -> None:
        """Begin with 0 what is alerted on: of a counter that begins with 1, `increase` sees no step."""
        for kind in kinds:
            self._corrections.labels(kind)
            for result in get_args(Result):
                self._passes.labels(kind, result)
        for action in self._actions | {OTHER}:
            self._denied.labels(action)

    def _counter(self, metric: Metric) -> Counter:
        return Counter(metric.name, metric.about, metric.labels, registry=self._registry)

    def _histogram(self, metric: Metric) -> Histogram:
        return Histogram(
            metric.name, metric.about, metric.labels, buckets=metric.buckets, registry=self._registry
        )

    def watch_gauge(self, metric: Metric, read: Callable[[], float]) -> None:
        """Export a value that is read at each snapshot: it may belong to whoever takes these."""
        self._gauges[metric] = read

    def snapshot(self) -> Snapshot:
        """Return all there is to tell, cheaply: but for gauges it is read when it is rendered.

        The operator takes it on the event loop: what gauges read, queue and watches, is for no other thread.
        """
        return Snapshot({metric: read() for metric, read in self._gauges.items()}, self._registry)

    def reconciled(self, kind: str, result: Result, seconds: float, waited: float) -> None:
        """Count a pass that was made."""
        self._passes.labels(kind, result).inc()
        self._seconds.labels(kind).observe(seconds)
        self._waited.labels(kind).observe(max(0.0, waited))

    def ready_after(self, kind: str, seconds: float) -> None:
        """Note how long it took from an edit of an object until it was Ready."""
        self._edits.labels(kind).observe(seconds)

    def corrected(self, kind: str) -> None:
        """Count a pass that put drift right."""
        self._corrections.labels(kind).inc()

    def denied(self, actions: Iterable[str]) -> None:
        """Count the permissions that a pass lacked, each once."""
        for action in {action if action in self._actions else OTHER for action in actions}:
            self._denied.labels(action).inc()

    def called(self, call: Call) -> None:
        """Count a request to AWS."""
        self._calls.labels(call.service, call.operation, self._outcomes(call.outcome)).inc()
        self._call_seconds.labels(call.service).observe(call.seconds)
        if call.outcome in _THROTTLED:
            self._throttled.labels(call.service, call.operation, self._regions(call.region)).inc()

    def requested(self, request: Request) -> None:
        """Count a request to the API server."""
        resource = self._resources(request.resource)
        self._requests.labels(request.verb, resource, request.code).inc()

    def state(self, ref: ObjectRef, sight: Sight) -> None:
        """Note what the status of an object says."""
        self._objects.put(ref, sight)

    def gone(self, ref: ObjectRef) -> None:
        """Note that an object is no more."""
        self._objects.drop(ref)


def _bare(metric: Metric) -> str:
    return metric.name.removesuffix("_info")
