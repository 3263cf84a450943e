"""Whether a key's policy lets a distribution decrypt."""

import json
from typing import Any

import pytest

from headrace.aws.sessions import Account
from headrace.aws.target import Target
from headrace.engine.errors import Invalid
from headrace.resources.kms.policies import access, lets_in, needed_statement
from tests.unit.aws.loopback import Answer, Loopback

ARN = "arn:aws:cloudfront::123456789012:distribution/E1"
ROOT = {
    "Effect": "Allow",
    "Principal": {"AWS": "arn:aws:iam::123456789012:root"},
    "Action": "kms:*",
    "Resource": "*",
}
SERVICE = {"Service": "cloudfront.amazonaws.com"}


def statement(condition: Any = None, **said: Any) -> dict[str, Any]:
    made: dict[str, Any] = {
        "Effect": "Allow",
        "Principal": SERVICE,
        "Action": "kms:Decrypt",
        "Resource": "*",
        **said,
    }
    return {**made, "Condition": condition} if condition else made


def policy(*statements: Any) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def test_the_statement_that_is_needed_is_enough_for_this_distribution_only() -> None:
    document = policy(ROOT, needed_statement(ARN))
    assert lets_in(document, ARN)
    assert not lets_in(document, ARN.replace("E1", "E12"))
    assert not lets_in(policy(ROOT), ARN)
    assert not lets_in({}, ARN)


@pytest.mark.parametrize(
    "allowing",
    [
        statement(),
        statement(Action="kms:*"),
        statement(Action=["kms:Encrypt", "KMS:decrypt"]),
        statement(Action="*"),
        statement(Action="kms:De?rypt*"),
        statement(Principal={"Service": ["s3.amazonaws.com", "cloudfront.amazonaws.com"]}),
        statement(Principal="*"),
        statement(Principal={"AWS": "*"}),
        statement({"StringEquals": {"AWS:SourceArn": ARN}}),
        statement({"StringEquals": {"aws:SourceArn": ["arn:x", ARN]}}),
        statement({"StringLike": {"aws:SourceArn": "arn:aws:cloudfront::123456789012:distribution/*"}}),
        statement({"ArnLike": {"aws:SourceArn": "arn:aws:cloudfront::*:distribution/E?"}}),
        statement({"ArnEquals": {"aws:SourceArn": "*"}}),
        statement({"StringEqualsIfExists": {"aws:SourceArn": ARN}}),
        statement({"ForAnyValue:StringLike": {"aws:SourceArn": "arn:*"}}),
        statement({"StringEquals": {"aws:SourceAccount": "123456789012"}}),
        statement({"StringNotEquals": {"aws:SourceArn": "arn:x"}}),
        statement({"Bool": {"aws:PrincipalIsAWSService": True}}),
        # Nobody here can know.
        statement({"StringEquals": {"kms:ViaService": "s3.eu-central-1.amazonaws.com"}}),
        statement({"DateLessThan": {"aws:SourceArn": "odd"}}),
    ],
)
def test_a_statement_lets_it_in(allowing: Any) -> None:
    assert lets_in(policy(allowing), ARN)
    assert lets_in({"Statement": allowing}, ARN), "a single statement need not be in a list"


@pytest.mark.parametrize(
    "useless",
    [
        statement(Action="kms:Encrypt"),
        statement(Action=["kms:Describe*", "kms:Get*"]),
        statement(Principal={"Service": "s3.amazonaws.com"}),
        statement(Principal={"AWS": "arn:aws:iam::123456789012:root"}),
        statement({"StringEquals": {"aws:SourceArn": "arn:aws:cloudfront::123456789012:distribution/*"}}),
        statement({"StringLike": {"aws:SourceArn": "arn:aws:cloudfront::123456789012:distribution/F*"}}),
        statement({"ArnLike": {"aws:SourceArn": "arn:*:E1"}}),
        statement({"StringEquals": {"aws:SourceArn": ARN, "aws:SourceAccount": "222222222222"}}),
        statement({"StringEquals": {"aws:SourceArn": ARN}, "StringNotLike": {"aws:SourceArn": "arn:*"}}),
        statement({"StringNotEquals": {"aws:SourceAccount": "123456789012"}}),
    ],
)
def test_a_statement_does_not_let_it_in(useless: Any) -> None:
    assert not lets_in(policy(useless), ARN)


@pytest.mark.parametrize(
    ("denying", "lets"),
    [
        (statement(Effect="Deny"), False),
        (statement(Effect="Deny", Principal="*", Action="kms:*"), False),
        (statement({"StringNotEquals": {"aws:SourceArn": "arn:x"}}, Effect="Deny", Principal="*"), False),
        (statement({"StringNotEquals": {"aws:SourceArn": ARN}}, Effect="Deny", Principal="*"), True),
        (
            statement({"Bool": {"aws:PrincipalIsAWSService": "false"}}, Effect="Deny", Principal="*"),
            True,
        ),
        (statement({"StringNotEquals": {"aws:PrincipalOrgID": "o-1"}}, Effect="Deny", Principal="*"), True),
        (statement(Effect="Deny", Action="kms:Encrypt"), True),
        ({"Effect": "Deny", "NotPrincipal": SERVICE, "Action": "kms:*", "Resource": "*"}, True),
        ({"Effect": "Deny", "NotPrincipal": {"AWS": "arn:x"}, "Action": "kms:*", "Resource": "*"}, False),
        ({"Effect": "Deny", "Principal": "*", "NotAction": "kms:De*", "Resource": "*"}, True),
        ({"Effect": "Deny", "Principal": "*", "NotAction": "kms:Get*", "Resource": "*"}, False),
    ],
)
def test_a_denial_wins_where_it_is_about_the_distribution(denying: Any, lets: bool) -> None:
    assert lets_in(policy(needed_statement(ARN), denying), ARN) is lets


# Read from the key

KEY = "arn:aws:kms:eu-central-1:111122223333:key/k1"


@pytest.fixture
def target(account: Account, aws: Loopback) -> Target:
    made = Target(account, "eu-central-1", "k1", KEY)
    aws.asked.clear()
    return made


def told(document: Any) -> Answer:
    return Answer(200, json.dumps({"Policy": json.dumps(document)}))


def refusal(code: str) -> Answer:
    return Answer(400, json.dumps({"__type": code, "message": "No."}))


def test_a_key_that_lets_it_in_needs_nothing(target: Target, aws: Loopback) -> None:
    aws.answers = [told(policy(ROOT, needed_statement(ARN)))]
    found = access(target, KEY, ARN)
    assert (found.granted, found.message, len(aws.asked)) == (True, "", 1)


def test_a_key_that_does_not_is_told_with_the_statement_to_add(target: Target, aws: Loopback) -> None:
    aws.answers = [told(policy(ROOT))]
    found = access(target, KEY, ARN)
    said, _, pasted = found.message.partition("Add the statement ")
    assert (found.granted, said) == (
        False,
        f"The policy of KMS key {KEY} does not let CloudFront decrypt. ",
    )
    assert json.loads(pasted) == needed_statement(ARN)


def test_where_the_policy_may_not_be_read_nobody_can_say(target: Target, aws: Loopback) -> None:
    aws.answers = [refusal("AccessDeniedException")]
    found = access(target, KEY, ARN)
    assert (found.granted, found.message) == (
        None,
        f"Whether KMS key {KEY} lets CloudFront decrypt is not known: kms:GetKeyPolicy on {KEY} is denied to "
        "arn:aws:iam::111122223333:user/operator. Allow it in that identity's policy, and look for a policy "
        "that denies it.",
    )


def test_any_other_error_is_one(target: Target, aws: Loopback) -> None:
    aws.answers = [refusal("NotFoundException")]
    with pytest.raises(Invalid):
        access(target, KEY, ARN)
