"""Listing ourselves: before the work begins, what it goes by; later, what kopf did not notice to be gone."""

import asyncio
import logging
import random
from collections.abc import Mapping, Sequence
from typing import Any

from headrace.controller.api import ApiError
from headrace.controller.loop import Loop
from headrace.kinds.definition import Definition
from headrace.kube.client import KubeClient
from headrace.kube.watch import Backoffs

log = logging.getLogger("headrace.relist")

# Seconds between two rounds; spread, so that replicas and restarts do not list together.
_SHORTEST, _LONGEST = 600.0, 1800.0


async def prime(client: KubeClient, accounts: Definition[Any], loop: Loop) -> None:
    """Make the accounts and the labels of namespaces known before any object is looked at.

    The watches list side by side: an object that came before its account would be told that there is none.
    """
    for delay in Backoffs():
        try:
            labels = await asyncio.to_thread(client.namespace_labels)
            found, _ = await asyncio.to_thread(client.list, accounts, ())
        except ApiError as error:
            log.warning(str(error))
            await asyncio.sleep(delay)
            continue
        loop.labels.update(labels)
        for body in found:
            loop.listed(body)
        return


async def relist(
    client: KubeClient, definitions: Mapping[str, Definition[Any]], loop: Loop, namespaces: Sequence[str]
) -> None:
    """Compare the cache with the API server every 10 to 30 minutes, until cancelled."""
    while True:
        await asyncio.sleep(random.uniform(_SHORTEST, _LONGEST))  # noqa: S311 - spreads load
        for definition in definitions.values():
            await repair(client, definition, loop, namespaces)


async def repair(
    client: KubeClient, definition: Definition[Any], loop: Loop, namespaces: Sequence[str]
) -> int:
    """Put right what the cache has of one kind; return how many objects it still had that are gone."""
    try:
        found, version = await asyncio.to_thread(client.list, definition, namespaces)
    except ApiError as error:
        log.warning(str(error))
        return 0
    return loop.compare(definition.name, found, version)
