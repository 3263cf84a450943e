"""How nodes are reached, and where they are: pins, so that none is made a second time elsewhere."""

from headrace.aws.sessions import Account
from headrace.aws.target import Target
from headrace.controller.api import Object
from headrace.engine.errors import Moved
from headrace.engine.graph import Node


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
    address = node.address(identity.partition, identity.account_id)
    return Target(account, node.region, node.id, address, node.title, node.presence.owner or "")
