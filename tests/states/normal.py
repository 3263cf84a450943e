"""What of an object is recorded: names, ids and times that no two recordings share are put right."""

import json
import re
from collections.abc import Mapping
from typing import Any

from sandbox.world import Object
from tests.states.stage import THEN

_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?Z")
_UID = "00000000-0000-4000-8000-000000000001"
_KEPT = ("annotations", "deletionGracePeriodSeconds", "deletionTimestamp", "finalizers", "generation")
_WHOLE = ("apiVersion", "kind", "metadata", "spec", "status")


def normal(obj: Object, called: Mapping[str, str]) -> dict[str, Any]:
    """Return the object as it is recorded.

    Args:
        obj: the object as the API server has it.
        called: what to write in the place of names that no two runs have in common.
    """
    text = json.dumps(obj)
    called = {**called, obj["metadata"]["uid"]: _UID}
    for name in sorted(called, key=len, reverse=True):
        text = text.replace(name, called[name])
    text = _TIME.sub(THEN, text)
    body = json.loads(text)
    metadata = body["metadata"]
    body["metadata"] = {
        "name": metadata["name"],
        **({"namespace": metadata["namespace"]} if "namespace" in metadata else {}),
        **{key: metadata[key] for key in _KEPT if key in metadata},
        "creationTimestamp": THEN,
        "resourceVersion": "1",
        "uid": _UID,
    }
    if "credentialsVersion" in body.get("status", {}):
        body["status"]["credentialsVersion"] = "1"
    return {key: body[key] for key in _WHOLE if key in body}
