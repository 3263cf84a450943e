"""Keeping an object that stands for several resources: in which order, and what the ledger says of them."""

import pytest

from headrace.controller.api import Stale
from headrace.engine.errors import Denied, Deploying, Pending, Unavailable
from tests.unit.controller.composite import KeyHome, Several
from tests.unit.controller.world import OWNER
from tests.unit.engine.fakes import OTHER, Color, Home, Labels

ALL = {"keys": ["a"], "signs": ["x"]}
CUT = Labels(entries={"key-a": "of KEY-A"})
DEPLOYING = Deploying("thing MEDIA is being rolled out since 10:00.", since=1_762_336_700.0)


@pytest.fixture
def made(several: Several) -> Several:
    """A world in which there is a thing with its key and its sign."""
    return several.keeping(ALL)


# The ledger


def test_a_bug_in_the_midst_of_a_pass_leaves_the_ledger_as_it_was_written(several: Several) -> None:
    def fail() -> None:
        raise KeyError("bug")

    several.api.create(ALL)
    several.cloud["KEY-A"].before["create presence"] = fail

    assert several.look().result == "bug"
    assert several.parts() == ["key/a (key-a)", "thing (media)", "sign/x (sign-x)"]


def test_all_parts_are_named_in_one_write_before_the_first_is_made(several: Several) -> None:
    several.api.create(ALL)
    several.cloud["KEY-A"].before["create presence"] = lambda: told.extend(
        [*several.parts(), *several.api.log, *several.cloud.writes]
    )
    told: list[str] = []
    several.look()

    parts = ["key/a (key-a)", "thing (media)", "sign/x (sign-x)"]
    assert told == [*parts, "patch", "status", "KEY-A: create presence"]
    assert several.parts() == ["key/a KEY-A ready", "thing MEDIA ready", "sign/x SIGN-X ready"]
    assert several.api.writes == ["patch", "status", "status"]


def test_an_edit_that_comes_while_they_are_named_is_what_is_carried_out(several: Several) -> None:
    several.api.create(ALL)
    several.api.before["status"] = lambda: several.api.edit({**ALL, "color": {"shade": "blue"}})
    with pytest.raises(Stale):
        several.look()
    assert several.cloud.there == []
    assert several.status()["observedGeneration"] == -1

    several.look()
    assert several.cloud["MEDIA"].there["color"] == Color(shade="blue")
    assert several.status()["appliedGeneration"] == several.status()["observedGeneration"] == 2


def test_the_second_pass_does_not_write_the_ledger_nor_anything_else(made: Several) -> None:
    made.look()
    assert (made.api.writes, made.cloud.writes) == ([], [])


def test_a_part_that_the_spec_adds_is_named_where_it_belongs_and_not_at_the_end(made: Several) -> None:
    told: list[str] = []
    made.cloud["KEY-B"].before["create presence"] = lambda: told.extend(made.parts())
    made.api.edit({**ALL, "keys": ["a", "b"]})
    made.look()

    rest = ["thing MEDIA ready", "sign/x SIGN-X ready"]
    assert told == ["key/a KEY-A ready", "key/b (key-b)", *rest], "or it would be removed before the main one"
    assert made.parts() == ["key/a KEY-A ready", "key/b KEY-B ready", *rest]


def test_where_nothing_is_written_there_is_no_ledger(several: Several) -> None:
    several.api.create({**ALL, "mode": "Observe"})
    several.look()
    assert several.parts() == []
    assert several.cloud.writes == []


def test_a_part_that_fails_is_in_the_ledger_without_being_ready(several: Several) -> None:
    several.cloud["KEY-A"].failures["create presence"] = Denied("may not fake:CreatePresence.")
    several.api.create(ALL)
    several.look()
    assert several.parts() == ["key/a (key-a)", "thing (media)", "sign/x (sign-x)"]


# What waits for what


def test_a_node_waits_for_what_it_refers_to_and_goes_on_in_the_next_pass(several: Several) -> None:
    refused = Denied("may not fake:CreatePresence.")
    several.cloud["KEY-A"].failures["create presence"] = refused
    several.api.create(ALL)
    several.look()
    assert several.ready() == ("False", "AccessDenied", refused.message), "that tells why"
    assert several.cloud.there == []

    several.cloud["KEY-A"].failures.clear()
    several.look()
    assert several.ready()[:2] == ("True", "InSync")
    assert several.cloud["MEDIA"].there["labels"] == CUT


def test_that_a_node_waits_is_told_where_nothing_tells_why(several: Several) -> None:
    """A key that is there, and of which the cloud is yet to say what the thing goes by."""
    several.cloud["KEY-A"].there["presence"] = KeyHome(owner=OWNER)
    several.api.create(ALL)
    several.look()
    assert several.ready() == (
        "False",
        "Creating",
        "sign/x waits for thing. thing waits for key/a.",
    )
    assert several.cloud.there == ["KEY-A"]
    several.cloud["KEY-A"].there["presence"] = KeyHome(owner=OWNER, teeth="of KEY-A")
    several.look()
    assert several.ready()[:2] == ("True", "InSync")
    assert several.cloud["MEDIA"].there["labels"] == CUT


def test_what_is_made_while_the_thing_waits_is_in_the_log(several: Several) -> None:
    several.cloud["KEY-A"].there["presence"] = KeyHome(owner=OWNER)
    several.api.create({"keys": ["a", "b"]})
    several.look()

    assert several.ready()[:2] == ("False", "Creating")
    (line,) = (vars(line) for line in several.log())
    assert line["done"] == ["key/b: presence"]


def test_a_sign_is_put_up_once_aws_is_done_with_the_thing(several: Several) -> None:
    several.cloud["MEDIA"].busy = DEPLOYING
    several.api.create(ALL)
    several.look()
    assert several.cloud.there == ["KEY-A", "MEDIA"]
    assert several.ready() == ("False", "Deploying", DEPLOYING.message)
    assert several.parts() == ["key/a KEY-A ready", "thing MEDIA", "sign/x (sign-x)"]

    several.cloud["MEDIA"].busy = None
    several.look()
    assert several.cloud.there == ["KEY-A", "MEDIA", "SIGN-X"]
    assert several.ready()[:2] == ("True", "InSync")


def test_no_sign_is_put_up_for_a_thing_that_is_somebody_elses(several: Several) -> None:
    several.cloud["MEDIA"].there["presence"] = Home(owner=OTHER)
    several.api.create(ALL)
    several.look()
    assert several.ready()[:2] == ("False", "NotOurs")
    assert several.cloud.there == ["KEY-A", "MEDIA"]


def test_no_sign_is_put_up_for_a_thing_that_could_not_be_looked_at(several: Several) -> None:
    several.api.create({"keys": ["a"]})
    several.look()
    several.cloud["MEDIA"].failures["read presence"] = Unavailable("no answer")
    several.api.edit(ALL)
    several.look()
    assert several.cloud.there == ["KEY-A", "MEDIA"]


def test_a_sign_that_is_up_is_changed_while_aws_is_at_work_on_the_thing(made: Several) -> None:
    made.cloud["MEDIA"].busy = DEPLOYING
    made.api.edit({**ALL, "signColor": "blue", "signs": ["x", "y"]})
    made.look()
    assert made.cloud["SIGN-X"].there["color"] == Color(shade="blue")
    assert "SIGN-Y" not in made.cloud.there


# What the spec wants no more


def test_what_comes_after_the_thing_goes_before_it_is_changed_and_what_comes_before_it_after(
    made: Several,
) -> None:
    made.api.edit({"color": {"shade": "blue"}})
    made.look()

    removed = ["SIGN-X: remove presence", "KEY-A: remove presence"]
    steps = made.cloud.writes
    assert (steps[0], steps[-1]) == (removed[0], removed[1])
    assert steps[1:-1] == ["MEDIA: write color", "MEDIA: write labels"]
    assert made.parts() == ["thing MEDIA ready"]


def test_what_goes_is_in_the_log_as_a_change(made: Several) -> None:
    made.api.edit({})
    outcome = made.look()

    (line,) = (vars(line) for line in made.log())
    assert (outcome.result, line["done"]) == ("changed", ["key/a: presence", "labels", "sign/x: presence"])
    assert "- key/a: presence.place: here (spec)" in line["plan"]


def test_several_go_backwards(several: Several) -> None:
    several.api.create({"keys": ["a", "b"], "signs": ["x", "y"]})
    several.look()
    several.forget()
    several.api.edit({})
    several.look()
    removed = [step.partition(":")[0] for step in several.cloud.writes if step.endswith("remove presence")]
    assert removed == ["SIGN-Y", "SIGN-X", "KEY-B", "KEY-A"]


@pytest.mark.parametrize("busy", [DEPLOYING, Denied("may not fake:PutLabels.")], ids=["busy", "refused"])
def test_what_the_thing_may_still_refer_to_stays_until_all_is_in_sync(
    made: Several, busy: Denied | Deploying
) -> None:
    thing = made.cloud["MEDIA"]
    if isinstance(busy, Deploying):
        thing.busy = busy
    else:
        thing.failures["write labels"] = busy
    made.api.edit({"signs": ["x"]})
    made.look()
    assert "KEY-A" in made.cloud.there
    assert made.parts()[0].startswith("key/a KEY-A")

    thing.busy = None
    thing.failures.clear()
    made.look()
    assert made.cloud.there == ["MEDIA", "SIGN-X"]
    assert made.parts() == ["thing MEDIA ready", "sign/x SIGN-X ready"]


@pytest.mark.parametrize(("spec", "left"), [({"keys": ["a"]}, "SIGN-X"), ({"signs": ["x"]}, "KEY-A")])
def test_what_could_not_be_removed_is_told_and_stays_in_the_ledger(
    made: Several, spec: dict[str, list[str]], left: str
) -> None:
    stuck = Pending(f"{left} is on its way out.")
    made.cloud[left].failures["remove presence"] = stuck
    before = [part.removesuffix(" ready") for part in made.parts()]
    made.api.edit(spec)
    made.look()
    assert [part.removesuffix(" ready") for part in made.parts()] == before
    assert made.ready() == ("False", "Updating", stuck.message)

    made.cloud[left].failures.clear()
    made.look()
    assert left not in made.cloud.there
    assert len(made.parts()) == 2
    assert made.ready()[:2] == ("True", "InSync")


def test_of_several_that_are_to_go_the_ledger_keeps_those_that_are_still_there(several: Several) -> None:
    several.api.create({"signs": ["x", "y", "z"]})
    several.look()
    several.cloud["SIGN-Y"].failures["remove presence"] = Pending("SIGN-Y is on its way out.")
    several.api.edit({})
    several.look()
    assert [part.split()[0] for part in several.parts()] == ["thing", "sign/x", "sign/y"]
    assert several.cloud.there == ["MEDIA", "SIGN-X", "SIGN-Y"], "it may stand on the next"


def test_where_nothing_may_be_written_what_is_wanted_no_more_stays_with_its_entry(made: Several) -> None:
    before = made.parts()
    made.api.edit({"mode": "Observe"})
    made.look()
    assert made.cloud.there == ["KEY-A", "MEDIA", "SIGN-X"]
    assert made.parts() == before
    made.api.edit({})
    made.look()
    assert (made.cloud.there, made.parts()) == (["MEDIA"], ["thing MEDIA ready"])


# What is somebody else's


@pytest.mark.parametrize(
    ("id", "theirs"),
    [
        ("KEY-A", Home(owner=OTHER)),
        ("KEY-A", KeyHome(owner=OTHER, teeth="of KEY-A")),
        ("SIGN-X", Home(owner=OTHER)),
    ],
    ids=["thing waits for it", "thing refers to it", "it comes after the thing"],
)
def test_a_part_that_is_somebody_elses_takes_nothing_from_what_is_known_of_the_thing(
    made: Several, id: str, theirs: Home
) -> None:
    before = made.status()
    made.cloud[id].there["presence"] = theirs
    made.look()

    status = made.status()
    assert made.ready()[:2] == ("False", "NotOurs")
    assert (status["arn"], status["pins"]) == (before["arn"], before["pins"])
    assert status["managed"] == before["managed"] == ["labels[key-a]", "sign/x: color"]
    assert "notOurs" not in status
    assert made.cloud.writes == []


def test_a_thing_that_is_made_beside_what_is_somebody_elses_is_told_of(several: Several) -> None:
    several.cloud["SIGN-X"].there["presence"] = Home(owner=OTHER)
    several.api.create(ALL)
    for look in ("made", "seen"):
        several.look()
        assert several.ready()[:2] == ("False", "NotOurs"), look
        assert several.status()["arn"].endswith(":thing/MEDIA"), look
        assert several.status()["pins"]["name"] == "MEDIA", look
        assert several.status()["managed"] == ["labels[key-a]", "sign/x: color"], look
    assert several.parts()[2] == "sign/x SIGN-X"
