"""One world for each test, with its log."""

import logging

import pytest

from tests.unit.controller.world import World


@pytest.fixture
def world(caplog: pytest.LogCaptureFixture) -> World:
    caplog.set_level(logging.INFO, "headrace")
    return World(caplog)
