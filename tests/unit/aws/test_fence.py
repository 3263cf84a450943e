"""Nothing goes to AWS past a fence that is closed, whatever came between the wish and the sending."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from headrace.aws.credentials import Keys, Role, Source
from headrace.aws.meter import Call, Meter
from headrace.aws.pacing import Pacing
from headrace.aws.sessions import Account
from headrace.engine.fence import Fence, NotLeading
from tests.unit.aws.loopback import Answer, Loopback, refusal

KEYS = Source(Keys("AKIA1", "secret"))
ROLE = Source(Role("arn:aws:iam::222233334444:role/delivery", "prod-1/shop", "headrace@shop"))


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def fence(clock: Clock) -> Fence:
    """A term of ten seconds."""
    return Fence(10.0, clock)


@pytest.mark.parametrize("source", [KEYS, ROLE, None])
def test_after_the_term_nothing_is_sent_nor_counted(
    source: Source | None, aws: Loopback, meter: Meter, calls: list[Call], clock: Clock, fence: Fence
) -> None:
    account = Account(meter, Pacing(1000.0), source, fence=fence)
    clock.now = 10.0
    with pytest.raises(NotLeading):
        account.client("s3", "eu-central-1").get_bucket_versioning(Bucket="media")
    with pytest.raises(NotLeading):
        _ = account.identity
    assert (aws.asked, calls) == ([], [])
    # What waits for its turn to ask who we are must not wait for ever.
    with pytest.raises(NotLeading):
        account.check()


def test_credentials_that_botocore_gets_by_itself_are_not_asked_for_either(
    aws: Loopback, fence: Fence, clock: Clock, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    token = tmp_path / "token"
    token.write_text("token")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", str(token))
    monkeypatch.setenv("AWS_ROLE_ARN", ROLE.who)
    clock.now = 10.0
    with pytest.raises(NotLeading):
        _ = Account(Meter(), Pacing(1000.0), fence=fence).identity
    assert aws.asked == []


def test_whoever_waited_for_its_turn_asks_again_whether_it_may(
    aws: Loopback, clock: Clock, fence: Fence
) -> None:
    pacing = Pacing(1.0, clock, clock.sleep)
    s3 = Account(Meter(), pacing, fence=fence).client("s3", "eu-central-1")
    aws.answers = [Answer()] * 11
    for _ in range(10):
        s3.get_bucket_versioning(Bucket="media")
    with pytest.raises(NotLeading):
        s3.get_bucket_versioning(Bucket="media")
    assert (clock.now, len(aws.asked)) == (10.0, 10)


def test_whoever_waited_to_try_again_asks_again_whether_it_may(
    aws: Loopback, clock: Clock, fence: Fence, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("botocore.endpoint.time", SimpleNamespace(sleep=lambda _: clock.sleep(10)))
    aws.answers = [Answer(500, refusal("InternalError"))] * 3
    with pytest.raises(NotLeading):
        Account(Meter(), Pacing(1000.0), fence=fence).client("s3", "eu-central-1").get_bucket_versioning(
            Bucket="media"
        )
    assert len(aws.asked) == 1


def test_a_term_that_is_extended_lets_through(aws: Loopback, clock: Clock, fence: Fence) -> None:
    s3 = Account(Meter(), Pacing(1000.0), fence=fence).client("s3", "eu-central-1")
    clock.now = 9.0
    assert fence.extend(19.0)
    clock.now = 12.0
    aws.answers = [Answer()]
    s3.get_bucket_versioning(Bucket="media")
    fence.close()
    assert not fence.extend(29.0)
    with pytest.raises(NotLeading):
        s3.get_bucket_versioning(Bucket="media")
    assert len(aws.asked) == 1


def test_a_term_that_is_over_stays_over(clock: Clock, fence: Fence) -> None:
    """Who met it so has given up; it must not look as if work went on."""
    clock.now = 10.0
    assert not fence.extend(19.5)
    clock.now = 10.5
    assert fence.closed()


def test_whoever_is_alone_has_no_term(aws: Loopback) -> None:
    aws.answers = [Answer()]
    Account(Meter(), Pacing(1000.0)).client("s3", "eu-central-1").get_bucket_versioning(Bucket="media")
    assert len(aws.asked) == 1
