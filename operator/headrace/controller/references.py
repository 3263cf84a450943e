"""Who is to be looked at when somebody else changed: what refers to it, or waits for it."""

from collections.abc import Iterator
from typing import Any

from headrace.controller.accounts import KIND
from headrace.controller.api import Object
from headrace.controller.cache import Cache
from headrace.controller.edits import is_ready
from headrace.kinds.definition import ObjectRef
from headrace.kinds.status import outputs


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
        yield from _related(cache, obj.ref, before, after)
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


def _related(
    cache: Cache, ref: ObjectRef, before: Object | None, after: Object | None
) -> Iterator[ObjectRef]:
    """Return those that refer to an object which offers something else now, and those that it refers to."""
    if _offered(before) != _offered(after):
        yield from (other.ref for other in cache.referring(ref))
    elif _stalled(before) != _stalled(after):
        # Who lacks nothing does not wait for it.
        yield from (other.ref for other in cache.referring(ref) if not is_ready(other, other.generation))
    # What is new and stands for nothing yet has nothing to ask for.
    asks = before is not None or (after is not None and "arn" in after.status)
    if asks and _claimed(cache, before) != _claimed(cache, after):
        yield from {*cache.refers(before), *cache.refers(after)}


def _offered(obj: Object | None) -> tuple[object, ...]:
    """Return what those go by that refer to an object."""
    if obj is None:
        return ()
    return (obj.uid, obj.deleting, obj.consent, outputs(obj.status))


def _stalled(obj: Object | None) -> str:
    """Return for which reason those wait for a person that wait for an object."""
    return obj.stalled if obj is not None else ""


def _claimed(cache: Cache, obj: Object | None) -> tuple[object, ...]:
    """Return what those go by that an object refers to."""
    if obj is None:
        return ()
    return (obj.uid, obj.status.get("arn"), cache.refers(obj))


def _account(obj: Object) -> Any:
    return obj.spec.get("account")


def _told(obj: Object) -> tuple[object, ...]:
    """Return what others go by."""
    ready = obj.conditions.get("Ready", {}).get("status", "")
    known = (obj.status.get("accountID"), obj.status.get("credentialsVersion"))
    return (obj.uid, obj.generation, obj.deleting, ready, known)
