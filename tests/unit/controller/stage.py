"""A loop whose reconciler is played by the test, on a clock that jumps."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import Executor
from typing import Any

from headrace.controller.api import Object
from headrace.controller.cache import Cache
from headrace.controller.elector import Alone, Leadership
from headrace.controller.loop import Loop
from headrace.controller.outcome import Outcome
from headrace.controller.workqueue import WorkQueue
from headrace.kinds.definition import ObjectRef
from tests.unit.controller.fakes import FakeMetrics, InlineExecutor
from tests.unit.controller.objects import ready
from tests.unit.controller.travel import clock, travel

Script = Callable[["Stage", Object], Outcome]


async def nothing() -> None:
    """Prepare nothing."""


class Stage:
    """A loop whose reconciler is played by the test; written objects get ever newer versions."""

    def __init__(
        self,
        script: Script,
        *,
        leadership: Leadership | None = None,
        threads: Executor | None = None,
        prepare: Callable[[], Awaitable[None]] = nothing,
    ) -> None:
        self.script = script
        self.metrics = FakeMetrics()
        self.passes: list[tuple[float, Object, int]] = []
        """The time, the object and how many outages it had met in a row, of each pass."""
        self.time = asyncio.get_running_loop().time
        self.queue: WorkQueue[ObjectRef] = WorkQueue(lambda ref: ref.namespace, self.time, lambda: 0.5)
        threads = threads or InlineExecutor()
        leader = leadership or Alone()
        self.loop = Loop(
            Cache(), self.queue, self.reconcile, threads, self.metrics, leader, self.time, workers=2
        )
        self.running = asyncio.create_task(self.loop.run(prepare))

    def reconcile(self, obj: Object, outages: int) -> Outcome:
        self.passes.append((self.time(), obj, outages))
        return self.script(self, obj)

    @property
    def times(self) -> list[float]:
        return [time for time, _, _ in self.passes]

    async def until(self, time: float) -> None:
        """Let the clock run up to this time."""
        await asyncio.sleep(time - clock())

    async def end(self) -> None:
        self.loop.stop()
        await self.running


def play(script: Script, scene: Callable[[Stage], Any], leadership: Leadership | None = None) -> Stage:
    """Play a scene to its end, in no time."""

    async def journey() -> Stage:
        stage = Stage(script, leadership=leadership)
        # Whoever is alone leads from the start.
        await asyncio.sleep(0)
        await scene(stage)
        await stage.end()
        return stage

    return travel(journey())


def written(obj: Object, by: int = 10, **about: Any) -> Object:
    """Return what the API server answers once the status of this object is written."""
    status = ready(obj.generation, **about)
    metadata = {**obj.metadata, "resourceVersion": str(int(obj.version) + by)}
    return Object({**obj.body, "metadata": metadata, "status": status})


def in_sync(stage: Stage, obj: Object) -> Outcome:
    """A pass that writes what it saw, at the first time, and nothing later."""
    return Outcome(obj if obj.status == ready(obj.generation) else written(obj))


def failing(error: Exception) -> Script:
    def script(stage: Stage, obj: Object) -> Outcome:
        raise error

    return script


def newer(obj: Object, by: int = 1, **metadata: Any) -> Mapping[str, Any]:
    """Return the object after somebody changed its metadata."""
    version = str(int(obj.version) + by)
    return {**obj.body, "metadata": {**obj.metadata, "resourceVersion": version, **metadata}}
