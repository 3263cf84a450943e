"""What was asked of the API server, by whom, and how it ended: read from its audit log."""

import datetime as dt
import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_BLOCK = 65536


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
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def mark(self) -> int:
        """A place in the log, for ``since``: after the last whole line."""
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
        """The requests after a mark, oldest first."""
        with self.path.open("rb") as file:
            file.seek(mark)
            # The last piece is empty, or a line that is being written.
            lines = file.read().split(b"\n")[:-1]
        return [_request(json.loads(line)) for line in lines]


def read(path: Path) -> list[Request]:
    """All requests of an audit log, oldest first."""
    return AuditLog(path).since(0)


def by_user(requests: Iterable[Request], user: str) -> list[Request]:
    """The requests of one user, such as ``admin`` or ``service_account_user("shop", "operator")``."""
    return [request for request in requests if request.user == user]


def service_account_user(namespace: str, name: str) -> str:
    """The user name under which the API server knows a service account."""
    return f"system:serviceaccount:{namespace}:{name}"


def _request(event: dict[str, Any]) -> Request:
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
