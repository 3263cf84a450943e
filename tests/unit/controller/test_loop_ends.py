"""What the loop makes of objects that are there at its start, that go, and of its own end."""

import asyncio
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from headrace.controller.api import Gone, Object
from headrace.controller.consequences import Next
from headrace.controller.elector import Alone
from headrace.controller.loop import Loop
from headrace.controller.outcome import Outcome
from headrace.engine.fence import NotLeading
from headrace.kinds.definition import ObjectRef
from headrace.telemetry.objects import Sight
from tests.unit.controller.objects import REF, asked, body, deleting, ready
from tests.unit.controller.stage import Script, Stage, failing, in_sync, newer, play, written
from tests.unit.controller.travel import travel

# What is there at the start


@pytest.mark.parametrize(
    "about",
    [
        {},
        {"status": {}},
        {"status": ready(status="False")},
        {"status": ready(status="Unknown")},
        {"status": ready(1), "generation": 2},
        {"status": ready(), "annotations": asked("noon")},
        {"status": ready(lastHandledReconcileAt="dawn"), "annotations": asked("noon")},
        {"status": ready(), **deleting()},
    ],
)
def test_what_is_not_in_sync_at_the_start_is_looked_at_at_once(about: dict[str, Any]) -> None:
    async def scene(stage: Stage) -> None:
        stage.loop.listed(body(**about))
        await stage.until(1)

    assert play(in_sync, scene).times == [0.0]


@pytest.mark.parametrize(
    "about", [{}, {"status": ready(lastHandledReconcileAt="noon"), "annotations": asked("noon")}]
)
def test_what_is_in_sync_at_the_start_is_looked_at_within_ten_seconds_and_spread(
    about: dict[str, Any],
) -> None:
    async def scene(stage: Stage) -> None:
        for number in range(60):
            ref = ObjectRef("Thing", "shop", f"media-{number}")
            stage.loop.listed(body(ref, **{"status": ready(), **about}))
        await stage.until(10)

    times = play(lambda _, obj: Outcome(obj), scene).times
    assert len(times) == 60
    assert min(times) < 3
    assert max(times) > 7
    assert len({round(time, 1) for time in times}) > 20


def test_a_list_that_tells_nothing_new_leads_to_nothing() -> None:
    async def scene(stage: Stage) -> None:
        stage.loop.changed(body())
        await stage.until(1)
        stage.loop.listed(written(stage.passes[0][1]).body)
        await stage.until(20)

    assert play(in_sync, scene).times == [0.0]


# What is gone


def test_what_is_deleted_is_forgotten() -> None:
    async def scene(stage: Stage) -> None:
        stage.loop.changed(body())
        await stage.until(1)
        stage.loop.deleted(body(version=50))
        await stage.until(10_000)

    stage = play(in_sync, scene)
    assert stage.times == [0.0]
    assert stage.metrics.states == {}


def test_what_is_deleted_while_it_waits_is_not_looked_at() -> None:
    async def scene(stage: Stage) -> None:
        stage.loop.changed(body())
        stage.loop.deleted(body(version=2))
        await stage.until(10_000)

    assert play(in_sync, scene).passes == []


def test_what_is_deleted_during_its_pass_is_forgotten_after_it() -> None:
    def script(stage: Stage, obj: Object) -> Outcome:
        stage.loop.deleted(newer(obj, by=90))
        return in_sync(stage, obj)

    async def scene(stage: Stage) -> None:
        stage.loop.changed(body())
        await stage.until(1)
        assert stage.metrics.states == {}
        await stage.until(10_000)

    stage = play(script, scene)
    assert stage.times == [0.0]
    assert stage.metrics.states == {}


@pytest.mark.parametrize("script", [failing(Gone("gone")), lambda *_: Outcome(None, result="deleted")])
def test_what_a_pass_finds_to_be_gone_is_forgotten(script: Script) -> None:
    async def scene(stage: Stage) -> None:
        stage.loop.changed(body())
        await stage.until(10_000)

    stage = play(script, scene)
    assert stage.times == [0.0]
    assert stage.metrics.states == {}


@pytest.mark.parametrize("last", [failing(Gone("gone")), lambda *_: Outcome(None, result="deleted")])
def test_a_namesake_that_comes_during_the_last_pass_is_looked_at(last: Script) -> None:
    def script(stage: Stage, obj: Object) -> Outcome:
        if obj.uid == "uid-2":
            return in_sync(stage, obj)
        stage.loop.deleted(newer(obj, by=5))
        stage.loop.changed(newer(obj, by=6, uid="uid-2"))
        return last(stage, obj)

    async def scene(stage: Stage) -> None:
        stage.loop.changed(body())
        await stage.until(1)

    stage = play(script, scene)
    assert [obj.uid for _, obj, _ in stage.passes] == ["uid-1", "uid-2"]
    assert list(stage.metrics.states) == [REF]


def test_the_end_of_the_first_one_that_is_heard_of_late_leaves_the_namesake_alone() -> None:
    async def scene(stage: Stage) -> None:
        stage.loop.changed(body(version=9, uid="uid-2"))
        stage.loop.deleted(body(version=5))
        await stage.until(1)

    stage = play(in_sync, scene)
    assert len(stage.passes) == 1
    assert list(stage.metrics.states) == [REF]


@pytest.mark.parametrize("listed", [False, True])
def test_a_namesake_whose_forerunner_went_unheard_begins_anew(listed: bool) -> None:
    """It is not made to wait because the first one failed so often."""

    def script(_: Stage, obj: Object) -> Outcome:
        return Outcome(obj, Next.BACKOFF, result="error", outage=True)

    async def scene(stage: Stage) -> None:
        stage.loop.changed(body())
        await stage.until(3600)
        take = stage.loop.listed if listed else stage.loop.changed
        take(body(version=99, uid="uid-2"))
        await stage.until(3604)

    stage = play(script, scene)
    second = [(time, outages) for time, obj, outages in stage.passes if obj.uid == "uid-2"]
    assert second == [(3600, 0), (3600.5, 1), (3601.5, 2), (3603.5, 3)]


# What is counted


def test_passes_are_counted_with_their_result_and_what_they_waited() -> None:
    async def scene(stage: Stage) -> None:
        stage.loop.changed(body())
        await stage.until(1)

    assert play(in_sync, scene).metrics.passes == [("Thing", "in_sync", 0.0, 0.0)]


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ({}, Sight("progressing", "Unknown")),
        (ready(), Sight("ready", "InSync")),
        (ready(driftCount=3, drift=[{"field": "tags[a]", "wanted": "1", "found": "2"}]),
         Sight("ready", "InSync", 3, ("tags[a]",))),
        (ready(status="False"), Sight("progressing", "InSync")),
        ({"conditions": [{"type": "Ready", "status": "False", "reason": "Moved"},
                         {"type": "Stalled", "status": "True"}]},
         Sight("stalled", "Moved")),
    ],
)  # fmt: skip
@pytest.mark.parametrize("hear", [Loop.listed, Loop.changed])
def test_the_state_of_each_object_is_known_from_its_first_event_on(
    hear: Callable[[Loop, Mapping[str, Any]], None], status: dict[str, Any], expected: Sight
) -> None:
    async def scene(stage: Stage) -> None:
        hear(stage.loop, body(status=status))
        assert stage.metrics.states == {REF: expected}
        stage.loop.stop()

    play(in_sync, scene)


# Starting and stopping


class Standby(Alone):
    """Leads once it is told to."""

    def __init__(self) -> None:
        self.told = asyncio.Event()

    async def acquired(self) -> None:
        await self.told.wait()


def test_a_standby_takes_in_events_and_works_only_once_it_leads() -> None:
    async def journey() -> list[float]:
        standby = Standby()
        stage = Stage(in_sync, leadership=standby)
        stage.loop.changed(body())
        await stage.until(100)
        assert stage.passes == []
        assert stage.loop.cache.get(REF) is not None
        standby.told.set()
        await stage.until(101)
        await stage.end()
        return stage.times

    assert travel(journey()) == [100.0]


def test_whoever_begins_to_lead_prepares_itself_before_any_object_is_looked_at() -> None:
    async def journey() -> Stage:
        standby = Standby()
        told: list[float] = []

        async def prepare() -> None:
            told.append(stage.time())
            await asyncio.sleep(2)
            stage.loop.changed(body(generation=2, version=9))

        stage = Stage(in_sync, leadership=standby, prepare=prepare)
        stage.loop.changed(body())
        await stage.until(100)
        assert told == []
        standby.told.set()
        await stage.until(103)
        await stage.end()
        assert told == [100.0]
        return stage

    ((time, seen, _),) = travel(journey()).passes
    assert (time, seen.generation) == (102.0, 2)


def test_what_a_standby_saw_it_takes_in_as_at_a_start_once_it_leads() -> None:
    """What waits for somebody comes at once, the rest is spread; echoes of weeks are one look."""

    async def journey() -> Stage:
        standby = Standby()
        stage = Stage(in_sync, leadership=standby)
        for number in range(40):
            ref = ObjectRef("Thing", "shop", f"steady-{number}")
            for version in range(1, 5):
                stage.loop.changed(body(ref, version=version, status=ready()))
        stage.loop.listed(body(status=ready(1), generation=2))
        stage.loop.changed(body(ObjectRef("Thing", "shop", "gone")))
        stage.loop.deleted(body(ObjectRef("Thing", "shop", "gone"), version=2))
        stage.loop.labelled("shop", {"team": "media"})
        await stage.until(100)
        assert (len(stage.queue), stage.queue.oldest(), stage.metrics.states) == (0, 0.0, {})
        assert stage.loop.standstill() == 0.0
        standby.told.set()
        await stage.until(111)
        await stage.end()
        return stage

    stage = travel(journey())
    assert [obj.ref for time, obj, _ in stage.passes if time == 100.0] == [REF]
    assert len(stage.passes) == 41
    assert max(stage.times) > 105
    assert len(stage.metrics.states) == 41, "what it is told of it tells of now"


def test_whoever_leads_no_more_leaves_the_rest_and_tells_nothing(caplog: pytest.LogCaptureFixture) -> None:
    def script(_: Stage, __: Object) -> Outcome:
        raise NotLeading

    async def scene(stage: Stage) -> None:
        for name in "abcd":
            stage.loop.changed(body(ObjectRef("Thing", "shop", name)))
        await stage.until(10_000)
        assert not stage.running.done(), "the process is to end for a reason that is told elsewhere"

    stage = play(script, scene)
    assert [obj.ref.name for _, obj, _ in stage.passes] == ["a", "b"], "one for each worker"
    assert stage.metrics.passes == [], "nothing came of them"
    assert stage.queue.busy == 0
    assert [record for record in caplog.records if record.name.startswith("headrace")] == []


def test_only_what_is_ours_is_worked_on_and_all_is_kept() -> None:
    async def scene(stage: Stage) -> None:
        stage.loop.owns = lambda ref: ref.name == "media"
        for take in (stage.loop.changed, stage.loop.listed):
            take(body())
            take(body(ObjectRef("Thing", "shop", "theirs"), status=ready()))
        stage.loop.labelled("shop", {"team": "media"})
        await stage.until(20)
        assert len(stage.loop.cache) == 2

    stage = play(in_sync, scene)
    assert {obj.ref.name for _, obj, _ in stage.passes} == {"media"}
    assert list(stage.metrics.states) == [ObjectRef("Thing", "shop", "media")]


def test_stopping_finishes_what_runs_and_begins_nothing_more() -> None:
    began, go_on = threading.Event(), threading.Event()

    def script(stage: Stage, obj: Object) -> Outcome:
        began.set()
        assert go_on.wait(30)
        return in_sync(stage, obj)

    async def scene() -> Stage:
        with ThreadPoolExecutor(2) as threads:
            stage = Stage(script, threads=threads)
            for name in "abcd":
                stage.loop.changed(body(ObjectRef("Thing", "shop", name)))
            async with asyncio.timeout(30):
                await asyncio.to_thread(began.wait, 30)
                stage.loop.stop()
                await asyncio.sleep(0)
                assert not stage.running.done(), "it waits for what runs"
                go_on.set()
                await stage.running
            return stage

    stage = asyncio.run(scene())
    assert [obj.ref.name for _, obj, _ in stage.passes] == ["a", "b"]
    assert len(stage.metrics.passes) == 2
    assert stage.queue.busy == 0


def test_as_many_passes_run_side_by_side_as_there_are_workers_and_no_more() -> None:
    both = threading.Barrier(2)
    lock, running, most = threading.Lock(), 0, 0

    def script(stage: Stage, obj: Object) -> Outcome:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        both.wait(30)
        with lock:
            running -= 1
        return in_sync(stage, obj)

    async def scene() -> None:
        with ThreadPoolExecutor(8) as threads:
            stage = Stage(script, threads=threads)
            for number in range(6):
                stage.loop.changed(body(ObjectRef("Thing", "shop", str(number))))
            async with asyncio.timeout(30):
                await stage.metrics.counted(6)
                await stage.end()

    asyncio.run(scene())
    assert most == 2
