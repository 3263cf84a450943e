"""Other releases of the operator in the same cluster, known by what they leave in managedFields."""

import logging
from collections.abc import Callable, Mapping
from typing import Any

from headrace.controller.api import Body, Object

log = logging.getLogger("headrace.others")

PREFIX = "headrace/"
"""How managedFields call a release: headrace/<its namespace>/<its Lease>."""
# Whoever was not heard of for so long has nothing to write, or is gone.
_REMEMBERED_SECONDS = 3600.0

_Marks = Mapping[tuple[str, str], str]
"""When a release wrote an object, or its status, last: by the clock of the API server, in seconds."""


class Others:
    """Notices releases that write the objects that we work on, and tells of each once.

    What matters is that a mark changes while we watch: whatever was there before may be of a release that
    is gone by now.

    Args:
        own: our own release.
        clock: tells the time in seconds.
    """

    def __init__(self, own: str, clock: Callable[[], float]) -> None:
        self._own, self._clock = own, clock
        self._marks: dict[str, _Marks] = {}
        """By UID; only of objects that others wrote, ever."""
        self._heard: dict[str, float] = {}

    def see(self, body: Body, *, working: bool) -> None:
        """Take note of who wrote an object, and tell of it where we are at work on it ourselves."""
        uid = body["metadata"]["uid"]
        before, now = self._marks.get(uid, {}), self._of(body["metadata"])
        if not now:
            self._marks.pop(uid, None)
            return
        self._marks[uid] = now
        if working:
            for manager in {key[0] for key, time in now.items() if before.get(key) != time}:
                self._tell(manager, Object(body))

    def forget(self, body: Body) -> None:
        """Forget an object that is gone."""
        self._marks.pop(body["metadata"]["uid"], None)

    def count(self) -> int:
        """Count those that were heard of within the last hour."""
        now = self._clock()
        return sum(now - at <= _REMEMBERED_SECONDS for at in self._heard.values())

    def _of(self, metadata: Mapping[str, Any]) -> _Marks:
        return {
            (entry["manager"], entry.get("subresource", "")): str(entry.get("time", ""))
            for entry in metadata.get("managedFields") or ()
            if str(entry.get("manager", "")).startswith(PREFIX) and entry["manager"] != self._own
        }

    def _tell(self, manager: str, obj: Object) -> None:
        now = self._clock()
        last = self._heard.get(manager, float("-inf"))
        self._heard[manager] = now
        if now - last > _REMEMBERED_SECONDS:
            log.warning(
                "Another release of Headrace works on the same objects: the one with Lease %s has written "
                "%s. Uninstall one, or give them disjoint --namespaces; AWSAccounts are shared by all "
                "releases of a cluster unless --accounts is used.",
                manager.removeprefix(PREFIX),
                obj.ref,
                extra={"object": obj.ref},
            )
