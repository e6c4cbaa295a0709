"""Answers a request as the API does: checks the token, finds the record, reads or writes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import orjson

from cfsync.resources import ROOT, Resource
from cfsync.sandbox.account import bulk_tagging, rules
from cfsync.sandbox.account.access import Access
from cfsync.sandbox.account.account import Account
from cfsync.sandbox.account.actions import ACTIONS
from cfsync.sandbox.account.ledger import Entry
from cfsync.sandbox.account.listing import CursorGone, Query, page, parse_query
from cfsync.sandbox.account.problems import Problem, malformed, missing
from cfsync.sandbox.api import results, stats
from cfsync.sandbox.api.answers import Answer, answer, block_page
from cfsync.sandbox.api.requests import Request
from cfsync.sandbox.api.routes import Route
from cfsync.sandbox.seeds.formats import id_of
from cfsync.sandbox.seeds.records import Values


@dataclass(frozen=True, slots=True)
class Call:
    """An authenticated request. `above` is the record in the path; {} if the path has none."""

    account: Account
    request: Request
    access: Access
    route: Route
    above: Values

    @property
    def resource(self) -> Resource:
        return self.route.resource

    @property
    def parent(self) -> int:
        if self.route.by:
            return int(self.above[self.route.by[1]])
        return int(self.above.get("id", ROOT))


def respond(account: Account, request: Request) -> Answer:
    """The API's answer to a request; a write changes the account."""
    if not request.headers.get("user-agent"):
        return block_page()
    try:
        access = _authenticate(account, request)
        route = request.route
        if route is None or f"{route.method} {route.path}" in account.closed_routes:
            raise missing()
        access.check_scope(route.resource.name, route.kind)
        if route.method == "GET" and route.resource.name == bulk_tagging.ACTIONS:
            bulk_tagging.look(account.store)
        above = _path_record(account, access, route, request.id)
        return OPERATIONS[route.kind](Call(account, request, access, route, above))
    except Problem as problem:
        return answer(problem.status, problem.body)


def _authenticate(account: Account, request: Request) -> Access:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    access = account.tokens.get(token)
    if scheme != "Bearer" or access is None:
        raise Problem(401, {"error": "API key missing or invalid"})
    return access


def _path_record(account: Account, access: Access, route: Route, text: str) -> Values:
    """The record in the path. Raises Problem (403, 404)."""
    if route.above is None:
        return {}
    if route.resource.single:
        return _single(account, access, route.resource, text)
    id_ = account.store.id_in_path(route.above, text)
    values = None if id_ is None else account.store.get(route.above, id_)
    if values is None and route.kind in ("get", "update"):
        values = account.store.deleted.get((route.above, id_ or 0))
    if values is None:
        raise missing()
    access.check(route.above, values)
    return values


def _single(account: Account, access: Access, resource: Resource, text: str) -> Values:
    """The only record of its kind in a workspace. Raises Problem (403, 404)."""
    workspace = id_of("workspaces", text)
    for values in account.store.children(resource.name, workspace or 0):
        access.check(resource.name, values)
        return values
    raise missing()


def _list(call: Call) -> Answer:
    query = _query(call)
    name, store, access = call.resource.name, call.account.store, call.access
    if access.is_emptied(call.above.get("workspace_id", 0)):
        return answer(200, [])
    try:
        ids, more = page(store, call.resource, call.parent, query, access.filter(name))
    except CursorGone:
        if call.account.gone_cursor == "empty":
            return answer(200, [])
        raise missing() from None
    if call.resource.whole and call.account.whole_lists:
        return _whole(call)
    body = b"[" + b",".join([store.text(name, id_) for id_ in ids]) + b"]"
    return Answer(200, body, _pagination(call, ids[-1]) if more else {})


def _whole(call: Call) -> Answer:
    """The list as it comes that has no pages: in an order of its own, one of them in an object."""
    name, store = call.resource.name, call.account.store
    found = [v for v in store.children(name, call.parent) if store.is_listed(name, v["id"])]
    wanted = call.access.filter(name)
    shown = [store.shown(name, v) for v in reversed(found) if wanted(v["id"])]
    return answer(200, {name: shown} if name == "refine_filters" else shown)


def _query(call: Call) -> Query:
    query = parse_query(call.resource, call.request.query)
    if by := call.route.by:
        filters = {**query.filters, by[0]: frozenset([call.above["id"]])}
        return Query(query.after, query.by_change, query.descending, filters)
    return query


def _pagination(call: Call, last: int) -> dict[str, str]:
    """The headers of a page that is not the last. A gateway passes on its upstream's Link."""
    request, base = call.request, call.request.base
    if request.by_gateway:
        base = f"https://{_subdomain(call)}.myclickfunnels.com/api/v2"
    query = urlencode({**request.query, "after": str(last)})
    return {"Pagination-Next": str(last), "Link": f'<{base}{request.path}?{query}>; rel="next"'}


def _subdomain(call: Call) -> str:
    workspace = call.account.store.get("workspaces", call.above.get("workspace_id", 0))
    return str(workspace["subdomain"]) if workspace else "accounts"


def _get(call: Call) -> Answer:
    if call.above.get("deleted_at"):
        return _deleted(call)
    if call.resource.name == "refine_filters" and results.wants_results(call.request.query):
        return _results(call)
    if names := call.request.query.get("expand[]"):
        shown = call.account.store.shown(call.resource.name, call.above, names.split(","))
        return answer(200, shown)
    return Answer(200, call.account.store.text(call.resource.name, call.above["id"]))


def _results(call: Call) -> Answer:
    """A saved filter with the records that it matches."""
    if not call.account.filter_results:
        return Answer(200, call.account.store.text(call.resource.name, call.above["id"]))
    call.access.check_scope("contacts", "list")
    wanted = results.parse(call.request.query)
    token = call.request.headers.get("authorization", "")
    refusal = results.refusal(call.account, token, call.above["workspace_id"])
    return refusal or results.answer_of(call.account, call.above, wanted)


def _deleted(call: Call) -> Answer:
    """A deleted record that is still shown."""
    shown = call.account.store.shown(call.resource.name, call.above)
    return answer(200, shown | {"deleted_at": call.above["deleted_at"]})


def _event_types(call: Call) -> Answer:
    """The whole list: it has no pages."""
    names = call.account.store.event_types
    if names is None:
        raise missing()
    return answer(200, [{"id": name, "topic": name.partition(".")[0]} for name in names])


def _stats(call: Call) -> Answer:
    return answer(200, stats.figures(call.account, call.above["id"], call.request.query))


def _create(call: Call) -> Answer:
    sent = _body_fields(call)
    fixed = {call.route.by[0]: call.above["id"]} if call.route.by else {}
    values = rules.create(call.account.store, call.resource.name, call.parent, sent, fixed=fixed)
    _log_write(call, values["id"], sent)
    secrets = {name: values[name] for name in call.resource.secrets}
    return answer(201, call.account.store.shown(call.resource.name, values) | secrets)


def _update(call: Call) -> Answer:
    sent = _body_fields(call)
    if call.above.get("deleted_at"):
        return _deleted(call)
    values = rules.update(call.account.store, call.resource.name, call.above, sent)
    return _write_answer(call, values, sent)


def _upsert(call: Call) -> Answer:
    sent = _body_fields(call)
    name, store = call.resource.name, call.account.store
    values, created = rules.upsert(store, name, call.parent, sent)
    return _write_answer(call, values, sent, status=201 if created else 200)


def _delete(call: Call) -> Answer:
    rules.check_delete(call.account.store, call.resource.name, call.above)
    rules.delete(call.account.store, call.resource.name, call.above)
    return _write_answer(call, None)


def _act(call: Call) -> Answer:
    """An action on one record; it may come without a body."""
    sent = _body_fields(call) if call.request.body else {}
    act = ACTIONS[call.resource.name, call.route.kind]
    return _write_answer(call, act(call.account.store, call.above, sent), sent)


def _write_answer(
    call: Call, values: Values | None, sent: Values | None = None, status: int = 200
) -> Answer:
    _log_write(call, values["id"] if values else call.above["id"], sent or {})
    if values is None:
        return Answer(204)
    return Answer(status, call.account.store.text(call.resource.name, values["id"]))


def _body_fields(call: Call) -> Values:
    """The fields of the body. Raises Problem (400)."""
    try:
        body = orjson.loads(call.request.body)
    except orjson.JSONDecodeError:
        raise malformed("the body is not JSON") from None
    action = call.resource.actions.get(call.route.kind)
    if action and not action.wrapped:
        body = {call.resource.body_key: body}
    return rules.body_of(call.resource, body, action.fields if action else ())


def _log_write(call: Call, id_: int, sent: Mapping[str, Any]) -> None:
    """Add an accepted write to the ledger."""
    request, route = call.request, call.route
    now = call.account.store.now()
    entry = Entry("api", route.kind, route.resource.name, id_, dict(sent), now)
    call.account.ledger.add(entry.sent_by(request.method, request.path))


OPERATIONS: Mapping[str, Callable[[Call], Answer]] = {
    "list": _list,
    "get": _get,
    "create": _create,
    "update": _update,
    "delete": _delete,
    "upsert": _upsert,
    "event_types": _event_types,
    "stats": _stats,
} | dict.fromkeys((action for _, action in ACTIONS), _act)
