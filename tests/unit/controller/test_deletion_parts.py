"""The way out of an object that stands for several resources: one after another, backwards."""

from typing import Any

import pytest

from headrace.engine.errors import Denied, Pending
from headrace.kinds.definition import ABANDON, ObjectRef
from tests.unit.controller.composite import KeyHome, Several
from tests.unit.controller.objects import REF, body
from tests.unit.controller.world import OWNER
from tests.unit.engine.fakes import OTHER, Color, Home

ALL = {"keys": ["a", "b"], "signs": ["x"], "deletionPolicy": "Delete"}
BACKWARDS = ["SIGN-X", "MEDIA", "KEY-B", "KEY-A"]
NEIGHBOUR = ObjectRef("Thing", "shop", "neighbour")


@pytest.fixture
def made(several: Several) -> Several:
    """A world in which there is a thing with two keys and a sign."""
    return several.keeping(ALL)


def removed(world: Several) -> list[str]:
    """Return what was removed, in its order."""
    steps = (step.partition(": ") for step in world.cloud.log)
    return [id for id, _, step in steps if step == "remove presence"]


def stuck(world: Several, *ids: str) -> None:
    """Let nothing but these resist, with a sentence each."""
    for id in BACKWARDS:
        world.cloud[id].failures.clear()
    for id in ids:
        world.cloud[id].failures["remove presence"] = Pending(f"{id} is on its way out.")


# Delete


def test_all_goes_backwards_and_the_finalizer_after_that(made: Several) -> None:
    left: list[list[str]] = []
    made.api.before["patch"] = lambda: left.append(made.cloud.there)
    made.api.delete()
    outcome = made.look()

    assert removed(made) == BACKWARDS
    assert left == [[]]
    assert (REF in made.api, outcome.result) == (False, "deleted")
    assert made.api.writes == ["patch"]
    assert made.recorder.lines == ["Normal Deleted: thing MEDIA deleted"]


def test_a_part_that_is_not_gone_holds_the_rest_and_says_so(made: Several) -> None:
    made.api.delete()
    for id, parts in (
        ("SIGN-X", ["key/a", "key/b", "thing", "sign/x"]),
        ("MEDIA", ["key/a", "key/b", "thing"]),
        ("KEY-B", ["key/a", "key/b"]),
        ("KEY-A", ["key/a"]),
    ):
        stuck(made, id)
        made.look()
        assert made.ready() == ("False", "Deleting", f"{id} is on its way out.")
        assert [part.split()[0] for part in made.parts()] == parts
        assert made.cloud.there == sorted(BACKWARDS[BACKWARDS.index(id) :])
        assert made.api.read().held
    stuck(made)
    made.look()
    assert REF not in made.api


def test_what_went_is_in_the_log_of_the_pass_in_which_it_did(made: Several) -> None:
    made.api.delete()
    went = []
    for resisting in (["MEDIA"], ["KEY-A"], []):
        stuck(made, *resisting)
        made.forget()
        made.look()
        (line,) = (vars(line) for line in made.log())
        went.append(line["done"])

    sign, thing, key = "sign/x: presence", "thing: presence", "key/{}: presence"
    assert went == [
        [sign],
        [key.format("b"), thing],
        [key.format("a")],
    ]


def test_what_was_tried_once_is_not_asked_about_again(made: Several) -> None:
    made.api.delete()
    stuck(made, "KEY-B")
    made.look()
    made.forget()
    made.look()
    assert not [step for step in made.cloud.log if step.startswith(("SIGN-X", "KEY-A"))]
    assert made.api.writes == [], "the same is not told twice"


def test_a_sentence_that_changes_is_told(made: Several) -> None:
    made.api.delete()
    for step in ("disabled", "deleted"):
        made.cloud["MEDIA"].failures["remove presence"] = Pending(f"thing MEDIA is being {step}.")
        made.look()
        assert made.ready() == ("False", "Deleting", f"thing MEDIA is being {step}.")


def test_what_is_seen_of_a_part_on_its_way_out_says_nothing_about_the_thing(several: Several) -> None:
    several.api.create({**ALL, "driftPolicy": "Report", "color": {"shade": "red"}})
    several.look()
    several.cloud["MEDIA"].there["color"] = Color(shade="green")
    several.look()
    known = {key: several.status()[key] for key in ("drift", "driftCount")}
    assert known["driftCount"] == 1

    several.api.delete()
    stuck(several, "SIGN-X")
    several.look()
    assert {key: several.status()[key] for key in ("drift", "driftCount")} == known


def test_what_was_offered_is_forgotten_once_the_thing_is_gone(made: Several) -> None:
    made.api.delete()
    stuck(made, "MEDIA")
    made.look()
    assert made.status()["arn"].endswith(":thing/MEDIA")
    stuck(made, "KEY-B")
    made.look()
    assert "arn" not in made.status()
    assert made.status()["pins"]["name"] == "MEDIA", "by which the last word calls it"


def test_the_last_word_is_of_what_an_earlier_pass_deleted(made: Several) -> None:
    made.api.delete()
    stuck(made, "KEY-A")
    made.look()
    stuck(made)
    made.look()
    assert made.recorder.lines[-1] == "Normal Deleted: thing MEDIA deleted"


def test_what_somebody_else_deleted_was_gone_already(made: Several) -> None:
    made.cloud["MEDIA"].there.clear()
    made.api.delete()
    made.look()
    assert removed(made) == ["SIGN-X", "KEY-B", "KEY-A"]
    assert made.recorder.lines == ["Normal Deleted: thing MEDIA was gone already"]


def test_a_refusal_names_the_way_out(made: Several) -> None:
    made.cloud["KEY-A"].failures["remove presence"] = Denied("may not fake:DeletePresence.")
    made.api.delete()
    made.look()
    assert made.ready()[1] == "AccessDenied"
    assert made.ready()[2].startswith("may not fake:DeletePresence. To let the object go")
    assert ABANDON in made.ready()[2]


def test_a_part_that_is_somebody_elses_is_left_alone_and_holds_nothing(made: Several) -> None:
    made.cloud["KEY-B"].there["presence"] = KeyHome(owner=OTHER)
    made.cloud["SIGN-X"].there["presence"] = Home(owner=OTHER)
    made.api.delete()
    made.look()
    assert made.cloud.there == ["KEY-B", "SIGN-X"]
    assert REF not in made.api


def test_parts_that_were_named_and_never_made_hold_nothing(several: Several) -> None:
    several.cloud["KEY-A"].failures["create presence"] = Denied("may not fake:CreatePresence.")
    several.api.create(ALL)
    several.look()
    assert several.cloud.there == ["KEY-B"]
    several.api.delete()
    several.look()
    assert (several.cloud.there, REF in several.api) == ([], False)


def test_a_part_that_was_made_unheard_is_found_by_the_name_that_the_ledger_has(several: Several) -> None:
    several.cloud["KEY-A"].failures["create presence"] = Denied("may not fake:CreatePresence.")
    several.api.create(ALL)
    several.look()
    several.cloud["KEY-A"].there["presence"] = KeyHome(owner=OWNER)
    several.api.edit({"deletionPolicy": "Delete"})
    several.api.delete()
    several.look()
    assert (several.cloud.there, REF in several.api) == ([], False)


def test_where_the_status_was_lost_the_spec_says_what_there_may_be(made: Several) -> None:
    made.api.create(ALL, finalizers=made.api.read().finalizers)
    made.api.delete()
    made.look()
    assert (removed(made), REF in made.api) == (BACKWARDS, False)


def test_what_the_spec_added_last_is_no_part_as_long_as_it_is_not_in_the_ledger(made: Several) -> None:
    made.cloud["KEY-C"].there["presence"] = KeyHome(owner=OWNER)
    made.api.edit({**ALL, "keys": ["a", "b", "c"]})
    made.api.delete()
    made.look()
    assert made.cloud.there == ["KEY-C"]


# Retain


def test_only_what_carries_marks_is_let_go_of_and_all_stays(made: Several) -> None:
    made.api.edit({**ALL, "deletionPolicy": "Retain"})
    made.api.delete()
    made.look()

    assert made.cloud.writes == ["SIGN-X: write presence", "MEDIA: write presence"]
    assert not [step for step in made.cloud.log if step.startswith("KEY")]
    for id in ("SIGN-X", "MEDIA"):
        assert made.cloud[id].there["presence"] == Home(owner=None, retained_by=OWNER)
    assert made.cloud.there == sorted(BACKWARDS)
    assert made.recorder.lines == ["Normal Deleted: thing MEDIA retained"]
    assert REF not in made.api


# Those who gave it something


def beside(world: Several, *lets: str, **spec: Any) -> None:
    """Have a neighbour that remembers these objects."""
    version = int(world.api.read().version) + 1
    status = {"arn": "arn:neighbour", "lets": lets}
    assert world.cache.put(body(NEIGHBOUR, version=version, spec=spec, status=status))


@pytest.fixture
def given(several: Several) -> Several:
    """A world in which the neighbour lets the object have something."""
    several.api.create({**ALL, "beside": "neighbour"})
    beside(several, "media")
    several.look()
    several.forget()
    return several


def test_the_finalizer_waits_for_those_who_are_yet_to_take_back_what_they_gave(given: Several) -> None:
    given.api.delete()
    outcome = given.look()
    waits = f"{NEIGHBOUR} is yet to take back what it gave to {REF}."
    assert given.ready() == ("False", "Waiting", waits)
    assert outcome.next == 60.0
    assert (given.cloud.there, given.parts(), given.api.read().held) == ([], [], True)
    assert "arn" not in given.status(), "that is how they hear of it"

    beside(given)
    given.look()
    assert REF not in given.api
    assert given.recorder.lines[-1] == "Normal Deleted: thing MEDIA deleted"


@pytest.mark.parametrize(
    ("policy", "mode"), [("Retain", "Manage"), ("Delete", "Observe")], ids=["retained", "takes nothing back"]
)
def test_nobody_is_waited_for_where_it_stays_or_where_they_take_nothing_back(
    given: Several, policy: str, mode: str
) -> None:
    beside(given, "media", mode=mode)
    given.api.edit({**ALL, "beside": "neighbour", "deletionPolicy": policy})
    given.api.delete()
    given.look()
    assert REF not in given.api


@pytest.fixture
def hidden(several: Several) -> Several:
    """A world in which the thing is somebody else's, as AWS said before it refused every look."""
    several.cloud["MEDIA"].there["presence"] = Home(owner=OTHER)
    several.api.create(ALL)
    several.look()
    assert several.cloud.there == ["KEY-A", "KEY-B", "MEDIA"]
    several.cloud["MEDIA"].failures["read presence"] = Denied("may not fake:GetPresence.")
    several.api.delete()
    return several


def test_beside_a_thing_that_is_somebody_elses_and_hidden_what_is_ours_goes(hidden: Several) -> None:
    hidden.look()
    assert hidden.cloud.there == ["MEDIA"]
    assert REF not in hidden.api
    assert hidden.recorder.lines[-1] == "Normal Deleted: thing MEDIA is not ours; it was left alone"


def test_what_is_hidden_is_known_to_be_somebody_elses_as_long_as_it_takes(hidden: Several) -> None:
    resists = hidden.cloud["KEY-A"].failures
    resists["remove presence"] = Pending("KEY-A is on its way out.")
    for _ in range(2):
        hidden.look()
        assert hidden.ready() == ("False", "Deleting", "KEY-A is on its way out.")
        assert hidden.cloud.there == ["KEY-A", "MEDIA"]
    resists.clear()
    hidden.look()
    assert (hidden.cloud.there, REF in hidden.api) == (["MEDIA"], False)
