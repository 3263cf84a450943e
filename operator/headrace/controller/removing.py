"""Removing: what an object stands for is deleted or let go of, one cloud resource after another."""

from collections.abc import Iterable
from dataclasses import dataclass

from headrace.aws.sessions import Account
from headrace.controller.outcome import Parts
from headrace.controller.reach import target
from headrace.engine.errors import CloudError
from headrace.engine.graph import Node
from headrace.engine.reconcile import reconcile
from headrace.engine.work import Intent, Report, Work


@dataclass(frozen=True)
class Removed:
    """One node on its way out, and what came of it."""

    node: Node
    work: Work
    report: Report

    @property
    def errors(self) -> tuple[CloudError, ...]:
        """Return what is in the way."""
        return tuple(failure.error for failure in self.report.failures)

    @property
    def done(self) -> bool:
        """Whether it is gone, let go of, or none of our business."""
        return not self.errors and not self.report.left


def remove(parts: Parts, account: Account, node: Node, intent: Intent = Intent.REMOVE) -> Removed:
    """Delete, or let go of, what a node stands for, as far as one pass can."""
    work = Work(node.resource, target(node, account), node.presence, intent=intent)
    return Removed(node, work, reconcile(work, parts.pool))


def remove_in_turn(
    parts: Parts, account: Account, nodes: Iterable[Node], intent: Intent = Intent.REMOVE
) -> list[Removed]:
    """Remove nodes one after another, up to the first that is not gone yet: it may stand on the next."""
    came: list[Removed] = []
    for node in nodes:
        if intent is Intent.RELEASE and not node.resource.root.marked:
            continue
        came.append(remove(parts, account, node, intent))
        if not came[-1].done:
            break
    return came
