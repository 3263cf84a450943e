import asyncio
from pathlib import Path

import aiohttp
import pytest
from kubernetes import client
from kubernetes.client.exceptions import ApiException
from urllib3.exceptions import HTTPError

from headrace.kube.client import make_client
from headrace.kube.connection import Heartbeat, login
from headrace.telemetry.requests import Request
from tests.unit.kube.apiserver import Answer, ApiServer, refusal
from tests.unit.kube.cluster import kubeconfig

THINGS = "/apis/headrace.io/v1alpha1/things"


def told(requests: list[Request]) -> list[tuple[str, str, str]]:
    assert all(request.seconds >= 0 for request in requests)
    return [(request.verb, request.resource, request.code) for request in requests]


def test_each_request_of_the_api_client_is_told_with_its_answer(server: ApiServer) -> None:
    server.answers = [Answer(), refusal(403, "no"), Answer(None)]
    requests: list[Request] = []
    configuration = client.Configuration()
    configuration.host = server.url
    api = client.CoreV1Api(made := make_client(configuration, 1, listeners=[requests.append]))
    api.read_namespace("kube-system")
    with pytest.raises(ApiException):
        api.read_namespaced_secret("keys", "shop")
    with pytest.raises(HTTPError):
        api.list_namespace()
    made.rest_client.pool_manager.clear()

    assert told(requests) == [
        ("get", "namespaces", "200"),
        ("get", "secrets", "403"),
        ("list", "namespaces", "error"),
    ]


@pytest.mark.usefixtures("nobody")
def test_what_kopf_asks_is_told_too(tmp_path: Path, server: ApiServer) -> None:
    server.answers = [Answer(body={"items": []}), Answer(), refusal(404, "no CRD")]
    # aiohttp asks once more where a connection that it had kept turns out to be closed.
    server.otherwise = lambda _: Answer(None)
    requests: list[Request] = []
    kubeconfig(tmp_path / "config", server.url, {"token": "secret"})

    async def ask() -> None:
        context = await login(Heartbeat(asyncio.get_running_loop().time), requests.append)()
        async with context.aiohttp_session as session:
            for query in ("", "?watch=true"):
                await (await session.get(server.url + THINGS + query)).read()
            for _ in range(2):
                with pytest.raises(aiohttp.ClientConnectionError):
                    await session.get(server.url + THINGS)

    asyncio.run(ask())

    assert told(requests) == [
        ("list", "things", "200"),
        ("watch", "things", "200"),
        ("list", "things", "404"),
        ("list", "things", "error"),
    ]
