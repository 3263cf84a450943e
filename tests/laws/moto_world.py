"""moto, in process, as the second opinion: a world, and plain clients to look at it with."""

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import boto3
from moto import mock_aws
from moto.s3.models import s3_backends

from headrace.aws.meter import Call, Meter
from headrace.aws.pacing import Pacing
from headrace.aws.sessions import Account
from sandbox.aws.clients import ACCOUNT, REGION
from tests.laws.aws_world import UNPACED, AwsWorld, environment

Clients = Callable[..., Any]
"""Makes a client for a service, and for ``region``, ``access_key``, ``secret_key`` and ``session_token``."""

_VARIABLES = {
    "AWS_ACCESS_KEY_ID": "moto",
    "AWS_SECRET_ACCESS_KEY": "moto",
    "AWS_REGION": REGION,
    "AWS_DEFAULT_REGION": REGION,
    "AWS_EC2_METADATA_DISABLED": "true",
}


@contextmanager
def moto_world() -> Iterator[AwsWorld]:
    """Let botocore talk to moto, which is empty, while in here."""
    # moto has no log of its own: what arrived is what our meter counted.
    sent: list[Call] = []

    def arrived() -> list[tuple[str, str]]:
        calls = [(call.service, call.operation) for call in sent]
        sent.clear()
        return calls

    with environment(**_VARIABLES), mock_aws(), ThreadPoolExecutor(8) as pool:
        meter = Meter()
        meter.listen(sent.append)
        account = Account(meter, Pacing(UNPACED))
        _remember_tags(account.client("s3", REGION))
        yield AwsWorld(account, pool, arrived, moto_client)


def moto_client(service: str, **caller: str) -> Any:
    """Return a plain client; only inside ``moto_world``."""
    make: Any = boto3.client
    return make(
        service,
        region_name=caller.get("region", REGION),
        aws_access_key_id=caller.get("access_key"),
        aws_secret_access_key=caller.get("secret_key"),
        aws_session_token=caller.get("session_token"),
    )


def _remember_tags(s3: Any) -> None:
    """Give a bucket the tags of its CreateBucket, which moto takes and forgets."""

    def asked(params: Mapping[str, Any], context: dict[str, Any], **_: Any) -> None:
        tags = params.get("CreateBucketConfiguration", {}).get("Tags", [])
        context["created"] = params["Bucket"], {tag["Key"]: tag["Value"] for tag in tags}

    def answered(http_response: Any, context: dict[str, Any], **_: Any) -> None:
        if http_response.status_code == 200:
            name, tags = context["created"]
            s3_backends[ACCOUNT]["aws"].put_bucket_tagging(name, tags)

    s3.meta.events.register("provide-client-params.s3.CreateBucket", asked)
    s3.meta.events.register("after-call.s3.CreateBucket", answered)
