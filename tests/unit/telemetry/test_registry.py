import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import get_args

import pytest
from prometheus_client.exposition import generate_latest

from headrace import __version__
from headrace.aws.codes import CODES
from headrace.aws.meter import Call
from headrace.engine.errors import Throttled
from headrace.kinds.definition import ObjectRef
from headrace.telemetry import catalogue
from headrace.telemetry.catalogue import Result
from headrace.telemetry.objects import Sight
from headrace.telemetry.registry import Metrics
from headrace.telemetry.requests import Request


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


def value(metrics: Metrics, name: str, **labels: str) -> float | None:
    found = (sample for family in metrics.snapshot().collect() for sample in family.samples)
    return next((each.value for each in found if (each.name, each.labels) == (name, labels)), None)


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
    about = {"service": "s3", "operation": "GetBucketVersioning", "region": "eu-central-1"}

    assert value(metrics, "headrace_aws_throttled_requests_total", **about) == 1


@pytest.mark.parametrize("code", ["ok", "AccessDenied", "503", "InternalError"])
def test_no_other_code_is(metrics: Metrics, code: str) -> None:
    metrics.called(call(code))

    about = {"service": "s3", "operation": "GetBucketVersioning", "region": "eu-central-1"}
    assert value(metrics, "headrace_aws_throttled_requests_total", **about) is None


def test_what_an_endpoint_makes_up_has_an_end(metrics: Metrics) -> None:
    for number in range(1000):
        metrics.called(replace(call(f"Code{number}"), region=f"region-{number}"))
        metrics.called(replace(call("SlowDown"), region=f"region-{number}"))
    metrics.called(call('evil"}\n'))

    requests = [
        s for f in metrics.snapshot().collect() if f.name == "headrace_aws_requests" for s in f.samples
    ]
    throttled = "headrace_aws_throttled_requests"
    refused = [s for f in metrics.snapshot().collect() if f.name == throttled for s in f.samples]
    assert len(requests) == catalogue.MOST_OUTCOMES + 1
    assert len(refused) == catalogue.MOST_REGIONS + 1


def test_requests_to_the_api_server_are_counted_by_verb_resource_and_code(metrics: Metrics) -> None:
    for code in ("200", "200", "409"):
        metrics.requested(Request("patch", "things/status", code))

    about = {"verb": "patch", "resource": "things/status"}
    assert value(metrics, "headrace_kubernetes_requests_total", **about, code="200") == 2
    assert value(metrics, "headrace_kubernetes_requests_total", **about, code="409") == 1


def test_a_permission_counts_once_a_pass_by_its_name_if_it_is_one_of_ours() -> None:
    metrics = Metrics(actions=["s3:ListBucket", "s3:PutBucketTagging"])
    metrics.denied(["s3:ListBucket", "s3:ListBucket", "kms:Decrypt", "iam:PassRole", ""])
    metrics.denied(["s3:ListBucket"])

    denied = "headrace_permission_denied_total"
    assert value(metrics, denied, action="s3:ListBucket") == 2
    assert value(metrics, denied, action="other") == 1
    assert value(metrics, denied, action="s3:PutBucketTagging") == 0


def test_edits_and_corrections_are_counted_by_kind(metrics: Metrics) -> None:
    metrics.ready_after("Thing", 0.7)
    metrics.ready_after("Thing", 3.0)
    metrics.corrected("Thing")

    assert value(metrics, "headrace_edit_to_ready_seconds_sum", kind="Thing") == 3.7
    assert value(metrics, "headrace_edit_to_ready_seconds_bucket", kind="Thing", le="1.0") == 1
    assert value(metrics, "headrace_corrections_total", kind="Thing") == 1


def test_what_is_alerted_on_is_there_with_0_before_it_happens() -> None:
    """Prometheus sees no step where a counter begins with 1."""
    metrics = Metrics(["Thing"], actions=["s3:ListBucket"])

    assert {
        value(metrics, "headrace_reconciles_total", kind="Thing", result=r) for r in get_args(Result)
    } == {0}
    assert value(metrics, "headrace_corrections_total", kind="Thing") == 0
    assert value(metrics, "headrace_permission_denied_total", action="s3:ListBucket") == 0
    assert value(metrics, "headrace_permission_denied_total", action="other") == 0


def test_a_gauge_is_read_at_each_snapshot_and_not_when_that_is_rendered(metrics: Metrics) -> None:
    depths = iter([3.0, 5.0])
    metrics.watch_gauge(catalogue.QUEUE_DEPTH, lambda: next(depths))
    first, second = metrics.snapshot(), metrics.snapshot()

    for _ in range(2):
        assert "headrace_queue_depth 3.0" in generate_latest(first).decode().splitlines()
        assert "headrace_queue_depth 5.0" in generate_latest(second).decode().splitlines()


def test_the_version_is_told(metrics: Metrics) -> None:
    text = generate_latest(metrics.snapshot()).decode()

    assert re.search(rf'headrace_build_info{{.*version="{re.escape(__version__)}".*}} 1\.0', text)


def test_two_registries_do_not_share_anything() -> None:
    one, other = Metrics(), Metrics()
    one.corrected("Thing")

    assert value(other, "headrace_corrections_total", kind="Thing") is None


def test_threads_may_count_while_others_scrape(metrics: Metrics) -> None:
    def count(number: int) -> None:
        for step in range(20):
            metrics.reconciled("Thing", "in_sync", 0.1, 0.1)
            metrics.state(ObjectRef("Thing", "shop", f"{number}-{step}"), Sight("ready", drifted=step))
            generate_latest(metrics.snapshot())

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(count, range(4)))

    assert value(metrics, "headrace_reconciles_total", kind="Thing", result="in_sync") == 80
    assert value(metrics, "headrace_objects", kind="Thing", state="ready") == 80
