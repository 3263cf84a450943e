"""The queue of keys to look at: each at most once, one at a time, fairly, and never later than asked for."""

import asyncio
import contextlib
import heapq
import random
from collections import OrderedDict, deque
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from enum import Enum
from typing import Generic, TypeVar

# How many keys of the fast lane go before one of the slow lane, where both wait.
_FAST_SHARE = 4
_FIRST_DELAY = 0.5
_LONGEST_DELAY = 300.0

K = TypeVar("K", bound=Hashable)


class Lane(Enum):
    """Who asks: a person who changed something, or the clock."""

    FAST = "fast"
    SLOW = "slow"


@dataclass(frozen=True)
class Item(Generic[K]):
    """A key to look at."""

    key: K
    lane: Lane
    forced: bool
    """Whether to look even if nothing changed, as resyncs and retries do."""
    since: float
    """When it became due."""

    def merged(self, other: "Item[K]") -> "Item[K]":
        """Return one item for both: the faster lane, and forced if either is."""
        lane = Lane.FAST if Lane.FAST in (self.lane, other.lane) else Lane.SLOW
        return Item(self.key, lane, self.forced or other.forced, min(self.since, other.since))


class WorkQueue(Generic[K]):
    """A queue for one event loop; only `get` waits.

    Args:
        group: what keys share a turn, such as their namespace: groups take turns.
        clock: seconds, never going back.
        chance: a number from 0 to 1 for jitter.
    """

    def __init__(
        self,
        group: Callable[[K], str],
        clock: Callable[[], float],
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._group, self._clock, self._chance = group, clock, chance
        self._lanes: dict[Lane, OrderedDict[str, deque[K]]] = {lane: OrderedDict() for lane in Lane}
        self._waiting: dict[K, Item[K]] = {}
        self._busy: set[K] = set()
        self._dirty: dict[K, Item[K]] = {}
        self._later: dict[K, Item[K]] = {}
        self._heap: list[tuple[float, int, K]] = []
        self._count = 0
        self._fast_in_a_row = 0
        self._failures: dict[K, int] = {}
        self._wake = asyncio.Event()
        self._closing = asyncio.Event()

    def __len__(self) -> int:
        """Count the keys that are due."""
        self._promote()
        return len(self._waiting)

    @property
    def busy(self) -> int:
        """Count the keys that are being worked on."""
        return len(self._busy)

    def works_on(self, key: K) -> bool:
        """Say whether this key is being worked on."""
        return key in self._busy

    def oldest(self) -> float:
        """Return for how many seconds the longest waiting key has been due."""
        self._promote()
        return self._clock() - min((item.since for item in self._waiting.values()), default=self._clock())

    def add(self, key: K, lane: Lane = Lane.FAST, *, forced: bool = False) -> None:
        """Have this key looked at as soon as its turn comes; a key in work is looked at again after it."""
        self._enter(Item(key, lane, forced, self._clock()))

    def add_after(self, key: K, seconds: float, lane: Lane = Lane.SLOW) -> None:
        """Have this key looked at in so many seconds; of several such wishes the earliest counts."""
        due = self._clock() + seconds
        known = self._later.get(key)
        if known is not None and known.since <= due:
            return
        self._later[key] = Item(key, lane, True, due)
        self._count += 1
        heapq.heappush(self._heap, (due, self._count, key))
        self._wake.set()

    def backoff(self, key: K, longest: float = _LONGEST_DELAY) -> float:
        """Count a failure of this key; return the seconds to wait: 0.5, doubled each time, to the longest."""
        count = self._failures.get(key, 0)
        self._failures[key] = count + 1
        delay = min(longest, _FIRST_DELAY * 2.0 ** min(count, 32))
        return delay * (0.75 + 0.5 * self._chance())

    def failures(self, key: K) -> int:
        """Return how often this key failed since it last went well."""
        return self._failures.get(key, 0)

    def reset(self, key: K) -> None:
        """Forget the failures of this key."""
        self._failures.pop(key, None)

    def supersede(self, key: K) -> None:
        """Drop the look that was to come later: there is one now, and what comes of it says when next."""
        self._later.pop(key, None)

    def forget(self, key: K) -> None:
        """Forget all that is to come for this key: it is gone."""
        self.reset(key)
        self._later.pop(key, None)
        self._dirty.pop(key, None)

    def done(self, key: K) -> None:
        """Give back a key that `get` returned."""
        self._busy.discard(key)
        if key in self._dirty:
            self._enter(self._dirty.pop(key))

    def close(self) -> None:
        """Let every `get` return None from now on."""
        self._closing.set()
        self._wake.set()

    async def closed(self) -> None:
        """Wait until the queue is closed."""
        await self._closing.wait()

    async def get(self) -> Item[K] | None:
        """Wait for a key and take it; None once the queue is closed."""
        while not self._closing.is_set():
            item = self.take()
            if item is not None:
                return item
            self._wake.clear()
            await self._sleep()
        return None

    def take(self) -> Item[K] | None:
        """Take the key whose turn it is, or None where none is due."""
        self._promote()
        fast, slow = self._lanes[Lane.FAST], self._lanes[Lane.SLOW]
        if not fast and not slow:
            return None
        if fast and (not slow or self._fast_in_a_row < _FAST_SHARE):
            lane = fast
            self._fast_in_a_row += 1
        else:
            lane = slow
            self._fast_in_a_row = 0
        group, keys = next(iter(lane.items()))
        key = keys.popleft()
        if keys:
            lane.move_to_end(group)
        else:
            del lane[group]
        self._busy.add(key)
        return self._waiting.pop(key)

    def _enter(self, item: Item[K]) -> None:
        key = item.key
        if key in self._busy:
            self._dirty[key] = item.merged(self._dirty[key]) if key in self._dirty else item
            return
        known = self._waiting.get(key)
        if known is not None:
            item = item.merged(known)
            if item.lane is known.lane:
                self._waiting[key] = item
                return
            self._leave(known)
        self._waiting[key] = item
        self._lanes[item.lane].setdefault(self._group(key), deque()).append(key)
        self._wake.set()

    def _leave(self, item: Item[K]) -> None:
        """Take a waiting key out of its lane, to have it in the faster one."""
        group = self._group(item.key)
        keys = self._lanes[item.lane][group]
        keys.remove(item.key)
        if not keys:
            del self._lanes[item.lane][group]

    def _promote(self) -> None:
        """Let in what has become due; entries of the heap that were overtaken are dropped."""
        now = self._clock()
        while self._heap and self._heap[0][0] <= now:
            due, _, key = heapq.heappop(self._heap)
            item = self._later.get(key)
            if item is not None and item.since == due:
                del self._later[key]
                self._enter(item)

    async def _sleep(self) -> None:
        wait = max(0.0, self._heap[0][0] - self._clock()) if self._heap else None
        # asyncio.wait_for would make a task of its own, which kopf would wait for at the end.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(wait):
                await self._wake.wait()
