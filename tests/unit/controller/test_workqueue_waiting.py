"""Workers that wait for the queue, in a time that jumps: one that is not woken is caught."""

import asyncio
from collections.abc import Callable

import pytest

from headrace.controller.workqueue import Item, Lane, WorkQueue
from tests.unit.controller.travel import clock as travelled
from tests.unit.controller.travel import travel

FAST, SLOW = Lane.FAST, Lane.SLOW


def namespace(key: str) -> str:
    return key.partition("/")[0]


def working(queue: WorkQueue[str], seen: list[tuple[str, float]]) -> Callable[[], asyncio.Task[None]]:
    """Return what starts a worker that notes what it gets, and when."""

    async def work() -> None:
        while (item := await queue.get()) is not None:
            seen.append((item.key, travelled()))
            await asyncio.sleep(0)
            queue.done(item.key)

    return lambda: asyncio.create_task(work())


def test_a_getter_waits_for_what_is_added_and_for_what_becomes_due() -> None:
    async def journey() -> list[tuple[str, float]]:
        queue: WorkQueue[str] = WorkQueue(namespace, travelled)
        seen: list[tuple[str, float]] = []
        worker = working(queue, seen)()
        queue.add_after("shop/later", 3600)
        await asyncio.sleep(60)
        queue.add("shop/now")
        queue.add_after("shop/sooner", 5)
        await asyncio.sleep(3600)
        queue.close()
        await worker
        return seen

    assert travel(journey()) == [("shop/now", 60.0), ("shop/sooner", 65.0), ("shop/later", 3600.0)]


def test_a_getter_that_waits_for_anything_hears_of_what_is_to_come_later() -> None:
    async def journey() -> list[tuple[str, float]]:
        queue: WorkQueue[str] = WorkQueue(namespace, travelled)
        seen: list[tuple[str, float]] = []
        worker = working(queue, seen)()
        await asyncio.sleep(1)
        queue.add_after("shop/a", 5)
        await asyncio.sleep(60)
        queue.close()
        await worker
        return seen

    assert travel(journey()) == [("shop/a", 6.0)]


def test_closing_wakes_all_who_wait_and_all_who_come_later() -> None:
    async def journey() -> list[Item[str] | None]:
        queue: WorkQueue[str] = WorkQueue(namespace, travelled)
        queue.add_after("shop/a", 10)
        waiting = [asyncio.create_task(queue.get()) for _ in range(5)]
        await asyncio.sleep(1)
        queue.close()
        return [*await asyncio.gather(*waiting), await queue.get()]

    assert travel(journey()) == [None] * 6


def test_a_closed_queue_gives_out_nothing_even_if_something_is_due() -> None:
    async def journey() -> Item[str] | None:
        queue: WorkQueue[str] = WorkQueue(namespace, travelled)
        queue.add("shop/a")
        queue.close()
        return await queue.get()

    assert travel(journey()) is None


def test_one_key_wakes_one_of_many_and_the_others_wait_on() -> None:
    async def journey() -> tuple[int, list[str]]:
        queue: WorkQueue[str] = WorkQueue(namespace, travelled)
        waiting = [asyncio.create_task(queue.get()) for _ in range(20)]
        keys = []
        for number in range(20):
            await asyncio.sleep(1)
            queue.add(f"shop/{number}")
            await asyncio.sleep(1)
            keys.append(f"shop/{sum(task.done() for task in waiting)}")
        return queue.busy, keys

    assert travel(journey()) == (20, [f"shop/{number}" for number in range(1, 21)])


@pytest.mark.parametrize("workers", [1, 3, 50])
def test_nothing_is_lost_between_many_who_add_and_many_who_get(workers: int) -> None:
    """A wake-up that is lost leaves everybody waiting, which the travelling loop takes for an error."""

    async def add(queue: WorkQueue[str], name: str) -> None:
        for number in range(40):
            queue.add(f"{name}/{number}", SLOW if number % 3 else FAST)
            queue.add_after(f"{name}/later-{number}", number % 7)
            await asyncio.sleep(0.5 if number % 5 == 0 else 0)

    async def journey() -> list[tuple[str, float]]:
        queue: WorkQueue[str] = WorkQueue(namespace, travelled)
        seen: list[tuple[str, float]] = []
        start = working(queue, seen)
        tasks = [start() for _ in range(workers)]
        await asyncio.gather(*(add(queue, f"ns-{number}") for number in range(5)))
        while len({key for key, _ in seen}) < 400:
            await asyncio.sleep(1)
            assert travelled() < 100, "some keys never came"
        queue.close()
        await asyncio.gather(*tasks)
        return seen

    keys = [key for key, _ in travel(journey())]
    assert len(keys) == len(set(keys)) == 400
