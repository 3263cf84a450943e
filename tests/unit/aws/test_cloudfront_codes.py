"""Every error of CloudFront that botocore knows has a class that was decided upon, quotas have a sentence."""

import re

import pytest
from botocore.session import get_session

from headrace.aws.actions import action_of
from headrace.aws.cloudfront_codes import CODES, QUOTAS
from headrace.aws.codes import CODES as ALL
from headrace.aws.errors import class_of
from headrace.engine.errors import CloudError, Conflict, Invalid, Pending, Waiting
from tests.unit.aws.test_errors import answer, translated

_MODEL = get_session().get_service_model("cloudfront")
# Of one distribution, what belongs to it and what it refers to; not those of multi-tenant ones.
_OURS = re.compile(
    r"(Create|Update|Get|Delete|List)(DistributionWithTags|Distributions?|DistributionConfig)"
    r"|ListDistributionsBy\w+PolicyId|ListConflictingAliases|\w+Resource"
    r"|\w+(OriginAccessControl|CachePolic|OriginRequestPolic|ResponseHeadersPolic)\w*"
)
OPERATIONS = [name for name in _MODEL.operation_names if _OURS.fullmatch(name)]


def errors() -> dict[str, int]:
    """Return the codes that these operations have, with their HTTP status."""
    shapes = [shape for name in OPERATIONS for shape in _MODEL.operation_model(name).error_shapes]
    about = [(shape.name, shape.metadata["error"]) for shape in shapes]
    return {error.get("code", name): error["httpStatusCode"] for name, error in about}


def test_the_operations_are_those_of_a_distribution() -> None:
    assert {"CreateDistributionWithTags", "TagResource", "DeleteCachePolicy"} <= set(OPERATIONS)
    assert len(OPERATIONS) == 39


def test_every_error_of_these_operations_was_decided_upon() -> None:
    known = frozenset().union(*ALL.values())
    assert sorted(errors().keys() - known) == []


def test_no_code_is_decided_upon_that_there_is_not() -> None:
    assert sorted(frozenset().union(*CODES.values()) - errors().keys()) == []


@pytest.mark.parametrize(("code", "status"), sorted(errors().items()))
def test_what_is_used_up_has_a_sentence(code: str, status: int) -> None:
    limit = code.startswith(("TooMany", "TooLong")) or "Limit" in code
    assert limit is (code in QUOTAS)
    assert class_of(code, status) is Invalid or not limit


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("PreconditionFailed", Conflict),
        ("InvalidIfMatchVersion", Conflict),
        ("DistributionAlreadyExists", Conflict),
        ("CachePolicyInUse", Pending),
        ("DistributionNotDisabled", Pending),
        ("NoSuchCachePolicy", Waiting),
        ("CNAMEAlreadyExists", Invalid),
        ("InvalidTTLOrder", Invalid),
    ],
)
def test_a_code_says_what_is_to_be_done_next(code: str, kind: type[CloudError]) -> None:
    assert class_of(code, errors()[code]) is kind


def test_a_quota_is_told_with_its_number() -> None:
    refused = answer("TooManyCachePolicies", 400, "Too many.", "CreateCachePolicy", "cloudfront")
    assert translated(refused).message == (
        "AWS refused CreateCachePolicy (TooManyCachePolicies): an account has up to 20 custom cache "
        "policies, unless AWS allows more on request. CloudFront says: Too many."
    )


def test_an_alias_that_is_taken_is_told_with_what_to_do() -> None:
    said = "One or more of the CNAMEs you provided are already associated with a different resource."
    refused = answer("CNAMEAlreadyExists", 409, said, "UpdateDistribution", "cloudfront")
    assert translated(refused).message == (
        "AWS refused UpdateDistribution (CNAMEAlreadyExists): One or more of the CNAMEs you provided are "
        "already associated with a different resource. Take the alias off what holds it, or leave it out."
    )


def test_to_make_one_with_tags_is_to_make_one() -> None:
    assert action_of("cloudfront", "CreateDistributionWithTags") == "cloudfront:CreateDistribution"
    assert action_of("cloudfront", "CreateOriginAccessControl") == "cloudfront:CreateOriginAccessControl"
