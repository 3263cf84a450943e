"""What holds of every status, whatever a pass saw: the tools agree on it, and told twice it is the same."""

import json
from dataclasses import replace

import pytest

from headrace.controller.api import Object
from headrace.controller.status import Seen, assess
from headrace.controller.transitions import transitions
from headrace.engine.errors import Blocked
from headrace.kinds.status import MOST_DRIFT, Reason
from tests.unit.controller.cloud import ThingStatus
from tests.unit.controller.kstatus import verdict
from tests.unit.controller.objects import condition
from tests.unit.controller.sights import LATER, STATES, State

every_state = pytest.mark.parametrize("state", STATES.values(), ids=STATES)


def told(seen: Seen) -> Object:
    return Object({**seen.obj.body, "status": assess(seen)})


def again(seen: Seen) -> Seen:
    """Return the same sight an hour later: what was done then need not be done now."""
    report = replace(seen.report, done=()) if seen.report else None
    return replace(seen, obj=told(seen), report=report, now=LATER)


@every_state
def test_ready_says_what_it_should(state: State) -> None:
    ready = condition(assess(state.seen), "Ready")

    assert f"{ready['status']} {ready['reason']}" == state.ready


@every_state
def test_kstatus_comes_to_the_right_verdict(state: State) -> None:
    assert verdict(told(state.seen)) == state.verdict


@every_state
def test_the_status_is_one_that_the_schema_takes(state: State) -> None:
    ThingStatus.model_validate(assess(state.seen))


@every_state
def test_every_condition_is_about_the_generation_that_was_looked_at(state: State) -> None:
    status = assess(state.seen)

    assert status["observedGeneration"] == state.seen.obj.generation
    assert {c["observedGeneration"] for c in status["conditions"]} == {state.seen.obj.generation}


@every_state
def test_conditions_are_sorted_and_what_does_not_hold_is_left_out(state: State) -> None:
    conditions = assess(state.seen)["conditions"]
    types = [c["type"] for c in conditions]

    assert types == sorted(set(types))
    assert {"Reconciling", "Stalled"}.isdisjoint({c["type"] for c in conditions if c["status"] != "True"})
    assert not {"Reconciling", "Stalled"} <= set(types), "on its way, or stuck"


@every_state
def test_it_is_stalled_exactly_where_a_person_must_help(state: State) -> None:
    helped = {Reason.ACCESS_DENIED, Reason.INVALID_SPEC, Reason.MOVED, Reason.NOT_EMPTY, Reason.NOT_OURS}
    status = assess(state.seen)
    types = {c["type"] for c in status["conditions"]}

    ready = condition(status, "Ready")
    gone = (ready["status"], ready["reason"]) == ("False", Reason.DRIFTED)
    blocked = any(isinstance(error, Blocked) for error in state.seen.errors)
    assert ("Stalled" in types) is (ready["reason"] in helped or gone or blocked)


@every_state
def test_drift_is_counted_in_full_and_shown_in_part(state: State) -> None:
    status = assess(state.seen)

    assert status.get("driftCount") == state.drifted
    assert len(status.get("drift", [])) == min(state.drifted or 0, MOST_DRIFT)
    if state.drifted is not None:
        assert condition(status, "Drifted")["status"] == ("True" if state.drifted else "False")


@every_state
def test_the_same_sight_gives_the_same_bytes(state: State) -> None:
    assert json.dumps(assess(state.seen)) == json.dumps(assess(state.seen))


@every_state
def test_seen_again_nothing_changes_and_there_is_nothing_to_tell(state: State) -> None:
    first = assess(state.seen)
    second = assess(again(state.seen))

    assert json.dumps(second, sort_keys=True) == json.dumps(first, sort_keys=True)
    assert transitions(state.seen, first, second) == []


@every_state
def test_seen_by_another_process_that_knows_of_no_failures_nothing_is_told_to_be_ready(state: State) -> None:
    restarted = replace(again(state.seen), outages=0)
    before, after = (condition(assess(seen), "Ready") for seen in (state.seen, restarted))

    assert (before["status"], before["lastTransitionTime"]) == (after["status"], after["lastTransitionTime"])


@every_state
def test_ready_is_never_true_of_an_older_generation(state: State) -> None:
    newer = {**state.seen.obj.body["metadata"], "generation": state.seen.obj.generation + 1}
    blind = replace(state.seen, obj=Object({**told(state.seen).body, "metadata": newer}), report=None)

    for errors in ((), state.seen.errors):
        seen = replace(blind, errors=errors, bug="" if errors else "KeyError", wrote=False)
        assert condition(assess(seen), "Ready")["status"] != "True"
