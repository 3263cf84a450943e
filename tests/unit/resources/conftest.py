"""A bucket in an AWS on loopback."""

import pytest

from headrace.aws.sessions import Account
from headrace.aws.target import Target
from tests.unit.aws.conftest import account, aws, environment, impatient, meter
from tests.unit.aws.loopback import Loopback

__all__ = ["account", "aws", "environment", "impatient", "meter"]


@pytest.fixture
def bucket(account: Account, aws: Loopback) -> Target:
    """A bucket of an account that is known already."""
    assert account.identity.account_id == "111122223333"
    aws.asked.clear()
    return Target(account, "eu-central-1", "media", "arn:aws:s3:::media")
