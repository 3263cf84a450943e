"""The meter, on a real client: each request is told of once, with its outcome."""

import socket
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from headrace.aws.meter import Call, Meter, tallied
from headrace.aws.pacing import Pacing
from headrace.aws.sessions import Account
from headrace.engine.threads import Threads
from tests.unit.aws.loopback import Answer, Loopback, refusal


def versioning(account: Account, region: str = "eu-central-1") -> Any:
    return account.client("s3", region).get_bucket_versioning(Bucket="media")


def told(calls: list[Call]) -> list[str]:
    return [f"{call.account} {call.region} {call.service} {call.operation} {call.outcome}" for call in calls]


def test_a_request_is_told_of_with_account_region_service_operation_and_outcome(
    account: Account, aws: Loopback, calls: list[Call]
) -> None:
    assert account.identity.account_id == "111122223333"
    aws.answers = [Answer()]
    versioning(account, "eu-west-1")
    assert told(calls) == [
        " eu-central-1 sts GetCallerIdentity ok",
        "111122223333 eu-west-1 s3 GetBucketVersioning ok",
    ]


@pytest.mark.usefixtures("impatient")
def test_retries_are_counted_one_by_one(account: Account, aws: Loopback, calls: list[Call]) -> None:
    aws.answers = [Answer(503, refusal("SlowDown")), Answer(500, refusal("InternalError")), Answer()]
    versioning(account)
    assert [call.outcome for call in calls] == ["SlowDown", "InternalError", "ok"]
    assert len(aws.asked) == 3


@pytest.mark.usefixtures("impatient")
def test_after_three_attempts_the_error_is_passed_on(
    account: Account, aws: Loopback, calls: list[Call]
) -> None:
    aws.answers = [Answer(503, refusal("SlowDown"))] * 9
    with pytest.raises(ClientError, match="SlowDown"):
        versioning(account)
    assert [call.outcome for call in calls] == ["SlowDown"] * 3


def test_a_refusal_is_told_of_by_its_code(account: Account, aws: Loopback, calls: list[Call]) -> None:
    aws.answers = [Answer(403, refusal("AccessDenied")), Answer(404), Answer(403)]
    with pytest.raises(ClientError):
        versioning(account)
    for _ in range(2):
        with pytest.raises(ClientError):
            account.client("s3", "eu-central-1").head_bucket(Bucket="media")
    assert [(call.operation, call.outcome) for call in calls] == [
        ("GetBucketVersioning", "AccessDenied"),
        ("HeadBucket", "404"),
        ("HeadBucket", "403"),
    ]


@pytest.mark.usefixtures("impatient")
def test_a_lost_connection_is_told_of_by_the_name_of_its_exception(
    account: Account, aws: Loopback, calls: list[Call]
) -> None:
    aws.answers = [Answer(None), Answer()]
    versioning(account)
    assert [call.outcome for call in calls] == ["ConnectionClosedError", "ok"]


@pytest.mark.usefixtures("impatient")
def test_an_aws_that_is_not_there_is_told_of(
    monkeypatch: pytest.MonkeyPatch, meter: Meter, calls: list[Call]
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{taken.getsockname()[1]}")
        with pytest.raises(EndpointConnectionError):
            versioning(Account(meter, Pacing(1000.0)))
    assert [call.outcome for call in calls] == ["EndpointConnectionError"] * 3


def test_a_request_that_is_never_sent_is_not_told_of(account: Account, calls: list[Call]) -> None:
    with pytest.raises(Exception, match="Invalid bucket name"):
        account.client("s3", "eu-central-1").get_bucket_versioning(Bucket="no/name")
    assert calls == []


def test_all_listeners_hear_of_every_request(account: Account, meter: Meter, aws: Loopback) -> None:
    heard: list[list[Call]] = [[], []]
    for listener in heard:
        meter.listen(listener.append)
    aws.answers = [Answer()]
    versioning(account)
    assert heard[0] == heard[1]
    assert len(heard[0]) == 1


def test_seconds_are_those_between_sending_and_answer(aws: Loopback) -> None:
    ticks = iter([10.0, 12.5])
    meter = Meter(clock=lambda: next(ticks))
    calls: list[Call] = []
    meter.listen(calls.append)
    aws.answers = [Answer()]
    versioning(Account(meter, Pacing(1000.0)))
    assert [call.seconds for call in calls] == [2.5]


def test_a_request_has_the_ids_that_its_answer_gave_it(
    account: Account, aws: Loopback, calls: list[Call]
) -> None:
    ids = {"x-amz-request-id": "ABC", "x-amz-id-2": "xyz="}
    aws.answers = [Answer(headers=ids), Answer(403, refusal("AccessDenied"), headers=ids), Answer()]
    versioning(account)
    with pytest.raises(ClientError):
        versioning(account)
    versioning(account)

    assert [(each.status, each.request_id, each.host_id) for each in calls] == [
        (200, "ABC", "xyz="),
        (403, "ABC", "xyz="),
        (200, "", ""),
    ]


def test_a_piece_of_work_is_told_how_many_requests_it_took_on_all_its_threads(
    account: Account, aws: Loopback
) -> None:
    aws.answers = [Answer() for _ in range(6)]
    with Threads(2) as pool, tallied() as outer:
        versioning(account)
        with tallied() as inner:
            for future in [pool.submit(versioning, account) for _ in range(3)]:
                future.result()
        with ThreadPoolExecutor(1) as others:
            others.submit(versioning, account).result()
        versioning(account)

    assert (outer.calls, inner.calls) == (2, 3)
