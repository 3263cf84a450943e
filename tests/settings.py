"""Every setting of a bucket, in each state that a spec can give it: a new facet is in by being there."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from headrace.engine.facet import Facet
from headrace.engine.slices import Slice
from headrace.kinds.accelerated_bucket import BUCKET
from tests.laws import generate

STATES = ("sample", "other", "resting", "silent")
"""What a spec says of a setting, one after another: a value, another one, that it is off, nothing."""


def in_state(facet: Facet[Any, Any], state: str) -> Slice | None:
    """Return what a spec says of a setting in this state; None: nothing."""
    if state == "sample":
        return generate.sample(facet)
    if state == "other":
        return generate.other(facet)
    return facet.resting if state == "resting" else None


def samples() -> Mapping[str, Slice]:
    """Return a value for each setting."""
    return _values("sample")


def others() -> Mapping[str, Slice]:
    """Return another value for each setting."""
    return _values("other")


def said(values: Mapping[str, Slice]) -> dict[str, Any]:
    """Return settings as a spec says them."""
    return {
        name: value.model_dump(mode="json", by_alias=True, exclude_none=True)
        for name, value in values.items()
    }


def said_in(state: str) -> dict[str, Any]:
    """Return what a spec says in which every setting is in this state."""
    return said(_values(state))


@cache
def _values(state: str) -> Mapping[str, Slice]:
    found = {facet.name: in_state(facet, state) for facet in BUCKET.facets}
    return {name: each for name, each in found.items() if each is not None}
