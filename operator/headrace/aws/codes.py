"""The error codes of AWS, by the class that says what is to be done next.

S3 models almost none of its errors, so the codes are those of "Error responses" in the S3 API reference and
of the "Common error types" page that every service's API reference has.
"""

from headrace.aws import cloudfront_codes
from headrace.engine.errors import (
    BadCredentials,
    CloudError,
    Conflict,
    Denied,
    Invalid,
    NotEmpty,
    NotOurs,
    Pending,
    Throttled,
    Unavailable,
)

_COMMON: dict[type[CloudError], frozenset[str]] = {
    Throttled: frozenset(
        [
            "BandwidthLimitExceeded",
            "EC2ThrottledException",
            "LimitExceededException",
            "ProvisionedThroughputExceededException",
            "RequestLimitExceeded",
            "RequestThrottled",
            "RequestThrottledException",
            "SlowDown",
            "ThrottledException",
            "Throttling",
            "ThrottlingException",
            "TooManyRequestsException",
        ]
    ),
    Unavailable: frozenset(
        [
            "BadDigest",
            "ConnectionClosedByRequester",
            "IncompleteBody",
            "InternalError",
            "InternalFailure",
            "InternalServiceError",
            "RequestAbortedException",
            "RequestTimeout",
            "RequestTimeoutException",
            "ResponseInterrupted",
            "ServiceFailure",
            "ServiceUnavailable",
            "ServiceUnavailableException",
            # STS
            "IDPCommunicationError",
            "408",
            "500",
            "502",
            "503",
            "504",
            # KMS
            "DependencyTimeoutException",
            "KMSInternalException",
        ]
    ),
    Pending: frozenset(
        [
            "OperationAborted",
            "PriorRequestNotComplete",
            "Redirect",
            "TemporaryRedirect",
            "TransactionInProgressException",
            "307",
            # ACM
            "RequestInProgressException",
            "ResourceInUseException",
        ]
    ),
    Conflict: frozenset(
        [
            "BucketAlreadyOwnedByYou",
            "ConcurrentModificationException",
            "ConditionalRequestConflict",
            "NoSuchBucket",
            "PreconditionFailed",
            "ServerSideEncryptionConfigurationNotFoundError",
            "404",
            "412",
            # ACM
            "ConflictException",
            "ResourceNotFoundException",
        ]
    ),
    BadCredentials: frozenset(
        [
            "AuthFailure",
            "ExpiredToken",
            "ExpiredTokenException",
            "IncompleteSignature",
            "InvalidAccessKeyId",
            "InvalidClientTokenId",
            "InvalidSecurity",
            "InvalidSessionException",
            "InvalidSignature",
            "InvalidToken",
            "MissingAuthenticationToken",
            "MissingAuthenticationTokenException",
            "SignatureDoesNotMatch",
            "TokenRefreshRequired",
            "UnrecognizedClientException",
            "UnsupportedSignature",
            # STS
            "IDPRejectedClaim",
            "InvalidIdentityToken",
            "RegionDisabledException",
        ]
    ),
    Denied: frozenset(
        [
            "AccessDenied",
            "AccessDeniedException",
            "AccountProblem",
            "AllAccessDisabled",
            "InvalidPayer",
            "NotAuthorized",
            "NotSignedUp",
            "OptInRequired",
            "RequestExpired",
            "RequestTimeTooSkewed",
            "UnauthorizedAccess",
            "UnauthorizedAccessError",
            "UnauthorizedOperation",
            "UnexpectedIPError",
            "400",
            "401",
            "403",
        ]
    ),
    NotOurs: frozenset(["BucketAlreadyExists"]),
    NotEmpty: frozenset(["BucketHasAccessPointsAttached", "BucketNotEmpty"]),
    Invalid: frozenset(
        [
            "AuthorizationHeaderMalformed",
            "BadRequest",
            "CrossLocationLoggingProhibited",
            "IllegalLocationConstraintException",
            "InvalidAction",
            "InvalidArgument",
            "InvalidBucketName",
            "InvalidBucketState",
            "InvalidLocationConstraint",
            "InvalidObjectState",
            "InvalidParameterCombination",
            "InvalidParameterValue",
            "InvalidQueryParameter",
            "InvalidRegion",
            "InvalidRequest",
            "InvalidTag",
            "InvalidTagError",
            "KMS.DisabledException",
            "KMS.InvalidKeyUsageException",
            "KMS.KMSInvalidStateException",
            "KMS.NotFoundException",
            "MalformedPolicy",
            "MalformedQueryString",
            "MalformedXML",
            "MethodNotAllowed",
            "MissingAction",
            "MissingParameter",
            "NotImplemented",
            "PermanentRedirect",
            "TooManyBuckets",
            "UnknownOperationException",
            "UnsupportedOperation",
            "ValidationError",
            "ValidationException",
            "301",
            "501",
            # Route 53
            "InvalidChangeBatch",
            "InvalidDomainName",
            "InvalidInput",
            "NoSuchHealthCheck",
            "NoSuchHostedZone",
            # ACM
            "InvalidArgsException",
            "InvalidArnException",
            "InvalidDomainValidationOptionsException",
            "InvalidParameterException",
            "InvalidStateException",
            "InvalidTagException",
            "TagPolicyException",
            "TooManyTagsException",
            # KMS
            "KMSInvalidStateException",
            "NotFoundException",
        ]
    ),
}

CODES: dict[type[CloudError], frozenset[str]] = {
    kind: _COMMON.get(kind, frozenset()) | cloudfront_codes.CODES.get(kind, frozenset())
    for kind in (*_COMMON, *(kind for kind in cloudfront_codes.CODES if kind not in _COMMON))
}
"""Every code that we know, by the class that says what is to be done next."""
