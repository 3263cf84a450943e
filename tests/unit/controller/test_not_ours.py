"""That a name is somebody else's is remembered until AWS says otherwise, or something may be ours."""

from collections.abc import Mapping
from typing import Any

import pytest

from headrace.aws.sessions import Identity
from headrace.controller.api import ApiError
from headrace.controller.status import assess
from headrace.engine.errors import CloudError, Denied, Throttled, Unavailable, Waiting
from headrace.kinds.definition import PAUSED
from tests.unit.controller.objects import REF, obj
from tests.unit.controller.sights import MAKE, PINS, report, sight
from tests.unit.controller.world import OWNER, World, ready_reason
from tests.unit.engine.fakes import Home

REFUSED = Denied("may not fake:GetPresence.")


@pytest.fixture
def theirs(world: World) -> World:
    """A world in which AWS said that what is there is somebody else's; by now it refuses every look."""
    world.thing.there["presence"] = Home(owner="elsewhere/Thing/shop/media")
    world.api.create({"deletionPolicy": "Delete"})
    world.look()
    world.thing.failures["read presence"] = REFUSED
    return world


@pytest.mark.parametrize("error", [Throttled("slow"), Unavailable("no answer"), Waiting("no"), REFUSED])
def test_what_is_somebody_elses_is_so_after_whatever_else_went_wrong_on_the_way_out(
    theirs: World, error: CloudError
) -> None:
    theirs.api.delete()
    theirs.account.refusal = error
    theirs.look()
    assert theirs.api.read().held
    assert "NotOurs" not in ready_reason(theirs.status())
    theirs.account.refusal = None
    theirs.look()

    assert REF not in theirs.api


def test_what_is_somebody_elses_is_so_after_outages_a_pause_and_an_edit(theirs: World) -> None:
    theirs.account.refusal = Unavailable("no answer")
    for outages in range(4):
        theirs.look(outages=outages)
    assert ready_reason(theirs.status()) == "False Unavailable"
    theirs.account.refusal = None
    theirs.api.annotate({PAUSED: "true"})
    theirs.look()
    theirs.api.annotate({})
    theirs.api.edit({"color": {"depth": 99}})
    theirs.look()
    assert ready_reason(theirs.status()) == "False InvalidSpec"
    theirs.api.delete()
    theirs.look()

    assert REF not in theirs.api


@pytest.mark.parametrize(
    "spec", [{"thingName": "other"}, {"region": "us-east-1"}], ids=["another name", "another region"]
)
def test_of_another_place_nothing_is_known(theirs: World, spec: Mapping[str, Any]) -> None:
    theirs.api.edit(spec)
    theirs.api.delete()
    theirs.look()

    assert ready_reason(theirs.status()) == "False AccessDenied"


def test_of_another_account_nothing_is_known(theirs: World, monkeypatch: pytest.MonkeyPatch) -> None:
    other = Identity("999999999999", "arn:aws:iam::999999999999:role/headrace", "aws")
    monkeypatch.setattr("tests.unit.controller.cloud.IDENTITY", other)
    theirs.api.delete()
    theirs.look()

    assert ready_reason(theirs.status()) == "False AccessDenied"


def test_a_name_that_was_free_once_is_nobody_elses_any_more(theirs: World) -> None:
    theirs.thing.failures.clear()
    theirs.thing.there.clear()
    theirs.thing.failures["create presence"] = Throttled("slow")
    theirs.look()
    theirs.thing.failures["read presence"] = REFUSED
    theirs.api.delete()
    theirs.look()

    assert ready_reason(theirs.status()) == "False AccessDenied"


def test_what_may_have_been_made_is_not_let_go_because_it_was_somebody_elses(theirs: World) -> None:
    theirs.thing.failures.clear()
    theirs.thing.there.clear()
    theirs.thing.failures["create presence"] = Unavailable("The connection was closed.")
    theirs.look()
    theirs.thing.failures["read presence"] = REFUSED
    theirs.api.delete()
    theirs.look()

    assert ready_reason(theirs.status()) == "False AccessDenied"


@pytest.mark.parametrize(("lost", "known"), [(True, None), (False, PINS)])
def test_after_a_refused_look_only_a_create_call_that_may_have_been_carried_out_says_otherwise(
    lost: bool, known: Mapping[str, str] | None
) -> None:
    error = Unavailable("The connection was closed.") if lost else Throttled("slow")
    touched = ["presence"] if lost else []
    told = report({}, left=[MAKE], failures=[("presence", error)], touched=touched)
    status = assess(sight(obj(status={"notOurs": PINS}), told))

    assert status.get("notOurs") == known


def test_what_was_made_in_a_pass_that_died_is_not_let_go_because_it_was_somebody_elses(
    theirs: World,
) -> None:
    theirs.thing.failures.clear()
    theirs.thing.there.clear()
    dead = {"status": ApiError("nobody hears of it")}
    theirs.thing.before["create presence"] = lambda: theirs.api.errors.update(dead)
    with pytest.raises(ApiError):
        theirs.look()
    theirs.api.errors.clear()
    assert theirs.thing.there["presence"] == Home(owner=OWNER)
    theirs.thing.failures["read presence"] = REFUSED
    theirs.api.delete()
    theirs.look()

    assert ready_reason(theirs.status()) == "False AccessDenied"


def test_while_a_name_is_somebody_elses_nothing_is_written(theirs: World) -> None:
    theirs.look()
    theirs.forget()
    theirs.look()

    assert theirs.api.writes == []
