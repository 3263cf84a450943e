"""A world in which laws are tried on fakes: its cloud is a dict, and takes rules while the switch is on."""

from concurrent.futures import Executor
from itertools import count

from headrace.engine.facet import ResourceType
from headrace.engine.slices import Slice
from tests.laws import generate
from tests.laws.laws import AnyFacet, Call
from tests.unit.engine.fakes import ME, FakeTarget, Home, Switch

_VERBS = {"read": "Get", "write": "Put", "remove": "Delete", "create": "Create"}


class FakeWorld:
    """All targets write into one log."""

    def __init__(self, pool: Executor) -> None:
        self._pool, self._numbers = pool, count(1)
        self._log: list[str] = []

    @property
    def pool(self) -> Executor:
        return self._pool

    def fresh(self, resource: ResourceType) -> FakeTarget:
        target = FakeTarget(f"thing-{next(self._numbers)}")
        target.log = self._log
        target.needs = {"write rules": lambda there: there.there.get("switch") == Switch(enabled=True)}
        return target

    def presence(self, resource: ResourceType, target: object) -> Home:
        return Home(owner=ME)

    def sample(self, facet: AnyFacet) -> Slice:
        return generate.sample(facet)

    def other(self, facet: AnyFacet) -> Slice:
        return generate.other(facet)

    def calls(self) -> list[Call]:
        calls = [_call(step) for step in self._log]
        self._log.clear()
        return calls


def _call(step: str) -> Call:
    verb, name = step.split()
    return Call(f"fake:{_VERBS[verb]}{name[0].upper()}{name[1:]}", verb != "read")
