"""Who is to be looked at when somebody else changed: what refers to it, or waits for it."""

from collections.abc import Iterator
from typing import Any

from headrace.controller.accounts import KIND
from headrace.controller.api import Object
from headrace.controller.cache import Cache
from headrace.kinds.definition import ObjectRef


def dependents(cache: Cache, before: Object | None, after: Object | None) -> Iterator[ObjectRef]:
    """Return the objects for which this change is news.

    Args:
        cache: all objects.
        before: the object that changed, as it was; None where it is new.
        after: as it is; None where it is gone.
    """
    obj = after or before
    if obj is None:
        return
    if obj.ref.kind != KIND:
        if before is not None and (after is None or _account(before) != _account(after)):
            yield from (account.ref for account in cache.of(KIND) if account.deleting)
        return
    if before is not None and after is not None and _told(before) == _told(after):
        return
    default = any(o is not None and o.spec.get("default") is True for o in (before, after))
    for other in cache:
        if other.ref.kind == KIND:
            # Of two that both are the default, each must know of the other.
            if default and other.ref != obj.ref:
                yield other.ref
        elif _account(other) == obj.ref.name or (default and _account(other) is None):
            yield other.ref


def _account(obj: Object) -> Any:
    return obj.spec.get("account")


def _told(obj: Object) -> tuple[object, ...]:
    """Return what others go by."""
    ready = obj.conditions.get("Ready", {}).get("status", "")
    known = (obj.status.get("accountID"), obj.status.get("credentialsVersion"))
    return (obj.uid, obj.generation, obj.deleting, ready, known)
