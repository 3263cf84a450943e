"""The life of the process: it waits for what it needs, works, and stops in order when it is asked to."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from time import monotonic

from headrace.assembly import Assembly, Ground, assemble, lay_ground
from headrace.config import Config
from headrace.controller.account_file import follow
from headrace.controller.elector import Leadership
from headrace.controller.loop import Loop
from headrace.controller.running import Ending, Running
from headrace.kinds.aws_account import AWSAccount
from headrace.kinds.registry import DEFINITIONS, KINDS
from headrace.kube.connection import Heartbeat, login
from headrace.kube.relist import catch_up, prime, relist
from headrace.kube.rights import needed, on_namespaces, permitted
from headrace.kube.served import served
from headrace.kube.start import Start
from headrace.kube.watch import registry, watch
from headrace.telemetry.authorization import Doorkeeper
from headrace.telemetry.server import AddressInUse, Probe, RouteDef, Server, probes, scrapes
from headrace.telemetry.tls import Certificate

# Bookmarks come every minute; kopf itself reconnects after 70 seconds of silence.
_SILENCE_SECONDS = 180.0
# A pass takes seconds, a minute where AWS does not answer: nothing for so long is no pass at all.
_STANDSTILL_SECONDS = 600.0
# For so long what is still to be told is sent at the end.
_EVENTS_SECONDS = _TRACES_SECONDS = 2.0
_ENDERS = 4


@dataclass
class _Life:
    """How far the process has come, for its probes."""

    start: Start
    ready: asyncio.Event = field(default_factory=asyncio.Event)
    loop: Loop | None = None

    def standstill(self) -> float:
        return 0.0 if self.loop is None else self.loop.standstill()


async def run(config: Config) -> None:
    """Serve probes and metrics, and work as soon as all is there that is needed, until a signal comes."""
    ending = Ending()
    ending.listen()
    await ending.limit(_live(config, ending))


async def _live(config: Config, ending: Ending) -> None:
    ground = lay_ground(config)
    life = _Life(Start(ground.heartbeat, ending.begun))
    health = _health(ground.heartbeat, life.standstill)
    readiness = _readiness(life, ground.leadership, ground.heartbeat, ground.paths)
    servers = _servers(ground, probes(health, readiness))
    try:
        cluster_id = await _begin(ground, life.start) if await _serve(servers, life.start) else ""
        if not cluster_id:
            return
        made = assemble(ground, cluster_id)
        life.loop = made.loop
        try:
            await _watch(ground, made, life.ready, ending)
        finally:
            made.shut_down()
    finally:
        await asyncio.gather(*(server.stop() for server, _ in servers))
        await asyncio.to_thread(ground.traces.stop, _TRACES_SECONDS)


def _servers(ground: Ground, probed: list[RouteDef]) -> list[tuple[Server, tuple[str, int]]]:
    """Return the server of the probes and, where metrics are elsewhere, that of the metrics; and where."""
    config, metrics = ground.config, ground.metrics.snapshot
    options = config.telemetry
    if options.listen is None:
        return [(Server([*probed, *scrapes(metrics)]), config.listen)]
    doorkeeper = Doorkeeper(ground.reviews, monotonic) if options.authorization else None
    context = Certificate(options.tls).context if options.tls else None
    apart = Server(scrapes(metrics, doorkeeper), "--metrics-listen", context)
    return [(Server(probed), config.listen), (apart, options.listen)]


async def _serve(servers: Iterable[tuple[Server, tuple[str, int]]], start: Start) -> bool:
    """Have them all answer, once nobody else has their addresses; return whether they do."""

    async def attempt(server: Server, address: tuple[str, int]) -> str:
        try:
            await server.start(*address)
        except AddressInUse as error:
            return str(error)
        return ""

    for each in servers:
        if not await start.reached(partial(attempt, *each)):
            return False
    return True


async def _begin(ground: Ground, start: Start) -> str:
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


async def _watch(ground: Ground, made: Assembly, ready: asyncio.Event, ending: Ending) -> None:
    """Start what the watch feeds, then watch, then stop in the reverse order."""
    loop, namespaces = made.loop, ground.config.namespaces
    ground.recorder.start()
    work, compare = asyncio.create_task(_work(ground, loop)), asyncio.create_task(_compare(ground, made))
    running = Running(work, compare, ending.hurry)
    ended = asyncio.create_task(_stop(ground, loop, running, ending.begun))

    async def stop() -> None:
        # Where kopf ends by itself, or because a part did, the rest is still to be stopped.
        ending.begun.set()
        await asyncio.shield(ended)

    log_in = login(ground.heartbeat, ground.metrics.requested, ground.identity)
    handlers = registry(ground.definitions, loop, log_in, stop, labels=ground.file is None)
    await watch(handlers, namespaces, ready, running.over, listen=ending.listen)
    running.check()


async def _stop(ground: Ground, loop: Loop, running: Running, begun: asyncio.Event) -> None:
    """Stop the work once the end has begun."""
    await begun.wait()
    # Requests that hang may have all the threads there were.
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(_ENDERS, "end"))

    async def tell() -> None:
        await asyncio.to_thread(ground.recorder.stop, _EVENTS_SECONDS)

    await running.end(loop.stop, tell, ground.leadership)


async def _work(ground: Ground, loop: Loop) -> None:
    async def prepare() -> None:
        if ground.file is None:
            await prime(ground.kube, DEFINITIONS[AWSAccount.name], loop)
        else:
            for body in ground.file.bodies():
                loop.listed(body)
        if ground.config.leader_elect:
            await catch_up(ground.kube, KINDS, loop, ground.config.namespaces)

    await loop.run(prepare)


async def _compare(ground: Ground, made: Assembly) -> None:
    """Compare what is known with what is there, as long as the process lives."""
    async with asyncio.TaskGroup() as group:
        kinds, namespaces, gap = ground.definitions, ground.config.namespaces, ground.heartbeat.gap
        group.create_task(relist(ground.kube, kinds, made.loop, namespaces, gap))
        if ground.file is not None:
            group.create_task(follow(ground.file, made.loop, made.accounts.forget))


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
