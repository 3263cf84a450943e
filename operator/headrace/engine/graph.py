"""Nodes: what one custom resource stands for in the cloud, and how all of them are settled."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from headrace.engine.errors import CloudError, Pending
from headrace.engine.facet import ResourceType, addressed
from headrace.engine.ownership import Presence
from headrace.engine.plan import Change, Plan
from headrace.engine.slices import ABSENT
from headrace.engine.threads import Threads
from headrace.engine.wish import OF_NODE, Layer, Wish
from headrace.engine.work import Report, Work

# Nodes that are settled at the same time; each reads its facets side by side, too.
_AT_ONCE = 8

Outputs = Mapping[str, Any]
"""What other nodes, and objects, can refer to: id, arn and the fields of the presence."""


@dataclass(frozen=True)
class Ref:
    """An output of another node, in the place of a value of a setting."""

    node: str
    output: str
    key: str = ""
    """Which entry, of an output that is a map."""

    def of(self, outputs: Outputs) -> Any:
        """Return the value, or None where there is none yet."""
        found = outputs.get(self.output)
        return found.get(self.key) if self.key and isinstance(found, Mapping) else found


@dataclass(frozen=True)
class Node:
    """One cloud resource that a custom resource asks for."""

    name: str
    """How its object calls it; unique there, without brackets."""
    resource: ResourceType
    id: str
    """How the cloud calls it; empty where the cloud chooses that, and has not told yet."""
    region: str
    presence: Presence
    layers: tuple[Layer, ...] = ()
    title: str = ""
    """The name that we give it, where the cloud chooses the id."""
    gates: tuple[str, ...] = ()
    """Nodes that AWS has to be done with before it is made; once it is there, it does without."""
    adopts: bool = False
    """Whether it is one that has to be there already."""
    from_nodes: tuple[Any, ...] = ()
    """The values that came from other nodes of the same object, once they are filled in."""

    @property
    def what(self) -> str:
        """Return how sentences call it: "bucket media"."""
        return f"{self.resource.title} {self.id or self.title}"

    def address(self, partition: str, account: str) -> str:
        """Return the ARN that the resource has there, with all filled in but what follows from its id."""
        return self.resource.root.located(partition, self.region, account)

    def arn(self, partition: str, account: str) -> str:
        """Return the ARN that the resource has in this partition and account."""
        return addressed(self.address(partition, account), self.id)

    def refs(self) -> tuple[Ref, ...]:
        """Return the outputs that its settings are made from."""
        return tuple(ref for layer in self.layers for ref in _refs(layer.settings))

    def filled(self, outputs: Mapping[str, Outputs], unknown: Any = None) -> "Node":
        """Return the node with values in the place of its refs; `unknown` where there is none yet."""
        layers = tuple(
            replace(layer, settings=_filled(layer.settings, outputs, unknown)) for layer in self.layers
        )
        found = [ref.of(outputs.get(ref.node, {})) for ref in self.refs()]
        known = (unknown if each is None else each for each in found)
        return replace(self, layers=layers, from_nodes=tuple(each for each in known if each is not None))


Nodes = tuple[Node, ...]


def _refs(value: Any) -> Iterator[Ref]:
    if isinstance(value, Ref):
        yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _refs(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _refs(inner)


def _filled(value: Any, outputs: Mapping[str, Outputs], unknown: Any) -> Any:
    if isinstance(value, Ref):
        found = value.of(outputs.get(value.node, {}))
        return unknown if found is None else found
    if isinstance(value, Mapping):
        return {key: _filled(inner, outputs, unknown) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_filled(inner, outputs, unknown) for inner in value]
    return value


@dataclass(frozen=True)
class Settled:
    """A node and what became of it in this pass."""

    node: Node
    """With values in the place of its refs."""
    report: Report | None
    """None where nothing was done, because it waits, or because of the error."""
    wishes: Mapping[str, Wish] = field(default_factory=dict)
    id: str = ""
    """How the cloud calls it now."""
    outputs: Outputs = field(default_factory=dict)
    error: CloudError | None = None
    """Why nothing could be done."""
    waits: bool = False
    """Whether that is because another node is yet to come."""

    @property
    def errors(self) -> tuple[CloudError, ...]:
        """Return all that went wrong, and what AWS is still at work on."""
        own = [self.error] if self.error else []
        told = [failure.error for failure in self.report.failures] if self.report else []
        busy = [self.report.busy] if self.report and self.report.busy else []
        return (*own, *told, *busy)

    @property
    def at_rest(self) -> bool:
        """Whether it is there and may be touched, and AWS is done with it."""
        report, root = self.report, self.node.resource.root.name
        if not self.outputs or report is None or report.busy is not None:
            return False
        return all(failure.facet != root for failure in report.failures)

    @property
    def ready(self) -> bool:
        """Whether it is there, and as it is wished."""
        report = self.report
        return report is not None and not (self.errors or report.left or report.held)


KNOWN_LATER = "(known after apply)"
"""How a value reads that another node has only once it is made."""


def settle(
    nodes: Iterable[Node],
    settle_one: Callable[[Node], Settled],
    there: Callable[[Node], bool] = lambda _: False,
    *,
    write: bool = True,
) -> tuple[Settled, ...]:
    """Settle the nodes in waves: all whose sources are settled, side by side. They come back as expanded.

    Args:
        nodes: all nodes of an object; none refers to one that refers to it.
        settle_one: makes a pass over one node whose refs are filled in.
        there: says whether a node was there before: then it waits for no gate.
        write: whether anything is made; otherwise, what is not known yet reads "known after apply".
    """
    nodes = tuple(nodes)
    done: dict[str, Settled] = {}
    while waiting := [node for node in nodes if node.name not in done]:
        ready = [node for node in waiting if _sources(node) <= done.keys()]
        if not ready:
            raise ValueError(f"nodes refer to one another in a circle: {[node.name for node in waiting]}")
        one = partial(_settled, dict(done), settle_one, there, write)
        done |= zip((node.name for node in ready), _side_by_side(one, ready), strict=True)
    return tuple(done[node.name] for node in nodes)


def _settled(
    done: Mapping[str, Settled],
    settle_one: Callable[[Node], Settled],
    there: Callable[[Node], bool],
    write: bool,
    node: Node,
) -> Settled:
    """Settle a node whose sources are settled, unless they have not got what it needs."""
    outputs = {name: each.outputs for name, each in done.items()}
    if not write:
        return settle_one(node.filled(outputs, KNOWN_LATER))
    missing = _missing(node, done, there)
    if missing is not None:
        waiting = Pending(f"{node.name} waits for {missing}.")
        return Settled(node, None, id=node.id, error=waiting, waits=True)
    return settle_one(node.filled(outputs))


def _sources(node: Node) -> set[str]:
    return {*(ref.node for ref in node.refs()), *node.gates}


def _missing(node: Node, done: Mapping[str, Settled], there: Callable[[Node], bool]) -> str | None:
    """Name the node that this one has to wait for, if there is one."""
    unknown = [ref.node for ref in node.refs() if ref.of(done[ref.node].outputs) is None]
    busy = [gate for gate in node.gates if not done[gate].at_rest]
    return next(iter(unknown if there(node) else [*unknown, *busy]), None)


def _side_by_side(one: Callable[[Node], Settled], nodes: list[Node]) -> list[Settled]:
    """Settle these at once, on threads of their own: those that read would wait for themselves."""
    if len(nodes) == 1:
        return [one(nodes[0])]
    with Threads(min(_AT_ONCE, len(nodes))) as threads:
        return list(threads.map(one, nodes))


def errors_of(settled: Iterable[Settled]) -> list[CloudError]:
    """Return what is in the way; that nodes wait for others only where nothing is known to hold those up."""
    settled = tuple(settled)
    causes = [error for each in settled if not each.waits for error in each.errors]
    return causes or [error for each in settled for error in each.errors]


def merged(main: Report, others: Mapping[str, Report]) -> Report:
    """Return the reports of all nodes as one; what is not of the main one has its node's name before it."""
    named = [("", main), *((f"{name}{OF_NODE}", report) for name, report in others.items())]
    return Report(
        Plan(
            main.plan.resource,
            main.plan.id,
            tuple(change for prefix, each in named for change in _named(prefix, each.plan.changes)),
            sum(each.plan.in_sync for _, each in named),
        ),
        tuple(change for prefix, each in named for change in _named(prefix, each.done)),
        tuple(change for prefix, each in named for change in _named(prefix, each.left)),
        {prefix + facet: prefix + by for prefix, each in named for facet, by in each.held.items()},
        tuple(replace(f, facet=prefix + f.facet) for prefix, each in named for f in each.failures),
        {prefix + facet: seen for prefix, each in named for facet, seen in each.found.items()},
        main.created,
        frozenset(prefix + facet for prefix, each in named for facet in each.touched),
        main.busy,
    )


def merged_wishes(main: Mapping[str, Wish], others: Mapping[str, Mapping[str, Wish]]) -> dict[str, Wish]:
    """Return the wishes of all nodes as one, named as `merged` names what came of them."""
    named = {f"{name}{OF_NODE}{facet}": wish for name, each in others.items() for facet, wish in each.items()}
    return {**main, **named}


def of_node(name: str, changes: Iterable[Change]) -> tuple[Change, ...]:
    """Return changes of a node under its name, as `merged` has those of all but the main one."""
    return tuple(_named(f"{name}{OF_NODE}", changes))


def _named(prefix: str, changes: Iterable[Change]) -> Iterator[Change]:
    return (replace(change, facet=prefix + change.facet) for change in changes)


def outputs_of(work: Work, report: Report) -> Outputs:
    """Return what others can refer to of a resource that was looked at; nothing where it is not there."""
    found = report.found.get(work.resource.root.name)
    if found is ABSENT or not work.target.id:
        return {}
    known = {"id": work.target.id, "arn": work.target.arn}
    if not isinstance(found, Presence):
        return known
    return {**found.model_dump(by_alias=True, exclude_none=True), **known}
