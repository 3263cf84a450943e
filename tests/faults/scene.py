"""One bucket, its object, and an operator in this process that makes a pass when it is told to."""

from collections.abc import Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any

from headrace.aws.credentials import Keys, Source
from headrace.aws.meter import Meter
from headrace.aws.pacing import Pacing
from headrace.aws.sessions import Account
from headrace.controller.accounts import Access, Accounts
from headrace.controller.api import Object
from headrace.controller.cache import Cache
from headrace.controller.outcome import Outcome, Parts
from headrace.controller.reconciler import Reconciler
from headrace.controller.relations import Relations
from headrace.kinds.accelerated_bucket import AcceleratedBucket
from headrace.kinds.definition import ObjectRef
from headrace.kinds.registry import KINDS
from sandbox.aws.clients import ACCOUNT, REGION
from sandbox.aws.stand_in import Call, StandIn
from tests.unit.controller.fakes import FakeApi, FakeRecorder

CLUSTER = "faults"
_UNPACED = 1e6


class OneAccount(Accounts):
    """Hands out the one account to everybody."""

    def __init__(self, account: Account) -> None:
        self._one = account

    def of(self, namespace: str, name: str | None) -> Access:
        return Access(self._one, "")

    def of_deleting(self, obj: Object) -> Account:
        return self._one


@dataclass(frozen=True)
class Ground:
    """What all scenes share: the stand-in, an identity there, and the threads on which is read."""

    aws: StandIn
    account: Account
    readers: Executor

    @classmethod
    def of(cls, aws: StandIn, readers: Executor) -> "Ground":
        """Reach the stand-in, and learn who we are there."""
        ground = cls.reaching(aws, readers)
        assert ground.account.identity.account_id == ACCOUNT
        return ground

    @classmethod
    def reaching(cls, aws: StandIn, readers: Executor) -> "Ground":
        """Reach the stand-in as the root of its account, as fast as it goes."""
        source = Source(Keys(ACCOUNT, "stand-in"), REGION, aws.url)
        return cls(aws, Account(Meter(), Pacing(_UNPACED), source), readers)


class Scene:
    """One bucket from its making to its end. The API server is a dict, AWS is the stand-in."""

    def __init__(self, ground: Ground, bucket: str) -> None:
        self.aws, self.bucket = ground.aws, bucket
        self.ref = ObjectRef(AcceleratedBucket.name, "shop", bucket)
        self.api = FakeApi()
        self._outages = 0
        accounts = OneAccount(ground.account)
        self.reconcile = Reconciler(
            Parts(
                KINDS,
                accounts,
                self.api,
                FakeRecorder(),
                ground.readers,
                CLUSTER,
                Relations(Cache(), KINDS),
                latest=self._latest,
            )
        )

    def look(self) -> Outcome:
        """Make one pass, as the loop does."""
        outcome = self.reconcile(self.api.read(self.ref), self._outages)
        self._outages = self._outages + 1 if outcome.outage else 0
        return outcome

    @property
    def gone(self) -> bool:
        """Whether the object is no more."""
        return self.ref not in self.api

    @property
    def status(self) -> Mapping[str, Any]:
        """What the object tells; nothing once it is gone."""
        return {} if self.gone else self.api.read(self.ref).status

    def said(self, type_: str) -> Mapping[str, Any]:
        """Return a condition, or nothing."""
        found = [c for c in self.status.get("conditions", []) if c["type"] == type_]
        return found[0] if found else {}

    def calls(self, mark: int) -> list[Call]:
        """Return what the operator asked of AWS about the bucket since the mark."""
        since = self.aws.since(mark)
        return [c for c in since if c.resource == self.bucket and "headrace/" in c.user_agent]

    def _latest(self, ref: ObjectRef) -> Object | None:
        return self.api.read(ref) if ref in self.api else None
