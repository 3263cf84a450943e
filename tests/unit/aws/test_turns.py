"""Turns: one at a time at one thing, and nobody waits for another thing."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from headrace.aws.turns import Turns


def test_one_at_a_time_is_at_a_thing() -> None:
    turns, inside, most = Turns(), [0], [0]

    def work(_: int) -> None:
        for _ in range(200):
            with turns.of("policy"):
                inside[0] += 1
                most[0] = max(most[0], inside[0])
                inside[0] -= 1

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))
    assert most == [1]


def test_who_is_at_another_thing_is_not_waited_for() -> None:
    turns = Turns()
    with turns.of("a"), turns.of("b"):
        pass


def test_a_turn_ends_with_an_error_too() -> None:
    turns = Turns()
    with pytest.raises(ValueError, match="no"), turns.of("a"):
        raise ValueError("no")
    entered = threading.Event()

    def enter() -> None:
        with turns.of("a"):
            entered.set()

    thread = threading.Thread(target=enter)
    thread.start()
    assert entered.wait(30)
    thread.join()
