"""Results of a saved filter: read from the text, whatever that looks like."""

from __future__ import annotations

import asyncio
import json
import tracemalloc
from typing import Any

import pytest

from cfsync.api import codec, filter_results
from cfsync.api.filter_results import MAX_BYTES, parse, results_of, walk_results
from cfsync.errors import BadAnswer

TIME = "2026-01-01T00:00:00.000Z"
ROWS = [[i, TIME] for i in range(1, 901)]


def body(rows: Any, *, after: str | None = None, indent: int | None = None, **more: Any) -> bytes:
    results = {"fields": ["id", "updated_at"], "rows": rows, "truncated": after is not None}
    shown = {"name": "x", **more, "results": {**results, "next_after": after}}
    return json.dumps(shown, indent=indent).encode()


@pytest.mark.parametrize(
    "content",
    [
        body(ROWS),
        body(ROWS, indent=2),
        body(ROWS, criteria=[{"rows": [[1]]}]),
        body(ROWS, criteria=[{"value": '"rows":[[1,2],[3]]'}]),
    ],
)
def test_all_rows_are_read_in_parts(content: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(filter_results, "PART_BYTES", 1000)

    found = results_of("GET", parse(content))

    assert found.count == len(ROWS)
    assert [row for _, text in found.parts for row in json.loads(text)] == ROWS
    assert [count for count, _ in found.parts] == [len(json.loads(text)) for _, text in found.parts]
    assert "results" not in found.filter


def test_no_rows_are_no_parts() -> None:
    assert results_of("GET", parse(body([]))).parts == ()


@pytest.mark.parametrize(
    "rows", [[[1, [TIME]]], [[1, TIME], [2, TIME, 3]], [["1", TIME]], [[1, None]], [[1, "]]"], [2]]]
)
def test_other_rows_are_told(rows: Any) -> None:
    with pytest.raises(BadAnswer, match="other values than ids and times"):
        results_of("GET", parse(body(rows)))


def test_a_text_that_looks_like_rows_is_none() -> None:
    assert results_of("GET", parse(body([[1, "],["], [2, "]]"]]))).count == 2


class Answers:
    """In place of the client: these bodies, one after the other."""

    def __init__(self, *contents: bytes) -> None:
        self._contents = list(contents)

    async def raw(self, *_: Any, parse: codec.Parse, **__: Any) -> codec.Answer:
        return codec.Answer(200, {}, parse(self._contents.pop(0)))


def test_of_answers_as_large_as_can_be_three_take_as_little_memory_as_one() -> None:
    """Read as a whole, each takes 25 times as much as its text."""
    rows = [[10_000_000 + i, TIME] for i in range(MAX_BYTES // len(json.dumps([10_000_000, TIME])))]
    api: Any = Answers(body(rows, after="a"), body(rows, after="b"), body(rows))

    async def read_all() -> int:
        count = 0
        async for found in walk_results(api, 1, most=10**9):
            count += found.count
            del found
        return count

    tracemalloc.start()
    try:
        assert asyncio.run(read_all()) == 3 * len(rows)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert peak <= 3 * MAX_BYTES
