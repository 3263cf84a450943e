"""Throttling through real clients: it halves one pace, which comes back, and leaves all other paces alone."""

from collections.abc import Iterator

import pytest
from botocore.exceptions import ClientError

from headrace.aws.credentials import Keys, Source
from headrace.aws.meter import Meter
from headrace.aws.pacing import Pacing
from headrace.aws.sessions import Account
from sandbox.aws.clients import ACCOUNT, REGION
from sandbox.aws.stand_in import StandIn
from tests.e2e.buckets import OTHER_ACCOUNT
from tests.unit.aws.test_pacing import Clock

pytestmark = [pytest.mark.standin, pytest.mark.usefixtures("impatient")]

RATE = 16
ELSEWHERE = "eu-west-1"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def cloud(aws: StandIn) -> Iterator[StandIn]:
    yield aws
    aws.clear_faults()


class Caller:
    """Asks for a bucket that is not there, as one account in one region."""

    def __init__(self, aws: StandIn, pacing: Pacing, clock: Clock, account: str, region: str) -> None:
        self._aws, self._clock = aws, clock
        self._bucket = f"paced-{account}-{region}"
        identity = Account(Meter(), pacing, Source(Keys(account, "stand-in"), REGION, aws.url))
        assert identity.identity.account_id == account
        self._s3 = identity.client("s3", region)

    def throttled(self) -> None:
        number = self._aws.fault(resource=self._bucket, code="SlowDown", count=3)
        with pytest.raises(ClientError):
            self._s3.get_bucket_versioning(Bucket=self._bucket)
        self._aws.lift(number)

    def in_a_second(self, rest: float = 0) -> int:
        """Ask for a second of the clock, after a rest; count what reached AWS."""
        self._clock.now += rest
        mark, end = self._aws.mark(), self._clock.now + 1
        while self._clock.now < end:
            with pytest.raises(ClientError):
                self._s3.get_bucket_versioning(Bucket=self._bucket)
        return sum(call.resource == self._bucket for call in self._aws.since(mark))


def test_throttling_halves_one_pace_which_recovers_and_no_other(cloud: StandIn, clock: Clock) -> None:
    pacing = Pacing(RATE, clock, clock.sleep)
    slow, other, away = (
        Caller(cloud, pacing, clock, account, region)
        for account, region in ((ACCOUNT, REGION), (OTHER_ACCOUNT, REGION), (ACCOUNT, ELSEWHERE))
    )
    undisturbed = other.in_a_second()
    slow.throttled()
    paces = [slow.in_a_second(), other.in_a_second(), away.in_a_second()]
    assert paces == [9, undisturbed, undisturbed]
    assert slow.in_a_second(rest=20) == undisturbed
