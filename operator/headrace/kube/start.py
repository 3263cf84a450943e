"""The start: what has to be there before the watch begins is asked for until it is, and told meanwhile."""

import asyncio
import logging
import signal
from collections.abc import Callable, Sequence

from headrace.controller.api import ApiError
from headrace.kinds.definition import GROUP, VERSION
from headrace.kube.connection import Heartbeat

log = logging.getLogger("headrace.start")

Check = Callable[[], str]
"""Says what is missing and what to do, or nothing. May ask the API server, and raise ApiError."""

_SECONDS = 2.0
"""Between two rounds."""
_BEGINNING = "the watches have not begun yet"


class Start:
    """Goes through checks until they pass. Whoever asks is alive: a new start would bring nothing."""

    def __init__(self, heartbeat: Heartbeat) -> None:
        self._heartbeat = heartbeat
        self.waits = _BEGINNING
        """What it waits for, for those who ask."""

    async def passed(self, checks: Sequence[Check]) -> bool:
        """Wait until all checks pass; return whether they do. A signal that ends us comes first."""
        stopped = asyncio.Event()
        loop = asyncio.get_running_loop()
        signals = (signal.SIGINT, signal.SIGTERM)
        for each in signals:
            loop.add_signal_handler(each, stopped.set)
        try:
            while not stopped.is_set():
                self._heartbeat.asked(f"/apis/{GROUP}/{VERSION}", watch=False)
                missing = await asyncio.to_thread(_missing, checks)
                if not missing:
                    self.waits = _BEGINNING
                    return True
                self._tell(missing)
                try:
                    await asyncio.wait_for(stopped.wait(), _SECONDS)
                except TimeoutError:
                    continue
            return False
        finally:
            for each in signals:
                loop.remove_signal_handler(each)

    def _tell(self, missing: str) -> None:
        if missing != self.waits:
            log.warning(missing)
        self.waits = missing


def _missing(checks: Sequence[Check]) -> str:
    """Return all that is missing; an API server that does not answer one question is asked no more."""
    found = []
    for check in checks:
        try:
            found.append(check())
        except ApiError as error:
            found.append(str(error))
            break
    return " ".join(filter(None, found))
