import asyncio
import logging
from concurrent.futures import Future
from typing import Any

import pytest

from headrace.controller.api import ApiError, Gone, Object, Stale
from headrace.controller.consequences import Next
from headrace.controller.elector import Alone
from headrace.controller.outcome import Outcome
from headrace.controller.status import Seen
from headrace.engine.errors import CloudError, Conflict, Pending, Throttled, Unavailable
from headrace.kinds.definition import ObjectRef
from tests.unit.controller.fakes import InlineExecutor
from tests.unit.controller.objects import REF, asked, body, deleting, ready
from tests.unit.controller.stage import Stage, failing, in_sync, newer, play, written
from tests.unit.controller.travel import travel

# What leads to a pass


def test_what_is_made_is_looked_at_at_once_and_again_at_the_resync() -> None:
    async def scene(stage: Stage) -> None:
        stage.loop.changed(body())
        await stage.until(5000)

    stage = play(in_sync, scene)
    first, second = stage.times
    assert first == 0.0
    assert 2880 <= second <= 4320, "an hour, and a fifth of it on either side"


def test_the_echo_of_our_own_write_is_no_reason_for_a_pass() -> None:
    async def scene(stage: Stage) -> None:
        stage.loop.changed(body())
        await stage.until(1)
        stage.loop.changed(written(stage.passes[0][1]).body)
        await stage.until(2)

    assert play(in_sync, scene).times == [0.0]


def test_an_echo_that_comes_before_the_pass_is_over_leaves_the_resync_in_place() -> None:
    def script(stage: Stage, obj: Object) -> Outcome:
        outcome = in_sync(stage, obj)
        assert outcome.obj is not None
        stage.loop.changed(outcome.obj.body)
        return outcome

    async def scene(stage: Stage) -> None:
        stage.loop.changed(body())
        await stage.until(5000)

    stage = play(script, scene)
    assert len(stage.passes) == 2
    assert stage.times[1] >= 2880


@pytest.mark.parametrize("metadata", [{"labels": {"a": "b"}}, {"annotations": {"example.com/note": "x"}}])
def test_a_change_that_is_none_of_our_business_is_no_reason_and_leaves_the_resync_in_place(
    metadata: dict[str, Any],
) -> None:
    async def scene(stage: Stage) -> None:
        stage.loop.changed(body())
        await stage.until(1)
        stage.loop.changed(newer(written(stage.passes[0][1]), **metadata))
        await stage.until(5000)

    stage = play(in_sync, scene)
    assert len(stage.passes) == 2
    assert stage.times[1] >= 2880


def test_a_change_that_is_none_of_our_business_leaves_a_retry_in_place() -> None:
    def script(stage: Stage, obj: Object) -> Outcome:
        return Outcome(written(obj) if obj.status != ready() else obj, next=Next.BACKOFF, result="error")

    async def scene(stage: Stage) -> None:
        stage.loop.changed(body())
        await stage.until(0.25)
        stage.loop.changed(newer(written(stage.passes[0][1]), labels={"a": "b"}))
        await stage.until(1)

    assert play(script, scene).times == [0.0, 0.5]


@pytest.mark.parametrize(
    "metadata",
    [{"generation": 2}, {"annotations": asked("noon")}, deleting(), {"finalizers": ["example.com/theirs"]}],
)
def test_a_change_that_asks_for_something_is_a_reason(metadata: dict[str, Any]) -> None:
    async def scene(stage: Stage) -> None:
        stage.loop.changed(body())
        await stage.until(1)
        stage.loop.changed(newer(written(stage.passes[0][1]), **metadata))
        await stage.until(2)

    assert play(in_sync, scene).times == [0.0, 1.0]


def test_a_status_that_somebody_else_wrote_is_a_reason_after_half_a_second() -> None:
    async def scene(stage: Stage) -> None:
        stage.loop.changed(body())
        await stage.until(1)
        stage.loop.changed({**newer(written(stage.passes[0][1])), "status": {}})
        await stage.until(2)

    first, second = play(in_sync, scene).times
    assert first == 0.0
    assert 1.5 <= second <= 1.6


def test_what_came_before_is_no_news() -> None:
    async def scene(stage: Stage) -> None:
        stage.loop.changed(body(version=5))
        await stage.until(1)
        stage.loop.changed(body(version=4, generation=9))
        stage.loop.listed(body(version=5))
        await stage.until(2)

    assert play(in_sync, scene).times == [0.0]


def test_a_resync_looks_even_though_nothing_changed() -> None:
    async def scene(stage: Stage) -> None:
        stage.loop.changed(body())
        await stage.until(20_000)

    assert len(play(in_sync, scene).passes) >= 4


def test_an_edit_during_a_pass_is_looked_at_after_it() -> None:
    def script(stage: Stage, obj: Object) -> Outcome:
        if obj.generation == 1:
            # After the status was written, and before the loop hears that it was.
            stage.loop.changed(newer(obj, by=20, generation=2))
        return in_sync(stage, obj)

    async def scene(stage: Stage) -> None:
        stage.loop.changed(body())
        await stage.until(1)

    stage = play(script, scene)
    assert [obj.generation for _, obj, _ in stage.passes] == [1, 2]


@pytest.mark.parametrize("metadata", [{"generation": 2}, {"annotations": asked("noon")}, deleting()])
def test_an_edit_that_was_only_met_when_the_status_was_written_is_looked_at_too(
    metadata: dict[str, Any],
) -> None:
    """The event that tells of it is older than what was written, and so no news to the cache."""

    def script(stage: Stage, obj: Object) -> Outcome:
        if len(stage.passes) > 1:
            return in_sync(stage, obj)
        return Outcome(Object({**newer(obj, by=7, **metadata), "status": ready(1)}))

    async def scene(stage: Stage) -> None:
        stage.loop.changed(body())
        await stage.until(1)
        stage.loop.changed(newer(stage.passes[0][1], by=6, **metadata))
        await stage.until(2)

    stage = play(script, scene)
    assert stage.times == [0.0, 0.0]
    assert stage.passes[1][1].metadata.items() >= metadata.items()


# When to look again


@pytest.mark.parametrize(("next_", "around"), [(Next.RESYNC, 600), (300.0, 300)])
def test_the_next_look_comes_when_the_outcome_says_give_or_take_a_fifth(
    next_: float | Next, around: float
) -> None:
    async def scene(stage: Stage) -> None:
        for number in range(40):
            stage.loop.changed(body(ObjectRef("Thing", "shop", f"media-{number}"), status=ready()))
        await stage.until(around * 1.3)

    stage = play(lambda _, obj: Outcome(obj, next_, interval=600), scene)
    second = stage.times[40:80]
    assert all(around * 0.8 <= time <= around * 1.2 for time in second)
    assert len(set(second)) > 20, "they do not come in waves"


def test_what_fails_is_tried_again_ever_more_slowly_until_it_goes_well() -> None:
    def script(stage: Stage, obj: Object) -> Outcome:
        well = len(stage.passes) == 4
        return Outcome(obj, Next.RESYNC if well else Next.BACKOFF)

    async def scene(stage: Stage) -> None:
        stage.loop.changed(body(status=ready()))
        await stage.until(5000)

    stage = play(script, scene)
    assert stage.times[:4] == [0.0, 0.5, 1.5, 3.5]


OUTAGES: dict[str, CloudError | None] = {
    "throttled": Throttled("Slow down."),
    "no answer": Unavailable("No answer."),
    "busy": Pending("Busy."),
    "a race": Conflict("A race."),
    "well": None,
}


@pytest.mark.parametrize(
    ("looks", "counted"),
    [
        (["throttled", "no answer", "throttled", "well", "throttled"], [0, 1, 2, 3, 0]),
        (["busy", "busy", "throttled", "busy", "throttled"], [0, 0, 0, 1, 0]),
        (["a race", "throttled", "throttled"], [0, 0, 1]),
    ],
)
def test_only_looks_that_met_an_outage_count_as_one(looks: list[str], counted: list[int]) -> None:
    def script(stage: Stage, obj: Object) -> Outcome:
        error = OUTAGES[looks[(len(stage.passes) - 1) % len(looks)]]
        seen = Seen(obj, "", "", errors=(error,) if error else ())
        return Outcome(obj, Next.BACKOFF if error else 1.0, outage=seen.outage)

    async def scene(stage: Stage) -> None:
        stage.loop.changed(body(status=ready()))
        await stage.until(60)

    assert [outages for _, _, outages in play(script, scene).passes[: len(looks)]] == counted


@pytest.mark.parametrize("error", [ApiError("may not"), Stale("has changed"), KeyError("bug")])
def test_what_the_api_server_refuses_or_a_bug_upsets_is_tried_again_with_back_off(error: Exception) -> None:
    async def scene(stage: Stage) -> None:
        stage.loop.changed(body())
        await stage.until(5)

    stage = play(failing(error), scene)
    assert stage.times == [0.0, 0.5, 1.5, 3.5]
    assert [outages for _, _, outages in stage.passes] == [0, 0, 0, 0], "that is not AWS's fault"


def test_an_api_server_that_asks_to_be_spared_is_spared_for_so_long() -> None:
    async def scene(stage: Stage) -> None:
        for number in range(20):
            stage.loop.changed(body(ObjectRef("Thing", "shop", f"media-{number}")))
        await stage.until(1.5 * 30)

    times = play(failing(ApiError("too many requests", after=30.0)), scene).times
    assert times[:20] == [0.0] * 20
    assert len(times) == 40, "each once more, and none of them at its back-off of half a second"
    assert all(30 <= time <= 36 for time in times[20:])
    assert len(set(times[20:])) > 10, "they do not come back as one"


def test_an_api_server_that_is_to_be_spared_is_not_asked_about_the_echo_of_what_was_written_before() -> None:
    def script(stage: Stage, obj: Object) -> Outcome:
        if len(stage.passes) > 1:
            return in_sync(stage, obj)
        stage.loop.changed(newer(obj, finalizers=["headrace.io/finalizer"]))
        raise ApiError("too many requests", after=30.0)

    async def scene(stage: Stage) -> None:
        stage.loop.changed(body())
        await stage.until(10)
        stage.loop.changed(newer(stage.passes[0][1], by=5, generation=2))
        await stage.until(100)

    first, second = play(script, scene).passes
    assert 30 <= second[0] <= 36
    assert (first[1].generation, second[1].generation) == (1, 2)


def test_what_is_asked_for_is_less_than_the_back_off_by_then() -> None:
    async def scene(stage: Stage) -> None:
        stage.loop.changed(body())
        await stage.until(5)

    assert play(failing(ApiError("too many requests", after=0.1)), scene).times == [0.0, 0.5, 1.5, 3.5]


@pytest.mark.parametrize(
    ("error", "result"),
    [(ApiError("may not"), "api_error"), (Gone("gone"), "deleted"), (KeyError("bug"), "bug")],
)
def test_a_pass_that_failed_is_counted_too(error: Exception, result: str) -> None:
    async def scene(stage: Stage) -> None:
        stage.loop.changed(body())
        await stage.until(0.1)

    assert play(failing(error), scene).metrics.passes == [("Thing", result, 0.0, 0.0)]


# Whether there is any work at all


def test_while_passes_end_nothing_stands_still() -> None:
    async def scene(stage: Stage) -> None:
        stage.loop.changed(body())
        for time in range(1, 5000, 100):
            await stage.until(time)
            assert stage.loop.standstill() == 0.0

    play(failing(ApiError("may not")), scene)


def test_what_is_due_while_no_pass_ends_stands_still() -> None:
    never: Future[Outcome] = Future()

    class Stuck(InlineExecutor):
        def submit(self, fn: Any, /, *_: Any, **__: Any) -> Any:
            return never

    async def journey() -> list[float]:
        stage = Stage(in_sync, threads=Stuck())
        still = []
        await stage.until(1000)
        still.append(stage.loop.standstill())
        for number in range(3):
            stage.loop.changed(body(ObjectRef("Thing", "shop", f"media-{number}")))
        for time in (1001, 1060, 2000):
            await stage.until(time)
            still.append(stage.loop.standstill())
        never.set_result(Outcome(None))
        await stage.until(2001)
        still.append(stage.loop.standstill())
        await stage.end()
        return still

    assert travel(journey()) == [0.0, 1.0, 60.0, 1000.0, 0.0]


def test_who_does_not_lead_stands_by_and_not_still() -> None:
    class Never(Alone):
        async def acquired(self) -> None:
            await asyncio.Event().wait()

    async def journey() -> float:
        stage = Stage(in_sync, leadership=Never())
        stage.loop.changed(body())
        await stage.until(5000)
        stage.running.cancel()
        return stage.loop.standstill()

    assert travel(journey()) == 0.0


def test_one_object_that_upsets_a_pass_does_not_stop_the_work_on_others() -> None:
    def script(stage: Stage, obj: Object) -> Outcome:
        if obj.ref.name == "poison":
            raise RuntimeError("poison")
        return in_sync(stage, obj)

    async def scene(stage: Stage) -> None:
        for name in ("poison", "a", "b", "c"):
            stage.loop.changed(body(ObjectRef("Thing", "shop", name)))
        await stage.until(0.1)

    stage = play(script, scene)
    assert [obj.ref.name for _, obj, _ in stage.passes] == ["poison", "a", "b", "c"]


def test_a_bug_is_logged_with_its_trace_and_the_object(caplog: pytest.LogCaptureFixture) -> None:
    async def scene(stage: Stage) -> None:
        stage.loop.changed(body())
        await stage.until(0.1)

    play(failing(KeyError("bug")), scene)
    (record,) = [record for record in caplog.records if record.exc_info]
    assert vars(record)["object"] == REF


@pytest.mark.parametrize(("error", "levels"), [(ApiError, ["WARNING"] * 4), (Stale, ["WARNING"] * 2)])
def test_what_the_api_server_refuses_is_logged_and_a_lost_race_only_if_it_lasts(
    caplog: pytest.LogCaptureFixture, error: type[ApiError], levels: list[str]
) -> None:
    caplog.set_level(logging.INFO, "headrace")

    async def scene(stage: Stage) -> None:
        stage.loop.changed(body())
        await stage.until(5)

    play(failing(error("Thing shop/media: no")), scene)
    assert [(record.levelname, record.getMessage()) for record in caplog.records] == [
        (level, "Thing shop/media: no") for level in levels
    ]


def test_a_pass_that_was_made_for_another_reason_takes_the_place_of_the_resync() -> None:
    async def scene(stage: Stage) -> None:
        stage.loop.changed(body())
        await stage.until(2000)
        stage.loop.changed(newer(written(stage.passes[0][1]), generation=2))
        await stage.until(4800)

    assert play(in_sync, scene).times == [0.0, 2000.0]
