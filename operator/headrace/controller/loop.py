"""The loop: events fill cache and queue, workers take from the queue, outcomes say when to look again."""

import asyncio
import logging
import random
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, field
from typing import Any, Protocol

from headrace.controller.api import ApiError, Gone, Object, Stale
from headrace.controller.cache import Cache
from headrace.controller.consequences import Next
from headrace.controller.disputes import Dispute
from headrace.controller.edits import Edits, is_ready
from headrace.controller.elector import Leadership
from headrace.controller.others import Others
from headrace.controller.outcome import Outcome
from headrace.controller.references import dependents
from headrace.controller.status import LASTING
from headrace.controller.workqueue import Item, Lane, WorkQueue
from headrace.engine.errors import Denied
from headrace.engine.fence import NotLeading
from headrace.kinds.definition import ObjectRef
from headrace.telemetry.catalogue import Result
from headrace.telemetry.objects import UNKNOWN, Sight

log = logging.getLogger("headrace.loop")

# Resyncs are spread over this part of their interval on either side, so that they do not come in waves.
_JITTER = 0.2
# After a start, what is not in sync is looked at at once, and the rest within this many seconds.
_START_SPREAD = 10.0
# What waits for a person is looked at ever more seldom while nobody does anything: first after minutes, at
# last after this many seconds. Waits of seconds stay: those of accounts, whose Secrets are not watched.
_LONGEST_WAIT, _GROWING_WAIT = 1200.0, 60.0

# What AWS does not answer is asked for again after this many seconds at last: a look is a dozen calls, and
# hundreds of objects that fail are to cost less than one a minute each.
_LONGEST_OUTAGE = 900.0


class Metrics(Protocol):
    """What the loop tells of its work."""

    def reconciled(self, kind: str, result: Result, seconds: float, waited: float) -> None:
        """Count a pass that was made."""

    def ready_after(self, kind: str, seconds: float) -> None:
        """Note how long it took from an edit of an object until it was Ready."""

    def corrected(self, kind: str) -> None:
        """Count a pass that put drift right."""

    def denied(self, actions: Iterable[str]) -> None:
        """Count the permissions that a pass lacked."""

    def state(self, ref: ObjectRef, sight: Sight) -> None:
        """Note what the status of an object says."""

    def gone(self, ref: ObjectRef) -> None:
        """Note that an object is no more."""


@dataclass
class _Memory:
    """What is remembered of an object from one pass to the next."""

    done: tuple[Any, ...] | None = None
    """Its fingerprint after the last pass."""
    asked: tuple[Any, ...] = ()
    stalled: int = 0
    """How many looks in a row found that a person must help, since somebody asked for something last."""
    spared: float = 0.0
    """Until when the API server asked not to be bothered with it."""
    outages: int = 0
    """How many passes in a row met an outage; what fails for another reason is no outage."""
    dispute: Dispute = field(default_factory=Dispute)


@dataclass
class Loop:
    """Drives the reconciler for every object that the watch reports."""

    cache: Cache
    queue: WorkQueue[ObjectRef]
    reconcile: Callable[[Object, int], Outcome]
    threads: Executor
    metrics: Metrics
    leadership: Leadership
    clock: Callable[[], float]
    workers: int = 10
    labels: dict[str, Mapping[str, str]] = field(default_factory=dict)
    """The labels of each namespace."""
    owns: Callable[[ObjectRef], bool] = lambda _: True
    """Which objects this process works on; all replicas watch all of them (ADR 25)."""
    others: Others | None = None
    """Whom to tell who wrote which object."""
    _memory: defaultdict[ObjectRef, _Memory] = field(default_factory=lambda: defaultdict(_Memory))
    _ended: float | None = None
    """When the last pass ended, or else the work began; None while others lead."""
    _edits: Edits = field(init=False)

    def __post_init__(self) -> None:
        self._edits = Edits(self.clock)

    # What the watch calls. Never waits and never fails.

    def listed(self, body: Mapping[str, Any]) -> None:
        """Take in an object that was there when the watch began."""
        self._see(body, working=False)
        if self._put(body):
            # Nobody knows for how long it has been waiting.
            self._edits.forget(Object(body).ref)
            self._begin_with(Object(body))

    def changed(self, body: Mapping[str, Any]) -> None:
        """Take in an object that was made or changed, by others or by ourselves."""
        ref = Object(body).ref
        self._see(body, working=self.cache.get(ref) is not None and self._takes(ref))
        if self._put(body):
            self._due(ref)

    def deleted(self, body: Mapping[str, Any]) -> None:
        """Take in that an object is gone."""
        ref = Object(body).ref
        before = self.cache.get(ref)
        self.cache.remove(body)
        if self.others is not None:
            self.others.forget(body)
        if self.cache.get(ref) is None:
            self._forget(ref)
            self._tell(before, None)

    def compare(
        self, kind: str, bodies: Iterable[Mapping[str, Any]], version: int, namespace: str = ""
    ) -> int:
        """Put the cache right by a full list of a kind; return how many objects were gone unnoticed.

        Args:
            kind: the kind.
            bodies: the list.
            version: that of the list: an object that is newer may not be in it yet.
            namespace: the one of which it is the list; all where none is named.
        """
        there = set()
        for body in bodies:
            there.add(Object(body).ref)
            self.changed(body)
        known = [obj for obj in self.cache.of(kind) if namespace in ("", obj.ref.namespace)]
        gone = [obj for obj in known if obj.ref not in there and int(obj.version) <= version]
        for obj in gone:
            log.warning("a deletion went unnoticed", extra={"object": obj.ref})
            self.deleted(obj.body)
        return len(gone)

    def labelled(self, namespace: str, labels: Mapping[str, str] | None) -> None:
        """Take in the labels of a namespace, which may be what lets its objects use an account."""
        known = self.labels.get(namespace)
        if labels is None:
            self.labels.pop(namespace, None)
            return
        self.labels[namespace] = labels
        # What was never told of counts as without labels: that is how its objects were looked at.
        if labels != (known or {}):
            for obj in self.cache:
                if obj.ref.namespace == namespace:
                    self._due(obj.ref, forced=True)

    def _see(self, body: Mapping[str, Any], *, working: bool) -> None:
        if self.others is not None:
            self.others.see(body, working=working)

    def _put(self, body: Mapping[str, Any]) -> bool:
        """Keep an object if it is news, and have those looked at that go by it."""
        before = self.cache.get(Object(body).ref)
        if not self.cache.put(body):
            return False
        after = Object(body)
        if before is not None and before.uid != after.uid:
            # Its deletion was never told: what is remembered is not about this one.
            self._forget(after.ref)
        self._note(after)
        self._edits.seen(before, after)
        if not self.queue.works_on(after.ref):
            # Carried out by another replica, which counts it.
            self._edits.ready(after)
        self._tell(before, after)
        return True

    def _tell(self, before: Object | None, after: Object | None) -> None:
        for ref in dependents(self.cache, before, after):
            self._due(ref, forced=True)

    def _begin_with(self, obj: Object) -> None:
        """Have an object looked at that is new to us: soon where all is well with it, or else at once."""
        if not _settled(obj):
            self._due(obj.ref, forced=True)
        elif self._takes(obj.ref):
            self.queue.add_after(obj.ref, random.uniform(0, _START_SPREAD))  # noqa: S311 - spreads load

    def _due(self, ref: ObjectRef, *, forced: bool = False) -> None:
        if self._takes(ref):
            self.queue.add(ref, forced=forced)

    def _takes(self, ref: ObjectRef) -> bool:
        """Say whether events are to lead to work; who stands by keeps the cache, and nothing else."""
        return self._ended is not None and self.owns(ref)

    # Working

    async def run(self, prepare: Callable[[], Awaitable[None]]) -> None:
        """Work until the queue is closed, once this process leads and has prepared itself for that."""
        await self.leadership.acquired()
        await prepare()
        self._ended = self.clock()
        for obj in self.cache:
            self._note(obj)
            self._begin_with(obj)
        async with asyncio.TaskGroup() as group:
            for _ in range(self.workers):
                group.create_task(self._work())

    def stop(self) -> bool:
        """Take no more work; what runs is finished. Say whether there was work at all."""
        self.queue.close()
        return self._ended is not None

    def standstill(self) -> float:
        """Return for how many seconds something has been due and no pass has ended."""
        return 0.0 if self._ended is None else min(self.queue.oldest(), self.clock() - self._ended)

    async def _work(self) -> None:
        while (item := await self.queue.get()) is not None:
            try:
                await self._take(item)
            except Exception:
                # One object that cannot even be told of must not stop the work on all others.
                log.exception("bug while reconciling", extra={"object": item.key})
                self.queue.add_after(item.key, self.queue.backoff(item.key), Lane.FAST)
            finally:
                self.queue.done(item.key)
                self._ended = self.clock()

    async def _take(self, item: Item[ObjectRef]) -> None:
        obj = self.cache.get(item.key)
        if obj is None:
            self._forget(item.key)
            return
        memory = self._memory[item.key]
        if not item.forced and memory.done is not None:
            if memory.done == obj.fingerprint():
                # The echo of our own write, or of a change that is none of our business.
                return
            if obj.differs_in_status(memory.done):
                # Answered at once, another release that does not agree would be answered without end.
                self.queue.add_after(item.key, memory.dispute.wait(self.clock()))
                return
        spared = memory.spared - self.clock()
        if spared > 0:
            # Whatever happened to it meanwhile, such as the echo of what we did write, is seen then.
            self.queue.add_after(item.key, spared, Lane.FAST)
            return
        self.queue.supersede(item.key)
        began = self.clock()
        result: Result | None = "bug"
        try:
            result = await self._pass(obj)
        finally:
            if result is not None:
                self.metrics.reconciled(item.key.kind, result, self.clock() - began, began - item.since)

    async def _pass(self, obj: Object) -> Result | None:
        """Make one pass and see to what follows from it; return its result, as the metrics count it.

        None is a pass that is not counted: it ended with leadership.
        """
        memory = self._memory[obj.ref]
        try:
            outcome = await asyncio.get_running_loop().run_in_executor(
                self.threads, self.reconcile, obj, memory.outages
            )
        except Gone:
            outcome = Outcome(None, result="deleted")
        except NotLeading:
            # Whoever leads by now does the rest; this process is about to end.
            await self.queue.closed()
            return None
        except ApiError as error:
            # What was stale is mostly on its way to us: that is worth a word only where it lasts.
            passing = isinstance(error, Stale) and self.queue.failures(obj.ref) + 1 < LASTING
            log.log(logging.DEBUG if passing else logging.WARNING, str(error), extra={"object": obj.ref})
            spared = error.after * random.uniform(1, 1 + _JITTER)  # noqa: S311 - spreads load
            memory.spared = self.clock() + spared
            self.queue.add_after(obj.ref, max(self.queue.backoff(obj.ref), spared), Lane.FAST)
            return "api_error"
        self._after(obj, outcome)
        return outcome.result

    def _after(self, looked: Object, outcome: Outcome) -> None:
        """Keep what was written, and have the object looked at again when it is time."""
        ref = looked.ref
        if outcome.obj is not None:
            self._put(outcome.obj.body)
            self._count(looked, outcome.obj)
        self.metrics.denied(error.context.action for error in outcome.errors if isinstance(error, Denied))
        known = self.cache.get(ref)
        if outcome.obj is None or known is None or known.uid != looked.uid:
            self._part_with(looked)
            return
        memory = self._memory[ref]
        memory.outages = memory.outages + 1 if outcome.outage else 0
        if outcome.obj.asked() == looked.asked():
            memory.done = outcome.obj.fingerprint()
        else:
            # Somebody asked for more during the pass. What we wrote came after it, so the event that tells
            # of it is no news to the cache any more.
            memory.done = None
            self.queue.add(ref)
        if outcome.next is Next.BACKOFF:
            self.queue.add_after(ref, self.queue.backoff(ref, _LONGEST_OUTAGE), Lane.FAST)
            return
        self.queue.reset(ref)
        delay = self._wait(looked, outcome)
        self.queue.add_after(ref, delay * random.uniform(1 - _JITTER, 1 + _JITTER))  # noqa: S311 - spreads load

    def _wait(self, looked: Object, outcome: Outcome) -> float:
        """Return the seconds to the next look: doubled each time while all waits for a person."""
        memory, wait = self._memory[looked.ref], outcome.next
        before, memory.asked = memory.asked, ()
        if not isinstance(wait, float):
            return outcome.interval
        if outcome.result != "stalled" or wait < _GROWING_WAIT:
            return wait
        memory.asked = looked.asked()
        memory.stalled = memory.stalled + 1 if memory.asked == before else 0
        return min(wait * 2.0**memory.stalled, _LONGEST_WAIT)

    def _count(self, before: Object, after: Object) -> None:
        """Count what a pass brought about, by what it wrote."""
        kind, correction = after.ref.kind, after.status.get("lastCorrection")
        if correction is not None and correction != before.status.get("lastCorrection"):
            self.metrics.corrected(kind)
        if (seconds := self._edits.ready(after)) is not None:
            self.metrics.ready_after(kind, seconds)

    def _note(self, obj: Object) -> None:
        if not self._takes(obj.ref):
            return
        holding = {type_ for type_, condition in obj.conditions.items() if condition["status"] == "True"}
        status, ready = obj.status, obj.conditions.get("Ready", {})
        sight = Sight(
            "stalled" if "Stalled" in holding else "ready" if "Ready" in holding else "progressing",
            ready.get("reason", UNKNOWN),
            status.get("driftCount", 0),
            tuple(each.get("field", "") for each in status.get("drift", ())),
        )
        self.metrics.state(obj.ref, sight)

    def _part_with(self, obj: Object) -> None:
        """Forget an object that is gone, but not the namesake that may have come during the pass."""
        known = self.cache.get(obj.ref)
        if known is None or known.uid == obj.uid:
            self._forget(obj.ref)

    def _forget(self, ref: ObjectRef) -> None:
        self.queue.forget(ref)
        self._memory.pop(ref, None)
        self._edits.forget(ref)
        self.metrics.gone(ref)


def _settled(obj: Object) -> bool:
    """Say whether the status is about this generation and says that all is well."""
    return (
        not obj.deleting
        and is_ready(obj, obj.generation)
        and obj.status.get("lastHandledReconcileAt") == obj.requested_at
    )
