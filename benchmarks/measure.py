"""The measurements, one after another on one sandbox: one bucket, many buckets, steady passes, memory."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from benchmarks.bare import Bare, Spent, check_same, one_pattern, operations
from benchmarks.cluster import Cluster
from benchmarks.figures import Figure, Results
from benchmarks.memory import Memory, cpu_seconds, memory
from sandbox.aws.stand_in import Call
from sandbox.console import say
from sandbox.operator import USER, Operator
from sandbox.processes import wait_until
from sandbox.up import Sandbox
from sandbox.world import condition, current

_ROUNDS = 5
_AIM_MANY, _AIM_ONE = 4.5, 0.5
# MiB, for so many buckets at most.
_AIM_MEMORY = ((100, 150.0), (1000, 180.0))
# The aims are for so many buckets with so much latency and so many workers.
_AIMED_AT = (100, 10, 0.03)
_OPERATOR, _BARE = "headrace/", "bare-calls"


@dataclass(frozen=True)
class Plan:
    """What to measure: how many buckets, how many at once, seconds of latency on every AWS call."""

    buckets: int
    workers: int
    latency: float

    @property
    def aimed_at(self) -> bool:
        """Whether this is what the aims are about."""
        return (self.buckets, self.workers, self.latency) == _AIMED_AT

    @property
    def aim_memory(self) -> float:
        """What the operator's memory is to be at most, in MiB."""
        return next(aim for buckets, aim in _AIM_MEMORY if self.buckets <= buckets)


class Benchmark:
    """Measures one operator on one sandbox."""

    def __init__(self, up: Sandbox, operator: Operator, plan: Plan) -> None:
        self._aws, self._operator, self._plan = up.aws, operator, plan
        self._cluster = Cluster(up.plane)
        self._bare = Bare(up.aws, plan.workers)
        self._many = [f"bench-{number:03}" for number in range(plan.buckets)]
        self._figures: list[Figure] = []
        self._calls: dict[str, Counter[str]] = {}

    def run(self) -> Results:
        """Measure everything; SandboxError where something does not come, or cannot be compared."""
        try:
            self._idle()
            self._one()
            self._made()
            self._asked()
            self._restarted()
        finally:
            self._bare.close()
        plan = self._plan
        settings = {"buckets": plan.buckets, "workers": plan.workers, "latency_seconds": plan.latency}
        return Results(settings, tuple(self._figures), self._calls)

    def _idle(self) -> None:
        say("memory of the idle operator")
        self._operator.start()
        # The stand-in reads a service's model at its first call; that is no time of the operator's.
        self._aws.client("sts").get_caller_identity()
        self._aws.latency(self._plan.latency)
        self._remember("memory, idle")

    def _one(self) -> None:
        """One bucket: the first that a process makes, which also builds its clients, and then later ones."""
        say("one bucket")
        seconds, bare = [], []
        for number in range(_ROUNDS + 1):
            name = f"single-{number}"
            seconds.append(self._until_ready([name])[0])
            bare.append(self._bare.make([f"bare-single-{number}"]).seconds)
        aim = _AIM_ONE if self._plan.aimed_at else None
        self._figures += [
            Figure("1 bucket, apply to Ready, the first since the start", seconds[0], "s", aim=aim),
            Figure(
                f"1 bucket, apply to Ready, median of {_ROUNDS}",
                median(seconds[1:]),
                "s",
                median(bare[1:]),
                aim,
            ),
        ]

    def _made(self) -> None:
        """Many buckets, from the first apply to all Ready."""
        many = len(self._many)
        say(f"{many} buckets")
        mark = self._aws.mark()
        seconds, cpu = self._until_ready(self._many)
        writes = Counter(w.resource for w in self._cluster.written(USER))
        calls = one_pattern(self._seen(mark, _OPERATOR), self._many, "the operator")
        mark = self._aws.mark()
        names = [f"bare-{name}" for name in self._many]
        bare = self._bare.make(names)
        check_same(calls, one_pattern(self._seen(mark, _BARE), names, "the bare calls"))
        self._calls["AWS calls to make a bucket"] = calls
        aim = _AIM_MANY if self._plan.aimed_at else None
        self._figures += [
            Figure(f"{many} buckets, first apply to all Ready", seconds, "s", bare.seconds, aim),
            *_cpu(f"{many} buckets, processor time", cpu, bare),
            Figure("AWS calls to make a bucket", calls.total()),
            Figure("API writes to make a bucket", writes["acceleratedbuckets"] / many),
            Figure("events to make a bucket", writes["events"] / many),
        ]
        self._remember(f"memory, {many} buckets")

    def _asked(self) -> None:
        """A steady pass over all, because somebody asks for it."""
        many = len(self._many)
        say(f"a steady pass over {many} buckets")
        self._cluster.begin()
        mark, before = self._aws.mark(), cpu_seconds(self._operator.child.pid)
        self._cluster.ask(self._many, "now")
        self._cluster.wait(
            many, lambda obj: obj["status"].get("lastHandledReconcileAt") == "now", "every look is answered"
        )
        seconds, cpu = self._cluster.seconds(), _since(before, self._operator)
        calls = one_pattern(self._seen(mark, _OPERATOR), self._many, "the operator")
        mark = self._aws.mark()
        bare = self._bare.look(self._many)
        check_same(calls, one_pattern(self._seen(mark, _BARE), self._many, "the bare calls"))
        self._calls["AWS calls of a steady pass over a bucket"] = calls
        self._figures += [
            Figure(
                f"steady pass over {many} buckets, first request to last answer", seconds, "s", bare.seconds
            ),
            *_cpu(f"steady pass over {many} buckets, processor time", cpu, bare),
            Figure("AWS calls of a steady pass over a bucket", calls.total()),
        ]
        held = self._remember("memory, after a steady pass")
        if held is not None:
            self._figures.append(Figure("memory, the most so far (VmHWM)", held.peak, "MiB"))

    def _restarted(self) -> None:
        """A steady pass over all at the start of a new process, which has nothing to answer or to write."""
        say("a steady pass of a new process (it takes its time: 10 s)")
        wanted = self._calls["AWS calls of a steady pass over a bucket"]
        self._operator.stop()
        self._cluster.begin()
        mark = self._aws.mark()
        self._operator.start()

        def looked() -> bool:
            seen = operations(self._seen(mark, _OPERATOR))
            return all(seen.get(name) == wanted for name in self._many)

        wait_until(
            looked, what="the new process has looked at all buckets", seconds=_patience(len(self._many))
        )
        writes = len(self._cluster.written(USER))
        self._figures.append(Figure("API writes and events of a steady pass", writes))
        self._remember("memory, a new process after a steady pass")

    def _until_ready(self, names: Sequence[str]) -> tuple[float, float | None]:
        """Make these buckets; return the seconds until all were Ready, and the operator's processor time."""
        self._cluster.begin()
        before = cpu_seconds(self._operator.child.pid)
        self._cluster.make(names)
        wanted = set(names)

        def ready(obj: dict[str, Any]) -> bool:
            return (
                obj["metadata"]["name"] in wanted
                and current(obj)
                and condition(obj, "Ready").get("status") == "True"
            )

        self._cluster.wait(len(names), ready, f"{len(names)} buckets are Ready")
        return self._cluster.seconds(), _since(before, self._operator)

    def _seen(self, mark: int, who: str) -> list[Call]:
        return [call for call in self._aws.since(mark) if who in call.user_agent]

    def _remember(self, name: str) -> Memory | None:
        held = memory(self._operator.child.pid)
        if held is not None:
            self._figures += [
                Figure(f"{name} (VmRSS)", held.resident, "MiB", aim=self._plan.aim_memory),
                Figure(f"{name} (Pss)", held.share, "MiB"),
            ]
        return held


def _patience(count: int) -> float:
    """Return for how many seconds to wait for so many buckets at most."""
    return 60.0 + count / 2


def _since(before: float | None, operator: Operator) -> float | None:
    now = cpu_seconds(operator.child.pid)
    return None if now is None or before is None else now - before


def _cpu(name: str, seconds: float | None, bare: Spent) -> list[Figure]:
    return [] if seconds is None else [Figure(name, seconds, "s", bare.cpu_seconds)]
