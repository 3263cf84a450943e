"""The servers for probes and scrapes: /healthz, /readyz and /metrics, on one address or on two."""

import errno
import ssl
from collections.abc import Awaitable, Callable, Sequence

from aiohttp import web
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, gzip_accepted
from prometheus_client.registry import Collector

from headrace.telemetry.authorization import PATH, Doorkeeper
from headrace.telemetry.exposition import Exposition

RouteDef = web.RouteDef
Probe = Callable[[], str]
"""Returns what is wrong, in a sentence, or nothing."""

# At the end a scrape that still waits for its answer is not waited for longer; aiohttp would for a minute.
_LAST_SECONDS = 1.0

_Answer = Callable[[web.Request], Awaitable[web.Response]]


class ListenFailed(Exception):
    """The address cannot be listened on; the message says which and why."""


class AddressInUse(ListenFailed):
    """Somebody else listens there, perhaps not for long."""


class Server:
    """Answers on one address until it is stopped.

    Args:
        routes: what is there.
        option: the option with the address, to name where it cannot be listened on.
        tls: what to show and to encrypt with, if at all.
    """

    def __init__(
        self, routes: Sequence[RouteDef], option: str = "--listen", tls: ssl.SSLContext | None = None
    ) -> None:
        self._option, self._tls = option, tls
        self._application = web.Application()
        self._application.add_routes(routes)
        self._runner = web.AppRunner(self._application, access_log=None, shutdown_timeout=_LAST_SECONDS)

    async def start(self, host: str, port: int) -> str:
        """Begin to answer and return the address, with the real port where 0 was asked for.

        Raises:
            AddressInUse: somebody else listens there; it may be tried again.
            ListenFailed: there is no such address here, or it is not ours to take.
        """
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, host, port, ssl_context=self._tls).start()
        except OSError as error:
            await self._runner.cleanup()
            failed = AddressInUse if error.errno == errno.EADDRINUSE else ListenFailed
            raise failed(
                f"Cannot listen on {host}:{port}: {error.strerror}. Choose another {self._option}."
            ) from error
        bound = self._runner.addresses[0]
        return f"{bound[0]}:{bound[1]}"

    async def stop(self) -> None:
        """Answer no more."""
        await self._runner.cleanup()


def probes(health: Probe, readiness: Probe) -> list[RouteDef]:
    """Return the routes that the kubelet asks."""
    return [web.get("/healthz", _probing(health)), web.get("/readyz", _probing(readiness))]


def scrapes(snapshot: Callable[[], Collector], doorkeeper: Doorkeeper | None = None) -> list[RouteDef]:
    """Return the route that Prometheus asks; with a doorkeeper it is not for everybody."""
    exposition = Exposition(snapshot)

    async def metrics(request: web.Request) -> web.Response:
        if doorkeeper is not None:
            verdict = await doorkeeper.check(request.headers.get("Authorization", ""))
            if verdict.status != 200:
                headers = {"WWW-Authenticate": "Bearer"} if verdict.status == 401 else {}
                return web.Response(text=verdict.said, status=verdict.status, headers=headers)
        zipped = gzip_accepted(request.headers.get("Accept-Encoding", ""))
        headers = {"Content-Type": CONTENT_TYPE_PLAIN_0_0_4, "Vary": "Accept-Encoding"}
        headers |= {"Content-Encoding": "gzip"} if zipped else {}
        return web.Response(body=await exposition.rendered(zipped=zipped), headers=headers)

    return [web.get(PATH, metrics)]


def _probing(probe: Probe) -> _Answer:
    async def answer(_: web.Request) -> web.Response:
        wrong = probe()
        return web.Response(text=wrong or "ok", status=503 if wrong else 200)

    return answer
