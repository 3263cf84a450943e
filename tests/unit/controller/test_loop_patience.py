"""How often the loop looks at what fails: ever more seldom, and less than a call to AWS a minute at last."""

from collections import Counter
from typing import Any

import pytest

from headrace.controller.api import Object
from headrace.controller.consequences import Next, consequence
from headrace.controller.outcome import Outcome
from headrace.engine.errors import CloudError, Denied, NotEmpty, NotOurs, Unavailable
from headrace.kinds.definition import ObjectRef
from headrace.telemetry.catalogue import Result
from tests.unit.controller.objects import asked, body
from tests.unit.controller.stage import Script, Stage, newer, play

MINUTES, HOURS = 60, 3600
# A look at a bucket with every setting, one of which fails: 7 reads and a write.
CALLS = 8


def failing(*errors: CloudError) -> Script:
    """A pass that fails for one of these reasons, by the number in the object's name."""

    def script(_: Stage, obj: Object) -> Outcome:
        effect = consequence(errors[int(obj.ref.name) % len(errors)])
        return Outcome(obj, effect.next, result="stalled" if effect.stalled else "error")

    return script


def waits(stage: Stage) -> list[float]:
    return [later - sooner for sooner, later in zip(stage.times, stage.times[1:], strict=False)]


def one() -> dict[str, object]:
    return body(ObjectRef("Thing", "shop", "0"))


@pytest.mark.parametrize("error", [Denied("no"), NotEmpty("no")])
def test_what_waits_for_a_person_is_looked_at_after_5_minutes_10_and_then_every_20(error: CloudError) -> None:
    async def scene(stage: Stage) -> None:
        stage.loop.changed(one())
        await stage.until(3 * HOURS)

    found = waits(play(failing(error), scene))
    assert len(found) >= 7
    for wait, minutes in zip(found, [5, 10, *[20] * 20], strict=False):
        assert 0.8 * minutes <= wait / MINUTES <= 1.2 * minutes


@pytest.mark.parametrize("metadata", [{"generation": 2}, {"annotations": asked("noon")}])
def test_who_does_something_is_answered_at_once_and_the_waits_begin_anew(metadata: dict[str, Any]) -> None:
    async def scene(stage: Stage) -> None:
        stage.loop.changed(one())
        await stage.until(1 * HOURS)
        stage.loop.changed(newer(stage.passes[0][1], **metadata))
        await stage.until(2 * HOURS)

    times = play(failing(Denied("no")), scene).times
    again = times.index(1 * HOURS)
    assert times[again + 1] - times[again] <= 6 * MINUTES


def test_what_went_well_in_between_begins_anew_too() -> None:
    def script(stage: Stage, obj: Object) -> Outcome:
        well = len(stage.passes) == 5
        return Outcome(obj, Next.RESYNC, interval=1000) if well else Outcome(obj, 300.0, result="stalled")

    async def scene(stage: Stage) -> None:
        stage.loop.changed(one())
        await stage.until(6 * HOURS)

    found = waits(play(script, scene))
    assert found[3] >= 16 * MINUTES
    assert found[5] <= 6 * MINUTES


@pytest.mark.parametrize("wait", [5.0, 60.0])
def test_waits_for_what_is_not_watched_stay_as_they_are(wait: float) -> None:
    result: Result = "stalled" if wait < 60 else "error"

    async def scene(stage: Stage) -> None:
        stage.loop.changed(one())
        await stage.until(1 * HOURS)

    found = waits(play(lambda _, obj: Outcome(obj, wait, result=result), scene))
    assert all(0.8 * wait <= each <= 1.2 * wait for each in found)


def test_200_objects_that_fail_ask_less_than_once_a_minute_once_they_are_backed_off() -> None:
    errors = Denied("no"), NotOurs("no"), NotEmpty("no"), Unavailable("no")
    backed_off = 1 * HOURS

    async def scene(stage: Stage) -> None:
        for number in range(200):
            stage.loop.changed(body(ObjectRef("Thing", "shop", str(number))))
        await stage.until(backed_off + 5 * HOURS)

    passes = play(failing(*errors), scene).passes
    late = Counter(int(obj.ref.name) % len(errors) for time, obj, _ in passes if time > backed_off)
    # Of 50 objects each in five hours: every 20 minutes, or every 15 where AWS does not answer.
    wanted = {0: 50 * 15, 1: 50 * 15, 2: 50 * 15, 3: 50 * 20}
    assert late.keys() == wanted.keys()
    for number, count in wanted.items():
        assert 0.93 * count <= late[number] <= 1.07 * count
    assert late.total() * CALLS / 200 / (5 * 60) < 1
