"""What of the earlier status is carried on, where this pass could not see or was not asked."""

import pytest

from headrace.controller.api import Object
from headrace.controller.status import assess
from headrace.engine.errors import CloudError, Invalid, Throttled, Unavailable
from headrace.engine.wish import OF_NODE
from tests.unit.controller.objects import asked, condition, obj
from tests.unit.controller.sights import (
    DENIED,
    EDITED,
    GONE,
    LASTING,
    LATER,
    NOT_OURS,
    NOW,
    OUTPUTS,
    PAINT,
    PINS,
    READY,
    STATES,
    THERE,
    after,
    message,
    report,
    sight,
    stalled,
    types,
)

# Pins and outputs


def test_pins_are_kept_once_they_are_known() -> None:
    for seen in (GONE, sight(READY, None, bug="KeyError"), sight(READY, None, errors=(DENIED,))):
        assert assess(seen)["pins"] == PINS


def test_what_was_never_there_has_neither_pins_nor_outputs() -> None:
    status = assess(STATES["fresh, and the thing does not read back"].seen)

    assert {"pins", "arn"}.isdisjoint(status)


def test_somebody_elses_resource_is_not_told_to_be_ours() -> None:
    assert {"arn", "pins", "managed", "driftCount"}.isdisjoint(assess(NOT_OURS))
    assert types(NOT_OURS) == ["Ready", "Stalled"]


def test_outputs_are_what_was_seen_now() -> None:
    seen = sight(READY, report(), outputs={"arn": "another"})

    assert assess(seen)["arn"] == "another"


@pytest.mark.parametrize("error", [Unavailable("."), Throttled("."), DENIED, Invalid(".")])
def test_outputs_are_kept_where_nothing_could_be_seen(error: CloudError) -> None:
    assert assess(sight(READY, None, errors=(error,)))["arn"] == OUTPUTS["arn"]


def test_outputs_are_kept_where_only_what_belongs_to_the_resource_could_be_seen() -> None:
    other = {f"access-control{OF_NODE}{name}": found for name, found in THERE.items()}
    seen = sight(READY, report(other, failures=[("presence", Unavailable("."))]), errors=(Unavailable("."),))

    assert assess(seen)["arn"] == OUTPUTS["arn"]


def test_outputs_go_with_the_resource() -> None:
    assert "arn" not in assess(GONE)


# Outages


@pytest.mark.parametrize(("outages", "reason"), [(0, "InSync"), (1, "InSync"), (2, "Unavailable")])
def test_an_outage_is_told_from_the_third_look_on(outages: int, reason: str) -> None:
    seen = sight(READY, None, errors=(Unavailable("S3 does not answer."),), outages=outages)
    ready = condition(assess(seen), "Ready")

    assert (ready["status"], ready["reason"]) == ("True", reason)
    assert ready["lastTransitionTime"] == condition(READY.status, "Ready")["lastTransitionTime"]
    assert (ready["message"] == "S3 does not answer.") is (reason == "Unavailable")


def test_an_outage_that_lasts_leaves_the_other_conditions_as_they_are() -> None:
    denied = after(stalled(DENIED))
    status = assess(sight(denied, None, errors=(Unavailable("No answer."),), outages=9))

    assert condition(status, "Stalled") == condition(denied.status, "Stalled")
    assert condition(status, "Ready")["reason"] == "Unavailable"


def test_after_an_edit_an_outage_is_told_at_once_because_nothing_is_known() -> None:
    seen = sight(EDITED, None, errors=(Throttled("Slow down."),))

    assert message(seen) == "Slow down."
    assert types(seen) == ["Drifted", "Ready", "Reconciling"]


def test_when_the_outage_is_over_ready_says_what_it_said_before() -> None:
    assert assess(sight(after(LASTING), report())) == READY.status


# Times


def test_a_condition_keeps_its_time_until_its_status_turns() -> None:
    steady = sight(READY, report(left=[PAINT]), wrote=False, now=LATER)
    turned = sight(READY, None, errors=(DENIED,), now=LATER)

    # InSync becomes Drifted, which is another reason and the same status.
    assert condition(assess(steady), "Ready")["lastTransitionTime"] == NOW
    assert condition(assess(steady), "Drifted")["lastTransitionTime"] == LATER
    assert condition(assess(turned), "Ready")["lastTransitionTime"] == LATER
    assert condition(assess(turned), "Stalled")["lastTransitionTime"] == LATER


# Asking for a look


def test_the_request_for_a_look_is_answered_whatever_comes_of_it() -> None:
    requested = Object({**READY.body, "metadata": {**READY.metadata, "annotations": asked("noon")}})

    for seen in (sight(requested, report()), sight(requested, None, bug="KeyError")):
        assert assess(seen)["lastHandledReconcileAt"] == "noon"


def test_a_request_that_was_taken_back_is_not_answered_any_more() -> None:
    seen = sight(obj(status={"lastHandledReconcileAt": "noon"}), report())

    assert "lastHandledReconcileAt" not in assess(seen)


def test_a_long_request_is_cut_where_the_schema_ends() -> None:
    seen = sight(obj(annotations=asked("x" * 2000)), report())

    assert assess(seen)["lastHandledReconcileAt"] == "x" * 1024
