"""The session that kopf gets: as whom it asks, whom it believes, and what it goes through."""

import asyncio
import base64
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from headrace.kube.client import make_client
from headrace.kube.connection import ConnectionFailed, Heartbeat, load, login
from sandbox.control_plane import pki
from tests.unit.kube.cluster import kubeconfig

pytestmark = pytest.mark.usefixtures("nobody")

SERVER = "https://127.0.0.1:6443"


async def say(request: web.Request) -> web.Response:
    """Answer with what the client showed of itself."""
    transport = request.transport
    certificate = transport.get_extra_info("peercert") if transport else None
    subject = dict(pair for names in (certificate or {}).get("subject", ()) for pair in names)
    shown = {"authorization": request.headers.get("Authorization"), "user": subject.get("commonName")}
    return web.json_response(shown)


@asynccontextmanager
async def api_server(keys: pki.Pki | None = None) -> AsyncIterator[str]:
    """Serve, with TLS where there are keys for it."""
    context = None
    if keys is not None:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=keys.ca.public)
        context.load_cert_chain(keys.server.public, keys.server.private)
        context.verify_mode = ssl.CERT_OPTIONAL
    application = web.Application()
    application.router.add_get("/", say)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
    try:
        yield f"http{'s' if keys else ''}://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


def shown(path: Path, config: Callable[[], tuple[Any, dict[str, Any]]], keys: pki.Pki | None = None) -> Any:
    """Log in with a kubeconfig of this user and cluster; return what the server saw."""

    async def ask() -> Any:
        heartbeat = Heartbeat(asyncio.get_running_loop().time)
        async with api_server(keys) as url:
            user, cluster = config()
            kubeconfig(path / "config", url, user, **cluster)
            context = await login(heartbeat)()
            assert context.server == url
            async with context.aiohttp_session as session, session.get(url) as response:
                return await response.json()

    return asyncio.run(ask())


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> pki.Pki:
    return pki.create(tmp_path_factory.mktemp("pki"))


@pytest.mark.parametrize(
    ("user", "expected"),
    [
        ({"token": "secret"}, "Bearer secret"),
        ({"username": "me", "password": "secret"}, f"Basic {base64.b64encode(b'me:secret').decode()}"),
        ({"client-certificate": "unused"}, None),
    ],
)
def test_kopf_shows_what_the_kubeconfig_says(
    tmp_path: Path, user: dict[str, str], expected: str | None
) -> None:
    assert shown(tmp_path, lambda: (user, {}))["authorization"] == expected


def test_the_server_is_checked_against_the_authority_of_the_cluster(tmp_path: Path, keys: pki.Pki) -> None:
    authority = {"certificate-authority": str(keys.ca.public)}

    assert shown(tmp_path, lambda: (None, authority), keys) == {
        "authorization": "Bearer secret",
        "user": None,
    }


@pytest.mark.parametrize("named", [True, False])
def test_a_server_of_another_authority_gets_nothing_from_us(
    tmp_path: Path, keys: pki.Pki, named: bool
) -> None:
    other = pki.create(tmp_path / "other")
    cluster = {"certificate-authority": str(other.ca.public)} if named else {}

    with pytest.raises(aiohttp.ClientConnectorCertificateError):
        shown(tmp_path, lambda: (None, cluster), keys)


def test_a_server_is_not_checked_where_the_kubeconfig_says_so(tmp_path: Path, keys: pki.Pki) -> None:
    insecure = {"insecure-skip-tls-verify": True}

    assert shown(tmp_path, lambda: (None, insecure), keys)["authorization"] == "Bearer secret"


def test_a_certificate_is_shown_where_the_kubeconfig_has_one(tmp_path: Path, keys: pki.Pki) -> None:
    admin = keys.clients[pki.ADMIN]
    user = {"client-certificate": str(admin.public), "client-key": str(admin.private)}
    authority = {"certificate-authority": str(keys.ca.public)}

    assert shown(tmp_path, lambda: (user, authority), keys) == {"authorization": None, "user": "admin"}


# What stands between


def test_a_server_of_another_name_is_believed_where_the_kubeconfig_has_that_name(
    tmp_path: Path, keys: pki.Pki
) -> None:
    def cluster(name: str) -> Callable[[], tuple[Any, dict[str, Any]]]:
        authority = {"certificate-authority": str(keys.ca.public)}
        return lambda: (None, {**authority, "tls-server-name": name})

    assert shown(tmp_path, cluster("localhost"), keys)["authorization"] == "Bearer secret"
    with pytest.raises(aiohttp.ClientConnectorCertificateError, match=r"elsewhere\.example"):
        shown(tmp_path, cluster("elsewhere.example"), keys)


def test_the_proxy_of_the_kubeconfig_is_gone_through_by_both_clients(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # It counts more than the environment, which spares the server.
    monkeypatch.setenv("NO_PROXY", "*")

    async def ask() -> tuple[str, Any]:
        async with api_server() as proxy:
            kubeconfig(tmp_path / "config", "http://far.example", **{"proxy-url": proxy})
            context = await login(Heartbeat(asyncio.get_running_loop().time))()
            async with context.aiohttp_session as session, session.get("http://far.example/") as response:
                kopf_saw = (await response.json())["authorization"]
            pool = make_client(load(), 1).rest_client.pool_manager
            return kopf_saw, (proxy, pool.proxy.url)

    saw, (proxy, used) = asyncio.run(ask())
    assert saw == "Bearer secret"
    assert used == proxy


def test_a_proxy_of_another_kind_is_told(tmp_path: Path) -> None:
    kubeconfig(tmp_path / "config", SERVER, **{"proxy-url": "socks5://127.0.0.1:1080"})

    with pytest.raises(ConnectionFailed) as failed:
        load()

    assert str(failed.value).endswith(
        "proxy-url socks5://127.0.0.1:1080 cannot be used: only proxies of http:// and https:// can"
    )


def test_a_proxy_of_the_environment_spares_what_the_environment_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")

    assert shown(tmp_path, lambda: (None, {}))["authorization"] == "Bearer secret"
    monkeypatch.setenv("NO_PROXY", "other.example")
    with pytest.raises(aiohttp.ClientConnectorError):
        shown(tmp_path, lambda: (None, {}))
