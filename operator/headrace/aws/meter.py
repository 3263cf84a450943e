"""Counts requests to AWS on botocore's events: none needs a line of its own, and none can be forgotten."""

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Call:
    """One HTTP request to AWS, retries counted one by one. Seconds are those until the answer was parsed."""

    account: str
    region: str
    service: str
    operation: str
    outcome: str
    """"ok", an error code of AWS, or the name of botocore's exception."""
    seconds: float
    status: int = 0
    """The HTTP status; 0 where no answer came."""
    request_id: str = ""
    host_id: str = ""


@dataclass
class Tally:
    """How many requests a piece of work took, on whichever threads."""

    calls: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self) -> None:
        """Count one more."""
        with self._lock:
            self.calls += 1


_TALLY: ContextVar[Tally | None] = ContextVar("tally", default=None)


@contextmanager
def tallied() -> Iterator[Tally]:
    """Count the requests that are made in here, and on threads that work for it."""
    tally = Tally()
    token = _TALLY.set(tally)
    try:
        yield tally
    finally:
        _TALLY.reset(token)


Listener = Callable[[Call], None]


class Meter:
    """Tells its listeners of each request. Listeners run on the calling thread and must be quick."""

    def __init__(
        self, listeners: Iterable[Listener] = (), clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._clock = clock
        self._listeners = list(listeners)
        self._started = threading.local()

    def listen(self, listener: Listener) -> None:
        """Call this with every request from now on."""
        self._listeners.append(listener)

    def watch(self, client: Any, account: str, region: str) -> None:
        """Count what this client sends."""
        service = client.meta.service_model.service_name

        def sent(**_: Any) -> None:
            self._started.at = self._clock()

        def received(event_name: str, response_dict: Any = None, **event: Any) -> None:
            now = self._clock()
            outcome = _outcome(event.get("parsed_response"), event.get("exception"))
            operation = event_name.rpartition(".")[2]
            seconds = now - getattr(self._started, "at", now)
            meta = (event.get("parsed_response") or {}).get("ResponseMetadata", {})
            answered = (meta.get("HTTPStatusCode", 0), meta.get("RequestId", ""), meta.get("HostId", ""))
            call = Call(account, region, service, operation, outcome, seconds, *answered)
            if (tally := _TALLY.get()) is not None:
                tally.add()
            for listener in self._listeners:
                listener(call)

        client.meta.events.register_last("before-send", sent)
        client.meta.events.register("response-received", received)


def _outcome(parsed: Any, exception: Exception | None) -> str:
    if exception is not None:
        return type(exception).__name__
    status = (parsed or {}).get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return "ok" if status < 300 else str((parsed or {}).get("Error", {}).get("Code", status))
