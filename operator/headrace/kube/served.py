"""Whether the API server serves our kinds: nothing can be watched before their CRDs are there."""

import asyncio
import logging
import signal
from collections.abc import Collection

from headrace.controller.api import ApiError
from headrace.kinds.definition import GROUP, VERSION
from headrace.kube.client import KubeClient
from headrace.kube.connection import Heartbeat

log = logging.getLogger("headrace.served")

_SECONDS = 2.0
"""Between two questions."""


async def served_or_stopped(client: KubeClient, plurals: Collection[str], heartbeat: Heartbeat) -> bool:
    """Wait until all of these are served; return whether they are. A signal that ends us comes first.

    Whoever asks is alive: no new start would bring the CRDs, or the API server.
    """
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    signals = (signal.SIGINT, signal.SIGTERM)
    for each in signals:
        loop.add_signal_handler(each, stopped.set)
    told = ""
    try:
        while not stopped.is_set():
            heartbeat.asked(f"/apis/{GROUP}/{VERSION}", watch=False)
            missing = await asyncio.to_thread(_missing, client, plurals)
            if not missing:
                return True
            if missing != told:
                log.warning(missing)
                told = missing
            try:
                await asyncio.wait_for(stopped.wait(), _SECONDS)
            except TimeoutError:
                continue
        return False
    finally:
        for each in signals:
            loop.remove_signal_handler(each)


def _missing(client: KubeClient, plurals: Collection[str]) -> str:
    """Return what is not there yet as a sentence, or nothing."""
    try:
        missing = sorted(set(plurals) - client.served())
    except ApiError as error:
        return str(error)
    names = ", ".join(f"{plural}.{GROUP}" for plural in missing)
    return f"Waiting for CRDs that are not installed: {names}. Apply the files in crds/." if missing else ""
