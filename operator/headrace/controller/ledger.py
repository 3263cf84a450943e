"""The ledger of cloud resources: `status.parts` names each before it is made, until it is gone."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from headrace.controller.api import Api, Gone, Object, Stale
from headrace.controller.writer import write_status
from headrace.engine.errors import Conflict, Throttled, Unavailable
from headrace.engine.graph import Node, Settled
from headrace.kinds.common import Part
from headrace.kinds.status import TEXT

Parts = tuple[Part, ...]


def parts_of(obj: Object) -> Parts:
    """Return what the object is known to stand for, what others refer to first."""
    return tuple(
        Part(each["name"], each["type"], each.get("id", ""), each.get("ready", False), each.get("title", ""))
        for each in obj.status.get("parts", [])
    )


def remember(api: Api, obj: Object, nodes: Collection[Node], main: str) -> Object:
    """Name all nodes in the status before any of them is made; return the object as it is then.

    What others refer to comes first, whenever it came: that is the order in which it is removed, backwards.

    Raises:
        Gone: the object is no more.
        Stale: somebody asked for something else meanwhile; these nodes are what was asked for before.
    """
    known = parts_of(obj)
    there = {part.name: part for part in known}
    if all(node.name in there for node in nodes):
        return obj
    before, after = stale(known, nodes, main)
    now = (
        there.get(node.name) or Part(node.name, node.resource.name, node.id, title=node.title)
        for node in nodes
    )
    parts = [written(part) for part in (*reversed(after), *now, *reversed(before))]
    named = write_status(api, obj, {**obj.status, "parts": parts})
    if named is None:
        raise Gone(f"{obj.ref} is gone")
    if named.asked() != obj.asked():
        raise Stale(f"{obj.ref} has changed meanwhile")
    return named


def stale(known: Parts, nodes: Collection[Node], main: str) -> tuple[Parts, Parts]:
    """Return what is no longer in the expansion: what refers to the main node, and what that refers to.

    The former goes before the main node is changed, the latter once it does without; each in the order in
    which to remove it.
    """
    names = [part.name for part in known]
    wanted = {node.name for node in nodes}
    place = names.index(main) if main in names else len(names)
    gone = [(n, part) for n, part in enumerate(known) if part.name not in wanted]
    before = tuple(part for n, part in reversed(gone) if n > place)
    after = tuple(part for n, part in reversed(gone) if n <= place)
    return before, after


def parts_after(
    known: Mapping[str, Part], settled: Iterable[Settled], before: Iterable[Part], after: Iterable[Part]
) -> Parts:
    """Return what the object stands for now, with those parts of `stale` that are still to go."""
    now = (
        Part(
            each.node.name,
            each.node.resource.name,
            each.id,
            _ready(each, known.get(each.node.name)),
            each.node.title,
        )
        for each in settled
    )
    return (*reversed(tuple(after)), *now, *reversed(tuple(before)))


def _ready(settled: Settled, known: Part | None) -> bool:
    """Say whether a part is ready; an outage does not change what is known."""
    errors = settled.errors
    passing = errors and all(isinstance(error, Throttled | Unavailable | Conflict) for error in errors)
    return known.ready if passing and known is not None else settled.ready


def written(part: Part) -> Mapping[str, Any]:
    """Write a part as the status has it."""
    said = {"name": part.name, "type": part.type, "ready": part.ready}
    if part.id:
        return said | {"id": part.id}
    return said | {"title": part.title} if 0 < len(part.title) <= TEXT else said
