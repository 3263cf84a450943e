"""An API server that knows one kind, lists it and lets it be watched: as much of one as kopf asks for."""

import asyncio
import json
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web


def _resource(name: str, kind: str, namespaced: bool, *verbs: str) -> dict[str, Any]:
    return {"name": name, "kind": kind, "singularName": "", "namespaced": namespaced, "verbs": verbs}


RESOURCES = {
    "/api": {"versions": ["v1"]},
    "/apis": {
        "groups": [
            {
                "name": "headrace.io",
                "preferredVersion": {"version": "v1alpha1"},
                "versions": [{"version": "v1alpha1"}],
            }
        ]
    },
    "/api/v1": {
        "resources": [
            _resource("namespaces", "Namespace", False, "list", "watch"),
            _resource("events", "Event", True, "create", "patch"),
        ]
    },
    "/apis/headrace.io/v1alpha1": {
        "resources": [
            _resource("things", "Thing", True, "list", "watch", "patch"),
            _resource("things/status", "Thing", True, "patch"),
        ]
    },
}

NAMESPACES = {"apiVersion": "v1", "kind": "NamespaceList"}


@dataclass
class Cluster:
    """What there is, and who is watching."""

    items: list[dict[str, Any]] = field(default_factory=list)
    asked: list[web.Request] = field(default_factory=list)
    watches: asyncio.Queue[web.StreamResponse] = field(default_factory=asyncio.Queue)
    """Streams that were opened."""
    over: asyncio.Event = field(default_factory=asyncio.Event)
    refuse: Callable[[web.Request], web.Response | None] = lambda _: None
    """What is refused, and with which answer."""

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request)
        if (refusal := self.refuse(request)) is not None:
            return refusal
        if request.path in RESOURCES:
            return web.json_response(RESOURCES[request.path])
        if "watch" in request.query:
            return await self.stream(request)
        things = request.path.endswith("/things")
        items = self.items if things else [{"metadata": {"name": name}} for name in ("shop", "bank", "other")]
        listed = {"apiVersion": "headrace.io/v1alpha1", "kind": "ThingList"} if things else NAMESPACES
        return web.json_response({**listed, "metadata": {"resourceVersion": "5"}, "items": items})

    async def stream(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        if request.path.endswith("/things"):
            await self.watches.put(response)
        await self.over.wait()
        return response


async def tell(stream: web.StreamResponse, type_: str, about: Any) -> None:
    """Send one event on a watch."""
    await stream.write(json.dumps({"type": type_, "object": about}).encode() + b"\n")


def kubeconfig(path: Path, server: str, user: Any = None, **cluster: Any) -> None:
    """Write a kubeconfig and name it in the environment."""
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "here",
        "contexts": [{"name": "here", "context": {"cluster": "here", "user": "me"}}],
        "clusters": [{"name": "here", "cluster": {"server": server, **cluster}}],
        "users": [{"name": "me", "user": user or {"token": "secret"}}],
    }
    path.write_text(json.dumps(config))
    os.environ["KUBECONFIG"] = str(path)


@asynccontextmanager
async def serving(cluster: Cluster) -> AsyncIterator[str]:
    """Serve on a free port of 127.0.0.1 until the end of the block; give the URL."""
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", cluster.answer)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        cluster.over.set()
        await runner.cleanup()
