"""The election on its thread: the event loop hears of leadership, and the end is in order."""

import asyncio
import time
from collections.abc import Callable
from math import inf

from headrace.controller.election import Election
from headrace.controller.elector import Elector, Timing
from headrace.engine.fence import Fence
from tests.unit.controller.elections import Clock, Lock, Store


class Race:
    """An election against others that write to the store."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.store, self.fence, self.lost = Store(self.clock), Fence(-inf, self.clock), list[str]()
        self.lock = Lock(self.store)
        timing = Timing(2, 0.05, 0.01)
        elector = Elector(self.lock, "one", timing, self.fence, lambda: "now", clock=self.clock)
        self.election = Election(elector, self.lost.append)

    @property
    def holder(self) -> str | None:
        return self.store.record.holder if self.store.record else None


async def until(holds: Callable[[], bool]) -> None:
    """Wait for what the other thread does."""

    def wait() -> None:
        while not holds():
            time.sleep(0.005)

    await asyncio.to_thread(wait)


def test_leadership_is_waited_for_and_given_up() -> None:
    async def scene() -> None:
        race = Race()
        async with asyncio.timeout(30):
            await race.election.acquired()
            assert race.election.leads
            assert (race.holder, race.fence.closed()) == ("one", False)
            await race.election.release()
        assert (race.holder, race.fence.closed(), race.election.leads) == ("", True, False)
        assert race.lost == []

    asyncio.run(scene())


def test_a_standby_gives_up_the_wish_and_leaves_the_lease_alone() -> None:
    async def scene() -> None:
        race = Race()
        other = Elector(
            race.lock, "other", Timing(), Fence(-inf, race.clock), lambda: "now", clock=race.clock
        )
        other.step()
        waiting = asyncio.create_task(race.election.acquired())
        async with asyncio.timeout(30):
            await until(lambda: race.store.asked.count("get") >= 3)
            waiting.cancel()
            await race.election.release()
        assert race.holder == "other"
        assert race.fence.closed()

    asyncio.run(scene())


def test_whoever_never_ran_has_nothing_to_give_up() -> None:
    asyncio.run(Race().election.release())


def test_a_leader_that_lost_it_hears_so_at_once() -> None:
    async def scene() -> None:
        race = Race()
        async with asyncio.timeout(30):
            await race.election.acquired()
            race.clock.now += 1
            await until(lambda: bool(race.lost))
        assert race.fence.closed()
        assert "was not renewed within 0.05 s" in race.lost[0]

    asyncio.run(scene())


def test_a_bug_in_it_is_an_end_too() -> None:
    async def scene() -> None:
        race = Race()

        def bug() -> None:
            raise KeyError("bug")

        race.lock.between = bug
        waiting = asyncio.create_task(race.election.acquired())
        async with asyncio.timeout(30):
            await until(lambda: bool(race.lost))
        waiting.cancel()
        assert race.lost == ["the election ended by itself (KeyError('bug'))"]

    asyncio.run(scene())
