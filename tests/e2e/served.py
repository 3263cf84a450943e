"""An operator process, as those who build what is there before a stage begins see it."""

from dataclasses import dataclass
from functools import partial

from headrace.aws.target import Target
from headrace.kinds.definition import ObjectRef
from sandbox.aws.clients import ACCOUNT
from sandbox.errors import SandboxError
from sandbox.processes import wait_until
from sandbox.world import condition, current
from tests.e2e.life import Life
from tests.e2e.stages import People

SECONDS = 60.0


@dataclass(frozen=True)
class Served:
    """An operator process that does the work in its own time."""

    people: People
    other: Life
    """Who reaches a bucket as somebody else would."""
    account: str = ACCOUNT

    def settle(self, ref: ObjectRef, *others: ObjectRef) -> None:
        """Return once all are Ready in their present generation, or gone where they are to go."""
        for each in (ref, *others):
            try:
                wait_until(partial(self._settled, each), what=f"{each} settles", seconds=SECONDS)
            except SandboxError as error:
                found = self.people.of(each.kind).find(each.name)
                raise SandboxError(f"{error} It is {found}") from None

    def _settled(self, ref: ObjectRef) -> bool:
        obj = self.people.of(ref.kind).find(ref.name)
        if obj is None:
            return True
        ready = condition(obj, "Ready").get("status") == "True"
        return ready and current(obj) and "deletionTimestamp" not in obj["metadata"]

    def target(self, bucket: str, region: str) -> Target:
        return self.other.target(bucket, region)
