"""Faults of lists, and of the records in an answer."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import orjson

from cfsync.resources import ROOT
from cfsync.sandbox.account.listing import PAGE
from cfsync.sandbox.api.answers import Answer, answer
from cfsync.sandbox.api.handlers import respond
from cfsync.sandbox.faults.exchange import Exchange, Kind, Reply
from cfsync.sandbox.faults.fault import Fault
from cfsync.sandbox.seeds.formats import id_of
from cfsync.sandbox.seeds.records import Values


def _asking(exchange: Exchange, **query: str | None) -> Answer:
    """The answer to the same request with other parameters; None takes one away."""
    asked = {**exchange.request.query, **query}
    known = {name: value for name, value in asked.items() if value is not None}
    return respond(exchange.account, replace(exchange.request, query=known))


def _repeat_cursor(_: Fault, exchange: Exchange) -> Reply:
    """The records are right, but the next page begins where this one did."""
    answer = exchange.proper()
    after = exchange.request.query.get("after", "0")
    if "Pagination-Next" in answer.headers:
        answer = replace(answer, headers={**answer.headers, "Pagination-Next": after})
    return Reply(answer)


def _ignore_sort(_: Fault, exchange: Exchange) -> Reply:
    return Reply(_asking(exchange, sort_property=None, sort_order=None))


def _own_order(_: Fault, exchange: Exchange) -> Reply:
    """By id, newest first, whatever was requested; `after` counts in that order."""
    return Reply(_asking(exchange, sort_property=None, sort_order="desc"))


def _shuffled(_: Fault, exchange: Exchange) -> Reply:
    """In its own order, whatever was requested; `after` counts in that order."""
    store, name = exchange.account.store, _resource(exchange)
    ids = sorted(exchange.account.ids(name, _parent(exchange)), key=lambda id_: id_ * 7919 % 10007)
    after = exchange.request.query.get("after")
    start = 0 if after is None else ids.index(int(after)) + 1
    found, more = ids[start : start + PAGE], len(ids) > start + PAGE
    body = b"[" + b",".join(store.text(name, id_) for id_ in found) + b"]"
    return Reply(Answer(200, body, {"Pagination-Next": str(found[-1])} if more else {}))


def _ignore_after_between(_: Fault, exchange: Exchange) -> Reply:
    """`after` counts only where it is the id of a record of the list."""
    after = exchange.request.query.get("after")
    if after is None or _is_in_list(exchange, after):
        return Reply(exchange.proper())
    return Reply(_asking(exchange, after=None))


def _refuse_after_between(fault: Fault, exchange: Exchange) -> Reply:
    """The same, but refuses any other `after` with `status`."""
    after = exchange.request.query.get("after")
    if after is None or _is_in_list(exchange, after):
        return Reply(exchange.proper())
    return Reply(answer(fault.status, {"error": "no such record"}))


def _is_in_list(exchange: Exchange, after: str) -> bool:
    store, name = exchange.account.store, _resource(exchange)
    id_ = id_of(name, after)
    values = None if id_ is None else store.get(name, id_)
    if values is None or not store.is_listed(name, values["id"]):
        return False
    return store.tables[name].parent_of(values) == _parent(exchange)


def _page_twice(_: Fault, exchange: Exchange) -> Reply:
    """The records before the cursor instead of those after it; the next cursor is right."""
    answer = exchange.proper()
    query = exchange.request.query
    if "after" not in query:
        return Reply(answer)
    back = "asc" if query.get("sort_order") == "desc" else "desc"
    before = orjson.loads(_asking(exchange, sort_order=back).body)[:19]
    cursor = exchange.account.get(_resource(exchange), query["after"])
    records = [*reversed(before), *([cursor] if cursor else [])]
    return Reply(replace(answer, body=orjson.dumps(records)))


def _page_skips(_: Fault, exchange: Exchange) -> Reply:
    """The page after the right one: twenty records are skipped."""
    answer = exchange.proper()
    if (last := answer.headers.get("Pagination-Next")) is None:
        return Reply(answer)
    return Reply(_asking(exchange, after=last))


def _foreign_link(fault: Fault, exchange: Exchange) -> Reply:
    """The Link header names the host behind the gateway."""
    answer, base = exchange.proper(), exchange.request.base
    if link := answer.headers.get("Link"):
        link = link.replace(base, f"{fault.host}/api/v2")
        answer = replace(answer, headers={**answer.headers, "Link": link})
    return Reply(answer)


def _wrong_order(_: Fault, exchange: Exchange) -> Reply:
    answer = exchange.proper()
    return Reply(replace(answer, body=orjson.dumps(orjson.loads(answer.body)[::-1])))


def _body(fault: Fault, exchange: Exchange) -> Reply:
    """Records with invalid fields: any value that JSON can express."""
    answer = exchange.proper()
    if answer.status >= 300 or not answer.body:
        return Reply(answer)
    found = orjson.loads(answer.body)
    for record in _struck(fault, found if isinstance(found, list) else [found]):
        record.update(fault.fields)
        for name in fault.drop:
            record.pop(name, None)
    # json, not orjson: it writes lone surrogates and NaN
    return Reply(replace(answer, body=json.dumps(found).encode()))


def _strays(fault: Fault, exchange: Exchange) -> Reply:
    """The records with these `ids` too, whatever workspace they are in, at their place by id."""
    answer, query = exchange.proper(), exchange.request.query
    shown, is_last = orjson.loads(answer.body), "Pagination-Next" not in answer.headers
    after = int(query.get("after", "0"))
    end = max((record["id"] for record in shown), default=after)
    wanted = set(query.get("filter[id]", "").split(",")) - {""}
    ascends = query.get("sort_order") != "desc" and query.get("sort_property") != "updated_at"
    for id_ in fault.ids or ():
        is_here = after < id_ and (is_last or id_ <= end) if ascends else not after
        if is_here and (not wanted or str(id_) in wanted):
            shown.append(exchange.account.get(_resource(exchange), id_))
    by = "updated_at" if query.get("sort_property") == "updated_at" else "id"
    shown.sort(key=lambda record: record[by], reverse=not ascends)
    return Reply(replace(answer, body=orjson.dumps(shown)))


def _endless(fault: Fault, exchange: Exchange) -> Reply:
    """A list that never ends: each page has new records, copies of its first one with `fields`."""
    query = exchange.request.query
    first = orjson.loads(_asking(exchange, after=None).body)[0]
    if query.get("sort_order") == "desc" and query.get("sort_property") != "updated_at":
        return Reply(exchange.proper())
    after = int(query.get("after", "1000000"))
    ids = range(after + 1, after + PAGE + 1)
    body = orjson.dumps([first | dict(fault.fields) | {"id": id_} for id_ in ids])
    return Reply(Answer(200, body, {"Pagination-Next": str(ids[-1])}))


def _struck(fault: Fault, records: list[Values]) -> list[Values]:
    if fault.ids is None:
        return records[:1]
    return [record for record in records if record.get("id") in fault.ids]


def _parent(exchange: Exchange) -> int:
    route: Any = exchange.request.route
    parent = id_of(route.above, exchange.request.id) if route.above else ROOT
    return ROOT if parent is None else parent


def _resource(exchange: Exchange) -> str:
    route: Any = exchange.request.route
    return str(route.resource.name)


LIST_KINDS: Mapping[str, Kind] = {
    "repeat_cursor": _repeat_cursor,
    "ignore_sort": _ignore_sort,
    "own_order": _own_order,
    "shuffled": _shuffled,
    "ignore_after_between": _ignore_after_between,
    "refuse_after_between": _refuse_after_between,
    "page_twice": _page_twice,
    "page_skips": _page_skips,
    "foreign_link": _foreign_link,
    "wrong_order": _wrong_order,
    "body": _body,
    "strays": _strays,
    "endless": _endless,
}
