"""The watch: kopf lists and watches; what it sees goes into the loop, and nothing else is left to kopf."""

import asyncio
import random
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Any, cast

import kopf

from headrace.controller.loop import Loop
from headrace.kinds.definition import GROUP, VERSION, Definition

# kopf takes off this finalizer wherever it finds it; nobody has it, so it never finds it.
_NOBODYS_FINALIZER = f"{GROUP}/kopf-has-no-finalizer"
_LONGEST_BACKOFF = 10.0


class _NoDiffBase(kopf.DiffBaseStorage):
    """Keeps no copy of the spec: we compare with AWS, not with what was seen last."""

    def fetch(self, **_: Any) -> None:
        """Know of nothing."""

    def store(self, **_: Any) -> None:
        """Keep nothing."""


class _NoProgress(kopf.ProgressStorage):
    """Keeps no progress: the queue has it."""

    def fetch(self, **_: Any) -> None:
        """Know of nothing."""

    def store(self, **_: Any) -> None:
        """Keep nothing."""

    def purge(self, **_: Any) -> None:
        """Have nothing to drop."""

    def touch(self, **_: Any) -> None:
        """Leave the object alone."""

    def clear(self, *, essence: Any) -> Any:
        """Return the object as it is."""
        return essence


class Backoffs(Iterable[float]):
    """Seconds to wait after one error after another: growing, jittered and without end.

    kopf gives up, and takes the whole operator with it, when such a list is at its end.
    """

    def __iter__(self) -> Iterator[float]:
        """Begin again, as kopf does for each request."""
        delay = 1.0
        while True:
            yield delay * random.uniform(0.75, 1.25)  # noqa: S311 - spreads load
            delay = min(delay * 2, _LONGEST_BACKOFF)


def settings() -> kopf.OperatorSettings:
    """Return what kopf must and must not do here; each line has cost somebody a night."""
    result = kopf.OperatorSettings()
    # A stray peering object named "default" would freeze the operator.
    result.peering.standalone = True
    result.posting.enabled = False
    result.persistence.finalizer = _NOBODYS_FINALIZER
    result.persistence.diffbase_storage = _NoDiffBase()
    result.persistence.progress_storage = _NoProgress()
    # A limit here starves objects for as long as an idle worker keeps its place.
    result.queueing.worker_limit = None
    result.queueing.idle_timeout = 0.5
    result.watching.chunk_size = 500
    # Else kopf asks what is served whenever a CRD changes, once and perhaps a moment too early, and gives up
    # a kind that is not listed yet for good. So it never asks again, and a watch waits for its CRD.
    result.scanning.disabled = True
    result.networking.error_backoffs = Backoffs()
    result.networking.request_timeout = 30
    result.networking.connect_timeout = 5
    return result


def registry(
    definitions: Mapping[str, Definition[Any]],
    loop: Loop,
    log_in: Callable[..., Any],
    stop: Callable[[], Any],
    *,
    labels: bool = True,
) -> kopf.OperatorRegistry:
    """Return kopf's registry with a handler for each kind. Handlers take microseconds and never fail.

    Args:
        definitions: the kinds to watch.
        loop: what takes in what is seen.
        log_in: how kopf comes by its session.
        stop: what is called before the end.
        labels: whether namespaces are watched, too, for their labels.
    """
    result = kopf.OperatorRegistry()
    kopf.on.login(registry=result)(log_in)
    for definition in definitions.values():
        kopf.on.event(GROUP, VERSION, definition.plural, registry=result)(_handler(loop))
    if labels:
        kopf.on.event("", "v1", "namespaces", registry=result)(_namespaces(loop))

    @kopf.on.cleanup(registry=result)
    async def finish(**_: Any) -> None:
        """Finish the work while kopf still waits for us; afterwards it cancels whatever runs."""
        await stop()

    return result


def _handler(loop: Loop) -> Callable[..., Any]:
    async def handle(event: Mapping[str, Any], **_: Any) -> None:
        body = event["object"]
        match event["type"]:
            case None:
                loop.listed(body)
            case "DELETED":
                loop.deleted(body)
            case _:
                loop.changed(body)

    return handle


def _namespaces(loop: Loop) -> Callable[..., Any]:
    async def handle(event: Mapping[str, Any], **_: Any) -> None:
        metadata = event["object"]["metadata"]
        gone = event["type"] == "DELETED"
        loop.labelled(metadata["name"], None if gone else metadata.get("labels") or {})

    return handle


async def watch(
    registry_: kopf.OperatorRegistry,
    namespaces: Collection[str],
    ready: asyncio.Event,
    over: asyncio.Event | None = None,
    settings_: kopf.OperatorSettings | None = None,
    listen: Callable[[], None] | None = None,
) -> None:
    """Watch until it is over.

    Args:
        registry_: what is watched.
        namespaces: where; none are all.
        ready: is set once it begins.
        over: ends it.
        settings_: kopf's, where they are not to be ours.
        listen: is called to take back from kopf the signals by which somebody asks the process to stop.
    """
    before = asyncio.all_tasks()
    tasks = await kopf.spawn_tasks(
        registry=registry_,
        settings=settings_ or settings(),
        stop_flag=over,
        standalone=True,
        # For its peering, which is off. kopf would ask for the user's name, and in an image there is none.
        identity=cast(Any, "headrace-operator"),
        clusterwide=not namespaces,
        namespaces=list(namespaces),
        ready_flag=ready,
    )
    if listen is not None:
        # None is lost: kopf took them since the event loop last had a look at them.
        listen()
    await kopf.run_tasks(tasks, ignored=before)
