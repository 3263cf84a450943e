import json
import logging
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from headrace.aws.meter import Call
from headrace.engine.threads import Threads
from headrace.logs import JsonFormatter
from headrace.telemetry.otel import OpenTelemetry, note_ids
from headrace.telemetry.requests import Request
from headrace.telemetry.traces import TracesFailed
from tests.collector import Collector, collecting

SECRET = "correct-horse-battery-staple"


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> Iterator[Collector]:
    """Collect what is sent, and let nothing of the environment have a say."""
    for name in ("http_proxy", "HTTP_PROXY", "OTEL_SERVICE_NAME", "OTEL_RESOURCE_ATTRIBUTES"):
        monkeypatch.delenv(name, raising=False)
    with collecting() as made:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", made.url)
        yield made


def call(outcome: str = "ok", status: int = 200) -> Call:
    about = ("111122223333", "eu-central-1", "s3", "PutBucketTagging", outcome, 0.25)
    return Call(*about, status=status, request_id="ABC", host_id="xyz=")


def test_a_span_has_those_below_it_that_were_made_for_it_on_whichever_threads(collector: Collector) -> None:
    traces = OpenTelemetry()
    with Threads(2) as pool, traces.span("reconcile Thing", {"headrace.name": "media"}) as span:
        with traces.span("settle thing", {}):
            for each in [pool.submit(traces.called, call()) for _ in range(3)]:
                each.result()
        traces.requested(Request("patch", "things/status", "200", 0.1))
        traces.requested(Request("get", "things", "200", 0.1))
        span.note({"headrace.result": "changed"})
    traces.stop(10)

    (root,) = [span for span in collector.spans if not span.parent]
    assert (root.name, root.attributes) == (
        "reconcile Thing",
        {"headrace.name": "media", "headrace.result": "changed"},
    )
    write, node = collector.children(root)
    assert (write.name, node.name) == ("patch things/status", "settle thing")
    calls = collector.children(node)
    assert [each.name for each in calls] == ["s3.PutBucketTagging"] * 3
    assert calls[0].seconds == pytest.approx(0.25, abs=0.001)
    assert calls[0].attributes == {
        "rpc.system": "aws-api",
        "rpc.service": "s3",
        "rpc.method": "PutBucketTagging",
        "cloud.region": "eu-central-1",
        "http.response.status_code": 200,
        "aws.request_id": "ABC",
        "aws.extended_request_id": "xyz=",
    }
    assert collector.asked == ["/v1/traces"]
    assert collector.resource["service.name"] == "headrace-operator"


def test_what_failed_is_marked_by_its_class_and_its_message_is_not_told(collector: Collector) -> None:
    traces = OpenTelemetry()

    def work() -> None:
        with traces.span("reconcile Thing", {}):
            traces.called(call("AccessDenied", 403))
            traces.called(call("ConnectTimeoutError", 0))
            traces.requested(Request("patch", "things/status", "409"))
            traces.requested(Request("patch", "things/status", "error"))
            raise ValueError(SECRET)

    with pytest.raises(ValueError):
        work()
    traces.stop(10)

    told = [(span.failed, span.attributes["error.type"]) for span in collector.spans]
    assert sorted(told) == [
        (True, "409"),
        (True, "AccessDenied"),
        (True, "ConnectTimeoutError"),
        (True, "ValueError"),
        (True, "error"),
    ]
    assert SECRET.encode() not in b"".join(collector.raw)


def test_what_belongs_to_no_pass_has_no_span(collector: Collector) -> None:
    traces = OpenTelemetry()
    traces.called(call())
    traces.requested(Request("create", "events", "201"))
    traces.stop(10)

    assert collector.raw == []


def test_a_line_of_the_log_has_the_ids_of_the_span_around_it(collector: Collector) -> None:
    traces, lines = OpenTelemetry(), []
    for around in (True, False):
        record = logging.makeLogRecord({"msg": "said", "levelname": "INFO"})
        if around:
            with traces.span("reconcile Thing", {}):
                note_ids(record)
        else:
            note_ids(record)
        lines.append(json.loads(JsonFormatter().format(record)))
    traces.stop(10)

    (span,) = collector.spans
    assert (lines[0]["trace_id"], lines[0]["span_id"]) == (span.trace, span.id)
    assert "trace_id" not in lines[1]


def test_who_we_are_can_be_said_by_the_variables(
    collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_SERVICE_NAME", "ours")
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "k8s.cluster.name=prod")
    traces = OpenTelemetry()
    with traces.span("reconcile Thing", {}):
        pass
    traces.stop(10)

    assert (collector.resource["service.name"], collector.resource["k8s.cluster.name"]) == ("ours", "prod")


# The SDK goes on trying for half a minute, on a thread that only the end of its process ends.
ENDS = """
from headrace.telemetry.otel import OpenTelemetry
from headrace.telemetry.requests import Request
traces = OpenTelemetry()
for _ in range(3000):
    with traces.span("reconcile Thing", {}):
        traces.requested(Request("patch", "things/status", "200", 0.1))
print("stops", flush=True)
traces.stop(0.2)
"""


def ends_soon() -> None:
    argv = [sys.executable, "-c", ENDS]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        # Not from its start on: on a busy machine the imports alone take longer.
        assert process.stdout.readline() == b"stops\n"
        began = time.monotonic()
        assert process.wait() == 0
        assert time.monotonic() - began < 20


@pytest.mark.parametrize("status", [503, 400])
def test_a_collector_that_takes_nothing_is_not_waited_for_when_the_process_ends(
    collector: Collector, status: int
) -> None:
    collector.status = status
    ends_soon()

    assert "/v1/traces" in collector.asked
    assert collector.raw == []


def test_a_collector_that_is_not_there_is_not_waited_for_when_the_process_ends(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")
    ends_soon()


def test_variables_that_make_no_sense_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")
    monkeypatch.setenv("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "-5")

    with pytest.raises(TracesFailed, match=r"^OpenTelemetry cannot be set up by its variables OTEL_…: "):
        OpenTelemetry()


def test_who_does_not_ask_for_traces_does_not_pay_for_them() -> None:
    imported = (
        "import sys, headrace.process; print(*(n for n in sys.modules if 'opentelemetry' in n), sep='')"
    )
    argv = [sys.executable, "-c", imported]
    done = subprocess.run(argv, capture_output=True, text=True, check=True, timeout=300)

    assert done.stdout.strip() == ""
