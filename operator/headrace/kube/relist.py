"""Listing ourselves: before the work begins, what it goes by; later, what kopf did not notice to be gone."""

import asyncio
import contextlib
import logging
import random
from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any

from headrace.controller.api import ApiError, Gone
from headrace.controller.loop import Loop
from headrace.kinds.definition import Definition
from headrace.kube.client import KubeClient
from headrace.kube.watch import Backoffs

log = logging.getLogger("headrace.relist")

# What cannot be listed for about a minute is left to the next round: it must not keep others from theirs.
_ATTEMPTS = 8
# Seconds between two rounds; spread, so that replicas and restarts do not list together.
_SHORTEST, _LONGEST = 600.0, 1800.0


async def prime(client: KubeClient, accounts: Definition[Any], loop: Loop) -> None:
    """Make the accounts and the labels of namespaces known before any object is looked at.

    The watches list side by side: an object that came before its account would be told that there is none.
    """
    for delay in Backoffs():
        before = dict(loop.labels)
        try:
            labels, (found, version) = await asyncio.gather(
                asyncio.to_thread(client.namespace_labels), asyncio.to_thread(client.list, accounts)
            )
        except ApiError as error:
            log.warning(str(error))
            await asyncio.sleep(delay)
            continue
        _take_labels(loop, before, labels)
        for body in found:
            loop.listed(body)
        loop.compare(accounts.name, found, version)
        return


def _take_labels(
    loop: Loop, before: Mapping[str, Mapping[str, str]], found: Mapping[str, Mapping[str, str]]
) -> None:
    """Take in listed labels, but for those of which the watch told meanwhile."""
    for name in before.keys() | found.keys():
        if loop.labels.get(name) == before.get(name):
            loop.labelled(name, found.get(name))


async def catch_up(
    client: KubeClient, definitions: Mapping[str, Definition[Any]], loop: Loop, namespaces: Sequence[str]
) -> None:
    """Have the cache be what is there now: the watches of whoever stood by may be a minute behind.

    What cannot be listed is left to them.
    """
    await asyncio.gather(
        *(
            repair(client, definition, loop, namespace)
            for definition in definitions.values()
            for namespace in scopes(definition, namespaces)
        )
    )


async def relist(
    client: KubeClient,
    definitions: Mapping[str, Definition[Any]],
    loop: Loop,
    namespaces: Sequence[str],
    gap: asyncio.Event,
) -> None:
    """Compare the cache with the API server every 10 to 30 minutes, and after each gap, until cancelled."""
    while True:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(random.uniform(_SHORTEST, _LONGEST)):  # noqa: S311 - spreads load
                await gap.wait()
        gap.clear()
        await catch_up(client, definitions, loop, namespaces)


def scopes(definition: Definition[Any], namespaces: Sequence[str]) -> Sequence[str]:
    """Return where objects of a kind are listed and watched; the empty name is everywhere."""
    return namespaces if definition.namespaced and namespaces else ("",)


async def repair(client: KubeClient, definition: Definition[Any], loop: Loop, namespace: str = "") -> int:
    """Put right what the cache has of one kind in one namespace, or in all.

    Return how many objects it still had that are gone.
    """
    for delay in islice(Backoffs(), _ATTEMPTS):
        try:
            found, version = await asyncio.to_thread(client.list, definition, namespace)
            return loop.compare(definition.name, found, version, namespace)
        except Gone:
            # Without its CRD, there is nothing of this kind; kopf waits for it to come back.
            break
        except ApiError as error:
            log.warning(str(error))
            await asyncio.sleep(max(delay, error.after))
    return 0
