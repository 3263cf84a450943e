"""Disputes: how soon to answer where somebody else writes the status that we write, too."""

import random
from dataclasses import dataclass
from math import inf

# A person who edits a status gets it put right after the first of these waits; two releases that do not agree
# come to one write each in so many seconds.
_FIRST_WAIT, _LONGEST_WAIT = 0.5, 300.0
_JITTER = 0.2
# Longer than both sides can wait, one after the other.
_QUIET_SECONDS = 1800.0


@dataclass
class Dispute:
    """What is remembered of others who write the status of one object."""

    _rounds: int = 0
    _heard: float = -inf
    """When somebody else wrote it last."""
    _due: float = -inf
    """When that is to be answered."""

    def wait(self, now: float) -> float:
        """Return the seconds until what somebody else wrote is answered: doubled each time, until quiet.

        That a look finds all as it was ends no dispute: the other side may just be waiting, too.
        """
        quiet, self._heard = now - self._heard > _QUIET_SECONDS, now
        if now < self._due:
            return self._due - now
        self._rounds = 0 if quiet else self._rounds + 1
        delay = min(_FIRST_WAIT * 2.0 ** min(self._rounds, 32), _LONGEST_WAIT)
        self._due = now + delay * random.uniform(1, 1 + _JITTER)  # noqa: S311 - spreads load
        return self._due - now
