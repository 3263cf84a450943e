"""What the models of resources share: canonical forms, and checks with their sentences."""

from collections.abc import Callable, Iterable
from operator import attrgetter
from typing import Any, TypeVar

from headrace.engine.slices import ApiModel

M = TypeVar("M", bound=ApiModel)
K = TypeVar("K", str, int)


def checked(value: M, holds: bool, message: str) -> M:
    """Return the value if it holds; ValueError with the message if it does not."""
    if not holds:
        raise ValueError(message)
    return value


def in_order(values: Iterable[K]) -> tuple[K, ...]:
    """Return values sorted, each once: AWS gives their order no meaning."""
    return tuple(sorted(set(values)))


def lower(names: Iterable[str]) -> tuple[str, ...]:
    """Return names in the one form that they have where their case means nothing, nor their order."""
    return in_order(name.lower() for name in names)


def ranked(names: Iterable[str]) -> Callable[[str], tuple[int, str]]:
    """Return what sorts like these names, and behind them, by the alphabet, those of later days."""
    ranks = {name: rank for rank, name in enumerate(names)}
    return lambda name: (ranks.get(name, len(ranks)), name)


def by_key(items: Iterable[M], key: str) -> tuple[M, ...]:
    """Return items in the one order that they have: that of this field of theirs."""
    return tuple(sorted(items, key=attrgetter(key)))


def each_once(key: str, message: str) -> Callable[[tuple[M, ...]], tuple[M, ...]]:
    """Return what puts items in the order of a field; ValueError with the message where two have the same."""

    def ordered(items: tuple[M, ...]) -> tuple[M, ...]:
        if len({getattr(each, key) for each in items}) < len(items):
            raise ValueError(message)
        return by_key(items, key)

    return ordered


def none_for_empty(value: Any) -> Any:
    """Take nothing for what is empty: AWS answers an empty text or list where nothing was said."""
    return value or None
