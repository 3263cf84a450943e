"""Which distributions may read the bucket's objects, by a statement in its policy that names them."""

from typing import Annotated

from pydantic import AfterValidator, Field

from headrace.aws.target import Target
from headrace.engine.facet import Facet, Permissions
from headrace.engine.slices import Missing, Slice
from headrace.resources.models import in_order
from headrace.resources.s3.bucket._policy import CHANGED, Statement, canonical, put_statements, statements

_SID = "HeadraceCloudFrontAccess"
_SOURCE = "aws:SourceArn"

DistributionARN = Annotated[
    str,
    Field(max_length=256, pattern=r"^arn:aws[a-z-]*:cloudfront::[0-9]{12}:distribution/[A-Z0-9]{1,64}$"),
]


class CloudFrontAccess(Slice):
    """Distributions that may read the objects; those of Distributions that refer to it are, anyway."""

    distribution_arns: Annotated[tuple[DistributionARN, ...], AfterValidator(in_order)] = Field(
        (), max_length=100, description="ARNs of distributions. None: no other distribution."
    )


class CloudFrontAccessFacet(Facet[CloudFrontAccess, Target]):
    """One statement, there or not; those of others in the policy are left alone."""

    name = "cloudFrontAccess"
    slice = CloudFrontAccess
    resting = CloudFrontAccess()
    initial = CloudFrontAccess()
    permissions = Permissions(
        read=frozenset({"s3:GetBucketPolicy"}),
        write=frozenset({"s3:DeleteBucketPolicy", "s3:PutBucketPolicy"}),
    )

    def observe(self, target: Target) -> CloudFrontAccess | Missing:
        """Read whom our statement lets in; one that was changed otherwise is shown as that."""
        found = statements(target, _owns)
        # Unchecked: others may have written there what spec may not say.
        return CloudFrontAccess.model_construct(distribution_arns=_let_in(found, target.arn))

    def apply(self, target: Target, after: CloudFrontAccess, before: CloudFrontAccess | Missing) -> None:
        """Put our statement in the place of the one that is there."""
        arns = tuple(arn for arn in after.distribution_arns if arn != CHANGED)
        put_statements(target, _owns, [cloud_front_statement(target.arn, arns, _SID)] if arns else [])


def cloud_front_statement(bucket_arn: str, distribution_arns: tuple[str, ...], sid: str = _SID) -> Statement:
    """Return what lets these distributions read all objects of a bucket, and nobody else.

    CloudFront Developer Guide, "Restrict access to an Amazon S3 origin".
    """
    return {
        "Sid": sid,
        "Effect": "Allow",
        "Principal": {"Service": "cloudfront.amazonaws.com"},
        "Action": "s3:GetObject",
        "Resource": f"{bucket_arn}/*",
        "Condition": {"StringEquals": {_SOURCE: sorted(distribution_arns)}},
    }


def _owns(sid: str) -> bool:
    return sid == _SID


def _let_in(found: tuple[Statement, ...], bucket_arn: str) -> tuple[str, ...]:
    if not found:
        return ()
    arns = canonical(found[0]).get("Condition", {}).get("StringEquals", {}).get(_SOURCE.lower(), [])
    wanted = cloud_front_statement(bucket_arn, tuple(arns))
    same = [canonical(each) for each in found] == [canonical(wanted)]
    return in_order(arns) if same else (CHANGED,)
