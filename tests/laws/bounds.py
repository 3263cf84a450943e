"""What the annotation of a field says of its values: how many, how long, how large, of which letters."""

import types
from collections.abc import Collection
from functools import cache
from typing import Any, Union

from annotated_types import Ge, Gt, Le, Lt, MaxLen, MinLen
from hypothesis import strategies as st
from pydantic.fields import FieldInfo

# What S3 and Kubernetes both take in a key or a value.
LETTERS = st.characters(codec="utf-8", categories=("L", "N"), include_characters=" _.:/=+-@")
UNIONS = (Union, types.UnionType)
_FEW = 3
_LONG = 64


def bounds_of(annotation: Any, metadata: Collection[Any]) -> list[Any]:
    """Return all that an Annotated type, and whoever uses it, says of its values."""
    own = [each for each in annotation.__metadata__ if not isinstance(each, FieldInfo)]
    nested = [
        each for field in annotation.__metadata__ if isinstance(field, FieldInfo) for each in field.metadata
    ]
    return [*own, *nested, *metadata]


def least(metadata: Collection[Any]) -> int:
    """Return how many entries or letters there must be."""
    return next((each.min_length for each in metadata if isinstance(each, MinLen)), 0)


def longest(metadata: Collection[Any]) -> int:
    """Return how many letters there can be, where a few are enough."""
    return next((each.max_length for each in metadata if isinstance(each, MaxLen)), _LONG)


def most(metadata: Collection[Any]) -> int:
    """Return how many entries there can be, where a few are enough."""
    return max(least(metadata), min(longest(metadata), _FEW))


def numbers(metadata: Collection[Any]) -> tuple[Any, Any]:
    """Return the least and the greatest number, each None where there is none."""
    assert not any(isinstance(each, Gt | Lt) for each in metadata), "open bounds are not for our API"
    low = next((each.ge for each in metadata if isinstance(each, Ge)), None)
    return low, next((each.le for each in metadata if isinstance(each, Le)), None)


def texts(metadata: Collection[Any]) -> st.SearchStrategy[str]:
    """Return texts as they can be here."""
    pattern = next((found for each in metadata if (found := getattr(each, "pattern", None))), None)
    if pattern is not None:
        return _matching(pattern, longest(metadata))
    return st.text(LETTERS, min_size=least(metadata), max_size=min(longest(metadata), _LONG))


@cache
def _matching(pattern: str, most: int) -> st.SearchStrategy[str]:
    """Return texts of a pattern. To build them anew for each value costs more than to draw them."""
    return st.from_regex(pattern, fullmatch=True, alphabet=LETTERS).filter(lambda text: len(text) <= most)
