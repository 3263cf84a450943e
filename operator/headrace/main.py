"""Puts the parts together, and takes them apart again when the process is asked to stop."""

import asyncio
import logging
import os
import re
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from time import monotonic, time
from typing import Annotated

import typer

from headrace import __version__
from headrace.aws.meter import Meter
from headrace.aws.pacing import SERVICE_RATES, Pacing
from headrace.aws.sessions import DEFAULT_RATE
from headrace.controller.account_reconciler import AccountReconciler
from headrace.controller.accounts import Accounts, Options, make_account
from headrace.controller.api import ApiError, Object
from headrace.controller.cache import Cache
from headrace.controller.elector import Alone
from headrace.controller.loop import Loop
from headrace.controller.outcome import Outcome, Parts
from headrace.controller.reconciler import Reconciler
from headrace.controller.relations import Relations, references_of
from headrace.controller.running import Broken, Running
from headrace.controller.secrets import FreshSecrets, secret_values
from headrace.controller.workqueue import WorkQueue
from headrace.kinds.aws_account import AWSAccount
from headrace.kinds.definition import ObjectRef
from headrace.kinds.registry import DEFINITIONS, KINDS
from headrace.kube.client import KubeClient, make_client
from headrace.kube.connection import ConnectionFailed, Heartbeat, load
from headrace.kube.events import EventRecorder
from headrace.kube.relist import prime, relist
from headrace.kube.served import served_or_stopped
from headrace.kube.watch import registry, watch
from headrace.logs import LogFormat, configure
from headrace.telemetry.registry import Metrics
from headrace.telemetry.server import ListenFailed, Probe, Server

# Bookmarks come every minute; kopf itself reconnects after 70 seconds of silence.
_SILENCE_SECONDS = 180.0
# A pass takes seconds, a minute where AWS does not answer: nothing for so long is no pass at all.
_STANDSTILL_SECONDS = 600.0
# Reads of one resource run side by side, on threads that all workers share.
_READERS_PER_WORKER = 4


# In sts:ExternalId, in values of tags, and never the slash that ends it there.
_CLUSTER_ID = re.compile(r"[A-Za-z0-9_.:=+@-]{1,63}", re.ASCII)
_NAMESPACE = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", re.ASCII)

log = logging.getLogger("headrace")


@dataclass(frozen=True)
class Config:
    """What the operator was started with."""

    namespaces: tuple[str, ...]
    workers: int
    allow_ambient: bool
    cluster_id: str
    host: str
    port: int
    rate: float
    own_namespace: str


app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


def _listen(value: str) -> str:
    host, _, port = value.rpartition(":")
    if not host or not (port.isascii() and port.isdigit()) or int(port) > 65535:
        raise typer.BadParameter(f"{value!r} is no address: write it like 127.0.0.1:8080")
    return value


def _id(value: str) -> str:
    if value and not _CLUSTER_ID.fullmatch(value):
        raise typer.BadParameter(
            f"{value!r} is no cluster id: it has up to 63 of a-z, A-Z, 0-9 and . _ - : = + @, because it is "
            "part of owner tags and of the ExternalId of roles"
        )
    return value


def _names(value: str) -> str:
    for name in _split(value):
        _name(name)
    return value


def _name(value: str) -> str:
    if value and not _NAMESPACE.fullmatch(value):
        raise typer.BadParameter(
            f"{value!r} is no namespace: its name has up to 63 of a-z, 0-9 and -, and begins and ends with a "
            "letter or a digit; patterns are not understood"
        )
    return value


def _split(value: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in value.split(",") if name.strip())


def _level(value: str) -> str:
    if value.upper() not in {"DEBUG", "INFO", "WARNING", "ERROR"}:
        raise typer.BadParameter(f"{value!r} is no level: choose debug, info, warning or error")
    return value.upper()


def _version(value: bool) -> None:
    if value:
        typer.echo(f"headrace-operator {__version__}")
        raise typer.Exit


@app.command()
def operator(
    namespaces: Annotated[
        str,
        typer.Option(
            envvar="HEADRACE_NAMESPACES", callback=_names, help="Namespaces to serve, by commas; empty: all."
        ),
    ] = "",
    workers: Annotated[
        int,
        typer.Option(
            envvar="HEADRACE_WORKERS", min=1, max=100, help="How many objects are worked on at once."
        ),
    ] = 10,
    allow_ambient: Annotated[
        bool,
        typer.Option(
            "--allow-ambient",
            envvar="HEADRACE_ALLOW_AMBIENT",
            help="Let objects of every namespace use the operator's own AWS credentials.",
        ),
    ] = False,
    cluster_id: Annotated[
        str,
        typer.Option(
            envvar="HEADRACE_CLUSTER_ID",
            callback=_id,
            help="What tells this cluster from others in owner tags; empty: the UID of kube-system.",
        ),
    ] = "",
    listen: Annotated[
        str,
        typer.Option(
            envvar="HEADRACE_LISTEN", callback=_listen, help="Where /healthz, /readyz and /metrics are."
        ),
    ] = "127.0.0.1:8080",
    aws_rate: Annotated[
        float,
        typer.Option(
            envvar="HEADRACE_AWS_RATE",
            min=1,
            max=10000,
            help="Requests a second to one AWS service in one account and region, until AWS asks for less. "
            "Services that are known to take fewer get fewer.",
        ),
    ] = DEFAULT_RATE,
    own_namespace: Annotated[
        str,
        typer.Option(
            envvar="HEADRACE_OWN_NAMESPACE",
            callback=_name,
            help="The operator's namespace: where Secrets of accounts are.",
        ),
    ] = "headrace-system",
    log_format: Annotated[LogFormat, typer.Option(envvar="HEADRACE_LOG_FORMAT")] = LogFormat.JSON,
    log_level: Annotated[str, typer.Option(envvar="HEADRACE_LOG_LEVEL", callback=_level)] = "INFO",
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Say the version and end.")
    ] = False,
) -> None:
    """Reconcile the custom resources of headrace.io against AWS."""
    configure(log_format, log_level)
    host, _, port = listen.rpartition(":")
    # Only beside a port does an IPv6 address stand in brackets.
    host = host.removeprefix("[").removesuffix("]")
    served = _split(namespaces)
    config = Config(served, workers, allow_ambient, cluster_id, host, int(port), aws_rate, own_namespace)
    try:
        finished = asyncio.run(_run(config))
    except Broken as error:
        log.error(str(error))
        # As below: whatever else still runs is not to hold up the end.
        os._exit(1)
    except (ConnectionFailed, ListenFailed, ApiError) as error:
        typer.echo(f"headrace-operator: {error}", err=True)
        raise typer.Exit(1) from error
    if not finished:
        # Python would wait for threads that wait for AWS, longer than Kubernetes waits for us.
        os._exit(0)


@dataclass(frozen=True)
class _Assembly:
    """The parts that live as long as the process."""

    kube: KubeClient
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
    api_client = make_client(load(), config.workers + 2)
    kube = KubeClient(api_client, DEFINITIONS, config.own_namespace)
    cluster_id = config.cluster_id or await asyncio.to_thread(kube.cluster_id)
    metrics, meter, heartbeat = Metrics(DEFINITIONS), Meter(), Heartbeat(monotonic)
    meter.listen(metrics.called)
    recorder = EventRecorder(api_client)
    queue: WorkQueue[ObjectRef] = WorkQueue(lambda ref: ref.namespace, monotonic)
    readers = ThreadPoolExecutor(config.workers * _READERS_PER_WORKER, "reader")
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
    )
    look = _by_kind(Reconciler(parts), AccountReconciler(accounts, kube, recorder, time))
    loop = Loop(cache, queue, look, threads, metrics, Alone(), monotonic, config.workers, labels)
    _gauges(metrics, queue, heartbeat)
    return _Assembly(kube, loop, recorder, metrics, heartbeat, (threads, readers))


async def _run(config: Config) -> bool:
    """Serve probes and metrics, and work as soon as our kinds are there, until a signal comes.

    Return whether all that ran was finished in time; what was not is begun again by the next start.
    """
    made, ready = await _assemble(config), asyncio.Event()
    health = _health(made.heartbeat, made.loop.standstill)
    server = Server(made.metrics.registry, health, _readiness(ready, made.heartbeat))
    await server.start(config.host, config.port)
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

    handlers = registry(DEFINITIONS, loop, heartbeat, stop)
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


def _readiness(ready: asyncio.Event, heartbeat: Heartbeat) -> Probe:
    def probe() -> str:
        if not ready.is_set():
            return "the watches have not begun yet"
        # kopf calls itself ready before it has reached the API server.
        unseen = [kind.plural for kind in DEFINITIONS.values() if not heartbeat.watches(kind.plural)]
        return f"the watch on {', '.join(unseen)} has not begun yet" if unseen else ""

    return probe
