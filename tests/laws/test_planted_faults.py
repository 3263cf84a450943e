"""Each law catches the faults that it is there for, and says whose they are."""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from headrace.engine import looking, plan, wish
from headrace.engine.facet import Facet, Permissions, ResourceType
from headrace.engine.plan import Plan
from headrace.engine.slices import ABSENT
from headrace.engine.wish import Wish
from tests.laws import facet_laws, laws, planted, pure
from tests.laws.fake_world import FakeWorld
from tests.unit.engine.fakes import THING, Lock, thing

Law = Callable[..., None]


def caught(sentence: str) -> Any:
    return pytest.raises(AssertionError, match=rf"^{sentence}")


# Roots and resources


@pytest.mark.parametrize(
    ("law", "resource", "sentence"),
    [
        (laws.law_converges, planted.with_(planted.IdleColor()), "making fake/thing failed: .*color verify"),
        (
            laws.law_converges,
            planted.with_(planted.SluggishColor()),
            "making fake/thing failed: .*color.depth",
        ),
        (laws.law_converges, planted.with_(planted.FilledColor()), "making fake/thing failed: .*color.depth"),
        (laws.law_converges, planted.with_(planted.LoudColor()), "making fake/thing failed: .*color.shade"),
        (laws.law_converges, planted.with_(planted.HastyRules()), "making fake/thing failed: .*rules write"),
        (laws.law_converges, planted.with_(planted.MeddlingColor()), "the second pass writes"),
        (laws.law_planning_never_writes, planted.with_(planted.MeddlingColor()), "planning writes"),
        (laws.law_planning_never_writes, thing(root=planted.Restless()), "planning writes"),
        (laws.law_create_carries_the_owner, thing(root=planted.LateOwner()), "creating takes more than one"),
        (laws.law_create_carries_the_owner, thing(root=planted.NoOwner()), "the create call does not carry"),
        (
            laws.law_what_others_own_is_left_alone,
            thing(root=planted.Trespasser()),
            "what others own is not told",
        ),
        (
            laws.law_is_let_go_and_taken_back_and_removed,
            thing(root=planted.Forgetter()),
            "letting go failed: .*presence.retainedBy",
        ),
        (laws.law_is_let_go_and_taken_back_and_removed, thing(root=planted.Hoarder()), "removing failed"),
        (
            laws.law_is_let_go_and_taken_back_and_removed,
            thing(root=planted.Restless()),
            "removing again writes",
        ),
        (laws.law_writes_follow_after, planted.BACKWARDS, "making the rest failed: .*rules write"),
        (
            laws.law_permissions_of_the_root_are_those_of_its_calls,
            thing(root=planted.Restless()),
            "presence reads with",
        ),
    ],
)
def test_a_law_of_resources_catches(
    law: Law, resource: ResourceType, sentence: str, fake_world: FakeWorld
) -> None:
    with caught(sentence):
        law(resource, fake_world)


def test_writing_in_the_wrong_order_is_caught_even_where_the_cloud_takes_it(fake_world: FakeWorld) -> None:
    fresh = fake_world.fresh

    def lenient(resource: ResourceType) -> Any:
        target = fresh(resource)
        target.needs.clear()
        return target

    fake_world.fresh = lenient  # type: ignore[method-assign]  # a cloud that takes everything
    with caught("rules is written before switch"):
        laws.law_writes_follow_after(planted.BACKWARDS, fake_world)


# Facets


@pytest.mark.parametrize(
    ("law", "facet", "name", "sentence"),
    [
        (facet_laws.law_what_is_written_is_read, planted.IdleColor(), "color", "color: wrote .*, read "),
        (facet_laws.law_what_is_written_is_read, planted.LoudColor(), "color", "color: wrote .*, read .*!"),
        (facet_laws.law_what_is_written_is_read, planted.BlindColor(), "color", "color: wrote .*, read "),
        (facet_laws.law_observing_never_writes, planted.MeddlingColor(), "color", "observing color writes"),
        (
            facet_laws.law_silence_leaves_what_is_there,
            planted.GreedyColor(),
            "lock",
            "lock is changed though",
        ),
        (
            facet_laws.law_absent_takes_it_away_and_only_it,
            planted.SweepingColor(),
            "color",
            r"taking color away changes \['lock'\]",
        ),
        (
            facet_laws.law_absent_takes_it_away_and_only_it,
            planted.StubbornColor(),
            "color",
            "taking color away failed: .*does not read back",
        ),
        (
            facet_laws.law_drift_is_seen_and_put_right,
            planted.BlindColor(),
            "color",
            r"making fake/thing failed|somebody changed color, and the plan names \[\]",
        ),
        (
            facet_laws.law_drift_is_seen_and_put_right,
            planted.GreedyColor(),
            "color",
            r"somebody changed color, and the plan names \['color', 'lock'\]",
        ),
        (
            facet_laws.law_keys_of_others_survive,
            planted.GrabbingLabels(),
            "labels",
            "setting labels drops keys",
        ),
        (
            facet_laws.law_permissions_are_those_of_the_calls,
            planted.QuietColor(),
            "color",
            r"color writes with \['fake:DeleteColor', 'fake:PutColor'\]",
        ),
        (
            facet_laws.law_permissions_are_those_of_the_calls,
            planted.GreedyPermissions(),
            "color",
            r"color reads with \['fake:GetColor'\]",
        ),
    ],
)
def test_a_law_of_facets_catches(
    law: Law, facet: Facet[Any, Any], name: str, sentence: str, fake_world: FakeWorld
) -> None:
    resource = planted.with_(facet)
    with caught(sentence):
        law(resource, resource.facet(name), fake_world)


# The engine itself


def test_silence_taken_for_absence_is_caught(monkeypatch: pytest.MonkeyPatch, fake_world: FakeWorld) -> None:
    monkeypatch.setattr(wish, "_silent", lambda facet, *_: wish._rested(facet, Wish(ABSENT)))
    with caught("color is (read|changed) though nobody wishes for it"):
        facet_laws.law_silence_leaves_what_is_there(THING, THING.facet("color"), fake_world)


def test_a_plan_that_overlooks_a_facet_is_caught(
    monkeypatch: pytest.MonkeyPatch, fake_world: FakeWorld
) -> None:
    def overlooking(*args: Any) -> Plan:
        made = plan.compare(*args)
        return replace(made, changes=tuple(each for each in made.changes if each.facet != "color"))

    monkeypatch.setattr(looking, "compare", overlooking)
    with caught("color is not made as it is wished"):
        laws.law_converges(THING, fake_world)


def test_a_plan_that_takes_keys_of_others_for_ours_is_caught(
    monkeypatch: pytest.MonkeyPatch, fake_world: FakeWorld
) -> None:
    monkeypatch.setattr(plan, "remembered_keys", lambda ledger, name: {"", *"0123456789"})
    with caught(
        "setting our keys of labels|setting labels drops keys|dropping our keys of labels drops keys"
    ):
        facet_laws.law_keys_of_others_survive(THING, THING.facet("labels"), fake_world)


def test_an_engine_that_does_not_ask_whose_it_is_is_caught(
    monkeypatch: pytest.MonkeyPatch, fake_world: FakeWorld
) -> None:
    monkeypatch.setattr(looking, "check_ours", planted.nobody)
    with caught("what others own is not told as such"):
        laws.law_what_others_own_is_left_alone(THING, fake_world)


def test_an_engine_that_ignores_what_comes_after_what_is_caught(fake_world: FakeWorld) -> None:
    resource = ResourceType("fake/thing", THING.root, tuple(reversed(THING.facets)))
    with caught("making fake/thing failed: .*rules write"):
        laws.law_converges(resource, fake_world)


# What facets say of themselves


def defaulting(default: Any) -> Facet[Any, Any]:
    return planted.saying(default=default)


@pytest.mark.parametrize(
    ("law", "facet", "sentence"),
    [
        (
            pure.law_is_named_like_a_field,
            planted.saying(name="not_camel"),
            "'not_camel' is no camelCase field",
        ),
        (pure.law_is_named_like_a_field, planted.saying(name="Color"), "'Color' is no"),
        (pure.law_is_named_like_a_field, planted.saying(name=""), "'' is no"),
        (pure.law_says_what_it_is, planted.Unsaid(), "Unsaid does not say in a sentence"),
        (pure.law_says_what_it_is, planted.saying(__doc__="A color"), "Saying does not say in a sentence"),
        (pure.law_every_field_is_described, planted.saying(slice=planted.Undescribed), "color.size is not"),
        (
            pure.law_every_field_is_bounded,
            planted.saying(slice=planted.Endless),
            "color.text has no greatest",
        ),
        (
            pure.law_every_field_is_bounded,
            planted.saying(slice=planted.EndlessList),
            r"color.texts\[\] has no",
        ),
        (
            pure.law_every_field_is_bounded,
            planted.saying(slice=planted.EndlessNumber),
            "color.size has no least",
        ),
        (
            pure.law_declares_its_actions,
            planted.saying(permissions=Permissions(frozenset(), frozenset({"fake:PutColor"}))),
            "color declares no action to read with",
        ),
        (
            pure.law_declares_its_actions,
            planted.saying(permissions=Permissions(frozenset({"fake:PutColor"}), frozenset({"x"}))),
            "color declares fake:PutColor to read with",
        ),
        (
            pure.law_declares_its_actions,
            planted.saying(permissions=Permissions(frozenset({"GetColor"}), frozenset({"x"}))),
            "color: 'GetColor' is no IAM action",
        ),
        (
            pure.law_comes_after_members_that_exist,
            planted.saying(after=("nothing",)),
            "color comes after nothing",
        ),
        (pure.law_can_be_undone, planted.Unremovable(), "color has neither a way to be removed"),
        (pure.law_default_and_rest_are_values, defaulting(Lock()), "the default of color is no Color"),
        (
            pure.law_default_and_rest_are_values,
            planted.saying(slice=planted.Emptiness, resting=planted.Emptiness()),
            "the rest of color says that it must not be there",
        ),
        (
            pure.law_default_and_rest_are_values,
            planted.saying(slice=planted.Shrinking, default=planted.Shrinking()),
            "color: .* comes back from",
        ),
        (
            pure.law_what_the_cloud_fills_in_may_be_silent,
            planted.saying(slice=planted.NeverSilent),
            "color.size is filled in by the cloud and yet never silent",
        ),
        (
            pure.law_what_the_cloud_fills_in_may_be_silent,
            planted.saying(slice=Lock, initial=Lock()),
            "color would be written before it is known what the cloud filled in",
        ),
        (
            pure.law_rules_can_be_told,
            planted.saying(slice=planted.Misruled),
            "a rule of color has no message",
        ),
    ],
)
def test_a_pure_law_catches(law: Law, facet: Facet[Any, Any], sentence: str) -> None:
    with caught(sentence):
        law(THING, facet)


@pytest.mark.parametrize("law", pure.PURE_LAWS)
@pytest.mark.parametrize("facet", THING.facets, ids=lambda facet: facet.name)
def test_pure_laws_hold_for_facets_without_a_fault(law: Law, facet: Facet[Any, Any]) -> None:
    law(THING, facet)


def test_every_law_has_a_fault_that_it_catches() -> None:
    source = re.findall(r"law_[a-z_]+", _source())
    every = [law.__name__ for law in (*laws.RESOURCE_LAWS, *facet_laws.FACET_LAWS, *pure.PURE_LAWS)]
    assert [name for name in every if name not in source] == []


def _source() -> str:
    return Path(__file__).read_text(encoding="utf-8")
