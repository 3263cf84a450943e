"""How to reach the API server, and whether the watches are still alive: one configuration for all clients."""

import asyncio
import logging
import os
import re
import ssl
import weakref
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import aiohttp
import kopf
from kubernetes import client, config
from kubernetes.client.rest import should_bypass_proxies

from headrace import __version__
from headrace.kinds.definition import GROUP, VERSION, Definition
from headrace.kube.counting import tracing
from headrace.kube.mending import WatchStream, check_refusal
from headrace.telemetry.requests import Listener, nobody

log = logging.getLogger("headrace.watch")

_DEFAULT = "~/.kube/config"
# Where objects of ours are listed and watched; above it is what says which kinds there are.
_OBJECTS = re.compile(rf"/apis/{re.escape(GROUP)}/{VERSION}/")
_NAMESPACES = "/api/v1/namespaces"
_REFUSALS = {
    401: "the API server does not take the operator's token to {verb} {what}",
    403: "the operator may not {verb} {what}",
}
# Whoever logs in with a token that is not taken is asked for another one right away.
_LOGIN_SECONDS = 5.0


class ConnectionFailed(Exception):
    """There is no usable way to the API server; the message says what to do."""


def load() -> client.Configuration:
    """Read the kubeconfig, if there is one, or else the ServiceAccount of the pod.

    Raises:
        ConnectionFailed: neither is there, or it makes no sense.
    """
    configuration = client.Configuration()
    named = os.environ.get("KUBECONFIG")
    # Path.expanduser raises where the user has no home, as in an image.
    default = Path(os.path.expanduser(_DEFAULT))  # noqa: PTH111
    file = named or (_DEFAULT if default.exists() else None)
    try:
        if file:
            config.load_kube_config(file, client_configuration=configuration)
            _take_proxy(configuration, file)
        else:
            config.load_incluster_config(client_configuration=configuration)
    except Exception as error:
        # What a broken file does to the one who reads it has no class of its own.
        where = f"KUBECONFIG={named}" if named else file or "no KUBECONFIG, and not in a pod"
        raise ConnectionFailed(f"No way to a Kubernetes API server ({where}): {error}") from error
    return configuration


def _take_proxy(configuration: client.Configuration, file: str) -> None:
    """Take the proxy-url of the cluster from the kubeconfig, which the kubernetes package leaves there."""
    merged = config.kube_config.KubeConfigMerger(file).config
    context = merged["contexts"].get_with_name(merged["current-context"])["context"]
    cluster = merged["clusters"].get_with_name(context["cluster"])["cluster"]
    url = cluster.safe_get("proxy-url")
    if not url:
        return
    if not url.startswith(("http://", "https://")):
        raise ValueError(f"proxy-url {url} cannot be used: only proxies of http:// and https:// can")
    # It counts more than the proxies of the environment, and than what is spared those.
    configuration.proxy, configuration.no_proxy = url, None


@dataclass
class _Watch:
    """What is known of one watch."""

    asked: float
    """When it, or its listing, was asked for last: whoever asks is alive, even where nobody answers."""
    heard: float
    """When bytes came in last."""
    begun: bool = False
    responses: weakref.WeakSet[aiohttp.ClientResponse] = field(default_factory=weakref.WeakSet)
    read: dict[int, int] = field(default_factory=dict)

    def listen(self, now: float) -> None:
        """Take note of the bytes that came in: kopf keeps the bookmarks, one a minute, to itself."""
        read = {id(response): response.content.total_bytes for response in list(self.responses)}
        # A response that is over is no news, or a connection that died would count as alive once more.
        if any(total > self.read.get(key, 0) for key, total in read.items()):
            self.heard = now
        self.read = read


class Heartbeat:
    """The signs of life of the watches, each by itself: one that died must not hide behind the others.

    A watch is known by the path of its objects: there is one for each kind, or for each namespace and kind.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._at = clock()
        self._watches: dict[str, _Watch] = {}
        self._refused: dict[str, str] = {}
        """What is refused to us, by the path where we tried."""
        self.gap = asyncio.Event()
        """Set when what had been watched was listed anew: kopf does not notice what went before that."""

    def asked(self, path: str, *, watch: bool) -> None:
        """Note that a watch was asked for, or the listing before it; other requests are about no watch."""
        self._at = now = self._clock()
        if path in self._watches:
            self._watches[path].asked = now
        elif watch:
            self._watches[path] = _Watch(now, now)

    def answered(self, path: str, response: aiohttp.ClientResponse, *, watch: bool) -> None:
        """Follow an answer from its first byte on."""
        if _is_watched(path):
            self._note_right(path, "watch" if watch else "list", response)
        known = self._watches.get(path)
        if known is None:
            return
        known.heard = self._clock()
        known.responses.add(response)
        if not response.ok:
            return
        if known.begun and not watch:
            self.gap.set()
        known.begun = known.begun or watch

    def _note_right(self, path: str, verb: str, response: aiohttp.ClientResponse) -> None:
        if response.ok and self._refused.pop(path, ""):
            log.info("the operator may %s %s by now", verb, _what(path))
        elif response.status in _REFUSALS:
            why = _REFUSALS[response.status].format(verb=verb, what=_what(path))
            if self._refused.get(path) != why:
                log.warning("%s; it tries again until it may", why)
            self._refused[path] = why

    def waits(self, paths: Iterable[str]) -> str:
        """Say which watches on these paths have not begun, which is after their listing, and what is refused.

        A watch that was refused after it had begun is told of, too.
        """
        refused = [why for _, why in sorted(self._refused.items())]
        waiting = [path for path in paths if path not in self._refused and not self._begun(path)]
        late = [f"the watch on {', '.join(map(_what, waiting))} has not begun yet"] if waiting else []
        return "; ".join([*refused, *late])

    def _begun(self, path: str) -> bool:
        return path in self._watches and self._watches[path].begun

    def age(self) -> float:
        """Return the seconds since bytes came in on the watch that has been silent for longest."""
        now = self._listened()
        return now - min((watch.heard for watch in self._watches.values()), default=self._at)

    def silent(self, seconds: float) -> str:
        """Say which watches gave no sign of life for so long, or nothing.

        An API server that does not answer is no reason: then it is asked again and again.
        """
        now = self._listened()
        if not self._watches:
            return "nothing was asked of the API server" if now - self._at > seconds else ""
        late = {p: now - max(w.asked, w.heard) for p, w in self._watches.items()}
        return "; ".join(
            f"the watch on {_what(path)} has been silent for {age:.0f} s"
            for path, age in sorted(late.items())
            if age > seconds
        )

    def _listened(self) -> float:
        now = self._clock()
        for watch in self._watches.values():
            watch.listen(now)
        return now


def _is_watched(path: str) -> bool:
    return path == _NAMESPACES or _OBJECTS.search(path) is not None


def path_of(definition: Definition[Any], namespace: str = "") -> str:
    """Return where objects of a kind are listed and watched: in one namespace, or everywhere."""
    where = f"namespaces/{namespace}/" if namespace else ""
    return f"/apis/{GROUP}/{VERSION}/{where}{definition.plural}"


def _what(path: str) -> str:
    """Name what a watch is about, by its path."""
    *_, parent, name, plural = path.rsplit("/", 3)
    return f"{plural} in {name}" if parent == "namespaces" else plural


def login(heartbeat: Heartbeat, listener: Listener = nobody, identity: str = "") -> Callable[..., Any]:
    """Return kopf's login handler; it is called again whenever the API server no longer takes the token."""
    since = float("-inf")

    class Followed(aiohttp.ClientResponse):
        """A response that is followed from its first byte on."""

        async def start(self, connection: Any) -> aiohttp.ClientResponse:
            started = await super().start(connection)
            path, watching = self.url.path, "watch" in self.url.query
            if _is_watched(path):
                check_refusal(self.status, self.url.name)
                if watching and self.ok:
                    # It is all that kopf takes of an answer.
                    self.content = cast(aiohttp.StreamReader, WatchStream(self.content, _what(path)))
            heartbeat.answered(path, self, watch=watching)
            return started

    async def asking(_: Any, __: Any, request: aiohttp.TraceRequestStartParams) -> None:
        heartbeat.asked(request.url.path, watch="watch" in request.url.query)

    async def log_in(**_: Any) -> kopf.AiohttpSession:
        nonlocal since
        clock = asyncio.get_running_loop().time
        await asyncio.sleep(since + _LOGIN_SECONDS - clock())
        since = clock()
        configuration = load()
        trace = aiohttp.TraceConfig()
        trace.on_request_start.append(asking)
        session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, ssl=_tls(configuration)),
            headers={**_authorization(configuration), "User-Agent": user_agent(identity)},
            proxy=_proxy(configuration),
            request_class=_request(configuration.tls_server_name),
            response_class=Followed,
            trace_configs=[trace, tracing(listener)],
        )
        return kopf.AiohttpSession(server=configuration.host, aiohttp_session=session)

    return log_in


def user_agent(identity: str = "") -> str:
    """Return how we call ourselves to servers; the identity tells replicas apart."""
    return f"headrace/{__version__} ({identity})" if identity else f"headrace/{__version__}"


def _proxy(configuration: client.Configuration) -> str | None:
    """Return the proxy that stands before the API server, by the rules of the kubernetes package."""
    spared = should_bypass_proxies(configuration.host, no_proxy=configuration.no_proxy or "")
    return None if spared else configuration.proxy


def _request(server_name: str | None) -> type[aiohttp.ClientRequest]:
    """Return the class of requests that expect this name in the server's certificate."""

    class Named(aiohttp.ClientRequest):
        """A request to a server whose certificate has another name than its address."""

        def __init__(self, *args: Any, **more: Any) -> None:
            super().__init__(*args, **{**more, "server_hostname": server_name})

    return Named if server_name else aiohttp.ClientRequest


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
