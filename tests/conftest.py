"""Fixtures that more than one part of the tests needs; what is started once is started on first use."""

from collections.abc import Iterator

import pytest

from sandbox.aws.stand_in import StandIn
from sandbox.control_plane.server import ControlPlane
from sandbox.operator import install


@pytest.fixture(scope="session")
def control_plane() -> Iterator[ControlPlane]:
    """One control plane for the whole run: give each test a namespace of its own."""
    with ControlPlane.start() as plane:
        yield plane


@pytest.fixture(scope="session")
def aws() -> Iterator[StandIn]:
    """One AWS stand-in for the whole run, as corrected as it gets; ``aws.reset()`` empties it."""
    with StandIn() as stand_in:
        yield stand_in


@pytest.fixture(scope="session")
def lone_plane() -> Iterator[ControlPlane]:
    """A second control plane that knows our kinds; the tests start their own operators there."""
    with ControlPlane.start() as plane:
        install(plane)
        yield plane


@pytest.fixture(scope="session")
def lone_aws() -> Iterator[StandIn]:
    """A second stand-in, whose log has nothing but the calls of those operators."""
    with StandIn() as stand_in:
        yield stand_in
