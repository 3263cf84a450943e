"""What of S3 depends on the region: where Transfer Acceleration is, and the domain of each partition."""

ACCELERATED = frozenset(
    {
        *("ap-northeast-1", "ap-northeast-2", "ap-south-1", "ap-southeast-1", "ap-southeast-2"),
        *("ca-central-1", "eu-central-1", "eu-west-1", "eu-west-2", "eu-west-3", "sa-east-1"),
        *("us-east-1", "us-east-2", "us-west-1", "us-west-2"),
    }
)
"""The regions with Transfer Acceleration ("Configuring fast, secure file transfers using Amazon S3 Transfer
Acceleration", Requirements, in the S3 User Guide). AWS GovCloud (US) has none ("Amazon S3" in its User
Guide). In all others S3 answers 405 MethodNotAllowed, or 400 UnsupportedArgument, even to a reading."""

# By the first labels of a region's name ("Partitions" in the AWS General Reference, and botocore's data).
_PARTITIONS = (
    ("cn-", "aws-cn", "amazonaws.com.cn"),
    ("us-gov-", "aws-us-gov", "amazonaws.com"),
    ("us-iso-", "aws-iso", "c2s.ic.gov"),
    ("us-isob-", "aws-iso-b", "sc2s.sgov.gov"),
    ("eu-isoe-", "aws-iso-e", "cloud.adc-e.uk"),
    ("us-isof-", "aws-iso-f", "csp.hci.ic.gov"),
    ("eusc-", "aws-eusc", "amazonaws.eu"),
)
_STANDARD = ("", "aws", "amazonaws.com")


def has_acceleration(region: str) -> bool:
    """Say whether buckets in this region can be accelerated."""
    return region in ACCELERATED


def partition_of(region: str) -> str:
    """Return the partition that a region is in, such as aws, aws-cn or aws-us-gov."""
    return _found(region)[1]


def domain_of(region: str) -> str:
    """Return the domain under which the services of a region answer."""
    return _found(region)[2]


def _found(region: str) -> tuple[str, str, str]:
    return next((entry for entry in _PARTITIONS if region.startswith(entry[0])), _STANDARD)
