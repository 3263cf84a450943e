"""Puts the parts together, and takes them apart again when the process is asked to stop."""

import asyncio
import logging
import os
import secrets
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from math import inf
from time import monotonic, time
from typing import Any

from headrace.aws.meter import Meter
from headrace.aws.pacing import SERVICE_RATES, Pacing
from headrace.config import Config
from headrace.controller.account_file import AccountFile, LogRecorder, follow
from headrace.controller.account_reconciler import AccountReconciler
from headrace.controller.accounts import Accounts, Options, make_account
from headrace.controller.api import Object
from headrace.controller.cache import Cache
from headrace.controller.election import Election
from headrace.controller.elector import Alone, Elector, Leadership
from headrace.controller.loop import Loop
from headrace.controller.others import Others
from headrace.controller.outcome import Outcome, Parts
from headrace.controller.passes import Passes
from headrace.controller.reconciler import Reconciler
from headrace.controller.relations import Relations, references_of
from headrace.controller.running import Ending, Running
from headrace.controller.secrets import FreshSecrets, secret_values
from headrace.controller.workqueue import WorkQueue
from headrace.engine.fence import Fence
from headrace.engine.threads import Threads
from headrace.kinds.aws_account import AWSAccount
from headrace.kinds.definition import Definition, ObjectRef
from headrace.kinds.registry import DEFINITIONS, KINDS
from headrace.kube.client import KubeClient, make_client
from headrace.kube.connection import Heartbeat, load, path_of
from headrace.kube.events import EventRecorder
from headrace.kube.lease import Lease, stamp
from headrace.kube.relist import prime, relist, scopes
from headrace.kube.reviews import KubeReviews
from headrace.kube.rights import Rights, needed, on_namespaces, permitted
from headrace.kube.served import served
from headrace.kube.start import Start
from headrace.kube.watch import registry, watch
from headrace.resources.registry import declared_actions
from headrace.telemetry import catalogue
from headrace.telemetry.authorization import Doorkeeper, Reviews
from headrace.telemetry.registry import Metrics
from headrace.telemetry.server import Probe, RouteDef, Server, probes, scrapes
from headrace.telemetry.tls import Certificate
from headrace.telemetry.traces import NoTraces, Traces

log = logging.getLogger("headrace")

# Bookmarks come every minute; kopf itself reconnects after 70 seconds of silence.
_SILENCE_SECONDS = 180.0
# A pass takes seconds, a minute where AWS does not answer: nothing for so long is no pass at all.
_STANDSTILL_SECONDS = 600.0
# Reads of one resource run side by side, on threads that all workers share.
_READERS_PER_WORKER = 4


@dataclass(frozen=True)
class _Ground:
    """What is there from the first moment on, whatever is missing."""

    config: Config
    kube: KubeClient
    rights: Rights
    leadership: Leadership
    fence: Fence
    """What ends with leadership: nothing is sent any more."""
    recorder: EventRecorder
    metrics: Metrics
    traces: Traces
    heartbeat: Heartbeat
    reviews: Reviews
    file: AccountFile | None
    """What has the accounts; without it they are AWSAccounts."""

    @property
    def definitions(self) -> Mapping[str, Definition[Any]]:
        """The kinds that are watched."""
        return DEFINITIONS if self.file is None else KINDS

    @property
    def paths(self) -> list[str]:
        """What is watched for objects."""
        each = self.definitions.values()
        return [path_of(kind, place) for kind in each for place in scopes(kind, self.config.namespaces)]


@dataclass(frozen=True)
class _Assembly:
    """The parts that work, once all is there that they need."""

    loop: Loop
    accounts: Accounts
    pools: tuple[ThreadPoolExecutor, ...]

    def shut_down(self) -> None:
        """Let the threads go, whatever they wait for."""
        for pool in self.pools:
            pool.shutdown(wait=False, cancel_futures=True)


@dataclass
class _Life:
    """How far the process has come, for its probes."""

    start: Start
    ready: asyncio.Event = field(default_factory=asyncio.Event)
    loop: Loop | None = None

    def standstill(self) -> float:
        return 0.0 if self.loop is None else self.loop.standstill()


def _ground(config: Config) -> _Ground:
    leadership, fence, identity = _leadership(config)
    traces = _traces(config)
    metrics = Metrics(DEFINITIONS, objects=config.telemetry.objects, actions=declared_actions())
    metrics.watch_gauge(catalogue.LEADER, lambda: leadership.leads)
    listeners = metrics.requested, traces.requested
    api_client = make_client(load(), config.workers + 2, *listeners, identity=identity)
    return _Ground(
        config=config,
        kube=KubeClient(api_client, DEFINITIONS, config.own_namespace, manager=config.manager, fence=fence),
        rights=Rights(api_client),
        leadership=leadership,
        fence=fence,
        recorder=EventRecorder(api_client, fence=fence),
        metrics=metrics,
        traces=traces,
        heartbeat=Heartbeat(monotonic),
        reviews=KubeReviews(api_client),
        file=AccountFile(config.accounts) if config.accounts is not None else None,
    )


def _traces(config: Config) -> Traces:
    if not config.telemetry.traces:
        return NoTraces()
    from headrace.telemetry import otel  # noqa: PLC0415 - only who asks for traces pays for the SDK

    return otel.begin()


def _leadership(config: Config) -> tuple[Leadership, Fence, str]:
    """Return who leads, what ends with leadership, and who this process is."""
    # A container that is started again has the name of the one before, which may not be dead yet.
    identity = f"{config.identity}_{secrets.token_hex(4)}"
    if not config.leader_elect:
        return Alone(), Fence(), identity
    fence = Fence(-inf)
    lease = Lease(make_client(load(), 1, identity=identity), config.own_namespace, config.lease_name)
    return Election(Elector(lease, identity, config.timing, fence, stamp), _end_at_once), fence, identity


def _end_at_once(why: str) -> None:
    """End the process without another word to anybody: somebody else may lead already."""
    log.error("Leadership is lost: %s; the process ends, to be started again as a standby.", why.rstrip("."))
    os._exit(1)


def _assemble(ground: _Ground, cluster_id: str) -> _Assembly:
    config, kube = ground.config, ground.kube
    meter = Meter()
    meter.listen(ground.metrics.called)
    meter.listen(ground.traces.called)
    queue: WorkQueue[ObjectRef] = WorkQueue(lambda ref: ref.namespace, monotonic)
    readers = Threads(config.workers * _READERS_PER_WORKER, "reader")
    threads = ThreadPoolExecutor(config.workers, "worker")
    cache, labels = Cache(references_of(KINDS)), dict[str, Mapping[str, str]]()
    make = make_account(meter, Pacing(config.rate, rates=SERVICE_RATES), ground.fence)
    fresh = FreshSecrets(kube, monotonic, clusterwide=ground.file is None)
    accounts = Accounts(Options(cluster_id, config.allow_ambient), cache, fresh, labels, make)
    parts = Parts(
        KINDS,
        accounts,
        kube,
        ground.recorder,
        readers,
        cluster_id,
        Relations(cache, KINDS, config.namespaces),
        partial(secret_values, fresh),
        cache.get,
        ground.traces,
    )
    look = Passes(_by_kind(Reconciler(parts), _account_reconciler(ground, accounts)), ground.traces)
    loop = Loop(
        cache, queue, look, threads, ground.metrics, ground.leadership, monotonic, config.workers, labels
    )
    loop.others = others = Others(config.manager, monotonic)
    ground.metrics.watch_gauge(catalogue.OTHER_OPERATORS, others.count)
    _gauges(ground.metrics, queue, ground.heartbeat)
    return _Assembly(loop, accounts, (threads, readers))


def _account_reconciler(ground: _Ground, accounts: Accounts) -> AccountReconciler:
    if ground.file is None:
        return AccountReconciler(accounts, ground.kube, ground.recorder, time)
    return AccountReconciler(accounts, ground.file, LogRecorder(), time)


async def run(config: Config) -> bool:
    """Serve probes and metrics, and work as soon as all is there that is needed, until a signal comes.

    Return whether all that ran was finished in time; what was not is begun again by the next start.
    """
    ground = _ground(config)
    life = _Life(Start(ground.heartbeat))
    health = _health(ground.heartbeat, life.standstill)
    readiness = _readiness(life, ground.leadership, ground.heartbeat, ground.paths)
    servers = _servers(ground, probes(health, readiness))
    try:
        for server, address in servers:
            await server.start(*address)
        cluster_id = await _begin(ground, life.start)
        if not cluster_id:
            return True
        made = _assemble(ground, cluster_id)
        life.loop = made.loop
        try:
            return await _watch(ground, made, life.ready)
        finally:
            made.shut_down()
    finally:
        for server, _ in servers:
            await server.stop()
        await asyncio.to_thread(ground.traces.stop, 2.0)


def _servers(ground: _Ground, probed: list[RouteDef]) -> list[tuple[Server, tuple[str, int]]]:
    """Return the server of the probes and, where metrics are elsewhere, that of the metrics; and where."""
    config, metrics = ground.config, ground.metrics.registry
    options = config.telemetry
    if options.listen is None:
        return [(Server([*probed, *scrapes(metrics)]), config.listen)]
    doorkeeper = Doorkeeper(ground.reviews, monotonic) if options.authorization else None
    context = Certificate(options.tls).context if options.tls else None
    apart = Server(scrapes(metrics, doorkeeper), "--metrics-listen", context)
    return [(Server(probed), config.listen), (apart, options.listen)]


async def _begin(ground: _Ground, start: Start) -> str:
    """Return the cluster id once all is there that is needed, or nothing where a signal comes first."""
    config, kinds = ground.config, ground.definitions.values()
    wanted = [*needed(kinds, config.namespaces)]
    if ground.file is None:
        wanted += on_namespaces(cluster_id=not config.cluster_id)
    checks = [
        *([ground.file.check] if ground.file is not None else []),
        served(ground.kube, [kind.plural for kind in kinds]),
        permitted(ground.rights, wanted, config.namespaces),
    ]
    known = [config.cluster_id] if config.cluster_id else []

    def identified() -> str:
        known.append(ground.kube.cluster_id())
        return ""

    there = await start.passed(checks) and (bool(known) or await start.passed([identified]))
    return known[0] if there else ""


async def _watch(ground: _Ground, made: _Assembly, ready: asyncio.Event) -> bool:
    """Start what the watch feeds, then watch, then stop in the reverse order."""
    heartbeat, loop, namespaces = ground.heartbeat, made.loop, ground.config.namespaces
    ground.recorder.start()
    running = Running(
        work=asyncio.create_task(_work(ground, loop)), relist=asyncio.create_task(_compare(ground, made))
    )

    async def stop() -> None:
        await running.stop(loop.stop)
        await asyncio.to_thread(ground.recorder.stop, 2.0)
        # Only now: until here the Lease is renewed, and nobody else begins.
        await ground.leadership.release()
        running.over.set()

    ending = Ending(stop, running.hurry)
    listener, labels = ground.metrics.requested, ground.file is None
    # Where kopf ends by itself, or because a part did, the rest is still to be stopped.
    handlers = registry(ground.definitions, loop, heartbeat, ending.end, listener, labels=labels)
    await watch(handlers, namespaces, ready, running.over, asked=ending.asked)
    running.check()
    return running.finished


async def _work(ground: _Ground, loop: Loop) -> None:
    if ground.file is None:
        await prime(ground.kube, DEFINITIONS[AWSAccount.name], loop)
    else:
        for body in ground.file.bodies():
            loop.listed(body)
    await loop.run()


async def _compare(ground: _Ground, made: _Assembly) -> None:
    """Compare what is known with what is there, as long as the process lives."""
    async with asyncio.TaskGroup() as group:
        kinds, namespaces, gap = ground.definitions, ground.config.namespaces, ground.heartbeat.gap
        group.create_task(relist(ground.kube, kinds, made.loop, namespaces, gap))
        if ground.file is not None:
            group.create_task(follow(ground.file, made.loop, made.accounts.forget))


def _by_kind(objects: Reconciler, accounts: AccountReconciler) -> Callable[[Object, int], Outcome]:
    def look(obj: Object, outages: int) -> Outcome:
        return (accounts if obj.ref.kind == AWSAccount.name else objects)(obj, outages)

    return look


def _gauges(metrics: Metrics, queue: WorkQueue[ObjectRef], heartbeat: Heartbeat) -> None:
    metrics.watch_gauge(catalogue.QUEUE_DEPTH, lambda: len(queue))
    metrics.watch_gauge(catalogue.WORKERS_BUSY, lambda: queue.busy)
    metrics.watch_gauge(catalogue.QUEUE_OLDEST, queue.oldest)
    metrics.watch_gauge(catalogue.WATCH_AGE, heartbeat.age)


def _health(heartbeat: Heartbeat, standstill: Callable[[], float]) -> Probe:
    """Say only what a new start may mend; an API server or an AWS that does not answer is not that."""

    def probe() -> str:
        still = standstill()
        if still > _STANDSTILL_SECONDS:
            return f"objects are due and no pass has ended for {still:.0f} s"
        return heartbeat.silent(_SILENCE_SECONDS)

    return probe


def _readiness(life: _Life, leadership: Leadership, heartbeat: Heartbeat, paths: Sequence[str]) -> Probe:
    def probe() -> str:
        if leadership.trouble:
            return leadership.trouble
        # kopf calls itself ready before it has reached the API server.
        return heartbeat.waits(paths) if life.ready.is_set() else life.start.waits

    return probe
