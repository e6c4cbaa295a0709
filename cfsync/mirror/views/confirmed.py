"""Records as ClickFunnels has them: without rows and values that wait, or that it has refused."""

from __future__ import annotations

from functools import partial

from cfsync.mirror.bookkeeping.conflicts import ConflictKind, ConflictState
from cfsync.mirror.bookkeeping.outbox import OPEN_STATES
from cfsync.mirror.db.dialect.view_sql import ViewSql
from cfsync.mirror.db.quoting import exists_in_clickfunnels, ident, literal
from cfsync.mirror.views.model import Column, View
from cfsync.resources import RESOURCES, Field, Resource

_OF = (
    "contacts",
    "products",
    "product_variants",
    "product_prices",
    "orders",
    "fulfillments",
    "enrollments",
    "sales_opportunities",
)
_OPEN = ", ".join(literal(str(state)) for state in OPEN_STATES)


def _source(resource: Resource, sql: ViewSql) -> str:
    """A row that nobody has edited is what ClickFunnels has; the others are in their bases."""
    table, name = ident(resource.name), literal(resource.name)
    unsent = (
        f"SELECT record_id FROM cf_outbox WHERE resource = {name} AND state IN ({_OPEN})\n"
        f"  UNION SELECT record_id FROM cf_conflicts WHERE resource = {name}"
        f" AND state = '{ConflictState.OPEN}' AND kind = '{ConflictKind.DRIFT}'"
    )
    bases = ",\n  ".join(sql.typed(_in_base(f, sql), f.type) for f in resource.columns)
    return f"""FROM {table} t WHERE {exists_in_clickfunnels("t.id")} AND t.id NOT IN ({unsent})
UNION ALL
SELECT {bases}
FROM (SELECT id, {sql.parsed("body")} AS body FROM cf_base
  WHERE resource = {name} AND id IN ({unsent})) b
LEFT JOIN {table} t ON t.id = b.id"""


def _in_base(field: Field, sql: ViewSql) -> str:
    """The value that ClickFunnels has shown last. What its answers leave out is in the row."""
    if field.path or (field.write_only and not field.derived):
        return f"t.{ident(field.name)}"
    if field.derived and field.type == "json":
        id_ = sql.value("one.value", "id", "integer")
        source = sql.value("b.body", field.derived, "json")
        return (
            f"(SELECT {sql.list_of(id_)} FROM {sql.rows(source, 'one')}"
            f" WHERE {sql.is_object('one')})"
        )
    path = f"{field.derived}.id" if field.derived else field.name
    return sql.value("b.body", path, field.type)


def _confirmed(resource: Resource) -> View:
    return View(
        f"confirmed_{resource.name}",
        f"record of `{resource.name}` as ClickFunnels has it",
        tuple(Column(f.name, f.type, f"t.{f.name}") for f in resource.columns),
        partial(_source, resource),
        without="edits that wait or that ClickFunnels has refused",
        private=True,
    )


VIEWS = tuple(_confirmed(RESOURCES[name]) for name in _OF)
