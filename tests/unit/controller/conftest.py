"""One world for each test, with its log."""

import logging

import pytest

from tests.unit.controller.composite import Several
from tests.unit.controller.world import SPEC, World


@pytest.fixture
def world(caplog: pytest.LogCaptureFixture) -> World:
    caplog.set_level(logging.INFO, "headrace")
    return World(caplog)


@pytest.fixture
def ready(world: World) -> World:
    """A world in which the thing is as SPEC wants it."""
    return world.keeping(SPEC)


@pytest.fixture
def several(caplog: pytest.LogCaptureFixture) -> Several:
    """A world in which the object stands for several resources."""
    caplog.set_level(logging.INFO, "headrace")
    return Several(caplog)
