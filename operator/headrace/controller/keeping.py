"""Keeping: from an object that is to stay to what was seen of its resource, and what was put right."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from pydantic import ValidationError

from headrace.aws.sessions import Account
from headrace.aws.target import Target
from headrace.controller import finalizer
from headrace.controller.accounts import Access, granted
from headrace.controller.api import Api, Object
from headrace.controller.outcome import Parts, Told
from headrace.controller.status import Seen
from headrace.controller.writer import write_status
from headrace.engine.errors import Denied, Invalid, Moved
from headrace.engine.graph import Node, settle
from headrace.engine.ignore import Ignored
from headrace.engine.reconcile import reconcile
from headrace.engine.slices import Slice
from headrace.engine.wish import Layer, Wish, resolve
from headrace.engine.work import Intent, Work
from headrace.kinds.common import CommonSpec, Kind, Request, seconds
from headrace.kinds.definition import invalid, read_spec
from headrace.resources.s3.regions import partition_of


@dataclass(frozen=True)
class _Asked:
    """What an object asks for, read and checked."""

    kind: Kind[Any]
    spec: CommonSpec
    access: Access
    node: Node
    wishes: Mapping[str, Wish]


def keep(parts: Parts, seen: Seen) -> Told:
    """Look at what the object stands for, and put it right as far as the object allows.

    Raises:
        CloudError: the object cannot be worked on at all.
    """
    if seen.obj.paused:
        return Told(replace(seen, paused=True))
    asked = _asked(parts, seen.obj)
    account, node = asked.access.account, asked.node
    check_pins(seen.obj, node, account)
    observing, held = asked.spec.mode == "Observe", seen.obj.held
    if not observing and not held:
        seen = replace(seen, obj=finalizer.put_on(parts.api, seen.obj))
    seen = replace(seen, observing=observing, wishes=asked.wishes)
    write = not observing and not (asked.spec.drift_policy == "Report" and seen.drifting)
    work = replace(_work(asked, seen.obj), write=write, intent=Intent.OBSERVE if observing else Intent.KEEP)
    if held or "notOurs" in seen.obj.status:
        work = replace(work, before_creation=partial(_before_creation, parts.api, seen.obj))
    (settled,) = settle((node,), lambda _: reconcile(work, parts.pool))
    report = settled.report
    seen = replace(
        seen,
        what=work.what,
        wrote=write,
        ignored=work.ignored,
        report=report,
        errors=tuple(failure.error for failure in report.failures),
        outputs=asked.kind.outputs(node, report, account.identity, seen.obj.status),
    )
    if seen.ours or report.created:
        seen = replace(seen, pins=pins(node, account))
    elif seen.foreign:
        seen = replace(seen, not_ours=pins(node, account))
    return Told(seen, seconds(asked.spec.resync_interval))


def _before_creation(api: Api, obj: Object, free: bool) -> None:
    """Make sure that the object is still held; forget that a name was somebody else's that is free by now.

    Else a pass that makes it and dies would leave behind that what is there is not ours.
    """
    finalizer.check(api, obj)
    if free and "notOurs" in obj.status:
        write_status(api, obj, {key: value for key, value in obj.status.items() if key != "notOurs"})


def _asked(parts: Parts, obj: Object) -> _Asked:
    """Read the spec and expand it into its node, with the wish for each of its facets."""
    kind = parts.kinds[obj.ref.kind]
    spec = read_spec(kind.spec, obj.spec)
    access = parts.accounts.of(obj.ref.namespace, spec.account)
    (node,) = kind.expand(Request(spec, obj.ref, parts.owner(obj), access.account.region))
    layers = (*node.layers, *_of_account(access, node))
    try:
        wishes = resolve(node.resource.facets, layers, _ledger(obj), secure=spec.defaults == "Secure")
    except ValidationError as error:
        raise invalid(error) from error
    _check_granted(access, obj.ref.namespace, node, wishes)
    return _Asked(kind, spec, access, node, wishes)


def _of_account(access: Access, node: Node) -> tuple[Layer, ...]:
    """Return what the account says of every resource: its default tags, where a resource has tags."""
    if not access.default_tags or not any(facet.name == "tags" for facet in node.resource.facets):
        return ()
    return (Layer(access.source, {"tags": access.default_tags}),)


def _work(asked: _Asked, obj: Object) -> Work:
    node, spec = asked.node, asked.spec
    asks, may = spec.adoption == "IfExists" or obj.adopt, granted(asked.access.grants.adopt, node.id)
    return Work(
        resource=node.resource,
        target=target(node, asked.access.account),
        presence=node.presence,
        wishes=asked.wishes,
        # With no defaults, what is taken out of spec is left alone, the entries of shared maps included.
        ledger=_ledger(obj) if spec.defaults == "Secure" else frozenset(),
        known=bool(obj.status.get("pins")),
        adopt=asks and may,
        no_adoption=_ungranted(asked.access, obj.ref.namespace, node, "adopt") if asks and not may else "",
        no_creation=_no_creation(asked.access, obj.ref.namespace, node),
        ignored=Ignored(spec.ignore_drift if spec.mode == "Observe" or _established(obj) else ()),
    )


def _ledger(obj: Object) -> frozenset[str]:
    """Return the settings that we set, as the status remembers them."""
    return frozenset(obj.status.get("managed", []))


def _established(obj: Object) -> bool:
    """Say whether the object was carried out in full once: what is only set at creation is set by then."""
    return "appliedGeneration" in obj.status


def _check_granted(access: Access, namespace: str, node: Node, wishes: Mapping[str, Wish]) -> None:
    """Refuse what the account does not grant to the object's namespace.

    Raises:
        Denied: with the entry of the AWSAccount that is missing.
    """
    who = f"AWSAccount {access.name} does not let namespace {namespace}"
    if not granted((*access.grants.create, *access.grants.adopt), node.id):
        raise Denied(
            f"{who} have a bucket named {node.id}: no pattern in buckets.create or buckets.adopt of its "
            "spec.namespaces covers it."
        )
    _check_partition(access, node)
    for name, wish in wishes.items():
        if isinstance(wish.value, Slice):
            _check_passes(access, who, name, wish.value)


def _check_partition(access: Access, node: Node) -> None:
    if partition_of(node.region) != (partition := access.account.identity.partition):
        raise Invalid(
            f"Region {node.region} is in the partition {partition_of(node.region)}, and "
            f"{access.name or 'the AWS account'} in {partition}: choose a region of that partition, or "
            "another account."
        )


def _check_passes(access: Access, who: str, name: str, value: Slice) -> None:
    for field, what in value.passes.items():
        arn = getattr(value, field)
        if arn is not None and not granted(getattr(access.grants, what), arn):
            raise Denied(
                f"{who} use {arn} ({name}): no pattern in passes.{what} of its spec.namespaces covers it."
            )


def _no_creation(access: Access, namespace: str, node: Node) -> Denied | None:
    """Return why the resource may not be made, where the namespace may only adopt one of that name."""
    if granted(access.grants.create, node.id):
        return None
    return Denied(f"There is no {node.id} to adopt. {_ungranted(access, namespace, node, 'create')}")


def _ungranted(access: Access, namespace: str, node: Node, what: str) -> str:
    """Say which entry is missing."""
    return (
        f"AWSAccount {access.name} does not let namespace {namespace} {what} {node.id}: no pattern in "
        f"buckets.{what} of its spec.namespaces covers it."
    )


def check_pins(obj: Object, node: Node, account: Account) -> None:
    """Refuse to make a second resource where the first one was made elsewhere.

    Raises:
        Moved: with each pin that differs.
    """
    made, wanted = obj.status.get("pins"), pins(node, account)
    if not made or made == wanted:
        return
    other = [key for key in sorted(wanted) if made.get(key) != wanted[key]]
    moved = ", ".join(f"{key} {made.get(key)} (now {wanted[key]})" for key in other)
    raise Moved(
        f"The resource was made with {moved}. It is left alone; go back to where it is, or make a new object."
    )


def pins(node: Node, account: Account) -> dict[str, str]:
    """Return where a node is: what the status pins."""
    return {"accountID": account.identity.account_id, "region": node.region, "name": node.id}


def target(node: Node, account: Account) -> Target:
    """Return how a node is reached."""
    identity = account.identity
    return Target(account, node.region, node.id, node.arn(identity.partition, identity.account_id))
