"""Worlds in which laws are tried."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from sandbox.aws.stand_in import StandIn
from tests.laws.aws_world import AwsWorld, stand_in_world
from tests.laws.fake_world import FakeWorld


@pytest.fixture
def fake_world() -> Iterator[FakeWorld]:
    with ThreadPoolExecutor(8) as pool:
        yield FakeWorld(pool)


@pytest.fixture(scope="module")
def real_world(aws: StandIn) -> Iterator[AwsWorld]:
    """The AWS stand-in, empty at first, and quick; each law makes things of its own in it."""
    aws.reset()
    aws.deployment(0)
    with stand_in_world(aws) as world:
        yield world
    aws.reset()
