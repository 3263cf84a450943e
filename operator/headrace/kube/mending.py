"""Answers at which kopf ends the whole operator, turned into those that it lives with."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from typing import Any

import aiohttp

log = logging.getLogger("headrace.watch")

# kopf lists anew a tenth of a second after that; whoever fails is not to be asked so often.
_PAUSE_SECONDS = 2.0
_ERROR = b'"ERROR"'
_ANEW = {"type": "ERROR", "object": {"kind": "Status", "apiVersion": "v1", "code": 410}}
# kopf tries again by itself: with another token, and after a while.
_LIVED_WITH = (401, 403, 429)


class Refused(aiohttp.ClientConnectionError):
    """A refusal, said so that kopf asks again."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.code = str(status)


def check_refusal(status: int, what: str) -> None:
    """Raise what kopf lives with, where a request to list or watch is refused in a way that it does not.

    Raises:
        ClientPayloadError: the listing has to begin anew, as its next page has been forgotten.
        Refused: the same has to be asked again, later.
    """
    if status == 410:
        raise aiohttp.ClientPayloadError(f"The list of {what} has been forgotten half-way.")
    if status == 404:
        raise Refused(status, f"{what} are not served: is their CRD there?")
    if 400 <= status < 500 and status not in _LIVED_WITH:
        raise Refused(status, f"The API server refuses {what} ({status}).")


class WatchStream:
    """The content of a watch. An error in it, other than that it is too old, has all listed anew."""

    def __init__(self, content: aiohttp.StreamReader, what: str) -> None:
        self._content, self._what = content, what

    def __getattr__(self, name: str) -> Any:
        """Be the content in all else."""
        return getattr(self._content, name)

    async def iter_chunked(self, size: int) -> AsyncIterator[bytes]:
        """Yield whole lines, as many at once as came in, until an error that is said to be 410."""
        rest = b""
        async for data in self._content.iter_chunked(size):
            lines, newline, rest = (rest + data).rpartition(b"\n")
            if _ERROR in lines:
                lines = await self._mended(lines)
            yield lines + newline
        if rest:
            yield rest

    async def _mended(self, lines: bytes) -> bytes:
        kept: list[bytes] = []
        for line in lines.split(b"\n"):
            said = json.loads(line) if _ERROR in line else {}
            status = said.get("object", {})
            if said.get("type") == "ERROR" and status.get("code") != 410:
                log.warning("the watch on %s broke off: %s; all is listed anew", self._what, _said(status))
                await asyncio.sleep(_PAUSE_SECONDS)
                return b"\n".join([*kept, json.dumps(_ANEW).encode()])
            kept.append(line)
        return lines


def _said(status: Any) -> str:
    return f"{status.get('message', 'an error without words')} ({status.get('code', 'no code')})"
