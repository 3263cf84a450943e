"""The stand-in's process: MiniStack behind the layer, served by hypercorn on one loopback port.

Its settings come from the environment, which ``sandbox.aws.stand_in`` makes from nothing.
"""

import asyncio
import os
import re
from functools import partial
from importlib.metadata import version

import hypercorn.asyncio.run
import ministack.app
from hypercorn.asyncio import serve
from hypercorn.config import Config
from ministack.core.iam_evaluator import AmbiguousAccessKeyError, find_iam_access_key_account
from ministack.core.responses import get_account_id, set_request_account_id
from ministack.core.router import detect_service

from sandbox.aws.layer.app import CONNECTION, Around, Layer
from sandbox.aws.layer.corrections import install
from sandbox.aws.layer.corrections.viewers import distribution_of
from sandbox.aws.layer.delays import Delays
from sandbox.aws.layer.models import model


class _Server(hypercorn.asyncio.run.TCPServer):  # type: ignore[misc]  # the package ships no types here
    """A connection that its requests can find, so that a fault can cut it."""

    async def run(self) -> None:
        CONNECTION.set(self.writer.transport)
        await super().run()


def account_of(access_key: str) -> str:
    """The account that MiniStack takes an access key for; '' for unsigned and ambiguous ones."""
    if re.fullmatch(r"\d{12}", access_key) or not access_key:
        return access_key
    try:
        owner = find_iam_access_key_account(access_key) if ministack.app.AUTH else None
    except AmbiguousAccessKeyError:
        return ""
    set_request_account_id(owner or access_key)
    return str(get_account_id())


def no_distribution(_: str) -> str:
    """Where nothing is corrected, viewers are MiniStack's own business."""
    return ""


def main() -> None:
    """Serve until SIGTERM."""
    host, port = os.environ["BIND_HOST"], os.environ["GATEWAY_PORT"]
    bare = os.environ.get("HEADRACE_LAYER") == "bare"
    delays = Delays(float(os.environ.get("HEADRACE_DEPLOYMENT_SECONDS", "1")))
    if not bare:
        install(frozenset(os.environ.get("HEADRACE_REGIONS_NOT_ENABLED", "").split()), delays)
    # Else the first request of each would wait for its model to be read.
    model("s3")
    model("s3control")
    config = Config()
    config.bind = [f"{host}:{port}"]
    config.loglevel = "WARNING"
    config.backlog = 1024
    config.keep_alive_timeout = 3600
    config.keep_alive_max_requests = 10**9
    config.graceful_timeout = 1
    hypercorn.asyncio.run.TCPServer = _Server
    described: dict[str, object] = {
        "ministack": version("ministack"),
        "auth": ministack.app.AUTH,
        "bare": bare,
    }
    around = Around(detect_service, account_of, no_distribution if bare else partial(distribution_of, delays))
    layer = Layer(ministack.app.app, around, delays, described)
    asyncio.run(serve(layer, config))
