"""Policies follow from what the members of a resource type declare."""

import re
from collections import Counter

import pytest

from headrace.aws.policy import MOST_CHARACTERS, Policy
from headrace.engine.facet import Permissions, ResourceType
from headrace.resources.policies import EVERYTHING, LOOKING, Purpose, policy
from headrace.resources.registry import resource_types
from tests.unit.engine.fakes import ColorFacet, HomeFacet, LabelsFacet, thing

EACH = pytest.mark.parametrize("resource", resource_types().values(), ids=resource_types().keys())


def sids(made: Policy) -> list[str]:
    return [statement.sid for statement in made.statements]


class SharingColor(ColorFacet):
    """Reads and writes with what labels are written with, too."""

    permissions = Permissions(
        frozenset({"fake:GetColor"}), frozenset({"fake:PutColor", "fake:PutLabels", "fake:PutPresence"})
    )


THING = thing(ColorFacet(), LabelsFacet())


def test_the_order_is_that_of_what_people_may_want_to_take_out() -> None:
    assert sids(policy(THING, ["a"])) == [
        "ReadPresence",
        "ReadColor",
        "ReadLabels",
        "WritePresence",
        "WriteColor",
        "WriteLabels",
        "CreatePresence",
        "RemovePresence",
    ]


def test_an_action_of_several_members_is_in_one_statement_that_names_them() -> None:
    made = policy(thing(SharingColor(), LabelsFacet()), ["a"])

    shared = {s.sid: s.actions for s in made.statements if "And" in s.sid}
    assert shared == {
        "WritePresenceAndColor": ("fake:PutPresence",),
        "WriteColorAndLabels": ("fake:PutLabels",),
    }


def test_what_is_needed_for_something_ordinary_too_does_not_go_with_what_is_rare() -> None:
    class Home(HomeFacet):
        permissions = Permissions(
            frozenset({"fake:Get"}),
            frozenset({"fake:Create", "fake:Put"}),
            empty=frozenset({"fake:Get", "fake:Put", "fake:Empty"}),
            create=frozenset({"fake:Create"}),
        )

    made = policy(thing(root=Home()), ["a"], members=(Home(),))

    assert {s.sid: s.actions for s in made.statements} == {
        "ReadPresence": ("fake:Get",),
        "WritePresence": ("fake:Put",),
        "CreatePresence": ("fake:Create",),
        "EmptyPresence": ("fake:Empty",),
    }


def test_the_arns_are_those_of_the_names_in_the_partition() -> None:
    made = policy(THING, ["a", "b-*"], partition="aws-cn")

    assert {s.resources for s in made.statements} == {
        ("arn:aws-cn:fake:*:*:thing/a", "arn:aws-cn:fake:*:*:thing/b-*")
    }


def test_what_is_in_a_bucket_is_granted_by_its_objects() -> None:
    made = policy(resource_types()["s3/bucket"], ["media"], (Purpose.EMPTY,))

    assert {s.sid: s.resources for s in made.statements} == {
        "EmptyPresence": ("arn:aws:s3:::media",),
        "EmptyPresenceContent": ("arn:aws:s3:::media/*",),
    }


def test_what_names_no_resource_or_one_of_another_service_is_granted_on_everything() -> None:
    made = {
        action: (statement.sid, statement.resources)
        for name in ("acm/certificate", "route53/validation_record")
        for statement in policy(resource_types()[name], ["Z1/_n.example.com"], partition="aws-cn").statements
        for action in statement.actions
    }
    zone, certificate = "arn:aws-cn:route53:::hostedzone/Z1", "arn:aws-cn:acm:*:*:certificate/"
    assert made["route53:ChangeResourceRecordSets"] == ("WritePresenceAndProof", (zone,))
    assert made["route53:ListHostedZonesByName"] == ("CreatePresenceOfAll", ("*",))
    assert made["acm:ListTagsForCertificate"] == ("ReadPresenceOfAll", ("*",))
    assert made["acm:RequestCertificate"] == ("CreatePresenceOfAll", ("*",))
    assert made["acm:DeleteCertificate"] == ("RemovePresence", (f"{certificate}Z1/_n.example.com",))


@EACH
def test_a_policy_has_all_that_is_declared_and_each_action_once(resource: ResourceType) -> None:
    needs = [member.permissions for member in resource.members()]
    made = policy(resource, ["a"])

    assert made.actions == frozenset().union(*(each.all() for each in needs))
    assert set(Counter(a for s in made.statements for a in s.actions).values()) == {1}
    assert len(set(sids(made))) == len(made.statements)
    assert all(re.fullmatch("[A-Za-z0-9]+", sid) for sid in sids(made))


@EACH
def test_who_only_looks_needs_no_more_than_the_right_to_read(resource: ResourceType) -> None:
    made = policy(resource, ["a"], LOOKING)

    assert made.actions == frozenset().union(*(each.permissions.read for each in resource.members()))
    assert all(sid.startswith("Read") for sid in sids(made))


@EACH
def test_the_policies_of_single_members_add_up_to_the_whole(resource: ResourceType) -> None:
    single = [policy(resource, ["a"], members=(member,)).actions for member in resource.members()]

    assert frozenset().union(*single) == policy(resource, ["a"]).actions


@EACH
def test_a_policy_fits_into_one_managed_policy_with_the_longest_names(resource: ResourceType) -> None:
    assert policy(resource, ["b" * 63]).characters <= MOST_CHARACTERS


@EACH
def test_the_same_resource_type_gives_the_same_text(resource: ResourceType) -> None:
    backwards = tuple(reversed(EVERYTHING))

    assert policy(resource, ["a"]).text() == policy(resource, ["a"], backwards).text()
