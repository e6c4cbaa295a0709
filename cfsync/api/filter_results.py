"""The records that a saved filter matches, as bare values, some 100,000 in an answer."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import orjson

from cfsync.api import codec
from cfsync.api.client import Api
from cfsync.errors import BadAnswer, Transient

FIELDS = ("id", "updated_at")
MAX_BYTES = 4_194_304
"""The most bytes of rows in an answer that may be asked for."""
MAX_ROWS = 1_000_000
"""More than fit in so many bytes."""


PART_BYTES = 400_000
"""About so much of the text of the records is read, kept and written to the database together, so
that an answer takes little more memory than its own text.
"""

_ROWS = re.compile(rb'"rows"\s*:\s*\[\s*(?=\[)')
_NEXT_ROW = re.compile(rb"\]\s*,\s*(?=\[)")
_LAST_ROW = re.compile(rb"\](?=\s*\])")


class NoResults(BadAnswer):
    """The filter came without results: an older account ignores what asks for them."""


@dataclass(frozen=True, slots=True)
class Results:
    """One answer."""

    #: The filter's own fields, as the answer shows them.
    filter: Mapping[str, Any]
    #: How many records it names.
    count: int
    #: (how many records, JSON text: [[id, updated_at], ...]), of about PART_BYTES each.
    parts: tuple[tuple[int, bytes], ...]
    #: Where the next answer begins; None: there is none.
    next: str | None
    #: ClickFunnels' clock when it answered, canonical text; None: not known.
    at: str | None = None


async def read_results(api: Api, filter_id: int, after: str | None, limit: int) -> Results:
    """One answer, from the cursor `after` on. Raises BadAnswer on one that can't be used, and
    Transient where ClickFunnels had no time for a single record.
    """
    path = f"/refine_filters/{filter_id}"
    query: dict[str, Any] = {
        "results[fields][]": FIELDS,
        "results[limit]": limit,
        "results[max_bytes]": MAX_BYTES,
    }
    if after is not None:
        query["results[after]"] = after
    # of one token and workspace, two such reads may run at the same time
    answer = await api.raw("GET", path, query=query, has_own_limit=True, parse=parse)
    call = f"GET {path}"
    codec.raise_if_error(call, answer)
    return replace(results_of(call, answer.data), at=codec.server_time(answer.headers))


async def walk_results(api: Api, filter_id: int, *, most: int) -> AsyncIterator[Results]:
    """All answers, in whatever order the records come. Raises BadAnswer where a cursor comes twice,
    or when there are more than `most` records.
    """
    after: str | None = None
    cursors, count = {after}, 0
    while True:
        found = await read_results(api, filter_id, after, MAX_ROWS)
        after, count = found.next, count + found.count
        yield found
        del found  # so that no two answers are in memory
        if after is None:
            return
        if after in cursors or count > most:
            raise BadAnswer("the results of the filter don't end", call=_call(filter_id))
        cursors.add(after)


def _call(filter_id: int) -> str:
    return f"GET /refine_filters/{filter_id}"


def parse(content: bytes) -> Any:
    """The JSON of an answer, with the text of its rows, in parts, in place of the rows. Raises
    ValueError. Pure.
    """
    first = _ROWS.search(content)
    last = _LAST_ROW.search(content, first.end()) if first else None
    with suppress(ValueError, KeyError, TypeError):
        if first and last:
            data = orjson.loads(content[: first.end()] + content[last.end() :])
            if data["results"]["rows"] == []:
                data["results"]["rows"] = tuple(_parts(content, first.end(), last.end()))
                return data
    return codec.parse(content)  # of another form


def _parts(content: bytes, start: int, end: int) -> Iterator[bytes]:
    while start < end:
        following = _NEXT_ROW.search(content, start + PART_BYTES, end)
        stop = following.start() + 1 if following else end
        yield b"[%b]" % content[start:stop]
        start = following.end() if following else end


def results_of(call: str, data: Any) -> Results:
    """The results in the JSON of an answer. Raises BadAnswer and Transient. Pure."""
    if not isinstance(data, dict) or "results" not in data:
        raise NoResults("the filter's answer has no results", call=call)
    results = data["results"]
    if not isinstance(results, dict) or results.get("fields") != list(FIELDS):
        raise BadAnswer("the results have other fields than those asked for", call=call)
    rows, truncated = results.get("rows"), results.get("truncated")
    if not isinstance(rows, list | tuple) or not isinstance(truncated, bool):
        raise BadAnswer("the results have another form", call=call)
    texts = rows if isinstance(rows, tuple) else (orjson.dumps(rows),) if rows else ()
    parts = tuple((_pairs_in(call, text), text) for text in texts)
    after = results.get("next_after") if truncated else None
    if truncated and not rows and results.get("stop_reason") == "time_budget":
        raise Transient("the filter took too long", call=call)
    if truncated and not (isinstance(after, str) and after and rows):
        raise BadAnswer("the results are cut off, and name no place to go on", call=call)
    shown = {name: value for name, value in data.items() if name != "results"}
    return Results(shown, sum(count for count, _ in parts), parts, after)


def _pairs_in(call: str, text: bytes) -> int:
    """How many records a text names. Raises BadAnswer where it holds anything else."""
    try:
        rows = orjson.loads(text)
    except ValueError:
        raise BadAnswer("the results are no JSON", call=call) from None
    if not all(map(_is_pair, rows)):
        raise BadAnswer("the results hold other values than ids and times", call=call)
    return len(rows)


def _is_pair(row: Any) -> bool:
    """Whether a row is an id and a text."""
    return type(row) is list and len(row) == 2 and type(row[0]) is int and type(row[1]) is str
