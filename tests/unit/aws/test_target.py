"""A target: answers that facets share, what "not there" is, and whom errors name."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from botocore.exceptions import ClientError

from headrace.aws.sessions import Account
from headrace.aws.target import Target, absent_on
from headrace.engine.errors import BadCredentials, Conflict, Denied, Unavailable
from tests.unit.aws.loopback import Answer, Loopback, refusal, wrapped


@pytest.fixture
def target(account: Account) -> Target:
    return Target(account, "eu-central-1", "media", "arn:aws:s3:::media")


def counting(answer: str) -> tuple[list[int], Callable[[], str]]:
    asked: list[int] = []

    def read() -> str:
        asked.append(threading.get_ident())
        return answer

    return asked, read


def test_what_several_facets_need_is_read_once_whoever_asks(target: Target) -> None:
    asked, read = counting("tags")
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: target.share("tags", read), range(8)))
    assert answers == ["tags"] * 8
    assert len(asked) == 1


def test_answers_are_kept_apart_by_key_and_dropped_for_the_next_look(target: Target) -> None:
    assert target.share("a", lambda: 1) == 1
    assert target.share("b", lambda: 2) == 2
    target.forget()
    assert target.share("a", lambda: 3) == 3


def test_who_asks_for_something_else_does_not_wait(target: Target) -> None:
    met = threading.Barrier(2)
    with ThreadPoolExecutor(2) as pool:
        both = [pool.submit(target.share, key, lambda: met.wait(timeout=30)) for key in ("tags", "policy")]
        assert sorted(each.result() for each in both) == [0, 1]


def test_a_failure_is_not_shared(target: Target) -> None:
    def fail() -> str:
        raise Unavailable("not now")

    with pytest.raises(Unavailable):
        target.share("tags", fail)
    assert target.share("tags", lambda: "tags") == "tags"


def test_errors_name_the_resource_and_who_we_are(target: Target, aws: Loopback) -> None:
    aws.answers = [Answer(403, refusal("AccessDenied", "Access Denied"))]
    with pytest.raises(Denied) as raised, target.translating():
        target.s3.get_bucket_versioning(Bucket=target.id)
    assert raised.value.message.startswith(
        "s3:GetBucketVersioning on arn:aws:s3:::media is denied to arn:aws:iam::111122223333:user/operator."
    )


def test_where_we_do_not_know_who_we_are_there_is_no_target(account: Account, aws: Loopback) -> None:
    aws.answers = [Answer(403, wrapped("ExpiredToken"))]
    with pytest.raises(BadCredentials, match="does not accept the credentials"):
        Target(account, "eu-central-1", "media", "arn:aws:s3:::media")


@pytest.mark.parametrize("code", ["NoSuchBucket", "NoSuchCORSConfiguration"])
def test_not_there_is_a_value_and_no_error(target: Target, aws: Loopback, code: str) -> None:
    aws.answers = [Answer(404, refusal(code))]
    with absent_on("NoSuchBucket", "NoSuchCORSConfiguration"):
        target.s3.get_bucket_versioning(Bucket="media")
        pytest.fail("the block is left where AWS says that it is not there")


def test_a_head_says_not_there_by_its_status(target: Target, aws: Loopback) -> None:
    aws.answers = [Answer(404)]
    with absent_on("404"):
        target.s3.head_bucket(Bucket="media")
        pytest.fail("the block is left where AWS says that it is not there")


def test_other_codes_are_errors(target: Target, aws: Loopback) -> None:
    _ = target.account_id
    aws.answers = [Answer(404, refusal("NoSuchBucket"))]
    with pytest.raises(Conflict), target.translating(), absent_on("NoSuchCORSConfiguration"):
        target.s3.get_bucket_versioning(Bucket="media")


def test_other_exceptions_pass(target: Target) -> None:
    with pytest.raises(KeyError), absent_on("NoSuchBucket"):
        raise KeyError
    with pytest.raises(ClientError), absent_on("NoSuchBucket"):
        raise ClientError({"Error": {}}, "GetBucketCors")
