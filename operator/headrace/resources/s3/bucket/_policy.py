"""The bucket policy, of which several hands write statements: each reads and replaces its own by their Sids.

S3 takes the policy as a whole only, and knows no condition for a write. So it is read again right before it
is written, and one at a time of ours does so.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

from headrace.aws.target import Target, absent_on
from headrace.engine.errors import Invalid
from headrace.resources.s3.bucket._common import whose

Statement = Mapping[str, Any]
Owns = Callable[[str], bool]
"""Says by its Sid whether a statement is the caller's; a statement without one has the Sid ''."""

CHANGED = "changed by others"
"""What is shown where somebody changed what a statement of ours says."""

_KEY = "policy"
_VERSION = "2012-10-17"
_LISTS = frozenset({"Action", "NotAction", "Resource", "NotResource"})


def statements(target: Target, owns: Owns) -> tuple[Statement, ...]:
    """Return the caller's statements as they are written there; read once for all facets of a look."""
    document = cast(Statement, target.share(_KEY, lambda: _read(target)))
    return tuple(each for each in _all(document) if owns(_sid(each)))


def put_statements(target: Target, owns: Owns, wanted: Sequence[Statement]) -> None:
    """Make the caller's statements these, and leave all others as they are, in their order.

    Where no statement is left the policy goes. What says the same already is not written.
    """
    with target.turn(_KEY):
        document = _read(target)
        there = _all(document)
        mine = [each for each in there if owns(_sid(each))]
        if _say_the_same(mine, wanted):
            return
        after = [*(each for each in there if not owns(_sid(each))), *wanted]
        if after:
            policy = json.dumps({"Version": _VERSION, **document, "Statement": after}, separators=(",", ":"))
            target.s3.put_bucket_policy(**whose(target), Policy=policy)
        else:
            target.s3.delete_bucket_policy(**whose(target))


def _say_the_same(some: Sequence[Statement], others: Sequence[Statement]) -> bool:
    """Statements have no order."""
    said, wanted = (
        sorted(json.dumps(canonical(each), sort_keys=True) for each in side) for side in (some, others)
    )
    return said == wanted


def canonical(statement: Statement) -> dict[str, Any]:
    """Return a statement in the one form of all those in which S3 may tell it."""
    return {name: _canonical(name, value) for name, value in statement.items()}


def _canonical(name: str, value: Any) -> Any:
    if name in _LISTS:
        return _listed(value)
    if name in ("Principal", "NotPrincipal"):
        return {kind: _listed(who) for kind, who in ({"AWS": value} if value == "*" else dict(value)).items()}
    if name == "Condition":
        return {
            operator: {key.lower(): _listed(values) for key, values in keys.items()}
            for operator, keys in value.items()
        }
    return value


def _listed(value: Any) -> list[str]:
    """One value is a list of one, and order means nothing; numbers and booleans may be said as text."""
    values = value if isinstance(value, list) else [value]
    return sorted(each if isinstance(each, str) else json.dumps(each) for each in values)


def _read(target: Target) -> Statement:
    with absent_on("NoSuchBucketPolicy"):
        text = target.s3.get_bucket_policy(**whose(target))["Policy"]
        try:
            document = json.loads(text)
        except ValueError:
            document = None
        if not isinstance(document, dict):
            raise Invalid(f"The policy of bucket {target.id} is no JSON object; it is left alone. Mend it.")
        return document
    return {}


def _all(document: Statement) -> list[Statement]:
    """A single statement need not be in a list."""
    found = document.get("Statement", [])
    return [found] if isinstance(found, dict) else list(found)


def _sid(statement: Statement) -> str:
    return str(statement.get("Sid", ""))
