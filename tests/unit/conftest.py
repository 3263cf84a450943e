"""What more than one part of the unit tests puts back as it was."""

import logging
from collections.abc import Iterator

import pytest

# Whose levels our own set-up of logging changes.
_SET = ("root", "headrace", "botocore.credentials")


@pytest.fixture
def loggers() -> Iterator[None]:
    """Logging without handlers, which is afterwards as it was before."""
    root = logging.getLogger()
    handlers, levels = root.handlers[:], {each: each.level for each in map(logging.getLogger, _SET)}
    root.handlers.clear()
    yield
    root.handlers[:] = handlers
    for each, level in levels.items():
        each.setLevel(level)
