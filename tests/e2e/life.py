"""One life of the operator, inside this process: all that it knows and holds, and the place where it dies."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self, get_args

from kubernetes import client, config

from headrace.aws.credentials import Keys, Source
from headrace.aws.meter import Meter
from headrace.aws.pacing import Pacing
from headrace.aws.sessions import Account
from headrace.aws.target import Target
from headrace.controller.accounts import Accounts, Options, make_account
from headrace.controller.api import ApiError, Body, Gone, Object
from headrace.controller.cache import Cache
from headrace.controller.consequences import Next
from headrace.controller.outcome import Outcome, Parts
from headrace.controller.reconciler import Reconciler
from headrace.controller.references import dependents
from headrace.controller.relations import Relations, references_of
from headrace.controller.secrets import FreshSecrets
from headrace.controller.transitions import Transition
from headrace.kinds.definition import ObjectRef
from headrace.kinds.registry import DEFINITIONS, KINDS
from headrace.kube.client import KubeClient, make_client
from sandbox.aws.clients import ACCOUNT, SECRET
from sandbox.control_plane.server import ControlPlane
from sandbox.operator import NAMESPACE, SERVICE_ACCOUNT

CLUSTER = "crash"
"""The cluster id of every life."""
UNPACED = 1e6
MOST_LOOKS = 12
"""After so many looks in a row an object that is still not settled never will be."""
SOON = 10.0
"""Whoever is to be looked at within so many seconds is looked at now, as if they had passed."""
_READERS = 8

When = Literal["before", "after"]
WHENS: tuple[When, ...] = get_args(When)
ANY = "any"
"""Stands for every call, whatever its name."""


class Died(BaseException):
    """The process is no more. No part of the operator may survive this, as none survives a SIGKILL."""


@dataclass(frozen=True)
class Point:
    """A place in a life at which it may end."""

    what: str
    """An operation of AWS ("TagResource"), a write to the API server ("patch status"), or ANY of them."""
    nth: int
    """Of those with this name in this life; side by side calls come in any order otherwise."""
    when: When
    """Before it is sent; after it was carried out, and before its answer is seen."""

    def __str__(self) -> str:
        """Name the point, for tests' messages."""
        return f"{self.when} {self.what} #{self.nth}"


class Gate:
    """Where everything passes that a life sends; after its death nothing does."""

    def __init__(self, doom: Point | None = None) -> None:
        self._doom = doom
        self._seen: Counter[str] = Counter()
        self._lock = threading.Lock()
        self.dead = False

    def enter(self, what: str) -> "Sent":
        """Let a call out; Died where it may not go."""
        with self._lock:
            self._seen.update((what, ANY))
            sent = ((what, self._seen[what]), (ANY, self._seen[ANY]))
            self._end(sent, "before")
            return sent

    def doom(self, point: Point) -> None:
        """Have the life end at this point, counted from here on."""
        with self._lock:
            self._seen.clear()
            self._doom = point

    def leave(self, sent: "Sent") -> None:
        """Let its answer in; Died where nobody is there any more to hear it."""
        with self._lock:
            self._end(sent, "after")

    def _end(self, sent: "Sent", when: When) -> None:
        self.dead = self.dead or any(self._doom == Point(what, nth, when) for what, nth in sent)
        if self.dead:
            raise Died


Sent = tuple[tuple[str, int], ...]
"""A call by its names, and the how manieth of each it is."""


class GatedMeter(Meter):
    """Sends every request to AWS through a gate: each client that is made is made known to the meter."""

    def __init__(self, gate: Gate, *, unlisted: bool = False) -> None:
        super().__init__()
        self._gate, self._sent, self._unlisted = gate, threading.local(), unlisted

    def watch(self, client: Any, account: str, region: str) -> None:
        """Have the client ask at the gate before it sends and before it hears."""

        def out(event_name: str, **_: Any) -> None:
            self._sent.call = self._gate.enter(event_name.rpartition(".")[2])

        def back(**_: Any) -> None:
            self._gate.leave(self._sent.call)

        client.meta.events.register_last("before-send", out)
        client.meta.events.register_first("response-received", back)
        if self._unlisted:
            client.meta.events.register("after-call.*.GetResources", _find_nothing)


def _find_nothing(parsed: dict[str, Any], **_: Any) -> None:
    parsed["ResourceTagMappingList"] = []


class GatedApi:
    """Sends every request to the API server through a gate."""

    def __init__(self, api: KubeClient, gate: Gate) -> None:
        self._api, self._gate = api, gate

    def get(self, ref: ObjectRef) -> Body:
        """Read the object."""
        return self._through("get", lambda: self._api.get(ref))

    def patch_status(self, ref: ObjectRef, patch: Body) -> Body:
        """Merge-patch the status."""
        return self._through("patch status", lambda: self._api.patch_status(ref, patch))

    def patch(self, ref: ObjectRef, operations: Sequence[Body]) -> Body:
        """JSON-patch the object."""
        return self._through("patch", lambda: self._api.patch(ref, operations))

    def _through(self, what: str, call: Callable[[], Body]) -> Body:
        sent = self._gate.enter(what)
        try:
            return call()
        finally:
            self._gate.leave(sent)


class Deaf:
    """Takes events and keeps them to itself: they are told behind the back of a pass, and of no account."""

    def record(self, obj: Object, transition: Transition) -> None:
        """Hear nothing."""


@dataclass(frozen=True)
class Cradle:
    """What every life starts from: the way to the API server, as the operator's ServiceAccount."""

    kube: KubeClient

    @classmethod
    def of(cls, plane: ControlPlane, directory: Path) -> Self:
        """Find the way; the operator's manifests are applied."""
        path = plane.service_account_kubeconfig(NAMESPACE, SERVICE_ACCOUNT, directory / "life.kubeconfig")
        configuration = client.Configuration()
        config.load_kube_config(str(path), client_configuration=configuration)
        return cls(KubeClient(make_client(configuration, _READERS), DEFINITIONS, NAMESPACE))


class Life:
    """A controller with a memory of its own: cache, accounts, sessions and clients. Ends with the block.

    Args:
        cradle: what it starts from.
        doom: where it ends.
        account: the account in which it works, as root.
        unlisted: whether the tagging API does not list yet what was made.
    """

    def __init__(
        self, cradle: Cradle, doom: Point | None = None, account: str = ACCOUNT, *, unlisted: bool = False
    ) -> None:
        self.account = account
        self.gate = Gate(doom)
        self.api = GatedApi(cradle.kube, self.gate)
        self._cache = Cache(references_of(KINDS))
        self._readers = ThreadPoolExecutor(_READERS, "reader")
        make = _of_account(account, make_account(GatedMeter(self.gate, unlisted=unlisted), Pacing(UNPACED)))
        secrets = FreshSecrets(cradle.kube, time.monotonic)
        labels: Mapping[str, Mapping[str, str]] = {}
        accounts = Accounts(Options(CLUSTER, allow_ambient=True), self._cache, secrets, labels, make)
        relations = Relations(self._cache, KINDS)
        parts = Parts(
            KINDS, accounts, self.api, Deaf(), self._readers, CLUSTER, relations, latest=self._cache.get
        )
        self._accounts, self._reconcile = accounts, Reconciler(parts)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Be over; what is on its way when a process dies arrives all the same, and soon."""
        self._readers.shutdown(wait=True)

    def settle(self, ref: ObjectRef, *others: ObjectRef) -> Object | None:
        """Look at an object, and at others, until there is nothing to do at once; None where it is gone.

        As the loop does: what refers to one another is looked at again where one of them has news.

        Raises:
            Died: the point of its death was reached.
        """
        for other in others:
            self._read(other)
        refs = (ref, *others)
        due, outages = dict.fromkeys(refs), Counter[ObjectRef]()
        for _ in range(MOST_LOOKS * len(refs)):
            at = next(iter(due))
            del due[at]
            before, obj = self._cache.get(at), self._read(at)
            outcome = self._look(obj, outages[at]) if obj else None
            self._keep(obj, outcome)
            if obj and not (outcome and self._rests(outcome)):
                due[at] = None
            if outcome is not None:
                # As the loop does: a pass that the API server ended tells nothing of AWS.
                outages[at] = outages[at] + 1 if outcome.outage else 0
            news = dependents(self._cache, before, self._cache.get(at))
            due.update(dict.fromkeys(other for other in news if other in refs))
            if not due:
                return self._cache.get(ref)
        raise AssertionError(f"{', '.join(map(self._told, due))} does not settle")

    def target(self, bucket: str, region: str) -> Target:
        """Reach a bucket past the controller, as somebody else would."""
        account = self._accounts.of("", None).account
        return Target(account, region, bucket, f"arn:aws:s3:::{bucket}")

    def look(self, ref: ObjectRef) -> Object | None:
        """Look once at an object, however it is."""
        obj = self._read(ref)
        outcome = obj and self._look(obj, 0)
        return outcome.obj if outcome else obj

    def _look(self, obj: Object, outages: int) -> Outcome | None:
        try:
            return self._reconcile(obj, outages)
        except ApiError:
            return None

    def _keep(self, obj: Object | None, outcome: Outcome | None) -> None:
        """Have the cache know what came of a look."""
        if outcome is not None and outcome.obj is not None:
            self._cache.put(outcome.obj.body)
        elif obj is not None and outcome is not None:
            self._cache.remove(obj.body)

    def _told(self, ref: ObjectRef) -> str:
        obj = self._cache.get(ref)
        return f"{ref} ({obj and obj.status})"

    @staticmethod
    def _rests(outcome: Outcome) -> bool:
        soon = isinstance(outcome.next, float) and outcome.next < SOON
        return outcome.obj is None or (outcome.next is not Next.BACKOFF and not soon)

    def _read(self, ref: ObjectRef) -> Object | None:
        try:
            body = self.api.get(ref)
        except Gone:
            known = self._cache.get(ref)
            if known is not None:
                self._cache.remove(known.body)
            return None
        self._cache.put(body)
        return Object(body)


def _of_account(account: str, make: Callable[[Source], Account]) -> Callable[[Source], Account]:
    """Return what makes accounts as the root of this one."""
    return lambda source: make(replace(source, credentials=Keys(account, SECRET)))
