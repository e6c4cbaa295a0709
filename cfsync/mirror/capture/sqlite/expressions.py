"""SQL expressions over single columns on SQLite: what changed, what is refused, values as JSON.

They use only what SQLite 3.35 understands (with its JSON functions): other programs open the file
with the SQLite that they bring.
"""

from __future__ import annotations

from cfsync.mirror.capture.rules import DEEPEST, Refusal, columns, json_kind
from cfsync.mirror.db.quoting import exists_in_clickfunnels, ident, literal
from cfsync.resources.model import Field, Resource


def changed(field: Field) -> str:
    """Whether an UPDATE changes the column: JSON by content, times as instants."""
    old, new = f"OLD.{ident(field.name)}", f"NEW.{ident(field.name)}"
    if field.type == "json":
        return (
            f"({new} IS NOT {old} AND {json_content(field, new)} IS NOT {json_content(field, old)})"
        )
    if field.type == "timestamp":
        return f"({new} IS NOT {old} AND coalesce({canonical_time(new)}, {new}) IS NOT {old})"
    return f"{new} IS NOT {old}"


def changed_by_value(field: Field) -> str:
    """As `changed`, but money is compared by value too. For columns that may not be changed."""
    if field.type != "money":
        return changed(field)
    old, new = f"OLD.{ident(field.name)}", f"NEW.{ident(field.name)}"
    return f"({new} IS NOT {old} AND CAST({new} AS REAL) IS NOT CAST({old} AS REAL))"


def json_content(field: Field, value: str) -> str:
    """JSON text in a form that is the same for the same content."""
    if field.merge == "map":
        value = f"coalesce({value}, '{{}}')"
    leaves = f"SELECT fullkey, type, atom FROM json_tree({value}) ORDER BY fullkey"
    if field.merge == "set":
        leaves = f"SELECT '' AS fullkey, type, atom FROM json_each({value}) ORDER BY atom"
    whole = f"(SELECT group_concat(json_array(fullkey, type, atom)) FROM ({leaves}))"
    empty = f"coalesce({whole}, '')"
    return f"CASE WHEN json_valid({value}) THEN {empty} ELSE {value} END"


def canonical_time(value: str) -> str:
    """A time in the canonical form; NULL if the value is not a time."""
    shape = f"{value} GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]*'"
    day = f"substr({value}, 1, 10)"
    # The modifier makes SQLite work out the day: 2025-02-30 is then another one.
    real = f"date({day}, '+0 days') IS {day} AND {value} >= '0001'"
    return f"CASE WHEN {shape} AND {real} THEN strftime('%Y-%m-%dT%H:%M:%fZ', {value}) END"


def has_wrong_kind(field: Field) -> str:
    """Whether the new value, which is not NULL, is not of the column's type."""
    new = f"NEW.{ident(field.name)}"
    if field.type == "json":
        return _wrong_json(field, new)
    return {
        "integer": f"typeof({new}) <> 'integer'",
        "text": f"(typeof({new}) <> 'text' OR instr({new}, char(0)) > 0 OR {_not_utf8(new)})",
        "boolean": f"{new} NOT IN (0, 1)",
        "timestamp": f"{canonical_time(new)} IS NULL",
        "money": (
            f"({new} GLOB '*[^0-9.-]*' OR {new} GLOB '*.*.*' OR {new} GLOB '?*-*'"
            f" OR {new} NOT GLOB '*[0-9]*')"
        ),
        "number": f"(typeof({new}) NOT IN ('integer', 'real') OR abs({new}) >= 1e308)",
    }[field.type]


def _not_utf8(new: str) -> str:
    """SQLite reads most of what is not UTF-8 as U+FFFD, where no U+FFFD is written."""
    return f"replace({new}, char(65533), '') GLOB '*[' || char(65533) || ']*'"


def _wrong_json(field: Field, new: str) -> str:
    kind = json_kind(field)
    kinds = literal(kind) if kind else "'array', 'object'"
    bad = f"json_type({new}) NOT IN ({kinds})"
    if field.merge == "set":
        bad += f" OR EXISTS (SELECT 1 FROM json_each({new}) WHERE type <> 'integer')"
    return f"CASE WHEN json_valid({new}) THEN {bad} ELSE 1 END"


def is_unsendable(field: Field) -> str:
    """Whether JSON of the right kind holds what the API or PostgreSQL does not accept. A NUL or a
    lone surrogate may be written as an escape.
    """
    new = f"NEW.{ident(field.name)}"
    number = "type IN ('integer', 'real')"
    fits = "atom >= -9223372036854775807 AND atom < 9223372036854775808.0"
    levels = "length(path) - length(replace(replace(path, '.', ''), '[', ''))"
    bad = (
        f"{_not_utf8('key')} OR type = 'text' AND {_not_utf8('atom')}"
        f" OR {number} AND NOT ({fits}) OR {levels} >= {DEEPEST}"
    )
    tree = f"EXISTS (SELECT 1 FROM json_tree({new}) WHERE {bad})"
    return f"(instr({new}, '\\u0000') > 0 OR {tree})"


def json_text(field: Field, value: str) -> str:
    """A canonical value as JSON text."""
    if value == "NULL":
        return "'null'"
    if field.type == "boolean":
        return f"CASE {value} WHEN 1 THEN 'true' WHEN 0 THEN 'false' ELSE 'null' END"
    if field.type == "json":
        return f"CASE WHEN json_valid({value}) THEN json({value}) ELSE json_quote({value}) END"
    if field.type == "timestamp":
        return f"json_quote(coalesce({canonical_time(value)}, {value}))"
    return f"json_quote({value})"


def pair(field: Field, old: str, new: str) -> str:
    """`,"field":[old,new]`, a part of a patch."""
    start = literal(f',"{field.name}":[')
    return f"{start} || {json_text(field, old)} || ',' || {json_text(field, new)} || ']'"


def row_as_patch(resource: Resource, row: str) -> str:
    """A whole row as a patch that removes it: every column but `id`, as [value, null]."""
    prefix = f"{row}." if row else ""
    parts = [pair(f, f"{prefix}{ident(f.name)}", "NULL") for f in columns(resource)]
    return f"'{{' || substr({' || '.join(parts)}, 2) || '}}'"


def insert_refused_if(refusal: Refusal, field: Field) -> str:
    """The condition under which an INSERT is refused."""
    new = f"NEW.{ident(refusal.column)}"
    if refusal.when == "not_in":
        return f"{new} NOT IN ({_values(refusal, field)})"
    return f"{new} IS NOT NULL"


def update_refused_if(refusal: Refusal, field: Field) -> str:
    """The condition under which an UPDATE is refused."""
    if refusal.when == "always":
        return changed_by_value(field)
    new = f"NEW.{ident(refusal.column)}"
    condition = {
        "sent": exists_in_clickfunnels("OLD.id"),
        "unsent": f"NOT {exists_in_clickfunnels('OLD.id')}",
        "unless": f"OLD.{ident(refusal.other)} IS NOT {''.join(map(literal, refusal.values))}",
        "not_in": f"({new} IS NULL OR {new} NOT IN ({_values(refusal, field)}))",
    }[refusal.when]
    return f"{changed(field)} AND {condition}"


def _values(refusal: Refusal, field: Field) -> str:
    if field.type == "boolean":
        return ", ".join("1" if v == "true" else "0" for v in refusal.values)
    return ", ".join(map(literal, refusal.values))
