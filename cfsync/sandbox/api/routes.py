"""Every route of the API, derived from the catalogue."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from cfsync.resources import ALL, Resource


@dataclass(frozen=True, slots=True)
class Route:
    """`above` is the resource of the id in the path; None if the path has no id. The path to a
    record of which a workspace has one holds the workspace's id.

    `by` is for lists and creates below another record than the resource's parent: the field that
    holds that record's id, and that record's field with the parent's id.
    """

    method: str
    path: str
    kind: str
    resource: Resource
    above: str | None
    by: tuple[str, str] | None = None


def _common(r: Resource) -> Iterator[Route]:
    if not r.single:
        yield Route("GET", r.list_path, "list", r, r.parent)
    if r.has_get:
        yield Route("GET", r.one_path, "get", r, r.name)
    if r.insert and not r.create_paths:
        yield Route("POST", r.list_path, "create", r, r.parent)
    for field, path in r.create_paths.items():
        by = (field, r.parent_field or "") if field != r.parent_field else None
        yield Route("POST", path, "create", r, r.by_name[field].ref, by)
    if r.update:
        yield Route("PUT", r.one_path, "update", r, r.name)
        yield Route("PATCH", r.one_path, "update", r, r.name)
    if r.delete:
        yield Route("DELETE", r.one_path, "delete", r, r.name)
    for name, action in r.actions.items():
        above = r.name if "{id}" in action.path else r.parent
        yield Route(action.method, action.path, name, r, above)


def _more() -> Iterator[Route]:
    """Routes of the API that cfsync doesn't need, or that are newer than its facts."""
    invoices, fulfillments = ALL["order_invoices"], ALL["fulfillments"]
    by_order = ("order_id", "workspace_id")
    yield Route("GET", "/orders/{parent}/invoices", "list", invoices, "orders", by_order)
    path = "/webhooks/outgoing/event_types"
    yield Route("GET", path, "event_types", ALL["webhook_endpoints"], None)
    yield Route("GET", "/workspaces/{parent}/stats", "stats", ALL["workspaces"], "workspaces")
    yield Route("DELETE", fulfillments.one_path, "delete", fulfillments, "fulfillments")


ROUTES: tuple[Route, ...] = (*(route for r in ALL.values() for route in _common(r)), *_more())


def _tree(routes: Iterable[Route]) -> dict[str, Any]:
    """Segments of paths as nested dicts; '*' is an id; the route stands below '/METHOD'."""
    tree: dict[str, Any] = {}
    for route in routes:
        node = tree
        for segment in route.path.strip("/").split("/"):
            node = node.setdefault("*" if segment.startswith("{") else segment, {})
        node[f"/{route.method}"] = route
    return tree


_TREE = _tree(ROUTES)


def find(method: str, segments: Sequence[str]) -> tuple[Route, str] | None:
    """The route of a path, and the id in it ('' if none); None if there is no such route."""
    node, id_ = _TREE, ""
    for segment in segments:
        if (below := node.get(segment)) is None:
            below, id_ = node.get("*"), segment
        if below is None:
            return None
        node = below
    route = node.get(f"/{method}")
    return (route, id_) if route else None
