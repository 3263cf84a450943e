"""Writing a status: about the generation that was looked at, over whatever version there is by now."""

from collections.abc import Mapping
from typing import Any

from headrace.controller.api import Api, Object, Stale

_ATTEMPTS = 5


def write_status(api: Api, obj: Object, status: Mapping[str, Any]) -> Object | None:
    """Write the whole status and return the object as it is then; None where a namesake took its place.

    Raises:
        ApiError: the API server did not take it.
    """
    for _ in range(_ATTEMPTS):
        metadata = {"resourceVersion": obj.version, "uid": obj.uid}
        patch = {"metadata": metadata, "status": merge_patch(obj.status, status)}
        try:
            return Object(api.patch_status(obj.ref, patch))
        except Stale:
            fresh = Object(api.get(obj.ref))
            if fresh.uid != obj.uid:
                return None
            obj = fresh
    raise Stale(f"{obj.ref} changes all the time; its status could not be written.")


def merge_patch(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """Return the merge patch (RFC 7386) that makes `after` of `before`, with null for all that is to go."""
    patch = {key: None for key in before if key not in after}
    inner = {
        key: merge_patch(before[key], value)
        for key, value in after.items()
        if isinstance(value, Mapping) and isinstance(before.get(key), Mapping)
    }
    return {**after, **patch, **inner}
