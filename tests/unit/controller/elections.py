"""A Lease that nobody serves, time that goes on when it is told to, and replicas that run for leadership."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from headrace.controller.api import ApiError, Gone, Stale
from headrace.controller.elector import Elector, Lost, Record, Timing
from headrace.engine.fence import Fence

TIMING = Timing(15, 10.0, 0.75)


class Clock:
    """Time for all; nobody's time of day says anything about it."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Way:
    """What becomes of the next request: how long it travels, and whether it or its answer gets lost."""

    there: float = 0.0
    back: float = 0.0
    fails: ApiError | None = None
    lost: bool = False


@dataclass
class Store:
    """The API server's one Lease; what is replaced must be of its newest version."""

    clock: Clock
    record: Record | None = None
    asked: list[str] = field(default_factory=list)
    version: int = 0

    def put(self, record: Record | None) -> None:
        self.version += 1
        self.record = record and replace(record, version=str(self.version))


class Lock:
    """The Lease as one replica reaches it."""

    name = "Lease system/op"

    def __init__(self, store: Store) -> None:
        self.store, self.way = store, Way()
        self.between: Callable[[], object] = lambda: None
        """What happens before a request arrives."""
        self.after: Callable[[], object] = lambda: None
        """What happens before its answer does."""

    def get(self, seconds: float) -> Record | None:
        return self._travel("get", lambda: self.store.record)

    def create(self, record: Record, seconds: float) -> Record:
        def made() -> Record | None:
            if self.store.record is not None:
                raise Stale("there is one")
            self.store.put(record)
            return self.store.record

        return self._sure(self._travel("create", made))

    def update(self, record: Record, seconds: float) -> Record:
        def written() -> Record | None:
            if self.store.record is None:
                raise Gone("there is none")
            if self.store.record.version != record.version:
                raise Stale("it has changed")
            self.store.put(record)
            return self.store.record

        return self._sure(self._travel("update", written))

    def _travel(self, verb: str, act: Callable[[], Record | None]) -> Record | None:
        way, self.way = self.way, Way()
        self.store.asked.append(verb)
        self.store.clock.now += way.there
        self.between()
        if way.fails is not None:
            self.store.clock.now += way.back
            raise way.fails
        answer = act()
        self.after()
        self.store.clock.now += way.back
        if way.lost:
            raise ApiError("The answer got lost")
        return answer

    @staticmethod
    def _sure(record: Record | None) -> Record:
        assert record is not None
        return record


class Replica:
    """A process that runs for leadership; it is over once it lost it."""

    def __init__(self, name: str, store: Store, timing: Timing = TIMING, chance: float = 0.0) -> None:
        self.name, self.lock = name, Lock(store)
        self.fence = Fence(float("-inf"), store.clock)
        self.elector = Elector(
            self.lock,
            name,
            timing,
            self.fence,
            # Its time of day says nothing: it is some day in a year that is long over.
            lambda: f"1999-01-01T00:00:{len(store.asked) % 60:02}.000000Z",
            clock=store.clock,
            chance=lambda: chance,
        )
        self.lost = ""

    def works(self) -> bool:
        """Whether it would send anything that changes something now."""
        return not self.fence.closed()

    def step(self, way: Way | None = None) -> float:
        """Step once; the requests of the step travel in this way, the first of them."""
        self.lock.way = way or Way()
        try:
            return self.elector.step()
        except Lost as error:
            self.lost = str(error)
            return float("inf")


@dataclass
class Scene:
    """Replicas, their Lease and their time."""

    clock: Clock = field(default_factory=Clock)
    timing: Timing = TIMING

    def __post_init__(self) -> None:
        self.store = Store(self.clock)

    def replica(self, name: str, chance: float = 0.0) -> Replica:
        return Replica(name, self.store, self.timing, chance)

    def run(self, seconds: float, *replicas: Replica) -> None:
        """Let time go on, and each replica step when it wants to, from now on."""
        due = {replica.name: (self.clock.now, replica) for replica in replicas}
        until = self.clock.now + seconds
        while due:
            name = min(due, key=lambda name: due[name][0])
            at, replica = due[name]
            if at > until:
                break
            self.clock.now = max(self.clock.now, at)
            pause = replica.step()
            if pause == float("inf"):
                del due[name]
            else:
                due[name] = (self.clock.now + max(pause, 0.001), replica)
        self.clock.now = max(self.clock.now, until)
