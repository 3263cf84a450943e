"""Which account an object works with, as whom and with which rights: the boundary of tenants."""

import re

import pytest

from headrace.aws.credentials import Keys, Role
from headrace.controller.accounts import EVERYTHING, Grants, granted
from headrace.controller.api import ApiError
from headrace.engine.errors import Denied, Invalid, Unavailable, Waiting
from tests.unit.controller.tenancy import DELETING, Cluster, account, bucket

KEYS = {"aws_access_key_id": "AKIA1", "aws_secret_access_key": "s3cr3t"}
FROM_SECRET = {"credentials": {"secretRef": {"name": "keys"}}}
ROLE = "arn:aws:iam::111122223333:role/delivery"
BY_ROLE = {"credentials": {"roleARN": ROLE}}


@pytest.fixture
def cluster() -> Cluster:
    return Cluster()


# Which one


def test_the_account_that_is_named_is_used(cluster: Cluster) -> None:
    cluster.has(account("a", {"default": True}), account("b", {"region": "us-east-2"}))
    access = cluster.accounts.of("shop", "b")
    assert (access.name, access.account.region, access.source) == ("b", "us-east-2", "account b")


def test_who_names_none_has_the_default(cluster: Cluster) -> None:
    cluster.has(account("a"), account("b", {"default": True}))
    assert cluster.accounts.of("shop", None).name == "b"


def test_an_account_that_is_not_there_is_waited_for(cluster: Cluster) -> None:
    with pytest.raises(Waiting, match=r"^There is no AWSAccount a yet\.$"):
        cluster.accounts.of("shop", "a")


def test_two_defaults_are_told_to_those_who_name_none_only(cluster: Cluster) -> None:
    cluster.has(account("b", {"default": True}), account("a", {"default": True}))
    with pytest.raises(Invalid, match=r"^AWSAccounts a and b all say default: true; only one may\."):
        cluster.accounts.of("shop", None)
    assert cluster.accounts.of("shop", "a").name == "a"


def test_a_default_that_is_to_go_is_the_default_until_there_is_another(cluster: Cluster) -> None:
    cluster.has(account("a", {"default": True}, **DELETING), bucket("media"))
    assert cluster.accounts.of("shop", None).name == "a"
    assert [str(ref) for ref in cluster.accounts.used_by("a")] == ["AcceleratedBucket shop/media"]
    cluster.has(account("b", {"default": True}))
    assert cluster.accounts.of("shop", None).name == "b"
    assert cluster.accounts.used_by("a") == []


def test_without_any_account_the_operator_s_own_credentials_need_leave() -> None:
    with pytest.raises(Denied, match="start the operator with --allow-ambient"):
        Cluster().accounts.of("shop", None)
    access = Cluster(allow_ambient=True).accounts.of("shop", None)
    assert (access.name, access.grants) == ("", EVERYTHING)


def test_a_spec_that_makes_no_sense_is_told_with_the_account_s_name(cluster: Cluster) -> None:
    cluster.has(account("a", {"region": 7}))
    with pytest.raises(Invalid, match=r"^AWSAccount a: spec\.region: "):
        cluster.accounts.of("shop", "a")


# Who may use it, and for what


@pytest.mark.parametrize(
    ("entry", "labels", "may"),
    [
        ({"names": ["shop"]}, {}, True),
        ({"names": ["sho*"]}, {}, True),
        ({"names": ["*"]}, {}, True),
        ({"names": ["sho"]}, {}, False),
        ({"names": ["s.op"]}, {}, False),
        ({"selector": {"matchLabels": {"team": "a"}}}, {"team": "a", "more": "b"}, True),
        ({"selector": {"matchLabels": {"team": "a", "tier": "1"}}}, {"team": "a"}, False),
        ({"selector": {"matchLabels": {"team": "a"}}}, {"team": "b"}, False),
        ({"names": ["games"], "selector": {"matchLabels": {"team": "a"}}}, {"team": "a"}, True),
    ],
)
def test_namespaces_are_named_or_selected(
    cluster: Cluster, entry: dict[str, object], labels: dict[str, str], may: bool
) -> None:
    cluster.has(account("a", {"namespaces": [entry]}))
    cluster.labels["shop"] = labels
    if may:
        assert cluster.accounts.of("shop", "a").grants == Grants()
    else:
        with pytest.raises(Denied, match=r"^Namespace shop may not use AWSAccount a: no entry of its spec"):
            cluster.accounts.of("shop", "a")


def test_what_several_entries_grant_adds_up_and_nothing_of_the_others(cluster: Cluster) -> None:
    entries = [
        {"names": ["shop"], "buckets": {"create": ["shop-*"]}, "passes": {"keys": ["k1"]}},
        {"names": ["*"], "buckets": {"adopt": ["old-*"]}, "hostedZones": ["Z1"]},
        {"names": ["games"], "buckets": {"create": ["games-*"]}, "passes": {"roles": ["*"]}},
    ]
    cluster.has(account("a", {"namespaces": entries}))
    assert cluster.accounts.of("shop", "a").grants == Grants(
        create=("shop-*",), adopt=("old-*",), keys=("k1",), hosted_zones=("Z1",)
    )


@pytest.mark.parametrize(
    ("pattern", "value", "covers"),
    [
        ("*", "anything", True),
        ("shop-*", "shop-media", True),
        ("shop-*", "my-shop-media", False),
        ("shop.media", "shopxmedia", False),
        ("*-media", "shop-media\n", False),
        ("arn:aws:kms:*:111122223333:key/*", "arn:aws:kms:eu-west-1:111122223333:key/1", True),
        ("arn:aws:kms:*:111122223333:key/*", "arn:aws:kms:eu-west-1:444455556666:key/1", False),
        ("", "", True),
        ("", "shop", False),
    ],
)
def test_a_star_is_any_characters_and_all_else_is_itself(pattern: str, value: str, covers: bool) -> None:
    assert granted([pattern], value) is covers
    assert granted([], value) is False


def test_cleaning_up_needs_no_grant(cluster: Cluster) -> None:
    cluster.has(account("a", {"namespaces": []}), bucket("media", {"account": "a"}))
    (obj,) = [o for o in cluster.cache if o.ref.name == "media"]
    with pytest.raises(Denied):
        cluster.accounts.of("shop", "a")
    assert cluster.accounts.of_deleting(obj) is cluster.accounts.itself(cluster.get("a"))


# As whom


def test_a_role_is_assumed_in_the_name_of_the_namespace(cluster: Cluster) -> None:
    cluster.has(account("a", BY_ROLE))
    for namespace in ("shop", "games", "shop"):
        cluster.accounts.of(namespace, "a")
    cluster.accounts.itself(cluster.get("a"))
    assert [source.credentials for source in cluster.made] == [
        Role(ROLE, "prod-1/shop", "headrace@shop"),
        Role(ROLE, "prod-1/games", "headrace@games"),
        Role(ROLE, "prod-1/_account", "headrace@_account"),
    ]


def test_the_name_of_a_session_is_as_long_as_sts_takes_it(cluster: Cluster) -> None:
    cluster.has(account("a", BY_ROLE))
    cluster.accounts.of("n" * 63, "a")
    (source,) = cluster.made
    assert isinstance(source.credentials, Role)
    assert re.fullmatch(r"[\w+=,.@-]{2,64}", source.credentials.session_name)
    assert source.credentials.external_id == f"prod-1/{'n' * 63}"


def test_all_namespaces_share_the_account_that_has_keys_of_its_own(cluster: Cluster) -> None:
    cluster.has(account("a", FROM_SECRET))
    cluster.vault.secrets["keys"] = KEYS
    first = cluster.accounts.of("shop", "a").account
    assert cluster.accounts.of("games", "a").account is first
    assert cluster.made[0].credentials == Keys("AKIA1", "s3cr3t", None, "Secret keys")


def test_two_accounts_are_two_even_where_they_say_the_same(cluster: Cluster) -> None:
    cluster.has(account("a"), account("b"))
    assert cluster.accounts.of("shop", "a").account is not cluster.accounts.of("shop", "b").account


def test_keys_never_show_in_a_text(cluster: Cluster) -> None:
    cluster.has(account("a", FROM_SECRET))
    cluster.vault.secrets["keys"] = KEYS
    access = cluster.accounts.of("shop", "a")
    shown = repr(access) + repr(cluster.made) + repr(cluster.vault.secret("keys"))
    assert "s3cr3t" not in shown
    assert "AKIA1" not in shown


def test_what_the_account_says_goes_into_its_source(cluster: Cluster) -> None:
    spec = {"region": "eu-west-1", "endpointURL": "http://x", "requestsPerSecond": {"s3": 5}}
    cluster.has(account("a", {**spec, "defaultTags": {"team": "a"}}))
    access = cluster.accounts.of("shop", "a")
    (source,) = cluster.made
    assert (source.region, source.endpoint_url, source.rates) == ("eu-west-1", "http://x", {"s3": 5.0})
    assert access.default_tags == {"team": "a"}


def test_an_account_that_is_gone_is_forgotten(cluster: Cluster) -> None:
    cluster.has(account("a", BY_ROLE), account("b"))
    for name in ("a", "b"):
        cluster.accounts.of("shop", name)
    cluster.accounts.forget("a")
    cluster.accounts.of("shop", "b")
    cluster.accounts.of("shop", "a")
    assert len(cluster.made) == 3


# Secrets


def test_a_secret_is_read_once_in_a_while_and_new_keys_make_a_new_account(cluster: Cluster) -> None:
    cluster.has(account("a", FROM_SECRET))
    cluster.vault.secrets["keys"] = KEYS
    first = {cluster.accounts.of("shop", "a").account for _ in range(10)}.pop()
    assert cluster.vault.asked == 1
    cluster.vault.secrets["keys"] = {**KEYS, "aws_access_key_id": "AKIA2"}
    assert cluster.accounts.of("shop", "a").account is first
    cluster.now = 5.0
    assert cluster.accounts.of("shop", "a").account is not first
    assert cluster.vault.asked == 2


def test_the_account_s_own_check_reads_the_secret_now_and_for_all(cluster: Cluster) -> None:
    cluster.has(account("a", FROM_SECRET))
    cluster.vault.secrets["keys"] = KEYS
    cluster.accounts.of("shop", "a")
    cluster.vault.secrets["keys"] = {**KEYS, "aws_access_key_id": "AKIA2"}
    mine = cluster.accounts.itself(cluster.get("a"))
    assert cluster.accounts.of("shop", "a").account is mine


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({}, "lacks aws_access_key_id and aws_secret_access_key"),
        ({"aws_access_key_id": "AKIA1"}, "lacks aws_secret_access_key"),
        ({**KEYS, "aws_access_key_id": " \n"}, "lacks aws_access_key_id"),
    ],
)
def test_a_secret_without_the_keys_says_which(
    cluster: Cluster, values: dict[str, str], sentence: str
) -> None:
    cluster.has(account("a", FROM_SECRET))
    cluster.vault.secrets["keys"] = values
    with pytest.raises(Invalid, match=rf"^AWSAccount a: Secret keys {sentence}\.$"):
        cluster.accounts.of("shop", "a")


def test_a_secret_that_is_not_there_is_waited_for(cluster: Cluster) -> None:
    cluster.has(account("a", FROM_SECRET))
    with pytest.raises(
        Waiting, match=r"^AWSAccount a: there is no Secret keys in the operator's namespace yet"
    ):
        cluster.accounts.of("shop", "a")


def test_a_secret_that_cannot_be_read_is_told_and_not_taken_for_missing(cluster: Cluster) -> None:
    cluster.has(account("a", FROM_SECRET))
    cluster.vault.error = ApiError("The operator's ServiceAccount may not get Secret x/keys: no")
    with pytest.raises(Unavailable, match="may not get Secret"):
        cluster.accounts.of("shop", "a")
    cluster.vault.error, cluster.vault.secrets["keys"] = None, KEYS
    assert cluster.accounts.of("shop", "a").name == "a"


def test_newlines_around_keys_and_a_session_token_are_understood(cluster: Cluster) -> None:
    cluster.has(account("a", FROM_SECRET))
    cluster.vault.secrets["keys"] = {
        "aws_access_key_id": "AKIA1\n",
        "aws_secret_access_key": "s3cr3t\n",
        "aws_session_token": "token\n",
    }
    cluster.accounts.of("shop", "a")
    assert cluster.made[0].credentials == Keys("AKIA1", "s3cr3t", "token", "Secret keys")


def test_the_version_of_the_secret_that_is_in_use_is_known(cluster: Cluster) -> None:
    cluster.has(account("a", FROM_SECRET), account("b"))
    cluster.vault.secrets["keys"] = KEYS
    assert cluster.accounts.secret_version(cluster.get("a")) is not None
    assert cluster.accounts.secret_version(cluster.get("b")) is None
