"""Removing: what an object stands for is deleted or let go of, one cloud resource after another."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from headrace.aws.sessions import Account
from headrace.controller.outcome import Parts
from headrace.controller.reach import target
from headrace.engine.errors import CloudError, Denied
from headrace.engine.graph import Node, of_node
from headrace.engine.plan import Change
from headrace.engine.reconcile import reconcile
from headrace.engine.work import Intent, Report, Work


@dataclass(frozen=True)
class Removed:
    """One node on its way out, and what came of it."""

    node: Node
    work: Work
    report: Report
    hidden: bool = False
    """Whether it is somebody else's, who lets nobody look at it any more."""

    @property
    def errors(self) -> tuple[CloudError, ...]:
        """Return what is in the way."""
        return tuple(failure.error for failure in self.report.failures)

    @property
    def done(self) -> bool:
        """Whether it is gone, let go of, or none of our business."""
        return self.hidden or not (self.errors or self.report.left)

    @property
    def changes(self) -> tuple[Change, ...]:
        """What was done, under the name of the node."""
        return of_node(self.node.name, self.report.done)


def remove(parts: Parts, account: Account, node: Node, intent: Intent = Intent.REMOVE) -> Removed:
    """Delete, or let go of, what a node stands for, as far as one pass can."""
    work = Work(node.resource, target(node, account), node.presence, intent=intent)
    return Removed(node, work, reconcile(work, parts.pool))


def remove_in_turn(
    parts: Parts, account: Account, nodes: Iterable[Node], intent: Intent = Intent.REMOVE, theirs: str = ""
) -> list[Removed]:
    """Remove nodes one after another, up to the first that is not gone yet: it may stand on the next.

    Args:
        parts: what a pass works with.
        account: where they are.
        nodes: in the order in which to remove them.
        intent: whether they are deleted, or let go of.
        theirs: the one of which it is known that it is somebody else's, if there is one.
    """
    came: list[Removed] = []
    for node in nodes:
        if intent is Intent.RELEASE and not node.resource.root.marked:
            continue
        removed = remove(parts, account, node, intent)
        came.append(replace(removed, hidden=node.name == theirs and refused_to_look(removed.report)))
        if not came[-1].done:
            break
    return came


def refused_to_look(report: Report) -> bool:
    """Say whether we may not even look: of a name that is somebody else's this is all there is, for good."""
    denied = [isinstance(failure.error, Denied) for failure in report.failures]
    return not report.found and bool(denied) and all(denied)
