import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import pytest
from aiohttp import web

import headrace.kube
from headrace.controller.loop import Loop
from headrace.kube import connection, mending
from headrace.kube.connection import Heartbeat, login, path_of
from headrace.kube.watch import registry, settings, watch
from tests.unit.controller.cloud import ThingKind
from tests.unit.controller.objects import body
from tests.unit.kube.cluster import Cluster, kubeconfig, serving, tell

Heard = tuple[str, str, str]


class Ears:
    """Hears what a loop would hear."""

    def __init__(self) -> None:
        self.heard: asyncio.Queue[Heard] = asyncio.Queue()

    def hear(self, how: str, about: Mapping[str, Any]) -> None:
        metadata = about["metadata"]
        self.heard.put_nowait((how, metadata["name"], metadata["resourceVersion"]))

    def listed(self, about: Mapping[str, Any]) -> None:
        self.hear("listed", about)

    def changed(self, about: Mapping[str, Any]) -> None:
        self.hear("changed", about)

    def deleted(self, about: Mapping[str, Any]) -> None:
        self.hear("deleted", about)

    def labelled(self, namespace: str, labels: Mapping[str, str] | None) -> None:
        """Namespaces are not what these tests are about."""


@dataclass
class Watching:
    """A watch on a cluster."""

    cluster: Cluster
    ears: Ears
    heartbeat: Heartbeat
    stopped: list[str] = field(default_factory=list)
    over: asyncio.Event = field(default_factory=asyncio.Event)
    end: asyncio.Event = field(default_factory=asyncio.Event)
    url: str = ""

    def begun(self) -> list[str]:
        """Return from which version on each watch on our objects was asked for."""
        things = [r for r in self.cluster.asked if r.path.endswith("/things") and "watch" in r.query]
        return [r.query["resourceVersion"] for r in things]

    async def hear(self, count: int) -> list[Heard]:
        async with asyncio.timeout(30):
            return [await self.ears.heard.get() for _ in range(count)]

    async def stream(self) -> web.StreamResponse:
        """Return the stream of a watch that was begun, or begins."""
        async with asyncio.timeout(30):
            return await self.cluster.watches.get()


@asynccontextmanager
async def watching(
    path: Path, namespaces: tuple[str, ...] = (), *items: Any, silence: float = 70.0
) -> AsyncIterator[Watching]:
    cluster = Cluster([*items])
    heartbeat = Heartbeat(asyncio.get_running_loop().time)
    watching = Watching(cluster, Ears(), heartbeat)

    async def stop() -> None:
        watching.stopped.append("stopped")
        watching.end.set()

    async with serving(cluster) as url:
        kubeconfig(path / "config", url)
        made = registry(
            {"Thing": ThingKind()}, cast(Loop, watching.ears), login(heartbeat, identity="pod-1_ab12"), stop
        )
        chosen = settings()
        chosen.watching.inactivity_timeout = silence
        task = asyncio.create_task(watch(made, namespaces, asyncio.Event(), watching.over, chosen))
        watching.url = url
        try:
            yield watching
        finally:
            task.cancel()
            # Where kopf gave up by itself, this says why.
            with contextlib.suppress(asyncio.CancelledError):
                await task


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a test says in the environment is forgotten after it."""
    monkeypatch.setenv("KUBECONFIG", "none")


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait for hundredths of the seconds."""
    monkeypatch.setattr(mending, "_PAUSE_SECONDS", 0.02)
    monkeypatch.setattr(connection, "_LOGIN_SECONDS", 0.05)


def item(name: str, version: int, **metadata: Any) -> dict[str, Any]:
    whole = body(version=version, **metadata)
    return {**whole, "metadata": {**whole["metadata"], "name": name}}


def test_what_is_there_is_listed_and_what_happens_then_is_heard_of(tmp_path: Path) -> None:
    async def scene() -> list[Heard]:
        async with watching(tmp_path, (), item("a", 3), item("b", 4)) as world:
            heard = await world.hear(2)
            stream = await world.stream()
            for type_, about in (
                ("ADDED", item("c", 6)),
                ("MODIFIED", item("a", 7)),
                ("BOOKMARK", {"kind": "Thing", "metadata": {"resourceVersion": "8"}}),
                ("DELETED", item("b", 9)),
            ):
                await tell(stream, type_, about)
            return heard + await world.hear(3)

    assert sorted(asyncio.run(scene())) == [
        ("changed", "a", "7"),
        ("changed", "c", "6"),
        ("deleted", "b", "9"),
        ("listed", "a", "3"),
        ("listed", "b", "4"),
    ]


@pytest.mark.usefixtures("nameless")
def test_a_user_without_a_name_watches_as_well(tmp_path: Path) -> None:
    async def scene() -> list[Heard]:
        async with watching(tmp_path, (), item("a", 3)) as world:
            return await world.hear(1)

    assert asyncio.run(scene()) == [("listed", "a", "3")]


def test_nothing_is_written_whatever_is_seen(tmp_path: Path) -> None:
    """Also not to objects that other operators of kopf left their marks on."""
    marked = {
        "finalizers": ["kopf.zalando.org/KopfFinalizerMarker", "headrace.io/finalizer"],
        "annotations": {"kopf.zalando.org/last-handled-configuration": "{}"},
    }

    async def scene() -> set[str]:
        async with watching(tmp_path, (), item("a", 3, **marked)) as world:
            stream = await world.stream()
            await tell(stream, "MODIFIED", item("a", 7, **marked))
            await tell(stream, "MODIFIED", item("a", 8, **marked, deletionTimestamp="2026-11-05T10:00:00Z"))
            await tell(stream, "DELETED", item("a", 9, **marked))
            await world.hear(4)
            # Another round trip, so that whatever follows from these has begun.
            await tell(stream, "ADDED", item("b", 10))
            await world.hear(1)
            return {request.method for request in world.cluster.asked}

    assert asyncio.run(scene()) == {"GET"}


def test_a_watch_that_ends_is_begun_again_where_it_ended(tmp_path: Path) -> None:
    async def scene() -> list[str]:
        async with watching(tmp_path) as world:
            stream = await world.stream()
            await tell(stream, "ADDED", item("a", 6))
            await world.hear(1)
            world.cluster.over.set()
            world.cluster.over = asyncio.Event()
            await world.stream()
            return world.begun()

    assert asyncio.run(scene()) == ["5", "6"]


def test_after_a_gap_all_that_is_there_is_listed_again(tmp_path: Path) -> None:
    async def scene() -> list[Heard]:
        async with watching(tmp_path, (), item("a", 3)) as world:
            stream = await world.stream()
            world.cluster.items = [item("a", 9)]
            gone = {"kind": "Status", "code": 410, "message": "too old resource version"}
            await tell(stream, "ERROR", gone)
            return await world.hear(2)

    assert asyncio.run(scene()) == [("listed", "a", "3"), ("listed", "a", "9")]


def test_kinds_that_are_not_served_for_a_while_are_listed_once_they_are(tmp_path: Path) -> None:
    served, refused = asyncio.Event(), asyncio.Event()

    def refuse(request: web.Request) -> web.Response | None:
        if not request.path.endswith("/things") or served.is_set():
            return None
        refused.set()
        return web.Response(status=404, text="404 page not found")

    async def scene() -> list[Heard]:
        async with watching(tmp_path, (), item("a", 3)) as world:
            await world.stream()
            world.cluster.refuse = refuse
            world.cluster.over.set()
            world.cluster.over = asyncio.Event()
            async with asyncio.timeout(30):
                await refused.wait()
            world.cluster.items = [item("b", 9)]
            served.set()
            await tell(await world.stream(), "ERROR", {"kind": "Status", "code": 410, "message": "too old"})
            return await world.hear(2)

    assert asyncio.run(scene()) == [("listed", "a", "3"), ("listed", "b", "9")]


def test_after_a_gap_it_is_told_that_there_was_one(tmp_path: Path) -> None:
    async def scene() -> list[bool]:
        async with watching(tmp_path, (), item("a", 3)) as world:
            stream = await world.stream()
            before = world.heartbeat.gap.is_set()
            world.cluster.items = []
            await tell(stream, "ERROR", {"kind": "Status", "code": 410, "message": "too old"})
            await world.stream()
            return [before, world.heartbeat.gap.is_set()]

    assert asyncio.run(scene()) == [False, True]


def test_a_watch_that_says_nothing_any_more_is_begun_again_where_it_was(tmp_path: Path) -> None:
    """The connection is not closed, as behind a balancer that forgot it: nothing tells but the silence."""

    async def scene() -> tuple[list[str], list[Heard], bool]:
        async with watching(tmp_path, silence=0.5) as world:
            await tell(await world.stream(), "ADDED", item("a", 6))
            await tell(await world.stream(), "ADDED", item("b", 7))
            return world.begun()[:2], await world.hear(2), world.heartbeat.gap.is_set()

    assert asyncio.run(scene()) == (["5", "6"], [("changed", "a", "6"), ("changed", "b", "7")], False)


def test_bookmarks_of_a_minute_keep_a_watch_from_being_taken_for_silent() -> None:
    assert settings().watching.inactivity_timeout > 60


def test_a_busy_api_server_is_spared_for_as_long_as_it_asks(tmp_path: Path) -> None:
    refused: list[float] = []

    def refuse(request: web.Request) -> web.Response | None:
        if not request.path.endswith("/things") or len(refused) == 2:
            return None
        refused.append(asyncio.get_running_loop().time())
        status = {"kind": "Status", "code": 429, "message": "too many requests"}
        return web.json_response(status, status=429, headers={"Retry-After": "2"})

    async def scene() -> tuple[list[Heard], float, int]:
        async with watching(tmp_path, (), item("a", 3)) as world:
            world.cluster.refuse = refuse
            await world.stream()
            lists = [r for r in world.cluster.asked if r.path.endswith("/things") and "watch" not in r.query]
            return await world.hear(1), asyncio.get_running_loop().time(), len(lists)

    heard, listed, lists = asyncio.run(scene())
    assert (heard, lists) == ([("listed", "a", "3")], 3)
    first, second = refused
    # By itself it would have waited for one second or so.
    assert (second - first >= 2, listed - second >= 2) == (True, True)


@pytest.mark.usefixtures("quick")
def test_a_watch_that_breaks_off_with_an_error_is_begun_anew_and_nobody_ends(tmp_path: Path) -> None:
    broken = {"kind": "Status", "code": 500, "message": 'no "type":"ERROR" in etcd'}

    async def scene() -> tuple[list[Heard], list[str]]:
        async with watching(tmp_path, (), item("a", 3)) as world:
            stream = await world.stream()
            await tell(stream, "ADDED", item("b", 6))
            await tell(stream, "ERROR", broken)
            await world.stream()
            return await world.hear(3), [*world.stopped]

    heard, stopped = asyncio.run(scene())
    assert heard == [("listed", "a", "3"), ("changed", "b", "6"), ("listed", "a", "3")]
    assert stopped == []


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("code", [400, 410])
def test_a_list_that_is_refused_in_an_odd_way_is_asked_for_again(tmp_path: Path, code: int) -> None:
    refused: list[int] = []

    def refuse(request: web.Request) -> web.Response | None:
        if not request.path.endswith("/things") or len(refused) == 2:
            return None
        refused.append(code)
        return web.json_response({"kind": "Status", "code": code, "message": "no"}, status=code)

    async def scene() -> list[Heard]:
        async with watching(tmp_path, (), item("a", 3)) as world:
            world.cluster.refuse = refuse
            await world.stream()
            return await world.hear(1)

    assert asyncio.run(scene()) == [("listed", "a", "3")]
    assert refused == [code, code]


@pytest.mark.usefixtures("quick")
def test_a_token_that_is_not_taken_is_tried_again_and_nobody_ends(tmp_path: Path) -> None:
    refused = asyncio.Event()

    def refuse(_: web.Request) -> web.Response:
        refused.set()
        return web.json_response({"kind": "Status", "code": 401, "message": "Unauthorized"}, status=401)

    async def scene() -> tuple[str, list[str]]:
        async with watching(tmp_path) as world:
            await world.stream()
            world.cluster.refuse = refuse
            world.cluster.over.set()
            world.cluster.over = asyncio.Event()
            async with asyncio.timeout(30):
                await refused.wait()
            # The heartbeat hears of it a moment later than the cluster.
            async with asyncio.timeout(30):
                while not (told := world.heartbeat.waits([])):  # noqa: ASYNC110 - it has no event
                    await asyncio.sleep(0.01)
            world.cluster.refuse = lambda _: None
            await world.stream()
            return told, [*world.stopped]

    told, stopped = asyncio.run(scene())
    assert "the API server does not take the operator's token to watch " in told
    assert stopped == []


@pytest.mark.usefixtures("quick")
def test_a_token_that_is_taken_no_more_is_read_anew(tmp_path: Path) -> None:
    def refuse(request: web.Request) -> web.Response | None:
        if request.headers["Authorization"] == "Bearer renewed":
            return None
        return web.json_response({"kind": "Status", "code": 401, "message": "Unauthorized"}, status=401)

    async def scene() -> tuple[list[Heard], set[str]]:
        async with watching(tmp_path) as world:
            await world.stream()
            kubeconfig(tmp_path / "config", world.url, {"token": "renewed"})
            world.cluster.refuse = refuse
            world.cluster.over.set()
            world.cluster.over = asyncio.Event()
            world.cluster.asked.clear()
            stream = await world.stream()
            await tell(stream, "ADDED", item("a", 6))
            heard = await world.hear(1)
            return heard, {
                r.headers["Authorization"] for r in world.cluster.asked if r.path.endswith("things")
            }

    heard, shown = asyncio.run(scene())
    assert heard == [("changed", "a", "6")]
    assert shown == {"Bearer secret", "Bearer renewed"}


def test_it_ends_when_all_is_over_and_the_work_is_finished_first(tmp_path: Path) -> None:
    async def scene() -> list[str]:
        async with watching(tmp_path) as world:
            await world.stream()
            world.over.set()
            async with asyncio.timeout(30):
                await world.end.wait()
            return world.stopped

    assert asyncio.run(scene()) == ["stopped"]


@pytest.mark.parametrize(
    ("namespaces", "paths"),
    [
        ((), {"/apis/headrace.io/v1alpha1/things"}),
        (
            ("shop", "bank"),
            {
                "/apis/headrace.io/v1alpha1/namespaces/shop/things",
                "/apis/headrace.io/v1alpha1/namespaces/bank/things",
            },
        ),
    ],
)
def test_the_namespaces_that_were_named_are_watched_or_else_all(
    tmp_path: Path, namespaces: tuple[str, ...], paths: set[str]
) -> None:
    async def scene() -> set[str]:
        async with watching(tmp_path, namespaces) as world:
            for _ in paths:
                await world.stream()
            return {r.path for r in world.cluster.asked if r.path.endswith("/things")}

    assert asyncio.run(scene()) == paths


def test_kopf_asks_in_our_name_with_our_token_and_its_watches_are_our_heartbeat(tmp_path: Path) -> None:
    async def scene() -> tuple[set[str], set[str]]:
        async with watching(tmp_path) as world:
            stream = await world.stream()
            await tell(stream, "ADDED", item("a", 6))
            await world.hear(1)
            assert world.heartbeat.waits([path_of(ThingKind())]) == ""
            asked = world.cluster.asked
            return {r.headers["Authorization"] for r in asked}, {r.headers["User-Agent"] for r in asked}

    assert asyncio.run(scene()) == ({"Bearer secret"}, {f"headrace/{headrace.__version__} (pod-1_ab12)"})


def test_on_the_way_out_the_work_is_finished_while_kopf_waits(tmp_path: Path) -> None:
    async def scene() -> Watching:
        async with watching(tmp_path) as world:
            await world.stream()
            assert world.stopped == []
        return world

    assert asyncio.run(scene()).stopped == ["stopped"]
