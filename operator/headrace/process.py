"""Puts the parts together, and takes them apart again when the process is asked to stop."""

import asyncio
import logging
import os
import secrets
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from math import inf
from time import monotonic, time

from headrace.aws.meter import Meter
from headrace.aws.pacing import SERVICE_RATES, Pacing
from headrace.config import Config
from headrace.controller.account_reconciler import AccountReconciler
from headrace.controller.accounts import Accounts, Options, make_account
from headrace.controller.api import Object
from headrace.controller.cache import Cache
from headrace.controller.election import Election
from headrace.controller.elector import Alone, Elector, Leadership
from headrace.controller.loop import Loop
from headrace.controller.others import Others
from headrace.controller.outcome import Outcome, Parts
from headrace.controller.reconciler import Reconciler
from headrace.controller.relations import Relations, references_of
from headrace.controller.running import Ending, Running
from headrace.controller.secrets import FreshSecrets, secret_values
from headrace.controller.workqueue import WorkQueue
from headrace.engine.fence import Fence
from headrace.kinds.aws_account import AWSAccount
from headrace.kinds.definition import ObjectRef
from headrace.kinds.registry import DEFINITIONS, KINDS
from headrace.kube.client import KubeClient, make_client
from headrace.kube.connection import Heartbeat, load
from headrace.kube.events import EventRecorder
from headrace.kube.lease import Lease, stamp
from headrace.kube.relist import prime, relist
from headrace.kube.served import served_or_stopped
from headrace.kube.watch import registry, watch
from headrace.telemetry.registry import Metrics
from headrace.telemetry.server import Probe, Server

log = logging.getLogger("headrace")

# Bookmarks come every minute; kopf itself reconnects after 70 seconds of silence.
_SILENCE_SECONDS = 180.0
# A pass takes seconds, a minute where AWS does not answer: nothing for so long is no pass at all.
_STANDSTILL_SECONDS = 600.0
# Reads of one resource run side by side, on threads that all workers share.
_READERS_PER_WORKER = 4


@dataclass(frozen=True)
class _Assembly:
    """The parts that live as long as the process."""

    kube: KubeClient
    leadership: Leadership
    loop: Loop
    recorder: EventRecorder
    metrics: Metrics
    heartbeat: Heartbeat
    pools: tuple[ThreadPoolExecutor, ...]

    def shut_down(self) -> None:
        """Let the threads go, whatever they wait for."""
        for pool in self.pools:
            pool.shutdown(wait=False, cancel_futures=True)


async def _assemble(config: Config) -> _Assembly:
    leadership, fence, identity = _leadership(config)
    api_client = make_client(load(), config.workers + 2, identity)
    kube = KubeClient(api_client, DEFINITIONS, config.own_namespace, manager=config.manager, fence=fence)
    cluster_id = config.cluster_id or await asyncio.to_thread(kube.cluster_id)
    metrics, meter, heartbeat = Metrics(DEFINITIONS), Meter(), Heartbeat(monotonic)
    meter.listen(metrics.called)
    recorder = EventRecorder(api_client, fence=fence)
    queue: WorkQueue[ObjectRef] = WorkQueue(lambda ref: ref.namespace, monotonic)
    readers = ThreadPoolExecutor(config.workers * _READERS_PER_WORKER, "reader")
    threads = ThreadPoolExecutor(config.workers, "worker")
    cache, labels = Cache(references_of(KINDS)), dict[str, Mapping[str, str]]()
    make = make_account(meter, Pacing(config.rate, rates=SERVICE_RATES), fence)
    secrets = FreshSecrets(kube, monotonic)
    accounts = Accounts(Options(cluster_id, config.allow_ambient), cache, secrets, labels, make)
    relations = Relations(cache, KINDS)
    parts = Parts(
        KINDS,
        accounts,
        kube,
        recorder,
        readers,
        cluster_id,
        relations,
        partial(secret_values, secrets),
        cache.get,
    )
    look = _by_kind(Reconciler(parts), AccountReconciler(accounts, kube, recorder, time))
    loop = Loop(cache, queue, look, threads, metrics, leadership, monotonic, config.workers, labels)
    loop.others = others = Others(config.manager, monotonic)
    _gauges(metrics, queue, heartbeat)
    metrics.watch_gauge("headrace_leader", "Whether this replica leads.", lambda: leadership.leads)
    about = "Other releases of Headrace that wrote to our objects within the last hour."
    metrics.watch_gauge("headrace_other_operators", about, others.count)
    return _Assembly(kube, leadership, loop, recorder, metrics, heartbeat, (threads, readers))


def _leadership(config: Config) -> tuple[Leadership, Fence, str]:
    """Return who leads, what ends with leadership, and who this process is."""
    # A container that is started again has the name of the one before, which may not be dead yet.
    identity = f"{config.identity}_{secrets.token_hex(4)}"
    if not config.leader_elect:
        return Alone(), Fence(), identity
    fence = Fence(-inf)
    lease = Lease(make_client(load(), 1, identity), config.own_namespace, config.lease_name)
    return Election(Elector(lease, identity, config.timing, fence, stamp), _end_at_once), fence, identity


def _end_at_once(why: str) -> None:
    """End the process without another word to anybody: somebody else may lead already."""
    log.error("Leadership is lost: %s; the process ends, to be started again as a standby.", why.rstrip("."))
    os._exit(1)


async def run(config: Config) -> bool:
    """Serve probes and metrics, and work as soon as our kinds are there, until a signal comes.

    Return whether all that ran was finished in time; what was not is begun again by the next start.
    """
    made, ready = await _assemble(config), asyncio.Event()
    health = _health(made.heartbeat, made.loop.standstill)
    server = Server(made.metrics.registry, health, _readiness(ready, made.heartbeat, made.leadership))
    await server.start(*config.listen)
    try:
        plurals = [kind.plural for kind in DEFINITIONS.values()]
        if not await served_or_stopped(made.kube, plurals, made.heartbeat):
            return True
        return await _watch(config, made, ready)
    finally:
        await server.stop()
        made.shut_down()


async def _watch(config: Config, made: _Assembly, ready: asyncio.Event) -> bool:
    """Start what the watch feeds, then watch, then stop in the reverse order."""
    heartbeat, loop = made.heartbeat, made.loop
    made.recorder.start()
    running = Running(
        work=asyncio.create_task(_work(made.kube, loop)),
        relist=asyncio.create_task(relist(made.kube, DEFINITIONS, loop, config.namespaces, heartbeat.gap)),
    )

    async def stop() -> None:
        await running.stop(loop.stop)
        await asyncio.to_thread(made.recorder.stop, 2.0)
        # Only now: until here the Lease is renewed, and nobody else begins.
        await made.leadership.release()
        running.over.set()

    ending = Ending(stop, running.hurry)
    # Where kopf ends by itself, or because a part did, the rest is still to be stopped.
    handlers = registry(DEFINITIONS, loop, heartbeat, ending.end)
    await watch(handlers, config.namespaces, ready, running.over, asked=ending.asked)
    running.check()
    return running.finished


async def _work(kube: KubeClient, loop: Loop) -> None:
    await prime(kube, DEFINITIONS[AWSAccount.name], loop)
    await loop.run()


def _by_kind(objects: Reconciler, accounts: AccountReconciler) -> Callable[[Object, int], Outcome]:
    def look(obj: Object, outages: int) -> Outcome:
        return (accounts if obj.ref.kind == AWSAccount.name else objects)(obj, outages)

    return look


def _gauges(metrics: Metrics, queue: WorkQueue[ObjectRef], heartbeat: Heartbeat) -> None:
    metrics.watch_gauge("headrace_queue_depth", "Objects that are due.", lambda: len(queue))
    metrics.watch_gauge("headrace_workers_busy", "Objects that are worked on.", lambda: queue.busy)
    metrics.watch_gauge("headrace_queue_oldest_seconds", "How long the oldest object is due.", queue.oldest)
    metrics.watch_gauge("headrace_watch_age_seconds", "Time since bytes came in on a watch.", heartbeat.age)


def _health(heartbeat: Heartbeat, standstill: Callable[[], float]) -> Probe:
    """Say only what a new start may mend; an API server or an AWS that does not answer is not that."""

    def probe() -> str:
        still = standstill()
        if still > _STANDSTILL_SECONDS:
            return f"objects are due and no pass has ended for {still:.0f} s"
        return heartbeat.silent(_SILENCE_SECONDS)

    return probe


def _readiness(ready: asyncio.Event, heartbeat: Heartbeat, leadership: Leadership) -> Probe:
    def probe() -> str:
        if leadership.trouble:
            return leadership.trouble
        if not ready.is_set():
            return "the watches have not begun yet"
        # kopf calls itself ready before it has reached the API server.
        unseen = [kind.plural for kind in DEFINITIONS.values() if not heartbeat.watches(kind.plural)]
        return f"the watch on {', '.join(unseen)} has not begun yet" if unseen else ""

    return probe
