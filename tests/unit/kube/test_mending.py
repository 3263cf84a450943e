"""Answers that kopf does not live with, and what it gets in their place."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any, cast

import aiohttp
import pytest

from headrace.kube import mending as module
from headrace.kube.mending import WatchStream, check_refusal

ANEW = {"type": "ERROR", "object": {"kind": "Status", "apiVersion": "v1", "code": 410}}


class Pieces:
    """A content that comes in such pieces."""

    total_bytes = 7

    def __init__(self, *pieces: bytes) -> None:
        self.pieces = pieces

    async def iter_chunked(self, _: int) -> AsyncIterator[bytes]:
        for piece in self.pieces:
            yield piece


def line(type_: str, **about: Any) -> bytes:
    return json.dumps({"type": type_, "object": about}, separators=(",", ":")).encode() + b"\n"


def through(*pieces: bytes) -> list[Any]:
    """Return what comes out, line by line."""

    async def read() -> bytes:
        stream = WatchStream(cast(aiohttp.StreamReader, Pieces(*pieces)), "things")
        return b"".join([data async for data in stream.iter_chunked(1)])

    return [json.loads(each) for each in asyncio.run(read()).splitlines()]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_PAUSE_SECONDS", 0.0)


@pytest.mark.parametrize("size", [1, 7, 10_000])
def test_what_comes_in_pieces_goes_out_whole_up_to_an_error(size: int) -> None:
    whole = line("ADDED", note='an "ERROR" in words') + line("ERROR", code=500, message="no leader")
    pieces = [whole[at : at + size] for at in range(0, len(whole), size)]

    assert through(*pieces) == [{"type": "ADDED", "object": {"note": 'an "ERROR" in words'}}, ANEW]


def test_what_is_too_old_and_what_has_no_end_of_line_goes_through() -> None:
    old = line("ERROR", code=410, message="too old resource version")

    assert through(old, line("ADDED", a=1).strip()) == [
        json.loads(old),
        {"type": "ADDED", "object": {"a": 1}},
    ]


def test_an_error_without_any_words_is_one(caplog: pytest.LogCaptureFixture) -> None:
    assert through(line("ERROR")) == [ANEW]
    assert [record.getMessage() for record in caplog.records] == [
        "the watch on things broke off: an error without words (no code); all is listed anew"
    ]


def test_in_all_else_it_is_the_content_itself() -> None:
    assert WatchStream(cast(aiohttp.StreamReader, Pieces()), "things").total_bytes == 7


@pytest.mark.parametrize("status", [200, 401, 403, 429, 500, 503])
def test_kopf_gets_what_it_lives_with_as_it_is(status: int) -> None:
    check_refusal(status, "things")


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, aiohttp.ClientConnectionError),
        (404, aiohttp.ClientConnectionError),
        (422, aiohttp.ClientConnectionError),
        (410, aiohttp.ClientPayloadError),
    ],
)
def test_other_refusals_are_tried_again(status: int, error: type[Exception]) -> None:
    with pytest.raises(error):
        check_refusal(status, "things")
