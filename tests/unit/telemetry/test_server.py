import asyncio
import socket
import time
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import pytest

from headrace.telemetry.authorization import Doorkeeper, User
from headrace.telemetry.registry import Metrics
from headrace.telemetry.server import AddressInUse, ListenFailed, Server, scrapes
from headrace.telemetry.server import probes as server_probes
from sandbox.processes import free_port


class Probes:
    """What is wrong, as far as anybody knows."""

    def __init__(self) -> None:
        self.health = self.readiness = ""


def serve(visit: Callable[[aiohttp.ClientSession, Probes], Awaitable[Any]]) -> Any:
    """Let somebody visit a server on a free port; paths are relative to it."""

    async def scene() -> Any:
        probes, metrics = Probes(), Metrics()
        metrics.reconciled("Thing", "in_sync", 0.1, 0.1)
        asked = server_probes(lambda: probes.health, lambda: probes.readiness)
        server = Server([*asked, *scrapes(metrics.snapshot)])
        address = await server.start("127.0.0.1", 0)
        try:
            async with aiohttp.ClientSession(f"http://{address}") as session:
                return await visit(session, probes)
        finally:
            await server.stop()

    return asyncio.run(scene())


async def answer(session: aiohttp.ClientSession, path: str) -> tuple[int, str]:
    async with session.get(path) as response:
        return response.status, await response.text()


@pytest.mark.parametrize(("path", "probe"), [("/healthz", "health"), ("/readyz", "readiness")])
def test_a_probe_says_ok_or_what_is_wrong(path: str, probe: str) -> None:
    async def visit(session: aiohttp.ClientSession, probes: Probes) -> None:
        assert await answer(session, path) == (200, "ok")
        setattr(probes, probe, "no bytes on the watches for 200 s")
        assert await answer(session, path) == (503, "no bytes on the watches for 200 s")
        setattr(probes, probe, "")
        assert await answer(session, path) == (200, "ok")

    serve(visit)


def test_one_probe_is_not_the_other() -> None:
    async def visit(session: aiohttp.ClientSession, probes: Probes) -> None:
        probes.readiness = "the watches have not begun yet"
        assert (await answer(session, "/healthz"))[0] == 200

    serve(visit)


def test_metrics_are_told_as_prometheus_wants_them() -> None:
    async def visit(session: aiohttp.ClientSession, probes: Probes) -> tuple[str, str]:
        async with session.get("/metrics") as response:
            return response.headers["Content-Type"], await response.text()

    content_type, text = serve(visit)
    assert content_type.startswith("text/plain; version=")
    assert 'headrace_reconciles_total{kind="Thing",result="in_sync"} 1.0' in text.splitlines()


def test_there_is_nothing_else() -> None:
    async def visit(session: aiohttp.ClientSession, probes: Probes) -> list[int]:
        return [(await answer(session, path))[0] for path in ("/", "/metrics/", "/debug")]

    assert serve(visit) == [404, 404, 404]


def test_a_probe_that_fails_itself_is_an_answer_too() -> None:
    def broken() -> str:
        raise RuntimeError("bug")

    async def scene() -> int:
        server = Server(server_probes(broken, broken))
        address = await server.start("127.0.0.1", 0)
        try:
            async with aiohttp.ClientSession() as session:
                return (await answer(session, f"http://{address}/healthz"))[0]
        finally:
            await server.stop()

    assert asyncio.run(scene()) == 500


def test_an_address_in_use_is_told_with_what_to_do_and_taken_once_it_is_free() -> None:
    server = Server(server_probes(str, str))

    async def scene(taken: socket.socket, port: int) -> str:
        with taken, pytest.raises(AddressInUse) as failed:
            await server.start("127.0.0.1", port)
        address = await server.start("127.0.0.1", port)
        try:
            async with aiohttp.ClientSession() as session:
                assert (await answer(session, f"http://{address}/healthz"))[0] == 200
        finally:
            await server.stop()
        return str(failed.value)

    port = free_port()
    sentence = asyncio.run(scene(socket.create_server(("127.0.0.1", port)), port))
    assert sentence.startswith(f"Cannot listen on 127.0.0.1:{port}: ")
    assert "address already in use" in sentence
    assert sentence.endswith(". Choose another --listen.")


def test_an_address_that_is_none_of_ours_is_told() -> None:
    server = Server(server_probes(str, str))

    with pytest.raises(ListenFailed, match=r"^Cannot listen on 192\.0\.2\.1:8080: ") as failed:
        asyncio.run(server.start("192.0.2.1", 8080))
    assert not isinstance(failed.value, AddressInUse), "that is not waited for"


def test_a_stopped_server_answers_no_more() -> None:
    async def scene() -> None:
        server = Server(server_probes(str, str))
        address = await server.start("127.0.0.1", 0)
        await server.stop()
        async with aiohttp.ClientSession() as session:
            with pytest.raises(aiohttp.ClientConnectorError):
                await answer(session, f"http://{address}/healthz")

    asyncio.run(scene())


class Everybody:
    """An API server that takes one token, and lets its user read the metrics."""

    def user(self, token: str) -> User | None:
        return User("prometheus") if token == "good" else None

    def allows(self, user: User, verb: str, path: str) -> bool:
        return True


@pytest.mark.parametrize(
    ("header", "status"), [(None, 401), ("Bearer bad", 401), ("Bearer good", 200), ("bearer good", 200)]
)
def test_where_it_is_asked_who_may_nobody_else_sees_the_metrics(header: str | None, status: int) -> None:
    async def scene() -> None:
        routes = scrapes(Metrics().snapshot, Doorkeeper(Everybody(), time.monotonic))
        server = Server([*server_probes(str, str), *routes])
        address = await server.start("127.0.0.1", 0)
        try:
            headers = {"Authorization": header} if header else {}
            async with (
                aiohttp.ClientSession(f"http://{address}", headers=headers) as session,
                session.get("/metrics") as response,
            ):
                shown = "headrace_build_info" in await response.text()
                asked = "Bearer" in response.headers.get("WWW-Authenticate", "")
                assert (response.status, shown, asked) == (status, status == 200, status == 401)
                assert await answer(session, "/healthz") == (200, "ok")
        finally:
            await server.stop()

    asyncio.run(scene())
