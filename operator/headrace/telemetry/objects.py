"""Counts objects at each scrape, from the last that was heard of each: all together, and each by itself."""

import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import product
from typing import Literal

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from prometheus_client.samples import Sample

from headrace.engine.wish import without_names
from headrace.kinds.definition import ObjectRef
from headrace.kinds.status import Reason
from headrace.telemetry import catalogue
from headrace.telemetry.bounded import OTHER, Bounded
from headrace.telemetry.catalogue import Metric

STATES = ("progressing", "ready", "stalled")
UNKNOWN = "Unknown"
"""The reason of an object that has no status yet."""
_REASONS = frozenset({*Reason, UNKNOWN})


@dataclass(frozen=True)
class Sight:
    """What the status of an object says."""

    state: Literal["progressing", "ready", "stalled"]
    reason: str = UNKNOWN
    drifted: int = 0
    """How many of its fields differ."""
    fields: tuple[str, ...] = ()
    """The paths of those that differ, as far as the status names them."""


class Objects(Collector):
    """The objects that there are.

    What is not there counts as 0: a series that comes and goes cannot be alerted on.

    Args:
        kinds: the kinds that are counted even while there is no object of them.
        each: whether each object has series of its own.
    """

    def __init__(self, kinds: Collection[str], *, each: bool) -> None:
        self._kinds, self._each = frozenset(kinds), each
        self._known: dict[ObjectRef, Sight] = {}
        self._fields: defaultdict[str, Bounded] = defaultdict(partial(Bounded, catalogue.MOST_FIELDS))
        self._lock = threading.Lock()

    def put(self, ref: ObjectRef, sight: Sight) -> None:
        """Note what was heard of an object."""
        with self._lock:
            name = self._fields[ref.kind]
            fields = tuple(sorted({name(without_names(path)) for path in sight.fields}))
            reason = sight.reason if sight.reason in _REASONS else OTHER
            self._known[ref] = Sight(sight.state, reason, sight.drifted, fields)

    def drop(self, ref: ObjectRef) -> None:
        """Note that an object is no more."""
        with self._lock:
            self._known.pop(ref, None)

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Return the objects by kind and state, those that drifted, and the fields that did."""
        with self._lock:
            known = dict(self._known)
            fields = {kind: sorted(each.known) for kind, each in self._fields.items()}
        kinds = sorted(self._kinds | {ref.kind for ref in known})
        yield _by_state(kinds, known)
        yield _drifted(kinds, known)
        yield _by_field(kinds, known, fields)
        if self._each:
            yield from _one_by_one(known)


def _family(metric: Metric) -> GaugeMetricFamily:
    return GaugeMetricFamily(metric.name, metric.about, labels=metric.labels)


def _by_state(kinds: Collection[str], known: Mapping[ObjectRef, Sight]) -> GaugeMetricFamily:
    states: Counter[tuple[str, str]] = Counter((ref.kind, sight.state) for ref, sight in known.items())
    family = _family(catalogue.OBJECTS)
    for kind, state in product(kinds, STATES):
        family.add_metric([kind, state], states[kind, state])
    return family


def _drifted(kinds: Collection[str], known: Mapping[ObjectRef, Sight]) -> GaugeMetricFamily:
    drifted = Counter(ref.kind for ref, sight in known.items() if sight.drifted)
    family = _family(catalogue.DRIFTED_OBJECTS)
    for kind in kinds:
        family.add_metric([kind], drifted[kind])
    return family


def _by_field(
    kinds: Collection[str], known: Mapping[ObjectRef, Sight], fields: Mapping[str, Collection[str]]
) -> GaugeMetricFamily:
    """Count the objects of which a field differs; a field that did so once stays, with 0."""
    differing = Counter((ref.kind, field) for ref, sight in known.items() for field in sight.fields)
    family = _family(catalogue.DRIFTED_FIELDS)
    for kind in kinds:
        for field in fields.get(kind, ()):
            family.add_metric([kind, field], differing[kind, field])
    return family


def _one_by_one(known: Mapping[ObjectRef, Sight]) -> Iterator[GaugeMetricFamily]:
    refs = sorted(known, key=str)

    def family(metric: Metric, read: Callable[[Sight], float]) -> GaugeMetricFamily:
        # Each is made when it is written. Thousands that are there at once would have the garbage collector
        # look at all that the process has, and meanwhile all threads stand still.
        samples = (Sample(metric.name, _labels(metric, ref, known[ref]), read(known[ref])) for ref in refs)
        found = _family(metric)
        found.samples = samples  # type: ignore[assignment]  # it is only ever read, once
        return found

    yield family(catalogue.OBJECT_READY, lambda sight: sight.state == "ready")
    yield family(catalogue.OBJECT_STALLED, lambda sight: sight.state == "stalled")
    yield family(catalogue.OBJECT_DRIFTED_FIELDS, lambda sight: sight.drifted)
    yield family(catalogue.OBJECT_REASON, lambda _: 1)


def _labels(metric: Metric, ref: ObjectRef, sight: Sight) -> dict[str, str]:
    about = {"kind": ref.kind, "namespace": ref.namespace, "name": ref.name, "reason": sight.reason}
    return {label: about[label] for label in metric.labels}
