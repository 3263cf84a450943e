"""What was asked of the API server, by whom, and how it ended: read from its audit log."""

import datetime as dt
import json
import os
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_BLOCK = 65536
_BEGUN = "RequestReceived"
# A server that was killed never tells how its last requests ended.
_PATIENCE_SECONDS = 3.0
_POLL_SECONDS = 0.002

Event = dict[str, Any]


@dataclass(frozen=True)
class Request:
    """One request, as https://kubernetes.io/docs/reference/config-api/apiserver-audit.v1/ describes it.

    ``verb`` is the API's (get, list, watch, create, update, patch, delete, deletecollection), or the
    HTTP method in lower case where ``uri`` names no resource (/version, /apis): then ``resource`` and
    the fields beside it are empty. ``code`` is the HTTP status; ``time`` is when the request came in.
    """

    time: dt.datetime
    user: str
    verb: str
    group: str
    resource: str
    subresource: str
    namespace: str
    name: str
    code: int
    user_agent: str
    uri: str


class AuditLog:
    """An audit log that grows while it is read. Each request is in it once, a watch when it begins.

    The API server writes a line before it lets the request go (mode blocking-strict), so whoever has
    the whole answer also finds the line. Only an answer that is sent in pieces can have arrived a moment
    earlier: that was never seen at 87 KB, but at 2 MB (/openapi/v2) in 1 of 13.

    Others see what a request wrote before that line is there. Such requests have a line at their begin,
    too, and who reads the log waits for the end of those that had begun by then.
    """

    def __init__(self, path: Path, patience: float = _PATIENCE_SECONDS) -> None:
        self.path, self._patience = path, patience

    def mark(self) -> int:
        """A place in the log, for ``since``: after its last whole line, once all that had begun is over."""
        self._over(max(0, self.path.stat().st_size - _BLOCK))
        with self.path.open("rb") as file:
            end = file.seek(0, os.SEEK_END)
            while end:
                start = max(0, end - _BLOCK)
                file.seek(start)
                newline = file.read(end - start).rfind(b"\n")
                if newline >= 0:
                    return start + newline + 1
                end = start
        return 0

    def since(self, mark: int) -> list[Request]:
        """The requests after a mark that are over, in the order of their ends."""
        return [_request(event) for event in self._over(mark) if event.get("stage") != _BEGUN]

    def _over(self, start: int) -> list[Event]:
        """All lines after a place, once the requests are over that had begun at first."""
        deadline = time.monotonic() + self._patience
        events, at = self._events(start)
        awaited = _under_way(events)
        while awaited and time.monotonic() < deadline:
            time.sleep(_POLL_SECONDS)
            more, at = self._events(at)
            events += more
            awaited -= {event.get("auditID", "") for event in more if event.get("stage") != _BEGUN}
        return events

    def _events(self, start: int) -> tuple[list[Event], int]:
        """The whole lines after a place, and the place after them."""
        with self.path.open("rb") as file:
            if start:
                # The place may be amid a line, of which the rest is nothing to be read.
                file.seek(start - 1)
                file.readline()
            text = file.read()
            # What follows the last one is a line that is being written.
            whole = text.rfind(b"\n") + 1
            end = file.tell() - len(text) + whole
        return [json.loads(line) for line in text[:whole].splitlines()], end


def read(path: Path) -> list[Request]:
    """All requests of an audit log, oldest first."""
    return AuditLog(path).since(0)


def by_user(requests: Iterable[Request], user: str) -> list[Request]:
    """The requests of one user, such as ``admin`` or ``service_account_user("shop", "operator")``."""
    return [request for request in requests if request.user == user]


def service_account_user(namespace: str, name: str) -> str:
    """The user name under which the API server knows a service account."""
    return f"system:serviceaccount:{namespace}:{name}"


def _under_way(events: Iterable[Event]) -> set[str]:
    """The ids of those that have begun and are not over."""
    begun: set[str] = set()
    for event in events:
        (begun.add if event.get("stage") == _BEGUN else begun.discard)(event.get("auditID", ""))
    return begun


def _request(event: Event) -> Request:
    target = event.get("objectRef", {})
    return Request(
        time=dt.datetime.fromisoformat(event["requestReceivedTimestamp"]),
        user=event["user"].get("username", ""),
        verb=event["verb"],
        group=target.get("apiGroup", ""),
        resource=target.get("resource", ""),
        subresource=target.get("subresource", ""),
        namespace=target.get("namespace", ""),
        name=target.get("name", ""),
        code=event.get("responseStatus", {}).get("code", 0),
        user_agent=event.get("userAgent", ""),
        uri=event["requestURI"],
    )
