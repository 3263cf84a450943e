"""Names of what CloudFront gives no tags: they are the proof of whose it is, and how it is found again."""

import hashlib
import json

from headrace.engine.slices import Slice


def name_of(owner: str, node: str) -> str:
    """Return the name of what one object, and nobody else, has."""
    return _named(f"{owner}\n{node}")


def name_of_content(content: Slice) -> str:
    """Return the name of what all share who want the same.

    What is not said is left out, so that a name outlives new fields.
    """
    said = content.model_dump(by_alias=True, mode="json", exclude_defaults=True)
    return _named(json.dumps(said, separators=(",", ":"), sort_keys=True))


def _named(text: str) -> str:
    return f"headrace-{hashlib.sha256(text.encode()).hexdigest()[:32]}"
