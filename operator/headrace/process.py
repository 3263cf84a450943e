"""Puts the parts together, and takes them apart again when the process is asked to stop."""

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from time import monotonic, time

from headrace.aws.meter import Meter
from headrace.aws.pacing import SERVICE_RATES, Pacing
from headrace.config import Config
from headrace.controller.account_reconciler import AccountReconciler
from headrace.controller.accounts import Accounts, Options, make_account
from headrace.controller.api import Object
from headrace.controller.cache import Cache
from headrace.controller.elector import Alone
from headrace.controller.loop import Loop
from headrace.controller.outcome import Outcome, Parts
from headrace.controller.passes import Passes
from headrace.controller.reconciler import Reconciler
from headrace.controller.relations import Relations, references_of
from headrace.controller.running import Running
from headrace.controller.secrets import FreshSecrets, secret_values
from headrace.controller.workqueue import WorkQueue
from headrace.engine.threads import Threads
from headrace.kinds.aws_account import AWSAccount
from headrace.kinds.definition import ObjectRef
from headrace.kinds.registry import DEFINITIONS, KINDS
from headrace.kube.client import KubeClient, make_client
from headrace.kube.connection import Heartbeat, load
from headrace.kube.events import EventRecorder
from headrace.kube.relist import prime, relist
from headrace.kube.reviews import KubeReviews
from headrace.kube.served import served_or_stopped
from headrace.kube.watch import registry, watch
from headrace.resources.registry import declared_actions
from headrace.telemetry import catalogue
from headrace.telemetry.authorization import Doorkeeper, Reviews
from headrace.telemetry.registry import Metrics
from headrace.telemetry.server import Probe, RouteDef, Server, probes, scrapes
from headrace.telemetry.tls import Certificate
from headrace.telemetry.traces import NoTraces, Traces

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
    loop: Loop
    recorder: EventRecorder
    metrics: Metrics
    heartbeat: Heartbeat
    reviews: Reviews
    pools: tuple[ThreadPoolExecutor, ...]

    def shut_down(self) -> None:
        """Let the threads go, whatever they wait for."""
        for pool in self.pools:
            pool.shutdown(wait=False, cancel_futures=True)


async def _assemble(config: Config, traces: Traces) -> _Assembly:
    metrics = Metrics(DEFINITIONS, objects=config.telemetry.objects, actions=declared_actions())
    listeners = (metrics.requested, traces.requested)
    api_client = make_client(load(), config.workers + 2, listeners=listeners)
    kube = KubeClient(api_client, DEFINITIONS, config.own_namespace)
    cluster_id = config.cluster_id or await asyncio.to_thread(kube.cluster_id)
    meter, heartbeat = Meter((metrics.called, traces.called)), Heartbeat(monotonic)
    recorder = EventRecorder(api_client)
    queue: WorkQueue[ObjectRef] = WorkQueue(lambda ref: ref.namespace, monotonic)
    readers = Threads(config.workers * _READERS_PER_WORKER, "reader")
    threads = ThreadPoolExecutor(config.workers, "worker")
    cache, labels = Cache(references_of(KINDS)), dict[str, Mapping[str, str]]()
    make = make_account(meter, Pacing(config.rate, rates=SERVICE_RATES))
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
        traces,
    )
    look = Passes(_by_kind(Reconciler(parts), AccountReconciler(accounts, kube, recorder, time)), traces)
    loop = Loop(cache, queue, look, threads, metrics, Alone(), monotonic, config.workers, labels)
    _gauges(metrics, queue, heartbeat)
    return _Assembly(kube, loop, recorder, metrics, heartbeat, KubeReviews(api_client), (threads, readers))


async def run(config: Config) -> bool:
    """Serve probes and metrics, and work as soon as our kinds are there, until a signal comes.

    Return whether all that ran was finished in time; what was not is begun again by the next start.
    """
    traces = _traces(config)
    made, ready = await _assemble(config, traces), asyncio.Event()
    health = _health(made.heartbeat, made.loop.standstill)
    servers = _servers(config, made, probes(health, _readiness(ready, made.heartbeat)))
    try:
        for server, address in servers:
            await server.start(*address)
        plurals = [kind.plural for kind in DEFINITIONS.values()]
        if not await served_or_stopped(made.kube, plurals, made.heartbeat):
            return True
        return await _watch(config, made, ready)
    finally:
        for server, _ in servers:
            await server.stop()
        made.shut_down()
        await asyncio.to_thread(traces.stop, 2.0)


def _traces(config: Config) -> Traces:
    if not config.telemetry.traces:
        return NoTraces()
    from headrace.telemetry import otel  # noqa: PLC0415 - only who asks for traces pays for the SDK

    return otel.begin()


def _servers(config: Config, made: _Assembly, probed: list[RouteDef]) -> list[tuple[Server, tuple[str, int]]]:
    """Return the server of the probes and, where metrics are elsewhere, that of the metrics; and where."""
    options, metrics = config.telemetry, made.metrics.registry
    if options.listen is None:
        return [(Server([*probed, *scrapes(metrics)]), config.listen)]
    doorkeeper = Doorkeeper(made.reviews, monotonic) if options.authorization else None
    context = Certificate(options.tls).context if options.tls else None
    apart = Server(scrapes(metrics, doorkeeper), "--metrics-listen", context)
    return [(Server(probed), config.listen), (apart, options.listen)]


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

    handlers = registry(DEFINITIONS, loop, heartbeat, stop, made.metrics.requested)
    await watch(handlers, config.namespaces, ready, running.over)
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


def _readiness(ready: asyncio.Event, heartbeat: Heartbeat) -> Probe:
    def probe() -> str:
        if not ready.is_set():
            return "the watches have not begun yet"
        # kopf calls itself ready before it has reached the API server.
        unseen = [kind.plural for kind in DEFINITIONS.values() if not heartbeat.watches(kind.plural)]
        return f"the watch on {', '.join(unseen)} has not begun yet" if unseen else ""

    return probe
