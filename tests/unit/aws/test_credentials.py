"""Sources of credentials: what the process runs with, keys, or a role, and that none is taken for another."""

import re
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from urllib.parse import parse_qs

import pytest

from headrace.aws.credentials import Keys, Role, Source
from headrace.aws.meter import Call, Meter
from headrace.aws.pacing import Pacing
from headrace.aws.sessions import Account
from headrace.engine.errors import BadCredentials, CloudError, Denied, Invalid, Unavailable
from sandbox.processes import wait_until
from tests.unit.aws.loopback import Answer, Loopback, loopback, wrapped

ROLE = Role("arn:aws:iam::444455556666:role/delivery", "prod-1/shop", "headrace@shop")
LATER = "2999-01-01T00:00:00Z"


def assumed(expires: str = LATER) -> Answer:
    """Answer with credentials of the role."""
    return Answer(
        200,
        '<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials>'
        "<AccessKeyId>ASIAROLE</AccessKeyId><SecretAccessKey>x</SecretAccessKey><SessionToken>t</SessionToken>"
        f"<Expiration>{expires}</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>",
    )


def account(source: Source | None = None, meter: Meter | None = None) -> Account:
    return Account(meter or Meter(), Pacing(1000.0), source)


def said(aws: Loopback) -> list[dict[str, str]]:
    """Return the parameters of each call of STS."""
    return [{key: value[0] for key, value in parse_qs(asked.body).items()} for asked in aws.asked]


def key_of(client: object) -> str:
    """Return the access key with which a client signs."""
    credentials = client._request_signer._credentials  # type: ignore[attr-defined]  # botocore has no other way
    return str(credentials.get_frozen_credentials().access_key)


def test_silence_is_what_the_process_runs_with(aws: Loopback) -> None:
    assert key_of(account().client("s3", "eu-central-1")) == "AKIATEST"


def test_keys_win_over_what_the_process_runs_with(aws: Loopback) -> None:
    mine = account(Source(Keys("AKIAMINE", "s", "t")))
    assert key_of(mine.client("s3", "eu-central-1")) == "AKIAMINE"


def test_accounts_side_by_side_keep_to_their_own_keys(aws: Loopback) -> None:
    accounts = {f"AKIA{n}": account(Source(Keys(f"AKIA{n}", "s"))) for n in range(4)}
    with ThreadPoolExecutor(8) as pool:
        found = pool.map(lambda key: (key, key_of(accounts[key].client("s3", "us-east-1"))), [*accounts] * 4)
    assert all(key == used for key, used in found)


def test_a_role_is_assumed_with_external_id_and_session_name_when_it_is_first_needed(aws: Loopback) -> None:
    mine = account(Source(ROLE))
    client = mine.client("s3", "eu-central-1")
    assert aws.asked == []
    aws.answers = [assumed()]
    assert key_of(client) == "ASIAROLE"
    (call,) = said(aws)
    assert (call["Action"], call["RoleArn"]) == ("AssumeRole", ROLE.arn)
    assert (call["ExternalId"], call["RoleSessionName"]) == ("prod-1/shop", "headrace@shop")


def test_a_role_is_assumed_once_for_all_clients(aws: Loopback) -> None:
    mine = account(Source(ROLE))
    aws.answers = [assumed(), assumed()]
    for service in ("s3", "s3control"):
        assert key_of(mine.client(service, "eu-central-1")) == "ASIAROLE"
    assert len(aws.asked) == 1


def test_calls_that_assume_roles_are_counted_and_say_who_asks(aws: Loopback) -> None:
    meter, calls = Meter(), list[Call]()
    meter.listen(calls.append)
    aws.answers = [assumed()]
    account(Source(ROLE), meter).check()
    assert [(c.service, c.operation, c.outcome) for c in calls] == [
        ("sts", "AssumeRole", "ok"),
        ("sts", "GetCallerIdentity", "ok"),
    ]
    assert all(re.search(r"headrace/\d", asked.agent) for asked in aws.asked)


def test_a_role_that_does_not_trust_us_is_asked_again_each_time(aws: Loopback) -> None:
    mine = account(Source(ROLE))
    aws.answers = [
        Answer(403, wrapped("AccessDenied", "User: arn:me is not authorized to perform: sts:AssumeRole"))
    ]
    with pytest.raises(
        Denied, match=r"^arn:me may not assume .*role/delivery\. .*sts:ExternalId prod-1/shop,"
    ):
        mine.check()
    aws.answers = [assumed()]
    assert mine.check().account_id == "111122223333"


@pytest.mark.usefixtures("aws")
def test_a_role_cannot_be_assumed_by_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(BadCredentials, match="There are no usable AWS credentials"):
        account(Source(ROLE)).check()


def test_a_profile_that_is_not_there_is_told(aws: Loopback, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nowhere")
    with pytest.raises(
        BadCredentials, match=r"The config profile \(nowhere\) could not be found\. Check what"
    ):
        account()


def test_an_endpoint_of_its_own_is_for_all_calls_of_the_role_included(aws: Loopback) -> None:
    with loopback() as other:
        other.answers = [assumed()]
        account(Source(ROLE, endpoint_url=other.url)).check()
        assert [call["Action"] for call in said(other)] == ["AssumeRole", "GetCallerIdentity"]
    assert aws.asked == []


def test_bad_keys_are_told_with_where_they_come_from(aws: Loopback) -> None:
    aws.answers = [Answer(403, wrapped("InvalidClientTokenId"))]
    with pytest.raises(BadCredentials, match=r"the credentials of Secret aws-keys \(InvalidClientTokenId\)"):
        account(Source(Keys("AKIA", "s", None, "Secret aws-keys"))).check()


@pytest.mark.parametrize("url", ["http://not a host/", "http://", "http://-x-/"])
def test_an_address_that_is_none_is_a_wrong_wish(url: str) -> None:
    with pytest.raises(Invalid, match=r"^No client for sts in eu-central-1 can be made: Invalid endpoint"):
        account(Source(endpoint_url=url)).check()


def test_keys_never_show() -> None:
    assert "s3cr3t" not in repr(Source(Keys("AKIA", "s3cr3t", "t0ken")))
    assert "t0ken" not in repr(Source(Keys("AKIA", "s3cr3t", "t0ken")))


def test_sources_are_equal_where_they_say_the_same() -> None:
    source = Source(Keys("AKIA", "s"), "eu-west-1", "http://x", {"s3": 5.0})
    assert source == replace(source)
    for other in (
        replace(source, credentials=Keys("AKIA", "other")),
        replace(source, rates={"s3": 6.0}),
        replace(source, endpoint_url=None),
        replace(source, credentials=None),
    ):
        assert other != source


# Who we are


def test_a_check_asks_anew_and_what_it_hears_is_what_is_known(aws: Loopback) -> None:
    mine = account()
    assert mine.identity == mine.check()
    assert len(aws.asked) == 2
    aws.answers = [Answer(403, wrapped("InvalidClientTokenId"))]
    with pytest.raises(BadCredentials):
        mine.check()
    assert mine.identity.account_id == "111122223333"
    assert len(aws.asked) == 4


class Turn:
    """A lock that knows how many have come to it."""

    def __init__(self) -> None:
        self._lock, self.came = threading.Lock(), list[int]()

    def acquire(self, blocking: bool = True) -> bool:
        self.came.append(threading.get_ident())
        return self._lock.acquire(blocking)

    def release(self) -> None:
        self._lock.release()


@pytest.mark.usefixtures("impatient")
def test_those_who_wait_for_an_answer_share_the_failure(
    aws: Loopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine, turn = account(Source(endpoint_url="http://127.0.0.1:9")), Turn()
    monkeypatch.setattr(mine, "_asking", turn)
    meter = mine._meter
    calls: list[Call] = []
    meter.listen(calls.append)

    def ask() -> str:
        try:
            return mine.identity.account_id
        except CloudError as error:
            return type(error).__name__

    # Whoever comes while somebody asks, waits for that answer and does not ask again.
    turn.acquire()
    with ThreadPoolExecutor(8) as pool:
        waiting = [pool.submit(ask) for _ in range(8)]
        try:
            wait_until(lambda: len(turn.came) == 9, what="all of them wait")
        finally:
            turn.release()
        answers = {future.result() for future in waiting}
    assert answers == {Unavailable.__name__}
    assert len(calls) <= 3


def test_one_account_that_waits_for_its_answer_holds_up_no_other(aws: Loopback) -> None:
    stuck = account()
    with stuck._asking:
        assert account().identity.account_id == "111122223333"


def test_the_pace_of_an_account_is_its_own_and_goes_with_what_it_says(aws: Loopback) -> None:
    pacing = Pacing(100.0)
    slow = pacing.bucket("1", "eu-central-1", "s3", 5.0)
    assert pacing.bucket("1", "eu-central-1", "s3", 5.0) is slow
    assert pacing.bucket("1", "eu-central-1", "s3").full == 100.0
    assert (slow.full, pacing.bucket("1", "eu-central-1", "s3", 7.0).full) == (5.0, 7.0)
