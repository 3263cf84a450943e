"""The elector on a clock that the test moves: who leads when, with which requests, and what is told."""

import logging
from dataclasses import replace

import pytest

from headrace.controller.api import ApiError, Forbidden
from headrace.controller.elector import Barred, Record, Timing
from tests.unit.controller.elections import Scene, Way


def held(scene: Scene) -> Record:
    assert scene.store.record is not None
    return scene.store.record


def said(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records]


@pytest.fixture(autouse=True)
def heard(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "headrace")


# Coming to lead


def test_the_first_one_makes_the_lease_and_leads_at_once(caplog: pytest.LogCaptureFixture) -> None:
    scene = Scene()
    one = scene.replica("one")
    assert not one.works()
    one.step()
    assert one.works()
    assert scene.store.asked == ["get", "create"]
    lease = held(scene)
    assert (lease.holder, lease.seconds, lease.transitions) == ("one", 15, 0)
    assert lease.acquired == lease.renewed == "1999-01-01T00:00:01.000000Z"
    assert said(caplog) == ["Leading: Lease system/op is held by this process, one."]


def test_the_second_one_stands_by_and_says_for_whom_once(caplog: pytest.LogCaptureFixture) -> None:
    scene = Scene()
    one, two = scene.replica("one"), scene.replica("two")
    one.step()
    caplog.clear()
    scene.run(60, one, two)
    assert one.works()
    assert not two.works()
    (sentence,) = said(caplog)
    assert sentence.startswith(
        "Standing by: Lease system/op is held by one since 1999-01-01T00:00:01.000000Z, "
    )


def test_a_leader_asks_once_each_time_and_a_standby_looks_more_often() -> None:
    scene = Scene()
    one, two = scene.replica("one"), scene.replica("two")
    one.step()
    scene.store.asked.clear()
    scene.run(60, one)
    assert scene.store.asked == ["update"] * 31, "every two seconds, and one at the start"
    scene.store.asked.clear()
    scene.run(7.5, two)
    assert scene.store.asked == ["get"] * 11, "every 0.75 s"


def test_a_lease_that_was_given_up_is_taken_at_the_next_look() -> None:
    scene = Scene()
    one, two = scene.replica("one"), scene.replica("two")
    one.step()
    two.step()
    one.elector.release()
    assert not one.works()
    lease = held(scene)
    assert (lease.holder, lease.seconds, lease.transitions) == ("", 1, 0)
    pause = two.step()
    assert two.works()
    assert pause == 2.0
    assert (held(scene).holder, held(scene).seconds, held(scene).transitions) == ("two", 15, 1)


def test_a_leader_that_died_is_replaced_when_its_lease_lapses_and_not_before() -> None:
    scene = Scene()
    one, two = scene.replica("one"), scene.replica("two")
    one.step()
    seen = scene.clock.now
    scene.run(14.999, two)
    assert not two.works()
    scene.run(0.002, two)
    assert two.works(), "it looks right when the Lease lapses"
    assert scene.clock.now - seen < 15.01


@pytest.mark.parametrize("chance", [0.0, 0.5, 1.0])
def test_death_right_after_a_renewal_costs_the_lease_and_less_than_a_second_in_any_case(
    chance: float,
) -> None:
    scene = Scene()
    one, two = scene.replica("one"), scene.replica("two", chance)
    one.step()
    scene.run(7.3, one, two)
    one.step()
    died = scene.clock.now
    pause = two.step()
    while not two.works():
        scene.clock.now += pause
        pause = two.step()
    assert 15 <= scene.clock.now - died <= 15.75


def test_whoever_renews_in_time_keeps_the_lease_from_all_others() -> None:
    scene = Scene()
    replicas = [scene.replica(name, chance) for name, chance in (("one", 0.1), ("two", 0.9), ("three", 0.5))]
    scene.run(600, *replicas)
    assert [replica.works() for replica in replicas] == [True, False, False]
    assert held(scene).transitions == 0


def test_a_race_for_a_free_lease_has_one_winner_and_is_no_news(caplog: pytest.LogCaptureFixture) -> None:
    scene = Scene()
    one, two = scene.replica("one"), scene.replica("two")

    def first() -> None:
        if len(scene.store.asked) == 2:
            one.step()

    two.lock.between = first
    assert two.step() <= 0.75
    assert one.works()
    assert not two.works()
    assert [record.levelname for record in caplog.records] == ["INFO"]


def test_no_clock_of_others_counts() -> None:
    """A Lease whose times are long over, or are yet to come, is held for as long as it is renewed."""
    for time in ("1970-01-01T00:00:00.000000Z", "2999-01-01T00:00:00.000000Z", ""):
        scene = Scene()
        scene.store.put(Record("other", 15, time, time, 3))
        one = scene.replica("one")
        scene.run(14.9, one)
        assert not one.works()
        scene.run(0.2, one)
        assert one.works()
        assert held(scene).transitions == 4


def test_what_somebody_labels_is_no_sign_of_its_holder() -> None:
    scene = Scene()
    scene.store.put(Record("other", 15))
    one = scene.replica("one")
    for _ in range(15):
        scene.run(1, one)
        scene.store.put(scene.store.record)
    scene.run(0.1, one)
    assert one.works()


@pytest.mark.parametrize(
    ("record", "seconds"),
    [
        (Record(), 0.0),
        (Record(holder="", seconds=900), 0.0),
        (Record(holder="other", seconds=None), 15.0),
        (Record(holder="other", seconds=3), 3.0),
        (Record(holder="other", seconds=60, transitions=0), 60.0),
    ],
)
def test_whatever_is_in_a_lease_it_is_waited_for_by_the_rules(record: Record, seconds: float) -> None:
    scene = Scene()
    scene.store.put(record)
    one = scene.replica("one")
    if seconds:
        scene.run(seconds - 0.1, one)
        assert not one.works()
        scene.run(0.2, one)
    else:
        one.step()
    assert one.works()


@pytest.mark.parametrize(
    ("record", "whose"),
    [
        (Record("someone-else", 1, ours=False), "is held by someone-else"),
        (Record("", 1, "then", "then", ours=False), "was given up by somebody"),
        (Record("", 1, transitions=1, ours=False), "was given up by somebody"),
    ],
)
def test_a_lease_of_another_program_is_left_alone_for_ever_and_is_trouble(
    caplog: pytest.LogCaptureFixture, record: Record, whose: str
) -> None:
    scene = Scene()
    scene.store.put(record)
    one = scene.replica("one")
    scene.run(60, one)
    assert held(scene) == record
    assert set(scene.store.asked) == {"get"}
    (sentence,) = said(caplog)
    assert sentence == one.elector.trouble
    assert sentence == (
        f"Lease system/op is another program's: it is not labelled as Headrace's, and {whose}. Choose "
        "another --lease-name, or delete the Lease if nothing needs it."
    )


def test_a_lease_of_another_program_that_is_deleted_is_free_at_once() -> None:
    scene = Scene()
    scene.store.put(Record("someone-else", 3600, ours=False))
    one = scene.replica("one")
    one.step()
    scene.store.put(None)
    one.step()
    assert (one.works(), one.elector.trouble) == (True, "")


@pytest.mark.parametrize("record", [Record(ours=False), Record(seconds=900, ours=False)])
def test_a_lease_that_was_made_by_hand_and_never_held_is_taken(record: Record) -> None:
    scene = Scene()
    scene.store.put(record)
    one = scene.replica("one")
    one.step()
    assert one.works()
    assert held(scene).ours


def test_whoever_takes_our_label_off_does_not_make_the_lease_another_programs() -> None:
    scene = Scene()
    one, two = scene.replica("one"), scene.replica("two")
    one.step()
    two.step()
    scene.store.put(replace(held(scene), ours=False))
    scene.run(20, two)
    assert two.works()
    scene.store.put(replace(held(scene), ours=False))
    scene.clock.now += 2
    two.step()
    two.step()
    assert (two.works(), held(scene).ours) == (True, True)


def test_a_lease_that_is_deleted_is_waited_for_by_those_who_knew_it_and_kept_by_its_holder() -> None:
    scene = Scene()
    one, two = scene.replica("one"), scene.replica("two")
    one.step()
    two.step()
    scene.store.put(None)
    two.step()
    assert not two.works(), "the leader may be at work still"
    assert one.step() == 0.0
    one.step()
    assert held(scene).holder == "one"
    scene.store.put(None)
    scene.run(16, two)
    assert two.works(), "nobody made it anew"


# Leading


def test_a_leader_whose_answer_got_lost_knows_its_own_hand_and_goes_on() -> None:
    scene = Scene()
    one = scene.replica("one")
    one.step()
    scene.clock.now += 2
    one.step(Way(lost=True))
    scene.clock.now += 0.75
    assert one.step() == 0.0
    assert one.step() == 2.0
    assert scene.store.asked[-4:] == ["update", "update", "get", "update"]
    assert held(scene).transitions == 0


def test_a_standby_whose_answer_got_lost_knows_its_own_hand_and_leads() -> None:
    scene = Scene()
    one = scene.replica("one")
    one.lock.between = lambda: setattr(one.lock, "way", Way(lost=scene.store.asked == ["get"]))
    one.step()
    assert not one.works()
    assert held(scene).holder == "one"
    one.lock.between = lambda: None
    one.step()
    assert one.works()
    assert held(scene).transitions == 0


def test_a_leader_that_cannot_renew_ends_when_its_term_does(caplog: pytest.LogCaptureFixture) -> None:
    scene = Scene()
    one = scene.replica("one")
    pause, began = one.step(), scene.clock.now
    caplog.clear()
    while not one.lost:
        assert one.works()
        scene.clock.now += pause
        pause = one.step(Way(fails=ApiError("The Kubernetes API server cannot be reached")))
    assert scene.clock.now == began + 10
    why = "The Kubernetes API server cannot be reached"
    assert one.lost == f"Lease system/op was not renewed within 10 s: {why}"
    assert not one.works()
    assert said(caplog) == ["The Kubernetes API server cannot be reached."], "once, however often it tried"


def test_a_term_counts_from_before_the_request() -> None:
    scene = Scene()
    one = scene.replica("one")
    one.step()
    scene.clock.now += 2
    asked = scene.clock.now
    one.step(Way(there=1, back=3))
    assert one.fence.until == asked + 10


def test_an_answer_that_comes_after_the_term_is_the_end() -> None:
    scene = Scene()
    one = scene.replica("one")
    one.step()
    scene.clock.now += 2
    one.step(Way(back=10))
    assert one.lost == "Lease system/op was not renewed within 10 s: the answer came too late"
    assert not one.works()


def test_an_answer_that_comes_after_the_term_that_was_to_be_extended_is_the_end_too() -> None:
    """Workers have met the fence closed by then, and given up."""
    scene = Scene()
    one = scene.replica("one")
    one.step()
    scene.clock.now += 9.5
    met: list[bool] = []

    def after() -> None:
        scene.clock.now += 1
        met.append(one.works())

    one.lock.after = after
    one.step()
    assert met == [False]
    assert one.lost == "Lease system/op was not renewed within 10 s: the answer came too late"
    assert not one.works()


def test_an_answer_that_comes_too_late_to_begin_with_is_asked_for_again() -> None:
    scene = Scene()
    one = scene.replica("one")
    one.lock.between = lambda: setattr(one.lock, "way", Way(back=10))
    assert one.step() == 0.0
    assert not one.works()
    one.lock.between = lambda: None
    one.step()
    assert one.works()
    assert not one.lost


def test_whoever_was_stopped_beyond_its_term_sends_nothing_and_ends() -> None:
    scene = Scene()
    one, two = scene.replica("one"), scene.replica("two")
    one.step()
    two.step()
    scene.run(20, two)
    assert two.works()
    assert not one.works(), "before it notices anything"
    scene.store.asked.clear()
    one.step()
    assert "this process did not get to it" in one.lost
    assert scene.store.asked == []


def test_whoever_does_not_get_to_notice_that_its_term_is_over_does_not_say_that_it_leads() -> None:
    scene = Scene()
    one = scene.replica("one")
    one.step()
    leads = []
    for seconds in (9.9, 0.1):
        scene.clock.now += seconds
        leads.append(one.elector.leads)
    assert leads == [True, False]


def test_whoever_finds_another_holder_ends_at_once() -> None:
    scene = Scene()
    one = scene.replica("one")
    one.step()
    scene.store.put(replace(held(scene), holder="usurper"))
    scene.clock.now += 2
    one.step()
    assert one.lost == "Lease system/op is held by usurper now"
    assert not one.works()


@pytest.mark.parametrize("deletes", [False, True])
def test_who_writes_all_the_time_does_not_make_the_leader_ask_all_the_time(deletes: bool) -> None:
    scene = Scene()
    one = scene.replica("one")
    one.step()
    scene.store.asked.clear()

    def write() -> None:
        if scene.clock.now < 1009:
            scene.store.put(None if deletes else scene.store.record)

    one.lock.between = write
    scene.run(12, one)
    assert one.works()
    assert len(scene.store.asked) <= 45, "some three each 0.75 s"


def test_after_a_pause_the_leader_reads_before_it_writes() -> None:
    """Whoever writes once in each pause would keep it from renewing until its end."""
    scene = Scene()
    one = scene.replica("one")
    one.step()
    one.lock.between = lambda: scene.store.put(scene.store.record)
    one.step()
    one.step()
    one.lock.between = lambda: None
    scene.store.put(scene.store.record)
    scene.store.asked.clear()
    assert one.step() == 2.0
    assert scene.store.asked == ["get", "update"]
    assert one.step() == 2.0
    assert scene.store.asked == ["get", "update", "update"]


def test_to_give_up_closes_the_fence_even_where_nobody_can_be_told(caplog: pytest.LogCaptureFixture) -> None:
    scene = Scene()
    one = scene.replica("one")
    one.step()
    one.lock.way = Way(fails=ApiError("The Kubernetes API server cannot be reached"))
    caplog.clear()
    one.elector.release()
    assert not one.works()
    assert said(caplog) == [
        "The Kubernetes API server cannot be reached. The others wait until the Lease lapses."
    ]


def test_what_somebody_wrote_meanwhile_does_not_keep_the_lease_from_being_given_up() -> None:
    scene = Scene()
    one = scene.replica("one")
    one.step()
    scene.store.put(scene.store.record)
    one.elector.release()
    assert held(scene).holder == ""


def test_whoever_does_not_lead_gives_up_nothing() -> None:
    scene = Scene()
    one, two = scene.replica("one"), scene.replica("two")
    one.step()
    two.step()
    scene.store.asked.clear()
    two.elector.release()
    assert scene.store.asked == []
    assert held(scene).holder == "one"
    assert one.works()


def test_whoever_may_have_got_the_lease_looks_once_and_gives_it_up() -> None:
    """The others need not wait for it to lapse because an answer got lost right before the end."""
    scene = Scene()
    one = scene.replica("one")
    one.lock.between = lambda: setattr(one.lock, "way", Way(lost=scene.store.asked == ["get"]))
    one.step()
    assert (one.works(), held(scene).holder) == (False, "one")
    one.elector.release()
    assert held(scene).holder == ""
    assert scene.store.asked == ["get", "create", "get", "update"]


def test_whoever_got_the_lease_too_late_to_lead_gives_it_up() -> None:
    scene = Scene()
    one = scene.replica("one")
    one.lock.between = lambda: setattr(one.lock, "way", Way(back=10))
    one.step()
    one.lock.between = lambda: None
    one.elector.release()
    assert held(scene).holder == ""


# Trouble


def test_a_right_that_is_missing_is_told_once_and_election_goes_on_once_it_is_there(
    caplog: pytest.LogCaptureFixture,
) -> None:
    scene = Scene()
    one = scene.replica("one")
    sentence = "The operator's ServiceAccount may not get Lease system/op: forbidden"
    for _ in range(3):
        assert one.step(Way(fails=Forbidden(sentence))) <= 0.75
    assert said(caplog) == [f"{sentence}."]
    assert one.elector.trouble == f"{sentence}."
    one.step()
    assert one.works()
    assert one.elector.trouble == ""


def test_what_keeps_everybody_from_being_elected_is_trouble_and_each_new_one_is_told(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Who can never lead must not be ready."""
    scene = Scene()
    one = scene.replica("one")
    for _ in range(2):
        for sentence in ("There is no namespace a.", "There is no namespace b."):
            one.step(Way(fails=Barred(sentence)))
            one.step(Way(fails=Barred(sentence)))
            assert one.elector.trouble == sentence
    assert said(caplog) == ["There is no namespace a.", "There is no namespace b."] * 2
    one.step()
    assert (one.works(), one.elector.trouble) == (True, "")


# Values


@pytest.mark.parametrize(
    ("timing", "wrong"),
    [
        (Timing(15, 10, 0.75), ""),
        (Timing(7, 2, 0.5), ""),
        (
            Timing(14, 10, 1),
            "--lease-duration 14 must be at least 5 seconds longer than --renew-deadline 10: ",
        ),
        (Timing(15, 2, 1), "--renew-deadline 2 must be at least 3 times --retry-period 1: "),
    ],
)
def test_values_that_do_not_fit_together_are_told(timing: Timing, wrong: str) -> None:
    assert timing.wrong().startswith(wrong)
    assert bool(timing.wrong()) == bool(wrong)
