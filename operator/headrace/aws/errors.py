"""From AWS error codes and botocore's exceptions to CloudError, and the sentences that users read.

What is not in the table of codes falls back by HTTP status.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from botocore import exceptions as boto
from botocore.parsers import ResponseParserError

from headrace.aws import cloudfront_codes
from headrace.aws.actions import action_of
from headrace.aws.codes import CODES
from headrace.aws.reach import unreached
from headrace.aws.regions import opt_in
from headrace.engine.errors import (
    BadCredentials,
    CloudError,
    Conflict,
    Context,
    Denied,
    Invalid,
    NotOurs,
    Pending,
    Throttled,
    Unavailable,
)

_OF_SERVICE: dict[tuple[str, str], type[CloudError]] = {
    # How many certificates there may be; elsewhere the code asks to slow down.
    ("acm", "LimitExceededException"): Invalid,
}
"""Codes that mean something else at one service."""

# What Route 53 says of a batch that comes too late: somebody else was faster. Any other batch that it
# refuses is wrong by itself.
_TOO_LATE = re.compile(r"already exists|it was not found|do not match the current values")

_BY_STATUS: dict[int, type[CloudError]] = {
    307: Pending,
    401: Denied,
    403: Denied,
    404: Conflict,
    408: Unavailable,
    409: Pending,
    412: Conflict,
}

SERVICE_KEY = "HeadraceService"
"""Where sessions note the service in an answer's metadata: a ClientError knows its operation only."""

_CLASS_OF = {code: kind for kind, codes in CODES.items() for code in codes}

_EXCEPTIONS: tuple[tuple[type[CloudError], tuple[type[Exception], ...]], ...] = (
    (
        BadCredentials,
        (
            boto.ConfigNotFound,
            boto.ConfigParseError,
            boto.CredentialRetrievalError,
            boto.InvalidConfigError,
            boto.InvalidIMDSEndpointError,
            boto.InvalidIMDSEndpointModeError,
            boto.LoginError,
            boto.MetadataRetrievalError,
            boto.NoAuthTokenError,
            boto.NoCredentialsError,
            boto.PartialCredentialsError,
            boto.ProfileNotFound,
            boto.RefreshWithMFAUnsupportedError,
            boto.SSOError,
            boto.TokenRetrievalError,
            boto.UnknownCredentialError,
            boto.UnknownTokenProviderError,
        ),
    ),
    (
        Unavailable,
        (
            boto.CapacityNotAvailableError,
            boto.ChecksumError,
            boto.ConnectionError,
            boto.FlexibleChecksumError,
            boto.HTTPClientError,
            boto.IncompleteReadError,
            ResponseParserError,
        ),
    ),
)
"""What botocore raises by itself. Whatever else it raises means that it refuses what we ask: Invalid."""

# "User: arn:… is not authorized to perform: s3:PutBucketTagging on resource: "arn:…" because …", and of
# somebody who is no user yet: "Not authorized to perform sts:AssumeRoleWithWebIdentity".
_REFUSAL = re.compile(
    r"^(?:User: (?P<caller>\S+) is )?[Nn]ot authorized to perform:? (?P<action>[\w-]+:\w+)"
    r"(?: on resource: \"?(?P<resource>[^\s\"]+)\"?)?"
)

_ASSUME_ROLE = "AssumeRole"
_NONE = (
    "There are no usable AWS credentials: the operator runs with none. Give its ServiceAccount a role, by "
    "EKS Pod Identity or IRSA, or give the AWSAccount a Secret."
)
_CLOCK = frozenset(["RequestExpired", "RequestTimeTooSkewed"])
# No policy of the caller is to blame, or none that we know of: AWS's own words say more than ours.
_OWN_WORDS = frozenset(
    [
        "AccountProblem",
        "AllAccessDisabled",
        "InvalidPayer",
        "NotSignedUp",
        "OptInRequired",
        "UnauthorizedAccessError",
        "UnexpectedIPError",
    ]
)


# What is said of credentials that nobody knows, and of good ones in a region that the account has off
# ("Error responses" in the S3 API reference; "Manage AWS STS in an AWS Region" in the IAM User Guide).
_UNKNOWN = frozenset(["AuthFailure", "InvalidAccessKeyId", "InvalidClientTokenId", "InvalidToken"])


@dataclass(frozen=True)
class Place:
    """Where a call went, for the sentences that errors make."""

    resource: str
    """The ARN of what was called upon."""
    caller: str = ""
    """The ARN of who we are there."""
    role: str = ""
    """The ARN of the role that is assumed on the way, if there is one."""
    external_id: str = ""
    credentials: str = ""
    """Where the credentials come from, if not from what the operator runs with: Secret aws-keys."""
    region: str = ""
    """The region that was asked."""


@contextmanager
def translating(place: Place | Callable[[], Place]) -> Iterator[None]:
    """Turn botocore's exceptions into CloudError while in here.

    Args:
        place: where the calls go, or what says so once something went wrong: it may become known meanwhile.
    """
    try:
        yield
    except boto.ClientError as error:
        raise from_response(error, place() if callable(place) else place) from error
    except (boto.BotoCoreError, ResponseParserError) as error:
        raise from_botocore(error, place() if callable(place) else place) from error


def class_of(code: str, status: int, service: str = "") -> type[CloudError]:
    """Return the class for an error code, or else for an HTTP status."""
    if (service, code) in _OF_SERVICE:
        return _OF_SERVICE[service, code]
    if code in _CLASS_OF:
        return _CLASS_OF[code]
    if status == 429 or (status == 503 and "slow" in code.lower()):
        return Throttled
    if status >= 500:
        return Unavailable
    return _BY_STATUS.get(status, Invalid)


def from_response(error: boto.ClientError, place: Place) -> CloudError:
    """Turn an answer of AWS into the CloudError of its class, with a sentence that can stand alone."""
    about = error.response.get("Error", {})
    meta = error.response.get("ResponseMetadata", {})
    code, status = str(about.get("Code", "")), int(meta.get("HTTPStatusCode", 0))
    said = str(about.get("Message", "")).strip() or code
    service = str(meta.get(SERVICE_KEY, ""))
    refusal = _REFUSAL.match(said)
    told = {key: value for key, value in refusal.groupdict().items() if value} if refusal else {}
    context = Context(
        service=service,
        operation=error.operation_name,
        code=code,
        status=status,
        request_id=str(meta.get("RequestId", "")),
        host_id=str(meta.get("HostId", "")),
        action=told.get("action", action_of(service, error.operation_name)),
        resource=told.get("resource", place.resource),
        caller=told.get("caller", place.caller),
    )
    kind = class_of(code, status, service)
    if code == "InvalidChangeBatch" and _TOO_LATE.search(said):
        kind = Conflict
    if kind is Denied and error.operation_name == _ASSUME_ROLE:
        return Denied(_not_assumed(place, context), context)
    return kind(_sentence(kind, said, context, place), context)


def from_botocore(error: Exception, place: Place) -> CloudError:
    """Turn an exception that botocore raised by itself into the CloudError of its class."""
    kind = next((kind for kind, types in _EXCEPTIONS if isinstance(error, types)), Invalid)
    said = str(error).strip().rstrip(".")
    if isinstance(error, boto.NoCredentialsError):
        return BadCredentials(_NONE, Context(resource=place.resource, caller=place.caller))
    sentence = {
        BadCredentials: f"There are no usable AWS credentials: {said}. Check what the operator runs with.",
        Unavailable: unreached(error),
    }.get(kind, f"The request could not be made: {said}.")
    return kind(sentence, Context(resource=place.resource, caller=place.caller))


def _not_assumed(place: Place, context: Context) -> str:
    """Say what the trust policy of the role, which another team may keep, has to have."""
    if context.action == "sts:TagSession":
        return (
            f"{context.caller or 'The operator'} may not assume {place.role} with the tags of its session, "
            "which EKS Pod Identity has it hand on. The role's trust policy and the operator's own policy "
            "must allow it sts:TagSession on the role."
        )
    return (
        f"{context.caller or 'The operator'} may not assume {place.role}. The role's trust policy must allow "
        f"it sts:AssumeRole with the condition StringEquals sts:ExternalId {place.external_id}, and its own "
        "policy must allow it sts:AssumeRole on the role."
    )


def _sentence(kind: type[CloudError], said: str, context: Context, place: Place) -> str:
    """Say what is wrong, where, and what to do."""
    name = context.resource.rpartition(":")[2]
    if kind is BadCredentials:
        return _not_accepted(said, context, place)
    if kind is Denied:
        return _refused(said, context)
    if kind is NotOurs:
        return (
            f"The name {name} is taken by another AWS account; bucket names are global. Choose another one."
        )
    if context.code == "BucketNotEmpty":
        return (
            f"Bucket {name} still has content, so it stays. Empty it, set emptyOnDelete: true, or set "
            "deletionPolicy: Retain."
        )
    if kind is Throttled:
        return f"AWS asks to slow down ({context.code} at {context.operation})."
    told = cloudfront_codes.sentence(context.code, said, context.operation)
    return told or f"AWS refused {context.operation} ({context.code}): {said}"


def _not_accepted(said: str, context: Context, place: Place) -> str:
    """Say whose credentials are no good, and what else that may mean."""
    whose = f" of {place.credentials}" if place.credentials else ""
    sentence = f"AWS does not accept the credentials{whose} ({context.code}): {said}"
    if context.code in _UNKNOWN and opt_in(place.region):
        return f"{sentence.rstrip('.')}. Or region {place.region} is not enabled in the account."
    return sentence


def _refused(said: str, context: Context) -> str:
    """Say who is refused what, or what is wrong with the clock or the account."""
    if context.code in _CLOCK:
        return f"The clock of the operator's machine is wrong, so AWS refuses its requests: {said}"
    if context.code in _OWN_WORDS:
        return f"AWS refused {context.operation} ({context.code}): {said}"
    if context.code == "400":
        # The answer to a HEAD has no body that could give the reason.
        return (
            f"AWS refused {context.operation} on {context.resource} without a reason (400). Mostly the "
            "credentials have expired, or the region is not enabled for the account."
        )
    return (
        f"{context.action} on {context.resource} is denied to {context.caller or 'the operator'}. "
        "Allow it in that identity's policy, and look for a policy that denies it."
    )
