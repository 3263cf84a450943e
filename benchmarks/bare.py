"""The same AWS calls without an operator: boto3 and threads, reads side by side, writes in turn."""

import json
import time
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.config import Config
from botocore.exceptions import ClientError

from sandbox.aws.clients import ACCOUNT, session
from sandbox.aws.stand_in import Call, StandIn
from sandbox.errors import SandboxError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3control import S3ControlClient

# As the operator has them, so that only what is around the calls differs.
_CONFIG = Config(
    retries={"mode": "standard", "total_max_attempts": 3},
    max_pool_connections=64,
    user_agent_extra="bare-calls",
    s3={"addressing_style": "path"},
)
_READERS_PER_WORKER = 4


@dataclass(frozen=True)
class Spent:
    """What something took: by the clock, and of the processor."""

    seconds: float
    cpu_seconds: float


class Bare:
    """Makes and looks at buckets with the calls that the operator makes, in the same order."""

    def __init__(self, aws: StandIn, workers: int) -> None:
        self._s3: S3Client = _client(aws, "s3")
        self._s3control: S3ControlClient = _client(aws, "s3control")
        self._s3control.meta.events.register("before-sign.s3-control", _without_account)
        self._workers = ThreadPoolExecutor(workers)
        self._readers = ThreadPoolExecutor(workers * _READERS_PER_WORKER)

    def make(self, names: Iterable[str]) -> Spent:
        """Make these buckets, as many at once as there are workers."""
        return self._timed(self._make, names)

    def look(self, names: Iterable[str]) -> Spent:
        """Look at these buckets."""
        return self._timed(self._look, names)

    def close(self) -> None:
        """End all threads."""
        self._workers.shutdown()
        self._readers.shutdown()
        self._s3.close()
        self._s3control.close()

    def _timed(self, act: Callable[[str], None], names: Iterable[str]) -> Spent:
        began, cpu = time.perf_counter(), time.process_time()
        list(self._workers.map(act, names))
        return Spent(time.perf_counter() - began, time.process_time() - cpu)

    def _make(self, name: str) -> None:
        bucket = _whose(name)
        try:
            self._s3.head_bucket(**bucket)
        except ClientError as error:
            if error.response["Error"]["Code"] != "404":
                raise
        self._s3.create_bucket(
            Bucket=name,
            CreateBucketConfiguration={
                "LocationConstraint": "eu-central-1",
                "Tags": [{"Key": "team", "Value": "bench"}],
            },
        )
        # One after the other, as the operator looks whose it is.
        for call in self._root(name):
            call()
        self._s3.put_bucket_accelerate_configuration(**bucket, AccelerateConfiguration={"Status": "Enabled"})
        with suppress(ClientError):
            self._s3.get_bucket_policy(**bucket)
        self._s3.put_bucket_policy(**bucket, Policy=_tls_only(name))
        self._s3.put_bucket_versioning(**bucket, VersioningConfiguration={"Status": "Enabled"})
        self._side_by_side(*self._settings(name))

    def _look(self, name: str) -> None:
        self._side_by_side(*self._root(name), *self._settings(name))

    def _root(self, name: str) -> list[Callable[[], Any]]:
        arn = f"arn:aws:s3:::{name}"
        return [
            lambda: self._s3.head_bucket(**_whose(name)),
            lambda: self._s3control.list_tags_for_resource(AccountId=ACCOUNT, ResourceArn=arn),
        ]

    def _settings(self, name: str) -> list[Callable[[], Any]]:
        bucket, s3 = _whose(name), self._s3
        return [
            lambda: s3.get_bucket_accelerate_configuration(**bucket),
            lambda: s3.get_bucket_encryption(**bucket),
            lambda: s3.get_bucket_ownership_controls(**bucket),
            lambda: s3.get_bucket_policy(**bucket),
            lambda: s3.get_public_access_block(**bucket),
            lambda: s3.get_bucket_versioning(**bucket),
        ]

    def _side_by_side(self, *calls: Callable[[], Any]) -> None:
        others = [self._readers.submit(call) for call in calls[:-1]]
        calls[-1]()
        for other in others:
            other.result()


def operations(calls: Iterable[Call]) -> dict[str, Counter[str]]:
    """How often each operation was asked for, by bucket; calls that are about no bucket have the key ''."""
    found: dict[str, Counter[str]] = {}
    for call in calls:
        found.setdefault(call.resource, Counter())[call.operation] += 1
    return found


def one_pattern(calls: Iterable[Call], names: Iterable[str], who: str) -> Counter[str]:
    """The operations for each of these buckets. SandboxError where they are not the same for all."""
    by_bucket = operations(calls)
    patterns = [by_bucket.get(name, Counter()) for name in names]
    for pattern in patterns[1:]:
        if pattern != patterns[0]:
            raise SandboxError(
                f"The calls of {who} differ from bucket to bucket: {dict(patterns[0])} and {dict(pattern)}."
            )
    return patterns[0]


def check_same(operator: Counter[str], bare: Counter[str]) -> None:
    """Raise SandboxError unless both make the same calls: only then may their times be compared."""
    if operator != bare:
        raise SandboxError(
            "benchmarks/bare.py no longer makes the calls of the operator: "
            f"it lacks {dict(operator - bare)} and has {dict(bare - operator)} too many."
        )


def _client(aws: StandIn, service: Any) -> Any:
    return session().client(service, endpoint_url=aws.url, config=_CONFIG)


def _whose(name: str) -> Any:
    return {"Bucket": name, "ExpectedBucketOwner": ACCOUNT}


def _tls_only(name: str) -> str:
    arn = f"arn:aws:s3:::{name}"
    deny: dict[str, Any] = {"Sid": "HeadraceTLSOnly", "Effect": "Deny", "Principal": "*", "Action": "s3:*"}
    condition = {"Bool": {"aws:SecureTransport": "false"}}
    statement = {**deny, "Resource": [arn, f"{arn}/*"], "Condition": condition}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def _without_account(request: Any, **_: object) -> None:
    """S3 Control puts the account before the host, which an address in numbers cannot have."""
    request.url = request.url.replace(f"//{ACCOUNT}.", "//", 1)
