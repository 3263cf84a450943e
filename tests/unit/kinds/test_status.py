from typing import Any

import pytest
from pydantic import ValidationError

from headrace.kinds.registry import KINDS
from headrace.kinds.status import MOST_DRIFT, MOST_MANAGED, TEXT, Condition, Reason, Status
from tests.unit.controller.sights import IN_SYNC, after

GOOD: dict[str, Any] = {
    "type": "Ready",
    "status": "True",
    "reason": "InSync",
    "message": "all is well",
    "observedGeneration": 1,
    "lastTransitionTime": "2026-11-05T10:00:00Z",
}


def test_reasons_are_a_closed_set_of_words_in_capitals() -> None:
    assert {reason.value for reason in Reason} == {
        "InSync", "Creating", "Updating", "Deploying", "Deleting", "NotEmpty", "Waiting", "Drifted",
        "Observing", "Paused", "AccessDenied", "NotOurs", "InvalidSpec", "Moved", "Throttled", "Unavailable",
        "InternalError",
    }  # fmt: skip


@pytest.mark.parametrize(
    "other",
    [
        {"type": "Healthy"},
        {"status": "true"},
        {"reason": "Fine"},
        {"message": "x" * 4097},
        {"observedGeneration": -1},
        {"lastTransitionTime": "x" * 33},
        {"since": "yesterday"},
    ],
)
def test_a_condition_is_closed(other: dict[str, Any]) -> None:
    Condition.model_validate(GOOD)

    with pytest.raises(ValidationError):
        Condition.model_validate({**GOOD, **other})


@pytest.mark.parametrize("field", GOOD)
def test_every_field_of_a_condition_is_told(field: str) -> None:
    with pytest.raises(ValidationError):
        Condition.model_validate({key: value for key, value in GOOD.items() if key != field})


def test_a_fresh_status_is_older_than_any_generation() -> None:
    assert Status().observed_generation == -1


@pytest.mark.parametrize(
    "status",
    [
        {"drift": [{"field": "a", "wanted": "b", "found": "c"}] * (MOST_DRIFT + 1)},
        {"drift": [{"field": "a" * (TEXT + 1), "wanted": "b", "found": "c"}]},
        {"lastCorrection": {"time": "now", "fields": ["a"] * (MOST_DRIFT + 1)}},
        {"managed": ["a"] * (MOST_MANAGED + 1)},
        {"pins": {"accountID": "1" * 13, "region": "eu-central-1", "name": "media"}},
        {"lastHandledReconcileAt": "x" * (TEXT + 1)},
        {"observedGeneration": -2},
        {"conditions": [GOOD] * 9},
    ],
)
def test_a_status_is_bounded(status: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Status.model_validate(status)


@pytest.mark.parametrize("name", KINDS)
def test_a_kind_adds_to_the_status_of_all_and_takes_nothing_away(name: str) -> None:
    shared = {key: value for key, value in after(IN_SYNC).status.items() if key != "arn"}

    KINDS[name].status.model_validate(shared)
    theirs = KINDS[name].status.model_fields
    assert {key: str(field) for key, field in Status.model_fields.items()} == {
        key: str(theirs[key]) for key in Status.model_fields
    }


def test_names_in_the_status_are_written_as_kubernetes_does() -> None:
    names = {field.alias for field in Status.model_fields.values()}

    assert {"observedGeneration", "appliedGeneration", "driftCount", "lastHandledReconcileAt"} <= names
    assert all(name and "_" not in name for name in names)
