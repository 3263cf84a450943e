"""Leadership: who works. All replicas watch and stand ready; the leader alone takes from the queue."""

from typing import Protocol


class Leadership(Protocol):
    """What the loop asks before it starts to work."""

    async def acquired(self) -> None:
        """Wait until this process leads."""

    async def release(self) -> None:
        """Give leadership up, after the last piece of work is done."""


class Alone:
    """The only replica there is: it leads from the start."""

    async def acquired(self) -> None:
        """Return at once."""

    async def release(self) -> None:
        """There is nobody to hand over to."""
