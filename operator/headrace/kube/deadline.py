"""A deadline for a whole request: the timeouts of sockets begin anew with every byte that comes in."""

import threading
from collections.abc import Callable
from concurrent.futures import Future, wait
from typing import TypeVar

T = TypeVar("T")

# Each of these goes on only for as long as bytes come in: more are of no use.
_MOST_UNANSWERED = 4


class Overdue(Exception):
    """There was no answer in time; the message says so."""


class Deadline:
    """Makes calls one after another, each on a thread of its own, for one can leave only a thread alone."""

    def __init__(self) -> None:
        self._unanswered: list[threading.Thread] = []

    def within(self, seconds: float, call: Callable[[], T]) -> T:
        """Return what the call does, or raise what it raises.

        Raises:
            Overdue: it took longer; what becomes of it nobody hears.
        """
        self._unanswered = [thread for thread in self._unanswered if thread.is_alive()]
        if len(self._unanswered) >= _MOST_UNANSWERED:
            raise Overdue(f"{_MOST_UNANSWERED} requests from before are under way still")
        future: Future[T] = Future()
        thread = threading.Thread(target=_settle, args=(future, call), name="request", daemon=True)
        thread.start()
        if not wait([future], seconds).done:
            self._unanswered.append(thread)
            raise Overdue(f"no answer within {seconds:.3g} s")
        return future.result()


def _settle(future: Future[T], call: Callable[[], T]) -> None:
    try:
        future.set_result(call())
    except BaseException as error:  # noqa: BLE001 - it is raised where the result is waited for
        future.set_exception(error)
