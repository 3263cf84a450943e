"""Which IAM action an AWS operation needs: the service's prefix and the operation's name, but for exceptions.

Sources: "Actions, resources, and condition keys for Amazon S3" and "… for Amazon CloudFront" in the Service
Authorization Reference, "Required permissions for Amazon S3 API operations" in the S3 User Guide.
"""

_PREFIXES = {"resourcegroupstaggingapi": "tag", "s3control": "s3"}

_EXCEPTIONS = {
    # And cloudfront:TagResource beside it.
    ("cloudfront", "CreateDistributionWithTags"): "cloudfront:CreateDistribution",
    ("s3", "HeadBucket"): "s3:ListBucket",
    ("s3", "ListObjectsV2"): "s3:ListBucket",
    ("s3", "ListObjectVersions"): "s3:ListBucketVersions",
    ("s3", "ListMultipartUploads"): "s3:ListBucketMultipartUploads",
    ("s3", "GetObjectLockConfiguration"): "s3:GetBucketObjectLockConfiguration",
    # With version ids, as we call it, it is s3:DeleteObjectVersion; of version "null" it is s3:DeleteObject.
    ("s3", "DeleteObjects"): "s3:DeleteObjectVersion",
    ("s3", "GetBucketAccelerateConfiguration"): "s3:GetAccelerateConfiguration",
    ("s3", "PutBucketAccelerateConfiguration"): "s3:PutAccelerateConfiguration",
    ("s3", "GetBucketEncryption"): "s3:GetEncryptionConfiguration",
    ("s3", "PutBucketEncryption"): "s3:PutEncryptionConfiguration",
    ("s3", "DeleteBucketEncryption"): "s3:PutEncryptionConfiguration",
    ("s3", "GetBucketLifecycleConfiguration"): "s3:GetLifecycleConfiguration",
    ("s3", "PutBucketLifecycleConfiguration"): "s3:PutLifecycleConfiguration",
    ("s3", "DeleteBucketLifecycle"): "s3:PutLifecycleConfiguration",
    ("s3", "GetPublicAccessBlock"): "s3:GetBucketPublicAccessBlock",
    ("s3", "PutPublicAccessBlock"): "s3:PutBucketPublicAccessBlock",
    ("s3", "DeletePublicAccessBlock"): "s3:PutBucketPublicAccessBlock",
    ("s3", "DeleteBucketOwnershipControls"): "s3:PutBucketOwnershipControls",
}

# Actions that know no resource: a policy can grant them on everything only.
_ON_EVERYTHING = frozenset(
    {
        "acm:ListCertificates",
        "acm:RequestCertificate",
        "cloudfront:CreateOriginAccessControl",
        "cloudfront:ListCachePolicies",
        "cloudfront:ListDistributions",
        "cloudfront:ListDistributionsByCachePolicyId",
        "cloudfront:ListDistributionsByOriginRequestPolicyId",
        "cloudfront:ListDistributionsByResponseHeadersPolicyId",
        "cloudfront:ListOriginAccessControls",
        "cloudfront:ListOriginRequestPolicies",
        "cloudfront:ListResponseHeadersPolicies",
        "route53:ListHostedZonesByName",
    }
)

OF_IDENTITY = frozenset({"sts:AssumeRole", "sts:AssumeRoleWithWebIdentity", "sts:GetCallerIdentity"})
"""What it takes to be somebody at all, whatever is then done."""

_ON_CONTENT = frozenset(
    {
        "s3:AbortMultipartUpload",
        "s3:DeleteObject",
        "s3:DeleteObjectVersion",
        "s3:GetObjectLegalHold",
        "s3:GetObjectRetention",
    }
)


def action_of(service: str, operation: str) -> str:
    """Return the IAM action, "s3:PutBucketVersioning", for botocore's names of service and operation.

    Where the service is not known, as in calls that botocore makes for credentials, that is the operation.
    """
    if not service:
        return operation
    return _EXCEPTIONS.get((service, operation), f"{_PREFIXES.get(service, service)}:{operation}")


def is_on_content(action: str) -> bool:
    """Say whether policies grant the action on what is in a resource, such as objects, and not on itself."""
    return action in _ON_CONTENT


def is_on_everything(action: str) -> bool:
    """Say whether policies can grant the action on all resources only, because it names none."""
    return action in _ON_EVERYTHING
