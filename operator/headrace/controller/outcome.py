"""What goes into a pass, and what comes of it."""

import logging
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, TypeVar

from headrace.controller.accounts import Accounts
from headrace.controller.api import Api, ApiError, Object
from headrace.controller.consequences import Next
from headrace.controller.lines import Line
from headrace.controller.relations import Relations
from headrace.controller.status import Seen
from headrace.controller.transitions import Transition
from headrace.engine.errors import CloudError
from headrace.engine.ownership import owner_of
from headrace.kinds.common import Kind
from headrace.kinds.definition import ObjectRef
from headrace.telemetry.catalogue import Result
from headrace.telemetry.traces import NoTraces, Traces

log = logging.getLogger("headrace.reconcile")

RESYNC_SECONDS = 3600.0
"""How often an object is looked at again whose spec does not say, or cannot be read."""


class Recorder(Protocol):
    """Where events about objects go. Must not fail and must not wait."""

    def record(self, obj: Object, transition: Transition) -> None:
        """Tell of a transition of this object."""


@dataclass(frozen=True)
class Parts:
    """What a pass works with."""

    kinds: Mapping[str, Kind[Any]]
    accounts: Accounts
    api: Api
    recorder: Recorder
    pool: Executor
    """Where reads of one resource run side by side."""
    cluster_id: str
    relations: Relations
    """Who refers to whom."""
    values: Callable[[str, Iterable[tuple[str, str]]], Mapping[tuple[str, str], Any]] = lambda *_: {}
    """Values from the Secrets of a namespace, by name and key."""
    latest: Callable[[ObjectRef], Object | None] = lambda _: None
    """The object as the watch knows it by now, for passes that take long."""
    traces: Traces = field(default_factory=NoTraces)

    def owner(self, obj: Object) -> str:
        """Return the owner that this object is."""
        return owner_of(self.cluster_id, obj.ref.kind, obj.ref.namespace, obj.ref.name)


@dataclass(frozen=True)
class Outcome:
    """What became of one pass."""

    obj: Object | None
    """The object as it is now; None where it is gone or let go of."""
    next: float | Next = Next.RESYNC
    interval: float = RESYNC_SECONDS
    """Seconds until the next resync."""
    result: Result = "in_sync"
    """For the metrics."""
    seen: Seen | None = None
    outage: bool = False
    """Whether AWS asked to slow down, or did not answer, whatever else it said."""
    errors: tuple[CloudError, ...] = ()
    """What went wrong, or is not done yet."""
    line: Line | None = None
    """What the log is to say of it."""


@dataclass(frozen=True)
class Told:
    """What a pass saw, and what of it is not in what it saw: when to look again."""

    seen: Seen
    interval: float = RESYNC_SECONDS
    soon: bool = False
    """Whether there is more of the same to do right away."""


T = TypeVar("T")


def attempt(told: Told, step: Callable[[], T]) -> T | Told:
    """Take a step of a pass; whatever ends it is told beside what there was to tell before.

    Raises:
        ApiError: nothing can be told while the API server does not take it.
    """
    try:
        return step()
    except CloudError as error:
        return replace(told, seen=replace(told.seen, errors=(error,)))
    except ApiError:
        raise
    except Exception as error:
        log.exception("bug while reconciling", extra={"object": told.seen.obj.ref})
        return replace(told, seen=replace(told.seen, bug=type(error).__name__))
