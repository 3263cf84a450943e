"""Nodes: what one custom resource stands for in the cloud, and how all of them are settled."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from headrace.engine.facet import ResourceType, addressed
from headrace.engine.ownership import Presence
from headrace.engine.wish import Layer
from headrace.engine.work import Report


@dataclass(frozen=True)
class Node:
    """One cloud resource that a custom resource asks for."""

    name: str
    """How its object calls it; unique there."""
    resource: ResourceType
    id: str
    """How the cloud calls it."""
    region: str
    presence: Presence
    layers: tuple[Layer, ...] = ()

    def arn(self, partition: str, account: str) -> str:
        """Return the ARN that the resource has in this partition and account."""
        return addressed(self.resource.root.located(partition, self.region, account), self.id)


Nodes = tuple[Node, ...]


@dataclass(frozen=True)
class Settled:
    """A node and what became of it in this pass."""

    node: Node
    report: Report


def settle(nodes: Iterable[Node], settle_one: Callable[[Node], Report]) -> tuple[Settled, ...]:
    """Settle every node, in the order in which they were expanded."""
    return tuple(Settled(node, settle_one(node)) for node in nodes)
