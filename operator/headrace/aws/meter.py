"""Counts requests to AWS on botocore's events: none needs a line of its own, and none can be forgotten."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
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


Listener = Callable[[Call], None]


class Meter:
    """Tells its listeners of each request. Listeners run on the calling thread and must be quick."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._listeners: list[Listener] = []
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
            call = Call(account, region, service, operation, outcome, now - getattr(self._started, "at", now))
            for listener in self._listeners:
                listener(call)

        client.meta.events.register_last("before-send", sent)
        client.meta.events.register("response-received", received)


def _outcome(parsed: Any, exception: Exception | None) -> str:
    if exception is not None:
        return type(exception).__name__
    status = (parsed or {}).get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return "ok" if status < 300 else str((parsed or {}).get("Error", {}).get("Code", status))
