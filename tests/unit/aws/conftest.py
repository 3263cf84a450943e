"""An AWS on loopback, and an environment that knows nothing but that."""

import os
from collections.abc import Iterator
from types import SimpleNamespace

import pytest

from headrace.aws.meter import Call, Meter
from headrace.aws.pacing import Pacing
from headrace.aws.sessions import Account
from tests.unit.aws.loopback import Loopback, loopback


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No configuration of whoever runs the tests, and no way to a metadata service."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIATEST")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_REGION", "eu-central-1")


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Retry at once; return the seconds that botocore would have waited."""
    waited: list[float] = []
    monkeypatch.setattr("botocore.endpoint.time", SimpleNamespace(sleep=waited.append))
    return waited


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Loopback]:
    with loopback() as state:
        monkeypatch.setenv("AWS_ENDPOINT_URL", state.url)
        yield state


@pytest.fixture
def meter() -> Meter:
    return Meter()


@pytest.fixture
def calls(meter: Meter) -> list[Call]:
    """What the meter tells of, from now on."""
    heard: list[Call] = []
    meter.listen(heard.append)
    return heard


@pytest.fixture
def account(meter: Meter, aws: Loopback) -> Account:
    return Account(meter, Pacing(1000.0))
