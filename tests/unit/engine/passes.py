"""Passes over one fake thing, from a spec as a user writes it to the report."""

from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from typing import Any

from headrace.engine.facet import ResourceType
from headrace.engine.reconcile import reconcile
from headrace.engine.wish import Layer, resolve
from headrace.engine.work import Intent, Report, Work
from tests.unit.engine.fakes import ME, THING, FakeTarget, Home

KEEP = Work(THING, FakeTarget(), Home(owner=ME))
RELEASE = replace(KEEP, intent=Intent.RELEASE)
REMOVE = replace(KEEP, intent=Intent.REMOVE)
OBSERVE = replace(KEEP, intent=Intent.OBSERVE, write=False)


@dataclass(frozen=True)
class Passes:
    """Makes passes over one target."""

    target: FakeTarget
    pool: Executor

    def __call__(
        self,
        spec: Mapping[str, Any] | None = None,
        like: Work = KEEP,
        ledger: Sequence[str] = (),
        secure: bool = False,
    ) -> Report:
        """Make one pass; unless `secure`, what spec does not name is left alone."""
        kept = frozenset(ledger)
        wishes = resolve(like.resource.facets, [Layer("spec", spec or {})], kept, secure=secure)
        return reconcile(replace(like, target=self.target, wishes=wishes, ledger=kept), self.pool)

    def of(self, resource: ResourceType, spec: Mapping[str, Any] | None = None, **work: Any) -> Report:
        """Make one pass over a thing of another type."""
        return self(spec, replace(KEEP, resource=resource, **work))


def failures(report: Report) -> list[str]:
    """Write each failure of a report in a line."""
    return [
        f"{failure.facet} {failure.step}: {type(failure.error).__name__} {failure.error.message}"
        for failure in report.failures
    ]
