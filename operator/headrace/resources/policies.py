"""The IAM policy that a resource type needs, as it follows from what its members declare."""

from collections.abc import Collection, Sequence
from enum import Enum
from typing import Any

from headrace.aws.actions import is_on_content, is_on_everything
from headrace.aws.policy import Policy, Statement
from headrace.engine.facet import Facet, Permissions, ResourceType, addressed

Member = Facet[Any, Any]
_Key = tuple["Purpose", tuple[str, ...], str]


_CONTENT, _EVERYTHING = "Content", "OfAll"
_DOCUMENT = "config"


class Purpose(Enum):
    """What an action is needed for, the most ordinary first: where there are several, it counts as that."""

    READ = "Read"
    WRITE = "Write"
    CREATE = "Create"
    REMOVE = "Remove"
    EMPTY = "Empty"
    EXPLAIN = "Explain"

    def of(self, needs: Permissions) -> frozenset[str]:
        """Return the actions that are needed for this."""
        return {
            Purpose.READ: needs.read,
            Purpose.WRITE: needs.write - needs.create - needs.remove,
            Purpose.CREATE: needs.create,
            Purpose.REMOVE: needs.remove,
            Purpose.EMPTY: needs.empty,
            Purpose.EXPLAIN: needs.explain,
        }[self]


EVERYTHING = tuple(Purpose)
LOOKING = (Purpose.READ,)
"""What `mode: Observe` does."""


def policy(
    resource: ResourceType,
    names: Sequence[str],
    purposes: Collection[Purpose] = EVERYTHING,
    members: Collection[Member] | None = None,
    partition: str = "aws",
) -> Policy:
    """Return the policy that lets somebody do these things, and nothing else.

    Each action is in one statement only, whose Sid says what for and who needs it: CreatePresence,
    ReadPresenceAndTags. Without a statement, just that does not work.

    Args:
        resource: the type of resource.
        names: those that the resources may have; IAM takes * and ? in them.
        purposes: what is to be possible.
        members: for whom it is to be possible; None means all.
        partition: where the resources are: aws, aws-cn, aws-us-gov.
    """
    found = resource.members() if members is None else tuple(members)
    order = list(dict.fromkeys(named(member) for member in found))
    service = resource.root.address.split(":")[2]
    grouped = _grouped(found, purposes, service)
    keys = sorted(
        grouped, key=lambda key: (EVERYTHING.index(key[0]), [order.index(n) for n in key[1]], key[2])
    )
    located = resource.root.located(partition, "*", "*")
    arns = tuple(addressed(located, name) for name in names)
    return Policy(tuple(_statement(key, grouped[key], arns) for key in keys))


def named(member: Member) -> str:
    """Return how a member is called in policies: all parts of a document need the same, and are one."""
    return _DOCUMENT if member.of_document else member.name


def _grouped(
    members: Collection[Member], purposes: Collection[Purpose], service: str
) -> dict[_Key, set[str]]:
    """Put actions together that the same members need for the same purpose."""
    grouped: dict[_Key, set[str]] = {}
    seen: set[str] = set()
    for purpose in EVERYTHING:
        needs = [(named(each), purpose.of(each.permissions)) for each in members if purpose in purposes]
        for action in frozenset().union(*(actions for _, actions in needs)) - seen:
            who = tuple(dict.fromkeys(name for name, actions in needs if action in actions))
            grouped.setdefault((purpose, who, _scope(action, service)), set()).add(action)
            seen.add(action)
    return grouped


def _scope(action: str, service: str) -> str:
    """Say what else than the resource itself a statement is about, as it is said in its Sid."""
    if is_on_content(action):
        return _CONTENT
    # The names of things of another service are not known here.
    elsewhere = action.partition(":")[0] != service
    return _EVERYTHING if elsewhere or is_on_everything(action) else ""


def _statement(key: _Key, actions: Collection[str], arns: tuple[str, ...]) -> Statement:
    purpose, who, scope = key
    sid = purpose.value + "And".join(name[0].upper() + name[1:] for name in who) + scope
    about = {_CONTENT: tuple(f"{arn}/*" for arn in arns), _EVERYTHING: ("*",)}.get(scope, arns)
    return Statement(sid, tuple(sorted(actions)), about)
