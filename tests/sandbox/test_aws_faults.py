"""Injected faults are what they say, to a client that knows nothing of them."""

import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from random import Random
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError

from sandbox.aws.stand_in import StandIn
from sandbox.errors import SandboxError
from sandbox.processes import wait_until

pytestmark = pytest.mark.standin


@pytest.fixture
def cloud(aws: StandIn) -> Iterator[StandIn]:
    """The stand-in, empty and without faults."""
    aws.reset()
    yield aws
    aws.reset()


def _code(act: Callable[[], object]) -> tuple[int, str, str]:
    with pytest.raises(ClientError) as caught:
        act()
    response = caught.value.response
    return (
        response["ResponseMetadata"]["HTTPStatusCode"],
        response["Error"]["Code"],
        response["Error"]["Message"],
    )


def _identity(cloud: StandIn) -> Any:
    return cloud.client("sts").get_caller_identity()


def _create(cloud: StandIn, name: str = "a-bucket") -> None:
    cloud.client("s3", region="us-east-1").create_bucket(Bucket=name)


def _buckets(cloud: StandIn) -> list[str]:
    return [bucket["Name"] for bucket in cloud.client("s3").list_buckets()["Buckets"]]


@pytest.mark.parametrize(
    ("service", "method", "parameters", "code", "status"),
    [
        ("s3", "list_buckets", {}, "SlowDown", 503),
        ("s3control", "list_tags_for_resource",
         {"AccountId": "123456789012", "ResourceArn": "arn:aws:s3:::b"}, "InternalError", 500),
        ("sts", "get_caller_identity", {}, "Throttling", 400),
        ("cloudfront", "list_distributions", {}, "Throttling", 400),
        ("route53", "list_hosted_zones", {}, "Throttling", 400),
        ("acm", "list_certificates", {}, "ThrottlingException", 400),
        ("resourcegroupstaggingapi", "get_resources", {}, "ThrottledException", 400),
        ("kinesis", "list_streams", {}, "LimitExceededException", 400),
        ("lambda", "list_functions", {}, "TooManyRequestsException", 429),
        ("cloudwatch", "list_metrics", {}, "ThrottlingException", 400),
        ("sqs", "list_queues", {}, "RequestThrottled", 403),
        ("ec2", "describe_vpcs", {}, "RequestLimitExceeded", 503),
    ],
)  # fmt: skip
def test_boto3_understands_the_error_of_each_protocol(
    cloud: StandIn, service: str, method: str, parameters: dict[str, Any], code: str, status: int
) -> None:
    number = cloud.fault(service=service, status=status, code=code, message="Slower, please.")
    act = getattr(cloud.client(service), method)
    assert _code(lambda: act(**parameters)) == (status, code, "Slower, please.")
    call = cloud.log()[-1]
    assert (call.service, call.status, call.error, call.fault) == (service, status, code, number)


def test_a_head_fails_without_a_body(cloud: StandIn) -> None:
    cloud.fault(operation="HeadBucket", status=503, code="SlowDown")
    assert _code(lambda: cloud.client("s3").head_bucket(Bucket="any-bucket"))[:2] == (503, "503")


def test_a_rule_is_about_the_service_operation_and_resource_that_it_names(cloud: StandIn) -> None:
    cloud.fault(service="s3", operation="CreateBucket|DeleteBucket", resource="bad-.*", code="SlowDown")
    _create(cloud, "good-bucket")
    _identity(cloud)
    assert _code(lambda: _create(cloud, "bad-bucket"))[1] == "SlowDown"
    assert _buckets(cloud) == ["good-bucket"]


def test_a_rule_is_about_the_account_that_it_names(cloud: StandIn) -> None:
    cloud.fault(service="s3", account="111122223333", code="SlowDown")
    _create(cloud, "good-bucket")
    theirs = cloud.client("s3", account="111122223333")
    assert _code(theirs.list_buckets)[1] == "SlowDown"


def test_after_and_count_choose_which_calls_fail(cloud: StandIn) -> None:
    number = cloud.fault(service="sts", code="Throttling", status=400, after=2, count=2)
    outcomes = []
    for _ in range(6):
        try:
            _identity(cloud)
            outcomes.append("ok")
        except ClientError as error:
            outcomes.append(error.response["Error"]["Code"])
    assert outcomes == ["ok", "ok", "Throttling", "Throttling", "ok", "ok"]
    [rule] = cloud.faults()
    assert (rule["id"], rule["seen"], rule["fired"]) == (number, 6, 2)


def test_a_probability_hits_some_calls_and_in_every_run_the_same_ones(cloud: StandIn) -> None:
    cloud.fault(service="sts", code="Throttling", status=400, probability=0.5)
    for _ in range(40):
        with suppress(ClientError):
            _identity(cloud)
    errors = {call.error for call in cloud.log()}
    assert errors == {None, "Throttling"}
    [rule] = cloud.faults()
    chance = Random(rule["id"])
    assert rule["fired"] == sum(chance.random() < 0.5 for _ in range(40))


def test_an_error_before_leaves_nothing_done_and_one_after_everything(cloud: StandIn) -> None:
    cloud.fault(operation="CreateBucket", resource="lost", code="InternalError", status=500)
    assert _code(lambda: _create(cloud, "lost"))[1] == "InternalError"
    cloud.fault(operation="CreateBucket", resource="done", effect="after", code="InternalError", status=500)
    assert _code(lambda: _create(cloud, "done"))[1] == "InternalError"
    assert _buckets(cloud) == ["done"]


@pytest.mark.parametrize(("effect", "buckets"), [("before", []), ("after", ["a-bucket"])])
def test_a_dropped_call_gets_no_answer_at_all(cloud: StandIn, effect: Any, buckets: list[str]) -> None:
    cloud.fault(operation="CreateBucket", action="drop", effect=effect)
    with pytest.raises(ConnectionClosedError):
        _create(cloud)
    assert (cloud.log()[-1].status, cloud.log()[-1].error) == (0, "(dropped)")
    assert _buckets(cloud) == buckets


@pytest.mark.parametrize(("effect", "meanwhile"), [("before", []), ("after", ["a-bucket"])])
def test_a_held_call_waits_for_its_release_and_is_then_answered(
    cloud: StandIn, effect: Any, meanwhile: list[str]
) -> None:
    number = cloud.fault(operation="CreateBucket", action="hold", effect=effect)
    with ThreadPoolExecutor() as pool:
        creation = pool.submit(_create, cloud)
        cloud.wait_until_held(number)
        assert _buckets(cloud) == meanwhile
        assert not creation.done()
        cloud.release(number)
        creation.result(timeout=30)
    assert _buckets(cloud) == ["a-bucket"]
    _create(cloud, "another-one")


def test_clearing_the_faults_lets_held_calls_go(cloud: StandIn) -> None:
    number = cloud.fault(service="sts", action="hold")
    with ThreadPoolExecutor() as pool:
        identity = pool.submit(_identity, cloud)
        cloud.wait_until_held(number)
        cloud.clear_faults()
        assert identity.result(timeout=30)["Account"] == "123456789012"
    assert cloud.faults() == []


def test_a_reset_drops_what_is_held_so_that_nothing_is_done_after_it(cloud: StandIn) -> None:
    number = cloud.fault(operation="CreateBucket", action="hold")
    with ThreadPoolExecutor() as pool:
        creation = pool.submit(_create, cloud)
        cloud.wait_until_held(number)
        cloud.reset()
        with pytest.raises(ConnectionClosedError):
            creation.result(timeout=30)
    assert _buckets(cloud) == []
    assert [call.operation for call in cloud.log()] == ["ListBuckets"]


def test_a_call_held_before_it_arrived_is_not_done_if_its_client_dies(cloud: StandIn) -> None:
    number = cloud.fault(operation="CreateBucket", action="hold")
    address = urlsplit(cloud.url)
    with socket.create_connection((str(address.hostname), int(address.port or 0))) as client:
        client.sendall(b"PUT /a-bucket HTTP/1.1\r\nHost: aws\r\nContent-Length: 0\r\n\r\n")
        cloud.wait_until_held(number)
    wait_until(lambda: cloud.faults()[0]["waiting"] == 0, what="the stand-in notices that the client is gone")
    cloud.release(number)
    assert _buckets(cloud) == []
    assert [call.error for call in cloud.log() if call.operation == "CreateBucket"] == ["(client gone)"]


def test_calls_side_by_side_wait_for_the_latency_side_by_side(cloud: StandIn) -> None:
    _identity(cloud)
    cloud.latency(0.3)
    started = time.monotonic()
    with ThreadPoolExecutor(20) as pool:
        list(pool.map(lambda _: _identity(cloud), range(20)))
    took = time.monotonic() - started
    assert 0.3 <= took < 20 * 0.3
    assert all(call.duration >= 0.3 for call in cloud.log()[1:])
    cloud.latency(0)


def test_a_delay_slows_only_the_calls_that_it_names(cloud: StandIn) -> None:
    number = cloud.fault(service="sts", action="delay", delay=1.0, count=1)
    _identity(cloud)
    _identity(cloud)
    first, second = cloud.log()
    assert (first.fault, second.fault) == (number, None)
    assert first.duration >= 1.0 > second.duration


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        ({"operation": "("}, "operation is not a regular expression"),
        ({"action": "explode"}, "action is one of error, drop, hold, delay"),
        ({"operations": "x"}, "A fault has no field 'operations'"),
    ],
)
def test_a_wrong_fault_is_refused_with_a_sentence(cloud: StandIn, fault: Any, sentence: str) -> None:
    with pytest.raises(SandboxError) as caught:
        cloud.fault(**fault)
    assert sentence in str(caught.value)
    with pytest.raises(SandboxError, match="There is no POST"):
        cloud.release(10**6)
