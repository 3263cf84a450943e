"""A world in which laws are tried on AWS's API: the sandbox's stand-in, or anything else that answers it."""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from itertools import count

import pytest

from headrace.aws.actions import action_of
from headrace.aws.meter import Meter
from headrace.aws.pacing import Pacing
from headrace.aws.sessions import Account
from headrace.aws.target import Target
from headrace.engine.facet import ResourceType
from headrace.engine.facet import Target as AnyTarget
from headrace.engine.ownership import Presence
from headrace.engine.slices import Slice
from sandbox.aws.clients import REGION
from sandbox.aws.stand_in import Call as Request
from sandbox.aws.stand_in import StandIn
from tests.laws import generate, grounds
from tests.laws.grounds import GROUNDS, SAMPLES, Client, Ground
from tests.laws.laws import AnyFacet, Call

_LOOKS = ("Get", "Head", "List", "Describe")
UNPACED = 1e6
ME = grounds.ME

Arrived = Callable[[], list[tuple[str, str]]]
"""Gives service and operation of what reached the cloud since it was last asked, in botocore's words."""


class AwsWorld:
    """What one identity can make and see. Names begin with `prefix`, so that several worlds share a cloud."""

    def __init__(
        self, account: Account, pool: Executor, arrived: Arrived, root: Client, prefix: str = "law"
    ) -> None:
        self._account, self._pool, self._arrived, self._root = account, pool, arrived, root
        self._names = (f"{prefix}-{number}" for number in count(1))

    @property
    def pool(self) -> Executor:
        return self._pool

    @property
    def caller(self) -> str:
        """The ARN of who acts here."""
        return self._account.identity.caller

    def fresh(self, resource: ResourceType) -> Target:
        return self.at(resource, self._ground(resource).named(next(self._names)))

    def at(self, resource: ResourceType, name: str, id: str = "") -> Target:
        """Reach the resource of this name, be it there or not; its id, where AWS has chosen one."""
        me = self._account.identity
        address = resource.root.located(me.partition, REGION, me.account_id)
        known = id if resource.root.id_from_cloud else name
        return Target(self._account, REGION, known, address, name=name, owner=ME)

    def _ground(self, resource: ResourceType) -> Ground:
        return GROUNDS.get(resource.name, Ground)(self._root)

    def presence(self, resource: ResourceType, target: AnyTarget) -> Presence:
        said = {"owner": ME, "region": REGION, **self._ground(resource).presence(target.name)}
        known = resource.root.slice.model_fields
        presence = resource.root.slice.model_validate({key: said[key] for key in said if key in known})
        assert isinstance(presence, Presence)
        return presence

    def sample(self, facet: AnyFacet) -> Slice:
        return SAMPLES[type(facet)][0] if type(facet) in SAMPLES else generate.sample(facet)

    def other(self, facet: AnyFacet) -> Slice:
        return SAMPLES[type(facet)][1] if type(facet) in SAMPLES else generate.other(facet)

    def calls(self) -> list[Call]:
        """Return all but the questions who we are, which the cloud asks nobody a permission for."""
        return [
            Call(action_of(service, operation), not operation.startswith(_LOOKS))
            for service, operation in self._arrived()
            if service != "sts"
        ]


class RequestLog:
    """What the stand-in itself wrote down, piece by piece."""

    def __init__(self, aws: StandIn) -> None:
        self._aws, self._mark = aws, aws.mark()

    def news(self) -> list[Request]:
        """Return the requests since this was last asked."""
        calls = self._aws.since(self._mark)
        self._mark = calls[-1].seq if calls else self._mark
        return calls

    def arrived(self) -> list[tuple[str, str]]:
        """Return their services and operations."""
        return [(call.service, call.operation) for call in self.news()]


@contextmanager
def environment(**variables: str) -> Iterator[None]:
    """Let the SDK find these variables, and nothing else that is meant for it, while in here."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            patch.delenv(name)
        for name, value in variables.items():
            patch.setenv(name, value)
        yield


@contextmanager
def stand_in_world(aws: StandIn, prefix: str = "law", **variables: str) -> Iterator[AwsWorld]:
    """Reach the stand-in over HTTP as the operator does; `variables` may say as whom, else as root."""
    with environment(**{**aws.environment(), **variables}), ThreadPoolExecutor(8) as pool:
        account = Account(Meter(), Pacing(UNPACED))
        # Now, so that it keeps its credentials where another world's environment comes to lie over this one.
        assert account.identity.caller
        yield AwsWorld(account, pool, RequestLog(aws).arrived, aws.client, prefix)
