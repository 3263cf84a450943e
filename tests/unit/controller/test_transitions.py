import pytest

from headrace.controller.status import Seen, assess
from headrace.controller.transitions import transitions
from headrace.engine.errors import Blocked, Denied, Waiting
from tests.unit.controller.sights import (
    DENIED,
    FRESH,
    IN_SYNC,
    LASTING,
    MANY,
    READY,
    REPORTED,
    STATES,
    after,
    report,
    sight,
    stalled,
)


def told(seen: Seen) -> list[str]:
    return [f"{t.type} {t.reason}: {t.note}" for t in transitions(seen, seen.obj.status, assess(seen))]


def test_a_resource_that_came_to_be_is_told_of() -> None:
    assert told(IN_SYNC) == ["Normal InSync: thing media: 2 settings in sync"]


def test_a_resource_on_its_way_is_told_of() -> None:
    assert told(STATES["fresh, and a setting does not read back"].seen) == [
        "Normal Creating: thing media: color.shade was written but does not read back yet."
    ]


def test_that_nothing_changed_is_not_told() -> None:
    assert told(STATES["steady"].seen) == []


def test_what_only_a_person_can_mend_is_a_warning() -> None:
    assert told(stalled(DENIED)) == ["Warning AccessDenied: may not fake:PutColor on thing media."]


def test_another_sentence_for_the_same_reason_is_not_told() -> None:
    denied = after(stalled(DENIED))

    assert told(sight(denied, None, errors=(Denied("may not fake:GetColor either."),))) == []


def test_that_what_is_waited_for_waits_for_a_person_is_a_warning_and_that_it_does_no_more_is_told() -> None:
    waiting, blocked = stalled(Waiting("b is not there yet.")), stalled(Blocked("b is stalled."))

    assert told(sight(after(waiting), None, errors=blocked.errors)) == ["Warning Waiting: b is stalled."]
    assert told(sight(after(blocked), None, errors=blocked.errors)) == []
    assert told(sight(after(blocked), None, errors=waiting.errors)) == ["Normal Waiting: b is not there yet."]


def test_drift_is_told_once_as_a_warning_even_where_ready_is_about_it_too() -> None:
    assert told(REPORTED) == ["Warning Drifted: thing media differs from spec: color.shade"]
    assert told(sight(after(REPORTED), REPORTED.report, wrote=False)) == []


def test_that_the_resource_is_gone_is_told() -> None:
    (line,) = told(STATES["the thing is gone, reported"].seen)

    assert line == "Warning Drifted: thing media is not there"


def test_drift_that_was_put_right_is_told_each_time() -> None:
    seen = STATES["drift put right"].seen
    later = sight(after(seen), seen.report, now="2026-11-05T12:00:00Z")

    assert told(seen) == ["Normal Corrected: thing media: put right color.shade, lock.level"]
    assert told(later) == told(seen)


def test_a_bug_is_a_warning() -> None:
    (line,) = told(sight(READY, None, bug="KeyError"))

    assert line.startswith("Warning InternalError: KeyError in the operator: this is a bug.")


def test_an_outage_is_told_once_it_lasts_and_so_is_its_end() -> None:
    assert told(STATES["an outage while ready, twice"].seen) == []
    assert told(LASTING) == ["Warning Unavailable: S3 does not answer."]
    assert told(STATES["the outage is over"].seen) == ["Normal InSync: thing media: 2 settings in sync"]


@pytest.mark.parametrize("letter", ["x", "é", "漢", "🧾"])
def test_a_note_is_at_most_a_kilobyte_as_the_api_server_counts_it(letter: str) -> None:
    (transition,) = transitions(
        sight(FRESH, None, errors=(Denied(letter * 2000),)), {}, assess(stalled(Denied(letter * 2000)))
    )
    size = len(transition.note.encode())

    assert 1024 - 4 - 3 <= size <= 1024
    assert transition.note.rstrip("…") == letter * (len(transition.note) - 1)


def test_a_note_of_a_kilobyte_is_not_cut() -> None:
    (transition,) = transitions(stalled(Denied("x" * 1024)), {}, assess(stalled(Denied("x" * 1024))))

    assert transition.note == "x" * 1024


def test_the_notes_of_drift_and_corrections_are_cut_too() -> None:
    for told in (report(left=[MANY]), report(done=[MANY])):
        seen = sight(READY, told, wrote=False)
        for transition in transitions(seen, READY.status, assess(seen)):
            assert len(transition.note.encode()) <= 1024
