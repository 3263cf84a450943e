"""The queue against a model: whatever happens, no key is lost, in work twice, or overtaken."""

from dataclasses import dataclass, field

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from headrace.controller.workqueue import Item, Lane, WorkQueue

KEYS = st.sampled_from([f"{namespace}/{name}" for namespace in "abc" for name in "123"])
LANES = st.sampled_from(Lane)
SECONDS = st.integers(0, 20)


def namespace(key: str) -> str:
    return key.partition("/")[0]


@dataclass
class Model:
    """What the queue should hold: plain lists, searched from the front."""

    waiting: list[Item[str]] = field(default_factory=list)
    """In the order in which they entered their lane."""
    again: dict[str, Item[str] | None] = field(default_factory=dict)
    """By key in work: what was asked for meanwhile."""
    later: dict[str, Item[str]] = field(default_factory=dict)

    def enter(self, item: Item[str]) -> None:
        if item.key in self.again:
            known = self.again[item.key]
            self.again[item.key] = item if known is None else _both(known, item)
            return
        place = next((n for n, known in enumerate(self.waiting) if known.key == item.key), None)
        if place is None:
            self.waiting.append(item)
            return
        both = _both(self.waiting[place], item)
        if both.lane is self.waiting[place].lane:
            self.waiting[place] = both
        else:
            del self.waiting[place]
            self.waiting.append(both)

    def pass_to(self, now: float) -> None:
        for item in sorted(self.later.values(), key=lambda item: item.since):
            if item.since <= now:
                del self.later[item.key]
                self.enter(item)

    def first_of(self, lane: Lane) -> dict[str, Item[str]]:
        """Return the first item of each namespace."""
        first: dict[str, Item[str]] = {}
        for item in self.waiting:
            if item.lane is lane:
                first.setdefault(namespace(item.key), item)
        return first


def _both(one: Item[str], other: Item[str]) -> Item[str]:
    lane = Lane.FAST if Lane.FAST in (one.lane, other.lane) else Lane.SLOW
    return Item(one.key, lane, one.forced or other.forced, min(one.since, other.since))


class QueueMachine(RuleBasedStateMachine):
    """Does to the queue and to the model what workers, watches and the clock do."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        # Never twice the same moment: what is due at once has no order between itself.
        self.moments = 0
        self.queue: WorkQueue[str] = WorkQueue(namespace, lambda: self.now, chance=lambda: 0.5)
        self.model = Model()
        self.fast_in_a_row = 0
        self.slow_in_a_row = 0

    @rule(key=KEYS, lane=LANES, forced=st.booleans())
    def add(self, key: str, lane: Lane, forced: bool) -> None:
        self.queue.add(key, lane, forced=forced)
        self.model.enter(Item(key, lane, forced, self.now))

    @rule(key=KEYS, lane=LANES, seconds=SECONDS)
    def add_after(self, key: str, lane: Lane, seconds: int) -> None:
        self.moments += 1
        delay = seconds + self.moments / 4096
        self.queue.add_after(key, delay, lane)
        known = self.model.later.get(key)
        if known is None or self.now + delay < known.since:
            self.model.later[key] = Item(key, lane, True, self.now + delay)

    @rule(seconds=SECONDS)
    def wait(self, seconds: int) -> None:
        self.now += seconds

    @rule()
    def take(self) -> None:
        self.model.pass_to(self.now)
        fast, slow = self.model.first_of(Lane.FAST), self.model.first_of(Lane.SLOW)
        item = self.queue.take()
        if item is None:
            assert not fast
            assert not slow
            return
        assert item.key not in self.model.again, "twice in flight"
        lane = fast if item.lane is Lane.FAST else slow
        assert item == lane.get(namespace(item.key)), "not the first of its namespace"
        self.model.waiting.remove(item)
        self.model.again[item.key] = None
        self.check_share(item.lane, bool(fast), bool(slow))

    def check_share(self, lane: Lane, fast: bool, slow: bool) -> None:
        """Count only turns for which both lanes had something to offer."""
        if not (fast and slow):
            self.fast_in_a_row = self.slow_in_a_row = 0
        elif lane is Lane.FAST:
            self.fast_in_a_row, self.slow_in_a_row = self.fast_in_a_row + 1, 0
        else:
            self.fast_in_a_row, self.slow_in_a_row = 0, self.slow_in_a_row + 1
        assert self.fast_in_a_row <= 4
        assert self.slow_in_a_row <= 1

    @precondition(lambda self: self.model.again)
    @rule(data=st.data())
    def done(self, data: st.DataObject) -> None:
        key = data.draw(st.sampled_from(sorted(self.model.again)))
        self.queue.done(key)
        again = self.model.again.pop(key)
        if again is not None:
            self.model.enter(again)

    @rule(key=KEYS)
    def supersede(self, key: str) -> None:
        # What is due already has its place among those that wait.
        self.model.pass_to(self.now)
        assert len(self.queue) == len(self.model.waiting)
        self.queue.supersede(key)
        self.model.later.pop(key, None)

    @rule(key=KEYS)
    def forget(self, key: str) -> None:
        self.model.pass_to(self.now)
        assert len(self.queue) == len(self.model.waiting)
        self.queue.forget(key)
        self.model.later.pop(key, None)
        if key in self.model.again:
            self.model.again[key] = None

    @invariant()
    def as_many_are_in_work_as_were_taken(self) -> None:
        assert self.queue.busy == len(self.model.again)

    def teardown(self) -> None:
        """Whatever was asked for comes in the end."""
        for key in list(self.model.again):
            self.queue.done(key)
            again = self.model.again.pop(key)
            if again is not None:
                self.model.enter(again)
        self.now += 1000
        self.model.pass_to(self.now)
        expected = sorted(item.key for item in self.model.waiting)
        came = []
        while (item := self.queue.take()) is not None:
            came.append(item.key)
        assert sorted(came) == expected


TestQueue = QueueMachine.TestCase
TestQueue.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
