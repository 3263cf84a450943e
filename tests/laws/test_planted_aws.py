"""The laws catch in the real world what they are there for: faulty copies of a bucket's own facets."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from headrace.engine import wish
from headrace.engine.facet import Facet
from headrace.engine.slices import ABSENT
from headrace.engine.wish import Wish
from tests.laws import facet_laws, laws, planted_aws
from tests.laws.any_value import law_any_value_is_read_as_it_was_written
from tests.laws.aws_world import AwsWorld
from tests.laws.planted_aws import BUCKET, bucket
from tests.laws.registered import in_words

pytestmark = pytest.mark.standin

Law = Callable[..., None]
WITH_ACL = bucket(planted_aws.LogDeliveryFacet())


OF_RESOURCES: list[tuple[Law, Facet[Any, Any], str]] = [
    (
        laws.law_converges,
        planted_aws.IdleVersioning(),
        "making s3/bucket failed: .*versioning verify: .*versioning.enabled was written but does not",
    ),
    (laws.law_converges, planted_aws.MeddlingVersioning(), "the second pass writes: .*s3:PutBucketVersio"),
    (
        laws.law_converges,
        planted_aws.HastyLogDelivery(),
        "making s3/bucket failed: .*acl write: .*The bucket does not allow ACLs",
    ),
    (laws.law_planning_never_writes, planted_aws.MeddlingVersioning(), "planning writes"),
    (laws.law_create_carries_the_owner, planted_aws.LateOwner(), "creating takes more than one write"),
    (
        laws.law_what_others_own_is_left_alone,
        planted_aws.Trespasser(),
        "what others own is not told as such",
    ),
    (
        laws.law_is_let_go_and_taken_back_and_removed,
        planted_aws.Hoarder(),
        "removing failed: .*presence verify",
    ),
    (laws.law_writes_follow_after, planted_aws.HastyLogDelivery(), "making the rest failed: .*acl write"),
    (
        laws.law_permissions_of_the_root_are_those_of_its_calls,
        planted_aws.QuietPresence(),
        "presence writes with .*'s3:TagResource'",
    ),
    (
        laws.law_permissions_of_the_root_are_those_of_its_calls,
        planted_aws.EagerPresence(),
        r"presence is made with \['s3:CreateBucket'\]",
    ),
]

OF_FACETS: list[tuple[Law, Facet[Any, Any], str, str]] = [
    (
        facet_laws.law_what_is_written_is_read,
        planted_aws.IdleVersioning(),
        "versioning",
        r"versioning: wrote Versioning\(enabled=True\), read Versioning\(enabled=False\)",
    ),
    (
        facet_laws.law_what_is_written_is_read,
        planted_aws.OnlyOnVersioning(),
        "versioning",
        r"versioning: wrote Versioning\(enabled=False\), read Versioning\(enabled=True\)",
    ),
    (
        law_any_value_is_read_as_it_was_written,
        planted_aws.ForgetfulEncryption(),
        "encryption",
        r"encryption: wrote Encryption\(.*, read Encryption\(",
    ),
    (
        facet_laws.law_observing_never_writes,
        planted_aws.MeddlingVersioning(),
        "versioning",
        r"observing versioning writes: \['s3:PutBucketVersioning'\]",
    ),
    (
        facet_laws.law_silence_leaves_what_is_there,
        planted_aws.GreedyBlock(),
        "ownershipControls",
        "ownershipControls is changed though nobody wishes for it",
    ),
    (
        facet_laws.law_absent_takes_it_away_and_only_it,
        planted_aws.SweepingBlock(),
        "publicAccessBlock",
        r"taking publicAccessBlock away changes \['ownershipControls'\]",
    ),
    (
        facet_laws.law_drift_is_seen_and_put_right,
        planted_aws.SweepingVersioning(),
        "versioning",
        r"somebody changed versioning, and the plan names \['publicAccessBlock', 'versioning'\]",
    ),
    (
        facet_laws.law_keys_of_others_survive,
        planted_aws.GrabbingTags(),
        "tags",
        "setting our keys of tags failed|setting tags drops keys of others",
    ),
    (
        facet_laws.law_permissions_are_those_of_the_calls,
        planted_aws.QuietVersioning(),
        "versioning",
        r"versioning writes with \['s3:PutBucketVersioning'\]",
    ),
    (
        facet_laws.law_permissions_are_those_of_the_calls,
        planted_aws.AskingVersioning(),
        "versioning",
        r"versioning reads with \['s3:GetBucketLocation', 's3:GetBucketVersioning'\]",
    ),
    (
        facet_laws.law_permissions_are_those_of_the_calls,
        planted_aws.WantingVersioning(),
        "versioning",
        r"versioning reads with \['s3:GetBucketVersioning'\]",
    ),
]


def names(cases: Sequence[tuple[Any, ...]]) -> list[str]:
    return [f"{type(planted).__name__}-{in_words(law)}" for law, planted, *_ in cases]


def caught(sentence: str) -> Any:
    return pytest.raises(AssertionError, match=rf"^{sentence}")


@pytest.mark.parametrize(("law", "planted", "sentence"), OF_RESOURCES, ids=names(OF_RESOURCES))
def test_a_law_of_resources_catches(
    law: Law, planted: Facet[Any, Any], sentence: str, real_world: AwsWorld
) -> None:
    with caught(sentence):
        law(bucket(planted), real_world)


@pytest.mark.parametrize(("law", "planted", "victim", "sentence"), OF_FACETS, ids=names(OF_FACETS))
def test_a_law_of_facets_catches(
    law: Law, planted: Facet[Any, Any], victim: str, sentence: str, real_world: AwsWorld
) -> None:
    resource = bucket(planted)
    with caught(sentence):
        law(resource, resource.facet(victim), real_world)


def test_every_law_catches_something_in_the_real_world() -> None:
    caught_by = {law for law, *_ in (*OF_RESOURCES, *OF_FACETS)}
    assert caught_by >= {*laws.RESOURCE_LAWS, *facet_laws.FACET_LAWS}


@pytest.mark.parametrize("victim", ["encryption", "publicAccessBlock", "versioning"])
def test_silence_taken_for_absence_is_caught(
    victim: str, monkeypatch: pytest.MonkeyPatch, real_world: AwsWorld
) -> None:
    monkeypatch.setattr(wish, "_silent", lambda facet, *_: wish._rested(facet, Wish(ABSENT)))
    with caught(f"{victim} is (read|changed) though nobody wishes for it"):
        facet_laws.law_silence_leaves_what_is_there(BUCKET, BUCKET.facet(victim), real_world)


@pytest.mark.parametrize("law", laws.RESOURCE_LAWS, ids=in_words)
def test_the_laws_of_a_resource_hold_for_the_facet_that_says_what_it_stands_on(
    law: Law, real_world: AwsWorld
) -> None:
    law(WITH_ACL, real_world)


@pytest.mark.parametrize("law", facet_laws.FACET_LAWS, ids=in_words)
def test_its_own_laws_hold_for_it_too(law: Law, real_world: AwsWorld) -> None:
    law(WITH_ACL, WITH_ACL.facet("acl"), real_world)
