"""The records that a saved filter matches, as bare values, some 100,000 in an answer."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
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


PART = 10_000
"""Records that are kept, and written to the database, together."""


class NoResults(BadAnswer):
    """The filter came without results: an older account ignores what asks for them."""


@dataclass(frozen=True, slots=True)
class Results:
    """One answer."""

    #: The filter's own fields, as the answer shows them.
    filter: Mapping[str, Any]
    #: How many records it names.
    count: int
    #: (how many records, JSON text: [[id, updated_at], ...]), of up to PART records each.
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
    answer = await api.raw("GET", path, query=query, has_own_limit=True)
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


def results_of(call: str, data: Any) -> Results:
    """The results in the JSON of an answer. Raises BadAnswer and Transient. Pure."""
    if not isinstance(data, dict) or "results" not in data:
        raise NoResults("the filter's answer has no results", call=call)
    results = data["results"]
    if not isinstance(results, dict) or results.get("fields") != list(FIELDS):
        raise BadAnswer("the results have other fields than those asked for", call=call)
    rows, truncated = results.get("rows"), results.get("truncated")
    if not isinstance(rows, list) or not isinstance(truncated, bool):
        raise BadAnswer("the results have another form", call=call)
    if not all(map(_is_pair, rows)):
        raise BadAnswer("the results hold other values than ids and times", call=call)
    after = results.get("next_after") if truncated else None
    if truncated and not rows and results.get("stop_reason") == "time_budget":
        raise Transient("the filter took too long", call=call)
    if truncated and not (isinstance(after, str) and after and rows):
        raise BadAnswer("the results are cut off, and name no place to go on", call=call)
    shown = {name: value for name, value in data.items() if name != "results"}
    parts = (rows[start : start + PART] for start in range(0, len(rows), PART))
    return Results(shown, len(rows), tuple((len(p), orjson.dumps(p)) for p in parts), after)


def _is_pair(row: Any) -> bool:
    """Whether a row is an id and a text."""
    return type(row) is list and len(row) == 2 and type(row[0]) is int and type(row[1]) is str
