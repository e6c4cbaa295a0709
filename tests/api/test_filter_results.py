"""Results of a saved filter: read from the text, whatever that looks like."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cfsync.api import filter_results
from cfsync.api.filter_results import parse, results_of
from cfsync.errors import BadAnswer

TIME = "2026-01-01T00:00:00.000Z"
ROWS = [[i, TIME] for i in range(1, 901)]


def body(rows: Any, *, indent: int | None = None, **more: Any) -> bytes:
    results = {"fields": ["id", "updated_at"], "rows": rows, "truncated": False}
    return json.dumps({"name": "x", **more, "results": results}, indent=indent).encode()


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
