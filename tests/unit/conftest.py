"""What more than one part of the unit tests puts back as it was."""

import logging
from collections.abc import Iterator

import pytest


@pytest.fixture
def loggers() -> Iterator[None]:
    """Logging without handlers, which is afterwards as it was before."""
    root, ours = logging.getLogger(), logging.getLogger("headrace")
    handlers, levels = root.handlers[:], (root.level, ours.level)
    root.handlers.clear()
    yield
    root.handlers[:] = handlers
    root.setLevel(levels[0])
    ours.setLevel(levels[1])
