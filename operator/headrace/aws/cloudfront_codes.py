"""The error codes of CloudFront, by the class that says what is to be done next, and its quotas.

Sources: the errors of each operation in the CloudFront API Reference, "Quotas" in the Developer Guide.
"""

from collections.abc import Mapping

from headrace.engine.errors import CloudError, Conflict, Invalid, Pending, Waiting

QUOTAS: Mapping[str, str] = {
    "EntityLimitExceeded": "there can be only so many of these",
    "TooLongCSPInResponseHeadersPolicy": "a contentSecurityPolicy has up to 1783 characters",
    "TooManyCacheBehaviors": "a distribution has up to 75 cache behaviors",
    "TooManyCachePolicies": "an account has up to 20 custom cache policies",
    "TooManyCertificates": "an account has up to 2 certificates with dedicated IP addresses",
    "TooManyCookieNamesInWhiteList": "a cache behavior names up to 10 cookies",
    "TooManyCookiesInCachePolicy": "a cache policy names up to 10 cookies",
    "TooManyCookiesInOriginRequestPolicy": "an origin request policy names up to 10 cookies",
    "TooManyCustomHeadersInResponseHeadersPolicy": "a response headers policy has up to 10 custom headers",
    "TooManyDistributionCNAMEs": "a distribution has up to 100 aliases",
    "TooManyDistributions": "an account has up to 500 distributions",
    "TooManyDistributionsAssociatedToCachePolicy": "up to 100 distributions use the same cache policy",
    "TooManyDistributionsAssociatedToFieldLevelEncryptionConfig": (
        "up to 20 distributions use the same field-level encryption"
    ),
    "TooManyDistributionsAssociatedToKeyGroup": "up to 100 distributions use the same key group",
    "TooManyDistributionsAssociatedToOriginAccessControl": (
        "up to 100 distributions use the same origin access control"
    ),
    "TooManyDistributionsAssociatedToOriginRequestPolicy": (
        "up to 100 distributions use the same origin request policy"
    ),
    "TooManyDistributionsAssociatedToResponseHeadersPolicy": (
        "up to 100 distributions use the same response headers policy"
    ),
    "TooManyDistributionsWithFunctionAssociations": "only so many distributions have functions",
    "TooManyDistributionsWithLambdaAssociations": (
        "an account has up to 500 distributions with Lambda@Edge functions"
    ),
    "TooManyDistributionsWithSingleFunctionARN": "up to 100 distributions use the same function",
    "TooManyFunctionAssociations": "a distribution has only so many functions",
    "TooManyHeadersInCachePolicy": "a cache policy names up to 10 headers",
    "TooManyHeadersInForwardedValues": "a cache behavior names up to 10 headers",
    "TooManyHeadersInOriginRequestPolicy": "an origin request policy names up to 10 headers",
    "TooManyKeyGroupsAssociatedToDistribution": "a cache behavior trusts up to 4 key groups",
    "TooManyLambdaFunctionAssociations": "a distribution has up to 100 Lambda@Edge functions",
    "TooManyOriginAccessControls": "an account has up to 100 origin access controls",
    "TooManyOriginCustomHeaders": "an origin has up to 30 custom headers",
    "TooManyOriginGroupsPerDistribution": "a distribution has up to 10 origin groups",
    "TooManyOriginRequestPolicies": "an account has up to 20 custom origin request policies",
    "TooManyOrigins": "a distribution has up to 100 origins",
    "TooManyQueryStringParameters": "a cache behavior names up to 10 query strings",
    "TooManyQueryStringsInCachePolicy": "a cache policy names up to 10 query strings",
    "TooManyQueryStringsInOriginRequestPolicy": "an origin request policy names up to 10 query strings",
    "TooManyRemoveHeadersInResponseHeadersPolicy": "a response headers policy takes out only so many headers",
    "TooManyResponseHeadersPolicies": "an account has up to 20 custom response headers policies",
    "TooManyTrustedSigners": "a distribution trusts only so many signers",
}
"""What there is only so much of, unless AWS allows more on request."""

ADVICE: Mapping[str, str] = {
    # Not NotOurs: it is about the alias, and the distribution that wants it is ours.
    "CNAMEAlreadyExists": "Take the alias off what holds it, or leave it out.",
    "ContinuousDeploymentPolicyInUse": "Take the policy off the distribution that has it.",
    "StagingDistributionInUse": "Take the staging distribution out of the policy that has it.",
}
"""What to do about what somebody else holds."""

CODES: Mapping[type[CloudError], frozenset[str]] = {
    Pending: frozenset(
        [
            "CachePolicyInUse",
            "DistributionNotDisabled",
            "OriginAccessControlInUse",
            "OriginRequestPolicyInUse",
            "ResourceInUse",
            "ResponseHeadersPolicyInUse",
        ]
    ),
    Conflict: frozenset(
        [
            "CachePolicyAlreadyExists",
            "DistributionAlreadyExists",
            "InvalidIfMatchVersion",
            "NoSuchDistribution",
            "NoSuchOriginAccessControl",
            "NoSuchResource",
            "OriginAccessControlAlreadyExists",
            "OriginRequestPolicyAlreadyExists",
            "ResponseHeadersPolicyAlreadyExists",
        ]
    ),
    # What a distribution refers to. A policy that others removed meanwhile is made anew by the next pass.
    Waiting: frozenset(
        [
            "EntityNotFound",
            "NoSuchCachePolicy",
            "NoSuchContinuousDeploymentPolicy",
            "NoSuchFieldLevelEncryptionConfig",
            "NoSuchOriginRequestPolicy",
            "NoSuchRealtimeLogConfig",
            "NoSuchResponseHeadersPolicy",
            "TrustedKeyGroupDoesNotExist",
        ]
    ),
    Invalid: frozenset(
        [
            *QUOTAS,
            *ADVICE,
            "IllegalDelete",
            "IllegalFieldLevelEncryptionConfigAssociationWithCacheBehavior",
            "IllegalOriginAccessConfiguration",
            "IllegalUpdate",
            "InconsistentQuantities",
            "InvalidDefaultRootObject",
            "InvalidDomainNameForOriginAccessControl",
            "InvalidErrorCode",
            "InvalidForwardCookies",
            "InvalidFunctionAssociation",
            "InvalidGeoRestrictionParameter",
            "InvalidHeadersForS3Origin",
            "InvalidLambdaFunctionAssociation",
            "InvalidLocationCode",
            "InvalidMinimumProtocolVersion",
            "InvalidOrigin",
            "InvalidOriginAccessControl",
            "InvalidOriginAccessIdentity",
            "InvalidOriginKeepaliveTimeout",
            "InvalidOriginReadTimeout",
            "InvalidProtocolSettings",
            "InvalidQueryStringParameters",
            "InvalidRelativePath",
            "InvalidRequiredProtocol",
            "InvalidResponseCode",
            "InvalidTTLOrder",
            "InvalidTagging",
            "InvalidViewerCertificate",
            "InvalidWebACLId",
            "MissingBody",
            "NoSuchOrigin",
            "RealtimeLogConfigOwnerMismatch",
            "TrustedSignerDoesNotExist",
        ]
    ),
}


def sentence(code: str, said: str, operation: str) -> str | None:
    """Say what is used up, or what to do about what somebody else holds; None for other codes."""
    told = f"AWS refused {operation} ({code})"
    if code in QUOTAS:
        return f"{told}: {QUOTAS[code]}, unless AWS allows more on request. CloudFront says: {said}"
    if code in ADVICE:
        return f"{told}: {said.rstrip('.')}. {ADVICE[code]}"
    return None
