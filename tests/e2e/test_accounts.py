"""AWSAccount on the sandbox: credentials of every source, all that can be wrong with them, and their end."""

import json
import secrets
import time
from collections.abc import Iterator
from typing import Any

import pytest

from sandbox.aws.clients import ACCOUNT
from sandbox.errors import SandboxError
from sandbox.processes import free_port, wait_until
from sandbox.world import World, condition, current
from tests.e2e.realm import CLUSTER, SECOND, Realm, message

pytestmark = pytest.mark.e2e

REGION = "eu-central-1"
ROLE = "arn:aws:iam::123456789012:role/r"

NONSENSE: list[tuple[dict[str, Any], str]] = [
    ({"credentials": {"secretRef": {"name": "a"}, "roleARN": ROLE}}, "not from both"),
    ({"namespaces": [{"buckets": {"create": ["*"]}}]}, "name namespaces in names"),
    ({"namespaces": [{"selector": {"matchLabels": {}}}]}, "at least 1"),
    ({"defaultTags": {"aws:x": "1"}}, "are reserved"),
    ({"credentials": {"roleARN": "delivery"}}, "roleARN"),
    ({"endpointURL": "ftp://x"}, "endpointURL"),
    ({"requestsPerSecond": {"s3": 0}}, "requestsPerSecond"),
]


@pytest.fixture
def name(here: Realm) -> Iterator[str]:
    """The name of a bucket and of its object, which is gone after the test, as is the bucket."""
    with here.bucket_name() as chosen:
        yield chosen


def from_secret(name: str) -> dict[str, Any]:
    return {"credentials": {"secretRef": {"name": name}}}


def by_role(arn: str) -> dict[str, Any]:
    return {"credentials": {"roleARN": arn}}


def callers(world: World, name: str) -> set[str]:
    """Return the access keys with which the bucket was worked on since the mark."""
    return {call.access_key for call in world.calls(name)}


def events(here: Realm, account: str) -> list[Any]:
    """Return the events that tell of an account."""
    text = here.plane.kubectl_run("get", "events.events.k8s.io", "-n", "default", "-o", "json")
    return [event for event in json.loads(text)["items"] if event["regarding"]["name"] == account]


# Who we are


def test_an_account_tells_who_the_operator_is_there(here: Realm) -> None:
    with here.account() as account:
        obj = here.ready(account)
        assert obj["status"]["accountID"] == ACCOUNT
        assert obj["status"]["callerARN"] == here.me.arn
        assert message(obj) == f"AWS account {ACCOUNT}, as {here.me.arn}"
        row = here.plane.kubectl_run("get", "awsacct", account, "--no-headers").split()
        assert row[:4] == [account, "True", "InSync", ACCOUNT]


def test_an_account_tells_of_itself_in_events(here: Realm) -> None:
    with here.account() as account:
        here.ready(account)
        wait_until(lambda: bool(events(here, account)), what=f"an event about {account}", seconds=30)
        assert [(e["type"], e["reason"]) for e in events(here, account)] == [("Normal", "InSync")]


def test_keys_of_a_secret_are_used_and_never_shown(here: Realm, name: str) -> None:
    user = here.user(SECOND)
    with here.account(from_secret(here.secret(user.values))) as account:
        assert here.ready(account)["status"]["callerARN"] == user.arn
        here.shop.apply({"account": account, "region": REGION}, name)
        obj = here.shop.ready(name)
        assert obj["status"]["pins"]["accountID"] == SECOND
        assert callers(here.shop, name) == {user.key}
        shown = here.plane.kubectl_run("get", "awsacct,abkt", "-A", "-o", "yaml") + here.operator.log
        shown += here.operator.get("/metrics")
        assert user.secret not in shown
        assert user.key not in shown


def test_a_role_is_assumed_in_the_name_of_the_namespace(here: Realm, name: str) -> None:
    role = here.role([f"{CLUSTER}/{here.shop.namespace}", f"{CLUSTER}/_account"], SECOND)
    with here.account(by_role(role)) as account:
        as_role = f"arn:aws:sts::{SECOND}:assumed-role/{role.rpartition('/')[2]}"
        assert here.ready(account)["status"]["callerARN"] == f"{as_role}/headrace@_account"
        mark = here.aws.mark()
        here.shop.apply({"account": account, "region": REGION}, name)
        assert here.shop.ready(name)["status"]["pins"]["accountID"] == SECOND
        assumed = [c for c in here.aws.since(mark) if c.operation == "AssumeRole"]
        assert [(c.access_key, c.status) for c in assumed] == [(here.me.key, 200)]
        assert here.me.key not in callers(here.shop, name)
        assert 'operation="AssumeRole"' in here.operator.get("/metrics")


def test_default_tags_are_on_every_bucket_and_spec_wins(here: Realm, name: str) -> None:
    with here.account({"defaultTags": {"team": "platform", "cost-center": "1"}}) as account:
        here.shop.apply({"account": account, "region": REGION, "tags": {"team": "shop"}}, name)
        here.shop.ready(name)
        tags = here.aws.client("s3").get_bucket_tagging(Bucket=name)["TagSet"]
        found = {tag["Key"]: tag["Value"] for tag in tags}
        assert (found["team"], found["cost-center"]) == ("shop", "1")


# What is not there yet


def test_an_account_that_is_not_there_is_waited_for(here: Realm, name: str) -> None:
    account = f"a-{secrets.token_hex(4)}"
    here.shop.apply({"account": account, "region": REGION}, name)
    obj = here.shop.until(lambda o: condition(o, "Ready").get("reason") == "Waiting", name)
    assert message(obj) == f"There is no AWSAccount {account} yet."
    assert condition(obj, "Stalled") == {}
    assert here.shop.calls(name) == []
    here.apply_account(account, {})
    began = time.monotonic()
    try:
        here.shop.ready(name)
        assert time.monotonic() - began < 40, "without a word it would be looked at after a minute"
    finally:
        here.delete_account(account)


def test_a_secret_that_is_not_there_is_waited_for(here: Realm, name: str) -> None:
    secret = f"s-{secrets.token_hex(4)}"
    with here.account(from_secret(secret)) as account:
        here.shop.apply({"account": account, "region": REGION}, name)
        sentence = f"AWSAccount {account}: there is no Secret {secret} in the operator's namespace yet."
        assert (
            message(here.until(account, lambda o: condition(o, "Ready").get("reason") == "Waiting"))
            == sentence
        )
        obj = here.shop.until(lambda o: condition(o, "Ready").get("reason") == "Waiting", name)
        assert message(obj) == sentence
        here.secret(here.user().values, secret)
        here.ready(account, 19)
        here.shop.ready(name)


def test_a_secret_without_the_keys_says_which_are_missing(here: Realm, name: str) -> None:
    user = here.user()
    secret = here.secret({"aws_access_key_id": user.key, "password": "x"})
    with here.account(from_secret(secret)) as account:
        here.shop.apply({"account": account, "region": REGION}, name)
        sentence = f"AWSAccount {account}: Secret {secret} lacks aws_secret_access_key."
        assert message(here.stalled(account, "InvalidSpec")) == sentence
        assert message(here.shop.stalled("InvalidSpec", name)) == sentence
        here.secret(user.values, secret)
        here.ready(account, 19)
        here.shop.ready(name)


# What is wrong


def test_keys_that_aws_does_not_know_are_told_with_their_secret(here: Realm, name: str) -> None:
    user = here.user()
    secret = here.secret({**user.values, "aws_access_key_id": "AKIANEVERHEARDOF"})
    with here.account(from_secret(secret)) as account:
        here.shop.apply({"account": account, "region": REGION}, name)
        start = f"AWS does not accept the credentials of Secret {secret} (InvalidClientTokenId): "
        assert message(here.stalled(account, "AccessDenied")).startswith(start)
        assert message(here.shop.stalled("AccessDenied", name)).startswith(start)
        here.secret(user.values, secret)
        here.ready(account, 19)
        here.shop.ready(name)


def test_a_secret_is_rotated_while_a_bucket_works(here: Realm, name: str) -> None:
    old = here.user()
    secret = here.secret(old.values)
    with here.account(from_secret(secret)) as account:
        here.shop.apply({"account": account, "region": REGION}, name)
        here.shop.ready(name)
        before = here.ready(account)["status"]["credentialsVersion"]
        new = here.another_key(old)
        here.secret(new.values, secret)
        here.delete_key(old)
        here.shop.mark()
        here.shop.apply({"account": account, "region": REGION, "versioning": {"enabled": True}}, name)
        here.shop.ready(name)
        assert here.aws.client("s3").get_bucket_versioning(Bucket=name)["Status"] == "Enabled"
        assert new.key in callers(here.shop, name)
        here.until(account, lambda o: o["status"].get("credentialsVersion") != before, 40)


def test_a_key_that_was_deleted_is_noticed_without_any_bucket(here: Realm) -> None:
    user = here.user()
    with here.account(from_secret(here.secret(user.values))) as account:
        here.ready(account)
        here.delete_key(user)
        obj = here.stalled(account, "AccessDenied", 40)
        assert "(InvalidClientTokenId)" in message(obj)


def test_a_role_that_does_not_trust_us_says_what_its_trust_policy_must_have(here: Realm, name: str) -> None:
    role = here.role([f"{CLUSTER}/_account"])
    with here.account(by_role(role)) as account:
        here.ready(account)
        here.shop.apply({"account": account, "region": REGION}, name)
        said = message(here.shop.stalled("AccessDenied", name))
        assert said.startswith(
            f"{here.me.arn} may not assume {role}. The role's trust policy must allow it sts:AssumeRole with "
            f"the condition StringEquals sts:ExternalId {CLUSTER}/{here.shop.namespace}, "
        )
        here.trust(role, [f"{CLUSTER}/_account", f"{CLUSTER}/{here.shop.namespace}"])
        here.shop.look_now(name)
        here.shop.ready(name)


def test_a_role_that_does_not_trust_the_account_s_own_check_is_told_and_looked_at_again(here: Realm) -> None:
    role = here.role([f"{CLUSTER}/somebody"])
    with here.account(by_role(role)) as account:
        assert f"sts:ExternalId {CLUSTER}/_account," in message(here.stalled(account, "AccessDenied"))
        here.trust(role, [f"{CLUSTER}/_account"])
        here.ready(account, 19)


def test_an_endpoint_where_nobody_answers_holds_up_nobody_else(here: Realm, name: str) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    with here.account({"endpointURL": url}) as broken, here.account() as good:
        here.shop.apply({"account": broken, "region": REGION}, f"{name}-b")
        here.shop.apply({"account": good, "region": REGION}, name)
        here.shop.ready(name, 15)
        obj = here.until(broken, lambda o: condition(o, "Ready").get("reason") == "Unavailable", 30)
        assert message(obj) == (
            f"AWS cannot be reached: no connection to {url} can be made. Check the endpoint URL, if one is "
            "set, and the operator's network."
        )
        here.shop.until(lambda o: condition(o, "Ready").get("reason") == "Unavailable", f"{name}-b")
        here.apply_account(broken, {})
        here.shop.ready(f"{name}-b", 60)
        here.shop.delete(f"{name}-b", wait=True)


def test_an_address_that_is_none_is_told(here: Realm) -> None:
    with here.account({"endpointURL": "http://not a host/"}) as account:
        said = message(here.stalled(account, "InvalidSpec"))
        assert said.startswith("No client for sts in ")
        assert "Invalid endpoint: http://not a host/" in said


# Which account


def test_without_an_account_and_without_leave_nothing_is_done(here: Realm, name: str) -> None:
    here.shop.apply({"region": REGION}, name)
    assert message(here.shop.stalled("AccessDenied", name)) == (
        "No AWSAccount is named in spec.account and none is the default, and the operator may not use its "
        f"own AWS credentials for namespace {here.shop.namespace}: make an AWSAccount, or start the operator "
        "with --allow-ambient."
    )
    assert here.shop.calls(name) == []


def test_the_default_account_is_used_by_who_names_none_and_gives_its_region(here: Realm, name: str) -> None:
    here.shop.apply({}, name)
    here.shop.stalled("AccessDenied", name)
    with here.account({"default": True, "region": "eu-west-1"}) as account:
        obj = here.shop.ready(name)
        assert obj["status"]["pins"] == {"accountID": ACCOUNT, "region": "eu-west-1", "name": name}
        here.delete_account(account)
        waiting = here.until(account, lambda o: condition(o, "Ready").get("reason") == "Waiting")
        assert f"AcceleratedBucket {here.shop.namespace}/{name}" in message(waiting)
        # Until it is gone, it is the default as before.
        assert condition(here.shop.look_now(name), "Ready")["status"] == "True"
        here.shop.delete(name)
        here.shop.gone(name)
        here.gone(account, 15)


def test_of_two_defaults_none_is_used_until_one_is_gone(here: Realm, name: str) -> None:
    with here.account({"default": True}) as first, here.account({"default": True}) as second:
        both = " and ".join(sorted((first, second)))
        for account in (first, second):
            said = message(here.stalled(account, "InvalidSpec"))
            assert said == f"AWSAccounts {both} all say default: true; only one may."
        here.shop.apply({"region": REGION}, name)
        assert message(here.shop.stalled("InvalidSpec", name)).startswith(f"AWSAccounts {both} all say")
        here.delete_account(second)
        here.ready(first, 19)
        here.shop.ready(name)
        here.gone(second)


def test_an_account_in_use_waits_and_says_who(here: Realm, name: str) -> None:
    with here.account() as account:
        here.shop.apply({"account": account, "region": REGION}, name)
        here.shop.ready(name)
        here.delete_account(account)
        obj = here.until(account, lambda o: condition(o, "Ready").get("reason") == "Waiting")
        assert message(obj) == (
            f"Still used by AcceleratedBucket {here.shop.namespace}/{name}: it goes when they are gone, or "
            "name another account."
        )
        here.shop.apply({"account": account, "region": REGION, "versioning": {"enabled": True}}, name)
        here.shop.ready(name)
        with here.account() as other:
            here.shop.apply({"account": other, "region": REGION}, name)
            here.gone(account, 15)
            here.shop.ready(name)


@pytest.mark.parametrize("change", ["account", "region"])
def test_another_account_or_default_region_never_moves_a_bucket(here: Realm, name: str, change: str) -> None:
    user = here.user()
    secret = here.secret(user.values)
    spec = {**from_secret(secret), "region": REGION}
    with here.account(spec) as account:
        here.shop.apply({"account": account}, name)
        pins = here.shop.ready(name)["status"]["pins"]
        here.shop.mark()
        if change == "account":
            here.secret(here.user(SECOND).values, secret)
            here.look_now(account)
            moved = f"accountID {ACCOUNT} (now {SECOND})"
        else:
            here.apply_account(account, {**spec, "region": "eu-west-1"})
            moved = f"region {REGION} (now eu-west-1)"
        obj = here.shop.until(lambda o: condition(o, "Stalled").get("reason") == "Moved", name)
        assert message(obj).startswith(f"The resource was made with {moved}. It is left alone; ")
        assert obj["status"]["pins"] == pins
        assert [c.operation for c in here.shop.calls(name) if c.method in ("PUT", "POST", "DELETE")] == []
        if change == "account":
            here.secret(user.values, secret)
            here.look_now(account)
        else:
            here.apply_account(account, spec)
        here.shop.until(lambda o: condition(o, "Ready")["status"] == "True" and current(o), name)


def test_another_role_of_the_same_account_goes_on(here: Realm, name: str) -> None:
    ids = [f"{CLUSTER}/{here.shop.namespace}", f"{CLUSTER}/_account"]
    with here.account(by_role(here.role(ids))) as account:
        here.shop.apply({"account": account, "region": REGION}, name)
        here.shop.ready(name)
        other = here.role(ids)
        here.apply_account(account, by_role(other))
        here.until(account, lambda o: other.rpartition("/")[2] in o["status"].get("callerARN", ""))
        assert condition(here.shop.look_now(name), "Ready")["status"] == "True"


@pytest.mark.parametrize(("spec", "sentence"), NONSENSE, ids=[sentence for _, sentence in NONSENSE])
def test_the_api_server_refuses_what_makes_no_sense(here: Realm, spec: dict[str, Any], sentence: str) -> None:
    with pytest.raises(SandboxError, match=sentence):
        here.apply_account("nonsense", spec, whole=True)
