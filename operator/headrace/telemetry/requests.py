"""Requests to the API server, named as RBAC names them: a verb and a resource."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

_PATH = re.compile(
    # A proxy may have a path of its own before it.
    r".*?/(?:api/v1|apis/[^/]+/[^/]+)(?:/namespaces/(?P<namespace>[^/]+)(?=/[^/]+))?"
    r"(?:/(?P<resource>[^/]+)(?:/(?P<name>[^/]+)(?:/(?P<part>[^/]+))?)?)?"
)
_VERBS: Mapping[str, str] = MappingProxyType(
    {"POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete", "GET": "get"}
)
NO_ANSWER = "error"
"""The code of a request to which no answer came."""
DISCOVERY = "discovery"
"""Stands for the resource where it is asked what is served."""


@dataclass(frozen=True)
class Request:
    """One request to the API server, and what came of it."""

    verb: str
    resource: str
    """The plural, with a subresource behind a slash: acceleratedbuckets/status."""
    code: str
    """The HTTP status, or `NO_ANSWER`."""
    seconds: float = 0.0


Listener = Callable[[Request], None]


def nobody(_: Request) -> None:
    """Listen to no request."""


def named(method: str, path: str, *, watch: bool = False) -> tuple[str, str]:
    """Return the verb and the resource of a request, as Kubernetes' own RequestInfo has them."""
    found = _PATH.fullmatch(path.rstrip("/"))
    verb = _VERBS.get(method.upper(), "other")
    if found is None or not found["resource"]:
        return verb, DISCOVERY
    if verb == "get" and not found["name"]:
        verb = "watch" if watch else "list"
    resource = found["resource"]
    return verb, f"{resource}/{found['part']}" if found["part"] else resource


def code_of(status: int) -> str:
    """Return the label for a status; what is no status of HTTP is as good as no answer."""
    return str(status) if 100 <= status <= 599 else NO_ANSWER
