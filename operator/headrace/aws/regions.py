"""Which regions an account has to enable before it can use them."""

# "Regions introduced before March 20, 2019 are enabled by default" ("Enable or disable AWS Regions in your
# account" in the Account Management Reference Guide): this list is closed.
_ALWAYS = frozenset(
    {
        *("ap-northeast-1", "ap-northeast-2", "ap-northeast-3", "ap-south-1", "ap-southeast-1"),
        *("ap-southeast-2", "ca-central-1", "eu-central-1", "eu-north-1", "eu-west-1", "eu-west-2"),
        *("eu-west-3", "sa-east-1", "us-east-1", "us-east-2", "us-west-1", "us-west-2"),
    }
)
# Regions of other partitions, whose accounts have all of them.
_ELSEWHERE = ("cn-", "eu-iso", "eusc-", "us-gov-", "us-iso")


def opt_in(region: str) -> bool:
    """Say whether this region is off in an account until its owner enables it."""
    return bool(region) and region not in _ALWAYS and not region.startswith(_ELSEWHERE)
