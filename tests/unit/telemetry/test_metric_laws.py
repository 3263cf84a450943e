"""Laws over all metrics: what they are called and mean, and that nobody can make them grow without end."""

import re
import shutil
import subprocess
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.exposition import generate_latest

from headrace.aws.meter import Call
from headrace.kinds.definition import ObjectRef
from headrace.kinds.registry import DEFINITIONS
from headrace.resources.registry import declared_actions
from headrace.telemetry import catalogue
from headrace.telemetry.bounded import OTHER, Bounded
from headrace.telemetry.objects import Sight
from headrace.telemetry.registry import Metrics
from headrace.telemetry.requests import Request

GAUGES = (
    catalogue.QUEUE_DEPTH,
    catalogue.QUEUE_OLDEST,
    catalogue.WORKERS_BUSY,
    catalogue.WATCH_AGE,
    catalogue.LEADER,
    catalogue.OTHER_OPERATORS,
)
OF_OBJECTS = {metric.name for metric in catalogue.OF_EACH_OBJECT}


def assembled(*, objects: bool = True) -> Metrics:
    """Return the metrics as the operator has them."""
    metrics = Metrics(DEFINITIONS, objects=objects, actions=declared_actions())
    for gauge in GAUGES:
        metrics.watch_gauge(gauge, lambda: 1.0)
    return metrics


def work(metrics: Metrics, number: int) -> None:
    """Tell of all that can happen to one object, with a name for everything that has one."""
    kind, word = "AcceleratedBucket", f"word-{number}"
    metrics.reconciled(kind, "in_sync", 0.1, 0.1)
    metrics.ready_after(kind, 1.0)
    metrics.corrected(kind)
    metrics.denied(["s3:ListBucket", word])
    for code in ("ok", "SlowDown", word):
        metrics.called(Call("111122223333", word, "s3", "GetBucketVersioning", code, 0.1))
    metrics.requested(Request("get", word, "200"))
    fields = (f"tags[{word}]", f"lifecycle.rules[{word}].prefix", f"dns/{word}: alias", f"{word}.enabled")
    metrics.state(ObjectRef(kind, f"ns-{number % 10}", word), Sight("ready", "Drifted", 4, fields))


def series(metrics: Metrics) -> Counter[str]:
    """Count the series by the metric that they belong to, those of Python and the process left out."""
    families = [each for each in metrics.snapshot().collect() if each.name.startswith("headrace_")]
    return Counter({each.name: len(list(each.samples)) for each in families})


# What they are called


def test_what_is_exported_is_what_the_catalogue_says() -> None:
    metrics = assembled()
    work(metrics, 1)
    exported = {}
    for family in metrics.snapshot().collect():
        if family.name.startswith("headrace_"):
            name = family.name + {"counter": "_total", "info": "_info"}.get(family.type, "")
            labels = {label for sample in family.samples for label in sample.labels} - {"le"}
            exported[name] = (family.type, family.documentation, labels)

    assert exported == {m.name: (m.type, m.about, set(m.labels)) for m in catalogue.METRICS}


@pytest.mark.parametrize("metric", catalogue.METRICS, ids=lambda metric: metric.name)
def test_a_metric_says_what_it_is_in_a_sentence_and_has_labels_with_a_bound(metric: catalogue.Metric) -> None:
    assert re.fullmatch(r"[A-Z].*[^.]\.", metric.about)
    assert re.fullmatch(r"headrace_[a-z_]+", metric.name)
    assert metric.name.endswith("_total") == (metric.type is catalogue.Type.COUNTER)
    assert (
        bool(metric.buckets)
        == (metric.type is catalogue.Type.HISTOGRAM)
        == bool(metric.type is catalogue.Type.HISTOGRAM and metric.name.endswith("_seconds"))
    )
    assert set(metric.labels) <= catalogue.LABELS.keys()
    assert ({"name", "namespace"} <= set(metric.labels)) == (metric.name in OF_OBJECTS)


def test_every_label_that_is_explained_is_one() -> None:
    assert catalogue.LABELS.keys() == {label for metric in catalogue.METRICS for label in metric.labels}


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed (package prometheus)")
def test_promtool_finds_nothing_wrong_with_them() -> None:
    metrics = assembled()
    work(metrics, 1)
    # What Python and the process say of themselves is not ours to name.
    text = generate_latest(metrics.snapshot()).decode().split("# HELP ")
    ours = "".join(f"# HELP {each}" for each in text if each.startswith("headrace_"))
    done = subprocess.run(
        ["promtool", "check", "metrics"], input=ours, capture_output=True, text=True, check=False, timeout=300
    )

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


# How many there are


@given(st.lists(st.text(), max_size=50), st.integers(0, 5))
def test_a_bounded_label_has_so_many_values_and_other(words: list[str], most: int) -> None:
    bounded = Bounded(most)
    said = [bounded(word) for word in words]

    assert len(set(said) - {OTHER}) <= most
    assert all(now in (word, OTHER) for now, word in zip(said, words, strict=True))
    assert [bounded(word) for word in words] == said, "a word keeps its name"
    assert bounded.known == set(said)


def test_no_name_makes_more_series_but_those_of_objects() -> None:
    metrics = assembled(objects=False)
    for number in range(catalogue.MOST_FIELDS * 2):
        work(metrics, number)
    full = series(metrics)
    for number in range(catalogue.MOST_FIELDS * 2, catalogue.MOST_FIELDS * 3):
        work(metrics, number)

    assert series(metrics) == full
    assert b'namespace="ns-' not in generate_latest(metrics.snapshot())


def test_a_thousand_objects_have_four_series_each_and_none_where_that_is_switched_off() -> None:
    counted = {}
    for objects in (True, False):
        metrics = assembled(objects=objects)
        for number in range(1000):
            ref = ObjectRef("AcceleratedBucket", f"ns-{number % 10}", f"media-{number}")
            metrics.state(ref, Sight("ready", "InSync"))
            metrics.reconciled(ref.kind, "in_sync", 0.1, 0.1)
            metrics.ready_after(ref.kind, 1.0)
        counted[objects] = series(metrics)

    assert counted[True] - counted[False] == dict.fromkeys(OF_OBJECTS, 1000)
    # Build, gauges; of three kinds the results, corrections, states and drift; histograms of 11, 8 and 13
    # buckets with sum and count; what can be denied.
    denied = len(frozenset(declared_actions())) + 1
    assert counted[False].total() == 1 + 6 + 3 * (9 + 1 + 3 + 1) + (11 + 2) + (8 + 2) + (13 + 2) + denied
    assert counted[False].total() == 163
