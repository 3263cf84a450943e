"""Events: told on transitions only, repeated ones as one series, and never more than an object's share."""

import contextlib
import logging
import queue
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from kubernetes import client
from kubernetes.client.exceptions import ApiException
from urllib3.exceptions import HTTPError

from headrace.controller.api import Object
from headrace.controller.transitions import Transition
from headrace.engine.fence import Fence, NotLeading
from headrace.kube.times import stamp

log = logging.getLogger("headrace.events")

_TIMEOUT = (5, 10)
_WAITING = 1000
# Kubernetes' own recorder gives each object 25 events at once and one more every five minutes.
_BURST, _REFILL = 25.0, 1 / 300
_SERIES_WINDOW = 600.0
_REMEMBERED = 4096
# The API server takes no more (ReportingInstanceLengthLimit in pkg/apis/core/validation/events.go).
_LONGEST_INSTANCE = 128


@dataclass
class _Told:
    """An event that was posted."""

    name: str
    count: int
    at: float


@dataclass
class _Share:
    """What is left of an object's share of events."""

    tokens: float
    at: float


class EventRecorder:
    """Posts events from a thread of its own, so that nobody waits for them."""

    def __init__(
        self,
        api_client: client.ApiClient,
        clock: Callable[[], float] = time.monotonic,
        *,
        fence: Fence | None = None,
        identity: str = "headrace-operator",
    ) -> None:
        self._api = client.EventsV1Api(api_client)
        self._clock, self._fence = clock, fence or Fence()
        # Its end is what tells processes apart.
        self._instance = identity[-_LONGEST_INSTANCE:]
        self._queue: queue.Queue[tuple[Object, Transition] | None] = queue.Queue(_WAITING)
        self._told: OrderedDict[tuple[str, str, str], _Told] = OrderedDict()
        self._shares: OrderedDict[str, _Share] = OrderedDict()
        self._thread = threading.Thread(target=self._run, name="events", daemon=True)

    def start(self) -> None:
        """Begin to post."""
        self._thread.start()

    def stop(self, seconds: float) -> None:
        """Post what is waiting, for so long at most."""
        until = time.monotonic() + seconds
        # Where the queue is full because nothing goes out, there is no room for the word that it is over.
        with contextlib.suppress(queue.Full):
            self._queue.put(None, timeout=seconds)
        self._thread.join(max(0.0, until - time.monotonic()))

    def record(self, obj: Object, transition: Transition) -> None:
        """Tell of a transition; dropped where too many are waiting, because events are no record."""
        try:
            self._queue.put_nowait((obj, transition))
        except queue.Full:
            log.warning("an event was dropped: too many are waiting", extra={"object": obj.ref})

    def _run(self) -> None:
        while (item := self._queue.get()) is not None:
            obj, transition = item
            try:
                self._post(obj, transition)
            except NotLeading:
                # Whoever leads by now tells of what it sees.
                continue
            except (ApiException, HTTPError) as error:
                if not _namespace_ends(error):
                    said = error.body if isinstance(error, ApiException) and error.body else error
                    log.warning("an event could not be posted: %s", said, extra={"object": obj.ref})
            except Exception:
                # Without this thread there would be no more events at all.
                log.exception("bug while posting an event", extra={"object": obj.ref})

    def _post(self, obj: Object, transition: Transition) -> None:
        now, key = self._clock(), (obj.uid, transition.reason, transition.note)
        if not self._take(obj.uid, now):
            return
        told = self._told.get(key)
        namespace = _namespace(obj)
        if told is not None and now - told.at < _SERIES_WINDOW and self._count(told, namespace, now):
            return
        body = _event(obj, transition, self._instance)
        self._fence.check()
        self._api.create_namespaced_event(namespace, body, _request_timeout=_TIMEOUT)
        self._told[key] = _Told(body["metadata"]["name"], 1, now)
        _trim(self._told)

    def _count(self, told: _Told, namespace: str, now: float) -> bool:
        """Count one more in a series; say no where its event was deleted meanwhile."""
        told.count, told.at = told.count + 1, now
        series = {"series": {"count": told.count, "lastObservedTime": stamp()}}
        self._fence.check()
        try:
            self._api.patch_namespaced_event(told.name, namespace, series, _request_timeout=_TIMEOUT)
        except ApiException as error:
            if error.status != 404:
                raise
            return False
        return True

    def _take(self, uid: str, now: float) -> bool:
        share = self._shares.setdefault(uid, _Share(_BURST, now))
        share.tokens = min(_BURST, share.tokens + (now - share.at) * _REFILL)
        share.at = now
        _trim(self._shares)
        if share.tokens < 1:
            return False
        share.tokens -= 1
        return True


def _namespace_ends(error: Exception) -> bool:
    """Say whether there is no place for events any more, because the namespace is being deleted."""
    return (
        isinstance(error, ApiException) and error.status == 403 and "NamespaceTerminating" in str(error.body)
    )


def _trim(known: OrderedDict[Any, Any]) -> None:
    while len(known) > _REMEMBERED:
        known.popitem(last=False)


def _namespace(obj: Object) -> str:
    """Return where events about the object are: those of the whole cluster belong into default."""
    return obj.ref.namespace or "default"


def _event(obj: Object, transition: Transition, instance: str) -> dict[str, Any]:
    return {
        "apiVersion": "events.k8s.io/v1",
        "kind": "Event",
        # Cut, a name must still end in a letter or a digit.
        "metadata": {
            "name": f"{obj.ref.name[:200].rstrip('-.')}.{time.time_ns():x}",
            "namespace": _namespace(obj),
        },
        "eventTime": stamp(),
        "reportingController": "headrace.io/operator",
        "reportingInstance": instance,
        "action": "Reconcile",
        "reason": transition.reason,
        "type": transition.type,
        "note": transition.note,
        "regarding": {
            "apiVersion": obj.body["apiVersion"],
            "kind": obj.ref.kind,
            "namespace": obj.ref.namespace,
            "name": obj.ref.name,
            "uid": obj.uid,
            "resourceVersion": obj.version,
        },
    }
