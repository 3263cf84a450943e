"""Accounts as identities see them: who we are there, and one client for each service and region."""

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, overload
from urllib.parse import urlsplit, urlunsplit

from headrace.aws.credentials import (
    ANY_REGION,
    CONFIG,
    Keys,
    Role,
    Source,
    for_boto3,
    region_of,
    session_of,
)
from headrace.aws.errors import SERVICE_KEY, Place, translating
from headrace.aws.meter import Meter
from headrace.aws.pacing import Pacing
from headrace.aws.turns import Turns
from headrace.engine.errors import CloudError, Invalid, Unavailable
from headrace.engine.fence import Fence

if TYPE_CHECKING:
    from mypy_boto3_acm import ACMClient
    from mypy_boto3_cloudfront import CloudFrontClient
    from mypy_boto3_kms import KMSClient
    from mypy_boto3_resourcegroupstaggingapi import ResourceGroupsTaggingAPIClient
    from mypy_boto3_route53 import Route53Client
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3control import S3ControlClient
    from mypy_boto3_sts import STSClient

DEFAULT_RATE = 500.0
"""Requests a second to one service in one account and region, until AWS asks for less."""

_AWS_DOMAINS = (".amazonaws.com", ".amazonaws.com.cn", ".api.aws", ".amazonaws.eu")


@dataclass(frozen=True)
class Identity:
    """Who we are to AWS. The partition is aws, aws-cn or aws-us-gov."""

    account_id: str
    caller: str
    partition: str


class Account:
    """An AWS account as one identity sees it; safe for threads."""

    def __init__(
        self,
        meter: Meter,
        pacing: Pacing,
        source: Source | None = None,
        turns: Turns | None = None,
        fence: Fence | None = None,
    ) -> None:
        self._meter, self._pacing, self._source = meter, pacing, source or Source()
        self._turns = turns or Turns()
        # A profile that is named and not there is noticed here.
        with translating(self.place("the AWS account")):
            session = session_of(self._source, self._watch_own, fence or Fence())
            self._region = self._source.region or region_of(session)
        self._session = for_boto3(session)
        self._clients: dict[tuple[str, str], Any] = {}
        self._lock = threading.Lock()
        self._asking = threading.Lock()
        self._asked = 0
        self._answer: Identity | CloudError | None = None

    @property
    def turns(self) -> Turns:
        """What those who share it, be it as other identities, wait for one another with."""
        return self._turns

    @property
    def region(self) -> str | None:
        """The region of objects that name none, if there is one."""
        return self._region

    @property
    def identity(self) -> Identity:
        """Who we are, from sts:GetCallerIdentity; asked once. A failure is shared by those who wait for it.

        Raises:
            CloudError: of the class of what went wrong.
        """
        if isinstance(self._answer, Identity):
            return self._answer
        return self._ask(self._asked)

    def check(self) -> Identity:
        """Ask anew who we are: credentials that were good may be so no more.

        Raises:
            CloudError: of the class of what went wrong.
        """
        return self._ask(None)

    def _ask(self, asked: int | None) -> Identity:
        """Ask, unless somebody else did since so many questions: an answer may take a minute not to come.

        Where none came the last time, only one waits for the next; whoever comes meanwhile would lack the
        worker for an account that does answer.
        """
        last = self._answer
        if self._asking.acquire(blocking=not isinstance(last, Unavailable)):
            try:
                if asked is None or asked == self._asked:
                    self._answer = self._who()
                    self._asked += 1
                last = self._answer
            finally:
                self._asking.release()
        return self._told(last)

    def _told(self, answer: Identity | CloudError | None) -> Identity:
        if isinstance(answer, Identity):
            return answer
        assert answer is not None, "somebody asked"  # noqa: S101 - for the types
        raise answer.with_message(answer.message)

    def _who(self) -> Identity | CloudError:
        try:
            region = self.region or ANY_REGION
            with translating(self.place("the AWS account", region=region)):
                answer = self.client("sts", region).get_caller_identity()
        except CloudError as error:
            return error
        return Identity(answer["Account"], answer["Arn"], answer["Arn"].split(":")[1])

    def place(self, resource: str, caller: str = "", region: str = "") -> Place:
        """Return what errors at this resource have to tell of the way to it."""
        match self._source.credentials:
            case Role(arn, external_id):
                return Place(resource, caller, arn, external_id, region=region)
            case Keys(origin=origin):
                return Place(resource, caller, credentials=origin, region=region)
        return Place(resource, caller, region=region)

    @overload
    def client(self, service: Literal["acm"], region: str) -> "ACMClient": ...
    @overload
    def client(self, service: Literal["cloudfront"], region: str) -> "CloudFrontClient": ...
    @overload
    def client(self, service: Literal["kms"], region: str) -> "KMSClient": ...
    @overload
    def client(
        self, service: Literal["resourcegroupstaggingapi"], region: str
    ) -> "ResourceGroupsTaggingAPIClient": ...
    @overload
    def client(self, service: Literal["route53"], region: str) -> "Route53Client": ...
    @overload
    def client(self, service: Literal["s3"], region: str) -> "S3Client": ...
    @overload
    def client(self, service: Literal["s3control"], region: str) -> "S3ControlClient": ...
    @overload
    def client(self, service: Literal["sts"], region: str) -> "STSClient": ...
    def client(self, service: Any, region: str) -> Any:
        """Return the one client for this service and region, made when it is first asked for."""
        with self._lock:
            if (service, region) not in self._clients:
                self._clients[service, region] = self._make(service, region)
            return self._clients[service, region]

    def _make(self, service: Any, region: str) -> Any:
        url = self._source.endpoint_url
        try:
            client = self._session.client(service, region_name=region, endpoint_url=url, config=CONFIG)
        except ValueError as error:
            # What botocore raises for an address that is none.
            raise Invalid(f"No client for {service} in {region} can be made: {error}") from error
        self._watch(client, region)
        if service == "s3control" and not _is_aws(client.meta.endpoint_url):
            client.meta.events.register("before-sign", _without_account_in_host)
        return client

    def _watch(self, client: Any, region: str) -> None:
        """Pace and count what this client sends, and note its service in each answer."""
        known = self._answer.account_id if isinstance(self._answer, Identity) else ""
        self._watch_as(client, region, known, known or self._source.who)

    def _watch_own(self, client: Any, region: str) -> None:
        """Do the same for a client with which a role is assumed: it sends as the process itself."""
        self._watch_as(client, region, "", "")

    def _watch_as(self, client: Any, region: str, known: str, paced: str) -> None:
        service = client.meta.service_model.service_name
        self._pacing.watch(client, paced, region, self._source.rates.get(service))
        self._meter.watch(client, known, region)
        client.meta.events.register("after-call", _noting(service))


def _noting(service: str) -> Any:
    def note(parsed: dict[str, Any], **_: Any) -> None:
        parsed.setdefault("ResponseMetadata", {})[SERVICE_KEY] = service

    return note


def _is_aws(url: str) -> bool:
    return (urlsplit(url).hostname or "").endswith(_AWS_DOMAINS)


def _without_account_in_host(request: Any, **_: Any) -> None:
    """S3 Control puts the account id before the host; an endpoint of one's own has no such names."""
    url = urlsplit(request.url)
    account, _, host = url.netloc.partition(".")
    if account.isdigit() and len(account) == 12:
        request.url = urlunsplit(url._replace(netloc=host))
