"""What runs beside the watch: its end is the end of all, unless somebody asked for it."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from headrace.controller.running import Broken, Ending, Running
from tests.unit.controller.travel import clock, travel


class Work:
    """Work that goes on until it is told to end, and then for a while."""

    def __init__(self, seconds: float = 0.0) -> None:
        self._over, self._seconds = asyncio.Event(), seconds

    async def __call__(self) -> None:
        await self._over.wait()
        await asyncio.sleep(self._seconds)

    def no_more(self) -> bool:
        self._over.set()
        return True


async def for_ever() -> None:
    await asyncio.Event().wait()


async def fail() -> None:
    raise KeyError("bug")


async def leave() -> None:
    return


def started(
    work: Coroutine[Any, Any, None], relist: Coroutine[Any, Any, None], hurry: asyncio.Event | None = None
) -> Running:
    return Running(asyncio.create_task(work), asyncio.create_task(relist), hurry)


@pytest.mark.parametrize(
    ("work", "relist", "sentence"),
    [
        (fail, for_ever, "The work on objects ended by itself (KeyError('bug'))"),
        (leave, for_ever, "The work on objects ended by itself (None)"),
        (for_ever, fail, "The comparison with the API server ended by itself (KeyError('bug'))"),
    ],
)
def test_a_part_that_ends_by_itself_is_the_end_of_all_and_is_told(
    work: Callable[[], Any], relist: Callable[[], Any], sentence: str
) -> None:
    async def journey() -> None:
        running = started(work(), relist())
        async with asyncio.timeout(1):
            await running.over.wait()
        # kopf hears of it, and has everything stopped as at any other end.
        await running.stop(lambda: True)
        running.check()

    with pytest.raises(Broken) as broken:
        travel(journey())
    assert str(broken.value) == f"{sentence}; the process ends, to be started again."


def test_what_has_not_begun_is_not_waited_for() -> None:
    """A standby waits to lead, or for what it is to know first."""

    async def journey() -> tuple[bool, float]:
        running = started(for_ever(), for_ever())
        await asyncio.sleep(0)
        await running.stop(lambda: False)
        return running.finished, clock()

    assert travel(journey()) == (True, 0.0)


class Lease:
    """Leadership that can be given up once, and takes its time."""

    leads, trouble = True, ""

    def __init__(self, seconds: float = 0.0) -> None:
        self._seconds = seconds
        self.free: list[float] = []

    async def acquired(self) -> None:
        """Nobody waits for it here."""

    async def release(self) -> None:
        await asyncio.sleep(self._seconds)
        self.free.append(clock())


async def nothing() -> None:
    return


def test_whoever_asks_twice_is_in_a_hurry_and_hands_over_nothing_that_runs() -> None:
    """Requests are on their way, and must have arrived before anybody else leads."""

    async def journey() -> tuple[bool, float, list[float]]:
        work, ending, lease = Work(60.0), Ending(), Lease()
        running = started(work(), for_ever(), ending.hurry)
        ended = asyncio.create_task(running.end(work.no_more, nothing, lease))
        ending.asked()
        await asyncio.sleep(3)
        assert (ending.begun.is_set(), ended.done()) == (True, False)
        ending.asked()
        await running.over.wait()
        return running.finished, clock(), lease.free

    assert travel(journey()) == (False, 3.0, [])


@pytest.mark.parametrize(
    ("work", "lease", "free", "took"),
    [(5.0, 1.0, [6.0], 6.0), (60.0, 1.0, [], 15.0), (5.0, 60.0, [], 8.0)],
    ids=["in time", "what runs does not end", "nobody takes the Lease back"],
)
def test_leadership_is_given_up_once_nothing_runs_and_not_waited_for_without_end(
    work: float, lease: float, free: list[float], took: float
) -> None:
    async def journey() -> tuple[list[float], float]:
        running_work, held = Work(work), Lease(lease)
        running = started(running_work(), for_ever())
        await asyncio.sleep(0)
        await running.end(running_work.no_more, nothing, held)
        assert running.over.is_set()
        return held.free, clock()

    assert travel(journey()) == (free, took)


def test_a_bug_in_the_end_is_told_and_it_is_over_all_the_same(caplog: pytest.LogCaptureFixture) -> None:
    async def journey() -> list[float]:
        work, lease = Work(), Lease()
        running = started(work(), for_ever())
        await asyncio.sleep(0)
        await running.end(work.no_more, fail, lease)
        assert running.over.is_set()
        return lease.free

    assert travel(journey()) == []
    assert [record.getMessage() for record in caplog.records] == [
        "bug while ending; the process ends all the same"
    ]


def test_once_the_end_has_begun_the_process_lives_no_longer_than_kubernetes_lets_it() -> None:
    async def journey() -> float:
        ending = Ending()
        asyncio.get_running_loop().call_later(1000, ending.asked)
        await ending.limit(for_ever())
        return clock()

    assert travel(journey()) == 1027.0


def test_a_life_that_ends_is_over_at_once_and_what_went_wrong_in_it_is_told() -> None:
    async def journey() -> None:
        await Ending().limit(leave())
        await Ending().limit(fail())

    with pytest.raises(KeyError):
        travel(journey())


@pytest.mark.parametrize(("seconds", "finished", "took"), [(5.0, True, 5.0), (60.0, False, 15.0)])
def test_an_end_that_was_asked_for_is_no_failure_and_is_waited_for_a_while(
    seconds: float, finished: bool, took: float
) -> None:
    async def journey() -> tuple[bool, float]:
        work = Work(seconds)
        running = started(work(), for_ever())
        await asyncio.sleep(0)
        await running.stop(work.no_more)
        took = clock()
        await asyncio.sleep(100)
        running.check()
        return running.finished, took

    assert travel(journey()) == (finished, took)
