"""SQL expressions over single columns on SQLite: what changed, what is refused, values as JSON.

They use only what SQLite 3.35 understands (with its JSON functions): other programs open the file
with the SQLite that they bring.
"""

from __future__ import annotations

from collections.abc import Iterable

from cfsync.mirror.capture.rules import Refusal, columns, is_in_workspace, parents
from cfsync.mirror.capture.sqlite.json_forms import canonical_set, json_content
from cfsync.mirror.capture.values import DEEPEST, json_kind
from cfsync.mirror.db.quoting import exists_in_clickfunnels, ident, literal
from cfsync.resources.model import Field, Resource

_BY_CONTENT = ("json", "timestamp", "money")
"""Types of which different values can be the same: JSON by content, times as instants, money as far
as it has digits.
"""


def changed(field: Field) -> str:
    """Whether an UPDATE changes the column, in a SELECT from `comparisons`."""
    if field.type in _BY_CONTENT:
        return ident(f"{field.name} changed")
    return f"NEW.{ident(field.name)} IS NOT OLD.{ident(field.name)}"


def comparisons(fields: Iterable[Field]) -> list[str]:
    """The columns of a subquery that compare values by their content, each once."""
    return [f"{_differs(f)} AS {changed(f)}" for f in fields if f.type in _BY_CONTENT]


def _differs(field: Field) -> str:
    old, new = f"OLD.{ident(field.name)}", f"NEW.{ident(field.name)}"
    # Times in the table have the canonical form.
    before = old if field.type == "timestamp" else _content(field, old)
    after = _content(field, new)
    # SQLite works out both sides of an AND whose value is kept.
    return f"CASE WHEN {new} IS NOT {old} THEN {after} IS NOT {before} END"


def _content(field: Field, value: str) -> str:
    if field.type == "timestamp":
        return f"coalesce({canonical_time(value)}, {value})"
    return amount(value) if field.type == "money" else json_content(field, value)


def canonical_time(value: str) -> str:
    """A time in the canonical form; NULL if the value is not a time."""
    day = f"substr({value}, 1, 10)"
    # The modifier makes SQLite work out the day: 2025-02-30 is then another one.
    real = f"date({day}, '+0 days') = {day} AND {value} >= '0001'"
    return f"CASE WHEN {real} THEN strftime('%Y-%m-%dT%H:%M:%fZ', {value}) END"


def amount(value: str) -> str:
    """An amount as text of 15 digits, in the API's form: with two decimals or more."""
    digits, cents = f"printf('%.15g', {value})", f"printf('%.15g', round({value}, 2))"
    # %g writes very small numbers with an exponent.
    small = f"rtrim(printf('%.20f', {value}), '0')"
    return (
        f"CASE WHEN typeof({value}) NOT IN ('integer', 'real') THEN {value}"
        f" WHEN {digits} = {cents} THEN printf('%.2f', {value})"
        f" WHEN {value} > -0.0001 AND {value} < 0.0001 THEN {small} ELSE {digits} END"
    )


def _beyond(value: str, limit: str) -> str:
    """Whether a number is as far from 0 as the limit. abs() fails for the least integer."""
    return f"({value} >= {limit} OR {value} <= -{limit})"


def has_wrong_kind(field: Field) -> str:
    """Whether the new value is not of the column's type. NULL is of any."""
    new = f"NEW.{ident(field.name)}"
    if field.type == "json":
        return _wrong_json(field, new)
    not_text = f"{_is_no(new, 'text')} OR instr({new}, char(0)) OR {_not_utf8(new)}"
    if field.email:
        return f"({not_text} OR {_no_email(new)})"
    return {
        "integer": _is_no(new, "integer"),
        "text": f"({not_text})",
        "boolean": f"{new} NOT IN (0, 1)",
        "timestamp": f"{new} IS NOT NULL AND {canonical_time(new)} IS NULL",
        "money": (
            f"({_is_no(new, 'integer', 'real')} OR {_beyond(new, '1e15')}"
            f" OR {_beyond(new, '1e13')} AND CAST(printf('%.15g', {new}) AS REAL) <> {new})"
        ),
        "number": f"({_is_no(new, 'integer', 'real')} OR {_beyond(new, '1e308')})",
    }[field.type]


def _is_no(value: str, *types: str) -> str:
    """Whether a value is neither NULL nor of one of these types."""
    return f"typeof({value}) NOT IN ({', '.join(map(literal, ('null', *types)))})"


def is_missing(field: Field) -> str:
    """Whether the new value is NULL or an empty text."""
    new = f"NEW.{ident(field.name)}"
    return f"({new} IS NULL OR {new} = '')" if field.type == "text" else f"{new} IS NULL"


def _no_email(new: str) -> str:
    return (
        f"{new} NOT GLOB '?*@?*' OR {new} GLOB '*@*@*'"
        f" OR {new} GLOB '*[' || char(32, 9, 10, 13) || ']*'"
    )


def _not_utf8(new: str) -> str:
    """SQLite reads most of what is not UTF-8 as U+FFFD, where no U+FFFD is written."""
    return f"replace({new}, '\ufffd', '') GLOB '*[\ufffd]*'"


def _wrong_json(field: Field, new: str) -> str:
    kind = json_kind(field)
    kinds = literal(kind) if kind else "'array', 'object'"
    bad = f"json_type({new}) NOT IN ({kinds})"
    if field.merge == "set":
        bad += f" OR EXISTS (SELECT 1 FROM json_each({new}) WHERE type <> 'integer')"
    return f"CASE WHEN json_valid({new}) THEN {bad} ELSE {new} IS NOT NULL END"


def is_unsendable(field: Field) -> str:
    """Whether JSON of the right kind holds what the API or PostgreSQL does not accept. A NUL or a
    lone surrogate may be written as an escape.
    """
    new = f"NEW.{ident(field.name)}"
    number = "type IN ('integer', 'real')"
    fits = "atom >= -9223372036854775807 AND atom < 9223372036854775808.0"
    if field.merge == "set":  # integers alone, and any but long ones are fit
        return f"EXISTS (SELECT 1 FROM json_each({new}) WHERE {number} AND NOT ({fits}))"
    levels = "length(path) - length(replace(replace(path, '.', ''), '[', ''))"
    bad = (
        f"{_not_utf8('key')} OR type = 'text' AND {_not_utf8('atom')}"
        f" OR {number} AND NOT ({fits}) OR {levels} >= {DEEPEST}"
    )
    tree = f"EXISTS (SELECT 1 FROM json_tree({new}) WHERE {bad})"
    return f"(instr({new}, '\\u0000') > 0 OR {tree})"


def json_text(field: Field, value: str) -> str:
    """A value as JSON text, in the canonical form."""
    if field.type == "timestamp":
        return f"json_quote({_content(field, value)})"
    if field.merge == "set":
        text = f"json({canonical_set(value)})"
        return f"CASE WHEN json_valid({value}) THEN {text} ELSE json_quote({value}) END"
    return _stored_text(field, value)


def _stored_text(field: Field, value: str) -> str:
    """A value of the row, which has the canonical form, as JSON text."""
    if field.type == "boolean":
        return f"CASE {value} WHEN 1 THEN 'true' WHEN 0 THEN 'false' ELSE 'null' END"
    if field.type == "json":
        return f"CASE WHEN json_valid({value}) THEN json({value}) ELSE json_quote({value}) END"
    return f"json_quote({amount(value) if field.type == 'money' else value})"


def changed_pair(field: Field) -> str:
    """`,"field":[old,new]`, a part of a patch, where an UPDATE changes the column."""
    old, new = (json_text(field, f"{row}.{ident(field.name)}") for row in ("OLD", "NEW"))
    pair = f"""',"{field.name}":[' || {old} || ',' || {new} || ']'"""
    return f"CASE WHEN {changed(field)} THEN {pair} ELSE '' END"


def given_pair(field: Field, value: str) -> str:
    """`,"field":[null,value]`, a part of a patch, where an INSERT gives the column a value."""
    pair = f"""',"{field.name}":[null,' || {json_text(field, value)} || ']'"""
    return f"CASE WHEN {value} IS NULL THEN '' ELSE {pair} END"


def row_as_patch(resource: Resource, row: str) -> str:
    """A whole row as a patch that removes it: every column but `id`, as [value, null]."""
    prefix = f"{row}." if row else ""
    pairs = [
        f""""{f.name}":[' || {_stored_text(f, f"{prefix}{ident(f.name)}")} || ',null]"""
        for f in columns(resource)
    ]
    return f"'{{{','.join(pairs)}}}'"


def has_unknown_id(field: Field, old: str | None, workspace: str) -> str:
    """Whether the new value refers to a record that the mirror does not have, or has in another
    workspace. A provisional id that is not there may be that of a row that comes later, and a table
    without records of ClickFunnels may not be filled yet.
    """
    table, new = ident(field.ref or ""), f"NEW.{ident(field.name)}"
    value = "given.value" if field.type == "json" else new
    is_here = f"(workspace_id = {workspace}) IS NOT FALSE" if is_in_workspace(field) else "1"
    here = f"SELECT {is_here} FROM {table} WHERE id = {value}"
    filled = f"EXISTS (SELECT 1 FROM {table} WHERE {exists_in_clickfunnels('id')})"
    may_come = f"NOT ({exists_in_clickfunnels(value)} AND {filled})"
    unknown = f"{value} IS NOT NULL AND NOT coalesce(({here}), {may_come})"
    if field.type != "json":
        return unknown
    if old:
        known = f"CASE WHEN json_valid({old}) THEN {old} END"
        unknown += f" AND {value} NOT IN (SELECT value FROM json_each({known}))"
    return f"EXISTS (SELECT 1 FROM json_each({new}) AS given WHERE {unknown})"


def taken(resource: Resource, field: Field, workspace: str) -> str:
    """Whether another row in the workspace has the new row's value of a field."""
    column, new = ident(field.name), f"NEW.{ident(field.name)}"
    same = f"lower({column}) = lower({new})" if field.email else f"{column} = {new}"
    return (
        f"{new} <> '' AND EXISTS (SELECT 1 FROM {ident(resource.name)} WHERE {same}"
        f" AND workspace_id = {workspace} AND id <> NEW.id)"
    )


def insert_refused_if(refusal: Refusal, field: Field) -> str:
    """The condition under which an INSERT is refused."""
    new = f"NEW.{ident(refusal.column)}"
    if refusal.when == "not_in":
        return f"{new} NOT IN ({_values(refusal, field)})"
    if refusal.when == "not_only":
        return f"({new} IS NULL OR {new} NOT IN ({_values(refusal, field)}))"
    return f"{new} IS NOT NULL"


def is_same_since(resource: Resource) -> str:
    """Whether an UPDATE that gives another `cf_rev` is of a row that was read when all that users
    can write in it was the same.
    """
    return (
        f"EXISTS (SELECT 1 FROM cf_base WHERE resource = {literal(resource.name)} AND id = NEW.id"
        " AND rev = OLD.cf_rev AND coalesce(NEW.cf_rev, 0) BETWEEN same_since AND rev)"
    )


def _changed_on_purpose(resource: Resource, field: Field) -> str:
    """Whether a read-only column gets a value that no program can have kept: not with the `cf_rev`
    of an older row, nor NULL in a row that was inserted here.
    """
    is_null, meant = f"NEW.{ident(field.name)} IS NULL", changed(field)
    if field.name in parents(resource):
        return f"{meant} AND NOT {is_null}" if field.name == "workspace_id" else meant
    meant += " AND NEW.cf_rev IS OLD.cf_rev"
    if resource.insert is None:
        return meant
    inserted = f"SELECT 1 FROM cf_ids WHERE resource = {literal(resource.name)} AND id = NEW.id"
    return f"{meant} AND NOT ({is_null} AND EXISTS ({inserted}))"


def update_refused_if(resource: Resource, refusal: Refusal, field: Field) -> str:
    """The condition under which an UPDATE is refused."""
    if refusal.when == "always":
        return _changed_on_purpose(resource, field)
    new = f"NEW.{ident(refusal.column)}"
    condition = {
        "sent": exists_in_clickfunnels("OLD.id"),
        "unsent": f"NOT {exists_in_clickfunnels('OLD.id')}",
        "unless": _is_not_other(resource, refusal),
        "not_in": f"({new} IS NULL OR {new} NOT IN ({_values(refusal, field)}))",
    }[refusal.when]
    return f"{changed(field)} AND {condition}"


def _is_not_other(resource: Resource, refusal: Refusal) -> str:
    if refusal.when != "unless":
        return ""
    other = resource.by_name[refusal.other]
    return f"OLD.{ident(other.name)} IS NOT {_values(refusal, other)}"


def _values(refusal: Refusal, field: Field) -> str:
    if field.type == "boolean":
        return ", ".join("1" if v == "true" else "0" for v in refusal.values)
    return ", ".join(map(literal, refusal.values))
