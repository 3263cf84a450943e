"""How to reach the API server, and whether the watches are still alive: one configuration for all clients."""

import os
import re
import ssl
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiohttp
import kopf
from kubernetes import client, config

from headrace import __version__
from headrace.kinds.definition import GROUP, VERSION

_DEFAULT = "~/.kube/config"
# Where objects of ours are listed and watched; above it is what says which kinds there are.
_OBJECTS = re.compile(rf"/apis/{re.escape(GROUP)}/{VERSION}/")


class ConnectionFailed(Exception):
    """There is no usable way to the API server; the message says what to do."""


def load() -> client.Configuration:
    """Read the kubeconfig, if there is one, or else the ServiceAccount of the pod.

    Raises:
        ConnectionFailed: neither is there, or it makes no sense.
    """
    configuration = client.Configuration()
    named = os.environ.get("KUBECONFIG")
    file = named or (_DEFAULT if Path(_DEFAULT).expanduser().exists() else None)
    try:
        if file:
            config.load_kube_config(file, client_configuration=configuration)
        else:
            config.load_incluster_config(client_configuration=configuration)
    except Exception as error:
        # What a broken file does to the one who reads it has no class of its own.
        where = f"KUBECONFIG={named}" if named else file or "no KUBECONFIG, and not in a pod"
        raise ConnectionFailed(f"No way to a Kubernetes API server ({where}): {error}") from error
    return configuration


class Heartbeat:
    """When bytes last came in on the watches: kopf keeps the bookmarks, one a minute, to itself."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._responses: weakref.WeakSet[aiohttp.ClientResponse] = weakref.WeakSet()
        self._bytes: dict[int, int] = {}
        self._at = clock()
        self._watched: set[str] = set()

    def began(self, plural: str) -> None:
        """Note that a watch on these resources was answered."""
        self._watched.add(plural)

    def watches(self, plural: str) -> bool:
        """Whether a watch on these resources has begun, which is after their listing."""
        return plural in self._watched

    def add(self, response: aiohttp.ClientResponse) -> None:
        """Follow one more response."""
        self._at = self._clock()
        self._responses.add(response)

    def age(self) -> float:
        """Return the seconds since bytes last came in."""
        now = {id(response): response.content.total_bytes for response in list(self._responses)}
        # A response that is over is no news, or a connection that died would count as alive once more.
        if any(total > self._bytes.get(key, 0) for key, total in now.items()):
            self._at = self._clock()
        self._bytes = now
        return self._clock() - self._at


def login(heartbeat: Heartbeat) -> Callable[..., Any]:
    """Return kopf's login handler; it is called again whenever the API server no longer takes the token."""

    class Followed(aiohttp.ClientResponse):
        """A response that is followed from its first byte on."""

        async def start(self, connection: Any) -> aiohttp.ClientResponse:
            started = await super().start(connection)
            if self.status == 404 and _OBJECTS.search(self.url.path):
                # kopf ends the whole operator at an error that it does not know how to live with.
                raise aiohttp.ClientConnectionError(f"{self.url.name} are not served: is their CRD there?")
            heartbeat.add(self)
            if self.ok and self.url.query.get("watch") == "true":
                heartbeat.began(self.url.name)
            return started

    async def log_in(**_: Any) -> kopf.AiohttpSession:
        configuration = load()
        session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, ssl=_tls(configuration)),
            headers={**_authorization(configuration), "User-Agent": user_agent()},
            response_class=Followed,
        )
        return kopf.AiohttpSession(server=configuration.host, aiohttp_session=session)

    return log_in


def user_agent() -> str:
    """Return how we call ourselves to servers."""
    return f"headrace/{__version__}"


def _tls(configuration: client.Configuration) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=configuration.ssl_ca_cert)
    if not configuration.verify_ssl:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if configuration.cert_file:
        context.load_cert_chain(configuration.cert_file, configuration.key_file)
    return context


def _authorization(configuration: client.Configuration) -> dict[str, str]:
    token = configuration.get_api_key_with_prefix("BearerToken")
    token = token or configuration.get_api_key_with_prefix("authorization")
    basic = configuration.get_basic_auth_token() if configuration.username else None
    value = token or basic
    return {"Authorization": value} if value else {}
