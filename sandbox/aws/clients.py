"""Plain boto3 clients of the stand-in, for tests and the demo to look at the truth."""

import os
from typing import TYPE_CHECKING, Any, Literal, TypedDict, Unpack, overload
from urllib.parse import urlsplit

import boto3
import botocore.session
from botocore.config import Config

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3control import S3ControlClient
    from mypy_boto3_sts import STSClient

ACCOUNT = "123456789012"
REGION = "eu-central-1"
SECRET = "stand-in"


class Caller(TypedDict, total=False):
    """Who calls, and where: the root of ``account`` (12 digits) or whose key it is; ACCOUNT and REGION."""

    region: str
    account: str
    access_key: str
    secret_key: str
    session_token: str


class Clients:
    """Makes clients for one URL, each once, and closes them."""

    def __init__(self) -> None:
        self.url = ""
        self._clients: dict[tuple[Any, ...], Any] = {}

    @overload
    def client(self, service: Literal["s3"], **caller: Unpack[Caller]) -> "S3Client": ...
    @overload
    def client(self, service: Literal["s3control"], **caller: Unpack[Caller]) -> "S3ControlClient": ...
    @overload
    def client(self, service: Literal["sts"], **caller: Unpack[Caller]) -> "STSClient": ...
    @overload
    def client(self, service: Literal["iam"], **caller: Unpack[Caller]) -> "IAMClient": ...
    @overload
    def client(self, service: str, **caller: Unpack[Caller]) -> Any: ...
    def client(self, service: str, **caller: Unpack[Caller]) -> Any:
        """A boto3 client that tries each call once; for S3 in path style. It is closed with the stand-in."""
        wanted = (service, *sorted(caller.items()))
        if wanted not in self._clients:
            self._clients[wanted] = _client(self.url, service, caller)
        return self._clients[wanted]

    def close_clients(self) -> None:
        """Close every client that was made."""
        for client in self._clients.values():
            client.close()
        self._clients.clear()


def session(**caller: Unpack[Caller]) -> boto3.Session:
    """A session that heeds neither the user's profile and files nor the user's own endpoints."""
    core = botocore.session.Session({"profile": (None, None, None, None)})
    core.set_config_variable("config_file", os.devnull)
    core.set_config_variable("credentials_file", os.devnull)
    core.set_config_variable("ignore_configured_endpoint_urls", True)
    return boto3.Session(
        aws_access_key_id=caller.get("access_key") or caller.get("account", ACCOUNT),
        aws_secret_access_key=caller.get("secret_key", SECRET),
        aws_session_token=caller.get("session_token"),
        region_name=caller.get("region", REGION),
        botocore_session=core,
    )


def _client(url: str, service: str, caller: Caller) -> Any:
    config = Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"})
    make: Any = session(**caller).client
    client = make(service, endpoint_url=url, config=config)
    if service == "s3control":
        client.meta.events.register("before-sign.s3-control", _without_account)
    return client


def _without_account(request: Any, **_: object) -> None:
    """S3 Control puts the account before the host, which an address in numbers cannot have."""
    account, _, host = urlsplit(request.url).netloc.partition(".")
    if account.isdigit() and host.count(".") == 3:
        request.url = request.url.replace(f"//{account}.", "//", 1)
