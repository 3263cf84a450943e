"""How a function of MiniStack is put in the place of another, and the words that all corrections use."""

from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any

Answer = tuple[int, dict[str, str], bytes]
Query = Mapping[str, Any]
Handler = Callable[..., Any]


def wrap(module: ModuleType, name: str, make: Callable[[Handler], Handler]) -> None:
    """Put what ``make`` makes of a function in its place."""
    original = getattr(module, name, None)
    if original is None:
        raise SystemExit(
            f"This MiniStack has no {module.__name__}.{name}: sandbox/aws/layer/corrections has to follow it."
        )
    setattr(module, name, make(original))
