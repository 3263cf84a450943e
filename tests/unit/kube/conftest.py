"""A tiny API server, and the real client to ask it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

import pytest
from kubernetes import client

from headrace.kube.client import make_client
from tests.unit.kube.apiserver import ApiServer, api_server


@pytest.fixture
def server() -> Iterator[ApiServer]:
    with api_server() as state:
        yield state


def connected(url: str, connections: int = 4) -> Any:
    """Return an API client for this address."""
    configuration = client.Configuration()
    configuration.host = url
    return make_client(configuration, connections)


@pytest.fixture
def api_client(server: ApiServer) -> Iterator[Any]:
    made = connected(server.url)
    yield made
    made.close()
    made.rest_client.pool_manager.clear()


@pytest.fixture
def nobody(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nobody's home, and no pod either."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("KUBECONFIG", "")
    proxies = [name + "_proxy" for name in ("http", "https", "no")]
    for name in ("KUBERNETES_SERVICE_HOST", "KUBERNETES_SERVICE_PORT", *proxies, *map(str.upper, proxies)):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def nameless(nobody: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """A user of whom the machine knows no more than the number, as in an image."""

    def unknown(uid: int) -> NoReturn:
        raise KeyError(f"getpwuid(): uid not found: {uid}")

    monkeypatch.setattr("pwd.getpwuid", unknown)
    for name in ("HOME", "LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(name, raising=False)
