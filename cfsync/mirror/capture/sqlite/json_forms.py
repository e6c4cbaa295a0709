"""SQL expressions for JSON on SQLite in a form that is the same for the same content."""

from __future__ import annotations

from cfsync.resources.model import Field


def json_content(field: Field, value: str) -> str:
    """JSON text in a form that is the same for the same content; a map without its empty values."""
    if field.merge == "set":
        return (
            f"CASE WHEN json_valid({value}) THEN {_members(value)} ELSE coalesce({value}, '[]') END"
        )
    given = ""
    if field.merge == "map":
        value = f"coalesce({value}, '{{}}')"
        given = " WHERE NOT (path = '$' AND (type = 'null' OR type = 'text' AND atom = ''))"
    leaves = f"SELECT fullkey, type, atom FROM json_tree({value}){given} ORDER BY fullkey"
    whole = f"(SELECT group_concat(json_array(fullkey, type, atom)) FROM ({leaves}))"
    empty = f"coalesce({whole}, '')"
    return f"CASE WHEN json_valid({value}) THEN {empty} ELSE {value} END"


def _members(value: str) -> str:
    """The members of a JSON list with their types, sorted and each once."""
    each = f"SELECT DISTINCT type, value FROM json_each({value}) ORDER BY value, type"
    return f"(SELECT json_group_array(value) || coalesce(max(type), '') FROM ({each}))"


def canonical_set(value: str) -> str:
    """A JSON list sorted and with each member once; what is no list stays as it is."""
    members = f"SELECT DISTINCT value FROM json_each({value}) ORDER BY value"
    sorted_list = f"(SELECT json_group_array(value) FROM ({members}))"
    kind = f"CASE WHEN json_valid({value}) THEN json_type({value}) END"
    return f"CASE {kind} WHEN 'array' THEN {sorted_list} ELSE {value} END"
