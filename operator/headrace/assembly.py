"""The parts of the process: what is there from its first moment on, and what works once all is there."""

import logging
import os
import secrets
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from math import inf
from time import monotonic, time
from typing import Any

from headrace.aws.meter import Meter
from headrace.aws.pacing import SERVICE_RATES, Pacing
from headrace.config import Config
from headrace.controller.account_file import AccountFile, NoEvents
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
from headrace.kube.lease import Lease
from headrace.kube.relist import scopes
from headrace.kube.reviews import KubeReviews
from headrace.kube.rights import Rights
from headrace.kube.times import stamp
from headrace.resources.registry import declared_actions
from headrace.telemetry import catalogue
from headrace.telemetry.authorization import Reviews
from headrace.telemetry.registry import Metrics
from headrace.telemetry.requests import Listener
from headrace.telemetry.traces import NoTraces, Traces

log = logging.getLogger("headrace")

# Reads of one resource run side by side, on threads that all workers share.
_READERS_PER_WORKER = 4


@dataclass(frozen=True)
class Ground:
    """What is there from the first moment on, whatever is missing."""

    config: Config
    identity: str
    """How this process calls itself to the API server; no other one does."""
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
class Assembly:
    """The parts that work, once all is there that they need."""

    loop: Loop
    accounts: Accounts
    pools: tuple[ThreadPoolExecutor, ...]

    def shut_down(self) -> None:
        """Let the threads go, whatever they wait for."""
        for pool in self.pools:
            pool.shutdown(wait=False, cancel_futures=True)


def lay_ground(config: Config) -> Ground:
    """Make what is there from the first moment on.

    Raises:
        ConnectionFailed: there is no way to an API server.
    """
    traces = _traces(config)
    metrics = Metrics(DEFINITIONS, objects=config.telemetry.objects, actions=declared_actions())
    listeners = metrics.requested, traces.requested
    leadership, fence, identity = _leadership(config, metrics.requested)
    metrics.watch_gauge(catalogue.LEADER, lambda: leadership.leads)
    api_client = make_client(load(), config.workers + 2, identity=identity, listeners=listeners)
    return Ground(
        config=config,
        identity=identity,
        kube=KubeClient(api_client, DEFINITIONS, config.own_namespace, manager=config.manager, fence=fence),
        rights=Rights(api_client),
        leadership=leadership,
        fence=fence,
        recorder=EventRecorder(api_client, fence=fence, identity=identity),
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


def _leadership(config: Config, listener: Listener) -> tuple[Leadership, Fence, str]:
    """Return who leads, what ends with leadership, and who this process is."""
    # A container that is started again has the name of the one before, which may not be dead yet.
    identity = f"{config.identity}_{secrets.token_hex(4)}"
    if not config.leader_elect:
        return Alone(), Fence(), identity
    fence = Fence(-inf)
    # One of its own: no other request keeps those about the Lease waiting.
    api_client = make_client(load(), 1, identity=identity, listeners=(listener,))
    lease = Lease(api_client, config.own_namespace, config.lease_name)
    return Election(Elector(lease, identity, config.timing, fence, stamp), _end_at_once), fence, identity


def _end_at_once(why: str) -> None:
    """End the process without another word to anybody: somebody else may lead already."""
    log.error("Leadership is lost: %s; the process ends, to be started again as a standby.", why.rstrip("."))
    os._exit(1)


def assemble(ground: Ground, cluster_id: str) -> Assembly:
    """Make what works, once it is known in the name of which cluster."""
    config, kube = ground.config, ground.kube
    meter = Meter((ground.metrics.called, ground.traces.called))
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
    others = Others(config.manager, monotonic)
    loop = Loop(
        cache,
        queue,
        look,
        threads,
        ground.metrics,
        ground.leadership,
        monotonic,
        config.workers,
        labels,
        others=others,
    )
    ground.metrics.watch_gauge(catalogue.OTHER_OPERATORS, others.count)
    _gauges(ground.metrics, queue, ground.heartbeat)
    return Assembly(loop, accounts, (threads, readers))


def _account_reconciler(ground: Ground, accounts: Accounts) -> AccountReconciler:
    if ground.file is None:
        return AccountReconciler(accounts, ground.kube, ground.recorder, time)
    return AccountReconciler(accounts, ground.file, NoEvents(), time)


def _by_kind(objects: Reconciler, accounts: AccountReconciler) -> Callable[[Object, int], Outcome]:
    def look(obj: Object, outages: int) -> Outcome:
        return (accounts if obj.ref.kind == AWSAccount.name else objects)(obj, outages)

    return look


def _gauges(metrics: Metrics, queue: WorkQueue[ObjectRef], heartbeat: Heartbeat) -> None:
    metrics.watch_gauge(catalogue.QUEUE_DEPTH, lambda: len(queue))
    metrics.watch_gauge(catalogue.WORKERS_BUSY, lambda: queue.busy)
    metrics.watch_gauge(catalogue.QUEUE_OLDEST, queue.oldest)
    metrics.watch_gauge(catalogue.WATCH_AGE, heartbeat.age)
