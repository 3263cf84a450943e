"""Asking: what an object asks for, read and checked, as the nodes that it expands to."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from pydantic import ValidationError

from headrace.controller.accounts import Access
from headrace.controller.api import Object
from headrace.controller.granting import check_granted
from headrace.controller.ledger import parts_of
from headrace.controller.outcome import Parts
from headrace.engine.graph import Node, Nodes
from headrace.engine.wish import Layer, Wish, entries_of, resolve
from headrace.kinds.common import CommonSpec, Kind, Request
from headrace.kinds.definition import invalid, read_spec

Wishes = Mapping[str, Wish]


@dataclass(frozen=True)
class Asked:
    """What an object asks for."""

    obj: Object
    kind: Kind[Any]
    spec: CommonSpec
    access: Access
    request: Request[Any]
    nodes: Nodes
    checked: dict[str, Wishes] = field(default_factory=dict)
    """The wishes for those nodes that refer to no other, by name: checked before anything is done."""

    @property
    def main(self) -> Node:
        """The node that the object is about."""
        return next(node for node in self.nodes if self.is_main(node))

    def is_main(self, node: Node) -> bool:
        """Say whether the object is about this node."""
        return node.name == self.kind.main

    def wishes(self, node: Node) -> Wishes:
        """Return the wish for each facet of a node whose refs are filled in.

        Raises:
            Invalid: what is said makes no sense.
            Denied: the account does not grant it.
        """
        if node.name in self.checked:
            return self.checked[node.name]
        layers = (*node.layers, *self._of_account(node))
        # What else belongs to the object is ours as a whole.
        secure = self.spec.defaults == "Secure" or not self.is_main(node)
        try:
            wishes = resolve(node.resource.facets, layers, self.ledger(node), secure=secure)
        except ValidationError as error:
            raise invalid(error) from error
        check_granted(self.access, self.obj.ref.namespace, node, wishes)
        return wishes

    def ledger(self, node: Node) -> frozenset[str]:
        """Return the settings of a node that we set, as the status remembers them."""
        return entries_of("" if self.is_main(node) else node.name, self.obj.status.get("managed", []))

    def _of_account(self, node: Node) -> tuple[Layer, ...]:
        """Return what the account says of every resource: its default tags, where a resource has tags."""
        tags = self.access.default_tags
        if not tags or not any(facet.name == "tags" for facet in node.resource.facets):
            return ()
        return (Layer(self.access.source, {"tags": tags}),)


def ask(parts: Parts, obj: Object) -> Asked:
    """Read the spec and expand it; check what can be before anything is done.

    Raises:
        CloudError: the spec makes no sense, may not be, or refers to what is not there yet.
    """
    kind = parts.kinds[obj.ref.kind]
    spec = read_spec(kind.spec, obj.spec)
    access = parts.accounts.of(obj.ref.namespace, spec.account)
    request = Request(
        spec,
        obj.ref,
        parts.owner(obj),
        access.account.region,
        obj.uid,
        status=obj.status,
        referred=parts.relations.referred(obj),
        stalled=parts.relations.stalled_referred(obj),
        claims=parts.relations.claims(obj),
        secrets=parts.values(obj.ref.namespace, kind.secrets(spec)),
    )
    ids = {part.name: part.id for part in parts_of(obj)}
    ids.setdefault(kind.main, obj.status.get("pins", {}).get("name", ""))
    nodes = tuple(replace(node, id=node.id or ids.get(node.name, "")) for node in kind.expand(request))
    asked = Asked(obj, kind, spec, access, request, nodes)
    for node in nodes:
        if not node.refs():
            asked.checked[node.name] = asked.wishes(node)
    return asked
