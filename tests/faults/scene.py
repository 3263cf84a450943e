"""One object, what comes of it, and an operator in this process that makes a pass when it is told to."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from itertools import count
from typing import Any, ClassVar

from headrace.aws.credentials import Keys, Source
from headrace.aws.meter import Meter
from headrace.aws.pacing import Pacing
from headrace.aws.sessions import Account
from headrace.controller.accounts import Access, Accounts
from headrace.controller.api import Object
from headrace.controller.cache import Cache
from headrace.controller.consequences import Next
from headrace.controller.outcome import Outcome, Parts
from headrace.controller.reconciler import Reconciler
from headrace.controller.relations import Relations
from headrace.engine.slices import Slice
from headrace.kinds.accelerated_bucket import AcceleratedBucket
from headrace.kinds.definition import ObjectRef
from headrace.kinds.distribution.kind import Distribution
from headrace.kinds.registry import KINDS
from sandbox.aws.clients import ACCOUNT, REGION, SECRET
from sandbox.aws.stand_in import Call, Fault, StandIn
from tests.distribution_settings import spec_with
from tests.e2e.buckets import is_there, snapshot
from tests.e2e.cloudfront import called_in, truth_of
from tests.settings import said
from tests.unit.controller.fakes import FakeApi, FakeRecorder

CLUSTER = "faults"
_UNPACED = 1e6
_SOON = 10.0


class OneAccount(Accounts):
    """Hands out the one account to everybody."""

    def __init__(self, account: Account) -> None:
        self._one = account

    def of(self, namespace: str, name: str | None) -> Access:
        return Access(self._one, "")

    def of_deleting(self, obj: Object) -> Account:
        return self._one


_ACCOUNTS = count(300_000_000_001)


def _root(aws: StandIn, account: str) -> Account:
    return Account(Meter(), Pacing(_UNPACED), Source(Keys(account, SECRET), REGION, aws.url))


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
        return cls(aws, _root(aws, ACCOUNT), readers)

    def another(self) -> Account:
        """Reach the stand-in as the root of an account that nobody else has."""
        return _root(self.aws, f"{next(_ACCOUNTS)}")


def goes_on(outcome: Outcome) -> bool:
    """Say whether there is another look to come soon: because something failed, or is on its way."""
    return outcome.next is Next.BACKOFF or (isinstance(outcome.next, float) and outcome.next < _SOON)


class Scene(ABC):
    """One object from its making to its end. The API server is a dict, AWS is the stand-in."""

    kind: ClassVar[str]
    arns: ClassVar[str]
    """What the ARNs of what comes of it look like."""

    def __init__(self, ground: Ground, name: str) -> None:
        self.aws, self.name, self.account = ground.aws, name, self._account(ground)
        self.ref = ObjectRef(self.kind, "shop", name)
        self.api = FakeApi()
        self._outages = 0
        accounts = OneAccount(self.account)
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

    def _account(self, ground: Ground) -> Account:
        """Return as whom the operator works."""
        return ground.account

    @abstractmethod
    def about(self) -> Fault:
        """Return what faults are to be about, so that they hit this scene and no other."""

    @abstractmethod
    def is_mine(self, call: Call) -> bool:
        """Say whether a call is about what comes of the object."""

    @abstractmethod
    def truth(self) -> dict[str, Any]:
        """Return all that AWS tells of it, part by part; nothing where nothing is there."""

    @abstractmethod
    def called(self) -> dict[str, str]:
        """Return what to write in the place of names that no two scenes have in common."""

    @abstractmethod
    def spec(self, settings: Any, **more: Any) -> dict[str, Any]:
        """Return a spec with these settings."""

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
        """Return what the operator asked of AWS about it since the mark."""
        return [c for c in self.aws.since(mark) if self.is_mine(c) and "headrace/" in c.user_agent]

    def _latest(self, ref: ObjectRef) -> Object | None:
        return self.api.read(ref) if ref in self.api else None


class BucketScene(Scene):
    """One bucket, in the account of all of them."""

    kind = AcceleratedBucket.name
    arns = "arn:aws:s3:::[a-z0-9-]+"

    @property
    def bucket(self) -> str:
        """The name of the bucket."""
        return self.name

    def about(self) -> Fault:
        return {"resource": self.bucket}

    def is_mine(self, call: Call) -> bool:
        return call.resource == self.bucket

    def truth(self) -> dict[str, Any]:
        s3 = self.aws.client("s3")
        return snapshot(s3, self.bucket) if is_there(s3, self.bucket) else {}

    def called(self) -> dict[str, str]:
        return {self.bucket: "BUCKET"}

    def spec(self, settings: Mapping[str, Slice], **more: Any) -> dict[str, Any]:
        return {"bucketName": self.bucket, "region": REGION, **said(settings), **more}


class DistributionScene(Scene):
    """One distribution over a bucket that is nobody's object, in an account of its own."""

    kind = Distribution.name
    arns = r"arn:aws:cloudfront::[0-9]{12}:[a-z-]+/([A-Za-z0-9-]+|\*)"

    def _account(self, ground: Ground) -> Account:
        account = ground.another()
        assert account.identity.account_id != ACCOUNT
        return account

    def about(self) -> Fault:
        return {"account": self.account.identity.account_id}

    def is_mine(self, call: Call) -> bool:
        return call.account == self.account.identity.account_id

    @property
    def cloudfront(self) -> Any:
        """CloudFront, as somebody else reaches it."""
        return self.account.client("cloudfront", "us-east-1")

    def truth(self) -> dict[str, Any]:
        return truth_of(self.cloudfront)

    def called(self) -> dict[str, str]:
        ids = called_in(self.cloudfront)
        return {**ids, self.account.identity.account_id: "ACCOUNT", self.name: "NAME"}

    def spec(self, settings: Mapping[str, Any], **more: Any) -> dict[str, Any]:
        domain = f"media.s3.{REGION}.amazonaws.com"
        return spec_with({"domainName": domain, "s3": True, "accessControl": True}, settings, **more)
