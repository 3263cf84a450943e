"""The stand-in as a content delivery network."""

from collections.abc import Iterator

import pytest

from sandbox.aws.stand_in import StandIn
from tests.sandbox.cdn import Cdn


@pytest.fixture
def cdn(aws: StandIn) -> Iterator[Cdn]:
    """An empty stand-in where everything is deployed at the second look."""
    aws.reset()
    aws.deployment(0)
    yield Cdn(aws)
    aws.reset()
