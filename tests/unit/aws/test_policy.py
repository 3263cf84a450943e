"""IAM policies as values: how they read, and how long they are."""

import json

from headrace.aws.policy import (
    MOST_OF_TRUST,
    Policy,
    Statement,
    assuming,
    trust,
    trust_of_agent,
    trust_of_token,
)

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

    assert (statement["Action"], statement["Resource"]) == (["sts:AssumeRole", "sts:TagSession"], ROLE)


def test_a_role_trusts_each_namespace_by_its_external_id_and_session_name() -> None:
    *statements, tags = trust(OPERATOR, "prod-1", ["shop", "n" * 63]).document()["Statement"]

    assert [statement["Sid"] for statement in statements] == ["Account", "Namespace1", "Namespace2"]
    assert {statement["Principal"]["AWS"] for statement in (*statements, tags)} == {OPERATOR}
    assert (tags["Action"], "Condition" in tags) == ("sts:TagSession", False)
    assert [list(statement["Condition"]["StringEquals"].values()) for statement in statements] == [
        ["prod-1/_account", "headrace@_account"],
        ["prod-1/shop", "headrace@shop"],
        [f"prod-1/{'n' * 63}", f"headrace@{'n' * 55}"],
    ]


def test_the_role_of_five_teams_fits_into_the_quota_of_trust_policies() -> None:
    teams = [f"team-{number:07}" for number in range(5)]

    assert trust(OPERATOR, "prod-eu-1", teams).characters <= MOST_OF_TRUST


def test_a_role_trusts_one_service_account_by_its_token_or_by_the_tags_of_the_agent() -> None:
    where = ("headrace-system", "headrace-operator")
    (token,) = trust_of_token("111122223333", "oidc.example/id/1", *where).document()["Statement"]
    (agent,) = trust_of_agent("arn:aws:eks:eu-west-1:111122223333:cluster/c", *where).document()["Statement"]

    assert token["Principal"] == {"Federated": "arn:aws:iam::111122223333:oidc-provider/oidc.example/id/1"}
    assert token["Condition"]["StringEquals"] == {
        "oidc.example/id/1:aud": "sts.amazonaws.com",
        "oidc.example/id/1:sub": "system:serviceaccount:headrace-system:headrace-operator",
    }
    assert agent["Principal"] == {"Service": "pods.eks.amazonaws.com"}
    assert list(agent["Condition"]["StringEquals"].values())[1:] == list(where)
