"""The stand-in's own door, /_headrace/: log, faults, how slow it is, reset. It is not in the log itself."""

import json
from collections.abc import Mapping
from typing import Any

from sandbox.aws.layer.asgi import App, Head, Message, Send, answer
from sandbox.aws.layer.delays import Delays
from sandbox.aws.layer.faults import Faults, Rule
from sandbox.aws.layer.journal import Journal

CONTROL = "/_headrace/"


class Control:
    """Answers the control requests; keeps the latency."""

    def __init__(
        self,
        inner: App,
        journal: Journal,
        faults: Faults,
        delays: Delays,
        described: Mapping[str, object],
    ) -> None:
        self._inner = inner
        self._journal = journal
        self._faults = faults
        self._delays = delays
        self._described = described
        self.latency = 0.0

    async def handle(self, head: Head, body: bytes, send: Send) -> None:
        """Answer one request: JSON, or one sentence with status 400 or 404."""
        try:
            said = await self._said(head, json.loads(body or b"{}"))
        except (TypeError, ValueError) as problem:
            await answer(send, 400, {"content-type": "text/plain"}, str(problem).encode())
            return
        if said is None:
            sentence = f"There is no {head.method} {head.raw_path}."
            await answer(send, 404, {"content-type": "text/plain"}, sentence.encode())
            return
        await answer(send, 200, {"content-type": "application/json"}, said.encode())

    async def _said(self, head: Head, data: dict[str, Any]) -> str | None:
        match head.method, head.raw_path.removeprefix(CONTROL).split("/"):
            case "GET", ["health"]:
                return json.dumps({**self._described, "last": self._journal.last})
            case "GET", ["log"]:
                return self._journal.since(int(head.query.get("since", ["0"])[0]))
            case "POST", ["latency" | "deployment" | "tagging" | "session" | "reset" as what]:
                await self._set(what, data)
                return "{}"
            case _, ["faults", *rest]:
                return self._said_of_faults(head.method, rest, data)
        return None

    def _said_of_faults(self, method: str, rest: list[str], data: dict[str, Any]) -> str | None:
        done = False
        match method, rest:
            case "GET", []:
                return json.dumps(self._faults.shown())
            case "POST", []:
                return json.dumps({"id": self._faults.add(Rule.parse(data)).id})
            case "DELETE", []:
                self._faults.clear()
                done = True
            case "DELETE", [number]:
                done = self._faults.remove(int(number))
            case "POST", [number, "release"]:
                done = self._faults.release(int(number))
        return "{}" if done else None

    async def _set(self, what: str, data: Mapping[str, Any]) -> None:
        if what == "reset":
            await self._reset()
        elif what == "latency":
            self.latency = float(data["seconds"])
        else:
            setattr(self._delays, what, float(data["seconds"]))

    async def _reset(self) -> None:
        """Everything as after the start: ours, then MiniStack's by its own door.

        A call that is held must not go on, or it would be done after the reset.
        """
        await self._faults.abandon()
        self.latency = 0.0
        self._delays.reset()
        path = "/_ministack/reset"
        scope = {
            "type": "http",
            "method": "POST",
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "headers": [],
            "client": ("127.0.0.1", 0),
            "scheme": "http",
        }
        statuses: list[int] = []

        async def receive() -> Message:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: Message) -> None:
            statuses.extend([message["status"]] if "status" in message else [])

        await self._inner(scope, receive, send)
        if statuses != [200]:
            raise ValueError(f"MiniStack's reset answered {statuses}.")
        self._journal.clear()
