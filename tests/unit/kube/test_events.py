import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from headrace.controller.api import Object
from headrace.controller.transitions import Transition
from headrace.engine.fence import Fence
from headrace.kinds.definition import ObjectRef
from headrace.kube import events as module
from headrace.kube.events import EventRecorder
from sandbox.processes import wait_until
from tests.unit.controller.objects import obj
from tests.unit.kube.apiserver import Answer, ApiServer, Asked, refusal
from tests.unit.kube.conftest import connected

READY = Transition("Normal", "InSync", "thing media: 2 settings in sync")
DENIED = Transition("Warning", "AccessDenied", "may not")
INSTANCE = f"{'operator-' * 20}ab12_01234567"
"""Longer than the API server takes, as the name of a pod may be."""
POSTED = "POST /apis/events.k8s.io/v1/namespaces/shop/events"


def event(asked: Asked, **gate: Any) -> Answer:
    """Answer with the event, as the API server does whatever was asked."""
    return Answer(body={"eventTime": "2026-11-05T10:00:00.000000Z", **asked.body}, **gate)


class Recording:
    """A recorder on a clock that stands still until it is moved."""

    def __init__(self, api_client: Any) -> None:
        self.now = 1000.0
        self.recorder = EventRecorder(api_client, lambda: self.now, identity=INSTANCE)
        self.recorder.start()
        self.stopped = False

    def record(self, transition: Transition = READY, of: Object | None = None) -> None:
        self.recorder.record(of or obj(), transition)

    def stop(self) -> None:
        """Let everything go out."""
        if not self.stopped:
            self.stopped = True
            self.recorder.stop(30)


@pytest.fixture
def recording(api_client: Any, server: ApiServer) -> Iterator[Recording]:
    server.otherwise = event
    made = Recording(api_client)
    yield made
    made.stop()


def lines(server: ApiServer) -> list[str]:
    return [asked.line for asked in server.asked]


def name_of(asked: Asked) -> str:
    return str(asked.body["metadata"]["name"])


def test_an_event_says_what_happened_to_what(recording: Recording, server: ApiServer) -> None:
    recording.record(DENIED)
    recording.stop()

    (asked,) = server.asked
    assert asked.line == POSTED
    name, time = asked.body["metadata"].pop("name"), asked.body.pop("eventTime")
    assert name.startswith("media.")
    assert len(time) == len("2026-11-05T10:00:00.123456Z")
    assert time.endswith("Z")
    assert asked.body == {
        "apiVersion": "events.k8s.io/v1",
        "kind": "Event",
        "metadata": {"namespace": "shop"},
        "reportingController": "headrace.io/operator",
        "reportingInstance": INSTANCE[-128:],
        "action": "Reconcile",
        "type": "Warning",
        "reason": "AccessDenied",
        "note": "may not",
        "regarding": {
            "apiVersion": "headrace.io/v1alpha1",
            "kind": "Thing",
            "namespace": "shop",
            "name": "media",
            "uid": "uid-1",
            "resourceVersion": "1",
        },
    }


@pytest.mark.parametrize("length", [1, 200, 253])
def test_the_name_of_an_event_is_one_that_kubernetes_takes(
    recording: Recording, server: ApiServer, length: int
) -> None:
    # At the place where a long name is cut there is a dot, and a dash before it.
    name = ("m" * (min(length, 199) - 1) + "-." + "x" * 60)[:length].rstrip("-.") or "m"
    recording.record(of=obj(ObjectRef("Thing", "shop", name)))
    recording.stop()

    event = name_of(server.asked[0])
    assert len(event) <= 253
    assert all(label[0].isalnum() and label[-1].isalnum() for label in event.split("."))


def test_the_same_again_is_counted_in_one_series(recording: Recording, server: ApiServer) -> None:
    for _ in range(3):
        recording.record()
        recording.now += 60
    recording.stop()

    posted, *patched = server.asked
    assert posted.line == POSTED
    assert {asked.line for asked in patched} == {
        f"PATCH /apis/events.k8s.io/v1/namespaces/shop/events/{name_of(posted)}"
    }
    assert [asked.body["series"]["count"] for asked in patched] == [2, 3]
    assert {asked.headers["Content-Type"] for asked in patched} == {"application/strategic-merge-patch+json"}


@pytest.mark.parametrize(
    "other", [{"note": "thing media: 3 settings in sync"}, {"reason": "Creating"}, {"uid": "uid-2"}]
)
def test_what_differs_is_an_event_of_its_own(
    recording: Recording, server: ApiServer, other: dict[str, str]
) -> None:
    recording.record()
    uid = other.pop("uid", "uid-1")
    recording.record(Transition(**{**vars(READY), **other}), obj(uid=uid))
    recording.stop()

    assert lines(server) == [POSTED, POSTED]
    assert name_of(server.asked[0]) != name_of(server.asked[1])


def test_a_series_ends_after_ten_quiet_minutes(recording: Recording, server: ApiServer) -> None:
    for pause in (599, 600, 0):
        recording.record()
        settle(recording, server)
        recording.now += pause
    recording.stop()

    assert [line.split()[0] for line in lines(server) if "settle" not in line] == ["POST", "PATCH", "POST"]


def settle(recording: Recording, server: ApiServer) -> None:
    """Wait until all that was recorded is out, for the sake of the clock."""
    out = threading.Event()
    server.otherwise = lambda asked: event(asked, gate=out.set if "settle" in asked.line else None)
    last = obj(ObjectRef("Thing", "settle", "it"), uid=f"settle-{len(server.asked)}")
    recording.record(Transition("Normal", "Settled", "settle"), last)
    assert out.wait(30)


def test_an_event_that_was_deleted_is_made_anew(recording: Recording, server: ApiServer) -> None:
    deleted = ["first"]
    server.otherwise = lambda asked: (
        refusal(404, f"{deleted.pop()} not found") if asked.method == "PATCH" and deleted else event(asked)
    )
    for _ in range(3):
        recording.record()
    recording.stop()

    assert [line.split()[0] for line in lines(server)] == ["POST", "PATCH", "POST", "PATCH"]
    assert server.asked[3].line.endswith(name_of(server.asked[2]))
    assert server.asked[3].body["series"]["count"] == 2


def test_an_object_has_its_share_and_leaves_the_others_theirs(
    recording: Recording, server: ApiServer
) -> None:
    for number in range(40):
        recording.record(Transition("Normal", "InSync", f"{number}"))
    for number in range(3):
        recording.record(Transition("Normal", "InSync", f"{number}"), obj(uid="uid-2"))
    recording.stop()

    uids = [asked.body["regarding"]["uid"] for asked in server.asked]
    assert (uids.count("uid-1"), uids.count("uid-2")) == (25, 3)


def test_the_same_again_is_part_of_the_share(recording: Recording, server: ApiServer) -> None:
    for _ in range(40):
        recording.record()
    recording.stop()

    assert len(server.asked) == 25


def test_every_five_minutes_the_share_grows_by_one(recording: Recording, server: ApiServer) -> None:
    for number in range(30):
        recording.record(Transition("Normal", "InSync", f"{number}"))
    settle(recording, server)
    recording.now += 601
    for number in range(30, 40):
        recording.record(Transition("Normal", "InSync", f"{number}"))
    recording.stop()

    notes = [asked.body["note"] for asked in server.asked if asked.body["note"] != "settle"]
    assert notes == [f"{number}" for number in (*range(25), 30, 31)]


@pytest.mark.parametrize("answer", [refusal(403, "forbidden"), refusal(500, "no"), Answer(None)])
def test_an_api_server_that_fails_costs_the_event_and_no_more(
    recording: Recording, server: ApiServer, answer: Answer, caplog: pytest.LogCaptureFixture
) -> None:
    server.answers = [answer]
    recording.record(DENIED)
    recording.record(READY)
    recording.stop()

    assert [asked.body["reason"] for asked in server.asked] == ["AccessDenied", "InSync"]
    (record,) = caplog.records
    assert record.getMessage().startswith("an event could not be posted: ")
    assert str(vars(record)["object"]) == "Thing shop/media"


def test_an_event_that_was_not_posted_is_no_beginning_of_a_series(
    recording: Recording, server: ApiServer
) -> None:
    server.answers = [refusal(500, "no")]
    recording.record()
    recording.record()
    recording.stop()

    assert lines(server) == [POSTED, POSTED]


def test_an_object_that_cannot_be_told_of_costs_its_event_and_no_more(
    recording: Recording, server: ApiServer, caplog: pytest.LogCaptureFixture
) -> None:
    odd = {key: value for key, value in obj().body.items() if key != "apiVersion"}
    recording.record(of=Object(odd))
    recording.record(DENIED)
    recording.stop()

    assert [asked.body["reason"] for asked in server.asked] == ["AccessDenied"]
    assert [record.getMessage() for record in caplog.records] == ["bug while posting an event"]
    assert caplog.records[0].exc_info


def test_stopping_posts_what_is_waiting(recording: Recording, server: ApiServer) -> None:
    for number in range(20):
        recording.record(Transition("Normal", "InSync", f"{number}"))
    recording.stop()

    assert [asked.body["note"] for asked in server.asked] == [f"{number}" for number in range(20)]


def test_nobody_waits_for_events_and_what_is_too_much_is_dropped(
    server: ApiServer, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_WAITING", 10)
    gate = threading.Event()
    server.otherwise = lambda asked: event(asked, gate=lambda: gate.wait(30))
    api_client = connected(server.url)
    recorder = EventRecorder(api_client)
    recorder.start()
    for number in range(20):
        recorder.record(obj(uid=f"uid-{number}"), READY)
    dropped = [record for record in caplog.records if "dropped" in record.getMessage()]
    assert 9 <= len(dropped) <= 10, "ten wait, and one or none is on its way"

    wait_until(lambda: bool(server.asked), what="the first event is on its way")

    # The queue is full, and nothing goes out: stopping must not wait for that.
    recorder.stop(0.05)
    assert len(server.asked) == 1
    gate.set()
    recorder.stop(30)
    assert len(server.asked) == 20 - len(dropped)
    api_client.rest_client.pool_manager.clear()


def test_what_is_remembered_is_bounded(recording: Recording, server: ApiServer) -> None:
    recorder = recording.recorder
    for number in range(4200):
        recorder._take(f"uid-{number}", 0.0)

    assert len(recorder._shares) == 4096


def test_past_a_closed_fence_nothing_is_told(server: ApiServer, api_client: Any) -> None:
    server.otherwise = event
    fence = Fence()
    recorder = EventRecorder(api_client, lambda: 1000.0, fence=fence)
    recorder.record(obj(), READY)
    recorder.start()
    while not server.asked:
        time.sleep(0.005)
    fence.close()
    recorder.record(obj(), READY)
    recorder.record(obj(), DENIED)
    recorder.stop(30)
    assert lines(server) == [POSTED]
