import re
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

import pytest
from prometheus_client.exposition import generate_latest

from headrace import __version__
from headrace.aws.codes import CODES
from headrace.aws.meter import Call
from headrace.engine.errors import Throttled
from headrace.telemetry.registry import Metrics


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


def value(metrics: Metrics, name: str, **labels: str) -> float | None:
    return metrics.registry.get_sample_value(name, labels)


def call(outcome: str = "ok", seconds: float = 0.03) -> Call:
    return Call("111122223333", "eu-central-1", "s3", "GetBucketVersioning", outcome, seconds)


def test_passes_are_counted_by_kind_and_result(metrics: Metrics) -> None:
    metrics.reconciled("Thing", "in_sync", 0.2, 0.0)
    metrics.reconciled("Thing", "in_sync", 0.4, 3.0)
    metrics.reconciled("Thing", "error", 0.4, 3.0)

    assert value(metrics, "headrace_reconciles_total", kind="Thing", result="in_sync") == 2
    assert value(metrics, "headrace_reconciles_total", kind="Thing", result="error") == 1
    assert value(metrics, "headrace_reconcile_duration_seconds_sum", kind="Thing") == 1.0
    assert value(metrics, "headrace_queue_wait_seconds_sum", kind="Thing") == 6.0


def test_a_clock_that_is_a_little_off_does_not_spoil_the_waiting_time(metrics: Metrics) -> None:
    metrics.reconciled("Thing", "in_sync", 0.2, -0.001)

    assert value(metrics, "headrace_queue_wait_seconds_sum", kind="Thing") == 0


def test_calls_are_counted_by_service_operation_and_outcome(metrics: Metrics) -> None:
    for outcome in ("ok", "ok", "AccessDenied"):
        metrics.called(call(outcome))
    about = {"service": "s3", "operation": "GetBucketVersioning"}

    assert value(metrics, "headrace_aws_requests_total", **about, outcome="ok") == 2
    assert value(metrics, "headrace_aws_requests_total", **about, outcome="AccessDenied") == 1
    assert value(metrics, "headrace_aws_request_duration_seconds_count", service="s3") == 3


@pytest.mark.parametrize("code", sorted(CODES[Throttled] | {"429"}))
def test_every_code_that_asks_us_to_slow_down_is_counted_apart(metrics: Metrics, code: str) -> None:
    metrics.called(call(code))
    about = {"service": "s3", "region": "eu-central-1"}

    assert value(metrics, "headrace_aws_throttled_requests_total", **about) == 1


@pytest.mark.parametrize("code", ["ok", "AccessDenied", "503", "InternalError"])
def test_no_other_code_is(metrics: Metrics, code: str) -> None:
    metrics.called(call(code))

    assert (
        value(metrics, "headrace_aws_throttled_requests_total", service="s3", region="eu-central-1") is None
    )


STATES = ("progressing", "ready", "stalled")


def states(metrics: Metrics, kind: str = "Thing") -> Mapping[str, float]:
    """Return how many objects of this kind are in which state."""
    counts = {state: value(metrics, "headrace_objects", kind=kind, state=state) for state in STATES}
    return {state: count for state, count in counts.items() if count}


def test_objects_are_counted_by_the_last_that_was_heard_of_them(metrics: Metrics) -> None:
    metrics.state("Thing", "shop/a", "progressing", 0)
    metrics.state("Thing", "shop/b", "stalled", 0)
    metrics.state("Thing", "shop/a", "ready", 2)
    metrics.state("Other", "shop/a", "ready", 0)

    assert states(metrics) == {"ready": 1, "stalled": 1}
    assert states(metrics, "Other") == {"ready": 1}
    assert value(metrics, "headrace_drifted_objects", kind="Thing") == 1
    assert not value(metrics, "headrace_drifted_objects", kind="Other")


def test_a_kind_without_objects_is_counted_with_zeros() -> None:
    metrics = Metrics(["Thing"])
    everything = {state: value(metrics, "headrace_objects", kind="Thing", state=state) for state in STATES}

    assert everything == dict.fromkeys(STATES, 0)
    assert value(metrics, "headrace_drifted_objects", kind="Thing") == 0


def test_a_state_that_no_object_is_in_any_more_is_zero(metrics: Metrics) -> None:
    metrics.state("Thing", "shop/a", "stalled", 1)
    metrics.state("Thing", "shop/a", "ready", 0)

    assert value(metrics, "headrace_objects", kind="Thing", state="stalled") == 0
    assert value(metrics, "headrace_drifted_objects", kind="Thing") == 0


def test_what_is_gone_counts_no_more(metrics: Metrics) -> None:
    metrics.state("Thing", "shop/a", "ready", 1)
    metrics.state("Thing", "shop/b", "ready", 0)
    metrics.gone("Thing", "shop/a")
    metrics.gone("Thing", "shop/never-seen")

    assert states(metrics) == {"ready": 1}
    assert not value(metrics, "headrace_drifted_objects", kind="Thing")


def test_names_of_objects_are_no_labels(metrics: Metrics) -> None:
    for number in range(50):
        metrics.state("Thing", f"shop/thing-{number}", "ready", number)
        metrics.reconciled("Thing", "in_sync", 0.1, 0.1)

    assert "thing-7" not in generate_latest(metrics.registry).decode()


def test_a_gauge_is_read_at_each_scrape(metrics: Metrics) -> None:
    depths = iter([3.0, 5.0])
    metrics.watch_gauge("headrace_queue_depth", "Objects that are due.", lambda: next(depths))

    assert [value(metrics, "headrace_queue_depth") for _ in range(2)] == [3, 5]


def test_the_version_is_told(metrics: Metrics) -> None:
    text = generate_latest(metrics.registry).decode()

    assert re.search(rf'headrace_build_info{{.*version="{re.escape(__version__)}".*}} 1\.0', text)


def test_names_follow_the_conventions(metrics: Metrics) -> None:
    metrics.reconciled("Thing", "in_sync", 0.1, 0.1)
    metrics.called(call("SlowDown"))
    metrics.state("Thing", "shop/a", "ready", 0)
    ours = [family for family in metrics.registry.collect() if family.name.startswith("headrace_")]

    assert len(ours) >= 9
    for family in ours:
        assert family.documentation.endswith("."), family.name
        assert re.fullmatch(r"headrace_[a-z_]+", family.name)
        if family.type == "histogram":
            assert family.name.endswith("_seconds")
        if family.type == "counter":
            assert {s.name.rpartition("_")[2] for s in family.samples} <= {"total", "created"}


def test_two_registries_do_not_share_anything() -> None:
    one, other = Metrics(), Metrics()
    one.state("Thing", "shop/a", "ready", 0)

    assert states(other) == {}


def test_threads_may_count_while_others_scrape(metrics: Metrics) -> None:
    def count(number: int) -> None:
        for step in range(20):
            metrics.reconciled("Thing", "in_sync", 0.1, 0.1)
            metrics.state("Thing", f"shop/{number}-{step}", "ready", step)
            generate_latest(metrics.registry)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(count, range(4)))

    assert value(metrics, "headrace_reconciles_total", kind="Thing", result="in_sync") == 80
    assert states(metrics) == {"ready": 80}
