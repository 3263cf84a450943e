"""The words of ASGI that the layer uses: a request's head, reading a body, sending an answer."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self
from urllib.parse import parse_qs

Scope = dict[str, Any]
Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


@dataclass(frozen=True)
class Head:
    """A request without its body: header names in lower case, the path as it was sent."""

    method: str
    raw_path: str
    query_string: str
    headers: Mapping[str, str]

    @classmethod
    def of(cls, scope: Scope) -> Self:
        """The head of an ASGI ``http`` scope; of headers that repeat, the last counts."""
        headers = {
            name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]
        }
        raw_path = scope["raw_path"].decode("latin-1")
        return cls(scope["method"], raw_path, scope["query_string"].decode("latin-1"), headers)

    @property
    def host(self) -> str:
        """The Host header, with its port."""
        return self.headers.get("host", "")

    @property
    def path(self) -> str:
        """Path and query as they were sent."""
        return f"{self.raw_path}?{self.query_string}" if self.query_string else self.raw_path

    @cached_property
    def query(self) -> dict[str, list[str]]:
        """The query by key; a key without a value has the value ''."""
        return parse_qs(self.query_string, keep_blank_values=True) if self.query_string else {}


async def read_body(receive: Receive) -> bytes:
    """The whole body; what came so far if the client is gone."""
    chunks = []
    while True:
        message = await receive()
        chunks.append(message.get("body", b""))
        if message["type"] == "http.disconnect" or not message.get("more_body", False):
            return b"".join(chunks)


def replay(body: bytes, receive: Receive) -> Receive:
    """A ``receive`` that hands out ``body`` once and then goes on with the real one."""
    rest = [body]

    async def receive_again() -> Message:
        if rest:
            return {"type": "http.request", "body": rest.pop(), "more_body": False}
        return await receive()

    return receive_again


async def disconnected(receive: Receive) -> None:
    """Return when the client is gone. Only to be used after the body was read."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def answer(send: Send, status: int, headers: Mapping[str, str], body: bytes) -> None:
    """Send a whole answer."""
    named = {**headers, "content-length": str(len(body))}
    raw = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in named.items()]
    await send({"type": "http.response.start", "status": status, "headers": raw})
    await send({"type": "http.response.body", "body": body, "more_body": False})
