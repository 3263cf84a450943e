"""The ASGI application around MiniStack's: names each request, lets faults happen to it, and records it."""

import asyncio
import time
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Protocol

from sandbox.aws.layer.asgi import (
    App,
    Head,
    Message,
    Receive,
    Scope,
    Send,
    answer,
    disconnected,
    read_body,
    replay,
)
from sandbox.aws.layer.classify import Call, Guess, classify, is_named_in_body, view
from sandbox.aws.layer.control import CONTROL, Control
from sandbox.aws.layer.delays import Delays
from sandbox.aws.layer.faults import Armed, Faults
from sandbox.aws.layer.journal import Journal
from sandbox.aws.layer.wire import error, error_code

_ENOUGH = 4096  # bytes of an error's body in which its code is looked for


class Connection(Protocol):
    """What the layer needs of a client's connection."""

    def abort(self) -> None:
        """Close it at once, without sending what is still to be sent."""


# Set by the server before it calls the application; ASGI itself has no way to close a connection.
CONNECTION: ContextVar[Connection] = ContextVar("connection")


@dataclass(frozen=True)
class Around:
    """What the layer asks MiniStack while it names a request."""

    guess: Guess
    account_of: Callable[[str], str]
    distribution_of: Callable[[str], str]


class Exchange:
    """One request and its answer, which passes through here; it is recorded before its last part is sent."""

    def __init__(self, call: Call, account: str, journal: Journal, send: Send) -> None:
        self._call, self._account, self._journal, self._send = call, account, journal, send
        self._time, self._clock = time.time(), time.perf_counter()
        self._status = 0
        self._headers: dict[str, str] = {}
        self._body = b""
        self._recorded = False
        self.fault: int | None = None
        self.lost = ""

    async def send(self, message: Message) -> None:
        """Pass a part of the answer on."""
        if message["type"] == "http.response.start":
            self._status = message["status"]
            self._headers = {
                name.decode("latin-1").lower(): value.decode("latin-1") for name, value in message["headers"]
            }
        elif message["type"] == "http.response.body":
            if self._status >= 300 and len(self._body) < _ENOUGH:
                self._body += message.get("body", b"")
            if not message.get("more_body", False):
                self.record()
        await self._send(message)

    def record(self) -> None:
        """Write the entry, once. A request that never got an answer has status 0."""
        if self._recorded:
            return
        self._recorded = True
        call, head = self._call, self._call.head
        self._journal.add(
            {
                "time": self._time,
                "duration": time.perf_counter() - self._clock,
                "account": self._account,
                "access_key": call.access_key,
                "region": call.region,
                "service": call.service,
                "operation": call.operation,
                "resource": call.resource or self._created(),
                "host": head.host,
                "method": head.method,
                "path": head.path,
                "status": self._status,
                "error": self.lost or error_code(self._status, self._headers, self._body),
                "user_agent": head.headers.get("user-agent", ""),
                "fault": self.fault,
            }
        )

    def _created(self) -> str:
        """The id that an answer tells of what a request has made."""
        made = self._status == 201 and self._call.service == "cloudfront"
        return self._headers.get("location", "").rpartition("/")[2] if made else ""


class Layer:
    """The application that the server calls."""

    def __init__(self, inner: App, around: Around, delays: Delays, described: dict[str, object]) -> None:
        self._inner = inner
        self._around = around
        self._journal = Journal()
        self._faults = Faults()
        self._control = Control(inner, self._journal, self._faults, delays, described)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection scope; all but HTTP is MiniStack's own business."""
        if scope["type"] != "http":
            await self._inner(scope, receive, send)
            return
        head = Head.of(scope)
        if head.raw_path.startswith(CONTROL):
            await self._control.handle(head, await read_body(receive), send)
            return
        form = b""
        if is_named_in_body(head):
            form = await read_body(receive)
            receive = replay(form, receive)
        viewed = self._around.distribution_of(head.host)
        call = view(head, viewed) if viewed else classify(head, form, self._around.guess)
        exchange = Exchange(call, self._around.account_of(call.access_key), self._journal, send)
        try:
            await self._exchange(exchange, call, scope, receive)
        finally:
            exchange.record()

    async def _exchange(self, exchange: Exchange, call: Call, scope: Scope, receive: Receive) -> None:
        if self._control.latency:
            await asyncio.sleep(self._control.latency)
        armed = self._faults.take(call)
        if armed is None:
            await self._inner(scope, receive, exchange.send)
            return
        exchange.fault = armed.id
        # The body is read first: only then can a client that goes away be noticed.
        again = replay(await read_body(receive), receive)
        if armed.rule.effect == "before":
            if await _strike(armed, call, exchange, receive):
                await self._inner(scope, again, exchange.send)
            return
        answered: list[Message] = []

        async def keep(message: Message) -> None:
            answered.append(message)

        await self._inner(scope, again, keep)
        if await _strike(armed, call, exchange, receive):
            for message in answered:
                await exchange.send(message)


async def _strike(armed: Armed, call: Call, exchange: Exchange, receive: Receive) -> bool:
    """Let a rule do its worst. True: the call goes on as if nothing had been."""
    rule = armed.rule
    if rule.delay:
        await asyncio.sleep(rule.delay)
    if rule.action == "error":
        said = error(call, rule.status, rule.code, rule.message)
        await answer(exchange.send, said.status, said.headers, said.body)
        return False
    if rule.action == "hold" and not await _held(armed, receive):
        exchange.lost = "(client gone)"
        return False
    if rule.action == "drop" or armed.dropping:
        exchange.lost = "(dropped)"
        CONNECTION.get().abort()
        return False
    return True


async def _held(armed: Armed, receive: Receive) -> bool:
    """Wait for the release of a rule; False if the client went away before."""
    gone = asyncio.create_task(disconnected(receive))
    free = asyncio.create_task(armed.released.wait())
    with armed.one_more_waiting():
        try:
            await asyncio.wait((gone, free), return_when=asyncio.FIRST_COMPLETED)
        finally:
            gone.cancel()
            free.cancel()
    return armed.released.is_set()
