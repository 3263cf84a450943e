from dataclasses import replace
from typing import Any

import pytest

from headrace.controller.status import Seen, assess
from headrace.engine.errors import CloudError, Denied, Invalid, NotEmpty, NotOurs, Unavailable
from headrace.engine.slices import ABSENT, UNMANAGED
from headrace.engine.wish import Wish
from headrace.kinds.status import MOST_MANAGED
from tests.unit.controller.objects import asked, condition, obj
from tests.unit.controller.sights import (
    DENIED,
    EDITED,
    FRESH,
    GOING,
    GONE,
    IN_SYNC,
    LABEL,
    LATER,
    LEDGER,
    LONG,
    MAKE,
    MANY,
    NOTHING,
    NOW,
    PAINT,
    PENDING,
    PINS,
    READY,
    REPORTED,
    STATES,
    UNLOCK,
    WISHES,
    after,
    message,
    report,
    sight,
    stalled,
    types,
    without,
)
from tests.unit.engine.fakes import OTHER, Home

# The whole


def test_a_status_in_full() -> None:
    seen = sight(obj(annotations=asked("noon")), report(done=[MAKE, PAINT, LABEL]))
    about = {"observedGeneration": 1, "lastTransitionTime": NOW}

    assert assess(seen) == {
        "observedGeneration": 1,
        "arn": "arn:aws:fake:::thing/media",
        "conditions": [
            {"type": "Drifted", "status": "False", "reason": "InSync",
             "message": "AWS is as it was left", **about},
            {"type": "Ready", "status": "True", "reason": "InSync",
             "message": "thing media: 2 settings in sync", **about},
        ],
        "appliedGeneration": 1,
        "driftCount": 0,
        "managed": LEDGER,
        "pins": PINS,
        "lastHandledReconcileAt": "noon",
    }  # fmt: skip


def test_of_the_earlier_status_only_what_is_known_is_carried_on() -> None:
    odd = {**READY.status, "arn": "an older one", "left over": "from an older version"}

    assert assess(sight(obj(status=odd), report())) == READY.status


# What is said


def test_while_ready_the_settings_are_counted() -> None:
    assert message(IN_SYNC) == "thing media: 2 settings in sync"


def test_an_unmanaged_setting_is_not_counted_and_one_that_must_not_be_there_is() -> None:
    wishes = {"color": Wish(ABSENT, {"": "spec"}), "lock": Wish(UNMANAGED)}

    assert message(sight(FRESH, report(), wishes=wishes)) == "thing media: 1 settings in sync"


def test_reported_drift_names_how_much_differs_and_why_it_stays() -> None:
    assert message(REPORTED) == "thing media: 1 of 2 settings differ; driftPolicy Report leaves them so"
    assert message(REPORTED, "Drifted") == "color.shade"


def test_what_is_gone_says_so_and_its_settings_are_no_news() -> None:
    status = assess(GONE)

    assert message(GONE) == (
        "thing media is gone; driftPolicy Report leaves it so. Edit spec, or set driftPolicy: Correct, to "
        "have it made anew."
    )
    assert [d["field"] for d in status["drift"]] == ["presence.owner", "presence.place"]


def test_observing_says_what_was_read_and_that_it_stays() -> None:
    seen = STATES["observed, and other"].seen
    missing = STATES["observed, and missing"].seen

    assert message(seen) == "thing media: 2 settings read, 2 differ; mode Observe leaves them so"
    assert message(missing) == "thing media does not exist; mode Observe does not create it"


def test_that_a_part_of_it_is_somebody_elses_takes_nothing_from_what_is_known_of_the_rest() -> None:
    seen = sight(READY, report(failures=[("dns/a.example: presence", NotOurs("It is theirs."))]))
    status = assess(seen)

    assert condition(status, "Stalled")["reason"] == "NotOurs"
    assert (status["managed"], status["pins"], status["arn"]) == (LEDGER, PINS, "arn:aws:fake:::thing/media")
    assert "notOurs" not in status
    assert not seen.foreign
    assert sight(READY, report({}, failures=[("presence", NotOurs("."))])).foreign


def test_every_error_is_told_once_sorted_and_then_what_it_holds_up() -> None:
    failures: list[tuple[str, CloudError]] = [
        ("labels", Denied("B.")), ("color", Denied("A.")), ("lock", Denied("B."))
    ]  # fmt: skip
    told = report(failures=failures, held={"switch": "lock", "rules": "switch"})

    assert message(sight(FRESH, told)) == "A. B. rules waits for switch. switch waits for lock."


@pytest.mark.parametrize("error", [DENIED, Invalid("no."), NotOurs("no."), NotEmpty("no.")])
def test_stalled_says_the_same_as_ready(error: CloudError) -> None:
    status = assess(stalled(error))
    ready, stuck = (condition(status, type_) for type_ in ("Ready", "Stalled"))

    assert (ready["status"], stuck["status"]) == ("False", "True")
    assert (ready["reason"], ready["message"]) == (stuck["reason"], stuck["message"])
    assert ready["message"] == error.message


def test_a_bug_is_told_to_be_one_without_its_details() -> None:
    seen = sight(FRESH, None, bug="KeyError")

    assert message(seen) == (
        "KeyError in the operator: this is a bug. Its log has the details; it tries again."
    )
    assert types(seen) == ["Ready", "Reconciling"]


def test_a_message_is_cut_where_the_schema_ends() -> None:
    assert len(message(STATES["a long list of complaints"].seen)) == 4096


# Drift


def test_drift_is_a_list_of_fields_with_both_values() -> None:
    assert assess(REPORTED)["drift"] == [{"field": "color.shade", "wanted": "red", "found": "blue"}]


def test_drift_is_sorted_by_field() -> None:
    seen = sight(READY, report(left=[UNLOCK, PAINT, LABEL]), wrote=False)

    assert [d["field"] for d in assess(seen)["drift"]] == ["color.shade", "labels[team]", "lock.level"]


def test_of_much_drift_the_first_fifty_are_shown_and_the_rest_is_counted() -> None:
    seen = sight(READY, report(left=[MANY]), wrote=False)
    status = assess(seen)

    assert [d["field"] for d in status["drift"]] == [f"labels[key-{n:02}]" for n in range(50)]
    assert status["driftCount"] == 60
    assert message(seen, "Drifted").endswith("labels[key-49] and 10 more")


def test_long_values_are_cut_where_the_schema_ends() -> None:
    (shown,) = assess(sight(READY, report(left=[LONG]), wrote=False))["drift"]

    assert (shown["found"], len(shown["wanted"])) == ("b", 1024)


def test_what_differs_after_an_edit_is_no_drift() -> None:
    seen = sight(EDITED, report(left=[PAINT], failures=[("color", PENDING)]))

    assert assess(seen)["driftCount"] == 0
    assert "drift" not in assess(seen)


def test_drift_lasts_until_it_was_seen_to_be_gone() -> None:
    drifted = after(REPORTED)
    blind = sight(drifted, None, errors=(Denied("no."),))

    assert assess(blind)["drift"] == assess(REPORTED)["drift"]
    assert condition(assess(blind), "Drifted") == condition(assess(REPORTED), "Drifted")
    assert "drift" not in assess(sight(drifted, report(done=[PAINT])))


def test_drift_of_a_setting_that_cannot_be_read_lasts_and_that_of_others_is_news() -> None:
    drifted = after(sight(READY, report(left=[PAINT, LABEL]), wrote=False))
    seen = sight(drifted, report(without("color"), failures=[("color", DENIED)], left=[UNLOCK]), wrote=False)

    assert [d["field"] for d in assess(seen)["drift"]] == ["color.shade", "lock.level"]
    assert assess(seen)["driftCount"] == 2
    assert message(seen, "Drifted") == "color.shade, lock.level"


def test_what_was_in_sync_and_cannot_be_read_is_not_told_to_differ() -> None:
    seen = sight(READY, report(without("color"), failures=[("color", DENIED)]))

    assert condition(assess(seen), "Drifted") == condition(READY.status, "Drifted")


def test_whether_something_differs_that_was_never_read_is_unknown() -> None:
    blind = report(without("color"), failures=[("color", DENIED)])
    seen = sight(FRESH, blind, observing=True, wrote=False)
    again = sight(after(seen), blind, observing=True, wrote=False)

    for told in (seen, again):
        drifted = condition(assess(told), "Drifted")
        assert (drifted["status"], drifted["message"]) == ("Unknown", "color could not be read yet")


# The generation that was applied


@pytest.mark.parametrize(
    "name", ["edited, and done", "steady", "edited while drift is only reported, and done"]
)
def test_a_generation_that_was_carried_out_in_full_is_applied(name: str) -> None:
    seen = STATES[name].seen

    assert assess(seen)["appliedGeneration"] == seen.obj.generation


@pytest.mark.parametrize(
    "seen",
    [
        sight(EDITED, report(left=[PAINT], failures=[("color", PENDING)])),
        sight(EDITED, report(failures=[("switch", DENIED)])),
        sight(EDITED, report(held={"labels": "color"})),
        sight(EDITED, report({})),
        sight(EDITED, report(left=[PAINT])),
        sight(EDITED, report(left=[PAINT]), wrote=False),
        sight(EDITED, report(), wrote=False, observing=True),
        sight(EDITED, None, bug="KeyError"),
        sight(EDITED, None, errors=(DENIED,)),
    ],
)
def test_one_that_was_not_carried_out_in_full_is_not_applied(seen: Seen) -> None:
    assert assess(seen)["appliedGeneration"] == 1


def test_a_generation_once_applied_stays_so_while_drift_is_about() -> None:
    failing = sight(READY, report(left=[PAINT], failures=[("color", DENIED)]))

    assert assess(failing)["appliedGeneration"] == 1


# What was put right


def test_drift_that_was_put_right_is_told_with_its_time() -> None:
    status = assess(STATES["drift put right"].seen)

    assert status["lastCorrection"] == {"time": NOW, "fields": ["color.shade", "lock.level"]}


def test_the_last_correction_is_remembered() -> None:
    corrected = after(STATES["drift put right"].seen)

    for seen in (sight(corrected, report(), now=LATER), sight(corrected, None, bug="KeyError")):
        assert assess(seen)["lastCorrection"]["time"] == NOW


@pytest.mark.parametrize(
    "seen",
    [IN_SYNC, sight(EDITED, report(done=[PAINT])), sight(GOING, report(done=[PAINT]))],
    ids=["made", "edited", "going"],
)
def test_what_was_asked_for_is_no_correction(seen: Seen) -> None:
    assert "lastCorrection" not in assess(seen)


def test_of_many_corrected_fields_the_first_fifty_are_told() -> None:
    fields = assess(sight(READY, report(done=[MANY])))["lastCorrection"]["fields"]

    assert fields == [f"labels[key-{n:02}]" for n in range(50)]


# The ledger

LOST = Unavailable("The connection was closed.")


@pytest.mark.parametrize(
    ("old", "told", "expected"),
    [
        pytest.param([], report(), LEDGER, id="what is wished for is ours"),
        pytest.param(["lock"], report(), LEDGER, id="what is gone is ours no more"),
        pytest.param(["lock"], report(left=[UNLOCK], failures=[("lock", PENDING)]), [*LEDGER, "lock"],
                     id="what is on its way out is ours until it is gone"),
        pytest.param(["lock"], report(failures=[("lock", DENIED)]), [*LEDGER, "lock"],
                     id="what could not be read may still be there"),
        pytest.param(["labels[a]"], report(left=[LABEL], touched=["labels"]),
                     ["color", "labels[a]", "labels[team]"], id="entries are remembered one by one"),
        pytest.param([], report(left=[PAINT], failures=[("color", DENIED)]), ["labels[team]"],
                     id="what was refused was not set"),
        pytest.param(["color"], report(left=[PAINT], failures=[("color", DENIED)]), LEDGER,
                     id="what was set once stays ours when its next value is refused"),
        pytest.param([], report(left=[PAINT], failures=[("color", LOST)], touched=["color"]), LEDGER,
                     id="what may have been set is ours"),
        pytest.param([], report(left=[PAINT], held={"color": "lock"}), ["labels[team]"],
                     id="what was held up was not set"),
        pytest.param([], report(without("color"), failures=[("color", DENIED)]), ["labels[team]"],
                     id="what could not be read was not written"),
        pytest.param([], report({}, failures=[("presence", LOST)], touched=["presence", "labels"]),
                     ["labels[team]"], id="what travelled in a create call that got lost may be there"),
        pytest.param([], report({"presence": Home(owner=OTHER)}, failures=[("presence", NotOurs("."))],
                     touched=["presence", "labels"]), [], id="what somebody else made is not ours"),
        pytest.param(["labels[a]"], report(), LEDGER, id="entries go one by one"),
        pytest.param([], report(NOTHING, left=[MAKE], failures=[("presence", DENIED)]), [],
                     id="what was never made has nothing that we set"),
        pytest.param(["lock"], report({}, failures=[("presence", DENIED)]), ["lock"],
                     id="what was not seen is as it was"),
        pytest.param(["lock"], report({"presence": Home(owner=OTHER)}, failures=[("presence", NotOurs("."))]),
                     ["lock"], id="of what is not ours nothing is ours"),
    ],
)  # fmt: skip
def test_the_ledger_says_what_we_set(old: list[str], told: Any, expected: list[str]) -> None:
    seen = sight(obj(status={"managed": old}), told)

    assert assess(seen).get("managed", []) == expected


@pytest.mark.parametrize(
    "about",
    [{"wrote": False}, {"wrote": False, "observing": True}, {"report": None, "bug": "KeyError"}],
    ids=["reporting", "observing", "bug"],
)
def test_where_nothing_may_be_written_the_ledger_stays_as_it_was(about: dict[str, Any]) -> None:
    seen = replace(sight(obj(status={"managed": ["lock"]}), report()), **about)

    assert assess(seen)["managed"] == ["lock"]


def test_on_the_way_out_the_ledger_stays_as_it_was() -> None:
    assert assess(STATES["going, and still there"].seen)["managed"] == LEDGER


def test_the_ledger_is_bounded() -> None:
    crowd = {f"wish-{n:03}": WISHES["color"] for n in range(600)}
    ledger = assess(sight(FRESH, report(), wishes=crowd))["managed"]

    assert ledger == [f"wish-{n:03}" for n in range(MOST_MANAGED)]
