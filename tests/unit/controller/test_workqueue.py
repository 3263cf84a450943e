import itertools

import pytest

from headrace.controller.workqueue import Item, Lane, WorkQueue

FAST, SLOW = Lane.FAST, Lane.SLOW


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def namespace(key: str) -> str:
    return key.partition("/")[0]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def queue(clock: Clock) -> WorkQueue[str]:
    return WorkQueue(namespace, clock, chance=lambda: 0.5)


def taken(queue: WorkQueue[str]) -> list[str]:
    """Take and give back all that is due."""
    keys = []
    while (item := queue.take()) is not None:
        keys.append(item.key)
        queue.done(item.key)
    return keys


# One key


def test_a_key_that_is_added_twice_is_looked_at_once(queue: WorkQueue[str]) -> None:
    queue.add("shop/a")
    queue.add("shop/a")

    assert taken(queue) == ["shop/a"]


def test_a_key_in_work_is_not_given_out_again_before_it_is_done(queue: WorkQueue[str]) -> None:
    queue.add("shop/a")
    queue.take()
    queue.add("shop/a")

    assert queue.take() is None
    queue.done("shop/a")
    assert taken(queue) == ["shop/a"]


def test_a_key_in_work_that_nobody_asked_for_again_is_not_looked_at_again(queue: WorkQueue[str]) -> None:
    queue.add("shop/a")

    assert taken(queue) == ["shop/a"]
    assert taken(queue) == []


def test_wishes_that_come_during_the_work_become_one(queue: WorkQueue[str], clock: Clock) -> None:
    queue.add("shop/a")
    queue.take()
    clock.now = 1001.0
    queue.add("shop/a", SLOW, forced=True)
    clock.now = 1002.0
    queue.add("shop/a", FAST)
    queue.add("shop/a", SLOW)
    queue.done("shop/a")

    assert queue.take() == Item("shop/a", FAST, True, 1001.0)


def test_wishes_for_a_waiting_key_become_one(queue: WorkQueue[str], clock: Clock) -> None:
    queue.add("shop/a", SLOW)
    clock.now = 1001.0
    queue.add("shop/a", SLOW, forced=True)
    clock.now = 1002.0
    queue.add("shop/a", FAST)

    assert queue.take() == Item("shop/a", FAST, True, 1000.0)
    assert queue.take() is None


def test_a_fast_wish_is_not_slowed_down_by_a_slow_one(queue: WorkQueue[str]) -> None:
    queue.add("shop/a", FAST)
    queue.add("shop/a", SLOW)

    assert queue.take() == Item("shop/a", FAST, False, 1000.0)


def test_a_forgotten_key_is_neither_looked_at_later_nor_again(queue: WorkQueue[str], clock: Clock) -> None:
    queue.add("shop/a")
    queue.backoff("shop/a")
    queue.take()
    queue.add("shop/a")
    queue.add_after("shop/a", 5)
    queue.forget("shop/a")
    queue.done("shop/a")
    clock.now += 10

    assert queue.take() is None
    assert queue.failures("shop/a") == 0


# Whose turn it is


def test_a_person_goes_before_the_clock(queue: WorkQueue[str]) -> None:
    queue.add("shop/resync", SLOW)
    queue.add("shop/edit", FAST)

    assert taken(queue) == ["shop/edit", "shop/resync"]


def test_a_resync_that_a_person_asks_for_overtakes_the_others(queue: WorkQueue[str]) -> None:
    for key in ("shop/a", "shop/b", "shop/c"):
        queue.add(key, SLOW)
    queue.add("shop/c", FAST)

    assert taken(queue) == ["shop/c", "shop/a", "shop/b"]


def test_four_fast_ones_go_before_each_slow_one(queue: WorkQueue[str]) -> None:
    for number in range(10):
        queue.add(f"shop/fast-{number}", FAST)
    for number in range(3):
        queue.add(f"shop/slow-{number}", SLOW)

    lanes = "".join(key[5] for key in taken(queue))
    assert lanes == "ffffsffffsffs"


def test_slow_ones_go_one_after_another_where_nothing_else_waits(queue: WorkQueue[str]) -> None:
    keys = [f"shop/{number}" for number in range(9)]
    for key in keys:
        queue.add(key, SLOW)

    assert taken(queue) == keys


@pytest.mark.parametrize("lane", Lane)
def test_a_namespace_with_a_thousand_keys_does_not_starve_one_with_one(
    queue: WorkQueue[str], lane: Lane
) -> None:
    for number in range(1000):
        queue.add(f"big/{number}", lane)
    queue.add("small/only", lane)

    assert taken(queue)[:3] == ["big/0", "small/only", "big/1"]


def test_namespaces_take_turns_and_each_keeps_its_order(queue: WorkQueue[str]) -> None:
    for key in ("a/1", "a/2", "a/3", "b/1", "b/2", "c/1"):
        queue.add(key)

    assert taken(queue) == ["a/1", "b/1", "c/1", "a/2", "b/2", "a/3"]


def test_a_namespace_whose_keys_are_all_taken_loses_its_turn(queue: WorkQueue[str]) -> None:
    queue.add("a/1")
    queue.add("b/1")
    queue.take()
    queue.add("a/2")

    assert taken(queue) == ["b/1", "a/2"]


# Later


def test_a_later_look_comes_when_it_is_due_and_not_before(queue: WorkQueue[str], clock: Clock) -> None:
    queue.add_after("shop/a", 5)

    clock.now = 1004.9
    assert queue.take() is None
    clock.now = 1005.0
    assert queue.take() == Item("shop/a", SLOW, True, 1005.0)


@pytest.mark.parametrize("delays", list(itertools.permutations([5, 10, 60])))
def test_of_several_later_looks_the_earliest_counts_and_the_others_are_dropped(
    queue: WorkQueue[str], clock: Clock, delays: tuple[float, ...]
) -> None:
    for delay in delays:
        queue.add_after("shop/a", delay)

    clock.now = 1005.0
    assert taken(queue) == ["shop/a"]
    clock.now = 2000.0
    assert taken(queue) == []


def test_later_looks_come_in_the_order_in_which_they_are_due(queue: WorkQueue[str], clock: Clock) -> None:
    for delay, key in ((3, "shop/c"), (1, "shop/a"), (2, "shop/b")):
        queue.add_after(key, delay)
    clock.now += 10

    assert taken(queue) == ["shop/a", "shop/b", "shop/c"]


def test_a_look_that_is_made_takes_the_place_of_the_later_one(queue: WorkQueue[str], clock: Clock) -> None:
    queue.add_after("shop/a", 5)
    queue.add("shop/a")
    queue.take()
    queue.supersede("shop/a")
    queue.done("shop/a")
    clock.now += 10

    assert queue.take() is None


def test_a_key_that_was_taken_but_not_looked_at_keeps_its_later_look(
    queue: WorkQueue[str], clock: Clock
) -> None:
    queue.add_after("shop/a", 5)
    queue.add("shop/a")
    assert taken(queue) == ["shop/a"]
    clock.now += 10

    assert queue.take() == Item("shop/a", SLOW, True, 1005.0)


def test_a_new_later_look_after_a_superseded_one_comes_once(queue: WorkQueue[str], clock: Clock) -> None:
    queue.add_after("shop/a", 5)
    queue.supersede("shop/a")
    queue.add_after("shop/a", 5)
    clock.now += 10

    assert taken(queue) == ["shop/a"]


def test_a_look_that_becomes_due_during_the_work_comes_after_it(queue: WorkQueue[str], clock: Clock) -> None:
    queue.add("shop/a")
    queue.take()
    queue.add_after("shop/a", 5, FAST)
    clock.now += 10

    assert queue.take() is None
    queue.done("shop/a")
    assert queue.take() == Item("shop/a", FAST, True, 1005.0)


# Counting


def test_the_depth_counts_what_is_due_and_not_what_is_in_work(queue: WorkQueue[str]) -> None:
    for key in ("shop/a", "shop/b", "shop/c"):
        queue.add(key)
    queue.take()

    assert (len(queue), queue.busy) == (2, 1)


def test_the_oldest_is_as_old_as_the_longest_wait(queue: WorkQueue[str], clock: Clock) -> None:
    assert queue.oldest() == 0.0
    queue.add("shop/a")
    clock.now += 7
    queue.add("shop/b")

    assert queue.oldest() == 7.0


def test_what_becomes_due_while_all_are_busy_counts_as_waiting(queue: WorkQueue[str], clock: Clock) -> None:
    queue.add_after("shop/a", 5)
    clock.now += 8

    assert (len(queue), queue.oldest()) == (1, 3.0)


# Failures


@pytest.mark.parametrize(("chance", "share"), [(0.0, 0.75), (0.5, 1.0), (1.0, 1.25)])
def test_the_wait_doubles_with_each_failure_up_to_its_limit(
    clock: Clock, chance: float, share: float
) -> None:
    queue: WorkQueue[str] = WorkQueue(namespace, clock, chance=lambda: chance)
    waits = [queue.backoff("shop/a") for _ in range(12)]

    assert waits == [w * share for w in (0.5, 1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300)]


def test_jitter_is_random_and_within_a_quarter(clock: Clock) -> None:
    queue: WorkQueue[str] = WorkQueue(namespace, clock)
    waits = [queue.backoff(f"shop/{number}") for number in range(200)]

    assert all(0.375 <= wait <= 0.625 for wait in waits)
    assert len(set(waits)) > 100


def test_failures_are_counted_for_each_key_and_forgotten_once_all_is_well(queue: WorkQueue[str]) -> None:
    queue.backoff("shop/a")
    queue.backoff("shop/a")
    queue.backoff("shop/b")
    assert (queue.failures("shop/a"), queue.failures("shop/b")) == (2, 1)
    queue.reset("shop/a")

    assert (queue.failures("shop/a"), queue.failures("shop/b")) == (0, 1)
    assert queue.backoff("shop/a") == 0.5


def test_a_key_may_fail_for_ever(queue: WorkQueue[str]) -> None:
    for _ in range(5000):
        queue.backoff("shop/a")

    assert queue.backoff("shop/a") == 300.0
