"""IAM policies as values: how they read, and how long they are."""

import json

from headrace.aws.policy import Policy, Statement, assuming, trust

ROLE = "arn:aws:iam::111122223333:role/delivery"
OPERATOR = "arn:aws:iam::111122223333:role/headrace-operator"


def test_one_action_and_one_resource_are_no_lists_and_several_are() -> None:
    one = Statement("One", ("s3:ListBucket",), ("arn:aws:s3:::a",)).document()
    two = Statement(
        "Two", ("s3:ListBucket", "s3:TagResource"), ("arn:aws:s3:::a", "arn:aws:s3:::b")
    ).document()

    assert (one["Action"], one["Resource"]) == ("s3:ListBucket", "arn:aws:s3:::a")
    assert (two["Action"], two["Resource"]) == (
        ["s3:ListBucket", "s3:TagResource"],
        ["arn:aws:s3:::a", "arn:aws:s3:::b"],
    )


def test_a_policy_reads_as_json_and_is_as_long_as_iam_counts() -> None:
    policy = Policy((Statement("One", ("s3:ListBucket",), ("arn:aws:s3:::a",)),))

    assert json.loads(policy.text()) == policy.document()
    short = '{"Version":"2012-10-17","Statement":[{"Sid":"One","Effect":"Allow","Action":"s3:ListBucket",'
    assert policy.characters == len(short + '"Resource":"arn:aws:s3:::a"}]}')


def test_whoever_assumes_a_role_needs_that_right_on_that_role_only() -> None:
    (statement,) = assuming(ROLE).document()["Statement"]

    assert (statement["Action"], statement["Resource"]) == ("sts:AssumeRole", ROLE)


def test_a_role_trusts_each_namespace_by_its_external_id_and_session_name() -> None:
    statements = trust(OPERATOR, "prod-1", ["shop", "n" * 63]).document()["Statement"]

    assert [statement["Sid"] for statement in statements] == ["Account", "Namespace1", "Namespace2"]
    assert {statement["Principal"]["AWS"] for statement in statements} == {OPERATOR}
    assert [list(statement["Condition"]["StringEquals"].values()) for statement in statements] == [
        ["prod-1/_account", "headrace@_account"],
        ["prod-1/shop", "headrace@shop"],
        [f"prod-1/{'n' * 63}", f"headrace@{'n' * 55}"],
    ]
