"""Packed answers, and answers that are too large."""

from __future__ import annotations

import asyncio
import gzip
import tracemalloc
import zlib
from contextlib import suppress

import pytest
from aiohttp import web

from cfsync.api.transport import MAX_ANSWER
from cfsync.errors import (
    BadAnswer,
    Unreachable,
)
from tests.api.calls import CONTACTS, ONCE, page
from tests.api.conftest import Fake, Say, client


def test_packed_answers_are_unpacked():
    packed = Say(gzip.compress(b'[{"id":5}]'), headers={"Content-Encoding": "gzip"})

    assert [r.id for r in Fake(packed).ask(page).records] == [5]


@pytest.mark.parametrize("kind", ["", " ", "none", "Identity"])
def test_what_is_not_packed_is_read_as_it_is(kind: str):
    plain = Say(b'[{"id":5}]', headers={"Content-Encoding": kind})

    assert [r.id for r in Fake(plain).ask(page).records] == [5]


@pytest.mark.parametrize(
    "end",
    [b"", b"not gzip" * 1000, gzip.compress(b"more", mtime=0)],
    ids=["nothing", "other", "more"],
)
def test_what_comes_behind_a_packed_answer_is_not_looked_at(end: bytes):
    packed = Say(gzip.compress(b'[{"id":5}]') + end, headers={"Content-Encoding": "gzip"})

    assert [r.id for r in Fake(packed).ask(page).records] == [5]


@pytest.mark.parametrize(
    "body", [gzip.compress(b'[{"id":5}]', mtime=0)[:-4], b"not gzip"], ids=["cut", "other"]
)
def test_a_packed_answer_that_is_broken_is_a_broken_connection(body: bytes):
    broken = Say(body, headers={"Content-Encoding": "gzip"})

    with pytest.raises(Unreachable, match="the connection broke"):
        Fake(broken).ask(page, retry=ONCE)


@pytest.mark.parametrize("kind", ["br", "gzip, gzip", "deflate"])
def test_what_was_not_asked_for_is_not_unpacked(kind: str):
    with pytest.raises(BadAnswer, match="which was not asked for"):
        Fake(Say(b"x", headers={"Content-Encoding": kind})).ask(page)


def gigabyte_packed() -> bytes:
    """A megabyte that unpacks to a gigabyte, if anybody goes so far: one block again and again."""
    packer, megabyte = zlib.compressobj(wbits=31), b" " * 2**20
    first, again = (packer.compress(megabyte) + packer.flush(zlib.Z_FULL_FLUSH) for _ in range(2))
    return first + 1023 * again


async def endless(request: web.Request) -> web.StreamResponse:
    """A body of 16 GB, for whoever takes it."""
    response = web.StreamResponse(headers={"Content-Type": "application/json"})
    response.content_length = 16 * 2**30
    await response.prepare(request)
    with suppress(ConnectionError):
        while True:
            await response.write(b" " * 2**16)
    return response


@pytest.mark.parametrize("packed", [True, False], ids=["a gigabyte packed", "16 GB"])
def test_an_answer_is_only_read_up_to_a_limit_and_takes_no_more_memory(packed: bool):
    bomb = Say(gigabyte_packed(), headers={"Content-Encoding": "gzip"}) if packed else endless
    tracemalloc.start()

    with pytest.raises(BadAnswer, match="more than 32 MiB"):
        Fake(bomb).ask(page)

    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 3 * MAX_ANSWER


@pytest.mark.parametrize("what", ["many headers", "a long header", "a long first line"])
def test_a_head_without_end_is_a_broken_connection(what: str):
    lines = {
        "many headers": (b"HTTP/1.1 200 OK\r\n", b"X-More: and more\r\n"),
        "a long header": (b"HTTP/1.1 200 OK\r\nX-More: ", b"and more"),
        "a long first line": (b"HTTP/1.1 200 ", b"and more"),
    }[what]

    async def main() -> None:
        async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(lines[0])
            with suppress(ConnectionError):
                while not writer.is_closing():
                    writer.write(lines[1] * 1000)
                    await writer.drain()
            writer.close()

        async with await asyncio.start_server(talk, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            async with client(f"http://127.0.0.1:{port}/api/v2", retry=ONCE) as api:
                await api.page(CONTACTS)

    tracemalloc.start()
    with pytest.raises(Unreachable, match=r"broke|no whole answer"):
        asyncio.run(main())
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < MAX_ANSWER
