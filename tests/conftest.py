"""Fixtures that more than one part of the tests needs; what is started once is started on first use."""

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from sandbox.aws.stand_in import StandIn
from sandbox.control_plane.server import ControlPlane
from sandbox.operator import install

# Each run tries the same examples, and a busy machine is no fault of what is tried. Who searches for others
# says `--hypothesis-profile=default`.
settings.register_profile(
    "same", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("same")


@pytest.fixture(scope="session")
def control_plane() -> Iterator[ControlPlane]:
    """One control plane for the whole run: give each test a namespace of its own."""
    with ControlPlane.start() as plane:
        yield plane


@pytest.fixture(scope="session")
def aws() -> Iterator[StandIn]:
    """One AWS stand-in for the whole run, as corrected as it gets; ``aws.reset()`` empties it.

    No operator is to ask it: tests break it, and take all that is in its log for their own.
    """
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
