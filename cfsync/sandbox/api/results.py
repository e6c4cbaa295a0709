"""`results` of a saved filter: the records that it matches, as bare arrays of values."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import orjson

from cfsync.sandbox.account.account import Account
from cfsync.sandbox.account.filters import is_everybody, matches
from cfsync.sandbox.account.problems import Problem, invalid, malformed
from cfsync.sandbox.api.answers import Answer
from cfsync.sandbox.api.limits import too_many
from cfsync.sandbox.seeds.formats import time_text
from cfsync.sandbox.seeds.records import Values

FIELDS = {
    *("id", "public_id", "workspace_id", "email_address", "first_name", "last_name", "anonymous"),
    *("phone_number", "uuid", "time_zone", "is_active", "unsubscribed_at", "created_at"),
    *("email_suppression_reason", "last_notification_email_sent_at", "updated_at"),
}
"""What of a contact may be asked for."""

LIMIT, MAX_BYTES, MOST_BYTES = 500, 3072, 4_194_304
AT_ONCE = 2
"""Reads of one token in one workspace that may run at the same time."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a request asks for."""

    fields: tuple[str, ...]
    limit: int
    max_bytes: int
    after: str | None
    count: bool


def wants_results(query: Mapping[str, str]) -> bool:
    return any(name.startswith("results[") for name in query)


def parse(query: Mapping[str, str]) -> Wanted:
    """Raises Problem (400, 422)."""
    fields = tuple(query.get("results[fields][]", "id").split(","))
    if unknown := [name for name in fields if name not in FIELDS]:
        raise invalid(**{"results.fields": f"{unknown[0]} is not supported"})
    max_bytes = _number(query, "results[max_bytes]", MAX_BYTES)
    if max_bytes > MOST_BYTES:
        raise invalid(**{"results.max_bytes": f"must be at most {MOST_BYTES}"})
    return Wanted(
        fields,
        _number(query, "results[limit]", LIMIT),
        max_bytes,
        query.get("results[after]"),
        query.get("results[count]") == "true",
    )


def _number(query: Mapping[str, str], name: str, usual: int) -> int:
    text = query.get(name, str(usual))
    if not text.isdecimal() or int(text) < 1:
        raise malformed(f"{name} must be a number above 0")
    return int(text)


def refusal(account: Account, token: str, workspace: int) -> Answer | None:
    """The 429 where two such reads already run for the token and workspace; counts this one."""
    now, key = time.monotonic(), (token, workspace)
    running = [until for until in account.filtered_reads.get(key, ()) if until > now]
    account.filtered_reads[key] = running
    if len(running) >= AT_ONCE:
        wait = max(1, round(min(running) - now))
        body = {"error": "Too many filtered reads at once", "retry_after": wait}
        return Answer(429, orjson.dumps(body), too_many(wait).headers)
    running.append(now + account.filter_seconds)
    return None


def answer_of(account: Account, filter_: Values, wanted: Wanted) -> Answer:
    """The filter with its results. Raises Problem (422) for a class that has none."""
    if filter_["filter_class"] != "ContactsFilter":
        raise invalid(results="is not supported for this class of filter")
    results, rows = _read(account, filter_, wanted)
    shown = account.store.shown("refine_filters", filter_)
    head = orjson.dumps(shown | {"results": results}).removesuffix(b"}}")
    body = head + b',"rows":[' + b",".join(rows) + b"]}}"
    return Answer(200, body, seconds=account.filter_seconds)


def _read(account: Account, filter_: Values, wanted: Wanted) -> tuple[Values, list[bytes]]:
    rows: list[bytes] = []
    size, last, reason = 0, "", None
    most = account.filter_rows_in_time
    for id_ in _ids(account, filter_, wanted.after):
        row = _row(account, id_, wanted.fields)
        if size + len(row) > wanted.max_bytes:
            reason = "byte_budget" if rows else "record_exceeds_budget"
        elif len(rows) >= wanted.limit:
            reason = "row_limit"
        elif most is not None and len(rows) >= most:
            reason = "time_budget"
        if reason:
            break
        rows.append(row)
        size, last = size + len(row), f"c{id_}"
    results = {
        "fields": list(wanted.fields),
        "truncated": reason is not None,
        "bytes": size,
        "bytes_per_record": size // max(1, len(rows)),
        "max_bytes": wanted.max_bytes,
        "stop_reason": reason,
        "next_after": (last or wanted.after) if reason else None,
    }
    if reason == "record_exceeds_budget":
        results["suggested_max_bytes"] = len(row)
    return results | (_count(account, filter_) if wanted.count else {}), rows


def _count(account: Account, filter_: Values) -> Values:
    most, found = account.filter_count_cap, 0
    for _ in _ids(account, filter_, None):
        if found == most:
            return {"count": most, "count_capped_at": most}
        found += 1
    return {"count": found}


def _ids(account: Account, filter_: Values, after: str | None) -> Iterator[int]:
    """The ids that match, behind the cursor, in the order that the account keeps."""
    store, workspace, criteria = account.store, filter_["workspace_id"], filter_["criteria"]
    table, place = store.tables["contacts"], _place(after)
    if account.filter_order == "changed":
        key = None if place is None else table.key(place)
        ids = table.by_change(workspace, key, False)
    else:
        ids = table.by_id(workspace, place, account.filter_order == "newest")
    everybody = is_everybody(criteria)
    for id_ in ids:
        is_shown = store.is_listed("contacts", id_)
        if account.filter_shows == "all" and not is_shown:
            is_shown = store.get("contacts", id_) is not None
        if is_shown and (everybody or matches(store.get("contacts", id_) or {}, criteria)):
            yield id_


def _place(after: str | None) -> int | None:
    if after is None:
        return None
    if after[:1] != "c" or not after[1:].isdecimal():
        raise Problem(422, {"errors": {"results.after": ["is not a cursor"]}})
    return int(after[1:])


def _row(account: Account, id_: int, fields: tuple[str, ...]) -> bytes:
    if fields == ("id", "updated_at"):  # a record need not be computed for these
        key = account.store.tables["contacts"].key(id_)
        return f'[{id_},"{time_text(key[0] if key else 0)}"]'.encode()
    values = account.get("contacts", id_) or {}
    return orjson.dumps([values.get(name) for name in fields])
