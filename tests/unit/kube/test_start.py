"""The start: what is said of what is missing, and that waiting is no reason to be started again."""

import asyncio
import threading
from dataclasses import replace
from typing import Any

import pytest

from headrace.kube import start as module
from headrace.kube.client import KubeClient
from headrace.kube.connection import Heartbeat
from headrace.kube.served import served
from headrace.kube.start import Check, Start
from tests.unit.controller.cloud import ThingKind
from tests.unit.kube.apiserver import Answer, ApiServer, refusal

THINGS = Answer(
    body={
        "groupVersion": "headrace.io/v1alpha1",
        "resources": [
            {"name": "things", "kind": "Thing", "singularName": "thing", "namespaced": True, "verbs": ["get"]}
        ],
    }
)
MISSING = refusal(404, "the server could not find the requested resource")
TOLD = (
    "Waiting for CRDs that are not installed: things.headrace.io. Install the chart headrace-crds, or apply "
    "the files in crds/."
)


@pytest.fixture
def kube(api_client: Any) -> KubeClient:
    return KubeClient(api_client, {"Thing": ThingKind()})


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_SECONDS", 0.01)


def passed(kube: KubeClient, heartbeat: Heartbeat, *more: Check) -> bool:
    return asyncio.run(Start(heartbeat, asyncio.Event()).passed([served(kube, ["things"]), *more]))


def test_what_is_missing_is_told_once_and_waited_for(
    kube: KubeClient, server: ApiServer, caplog: pytest.LogCaptureFixture
) -> None:
    server.answers = [refusal(503, "starting"), MISSING, MISSING, THINGS]

    assert passed(kube, Heartbeat(lambda: 0.0))
    assert [record.getMessage() for record in caplog.records] == [
        "The Kubernetes API server refused to list the resources of headrace.io/v1alpha1 (503): starting",
        TOLD,
    ]


def test_all_that_is_missing_is_told_to_whoever_asks(kube: KubeClient, server: ApiServer) -> None:
    start, told = Start(Heartbeat(lambda: 0.0), asyncio.Event()), []
    server.answers = [MISSING, THINGS, THINGS]
    rights = iter(["A right is missing.", "A right is missing.", ""])

    def right() -> str:
        told.append(start.waits)
        return next(rights)

    assert asyncio.run(start.passed([served(kube, ["things"]), right]))
    assert [*told, start.waits] == [
        "the watches have not begun yet",
        f"{TOLD} A right is missing.",
        "A right is missing.",
        "the watches have not begun yet",
    ]


def test_of_an_api_server_that_does_not_answer_nothing_more_is_asked(
    kube: KubeClient, server: ApiServer
) -> None:
    server.answers = [Answer(None), refusal(401, "Unauthorized"), THINGS]
    asked: list[str] = []

    def right() -> str:
        asked.append("rights")
        return ""

    assert passed(kube, Heartbeat(lambda: 0.0), right)
    assert asked == ["rights"]


def test_who_waits_is_alive(kube: KubeClient, server: ApiServer) -> None:
    """However long it takes: a new start would bring no CRD."""
    minutes = [0]
    heartbeat = Heartbeat(lambda: 60.0 * minutes[0])
    server.answers = [replace(it, gate=lambda: minutes.append(minutes.pop() + 2)) for it in (MISSING, THINGS)]

    assert passed(kube, heartbeat)
    assert heartbeat.silent(180) == ""


def test_the_end_of_the_process_ends_the_waiting(kube: KubeClient, server: ApiServer) -> None:
    async def scene() -> bool:
        end, loop = asyncio.Event(), asyncio.get_running_loop()
        server.otherwise = lambda _: Answer(
            404, MISSING.body, gate=lambda: loop.call_soon_threadsafe(end.set)
        )
        return await Start(Heartbeat(lambda: 0.0), end).passed([served(kube, ["things"])])

    assert not asyncio.run(scene())


def test_the_end_does_not_wait_for_an_answer_that_hangs() -> None:
    async def scene() -> bool:
        end, loop, answered = asyncio.Event(), asyncio.get_running_loop(), threading.Event()

        def hangs() -> str:
            loop.call_soon_threadsafe(end.set)
            answered.wait(30)
            return "too late" if end.is_set() else ""

        try:
            async with asyncio.timeout(10):
                return await Start(Heartbeat(lambda: 0.0), end).passed([hangs])
        finally:
            answered.set()

    assert not asyncio.run(scene())
