"""Probes and metrics: they answer, and what they count is what the logs of the others count."""

import time
from collections import Counter
from collections.abc import Mapping

import pytest
from prometheus_client.parser import text_string_to_metric_families

from headrace import __version__
from headrace.kinds.registry import DEFINITIONS
from headrace.telemetry import catalogue
from headrace.telemetry.catalogue import Type
from sandbox.control_plane.audit import by_user
from sandbox.operator import USER, Operator
from sandbox.processes import wait_until
from sandbox.world import World
from tests.e2e.buckets import full_spec
from tests.e2e.conftest import Start
from tests.e2e.http import get

pytestmark = pytest.mark.e2e

Labels = frozenset[tuple[str, str]]
Samples = dict[str, dict[Labels, float]]
"""Every sample by its name and its labels."""

# AWS refuses nothing here for there being too many requests; test_endpoints sees it do so.
UNSEEN = {catalogue.AWS_THROTTLED}
PROMISED = {
    f"{metric.name}_count" if metric.type is Type.HISTOGRAM else metric.name
    for metric in set(catalogue.METRICS) - UNSEEN
}
"""The samples that there are once a bit of everything happened."""


def happened(counter: Mapping[Labels, float]) -> Mapping[Labels, float]:
    """Leave out what has not happened yet."""
    return {about: value for about, value in counter.items() if value}


def metrics(operator: Operator) -> Samples:
    """Return what the operator counts."""
    status, text = get(f"{operator.url}/metrics")
    assert status == 200
    found: Samples = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            found.setdefault(sample.name, {})[frozenset(sample.labels.items())] = sample.value
    return found


def labels(**values: str) -> Labels:
    return frozenset(values.items())


KIND = "AcceleratedBucket"


def objects(**states: int) -> dict[Labels, float]:
    """Return the number of objects by kind and state: so many buckets, and zeros for all else."""
    zeros = {
        labels(kind=kind, state=state): 0.0
        for kind in DEFINITIONS
        for state in ("progressing", "ready", "stalled")
    }
    return zeros | {labels(kind=KIND, state=state): float(count) for state, count in states.items()}


def asked(lone: World, mark: int) -> Counter[tuple[str, str]]:
    """Return what reached AWS, by service and operation, as the request log has it."""
    calls = (call for call in lone.aws.since(mark) if "headrace/" in call.user_agent)
    return Counter((call.service, call.operation) for call in calls)


def requests_of(found: Samples) -> Counter[tuple[str, str]]:
    """Return the same as the metrics have it."""
    counted: Counter[tuple[str, str]] = Counter()
    for key, value in found["headrace_aws_requests_total"].items():
        about = dict(key)
        counted[about["service"], about["operation"]] += int(value)
    return counted


def passes_of(found: Samples) -> dict[str, float]:
    """Return the passes over buckets by their results; what an earlier test left may be other kinds."""
    samples = [(dict(key), value) for key, value in happened(found["headrace_reconciles_total"]).items()]
    return {about["result"]: value for about, value in samples if about["kind"] == KIND}


def seen(operator: Operator, names: set[str]) -> Samples:
    """Return the metrics once they name just these objects as ready: each is counted after it is told of."""
    found: Samples = {}

    def just_these() -> bool:
        nonlocal found
        found = metrics(operator)
        ready = found.get("headrace_object_ready", {}).items()
        return {dict(key)["name"] for key, value in ready if value} == names

    wait_until(just_these, what=f"{names} are counted as ready", children=[operator.child])
    return found


def kubernetes_requests(found: Samples) -> Counter[tuple[str, str, str]]:
    """Return the requests to the API server by verb, resource and code, as the metrics have them."""
    samples = {key: dict(key) for key in found["headrace_kubernetes_requests_total"]}
    return Counter(
        {
            (about["verb"], about["resource"], about["code"]): int(
                found["headrace_kubernetes_requests_total"][key]
            )
            for key, about in samples.items()
        }
    )


def audited(lone: World, mark: int) -> Counter[tuple[str, str, str]]:
    """Return the same as the audit log has it."""
    requests = by_user(lone.audit.since(mark), USER)
    return Counter(
        (
            each.verb,
            "/".join(filter(None, (each.resource, each.subresource))) or "discovery",
            str(each.code),
        )
        for each in requests
    )


def test_the_probes_say_ok(lone: World, start: Start) -> None:
    operator = start()
    assert get(f"{operator.url}/healthz") == (200, "ok")
    assert get(f"{operator.url}/readyz") == (200, "ok")
    assert get(f"{operator.url}/nonsense")[0] == 404


def test_the_metrics_agree_with_the_request_log_and_the_objects(lone: World, start: Start) -> None:
    mark = lone.aws.mark()
    operator = start()
    lone.apply(full_spec(lone, driftPolicy="Report"))
    lone.ready()
    lone.apply({"bucketName": lone.name("other"), "region": "af-south-1"}, "other")
    lone.stalled("AccessDenied", "other")
    s3 = lone.aws.client("s3")
    s3.put_bucket_versioning(Bucket=lone.name(), VersioningConfiguration={"Status": "Suspended"})
    lone.look_now()
    deadline = time.monotonic() + 30
    # What is answered just now may be in the log and not be counted yet, as may be the pass that is told of.
    while requests_of(found := metrics(operator)) != (logged := asked(lone, mark)) or (
        "drifted" not in passes_of(found)
    ):
        assert time.monotonic() < deadline, (requests_of(found), logged, passes_of(found))
        time.sleep(0.1)
    assert PROMISED - found.keys() == set()
    assert not {metric.name for metric in UNSEEN} & found.keys(), "what is seen need not be left out"
    refused = labels(service="s3", operation="CreateBucket", outcome="InvalidAccessKeyId")
    assert found["headrace_aws_requests_total"][refused] >= 1

    passes = passes_of(found)
    assert passes.pop("stalled") >= 1, "it is tried again"
    assert passes == {"changed": 1, "drifted": 1}
    assert found["headrace_objects"] == objects(ready=1, stalled=1)
    drifted = {labels(kind=kind): float(kind == KIND) for kind in DEFINITIONS}
    assert found["headrace_drifted_objects"] == drifted
    assert found["headrace_drifted_fields"] == {labels(kind=KIND, field="versioning.enabled"): 1}
    denied = found["headrace_permission_denied_total"]
    # Counters are read one after another, while the work goes on.
    assert happened(denied).keys() == {labels(action="s3:CreateBucket")}
    assert denied[labels(action="s3:PutBucketVersioning")] == 0
    assert found["headrace_edit_to_ready_seconds_count"] == {labels(kind=KIND): 1}
    media = {"kind": KIND, "namespace": lone.namespace, "name": "media"}
    assert found["headrace_object_ready"][labels(**media)] == 1
    assert found["headrace_object_drifted_fields"][labels(**media)] == 1
    assert found["headrace_object_reason_info"][labels(**media, reason="Drifted")] == 1
    assert found["headrace_object_stalled"][labels(**{**media, "name": "other"})] == 1
    assert set(found["headrace_queue_depth"].values()) == {0}
    assert 0 <= next(iter(found["headrace_watch_age_seconds"].values())) < 60
    (build,) = found["headrace_build_info"]
    assert dict(build)["version"] == __version__


def test_the_metrics_agree_with_the_audit_log(lone: World, start: Start) -> None:
    mark = lone.audit.mark()
    operator = start()
    lone.apply(full_spec(lone))
    lone.ready()
    lone.events_until(1)
    deadline = time.monotonic() + 30
    while (counted := kubernetes_requests(metrics(operator))) != (logged := audited(lone, mark)):
        assert time.monotonic() < deadline, (counted - logged, logged - counted)
        time.sleep(0.1)
    assert counted["patch", "acceleratedbuckets/status", "200"] == 1
    assert counted["watch", "awsaccounts", "200"] == 1


def test_objects_are_not_named_where_that_is_switched_off(lone: World, start: Start) -> None:
    operator = start("--no-object-metrics")
    lone.apply(full_spec(lone))
    lone.ready()

    wait_until(lambda: metrics(operator)["headrace_objects"] == objects(ready=1), what="it is counted")
    assert lone.namespace not in operator.get("/metrics")


def test_an_object_that_is_gone_is_no_longer_counted(lone: World, start: Start) -> None:
    operator = start()
    lone.apply(full_spec(lone))
    lone.ready()
    lone.delete()
    lone.gone()
    lone.apply(full_spec(lone, bucketName=lone.name("other")), "other")
    lone.ready("other")
    assert seen(operator, {"other"})["headrace_objects"] == objects(ready=1)
