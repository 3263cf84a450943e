"""A resource in an account and a region: what facets read and write with."""

import threading
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from headrace.aws.errors import SERVICE_KEY, from_response, translating
from headrace.aws.sessions import Account
from headrace.engine.errors import CloudError
from headrace.engine.facet import addressed

if TYPE_CHECKING:
    from mypy_boto3_acm import ACMClient
    from mypy_boto3_cloudfront import CloudFrontClient
    from mypy_boto3_kms import KMSClient
    from mypy_boto3_resourcegroupstaggingapi import ResourceGroupsTaggingAPIClient
    from mypy_boto3_route53 import Route53Client
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3control import S3ControlClient


class Target:
    """One AWS resource, reached as one identity.

    Args:
        account: as whom, and where.
        region: the region in which the resource is; for those of the whole partition, that of their API.
        id: how AWS knows the resource; empty while AWS has not said it yet.
        address: its ARN, with {id} where the id goes, and {parent} where what comes before a slash in it.
        name: how we call it where AWS chooses the id; otherwise its id.
        owner: in whose name we act.
    """

    def __init__(
        self, account: Account, region: str, id: str, address: str, name: str = "", owner: str = ""
    ) -> None:
        self._account, self._region, self._id, self._address = account, region, id, address
        self._name, self._owner = name or id, owner
        # Asked here, once: reads side by side would each wait for the answer, and for each failure in turn.
        self._identity = account.identity
        self._guard: Callable[[str], None] = lambda _: None
        self._shared: dict[str, _Answer] = {}
        self._told: dict[str, Any] = {}
        self._lock = threading.Lock()

    @property
    def id(self) -> str:
        """The name by which AWS knows the resource; empty where AWS is yet to say it."""
        return self._id

    def identify(self, id: str) -> None:
        """Note how AWS calls the resource, which was found or made just now, or is about to be.

        Raises:
            CloudError: as the guard does.
        """
        if id:
            self._guard(id)
        self._id = id

    def guard(self, check: Callable[[str], None]) -> None:
        """Have each id checked that the resource turns out to have; the check raises where it may not be."""
        self._guard = check

    @property
    def name(self) -> str:
        """The name that we give the resource, for where AWS chooses the id."""
        return self._name

    @property
    def owner(self) -> str:
        """The object in whose name we act."""
        return self._owner

    @property
    def arn(self) -> str:
        """The resource's ARN; as policies say it of any, where AWS is yet to say the id."""
        return addressed(self._address, self._id or "*")

    @property
    def region(self) -> str:
        """The region in which the resource is."""
        return self._region

    @property
    def account_id(self) -> str:
        """The account that owns the resource, 12 digits."""
        return self._identity.account_id

    @property
    def partition(self) -> str:
        """The partition: aws, aws-cn or aws-us-gov."""
        return self._identity.partition

    @property
    def acm(self) -> "ACMClient":
        """The Certificate Manager client of this region."""
        return self._account.client("acm", self._region)

    @property
    def cloudfront(self) -> "CloudFrontClient":
        """The CloudFront client."""
        return self._account.client("cloudfront", self._region)

    @property
    def kms(self) -> "KMSClient":
        """The KMS client of this region."""
        return self._account.client("kms", self._region)

    @property
    def route53(self) -> "Route53Client":
        """The Route 53 client."""
        return self._account.client("route53", self._region)

    @property
    def tagging(self) -> "ResourceGroupsTaggingAPIClient":
        """The client of the Resource Groups Tagging API in this region."""
        return self._account.client("resourcegroupstaggingapi", self._region)

    @property
    def s3(self) -> "S3Client":
        """The S3 client of this region."""
        return self._account.client("s3", self._region)

    @property
    def s3control(self) -> "S3ControlClient":
        """The S3 Control client of this region."""
        return self._account.client("s3control", self._region)

    def refusal(self, operation: str, error: Mapping[str, Any], resource: str) -> CloudError:
        """Turn an error of S3's that is told inside of an answer into the CloudError of its class.

        Args:
            operation: the one whose permission is missing, where the error is about permissions.
            error: what was told, with its Code and Message.
            resource: the ARN of what it is about.
        """
        said = {"Code": error.get("Code", ""), "Message": error.get("Message", "")}
        answer: Any = {"Error": said, "ResponseMetadata": {SERVICE_KEY: "s3"}}
        place = self._account.place(resource, self._identity.caller)
        return from_response(ClientError(answer, operation), place)

    def translating(self) -> AbstractContextManager[None]:
        """Turn botocore's exceptions into CloudError while in here."""
        return translating(lambda: self._account.place(self.arn, self._identity.caller, self._region))

    def share(self, key: str, read: Callable[[], Any]) -> Any:
        """Read once what several facets need; others wait for the answer. Failures are not shared."""
        with self._lock:
            answer = self._shared.setdefault(key, _Answer())
        return answer.get(read)

    def tell(self, key: str, value: Any) -> None:
        """Note what a create call answered: the look that follows it need not ask the same again."""
        with self._lock:
            self._told[key] = value

    def forget(self) -> None:
        """Drop shared answers: the next look is a new one, but for what a create call has just told."""
        with self._lock:
            self._shared = {key: _Answer.known(value) for key, value in self._told.items()}
            self._told.clear()

    def turn(self, key: str) -> AbstractContextManager[None]:
        """Have a part of this resource to oneself while in here, whichever object's facets ask for it."""
        return self._account.turns.of(f"{self.arn} {key}")


class _Answer:
    """One answer, for all who ask; they wait for each other, and for nobody with another question."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known = False
        self._value: Any = None

    @classmethod
    def known(cls, value: Any) -> "_Answer":
        answer = cls()
        answer._value, answer._known = value, True
        return answer

    def get(self, read: Callable[[], Any]) -> Any:
        with self._lock:
            if not self._known:
                self._value, self._known = read(), True
            return self._value


class absent_on:  # noqa: N801 - reads as the clause that it is: with absent_on("404"):
    """Leave the block quietly where AWS answers one of these codes: "not there" is a value, not an error."""

    def __init__(self, *codes: str) -> None:
        self._codes = codes

    def __enter__(self) -> None:
        """Watch the block."""

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> bool:
        """Swallow the error if it is one of the codes."""
        return isinstance(error, ClientError) and error.response["Error"].get("Code") in self._codes
