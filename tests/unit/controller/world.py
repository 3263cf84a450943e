"""A reconciler between an API server and a cloud, both of which are dicts."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import pytest

from headrace.controller.cache import Cache
from headrace.controller.outcome import Outcome, Parts
from headrace.controller.passes import Passes
from headrace.controller.reconciler import Reconciler
from headrace.controller.relations import Relations, references_of
from headrace.kinds.common import Kind
from headrace.kinds.definition import ObjectRef
from tests.unit.controller.cloud import FakeAccount, FakeAccounts, ThingKind
from tests.unit.controller.fakes import FakeApi, FakeRecorder, InlineExecutor
from tests.unit.controller.objects import REF, condition
from tests.unit.engine.fakes import FakeTarget

OWNER = "cluster/Thing/shop/media"
SPEC = {"color": {"shade": "blue"}, "labels": {"team": "shop"}, "switch": {"enabled": True}}


@dataclass
class World:
    """One cluster, one account, one thing in it, and what is written to the log."""

    lines: pytest.LogCaptureFixture
    api: FakeApi = field(default_factory=FakeApi)
    thing: FakeTarget = field(default_factory=FakeTarget)
    recorder: FakeRecorder = field(default_factory=FakeRecorder)
    kind: Kind[Any] = field(default_factory=ThingKind)
    now: float = 1_762_336_800.0

    def __post_init__(self) -> None:
        self.account = FakeAccount(self.thing)
        kinds = {"Thing": self.kind}
        self.cache = Cache(references_of(kinds))
        parts = Parts(
            kinds=kinds,
            accounts=FakeAccounts(self.account),
            api=self.api,
            recorder=self.recorder,
            pool=InlineExecutor(),
            cluster_id="cluster",
            relations=Relations(self.cache, kinds),
            latest=self.api.read,
        )
        self.reconciler = Reconciler(parts, clock=lambda: self.now)
        self.passes = Passes(self.reconciler, clock=lambda: self.now)

    def look(self, ref: ObjectRef = REF, outages: int = 0) -> Outcome:
        """Make a pass over the object as it is now."""
        return self.passes(self.api.read(ref), outages)

    def status(self, ref: ObjectRef = REF) -> Mapping[str, Any]:
        """Return the status that the API server has."""
        return self.api.read(ref).status

    def log(self) -> list[logging.LogRecord]:
        """Return the lines of the log."""
        return [record for record in self.lines.records if record.name.startswith("headrace.")]

    def keeping(self, spec: Mapping[str, Any]) -> Self:
        """Make an object and a pass over it, and count from there on; return this world."""
        self.api.create(spec)
        self.look()
        self.forget()
        return self

    def forget(self) -> None:
        """Begin to count anew."""
        for past in (
            self.api.log,
            self.api.patches,
            self.thing.log,
            self.recorder.told,
            self.account.reached,
        ):
            past.clear()
        self.lines.clear()


def ready_reason(status: Mapping[str, Any]) -> str:
    """Return the status and the reason of Ready."""
    ready = condition(status, "Ready")
    return f"{ready['status']} {ready['reason']}"
