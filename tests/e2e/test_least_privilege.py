"""With just the committed IAM policies everything works."""

import json
from typing import Any

import pytest

from headrace.engine.slices import Slice
from sandbox.world import condition
from tests.e2e.buckets import OWNER_TAG, RETAINED_TAG, names, put_tags, snapshot, tags, writes
from tests.e2e.privileges import BUCKET, AnyFacet, Place, committed, spec, wanted
from tests.e2e.realm import CLUSTER, SECOND, message
from tools.names import kebab

pytestmark = pytest.mark.e2e


def test_with_the_policy_to_manage_a_bucket_lives_its_whole_life(place: Place) -> None:
    name = place.fresh()
    place.manage()
    place.apply({name: spec("sample")})
    place.shop.ready(name)
    place.is_as(name, "sample")
    place.apply({name: spec("other")})
    place.shop.ready(name)
    place.is_as(name, "other")
    place.drift(name, "sample")
    assert place.shop.look_now(name)["status"]["lastCorrection"]["fields"]
    place.is_as(name, "other")
    for state in ("resting", "silent"):
        place.apply({name: spec(state)})
        place.shop.ready(name)
        place.is_as(name, state)

    place.shop.delete(name)
    place.shop.gone(name)
    assert RETAINED_TAG in tags(place.s3, name)
    going = {"deletionPolicy": "Delete", "emptyOnDelete": True}
    place.apply({name: spec("sample", **going)})
    place.shop.ready(name)
    assert OWNER_TAG in tags(place.s3, name)
    place.fill(name)
    place.shop.delete(name)
    place.shop.gone(name)
    assert name not in names(place.s3)
    assert place.refused() == []
    assert len(place.asked(name)) > 0


def test_with_the_policy_to_manage_a_bucket_is_taken_over(place: Place) -> None:
    place.manage()
    name = place.fresh()
    place.s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    put_tags(place.s3, name, {"kept": "yes"})
    place.apply({name: spec("silent", adoption="IfExists")})
    place.shop.ready(name)
    found = tags(place.s3, name)
    assert (found["kept"], OWNER_TAG in found) == ("yes", True)
    assert place.refused() == []


def test_with_the_policy_to_observe_a_bucket_is_read_and_nothing_else(place: Place) -> None:
    name = place.fresh()
    place.manage()
    place.apply({name: spec("sample")})
    place.shop.ready(name)
    place.allow(place.policy("accelerated-bucket-observe.json"))
    place.apply({name: spec("sample", mode="Observe")})
    obj = place.shop.until(lambda o: condition(o, "Ready").get("reason") == "Observing", name)
    assert (condition(obj, "Ready")["status"], obj["status"]["driftCount"]) == ("True", 0)
    place.drift(name, "other")
    before = snapshot(place.s3, name)
    obj = place.shop.look_now(name)
    assert condition(obj, "Drifted")["status"] == "True"
    fields = {entry["field"].split(".")[0].split("[")[0] for entry in obj["status"]["drift"]}
    assert fields == {facet.name for facet in BUCKET.facets}
    place.shop.delete(name)
    place.shop.gone(name)
    assert snapshot(place.s3, name) == before
    operations = [call.operation for call in place.asked(name)]
    assert len(operations) >= 2 * len(BUCKET.facets)
    assert writes(operations) == []
    assert place.refused() == []


@pytest.mark.parametrize("facet", BUCKET.facets, ids=[facet.name for facet in BUCKET.facets])
def test_the_files_of_single_settings_do_where_only_those_are_managed(place: Place, facet: AnyFacet) -> None:
    name = place.fresh()
    parts = [place.policy(f"accelerated-bucket/{kebab(each)}.json") for each in ("presence", facet.name)]
    place.allow({**parts[0], "Statement": [said for part in parts for said in part["Statement"]]})
    for state in ("sample", "other"):
        place.apply({name: {**only(facet, state), "defaults": "None", "deletionPolicy": "Delete"}})
        place.shop.ready(name)
        # With defaults None what is said no more stays: of tags, those of the first state.
        value = wanted(facet, state)
        assert isinstance(value, Slice)
        assert value.fields().items() <= place.found(facet, name).fields().items()
    place.shop.delete(name)
    place.shop.gone(name)
    assert place.refused() == []


def only(facet: AnyFacet, state: str) -> dict[str, Any]:
    """Return a spec that names one setting."""
    said = spec(state)
    return {key: said[key] for key in ("region", facet.name) if key in said}


def test_a_name_that_the_policy_does_not_have_is_denied(place: Place) -> None:
    place.manage()
    name = f"other-{place.fresh()}"
    place.apply({name: spec("silent")})
    obj = place.shop.stalled("AccessDenied", name)
    assert message(obj) == place.denied("s3:CreateBucket", name)
    assert name not in names(place.s3)


def trusting(place: Place) -> str:
    """Make a role of another account from the committed files; return its ARN."""
    role = place.realm.role([], SECOND)
    iam, name = place.realm.aws.client("iam", account=SECOND), role.rpartition("/")[2]
    manage = place.policy("accelerated-bucket-manage.json")
    iam.put_role_policy(RoleName=name, PolicyName="s3", PolicyDocument=json.dumps(manage))
    words = {"OPERATOR_ARN": place.realm.me.arn, "CLUSTER_ID": CLUSTER, "NAMESPACE": place.shop.namespace}
    trust = json.dumps(committed("trust-policy.json", **words))
    iam.update_assume_role_policy(RoleName=name, PolicyDocument=trust)
    return role


def test_who_may_only_assume_a_role_works_as_that_role_for_the_namespaces_that_it_trusts(
    place: Place,
) -> None:
    role, name = trusting(place), place.fresh()
    place.allow(committed("assume-role.json", ROLE_ARN=f"{role}-of-others"))
    with place.realm.account({"credentials": {"roleARN": role}}) as account:
        said = message(place.realm.stalled(account, "AccessDenied"))
        assert said.startswith(f"{place.realm.me.arn} may not assume {role}. ")
        assert said.endswith("and its own policy must allow it sts:AssumeRole on the role.")
        place.allow(committed("assume-role.json", ROLE_ARN=role))
        place.realm.look_now(account)
        place.realm.ready(account)
        place.apply({name: spec("sample", account=account, deletionPolicy="Delete")})
        assert place.shop.ready(name)["status"]["pins"]["accountID"] == SECOND
        place.shop.delete(name)
        place.shop.gone(name)
        games = place.realm.games
        games.apply(spec("silent", account=account), "theirs")
        told = message(games.stalled("AccessDenied", "theirs"))
        assert f"sts:ExternalId {CLUSTER}/{games.namespace}, " in told
        games.annotate("theirs", "headrace.io/abandon", "true")
        games.delete("theirs")
        games.gone("theirs")
    asked = {(call.service, call.status) for call in place.asked() if call.service != "sts"}
    assert asked == set(), "what is done in the role's account is done as the role"
