"""While AWS rolls a change out: what is told, how little is asked, and when the next look is."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from headrace.controller.consequences import Next
from headrace.engine.errors import CloudError, Denied, Deploying, Throttled
from headrace.kinds.definition import PAUSED
from tests.unit.controller.composite import Several
from tests.unit.controller.objects import asked
from tests.unit.engine.fakes import Color

BEGUN = 1_762_336_790.0
DEPLOYING = Deploying("thing MEDIA is being rolled out.", since=BEGUN)
GLANCE = ["MEDIA: read busy"]


@pytest.fixture
def rolled(several: Several) -> Several:
    """A world in which AWS rolls out a thing that was made just now, ten seconds after it began."""
    several.now = BEGUN + 10
    several.cloud["MEDIA"].busy = DEPLOYING
    several.api.create({"keys": ["a"], "color": {"shade": "red"}})
    several.look()
    return several


def again(world: Several) -> list[str]:
    """Look again, and return what was asked of the cloud."""
    world.forget()
    world.look()
    return world.cloud.log


def test_it_is_told_and_what_was_wished_counts_as_carried_out(rolled: Several) -> None:
    status = rolled.status()
    assert rolled.ready() == ("False", "Deploying", DEPLOYING.message)
    (reconciling,) = (each for each in status["conditions"] if each["type"] == "Reconciling")
    assert (reconciling["status"], reconciling["reason"]) == ("True", "Deploying")
    assert status["appliedGeneration"] == 1
    assert status["arn"] == "arn:aws:fake:eu-central-1:111122223333:thing/MEDIA"


def test_the_next_look_asks_for_nothing_else_and_writes_nothing(rolled: Several) -> None:
    assert again(rolled) == GLANCE
    assert again(rolled) == GLANCE, "as often as it takes"
    assert rolled.api.log == []
    assert rolled.recorder.told == []


def test_the_next_look_is_after_a_fifth_of_the_time_that_it_has_taken(rolled: Several) -> None:
    nexts = []
    for took in (10, 20, 100, 1000):
        rolled.now = BEGUN + took
        outcome = rolled.look()
        assert outcome.result == "deploying"
        nexts.append(outcome.next)
    assert nexts == [2.0, 4.0, 20.0, 60.0]


def test_the_first_look_says_when_the_next_one_is_too(several: Several) -> None:
    several.now = BEGUN + 10
    several.cloud["MEDIA"].busy = DEPLOYING
    several.api.create({})
    outcome = several.look()
    assert (outcome.next, outcome.result) == (2.0, "deploying")


def test_once_aws_is_done_it_is_a_whole_look(rolled: Several) -> None:
    rolled.cloud["MEDIA"].busy = None
    steps = again(rolled)
    assert steps[0] == GLANCE[0]
    assert {"KEY-A: read presence", "MEDIA: read color"} < set(steps)
    assert rolled.ready()[:2] == ("True", "InSync")


LATER = Deploying("thing MEDIA is being rolled out since 11:00.", since=BEGUN)


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (LATER, ("False", "Deploying", LATER.message)),
        (Denied("may not ask."), ("False", "AccessDenied", "may not ask.")),
        # One outage is no news.
        (Throttled("Slow down."), ("False", "Deploying", DEPLOYING.message)),
    ],
    ids=["a later change", "refused", "an outage"],
)
def test_any_other_answer_makes_it_a_whole_look(
    rolled: Several, answer: CloudError, told: tuple[str, str, str]
) -> None:
    rolled.cloud["MEDIA"].busy = answer
    steps = again(rolled)
    assert steps[0] == GLANCE[0]
    assert "MEDIA: read color" in steps
    assert rolled.ready() == told


def test_a_glance_that_fails_is_a_whole_look_which_says_so(rolled: Several) -> None:
    rolled.cloud["MEDIA"].failures["read busy"] = Denied("may not fake:GetPresence.")
    assert "MEDIA: read color" in again(rolled)
    assert rolled.ready() == ("False", "AccessDenied", "may not fake:GetPresence.")


@pytest.mark.parametrize(
    "change",
    [
        lambda world: world.api.edit({"keys": ["a"], "color": {"shade": "blue"}}),
        lambda world: world.api.annotate(asked("now")),
        lambda world: world.api.set_finalizers([*world.api.read().finalizers, "example.org/theirs"]),
    ],
    ids=["an edit", "a request", "a finalizer"],
)
def test_whatever_changes_about_the_object_makes_it_a_whole_look(
    rolled: Several, change: Callable[[Several], object]
) -> None:
    change(rolled)
    steps = again(rolled)
    assert {"KEY-A: read presence", "MEDIA: read color"} < set(steps)
    assert again(rolled) == GLANCE, "and then a glance is enough again"


def test_an_edit_is_carried_out_while_aws_is_at_work(rolled: Several) -> None:
    rolled.api.edit({"keys": ["a"], "color": {"shade": "blue"}})
    rolled.look()
    assert rolled.cloud["MEDIA"].there["color"] == Color(shade="blue")
    assert rolled.status()["appliedGeneration"] == 2
    assert rolled.ready()[1] == "Deploying"


def test_an_edit_that_comes_with_the_status_is_carried_out_while_aws_is_at_work(rolled: Several) -> None:
    rolled.api.edit({"keys": ["a"], "color": {"shade": "blue"}})
    rolled.api.before["status"] = lambda: rolled.api.edit({"keys": ["a"], "color": {"shade": "green"}})
    rolled.look()
    assert rolled.cloud["MEDIA"].there["color"] == Color(shade="blue")
    assert rolled.status()["observedGeneration"] == 2

    rolled.look()
    assert rolled.cloud["MEDIA"].there["color"] == Color(shade="green")
    assert again(rolled) == GLANCE, "and then a glance is enough again"


def test_a_pause_and_a_deletion_are_heard(rolled: Several) -> None:
    rolled.api.annotate({PAUSED: "true"})
    assert again(rolled) == []
    assert rolled.ready()[1] == "Paused"
    rolled.api.annotate({})
    rolled.api.delete()
    rolled.look()
    assert rolled.cloud["MEDIA"].there["presence"].model_dump()["owner"] is None, "retained"


def test_where_something_else_is_wrong_no_glance_is_enough(rolled: Several) -> None:
    rolled.cloud["MEDIA"].failures["write color"] = Denied("may not fake:PutColor.")
    rolled.api.edit({"keys": ["a"], "color": {"shade": "blue"}})
    rolled.look()
    assert rolled.ready()[1] == "AccessDenied"
    assert rolled.status()["appliedGeneration"] == 1
    assert "MEDIA: write color" in again(rolled)


def test_an_outage_that_is_not_told_yet_is_something_else(rolled: Several) -> None:
    rolled.cloud["MEDIA"].failures["read color"] = Throttled("Slow down.")
    rolled.api.annotate(asked("now"))
    rolled.look()
    assert rolled.ready() == ("False", "Deploying", DEPLOYING.message)
    assert "MEDIA: read color" in again(rolled)


def test_another_process_looks_at_the_whole_first(rolled: Several) -> None:
    after = replace(rolled)
    after.account.thing = rolled.cloud
    rolled.forget()
    after.look()
    assert "MEDIA: read color" in rolled.cloud.log


def test_drift_is_seen_once_aws_is_done(rolled: Several) -> None:
    rolled.cloud["MEDIA"].there["color"] = Color(shade="green")
    assert again(rolled) == GLANCE
    rolled.cloud["MEDIA"].busy = None
    assert "MEDIA: write color" in again(rolled)
    assert rolled.look().next is Next.RESYNC
