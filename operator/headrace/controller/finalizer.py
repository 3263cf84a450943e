"""Our finalizer: on before the first write to AWS, off after what was made is verified to be gone."""

from collections.abc import Mapping
from typing import Any

from headrace.controller.api import Api, Gone, Object, Stale
from headrace.kinds.definition import FINALIZER

_ATTEMPTS = 5


def put_on(api: Api, obj: Object) -> Object:
    """Add the finalizer and return the object as it is then; Stale where it is not what we read any more."""
    path, value = "/metadata/finalizers", [*obj.finalizers, FINALIZER]
    return Object(api.patch(obj.ref, [_unchanged(obj), {"op": "add", "path": path, "value": value}]))


def check(api: Api, obj: Object) -> None:
    """Make sure, right before something is made, that the finalizer is still on the object as we know it.

    An operator that has not heard yet that the object went would make anew what another one, or a person,
    has just deleted with it; and nobody would ever delete that.

    Raises:
        Gone: the object is no more.
        Stale: it is to go, or is held by us no more.
    """
    fresh = Object(api.get(obj.ref))
    if fresh.uid != obj.uid:
        raise Gone(f"{obj.ref} is gone, and a namesake is there")
    if fresh.deleting or not fresh.held:
        raise Stale(f"{obj.ref} has changed meanwhile")


def take_off(api: Api, obj: Object) -> None:
    """Remove our finalizer and no other; one that is off already, or an object that is gone, is fine."""
    for _ in range(_ATTEMPTS):
        if not obj.held:
            return
        index = obj.finalizers.index(FINALIZER)
        path = f"/metadata/finalizers/{index}"
        operations = [
            _unchanged(obj),
            {"op": "test", "path": path, "value": FINALIZER},
            {"op": "remove", "path": path},
        ]
        try:
            api.patch(obj.ref, operations)
        except Gone:
            return
        except Stale:
            fresh = _read(api, obj)
            if fresh is None:
                return
            obj = fresh
        else:
            return
    raise Stale(f"{obj.ref} changes all the time; its finalizer could not be removed.")


def _read(api: Api, obj: Object) -> Object | None:
    try:
        fresh = Object(api.get(obj.ref))
    except Gone:
        return None
    return fresh if fresh.uid == obj.uid else None


def _unchanged(obj: Object) -> Mapping[str, Any]:
    return {"op": "test", "path": "/metadata/resourceVersion", "value": obj.version}
