"""What the models of a distribution's parts share: canonical forms, and checks with their sentences."""

from collections.abc import Iterable
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, Field

from headrace.engine.slices import ApiModel

M = TypeVar("M", bound=ApiModel)


def checked(value: M, holds: bool, message: str) -> M:
    """Return the value if it holds; ValueError with the message if it does not."""
    if not holds:
        raise ValueError(message)
    return value


def in_order(values: Iterable[str]) -> tuple[str, ...]:
    """Return values sorted, each once: CloudFront gives their order no meaning."""
    return tuple(sorted(set(values)))


def none_for_empty(value: Any) -> Any:
    """Take nothing for what is empty: CloudFront answers an empty string."""
    return value or None


Name = Annotated[str, Field(min_length=1, max_length=128)]
Names = Annotated[tuple[Name, ...], AfterValidator(in_order)]
