"""Tenants on the sandbox: what no entry grants is refused with the missing entry, and nothing ever mixes."""

import secrets
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest

from headrace.kinds.definition import ADOPT
from sandbox.aws.clients import ACCOUNT
from sandbox.operator import NAMESPACE, USER
from sandbox.world import Object, World
from tests.e2e.buckets import names, snapshot, tags, writes
from tests.e2e.realm import CLUSTER, EVERYTHING, SECOND, Realm, message
from tests.e2e.rights import may

pytestmark = pytest.mark.e2e

REGION = "eu-central-1"
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1234abcd-12ab-34cd-56ef-1234567890ab"


@pytest.fixture
def name(here: Realm) -> Iterator[str]:
    """The name of a bucket and of its object, which the test leaves behind in whatever namespace."""
    chosen = f"{here.shop.namespace}-{secrets.token_hex(3)}"
    for world in (here.shop, here.games):
        world.mark()
    yield chosen
    for world in (here.shop, here.games):
        if world.find(chosen) is not None:
            world.annotate(chosen, "headrace.io/abandon", "true")
            world.delete(chosen)
            world.gone(chosen)


def granting(*entries: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"namespaces": list(entries), **more}


def to(world: World, **what: Any) -> dict[str, Any]:
    """Return an entry for the namespace of this world."""
    return {"names": [world.namespace], **what}


def buckets(create: list[str] | None = None, adopt: list[str] | None = None) -> dict[str, Any]:
    return {"buckets": {"create": create or [], "adopt": adopt or []}}


def by_hand(here: Realm, name: str) -> None:
    """Make a bucket that is nobody's."""
    where: Any = {"LocationConstraint": REGION}
    here.aws.client("s3").create_bucket(Bucket=name, CreateBucketConfiguration=where)


# Who may use it


def test_a_namespace_that_no_entry_names_may_not_use_the_account(here: Realm, name: str) -> None:
    with here.account(granting(to(here.games, **EVERYTHING)), whole=True) as account:
        here.shop.apply({"account": account, "region": REGION}, name)
        assert message(here.shop.stalled("AccessDenied", name)) == (
            f"Namespace {here.shop.namespace} may not use AWSAccount {account}: no entry of its "
            "spec.namespaces names or selects it."
        )
        assert here.shop.calls(name) == []
        here.apply_account(account, granting(to(here.shop, **EVERYTHING)), whole=True)
        here.shop.ready(name)


def test_an_account_without_entries_is_nobody_s(here: Realm, name: str) -> None:
    with here.account({}, whole=True) as account:
        here.ready(account)
        here.shop.apply({"account": account, "region": REGION}, name)
        here.shop.stalled("AccessDenied", name)
        assert here.shop.calls(name) == []


def test_labels_of_the_namespace_open_and_close_the_account(here: Realm, name: str) -> None:
    entry = {"selector": {"matchLabels": {"team": name, "tier": "one"}}, **EVERYTHING}

    def label(*labels: str) -> None:
        here.plane.kubectl_run("label", "namespace", here.shop.namespace, *labels, "--overwrite")

    with here.account(granting(entry), whole=True) as account:
        here.shop.apply({"account": account, "region": REGION}, name)
        here.shop.stalled("AccessDenied", name)
        label(f"team={name}", "tier=two")
        here.shop.look_now(name)
        here.shop.stalled("AccessDenied", name)
        label("tier=one")
        here.shop.ready(name)
        before = snapshot(here.aws.client("s3"), name)
        here.shop.mark()
        label("tier-", "team-")
        here.shop.stalled("AccessDenied", name)
        assert here.shop.calls(name) == []
        assert snapshot(here.aws.client("s3"), name) == before


def test_what_was_granted_once_can_be_cleaned_up_without(here: Realm, name: str) -> None:
    with here.account() as account:
        here.shop.apply({"account": account, "region": REGION, "deletionPolicy": "Delete"}, name)
        here.shop.ready(name)
        here.apply_account(account, {}, whole=True)
        here.shop.stalled("AccessDenied", name)
        here.shop.delete(name)
        here.shop.gone(name)
        assert name not in names(here.aws.client("s3"))


# What they may do with it


def test_a_name_that_no_pattern_covers_is_refused(here: Realm, name: str) -> None:
    entry = to(here.shop, **buckets(create=[f"{name}-*"]))
    with here.account(granting(entry), whole=True) as account:
        here.shop.apply({"account": account, "region": REGION}, name)
        assert message(here.shop.stalled("AccessDenied", name)) == (
            f"AWSAccount {account} does not let namespace {here.shop.namespace} have a bucket named {name}: "
            "no pattern in buckets.create or buckets.adopt of its spec.namespaces covers it."
        )
        assert here.shop.calls(name) == []
        here.apply_account(account, granting(entry, to(here.shop, **buckets(create=[name]))), whole=True)
        here.shop.ready(name)


def test_what_may_only_be_adopted_is_never_made(here: Realm, name: str) -> None:
    entry = to(here.shop, **buckets(adopt=[name]))
    with here.account(granting(entry), whole=True) as account:
        here.shop.apply({"account": account, "region": REGION, "adoption": "IfExists"}, name)
        assert message(here.shop.stalled("AccessDenied", name)) == (
            f"There is no {name} to adopt. AWSAccount {account} does not let namespace {here.shop.namespace} "
            f"create {name}: no pattern in buckets.create of its spec.namespaces covers it."
        )
        assert writes(here.shop.operations(name)) == []
        by_hand(here, name)
        here.shop.look_now(name)
        here.shop.ready(name)
        assert tags(here.aws.client("s3"), name)["headrace.io/owner"].endswith(f"/{name}")


@pytest.mark.parametrize(("spec", "annotations"), [({"adoption": "IfExists"}, {}), ({}, {ADOPT: "true"})])
def test_what_may_only_be_made_is_never_adopted(
    here: Realm, name: str, spec: dict[str, str], annotations: dict[str, str]
) -> None:
    by_hand(here, name)
    with here.account(granting(to(here.shop, **buckets(create=[name]))), whole=True) as account:
        here.shop.apply({"account": account, "region": REGION, **spec}, name, annotations)
        assert message(here.shop.stalled("NotOurs", name)) == (
            f"bucket {name} exists and was not made by Headrace; it is left alone. AWSAccount {account} does "
            f"not let namespace {here.shop.namespace} adopt {name}: no pattern in buckets.adopt of its "
            "spec.namespaces covers it."
        )
        assert tags(here.aws.client("s3"), name) == {}
        here.apply_account(
            account, granting(to(here.shop, **buckets(create=[name], adopt=[name]))), whole=True
        )
        here.shop.ready(name)


def test_a_key_that_may_not_be_passed_is_refused_before_anything_is_made(here: Realm, name: str) -> None:
    spec = {"region": REGION, "encryption": {"algorithm": "aws:kms", "kmsKeyARN": KEY}}
    with here.account(granting(to(here.shop, **buckets(["*"]))), whole=True) as account:
        here.shop.apply({"account": account, **spec}, name)
        assert message(here.shop.stalled("AccessDenied", name)) == (
            f"AWSAccount {account} does not let namespace {here.shop.namespace} use {KEY} (encryption): no "
            "pattern in passes.keys of its spec.namespaces covers it."
        )
        assert here.shop.calls(name) == []
        entry = to(here.shop, **buckets(["*"]), passes={"keys": [f"arn:aws:kms:*:{ACCOUNT}:key/*"]})
        here.apply_account(account, granting(entry), whole=True)
        here.shop.ready(name)


# Apart


def test_two_accounts_in_two_regions_never_mix(here: Realm, name: str) -> None:
    first, second = here.user(), here.user(SECOND)
    one = {"credentials": {"secretRef": {"name": here.secret(first.values)}}, "region": REGION}
    two = {"credentials": {"secretRef": {"name": here.secret(second.values)}}, "region": "us-east-2"}
    count = 4
    with here.account(one) as a, here.account(two) as b:
        # Side by side, on the same workers, each of them edited once.
        for versioning in (False, True):
            for n in range(count):
                spec = {"versioning": {"enabled": versioning}, "deletionPolicy": "Delete"}
                here.shop.apply({"account": a, **spec}, f"{name}-a{n}")
                here.games.apply({"account": b, **spec}, f"{name}-b{n}")
            for n in range(count):
                here.shop.ready(f"{name}-a{n}")
                here.games.ready(f"{name}-b{n}")
        for n in range(count):
            here.shop.delete(f"{name}-a{n}")
            here.games.delete(f"{name}-b{n}")
        for n in range(count):
            here.shop.gone(f"{name}-a{n}")
            here.games.gone(f"{name}-b{n}")
        for letter, user, region in (("a", first, REGION), ("b", second, "us-east-2")):
            for n in range(count):
                calls = here.shop.calls(f"{name}-{letter}{n}")
                assert {"CreateBucket", "PutBucketVersioning", "DeleteBucket"} <= {c.operation for c in calls}
                assert {(c.account, c.access_key, c.region) for c in calls} == {
                    (user.account, user.key, region)
                }


def test_a_role_that_trusts_one_tenant_does_nothing_for_another(here: Realm, name: str) -> None:
    role = here.role([f"{CLUSTER}/{here.shop.namespace}", f"{CLUSTER}/_account"], SECOND)
    with here.account({"credentials": {"roleARN": role}}) as account:
        here.shop.apply({"account": account, "region": REGION, "deletionPolicy": "Delete"}, name)
        here.games.apply({"account": account, "region": REGION}, name)
        here.shop.ready(name)
        said = message(here.games.stalled("AccessDenied", name))
        assert f"sts:ExternalId {CLUSTER}/{here.games.namespace}," in said
        owner = tags(here.aws.client("s3", account=SECOND), name)["headrace.io/owner"]
        assert owner == f"{CLUSTER}/AcceleratedBucket/{here.shop.namespace}/{name}"


def _answered(value: str, obj: Object) -> bool:
    return bool(obj["status"].get("lastHandledReconcileAt") == value)


def test_a_restart_tells_no_tenant_that_its_account_is_gone(here: Realm, name: str) -> None:
    user = here.user()
    entry = {"selector": {"matchLabels": {"restart": name}}, **EVERYTHING}
    here.plane.kubectl_run("label", "namespace", here.shop.namespace, f"restart={name}")
    spec = granting(entry, credentials={"secretRef": {"name": here.secret(user.values)}})
    with here.account(spec, whole=True) as account:
        here.shop.apply({"account": account, "region": REGION}, name)
        here.shop.ready(name)
        before = here.shop.ready(name)["status"]["conditions"]
        for number in range(3):
            here.operator.stop()
            here.shop.mark()
            # What somebody waits for is looked at at once, before the watches have listed all there is.
            here.shop.annotate(name, "headrace.io/reconcile-requested-at", f"{number}")
            here.operator.start()
            obj = here.shop.until(partial(_answered, str(number)), name, "the look")
            assert obj["status"]["conditions"] == before
            assert [r.subresource for r in here.shop.api_writes()] == ["status"]


# Where acceleration cannot be


def test_where_there_is_no_acceleration_silence_means_off_and_asks_nothing_of_it(
    here: Realm, name: str
) -> None:
    with here.account() as account:
        here.shop.apply({"account": account, "region": "eu-north-1"}, name)
        obj = here.shop.ready(name)
        assert not [c for c in here.shop.operations(name) if "Accelerate" in c]
        assert "accelerated" not in obj["status"]["endpoints"]
        assert "acceleration" in obj["status"]["managed"]


def test_where_there_is_no_acceleration_asking_for_it_is_told_and_off_is_fine(here: Realm, name: str) -> None:
    spec = {"region": "eu-north-1", "acceleration": {"enabled": True}}
    with here.account() as account:
        here.shop.apply({"account": account, **spec}, name)
        assert message(here.shop.stalled("InvalidSpec", name)) == (
            "acceleration cannot be in eu-north-1: set acceleration.enabled to false"
        )
        assert here.shop.calls(name) == []
        here.shop.apply({"account": account, **spec, "acceleration": {"enabled": False}}, name)
        here.shop.ready(name)
        assert not [c for c in here.shop.operations(name) if "Accelerate" in c]


def test_a_region_of_another_partition_is_told(here: Realm, name: str) -> None:
    with here.account() as account:
        here.shop.apply({"account": account, "region": "us-gov-west-1"}, name)
        assert message(here.shop.stalled("InvalidSpec", name)) == (
            f"Region us-gov-west-1 is in the partition aws-us-gov, and {account} in aws: choose a region of "
            "that partition, or another account."
        )
        assert here.shop.calls(name) == []


def test_no_secret_but_those_of_the_operator_s_namespace_can_be_read(here: Realm) -> None:
    assert may(here.plane, USER, "get", "secrets", NAMESPACE)
    assert not may(here.plane, USER, "list", "secrets", NAMESPACE)
    assert not may(here.plane, USER, "get", "secrets", here.shop.namespace)
