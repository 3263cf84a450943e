import pytest

from headrace.controller.api import ApiError, Stale
from headrace.controller.consequences import Next
from headrace.engine.errors import Denied, Throttled, Unavailable
from tests.unit.controller.objects import REF, asked, condition
from tests.unit.controller.world import OWNER, SPEC, World, ready_reason
from tests.unit.engine.fakes import OTHER, Color, Home, Labels, Lock, Switch

# Keeping


def test_a_thing_is_made_as_the_spec_and_the_defaults_want_it(world: World) -> None:
    world.api.create(SPEC)
    outcome = world.look()

    assert world.thing.there == {
        "presence": Home(owner=OWNER),
        "color": Color(shade="blue"),
        "labels": Labels(entries={"team": "shop"}),
        "lock": Lock(level="high", keys=("porter",)),
        "switch": Switch(enabled=True),
    }
    assert outcome.obj == world.api.read()
    assert (outcome.result, outcome.next, outcome.interval) == ("changed", Next.RESYNC, 3600)
    assert world.status()["managed"] == ["color", "labels[team]", "lock", "switch"]
    assert world.status()["pins"] == {
        "accountID": "111122223333", "region": "eu-central-1", "name": "media"
    }  # fmt: skip


def test_the_finalizer_is_on_before_the_first_write(world: World) -> None:
    world.api.create(SPEC)
    held = []
    world.thing.before["create presence"] = lambda: held.append(world.api.read().held)
    world.look()

    assert held == [True]
    assert world.api.log == ["patch", "status"]


def test_where_the_finalizer_cannot_be_put_on_nothing_is_written(world: World) -> None:
    read = world.api.create(SPEC)
    world.api.annotate({"a": "b"})

    with pytest.raises(Stale):
        world.reconciler(read)

    assert world.thing.log == []


def test_an_object_that_vanished_before_the_finalizer_is_let_go(world: World) -> None:
    read = world.api.create(SPEC)
    world.api.delete()
    outcome = world.reconciler(read)

    assert (outcome.obj, outcome.result) == (None, "deleted")
    assert world.thing.log == []


def test_a_steady_pass_reads_and_writes_nothing_and_says_nothing(ready: World) -> None:
    outcome = ready.look()

    assert ready.thing.writes == []
    assert ready.thing.reads == ["color", "labels", "lock", "presence", "switch"]
    assert ready.api.log == []
    assert ready.recorder.lines == []
    assert ready.log() == []
    assert (outcome.result, outcome.obj) == ("in_sync", ready.api.read())


def test_a_pass_that_changed_something_says_so_in_one_line(ready: World) -> None:
    ready.api.edit({**SPEC, "color": {"shade": "green"}})
    ready.look()

    (line,) = ready.log()
    assert line.getMessage() == "thing media: 4 settings in sync"
    about = vars(line)
    assert (about["object"], about["generation"], about["result"]) == (REF, 2, "changed")
    assert (about["plan"], about["done"]) == (["~ color.shade: blue -> green (spec)"], ["color"])
    assert (about["reason"], about["seconds"], about["aws_calls"]) == ("InSync", 0, 0)


def test_drift_is_put_right_and_told(ready: World) -> None:
    ready.thing.there["color"] = Color(shade="pink")
    outcome = ready.look()

    assert ready.thing.there["color"] == Color(shade="blue")
    assert outcome.result == "changed"
    assert ready.status()["lastCorrection"]["fields"] == ["color.shade"]
    assert ready.recorder.lines == ["Normal Corrected: thing media: put right color.shade"]


def test_drift_is_only_told_where_that_is_the_policy(ready: World) -> None:
    ready.api.edit({**SPEC, "driftPolicy": "Report"})
    ready.look()
    ready.forget()
    ready.thing.there["color"] = Color(shade="pink")
    outcome = ready.look()

    assert ready.thing.writes == []
    assert outcome.result == "drifted"
    assert ready.status()["drift"] == [{"field": "color.shade", "wanted": "blue", "found": "pink"}]


def test_an_edit_is_carried_out_even_where_drift_is_only_told(ready: World) -> None:
    ready.api.edit({**SPEC, "driftPolicy": "Report", "color": {"shade": "green"}})
    ready.look()

    assert ready.thing.there["color"] == Color(shade="green")


def test_what_is_taken_out_of_the_spec_goes_because_the_ledger_knows_it(ready: World) -> None:
    ready.api.edit({"switch": {"enabled": True}})
    ready.look()

    assert "color" not in ready.thing.there
    assert ready.thing.there["labels"] == Labels()
    assert ready.status()["managed"] == ["lock", "switch"]


def test_a_setting_of_the_status_that_goes_is_gone_from_the_api_server_too(ready: World) -> None:
    assert ready.status()["doors"] == {"front": "media.front", "back": "media.back"}
    ready.api.edit({**SPEC, "switch": {"enabled": False}})
    ready.look()

    assert ready.status()["doors"] == {"front": "media.front"}
    ready.forget()
    ready.look()
    assert ready.api.log == []


def test_a_look_that_somebody_asked_for_is_answered(ready: World) -> None:
    ready.api.annotate(asked("noon"))
    ready.look()

    assert ready.status()["lastHandledReconcileAt"] == "noon"
    assert ready.api.log == ["status"]


def test_the_next_look_comes_when_the_spec_says(world: World) -> None:
    world.api.create({"resyncInterval": "90m"})

    assert world.look().interval == 5400


def test_a_thing_is_named_and_placed_as_the_spec_says(world: World) -> None:
    world.api.create({"thingName": "other", "region": "us-east-1"})
    world.look()

    assert world.status()["pins"] == {
        "accountID": "111122223333", "region": "us-east-1", "name": "other"
    }  # fmt: skip
    assert set(world.account.reached) == {("s3", "us-east-1")}


# Observing


def test_observing_takes_no_finalizer_and_writes_nothing(world: World) -> None:
    world.thing.there["presence"] = Home(owner=OTHER)
    world.api.create({**SPEC, "mode": "Observe"})
    outcome = world.look()

    assert world.thing.writes == []
    assert world.api.log == ["status"]
    assert not world.api.read().held
    assert ready_reason(world.status()) == "True Observing"
    assert outcome.result == "drifted"
    assert "managed" not in world.status()


def test_observing_what_is_missing_does_not_make_it(world: World) -> None:
    world.api.create({"mode": "Observe"})
    world.look()

    assert world.thing.there == {}
    assert ready_reason(world.status()) == "False Observing"
    assert "pins" not in world.status()


# Invalid specs


@pytest.mark.parametrize(
    ("spec", "sentence"),
    [
        ({"color": {"depth": 20}}, "spec.color.depth: Input should be less than or equal to 9"),
        ({"colour": {}}, "spec.colour: Extra inputs are not permitted"),
        ({"resyncInterval": "1s"}, "spec.resyncInterval: resyncInterval is at least 30s"),
    ],
)
def test_an_invalid_spec_is_told_and_nothing_is_touched(
    world: World, spec: dict[str, object], sentence: str
) -> None:
    world.api.create(spec)
    outcome = world.look()

    assert world.api.log == ["status"]
    assert world.thing.log == []
    assert not world.api.read().held
    assert condition(world.status(), "Stalled")["message"] == sentence
    assert (outcome.result, outcome.next) == ("stalled", Next.RESYNC)


def test_what_only_the_whole_object_shows_to_be_wrong_is_told_too(world: World) -> None:
    world.account.region = None
    world.api.create(SPEC)
    world.look()

    assert condition(world.status(), "Ready")["message"] == "spec.region is missing."
    assert world.api.log == ["status"]


# Errors


def test_an_error_of_the_cloud_is_told_and_the_rest_is_done(world: World) -> None:
    world.thing.failures["write color"] = Denied("may not fake:PutColor.")
    world.api.create(SPEC)
    outcome = world.look()

    assert "color" not in world.thing.there
    assert "switch" in world.thing.there
    assert (outcome.result, outcome.next) == ("stalled", 300.0)
    assert world.recorder.lines == ["Warning AccessDenied: may not fake:PutColor."]


def test_where_nobody_says_who_we_are_nothing_is_touched(world: World) -> None:
    world.account.refusal = Denied("no credentials.")
    world.api.create(SPEC)
    world.look()

    assert world.thing.log == []
    assert world.api.log == ["status"]
    assert ready_reason(world.status()) == "False AccessDenied"


def test_what_resolves_itself_is_tried_again_with_back_off(world: World) -> None:
    world.thing.failures["create presence"] = Throttled("Slow down.")
    world.api.create(SPEC)
    outcome = world.look()

    assert (outcome.result, outcome.next) == ("error", Next.BACKOFF)
    assert ready_reason(world.status()) == "False Throttled"


def test_a_lasting_failure_is_logged_at_each_pass_and_written_once(world: World) -> None:
    world.thing.failures["read presence"] = Denied("may not fake:GetPresence.")
    world.api.create(SPEC)
    for _ in range(3):
        world.look()

    assert world.api.log == ["patch", "status"]
    assert [line.levelname for line in world.log()] == ["WARNING"] * 3
    assert len(world.recorder.told) == 1


def test_how_often_it_failed_before_decides_whether_an_outage_is_told(ready: World) -> None:
    ready.thing.failures["read color"] = Throttled("Slow down.")
    ready.look(outages=1)
    assert ready.api.log == []
    ready.look(outages=2)

    assert ready_reason(ready.status()) == "True Throttled"


def test_a_bug_is_told_logged_with_its_trace_and_tried_again(world: World) -> None:
    world.api.create({"thingName": "bug"})
    outcome = world.look()

    assert ready_reason(world.status()) == "Unknown InternalError"
    assert (outcome.result, outcome.next) == ("bug", Next.BACKOFF)
    (trace,) = [line for line in world.log() if line.exc_info]
    assert trace.getMessage() == "bug while reconciling"
    assert trace.exc_info is not None
    assert trace.exc_info[0] is KeyError


@pytest.mark.parametrize("request_", ["status", "patch"])
def test_an_error_of_the_api_server_is_for_the_loop(world: World, request_: str) -> None:
    world.api.create(SPEC)
    world.api.errors[request_] = ApiError("may not")

    with pytest.raises(ApiError, match="may not"):
        world.look()


# Somebody else's


def test_what_belongs_to_somebody_else_is_left_alone_and_not_told_to_be_ours(world: World) -> None:
    theirs = {"presence": Home(owner=OTHER), "color": Color(shade="pink")}
    world.thing.there.update(theirs)
    world.api.create(SPEC)
    outcome = world.look()

    assert world.thing.there == theirs
    assert ready_reason(world.status()) == "False NotOurs"
    assert {"pins", "arn", "doors", "managed"}.isdisjoint(world.status())
    assert outcome.next == 600.0


@pytest.mark.parametrize(
    ("edit", "sentence"),
    [
        ({"thingName": "other"}, "name media (now other)"),
        ({"region": "us-east-1"}, "region eu-central-1 (now us-east-1)"),
        ({"thingName": "other", "region": "us-east-1"},
         "name media (now other), region eu-central-1 (now us-east-1)"),
    ],
)  # fmt: skip
def test_where_the_thing_was_made_elsewhere_no_second_one_is_made(
    ready: World, edit: dict[str, object], sentence: str
) -> None:
    ready.api.edit({**SPEC, **edit})
    ready.look()

    assert ready.thing.log == []
    assert ready.account.reached == []
    assert ready_reason(ready.status()) == "False Moved"
    assert condition(ready.status(), "Stalled")["message"] == (
        f"The resource was made with {sentence}. It is left alone; go back to where it is, "
        "or make a new object."
    )


@pytest.mark.parametrize("path", ["labels", "labels[a]", "lab*", "color"])
def test_what_is_taken_out_while_it_is_left_alone_goes_once_it_is_not(world: World, path: str) -> None:
    world.api.create({"labels": {"a": "1"}, "color": {"shade": "blue"}})
    world.look()
    world.api.edit({"ignoreDrift": [path]})
    world.look()
    assert ("color" in world.thing.there) is (path == "color")
    assert world.thing.there["labels"] == Labels(entries={} if path == "color" else {"a": "1"})
    world.api.edit({})
    world.look()
    assert "color" not in world.thing.there
    assert world.thing.there["labels"] == Labels()
    assert world.status()["managed"] == ["lock"]


@pytest.mark.parametrize("made", [True, False])
def test_what_may_have_been_made_anew_is_finished_with_what_is_ignored(world: World, made: bool) -> None:
    world.api.create({"color": {"shade": "blue"}, "ignoreDrift": ["color"]})
    world.look()
    world.thing.there.clear()
    world.thing.failures["create presence"] = Unavailable("The connection was closed.")
    if made:
        anew = {"presence": Home(owner=OWNER)}
        world.thing.before["create presence"] = lambda: world.thing.there.update(anew)
    world.look()
    assert "appliedGeneration" not in world.status()
    world.thing.failures.clear()
    world.look()
    assert world.thing.there["color"] == Color(shade="blue")
    assert world.status()["appliedGeneration"] == 1


def test_what_was_refused_to_be_made_anew_was_carried_out_before(world: World) -> None:
    world.api.create({})
    world.look()
    world.thing.there.clear()
    world.thing.failures["create presence"] = Denied("may not fake:CreatePresence.")
    world.look()
    assert world.status()["appliedGeneration"] == 1


def test_what_travelled_in_the_create_call_is_known_to_be_ours_even_if_it_could_not_be_read_back(
    world: World,
) -> None:
    refusal = {"read presence": Denied("may not fake:GetPresence.")}
    world.thing.before["create presence"] = lambda: world.thing.failures.update(refusal)
    world.api.create({"labels": {"a": "1"}})
    world.look()
    assert "labels[a]" in world.status()["managed"]
    world.thing.failures.clear()
    world.api.edit({})
    world.look()
    assert world.thing.there["labels"] == Labels()
