"""What the probes have in common: their registry, clients, raw requests, users."""

import json
from collections.abc import Callable
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

from botocore.exceptions import ClientError

from sandbox.aws.clients import ACCOUNT
from sandbox.aws.stand_in import StandIn

Probe = Callable[[StandIn], bool]

PROBES: dict[str, Probe] = {}

B = "probed-bucket"
STRANGER = "222222222222"


def probe(entry: str) -> Callable[[Probe], Probe]:
    """Register the probe of an entry. It finds an empty stand-in and may leave anything behind."""

    def register(function: Probe) -> Probe:
        PROBES[entry] = function
        return function

    return register


def code(act: Callable[..., object], **parameters: Any) -> str:
    """The error code with which a call fails; '' if it succeeds."""
    try:
        act(**parameters)
    except ClientError as error:
        return error.response["Error"]["Code"]
    return ""


def bucket(aws: StandIn, name: str = B, **more: Any) -> Any:
    """A client of S3 in us-east-1, and a bucket there."""
    s3 = aws.client("s3", region="us-east-1")
    s3.create_bucket(Bucket=name, **more)
    return s3


def raw(aws: StandIn, method: str, path: str, **headers: str) -> tuple[int, bytes]:
    """One request as root, without an SDK; underscores in header names stand for hyphens."""
    scope = f"{ACCOUNT}/20261121/us-east-1/s3/aws4_request"
    signed = f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"
    sent = {"Authorization": signed, **{name.replace("_", "-"): value for name, value in headers.items()}}
    connection = HTTPConnection(urlsplit(aws.url).netloc)
    connection.request(method, path, headers=sent)
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer.status, body


def user(aws: StandIn, *actions: str, service: str = "s3", resource: str = "*") -> Any:
    """A client in us-east-1 for a user who may do just that."""
    iam = aws.client("iam")
    iam.create_user(UserName="probe")
    statement = {"Effect": "Allow", "Action": list(actions), "Resource": resource}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam.put_user_policy(UserName="probe", PolicyName="probe", PolicyDocument=document)
    key = iam.create_access_key(UserName="probe")["AccessKey"]
    return aws.client(
        service, region="us-east-1", access_key=key["AccessKeyId"], secret_key=key["SecretAccessKey"]
    )


def key_errors(s3: Any, batch: dict[str, Any]) -> list[str]:
    """The error codes of single keys; none where the whole batch is refused."""
    try:
        return [error["Code"] for error in s3.delete_objects(Bucket=B, Delete=batch).get("Errors", [])]
    except ClientError:
        return []


def tag(key: str) -> dict[str, str]:
    """A tag with some value."""
    return {"Key": key, "Value": "value"}
