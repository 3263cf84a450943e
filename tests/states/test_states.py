"""Every state of every kind, by the rules of those who wait for our objects."""

import pytest

from headrace.kinds.registry import DEFINITIONS, KINDS
from headrace.kinds.status import Reason
from sandbox.world import condition
from tests.states.recorded import RECORDED, STATES, Recorded, is_ready_to_kubectl, kstatus
from tests.states.scripts import SCRIPTS
from tools.argocd import expectations

# What an account can be; it stands for nothing that could drift, deploy or belong to somebody else.
OF_ACCOUNTS = {
    Reason.IN_SYNC,
    Reason.WAITING,
    Reason.ACCESS_DENIED,
    Reason.INVALID_SPEC,
    Reason.THROTTLED,
    Reason.UNAVAILABLE,
    Reason.INTERNAL_ERROR,
}
# What only some of the rest can be: a bucket is at work at once, and of a distribution nobody knows content.
NEVER = {"AcceleratedBucket": {Reason.DEPLOYING}, "Distribution": {Reason.NOT_EMPTY}}

each = pytest.mark.parametrize("state", RECORDED, ids=str)


def reasons(kind: str) -> set[str]:
    return {state.reason for state in RECORDED if state.kind == kind} - {""}


def test_what_is_recorded_is_what_can_be_recorded_again() -> None:
    files = {f"{path.relative_to(STATES)}" for path in STATES.glob("*/*.yaml")}

    assert files == {script.path for script in SCRIPTS}
    assert {path.parent.name for path in STATES.glob("*/*.yaml")} == set(DEFINITIONS)
    assert set(expectations()) == {script.name for script in SCRIPTS}


@pytest.mark.parametrize("kind", DEFINITIONS)
def test_every_reason_is_recorded_of_every_kind_that_can_have_it(kind: str) -> None:
    possible = set(Reason) - NEVER[kind] if kind in KINDS else OF_ACCOUNTS

    assert reasons(kind) == possible


@pytest.mark.e2e
def test_kstatus_comes_to_the_verdict_of_the_table_for_every_state() -> None:
    verdicts = kstatus(state.obj for state in RECORDED)

    said = {str(state): verdict["status"] for state, verdict in zip(RECORDED, verdicts, strict=True)}
    assert said == {str(state): state.expected["kstatus"] for state in RECORDED}


@pytest.mark.e2e
def test_those_who_wait_by_kstatus_get_to_read_our_sentence() -> None:
    told = [state for state in RECORDED if state.expected["kstatus"] == "Failed"]

    verdicts = kstatus(state.obj for state in told)

    sentences = [condition(state.obj, "Ready")["message"] for state in told]
    assert [verdict["message"] for verdict in verdicts] == sentences


@each
def test_kubectl_wait_is_content_with_what_is_ready_now(state: Recorded) -> None:
    assert is_ready_to_kubectl(state.obj) == state.expected["wait"]


@each
def test_what_is_true_only_while_it_lasts_is_said_for_one_reason(state: Recorded) -> None:
    holding = [type_ for type_ in ("Reconciling", "Stalled") if condition(state.obj, type_)]

    assert len(holding) <= 1
    for type_ in holding:
        found, ready = condition(state.obj, type_), condition(state.obj, "Ready")
        assert found["status"] == "True"
        assert (found["reason"], found["message"]) == (ready["reason"], ready["message"])
        assert ready["status"] != "True"


@each
def test_all_conditions_are_about_the_generation_that_was_observed(state: Recorded) -> None:
    status = state.obj["status"]

    assert {c["observedGeneration"] for c in status.get("conditions", [])} <= {status["observedGeneration"]}
