"""SQL expressions over single columns on PostgreSQL: `o` is the old row, `n` the new one."""

from __future__ import annotations

from cfsync.mirror.capture.rules import Refusal, is_in_workspace, kept, parents, sets
from cfsync.mirror.capture.values import DEEPEST, json_kind
from cfsync.mirror.db.quoting import exists_in_clickfunnels, ident, literal
from cfsync.resources.model import Field, Resource

_TIME = """'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'"""


def table_in(schema: str, name: str) -> str:
    """A table by its full name: the functions look for none on their search path."""
    return f"{ident(schema)}.{ident(name)}"


def changed(field: Field) -> str:
    """Whether an UPDATE changes the column; JSONB, times and numbers compare by content."""
    old, new = f"o.{ident(field.name)}", f"n.{ident(field.name)}"
    if field.merge == "map":
        given = f"{_without_empty(new)} IS DISTINCT FROM {_without_empty(old)}"
        return f"({new} IS DISTINCT FROM {old} AND {given})"
    if field.merge == "set":
        new, old = f"coalesce({new}, '[]')", f"coalesce({old}, '[]')"
        same = f"{new} @> {old} AND {new} <@ {old}"
        return f"({new} IS DISTINCT FROM {old} AND ({same}) IS NOT TRUE)"
    return f"{new} IS DISTINCT FROM {old}"


def _without_empty(value: str) -> str:
    """A map without its empty values, which are the same as none; another value as it is."""
    given = f"pg_catalog.jsonb_each({value}) WHERE value NOT IN ('null', '\"\"')"
    members = f"SELECT pg_catalog.jsonb_object_agg(key, value) FROM {given}"
    is_map = f"pg_catalog.jsonb_typeof(coalesce({value}, '{{}}')) = 'object'"
    return f"CASE WHEN {is_map} THEN coalesce(({members}), '{{}}') ELSE {value} END"


def canonical(field: Field, value: str) -> str:
    """What `jsonb_build_array` turns into the canonical value; the session's zone must be UTC."""
    if field.type == "timestamp":
        return f"to_char({value}, {_TIME})"
    return f"{value}::text" if field.type == "money" else value


def set_in_order(field: Field) -> str:
    """A plpgsql statement that sorts a set of the new row and drops what is doubled."""
    new = f"NEW.{ident(field.name)}"
    return (
        f"IF pg_catalog.jsonb_typeof({new}) = 'array' THEN\n"
        f"  {new} := (SELECT coalesce(pg_catalog.jsonb_agg(DISTINCT m ORDER BY m), '[]')\n"
        f"    FROM pg_catalog.jsonb_array_elements({new}) m);\n"
        "END IF;"
    )


def pair(field: Field, old: str | None, new: str | None) -> str:
    """`{field: [old, new]}`."""
    values = [f"{canonical(field, v)}" if v else "NULL" for v in (old, new)]
    return f"jsonb_build_object({literal(field.name)}, jsonb_build_array({', '.join(values)}))"


def has_wrong_kind(field: Field) -> str | None:
    """Whether the new value, not NULL, can't be the API's; None: the column's type excludes it."""
    new = f"n.{ident(field.name)}"
    if field.type == "json":
        return _wrong_json(field, new)
    if field.email:
        return f"{new} !~ '^[^@\\s]+@[^@\\s]+$'"
    return {
        "timestamp": f"NOT ({new} >= '0001-01-01Z' AND {new} < '10000-01-01Z')",
        "money": f"{new} IN ('NaN', 'Infinity', '-Infinity')",
        "number": f"NOT abs({new}) < 1e308",
    }.get(field.type)


def is_missing(field: Field) -> str:
    """Whether the new value is NULL or an empty text."""
    new = f"n.{ident(field.name)}"
    return f"({new} IS NULL OR {new} = '')" if field.type == "text" else f"{new} IS NULL"


def _wrong_json(field: Field, new: str) -> str:
    kind = json_kind(field)
    kinds = literal(kind) if kind else "'array', 'object'"
    bad = f"jsonb_typeof({new}) NOT IN ({kinds})"
    if field.merge == "set":
        return f"({bad} OR {new} @? '$[*] ? (@.type() != \"number\" || @ != @.floor())')"
    return bad


def is_unsendable(field: Field) -> str:
    """Whether JSON of the right kind holds what the API does not accept. PostgreSQL itself refuses
    a NUL and lone surrogates.
    """
    new = f"n.{ident(field.name)}"
    large = '@.type() == "number" && (@ >= 9223372036854775808 || @ < -9223372036854775808)'
    return f"({new} @? '$.**{{{DEEPEST + 1}}}' OR {new} @? '$.** ? ({large})')"


def has_unknown_id(field: Field, old: str | None, schema: str) -> str:
    """Whether the new value refers to a record that the mirror does not have, or has in another
    workspace. A provisional id that is not there may be that of a row that another transaction
    commits, and a table without records of ClickFunnels may not be filled yet.
    """
    table, new = table_in(schema, field.ref or ""), f"n.{ident(field.name)}"
    is_here = "(t.workspace_id = n.workspace_id) IS NOT FALSE" if is_in_workspace(field) else "true"
    here = f"SELECT {is_here} FROM {table} t"
    filled = f"EXISTS (SELECT FROM {table} WHERE {exists_in_clickfunnels('id')})"
    may_come = f"NOT ({exists_in_clickfunnels('given.id')} AND {filled})"
    missing = f"NOT coalesce(({here} WHERE t.id = given.id), {may_come})"
    given = f"(SELECT {new} AS id)"
    if field.type == "json":
        number = "CASE jsonb_typeof(member) WHEN 'number' THEN member::bigint END"
        given = f"(SELECT {number} AS id FROM jsonb_array_elements({new}) member"
        given += f" WHERE ({old} @> member) IS NOT TRUE)" if old else ")"
    return f"EXISTS (SELECT FROM {given} given WHERE given.id IS NOT NULL AND {missing})"


def insert_refused_if(refusal: Refusal) -> str:
    """The condition under which an INSERT is refused."""
    new = f"n.{ident(refusal.column)}"
    if refusal.when == "not_in":
        return f"{new} NOT IN ({_values(refusal)})"
    if refusal.when == "not_only":
        return f"({new} IS NULL OR {new} NOT IN ({_values(refusal)}))"
    return f"{new} IS NOT NULL"


def is_same_since(resource: Resource, schema: str) -> str:
    """Whether an UPDATE that gives another `cf_rev` is of a row that was read when all that users
    can write in it was the same.
    """
    return (
        f"EXISTS (SELECT FROM {table_in(schema, 'cf_base')} b"
        f" WHERE b.resource = {literal(resource.name)} AND b.id = n.id AND b.rev = o.cf_rev"
        " AND coalesce(n.cf_rev, 0) BETWEEN b.same_since AND b.rev)"
    )


def gives_old_values(resource: Resource) -> str:
    """Whether an UPDATE that is not refused may change columns that keep their values."""
    names = [ident(f.name) for f in (*kept(resource), *sets(resource))]
    new, old = (", ".join(f"{row}.{name}" for name in names) for row in "no")
    nulls = f"pg_catalog.num_nulls({new}) <> pg_catalog.num_nulls({old})"
    return f"(n.cf_rev IS DISTINCT FROM o.cf_rev OR {nulls})"


def _may_be_old(resource: Resource, field: Field, schema: str) -> str:
    """Whether the new value of a read-only column is one that a program has kept."""
    is_null = f"n.{ident(field.name)} IS NULL"
    if field.name in parents(resource):
        return is_null if field.name == "workspace_id" else "false"
    name, ids = literal(resource.name), table_in(schema, "cf_ids")
    inserted = f"SELECT FROM {ids} i WHERE i.resource = {name} AND i.id = n.id"
    return f"(n.cf_rev IS DISTINCT FROM o.cf_rev OR {is_null} AND EXISTS ({inserted}))"


def update_refused_if(resource: Resource, refusal: Refusal, field: Field, schema: str) -> str:
    """The condition under which an UPDATE is refused."""
    new = f"n.{ident(refusal.column)}"
    if refusal.when == "always":
        return f"{changed(field)} AND NOT {_may_be_old(resource, field, schema)}"
    condition = {
        "sent": exists_in_clickfunnels("o.id"),
        "unsent": f"NOT {exists_in_clickfunnels('o.id')}",
        "unless": f"o.{ident(refusal.other)} IS DISTINCT FROM {_values(refusal)}",
        "not_in": f"({new} IS NULL OR {new} NOT IN ({_values(refusal)}))",
    }[refusal.when]
    return f"{changed(field)} AND {condition}"


def _values(refusal: Refusal) -> str:
    return ", ".join(map(literal, refusal.values))
