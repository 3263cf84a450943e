"""Others who write our status: each answers, and two that do not agree do it ever more seldom."""

from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest

from headrace.controller.api import Object
from headrace.controller.disputes import Dispute
from headrace.controller.outcome import Outcome
from tests.unit.controller.objects import asked, body, ready
from tests.unit.controller.stage import Script, Stage, in_sync, newer, play, written
from tests.unit.controller.travel import travel

HOURS = 3600


class Server:
    """Has one object, and tells everybody of what becomes of it, the writer too."""

    def __init__(self) -> None:
        self._versions: Iterator[int] = count(100)
        self.now = body()
        self.stages: list[Stage] = []
        self.writes: list[float] = []

    def write(self, stage: Stage, obj: Object, status: dict[str, Any]) -> Object:
        assert len(self.writes) < 1000, "without end"
        self.writes.append(stage.time())
        self.tell({**newer(obj, next(self._versions)), "status": status})
        return Object(self.now)

    def tell(self, now: Any) -> None:
        self.now = now
        for each in self.stages:
            each.loop.changed(now)


def release(server: Server, name: str) -> Script:
    """A pass of a release that has its own view of the object, and writes that."""

    def script(stage: Stage, obj: Object) -> Outcome:
        mine = ready(obj.generation, callerARN=name)
        return Outcome(obj if obj.status == mine else server.write(stage, obj, mine), interval=10 * HOURS)

    return script


def quarrel(seconds: float, *names: str, edit: float | None = None) -> list[float]:
    """Return when who writes, of releases with these views of one object."""

    async def journey() -> Server:
        server = Server()
        server.stages += [Stage(release(server, name)) for name in names]
        server.tell(server.now)
        one = server.stages[0]
        if edit is not None:
            await one.until(edit)
            server.tell(newer(Object(server.now), by=next(server._versions), generation=2))
        await one.until(seconds)
        for stage in server.stages:
            await stage.end()
        return server

    return travel(journey()).writes


def test_two_releases_that_do_not_agree_write_a_handful_of_times_and_then_ever_more_seldom() -> None:
    assert 4 <= len(quarrel(5, "one", "two")) <= 12
    writes = quarrel(6 * HOURS, "one", "two")
    assert len([time for time in writes if time > 3 * HOURS]) <= 2 * 3 * HOURS / 300
    assert len(writes) > 20, "neither gives in"


def test_two_releases_that_agree_write_once() -> None:
    assert len(quarrel(HOURS, "one", "one")) == 1


def test_an_edit_is_answered_at_once_in_the_midst_of_a_dispute() -> None:
    writes = quarrel(2 * HOURS, "one", "two", edit=1 * HOURS)
    assert 1 * HOURS in writes


@pytest.mark.parametrize(
    "metadata", [{"generation": 2}, {"annotations": asked("noon")}, {"finalizers": ["example.com/theirs"]}]
)
def test_what_changes_beside_the_status_is_looked_at_at_once(metadata: dict[str, Any]) -> None:
    async def scene(stage: Stage) -> None:
        stage.loop.changed(body())
        await stage.until(1)
        stage.loop.changed({**newer(written(stage.passes[0][1]), **metadata), "status": {}})
        await stage.until(1.4)

    assert play(in_sync, scene).times == [0.0, 1.0]


def test_a_wait_grows_only_once_it_is_over_and_begins_anew_after_half_an_hour_of_quiet() -> None:
    dispute = Dispute()
    first = dispute.wait(0.0)
    assert 0.5 <= first <= 0.6
    assert dispute.wait(0.25) == pytest.approx(first - 0.25)
    assert 1.0 <= dispute.wait(2.0) <= 1.2
    assert 2.0 <= dispute.wait(1800.0) <= 2.4
    assert 0.5 <= dispute.wait(5000.0) <= 0.6


def test_no_wait_is_longer_than_five_minutes_and_a_fifth() -> None:
    dispute, now = Dispute(), 0.0
    waits = []
    for _ in range(100):
        waits.append(dispute.wait(now))
        now += waits[-1]
    assert max(waits) <= 360
    assert min(waits[-50:]) >= 300
