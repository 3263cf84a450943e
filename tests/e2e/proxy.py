"""What stands between the operator and the API server: it passes everything on, but for what it refuses."""

import asyncio
import json
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import yaml
from aiohttp import web

from sandbox.control_plane.server import ControlPlane
from sandbox.operator import NAMESPACE, SERVICE_ACCOUNT

_DROPPED = {"host", "content-length", "transfer-encoding", "content-encoding"}


@dataclass(frozen=True)
class Passed:
    """A request that is over, or a watch that began."""

    method: str
    path: str
    status: int
    at: float


Meddle = Callable[[str, str], int | None]
"""Is told of each request, by method and path, before it is passed on; may refuse it with a status."""


@dataclass
class Proxy:
    """A proxy that runs, and what went through it."""

    kubeconfig: Path
    meddle: Meddle = lambda *_: None
    retry_after: int = 0
    """Seconds that a refusal asks for."""
    passed: list[Passed] = field(default_factory=list)

    def about(self, name: str, method: str = "PATCH") -> list[Passed]:
        """Return what was asked about an object, in the order of the answers."""
        return [p for p in self.passed if p.method == method and f"/acceleratedbuckets/{name}" in p.path]


@contextmanager
def proxy(plane: ControlPlane, directory: Path) -> Iterator[Proxy]:
    """Stand in between, with a kubeconfig for the operator, until the end of the block."""
    kubeconfig = plane.service_account_kubeconfig(NAMESPACE, SERVICE_ACCOUNT, directory / "proxied")
    made, ready, over = Proxy(kubeconfig), threading.Event(), asyncio.Event()
    loop = asyncio.new_event_loop()
    thread = threading.Thread(
        target=lambda: loop.run_until_complete(_serve(made, plane, ready, over)), name="proxy"
    )
    thread.start()
    try:
        if not ready.wait(30):
            raise AssertionError("the proxy did not start")
        yield made
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join()
        loop.close()


async def _serve(made: Proxy, plane: ControlPlane, ready: threading.Event, over: asyncio.Event) -> None:
    config = yaml.safe_load(made.kubeconfig.read_text())
    cluster = config["clusters"][0]["cluster"]
    tls = ssl.create_default_context()
    tls.check_hostname, tls.verify_mode = False, ssl.CERT_NONE
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0, ssl=tls), auto_decompress=False
    ) as session:

        async def answer(request: web.Request) -> web.StreamResponse:
            refused = await asyncio.to_thread(made.meddle, request.method, request.path)
            if refused is not None:
                made.passed.append(Passed(request.method, request.path, refused, time.monotonic()))
                status = {"kind": "Status", "code": refused, "message": "too many requests"}
                headers = {"Retry-After": str(made.retry_after)}
                return web.json_response(status, status=refused, headers=headers)
            return await _pass_on(made, session, plane.url, request)

        application = web.Application()
        application.router.add_route("*", "/{path:.*}", answer)
        runner = web.AppRunner(application, access_log=None, shutdown_timeout=0, handler_cancellation=True)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        cluster["server"] = f"http://127.0.0.1:{runner.addresses[0][1]}"
        made.kubeconfig.write_text(json.dumps(config))
        ready.set()
        await over.wait()
        await runner.cleanup()


async def _pass_on(
    made: Proxy, session: aiohttp.ClientSession, url: str, request: web.Request
) -> web.StreamResponse:
    headers = {k: v for k, v in request.headers.items() if k.lower() not in _DROPPED}
    timeout, data = aiohttp.ClientTimeout(total=None), await request.read() or None
    async with session.request(
        request.method, url + request.raw_path, headers=headers, data=data, timeout=timeout
    ) as came:
        made.passed.append(Passed(request.method, request.path, came.status, time.monotonic()))
        kept = {k: v for k, v in came.headers.items() if k.lower() not in _DROPPED - {"content-encoding"}}
        response = web.StreamResponse(status=came.status, headers=kept)
        await response.prepare(request)
        async for piece in came.content.iter_any():
            await response.write(piece)
        await response.write_eof()
        return response
