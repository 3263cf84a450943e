"""The pool on which reads run side by side, one fake resource for each test, and passes over it."""

from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor

import pytest

from tests.unit.engine.fakes import FakeTarget
from tests.unit.engine.passes import Passes


@pytest.fixture(scope="session")
def pool() -> Iterator[Executor]:
    with ThreadPoolExecutor(8) as pool:
        yield pool


@pytest.fixture
def target() -> FakeTarget:
    return FakeTarget()


@pytest.fixture
def passes(target: FakeTarget, pool: Executor) -> Passes:
    return Passes(target, pool)
