"""Whatever happens to requests and processes, never are two replicas within their terms."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from headrace.controller.api import ApiError
from tests.unit.controller.elections import Replica, Scene, Way

# Mostly requests are quick; what is slow is so by any amount.
TRAVEL = st.sampled_from([0.0, 0.0, 0.01, 4.9, 9.99, 10.0])
PASSING = st.sampled_from([0.75, 2.0, 5.0, 8.0, 9.99, 14.99, 15.0])
WAYS = st.builds(
    Way,
    there=TRAVEL,
    back=TRAVEL,
    fails=st.sampled_from([None] * 7 + [ApiError("no")]),
    lost=st.sampled_from([False] * 7 + [True]),
)
NAMES = ("one", "two")


class Elections(RuleBasedStateMachine):
    """Replicas that step, stop for a while, die, end and come back; others write to the Lease as they may."""

    @initialize()
    def begin(self) -> None:
        self.scene = Scene()
        self.lives = 0
        self.replicas: dict[str, Replica] = {name: self._born(name) for name in NAMES}

    def _born(self, name: str) -> Replica:
        self.lives += 1
        replica = self.scene.replica(f"{name}_{self.lives}")
        replica.lock.between = replica.lock.after = self.no_two_work
        return replica

    @rule(name=st.sampled_from(NAMES), way=WAYS, second=WAYS)
    def step(self, name: str, way: Way, second: Way) -> None:
        """The first two requests of a step have each a fate of its own."""
        replica = self.replicas[name]
        fates = iter([second])

        def between() -> None:
            self.no_two_work()
            replica.lock.way = next(fates, Way())

        replica.lock.between = between
        self._step(name, way)

    @rule(name=st.sampled_from(NAMES), other=st.sampled_from(NAMES), way=WAYS, answered=st.booleans())
    def overtake(self, name: str, other: str, way: Way, answered: bool) -> None:
        """While a request of one travels, or its answer does, another one steps."""
        if name == other:
            return
        lock = self.replicas[name].lock

        def meanwhile() -> None:
            lock.between = lock.after = self.no_two_work
            self._step(other)

        if answered:
            lock.after = meanwhile
        else:
            lock.between = meanwhile
        self._step(name, way)

    def _step(self, name: str, way: Way | None = None) -> None:
        replica = self.replicas[name]
        replica.step(way)
        self.no_two_work()
        replica.lock.between = replica.lock.after = self.no_two_work
        if replica.lost:
            assert not replica.works()
            self.replicas[name] = self._born(name)

    @rule(seconds=PASSING)
    def pass_time(self, seconds: float) -> None:
        self.scene.clock.now += seconds

    @rule(name=st.sampled_from(NAMES))
    def end(self, name: str) -> None:
        self.replicas[name].elector.release()
        self.replicas[name] = self._born(name)

    @rule(name=st.sampled_from(NAMES))
    def die(self, name: str) -> None:
        """A process that is killed sends nothing more."""
        self.replicas[name] = self._born(name)

    @rule()
    def label(self) -> None:
        self.scene.store.put(self.scene.store.record)

    @rule()
    def settle(self) -> None:
        """Where nothing fails, one of them leads after a while, and goes on leading."""
        self.scene.run(40, *self.replicas.values())
        for name, replica in self.replicas.items():
            if replica.lost:
                self.replicas[name] = self._born(name)
        self.scene.run(20, *self.replicas.values())
        assert sum(replica.works() for replica in self.replicas.values()) == 1

    @invariant()
    def no_two_work(self) -> None:
        if not hasattr(self, "replicas"):
            return
        at_work = [replica.name for replica in self.replicas.values() if replica.works()]
        assert len(at_work) <= 1, f"{' and '.join(at_work)} both work"


TestElections = Elections.TestCase
TestElections.settings = settings(max_examples=200, stateful_step_count=50, deadline=None)
