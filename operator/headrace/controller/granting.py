"""What an AWSAccount lets the objects of a namespace have, make, adopt and pass on."""

from collections.abc import Collection, Mapping

from headrace.controller.accounts import Access, granted
from headrace.engine.errors import Denied, Invalid
from headrace.engine.graph import Node
from headrace.engine.ownership import Advice
from headrace.engine.slices import Slice
from headrace.engine.wish import Wish
from headrace.kinds.definition import ADOPT
from headrace.resources.s3.regions import partition_of


def check_granted(access: Access, namespace: str, node: Node, wishes: Mapping[str, Wish]) -> None:
    """Refuse what the account does not grant to the object's namespace.

    Raises:
        Denied: with the entry of the AWSAccount that is missing.
        Invalid: it would be in another partition.
    """
    if node.id:
        check_id(access, namespace, node, node.id)
    _check_partition(access, node)
    for name, wish in wishes.items():
        if isinstance(wish.value, Slice):
            _check_passes(access, _refusal(access, namespace), name, wish.value, node.from_nodes)


def check_id(access: Access, namespace: str, node: Node, id: str) -> None:
    """Refuse what a node is, or turns out to be, unless the account grants it to the namespace.

    Raises:
        Denied: with the entry of the AWSAccount that is missing.
    """
    who = _refusal(access, namespace)
    kind, zone = node.resource.root.granted_as, id.partition("/")[0]
    if kind == "buckets" and not granted((*access.grants.create, *access.grants.adopt), id):
        raise Denied(
            f"{who} have a bucket named {id}: no pattern in buckets.create or buckets.adopt of its "
            "spec.namespaces covers it."
        )
    if kind == "hosted_zones" and not granted(access.grants.hosted_zones, zone):
        raise Denied(
            f"{who} use the hosted zone {zone}: no pattern in hostedZones of its spec.namespaces covers it."
        )


def _check_partition(access: Access, node: Node) -> None:
    if partition_of(node.region) != (partition := access.account.identity.partition):
        raise Invalid(
            f"Region {node.region} is in the partition {partition_of(node.region)}, and "
            f"{access.name or 'the AWS account'} in {partition}: choose a region of that partition, or "
            "another account."
        )


def _check_passes(access: Access, who: str, name: str, value: Slice, ours: Collection[object]) -> None:
    for what, arn in value.passed():
        if arn not in ours and not granted(getattr(access.grants, what), arn):
            raise Denied(
                f"{who} use {arn} ({name}): no pattern in passes.{what} of its spec.namespaces covers it."
            )


def no_creation(access: Access, namespace: str, node: Node) -> Denied | Invalid | None:
    """Return why the resource may not be made: it is only to be adopted, or the namespace may do no more."""
    if node.adopts:
        return Invalid(f"There is no {node.resource.title} {node.id} to adopt.")
    if node.resource.root.granted_as != "buckets" or granted(access.grants.create, node.id):
        return None
    return Denied(f"There is no {node.id} to adopt. {_ungranted(access, namespace, node, 'create')}")


def may_adopt(access: Access, node: Node) -> bool:
    """Say whether the namespace may take over a resource of this name that is nobody's."""
    if node.resource.root.granted_as == "distributions":
        return granted(access.grants.distributions, node.id)
    return granted(access.grants.adopt, node.id)


def advice(access: Access, namespace: str, node: Node, asks: bool) -> Advice:
    """Say what to do about a resource of this name that is not ours; `asks` is whether to take it over.

    How to take it over is told where the account grants it, which entry is missing where nothing else helps.
    """
    way = f'with adoption: IfExists, or the annotation {ADOPT}: "true"'
    if not may_adopt(access, node):
        missing = _ungranted(access, namespace, node, "adopt")
        nobodys = missing if asks or node.adopts else Advice().nobodys
    else:
        nobodys = f"Take it over {way}." if node.adopts else f"Choose another name, or take it over {way}."
    if node.adopts:
        return Advice(nobodys, "Its owner must let go of it first.")
    return Advice(nobodys)


def _ungranted(access: Access, namespace: str, node: Node, what: str) -> str:
    """Say which entry is missing."""
    kind = node.resource.root.granted_as or "buckets"
    return (
        f"{_refusal(access, namespace)} {what} {node.id}: no pattern in {kind}.{what} of its "
        "spec.namespaces covers it."
    )


def _refusal(access: Access, namespace: str) -> str:
    """Return how all sentences about a missing entry begin."""
    return f"AWSAccount {access.name} does not let namespace {namespace}"
