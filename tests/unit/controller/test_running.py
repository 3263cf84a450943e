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


def started(work: Coroutine[Any, Any, None], relist: Coroutine[Any, Any, None]) -> Running:
    return Running(asyncio.create_task(work), asyncio.create_task(relist))


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


def test_whoever_asks_twice_is_in_a_hurry() -> None:
    async def journey() -> tuple[bool, float, list[str]]:
        work, order = Work(60.0), list[str]()
        running = started(work(), for_ever())

        async def stop() -> None:
            await running.stop(work.no_more)
            order.append("stopped")

        ending = Ending(stop, running.hurry)
        ending.asked()
        await asyncio.sleep(3)
        assert order == []
        ending.asked()
        await ending.end()
        return running.finished, clock(), order

    assert travel(journey()) == (False, 3.0, ["stopped"])


def test_an_end_that_nobody_asked_for_is_in_order_too_and_comes_once() -> None:
    async def journey() -> int:
        stops = 0

        async def stop() -> None:
            nonlocal stops
            stops += 1

        ending = Ending(stop, lambda: None)
        await ending.end()
        await ending.end()
        return stops

    assert travel(journey()) == 1


@pytest.mark.parametrize(("seconds", "finished", "took"), [(5.0, True, 5.0), (60.0, False, 20.0)])
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
