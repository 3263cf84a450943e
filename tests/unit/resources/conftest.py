"""A bucket in an AWS on loopback, and places on the stand-in."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from headrace.aws.sessions import Account
from headrace.aws.target import Target
from sandbox.aws.stand_in import StandIn
from tests.unit.aws.conftest import account, aws, environment, impatient, meter
from tests.unit.aws.loopback import Loopback
from tests.unit.resources.place import Place

__all__ = ["account", "aws", "environment", "impatient", "meter"]


@pytest.fixture
def bucket(account: Account, aws: Loopback) -> Target:
    """A bucket of an account that is known already."""
    assert account.identity.account_id == "111122223333"
    aws.asked.clear()
    return Target(account, "eu-central-1", "media", "arn:aws:s3:::media")


@pytest.fixture(scope="module")
def stand_in() -> Iterator[StandIn]:
    """A stand-in for the tests of one module, which may empty it."""
    with StandIn() as running:
        yield running


@pytest.fixture(scope="session")
def place() -> Iterator[Place]:
    """A stand-in of its own, which nobody empties."""
    with StandIn() as running, ThreadPoolExecutor(4) as pool:
        yield Place(running, pool)
