"""Tells of every request to the API server: those of the kubernetes package, and those that kopf sends."""

from collections.abc import Iterable
from time import monotonic
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from kubernetes import client
from kubernetes.client.exceptions import ApiException

from headrace.telemetry.requests import NO_ANSWER, Listener, Request, code_of, named


class CountingClient(client.ApiClient):  # type: ignore[misc]  # the kubernetes package has no types
    """An API client that tells listeners of each request and its answer, on the thread that asks."""

    def __init__(self, configuration: client.Configuration, listeners: Iterable[Listener]) -> None:
        super().__init__(configuration)
        self._listeners = tuple(listeners)

    def request(self, method: str, url: str, *args: Any, **more: Any) -> Any:
        """Send a request."""
        began, status = monotonic(), 0
        try:
            answer = super().request(method, url, *args, **more)
            status = answer.status
        except ApiException as error:
            status = error.status or 0
            # The package reads it as text: it breaks where there is none (TLS failed), or other letters.
            error.body = (error.body or b"").decode(errors="replace").encode()
            raise
        finally:
            told = Request(*named(method, urlsplit(url).path), code_of(status), monotonic() - began)
            for listener in self._listeners:
                listener(told)
        return answer


def tracing(listener: Listener) -> aiohttp.TraceConfig:
    """Return what has an aiohttp session tell of its requests; of a watch, once its answer begins."""
    trace = aiohttp.TraceConfig()

    async def answered(_: Any, __: Any, params: aiohttp.TraceRequestEndParams) -> None:
        _tell(listener, params, code_of(params.response.status))

    async def failed(_: Any, __: Any, params: aiohttp.TraceRequestExceptionParams) -> None:
        _tell(listener, params, getattr(params.exception, "code", NO_ANSWER))

    trace.on_request_end.append(answered)
    trace.on_request_exception.append(failed)
    return trace


def _tell(
    listener: Listener,
    params: aiohttp.TraceRequestEndParams | aiohttp.TraceRequestExceptionParams,
    code: str,
) -> None:
    verb, resource = named(params.method, params.url.path, watch="watch" in params.url.query)
    listener(Request(verb, resource, code))
