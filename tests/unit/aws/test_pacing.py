"""Pacing: rate, burst, halving and recovery on a clock of our own, threads, and a real client."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from botocore.exceptions import ClientError

from headrace.aws.credentials import Keys, Role, Source
from headrace.aws.meter import Call, Meter
from headrace.aws.pacing import SERVICE_RATES, Pacing, TokenBucket
from headrace.aws.sessions import Account
from headrace.engine.errors import Throttled
from tests.unit.aws.loopback import Answer, Loopback, refusal, wrapped


class Clock:
    """Time that passes only where somebody sleeps, or when it is told to."""

    def __init__(self) -> None:
        self.now = 100.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


def bucket(clock: Clock, rate: float) -> TokenBucket:
    return TokenBucket(rate, clock, clock.sleep)


def slowed(clock: Clock, rate: float) -> TokenBucket:
    """Return a bucket that was just told to slow down."""
    made = bucket(clock, rate)
    made.slow_down()
    return made


# The pace


def test_after_a_rest_as_many_go_at_once_as_in_a_second(clock: Clock) -> None:
    paced = bucket(clock, 10)
    assert [paced.take() for _ in range(10)] == [0.0] * 10
    assert paced.take() == pytest.approx(0.1)


def test_in_the_long_run_the_rate_is_kept(clock: Clock) -> None:
    paced = bucket(clock, 10)
    for _ in range(110):
        paced.take()
    assert clock.now == pytest.approx(110.0)


def test_a_longer_rest_saves_up_no_more_than_a_second(clock: Clock) -> None:
    paced = bucket(clock, 10)
    clock.now += 3600
    waits = [paced.take() for _ in range(12)]
    assert waits[:10] == [0.0] * 10
    assert waits[10:] == pytest.approx([0.1, 0.1])


def test_who_comes_while_others_wait_is_due_after_them() -> None:
    waits: list[float] = []
    paced = TokenBucket(2, clock=lambda: 0.0, sleep=waits.append)
    for _ in range(5):
        paced.take()
    assert waits == [0.5, 1.0, 1.5]


def test_a_rate_below_one_a_second_is_kept_too(clock: Clock) -> None:
    paced = bucket(clock, 0.5)
    paced.take()
    begin = clock.now
    paced.take()
    assert clock.now - begin == pytest.approx(2.0)


# Throttling


def test_throttling_halves_the_pace_and_takes_what_was_saved_up(clock: Clock) -> None:
    paced = slowed(clock, 100)
    assert paced.rate == 50
    assert paced.take() == pytest.approx(1 / 50)


def test_throttled_requests_of_one_moment_are_one_piece_of_news(clock: Clock) -> None:
    paced = slowed(clock, 100)
    for _ in range(20):
        paced.slow_down()
    assert paced.rate == 50
    clock.now += 0.5
    paced.slow_down()
    assert paced.rate == pytest.approx(52.5)


def test_throttling_that_goes_on_halves_again(clock: Clock) -> None:
    paced = slowed(clock, 100)
    clock.now += 1
    paced.slow_down()
    assert paced.rate == pytest.approx((50 + 5) / 2)


def test_the_pace_never_falls_below_one_a_second(clock: Clock) -> None:
    paced = bucket(clock, 10)
    for _ in range(20):
        clock.now += 1
        paced.slow_down()
    assert 1.0 <= paced.rate <= 1.5


def test_a_pace_that_is_below_one_a_second_is_not_sped_up_by_throttling(clock: Clock) -> None:
    assert slowed(clock, 0.5).rate == 0.5


def test_the_pace_comes_back_a_twentieth_of_the_full_one_each_second(clock: Clock) -> None:
    paced = slowed(clock, 100)
    clock.now += 4
    paced.take()
    assert paced.rate == pytest.approx(70)
    clock.now += 3600
    paced.take()
    assert paced.rate == 100


# Threads


def test_threads_together_get_no_more_than_the_rate() -> None:
    waits: list[float] = []
    paced = TokenBucket(50, clock=lambda: 0.0, sleep=waits.append)
    start = threading.Barrier(8)

    def take_many(_: int) -> None:
        start.wait(timeout=30)
        for _ in range(25):
            paced.take()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(take_many, range(8)))
    assert sorted(waits) == pytest.approx([n / 50 for n in range(1, 151)])


def test_who_waits_does_not_keep_others_from_asking() -> None:
    waiting, go_on = threading.Event(), threading.Event()

    def sleep(_: float) -> None:
        waiting.set()
        go_on.wait(timeout=30)

    paced = TokenBucket(1, clock=lambda: 0.0, sleep=sleep)
    paced.take()
    with ThreadPoolExecutor(1) as pool:
        sleeper = pool.submit(paced.take)
        assert waiting.wait(timeout=30)
        paced.slow_down()
        go_on.set()
        assert sleeper.result(timeout=30) == 1.0


def test_there_is_one_bucket_for_each_account_region_and_service() -> None:
    pacing = Pacing(10)
    key = ("1", "eu-central-1", "s3")
    with ThreadPoolExecutor(8) as pool:
        buckets = list(pool.map(lambda _: pacing.bucket(*key), range(16)))
    assert {id(each) for each in buckets} == {id(pacing.bucket(*key))}
    others = [("2", *key[1:]), (key[0], "us-east-1", key[2]), (*key[:2], "s3control")]
    assert len({id(pacing.bucket(*other)) for other in others} | {id(buckets[0])}) == 4


@pytest.mark.parametrize(
    ("asked", "general", "rate"), [(None, 500.0, 5.0), (None, 2.0, 2.0), (20.0, 500.0, 20.0)]
)
def test_a_service_that_takes_fewer_is_asked_less_unless_its_account_says_otherwise(
    asked: float | None, general: float, rate: float
) -> None:
    pacing = Pacing(general, rates=SERVICE_RATES)
    assert pacing.bucket("1", "us-east-1", "route53", asked).full == rate
    assert pacing.bucket("1", "us-east-1", "s3").full == general
    assert Pacing(general).bucket("1", "us-east-1", "route53").full == general


# A real client


@pytest.fixture
def pacing() -> Pacing:
    return Pacing(1000.0)


@pytest.fixture
def paced(pacing: Pacing) -> TokenBucket:
    return pacing.bucket("", "eu-central-1", "s3")


def versioning(pacing: Pacing) -> None:
    Account(Meter(), pacing).client("s3", "eu-central-1").get_bucket_versioning(Bucket="media")


@pytest.mark.usefixtures("impatient")
def test_each_retry_takes_a_token_of_its_own(
    pacing: Pacing, paced: TokenBucket, aws: Loopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: list[float] = []
    take = paced.take
    monkeypatch.setattr(paced, "take", lambda: taken.append(take()))
    aws.answers = [Answer(500, refusal("InternalError")), Answer(500, refusal("InternalError")), Answer()]
    versioning(pacing)
    assert len(taken) == len(aws.asked) == 3


@pytest.mark.usefixtures("impatient")
def test_who_is_not_known_yet_slows_down_nobody_else(pacing: Pacing, aws: Loopback) -> None:
    aws.answers = [Answer(400, wrapped("Throttling"))] * 3
    with pytest.raises(Throttled):
        _ = Account(Meter(), pacing, Source(Keys("AKIA1", "secret"))).identity
    paces = {who: pacing.bucket(who, "eu-central-1", "sts") for who in ("AKIA1", "AKIA2", "")}
    assert {who for who, pace in paces.items() if pace.rate < pace.full} == {"AKIA1"}


@pytest.mark.usefixtures("impatient")
def test_who_assumes_a_role_is_paced_as_who_it_is_and_not_as_the_role(pacing: Pacing, aws: Loopback) -> None:
    role = Role("arn:aws:iam::222233334444:role/delivery", "prod-1/shop", "headrace@shop")
    aws.answers = [Answer(400, wrapped("Throttling"))] * 3
    with pytest.raises(Throttled):
        _ = Account(Meter(), pacing, Source(role)).identity
    paces = {who: pacing.bucket(who, "eu-central-1", "sts") for who in (role.arn, "")}
    assert {who for who, pace in paces.items() if pace.rate < pace.full} == {""}


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(
    ("status", "code", "slower"),
    [
        (503, "SlowDown", True),
        (429, "NeverHeardOf", True),
        (400, "ThrottlingException", True),
        (503, "ServiceUnavailable", False),
        (500, "InternalError", False),
        (403, "AccessDenied", False),
    ],
)
def test_only_throttling_slows_down(
    pacing: Pacing, paced: TokenBucket, aws: Loopback, status: int, code: str, slower: bool
) -> None:
    aws.answers = [Answer(status, refusal(code))] * 3
    with pytest.raises(ClientError):
        versioning(pacing)
    assert (paced.rate < paced.full) is slower


@pytest.mark.usefixtures("impatient")
def test_a_lost_connection_does_not_slow_down(pacing: Pacing, paced: TokenBucket, aws: Loopback) -> None:
    aws.answers = [Answer(None), Answer()]
    versioning(pacing)
    assert paced.rate == paced.full


def test_the_time_of_waiting_for_a_token_is_not_that_of_the_request(
    aws: Loopback, pacing: Pacing, paced: TokenBucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, calls = Clock(), list[Call]()
    monkeypatch.setattr(paced, "take", lambda: clock.sleep(30))
    meter = Meter(clock=clock)
    meter.listen(calls.append)
    aws.answers = [Answer()]
    Account(meter, pacing).client("s3", "eu-central-1").get_bucket_versioning(Bucket="media")
    assert (clock.slept, [call.seconds for call in calls]) == ([30], [0.0])
