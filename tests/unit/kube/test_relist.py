"""Listing ourselves: what went while nobody could watch is noticed, as soon as it can be."""

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from headrace.controller.cache import Cache
from headrace.controller.loop import Loop
from headrace.kube import relist as module
from headrace.kube.client import KubeClient
from headrace.kube.relist import catch_up, prime, relist, repair
from tests.unit.controller.cloud import ThingKind
from tests.unit.controller.objects import REF, body
from tests.unit.controller.stage import Stage, in_sync
from tests.unit.kube.apiserver import Answer, ApiServer, refusal

PATH = "/apis/headrace.io/v1alpha1/things?limit=500"
KIND = {"Thing": ThingKind()}


def listed(version: int, *items: Any) -> Answer:
    return Answer(body={"metadata": {"resourceVersion": str(version)}, "items": items})


@pytest.fixture
def kube(api_client: Any) -> KubeClient:
    return KubeClient(api_client, KIND)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait for hundredths of the seconds."""
    monkeypatch.setattr(module, "Backoffs", lambda: [0.01] * 10)


@asynccontextmanager
async def working() -> AsyncIterator[Loop]:
    """Have a loop that knows one object, and has looked at it: what it writes later would bring it back."""
    stage = Stage(in_sync)
    stage.loop.changed(body(version=4))
    try:
        for _ in range(100):
            await asyncio.sleep(0)
        assert stage.passes
        yield stage.loop
    finally:
        await stage.end()


def repaired(kube: KubeClient) -> tuple[int, Cache]:
    async def scene() -> tuple[int, Cache]:
        async with working() as loop:
            return await repair(kube, KIND["Thing"], loop), loop.cache

    return asyncio.run(scene())


def test_what_is_in_no_list_any_more_is_gone(kube: KubeClient, server: ApiServer) -> None:
    server.answers = [listed(40)]

    gone, cache = repaired(kube)
    assert (gone, len(cache)) == (1, 0)


def test_what_is_newer_than_the_list_is_not(kube: KubeClient, server: ApiServer) -> None:
    server.answers = [listed(3)]

    gone, cache = repaired(kube)
    assert (gone, len(cache)) == (0, 1)


def test_what_was_made_and_changed_unnoticed_is_taken_in(kube: KubeClient, server: ApiServer) -> None:
    server.answers = [listed(40, body(version=38))]

    gone, cache = repaired(kube)
    known = cache.get(REF)
    assert (gone, known.version if known else None) == (0, "38")


def test_a_namesake_that_took_its_place_is_no_loss(kube: KubeClient, server: ApiServer) -> None:
    server.answers = [listed(40, body(version=38, uid="uid-2"))]

    gone, cache = repaired(kube)
    known = cache.get(REF)
    assert (gone, known.uid if known else None) == (0, "uid-2")


@pytest.mark.usefixtures("quick")
def test_a_list_that_is_refused_is_asked_for_again(kube: KubeClient, server: ApiServer) -> None:
    server.answers = [refusal(500, "no leader"), Answer(None), listed(40)]

    assert repaired(kube)[0] == 1
    assert [asked.line for asked in server.asked] == [f"GET {PATH}"] * 3


@pytest.mark.usefixtures("quick")
def test_a_list_that_stays_refused_is_left_to_the_next_round(kube: KubeClient, server: ApiServer) -> None:
    server.otherwise = lambda _: refusal(403, "not for you")

    assert repaired(kube)[0] == 0
    assert len(server.asked) == 8


def test_a_kind_that_is_not_served_is_not_asked_for_again(kube: KubeClient, server: ApiServer) -> None:
    server.answers = [refusal(404, "the server could not find the requested resource")]

    assert repaired(kube)[0] == 0
    assert len(server.asked) == 1


def test_a_gap_is_reason_enough_to_list_at_once_and_once(kube: KubeClient, server: ApiServer) -> None:
    asked = threading.Event()
    server.otherwise = lambda _: Answer(body=listed(40).body, gate=asked.set)

    async def scene() -> list[int]:
        gap, counts = asyncio.Event(), []
        async with working() as loop:
            task = asyncio.create_task(relist(kube, KIND, loop, (), gap))
            await asyncio.sleep(0.05)
            counts.append(len(server.asked))
            gap.set()
            assert await asyncio.to_thread(asked.wait, 30)
            await asyncio.sleep(0.05)
            counts.append(len(server.asked))
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        return counts

    assert asyncio.run(scene()) == [0, 1]


def test_whoever_begins_to_lead_lists_each_kind_once_where_it_is_served(
    kube: KubeClient, server: ApiServer
) -> None:
    server.otherwise = lambda _: listed(40)

    async def scene(namespaces: tuple[str, ...]) -> int:
        async with working() as loop:
            await catch_up(kube, KIND, loop, namespaces)
            return len(loop.cache)

    assert asyncio.run(scene(())) == 0
    assert [asked.line for asked in server.asked] == [f"GET {PATH}"]
    server.asked.clear()
    assert asyncio.run(scene(("shop", "press"))) == 0
    places = {asked.path.split("/things")[0].rpartition("/")[2] for asked in server.asked}
    assert (len(server.asked), places) == (2, {"shop", "press"})


NAMESPACES = "/api/v1/namespaces"


def namespaces(**labels: str) -> Answer:
    items = [{"metadata": {"name": name, "labels": {"team": team}}} for name, team in labels.items()]
    return Answer(body={"metadata": {"resourceVersion": "40"}, "items": items})


def test_accounts_and_labels_that_changed_or_went_while_the_watch_was_behind_are_taken_in(
    kube: KubeClient, server: ApiServer
) -> None:
    labels = namespaces(shop="media", press="news")
    server.otherwise = lambda asked: labels if asked.path.startswith(NAMESPACES) else listed(40)

    async def scene() -> tuple[int, dict[str, Any]]:
        async with working() as loop:
            loop.labels |= {"shop": {"team": "old"}, "gone": {"team": "x"}}
            await prime(kube, KIND["Thing"], loop)
            return len(loop.cache), loop.labels

    assert asyncio.run(scene()) == (0, {"shop": {"team": "media"}, "press": {"team": "news"}})
    assert len(server.asked) == 2


def test_labels_of_which_the_watch_tells_during_the_list_are_the_newer_ones(
    kube: KubeClient, server: ApiServer
) -> None:
    asked, go = threading.Event(), threading.Event()

    def answer(question: Any) -> Answer:
        if not question.path.startswith(NAMESPACES):
            return listed(40)
        asked.set()
        return Answer(body=namespaces(shop="old").body, gate=lambda: go.wait(30))

    server.otherwise = answer

    async def scene() -> dict[str, Any]:
        async with working() as loop:
            loop.labels["shop"] = {"team": "old"}
            task = asyncio.create_task(prime(kube, KIND["Thing"], loop))
            assert await asyncio.to_thread(asked.wait, 30)
            loop.labelled("shop", {"team": "media"})
            loop.labelled("made", {"team": "new"})
            go.set()
            await task
            return loop.labels

    assert asyncio.run(scene()) == {"shop": {"team": "media"}, "made": {"team": "new"}}
