"""Traces, lines of the log and metrics of a whole life: they tell the same, and nothing that is secret."""

import json
import shlex
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from headrace.controller.secrets import READER
from sandbox.operator import NAMESPACE, SERVICE_ACCOUNT, USER, Operator
from sandbox.world import World
from tests.collector import Collector, Span, collecting
from tests.e2e.buckets import full_spec
from tests.e2e.conftest import Start
from tests.e2e.distributions import SECONDS
from tests.e2e.http import get
from tests.e2e.rights import known
from tests.e2e.test_distribution_secrets import SPEC, VALUE

pytestmark = pytest.mark.e2e


@pytest.fixture
def collector() -> Iterator[Collector]:
    with collecting() as made:
        yield made


def traced(start: Start, collector: Collector) -> Operator:
    """Start an operator that sends its traces at once."""
    env = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url, "OTEL_BSP_SCHEDULE_DELAY": "100"}
    return start("--traces", "--log-level", "debug", env=env)


def lines(operator: Operator) -> list[dict[str, Any]]:
    """Return the lines about passes."""
    found = [json.loads(line) for line in operator.log.splitlines()]
    return [line for line in found if line["logger"] == "headrace.reconcile"]


def of_pass(collector: Collector, line: dict[str, Any]) -> tuple[Span, list[Span]]:
    """Return the span of the pass that a line is about, and all that are below it."""
    (root,) = [span for span in collector.spans if span.id == line["span_id"]]
    below = [root]
    for span in below:
        below += collector.children(span)
    return root, below[1:]


def test_a_pass_is_told_by_a_line_and_by_spans_and_both_say_the_same(
    lone: World, start: Start, collector: Collector
) -> None:
    mark = lone.aws.mark()
    operator = traced(start, collector)
    lone.apply(full_spec(lone))
    lone.ready()
    operator.stop()

    calls = [call for call in lone.aws.since(mark) if "headrace/" in call.user_agent]
    (line,) = [each for each in lines(operator) if each["result"] == "changed"]
    assert (line["kind"], line["namespace"], line["name"]) == ("AcceleratedBucket", lone.namespace, "media")
    assert (line["generation"], line["reason"], line["level"]) == (1, "InSync", "info")
    assert "+ versioning.enabled: true (spec)" in line["plan"]
    assert {"versioning", "tags"} <= set(line["done"])
    root, below = of_pass(collector, line)
    assert root.name == "reconcile AcceleratedBucket"
    assert (root.trace, root.parent) == (line["trace_id"], "")
    assert root.attributes["headrace.result"] == "changed"
    sent = Counter(span.attributes["rpc.method"] for span in below if "rpc.method" in span.attributes)
    assert sent == Counter(call.operation for call in calls)
    assert line["aws_calls"] == sent.total() == root.attributes["headrace.aws_calls"]
    requests = [span.attributes["aws.request_id"] for span in below if "rpc.method" in span.attributes]
    assert len(set(requests)) == len(requests)
    writes = sorted(span.name for span in below if "k8s.request.verb" in span.attributes)
    assert writes == ["patch acceleratedbuckets", "patch acceleratedbuckets/status"]


def test_a_failure_has_what_a_support_case_needs_in_the_log_and_not_in_the_status(
    lone: World, start: Start, collector: Collector
) -> None:
    operator = traced(start, collector)
    lone.aws.fault(operation="CreateBucket", code="AccessDenied", status=403, message="Access Denied")
    lone.apply(full_spec(lone))
    lone.stalled("AccessDenied")
    operator.stop()

    line = next(each for each in lines(operator) if each["result"] == "stalled")
    (error,) = line["errors"]
    told = (error["error"], error["code"], error["operation"], error["action"])
    assert told == ("Denied", "AccessDenied", "CreateBucket", "s3:CreateBucket")
    assert line["level"] == "warning"
    _, below = of_pass(collector, line)
    (span,) = [span for span in below if span.name == "s3.CreateBucket"]
    assert (span.failed, span.attributes["error.type"]) == (True, "AccessDenied")
    assert error["request_id"] == span.attributes["aws.request_id"]
    assert error["request_id"] not in json.dumps(lone.get())


def test_nothing_that_is_secret_is_told_in_logs_traces_or_metrics(
    lone: World, start: Start, collector: Collector
) -> None:
    site, kubectl = lone.of("Distribution"), lone.plane.kubectl_run
    lone.aws.deployment(SECONDS)
    secret = ("create", "secret", "generic", "origin-keys", "-n", lone.namespace)
    kubectl(*secret, f"--from-literal=api={VALUE}")
    account = f"--serviceaccount={NAMESPACE}:{SERVICE_ACCOUNT}"
    kubectl(*shlex.split(f"create rolebinding {READER} -n {lone.namespace} --clusterrole={READER}"), account)
    known(lone.plane, USER, "get", "secrets", lone.namespace)
    operator = traced(start, collector)
    site.apply(SPEC, "site")
    site.ready("site")
    metrics = get(f"{operator.url}/metrics")[1]
    operator.stop()

    line = next(each for each in lines(operator) if "plan" in each)
    assert any("sha256:" in change for change in line["plan"]), "that it is there is told"
    root, _ = of_pass(collector, line)
    nodes = {span.name: span for span in collector.children(root)}
    assert "settle distribution" in nodes
    made = [span.name for span in collector.children(nodes["settle distribution"])]
    assert "cloudfront.CreateDistributionWithTags" in made
    for told in (operator.log, metrics, *(str(body) for body in collector.raw)):
        assert VALUE not in told
