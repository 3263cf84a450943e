"""The way out: what becomes of the thing when its object is to go, and when the object may go."""

from collections.abc import Mapping
from typing import Any

import pytest

from headrace.controller.api import ApiError, Stale
from headrace.controller.consequences import Next
from headrace.engine.errors import CloudError, Denied, NotEmpty, Throttled
from headrace.kinds.definition import ABANDON, FINALIZER
from tests.unit.controller.objects import REF, condition
from tests.unit.controller.world import OWNER, World, ready_reason
from tests.unit.engine.fakes import OTHER, Home


@pytest.fixture
def made(world: World) -> World:
    """A world in which the thing was made."""
    return world.keeping({})


def delete(world: World, **spec: Any) -> None:
    """Ask for the object to go, after a last word on how."""
    if spec:
        world.api.edit(spec)
    world.api.delete()


def farewell(world: World) -> list[Any]:
    return [line.getMessage() for line in world.log() if vars(line).get("result") == "deleted"]


def test_what_is_to_be_retained_stays_and_carries_the_mark_of_who_did(made: World) -> None:
    delete(made)
    outcome = made.look()

    assert REF not in made.api
    assert made.thing.there["presence"] == Home(owner=None, retained_by=OWNER)
    assert (outcome.obj, outcome.result) == (None, "deleted")
    assert farewell(made) == ["thing media retained"]
    assert made.recorder.lines == ["Normal Deleted: thing media retained"]


def test_what_is_to_be_deleted_goes_before_the_object_does(made: World) -> None:
    delete(made, deletionPolicy="Delete")
    made.thing.before["remove presence"] = lambda: held.append(REF in made.api)
    held: list[bool] = []
    made.look()

    assert held == [True]
    (line,) = made.log()
    assert vars(line)["done"] == ["presence"]
    assert [each[:2] for each in vars(line)["plan"]] == ["- "] * len(vars(line)["plan"])
    assert made.thing.there == {}
    assert REF not in made.api
    assert made.thing.reads == ["presence", "presence"], "before, and to verify"
    assert farewell(made) == ["thing media deleted"]


def test_the_object_stays_until_the_thing_was_seen_to_be_gone(made: World) -> None:
    made.thing.lost.add("remove presence")
    delete(made, deletionPolicy="Delete")
    outcome = made.look()

    assert made.api.read().held
    assert ready_reason(made.status()) == "False Deleting"
    assert (outcome.result, outcome.next) == ("error", Next.BACKOFF)
    made.thing.lost.clear()
    made.look()
    assert REF not in made.api


@pytest.mark.parametrize(
    ("error", "reason", "next_"),
    [
        (NotEmpty("thing media holds 3 more."), "NotEmpty", 300.0),
        (Denied("may not fake:DeletePresence."), "AccessDenied", 300.0),
        (Throttled("Slow down."), "Throttled", Next.BACKOFF),
    ],
)
def test_what_cannot_be_deleted_keeps_the_object_and_says_why(
    made: World, error: CloudError, reason: str, next_: float | Next
) -> None:
    made.thing.failures["remove presence"] = error
    delete(made, deletionPolicy="Delete")
    outcome = made.look()

    assert made.api.read().held
    assert ready_reason(made.status()) == f"False {reason}"
    way_out = 'To let the object go and leave what is in AWS alone, annotate it headrace.io/abandon: "true".'
    said = f"{error} {way_out}" if isinstance(error, Denied) else str(error)
    assert condition(made.status(), "Ready")["message"] == said
    assert outcome.next == next_


def test_what_is_gone_already_lets_the_object_go(made: World) -> None:
    made.thing.there.clear()
    delete(made, deletionPolicy="Delete")
    made.look()

    assert REF not in made.api
    assert made.thing.writes == []
    assert farewell(made) == ["thing media was gone already"]


@pytest.mark.parametrize("policy", ["Retain", "Delete"])
def test_what_belongs_to_somebody_else_by_now_is_left_alone(made: World, policy: str) -> None:
    theirs = {**made.thing.there, "presence": Home(owner=OTHER)}
    made.thing.there.update(theirs)
    delete(made, deletionPolicy=policy)
    made.look()

    assert REF not in made.api
    assert made.thing.writes == []
    assert farewell(made) == ["thing media is not ours; it was left alone"]


def test_what_was_retained_before_a_crash_is_not_marked_again(made: World) -> None:
    delete(made)
    made.api.errors["patch"] = Stale("changed")
    with pytest.raises(Stale):
        made.look()
    made.api.errors.clear()
    made.forget()
    made.look()

    assert made.thing.writes == []
    assert REF not in made.api
    assert farewell(made) == ["thing media retained"]


@pytest.mark.parametrize("policy", ["Retain", "Delete"])
def test_what_was_only_observed_last_is_let_go_without_a_call(made: World, policy: str) -> None:
    there = dict(made.thing.there)
    delete(made, mode="Observe", deletionPolicy=policy)
    made.look()

    assert made.account.reached == []
    assert made.thing.there == there
    assert REF not in made.api
    assert farewell(made) == ["it was only observed"]


def test_an_object_that_we_never_held_needs_nothing(world: World) -> None:
    world.api.create({}, finalizers=["example.com/theirs"])
    world.api.delete()
    outcome = world.look()

    assert (outcome.obj, outcome.result) == (None, "deleted")
    assert world.api.log == []
    assert world.account.reached == []


def test_the_finalizers_of_others_keep_the_object_and_ours_goes(made: World) -> None:
    made.api.set_finalizers(["example.com/theirs", FINALIZER])
    delete(made)
    made.look()

    assert made.api.read().finalizers == ["example.com/theirs"]


@pytest.mark.parametrize(
    "spec",
    [{"color": {"depth": 99}, "deletionPolicy": "Delete"}, {"colour": {}, "deletionPolicy": "Delete"}],
)
def test_a_spec_that_is_invalid_by_now_hinders_nothing(made: World, spec: Mapping[str, Any]) -> None:
    delete(made, **spec)
    made.look()

    assert REF not in made.api
    assert made.thing.there == {}


def test_what_was_made_is_found_by_its_pins_even_if_the_spec_names_another_region(world: World) -> None:
    world.api.create({"region": "us-east-1", "thingName": "other"})
    world.look()
    world.forget()
    delete(world, deletionPolicy="Delete")
    world.look()

    assert set(world.account.reached) == {("s3", "us-east-1")}
    assert REF not in world.api


def test_what_was_made_in_another_account_is_left_alone_and_keeps_the_object(made: World) -> None:
    elsewhere = {**made.status(), "pins": {**made.status()["pins"], "accountID": "999999999999"}}
    read = made.api.read()
    patch = {"metadata": {"resourceVersion": read.version, "uid": read.uid}, "status": elsewhere}
    made.api.patch_status(REF, patch)
    delete(made, deletionPolicy="Delete")
    made.look()

    assert made.thing.log == []
    assert made.api.read().held
    assert ready_reason(made.status()) == "False Moved"


def test_what_was_never_made_lets_the_object_go(world: World) -> None:
    world.thing.failures["create presence"] = Denied("may not fake:CreatePresence.")
    world.api.create({"deletionPolicy": "Delete"})
    world.look()
    world.forget()
    world.api.delete()
    world.look()

    assert REF not in world.api
    assert world.thing.writes == []


@pytest.mark.parametrize("policy", ["Delete", "Retain"])
def test_what_may_not_be_seen_may_be_ours_and_keeps_the_object_until_somebody_says(
    world: World, policy: str
) -> None:
    world.thing.failures["read presence"] = Denied("may not fake:GetPresence.")
    world.api.create({"deletionPolicy": policy})
    world.look()
    world.api.delete()
    world.look()

    assert world.api.read().held
    assert ready_reason(world.status()) == "False AccessDenied"
    assert "headrace.io/abandon" in condition(world.status(), "Stalled")["message"]
    world.api.annotate({ABANDON: "true"})
    world.look()
    assert REF not in world.api


def test_what_was_made_in_a_pass_that_died_is_not_let_go_where_it_may_not_be_seen(world: World) -> None:
    world.api.create({"deletionPolicy": "Delete"})
    world.api.errors["status"] = ApiError("nobody hears of it")
    with pytest.raises(ApiError):
        world.look()
    world.api.errors.clear()
    world.thing.failures["read presence"] = Denied("may not fake:GetPresence.")
    world.api.delete()
    world.look()

    assert world.api.read().held
    assert "presence" in world.thing.there
    world.thing.failures.clear()
    world.look()
    assert REF not in world.api
    assert "presence" not in world.thing.there


def test_what_is_known_to_be_somebody_elses_lets_the_object_go(world: World) -> None:
    world.thing.there["presence"] = Home(owner="elsewhere/Thing/shop/media")
    world.api.create({"deletionPolicy": "Delete"})
    world.look()
    assert ready_reason(world.status()) == "False NotOurs"
    world.thing.failures["read presence"] = Denied("may not fake:GetPresence.")
    world.api.delete()
    world.look()

    assert REF not in world.api
    assert farewell(world) == ["thing media is not ours; it was left alone"]


def test_without_a_region_nobody_knows_where_to_look(world: World) -> None:
    world.api.create({}, finalizers=[FINALIZER])
    world.api.delete()
    world.account.region = None
    world.look()

    assert world.account.reached == []
    assert ready_reason(world.status()) == "False InvalidSpec"
    assert "region" in condition(world.status(), "Stalled")["message"]


def test_an_object_that_goes_by_itself_meanwhile_is_fine(made: World) -> None:
    delete(made)
    read = made.api.read()
    made.api.before["patch"] = lambda: made.api.set_finalizers([])
    outcome = made.reconciler(read)

    assert outcome.result == "deleted"


# One who has not heard of it


def test_what_went_with_its_object_is_not_made_anew_by_one_who_has_not_heard_of_it(made: World) -> None:
    made.api.edit({"deletionPolicy": "Delete"})
    made.look()
    known = made.api.read()
    made.api.delete()
    made.look()
    assert made.thing.there == {}
    assert made.reconciler(known).result == "deleted"
    assert made.thing.there == {}


def test_what_is_gone_already_is_not_made_anew_for_an_object_that_is_to_go(made: World) -> None:
    known = made.api.read()
    made.thing.there.clear()
    made.api.delete()
    with pytest.raises(Stale):
        made.reconciler(known)
    assert made.thing.there == {}


def test_a_namesake_of_an_object_that_went_is_not_taken_for_it(made: World) -> None:
    known = made.api.read()
    made.thing.there.clear()
    made.api.set_finalizers([])
    made.api.delete()
    made.api.create({}, finalizers=[FINALIZER])
    assert made.reconciler(known).result == "deleted"
    assert made.thing.there == {}


def test_what_somebody_deleted_is_made_anew_for_an_object_that_is_still_there(made: World) -> None:
    made.thing.there.clear()
    made.look()
    assert "presence" in made.thing.there
