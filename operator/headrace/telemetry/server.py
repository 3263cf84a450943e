"""The server for probes and scrapes: /healthz, /readyz and /metrics."""

from collections.abc import Awaitable, Callable

from aiohttp import web
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

Probe = Callable[[], str]
"""Returns what is wrong, in a sentence, or nothing."""


class ListenFailed(Exception):
    """The address cannot be listened on; the message says which and why."""


class Server:
    """Answers on one address until it is stopped."""

    def __init__(self, registry: CollectorRegistry, health: Probe, readiness: Probe) -> None:
        self._registry = registry
        self._application = web.Application()
        self._application.add_routes(
            [
                web.get("/healthz", _probing(health)),
                web.get("/readyz", _probing(readiness)),
                web.get("/metrics", self._metrics),
            ]
        )
        self._runner = web.AppRunner(self._application, access_log=None)

    async def start(self, host: str, port: int) -> str:
        """Begin to answer and return the address, with the real port where 0 was asked for.

        Raises:
            ListenFailed: somebody else listens there, or there is no such address.
        """
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, host, port).start()
        except OSError as error:
            await self._runner.cleanup()
            raise ListenFailed(
                f"Cannot listen on {host}:{port}: {error.strerror}. Choose another --listen."
            ) from error
        bound = self._runner.addresses[0]
        return f"{bound[0]}:{bound[1]}"

    async def stop(self) -> None:
        """Answer no more."""
        await self._runner.cleanup()

    async def _metrics(self, _: web.Request) -> web.Response:
        headers = {"Content-Type": CONTENT_TYPE_LATEST}
        return web.Response(body=generate_latest(self._registry), headers=headers)


def _probing(probe: Probe) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def answer(_: web.Request) -> web.Response:
        wrong = probe()
        return web.Response(text=wrong or "ok", status=503 if wrong else 200)

    return answer
