"""What was decided upon: the class of every documented error code, and of every exception of botocore.

Codes and statuses: "Error responses" in the Amazon S3 API Reference (the lists of error codes, of those of
replication and of tagging), and "Common error types", which every service's API reference has.
"""

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


def _words(text: str) -> list[str]:
    return text.split()


_BY_CLASS: dict[type[CloudError], dict[int, str]] = {
    Throttled: {400: "ThrottlingException", 503: "SlowDown"},
    Unavailable: {
        400: """
            BadDigest ConnectionClosedByRequester IncompleteBody RequestAbortedException RequestTimeout
            ResponseInterrupted
        """,
        408: "RequestTimeoutException",
        500: "InternalError InternalFailure",
        503: "ServiceUnavailable",
    },
    Pending: {
        307: "Redirect TemporaryRedirect",
        409: """
            AccessPointAlreadyOwnedByYou ClientTokenConflict OperationAborted RestoreAlreadyInProgress
        """,
    },
    # "Not there" is a value where a facet asks; elsewhere somebody else was faster.
    Conflict: {
        400: "ServerSideEncryptionConfigurationNotFoundError",
        404: """
            NoSuchAccessPoint NoSuchAsyncRequest NoSuchBucket NoSuchBucketPolicy NoSuchCORSConfiguration
            NoSuchKey NoSuchLifecycleConfiguration NoSuchMultiRegionAccessPoint
            NoSuchObjectLockConfiguration NoSuchResource NoSuchTagSet NoSuchUpload NoSuchVersion
            NoSuchWebsiteConfiguration NoTransformationDefined ObjectLockConfigurationNotFoundError
            OwnershipControlsNotFoundError ReplicationConfigurationNotFoundError
        """,
        409: "BucketAlreadyOwnedByYou ConditionalRequestConflict",
        412: "PreconditionFailed RequestIsNotMultiPartContent",
    },
    BadCredentials: {
        400: """
            ExpiredToken IncompleteSignature InvalidSessionException InvalidSignature InvalidToken
            TokenRefreshRequired UnsupportedSignature
        """,
        403: """
            ExpiredTokenException InvalidAccessKeyId InvalidClientTokenId InvalidSecurity
            MissingAuthenticationToken SignatureDoesNotMatch UnrecognizedClientException
        """,
    },
    Denied: {
        400: "RequestExpired",
        401: "NotAuthorized",
        403: """
            AccessDenied AccessDeniedException AccountProblem AllAccessDisabled InvalidPayer NotSignedUp
            OptInRequired RequestTimeTooSkewed UnauthorizedAccessError UnexpectedIPError
        """,
    },
    NotOurs: {409: "BucketAlreadyExists"},
    NotEmpty: {400: "BucketHasAccessPointsAttached", 409: "BucketNotEmpty"},
    Invalid: {
        0: "InvalidAddressingHeader",
        301: "PermanentRedirect PermanentRedirectControlError",
        304: "NotModified",
        400: """
            AccessControlListNotSupported AmbiguousGrantByEmailAddress AuthorizationHeaderMalformed
            AuthorizationQueryParametersError CredentialsNotSupported DeviceNotActiveError EndpointNotFound
            EntityTooLarge EntityTooSmall IllegalLocationConstraintException
            IllegalVersioningConfigurationException IncorrectEndpoint IncorrectNumberOfFilesInPostRequest
            InlineDataTooLarge InvalidAccessPoint InvalidAccessPointAliasError InvalidAction InvalidArgument
            InvalidBucketAclWithObjectOwnership InvalidBucketName InvalidBucketOwnerAWSAccountID
            InvalidDigest InvalidEncryptionAlgorithmError InvalidHostHeader InvalidHttpMethod
            InvalidLocationConstraint InvalidParameterCombination InvalidParameterValue InvalidPart
            InvalidPartOrder InvalidPolicyDocument InvalidQueryParameter InvalidRequest InvalidSOAPRequest
            InvalidStorageClass InvalidTag InvalidTargetBucketForLogging InvalidURI KeyTooLongError
            KMS.DisabledException KMS.InvalidKeyUsageException KMS.KMSInvalidStateException
            KMS.NotFoundException MalformedACLError MalformedHttpRequestException MalformedPolicy
            MalformedPOSTRequest MalformedXML MaxMessageLengthExceeded MaxPostPreDataLengthExceededError
            MetadataTooLarge MissingAction MissingAttachment MissingParameter MissingRequestBodyError
            MissingSecurityElement MissingSecurityHeader NoLoggingStatusForKey NotDeviceOwnerError
            RequestHeaderSectionTooLarge RequestTorrentOfBucketError TagPolicyException
            TokenCodeInvalidError TooManyAccessPoints TooManyBuckets
            TooManyMultiRegionAccessPointregionsError TooManyMultiRegionAccessPoints TooManyTags
            UnexpectedContent UnresolvableGrantByEmailAddress UnsupportedArgument UserKeyMustBeSpecified
            ValidationError
        """,
        # Logging into another region is a wrong wish, whatever its status says of permissions.
        403: "CrossLocationLoggingProhibited InvalidObjectState InvalidRegion",
        404: "MalformedQueryString UnknownOperationException UnsupportedOperation",
        405: "MethodNotAllowed",
        409: "InvalidBucketState",
        411: "MissingContentLength",
        413: "RequestEntityTooLargeException",
        416: "InvalidRange",
        501: "NotImplemented",
    },
}

S3_AND_COMMON: list[tuple[str, int, type[CloudError]]] = [
    (code, status, kind)
    for kind, by_status in _BY_CLASS.items()
    for status, codes in by_status.items()
    for code in _words(codes)
]
"""Code, HTTP status and class of every documented error."""

OF_DNS_AND_CERTIFICATES: list[tuple[str, str, type[CloudError]]] = [
    (service, code, kind)
    for service, kind, codes in (
        ("route53", Pending, "PriorRequestNotComplete"),
        ("route53", Throttled, "Throttling ThrottlingException"),
        ("route53", Invalid, "InvalidChangeBatch InvalidDomainName InvalidInput NoSuchHostedZone"),
        ("acm", Pending, "RequestInProgressException ResourceInUseException"),
        ("acm", Conflict, "ConflictException ResourceNotFoundException"),
        ("acm", Throttled, "ThrottlingException"),
        (
            "acm",
            Invalid,
            """
            InvalidArgsException InvalidArnException InvalidDomainValidationOptionsException
            InvalidParameterException InvalidStateException InvalidTagException LimitExceededException
            TagPolicyException TooManyTagsException ValidationException
            """,
        ),
        ("acm", Denied, "AccessDeniedException"),
        ("kms", Unavailable, "DependencyTimeoutException KMSInternalException"),
        ("kms", Invalid, "InvalidArnException KMSInvalidStateException NotFoundException"),
        ("kinesis", Throttled, "LimitExceededException"),
    )
    for code in _words(codes)
]
"""Service, code and class of what the operations that we use can be answered, by botocore's models."""

# Nobody told us who we are, or not in a way that works.
DENIED = _words(
    """
    ConfigNotFound ConfigParseError CredentialRetrievalError InfiniteLoopConfigError InvalidConfigError
    InvalidIMDSEndpointError InvalidIMDSEndpointModeError LoginAuthorizationCodeError LoginError
    LoginInsufficientPermissions LoginRefreshRequired LoginTokenLoadError MetadataRetrievalError
    NoAuthTokenError NoCredentialsError PartialCredentialsError ProfileNotFound
    RefreshWithMFAUnsupportedError SSOError SSOTokenLoadError TokenRetrievalError
    UnauthorizedSSOTokenError UnknownCredentialError UnknownTokenProviderError
    """
)

# The request, or its answer, got lost.
UNAVAILABLE = _words(
    """
    CapacityNotAvailableError ChecksumError ConnectionClosedError ConnectionError ConnectTimeoutError
    EndpointConnectionError FlexibleChecksumError HTTPClientError IncompleteReadError
    ProxyConnectionError ReadTimeoutError ResponseStreamingError SSLError
    """
)

# botocore refuses to send what we ask for.
INVALID = _words(
    """
    AliasConflictParameterError ApiVersionNotFoundError AwsChunkedWrapperError BaseEndpointResolverError
    BotoCoreError DataNotFoundError EndpointProviderError EndpointResolutionError EndpointVariantError
    InvalidChecksumConfigError InvalidDefaultsMode InvalidDNSNameError InvalidEndpointConfigurationError
    InvalidEndpointDiscoveryConfigurationError InvalidExpressionError InvalidHostLabelError
    InvalidMaxRetryAttemptsError InvalidProxiesConfigError InvalidRegionError
    InvalidRetryConfigurationError InvalidRetryModeError InvalidS3AddressingStyleError
    InvalidS3UsEast1RegionalEndpointConfigError InvalidSTSRegionalEndpointsConfigError
    MD5UnavailableError MissingDependencyException MissingParametersError NoRegionError
    OperationNotPageableError PaginationError ParamValidationError RangeError ServiceNotInRegionError
    StubAssertionError StubResponseError UnknownClientMethodError UnknownEndpointError
    UnknownEndpointResolutionBuiltInName UnknownFIPSEndpointError UnknownKeyError UnknownParameterError
    UnknownRegionError UnknownServiceError UnknownServiceStyle UnknownSignatureVersionError
    UnseekableStreamError UnStubbedResponseError UnsupportedOutpostResourceError
    UnsupportedS3AccesspointConfigurationError UnsupportedS3ArnError UnsupportedS3ConfigurationError
    UnsupportedS3ControlArnError UnsupportedS3ControlConfigurationError UnsupportedServiceProtocolsError
    UnsupportedSignatureVersionError ValidationError WaiterConfigError WaiterError
    """
)

# These carry an answer of AWS and are judged by its code.
ANSWERS = ["ClientError", "EventStreamError"]

# No errors of the cloud: faults in the models that botocore brings along, and warnings.
BUGS = [
    "ImminentRemovalWarning",
    "MissingServiceIdError",
    "UndefinedModelAttributeError",
    "UnsupportedTLSVersionWarning",
]
