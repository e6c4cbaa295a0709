"""What cfsync relies on in a PostgreSQL session, whatever the database and the role have set."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cfsync.mirror.db.quoting import literal

if TYPE_CHECKING:
    import psycopg

SCHEMA = "public"
"""The schema that holds the mirror, unless the URL gives a `search_path` of its own."""

_SETTINGS = {
    "bytea_output": "hex",
    "datestyle": "ISO, YMD",
    "extra_float_digits": "1",
    "intervalstyle": "postgres",
    "quote_all_identifiers": "off",
    "standard_conforming_strings": "on",
    "timezone": "UTC",
    # An error is better than rows that a policy hides: they would be taken for deleted.
    "row_security": "off",
    # A lock that another program keeps must not stop what waits in the same thread.
    "lock_timeout": "2s",
    "statement_timeout": "60s",
    "transaction_timeout": "0",
    # A process that was stopped in the middle of a transaction must not hold its locks for ever.
    "idle_in_transaction_session_timeout": "60s",
}
TAKE_ANY_TIME = (
    "SELECT set_config(name, '0', true) FROM (VALUES ('statement_timeout'),"
    " ('idle_in_transaction_session_timeout')) AS settings (name)"
)
"""For a transaction that a person waits for: a long query, or many rows that are read in parts."""

# `local` and the like keep what was committed over a crash, and are the administrator's choice.
_DURABLE = "CASE WHEN setting = 'off' THEN 'on' ELSE setting END"

_KNOWN = f"""
SELECT name, CASE name WHEN 'synchronous_commit' THEN {_DURABLE} ELSE setting END, source
FROM pg_catalog.pg_settings WHERE name IN ('search_path', 'synchronous_commit')
UNION ALL
SELECT name, '', '' FROM pg_catalog.pg_settings WHERE lower(name) = ANY (%s)
"""


def pins(connection: psycopg.Connection[Any]) -> str:
    """The statement that begins each transaction on the connection. A setting for the session would
    stay behind on a pooler's connection, and the next transaction may be given another one.
    """
    rows = connection.execute(_KNOWN, [list(_SETTINGS)]).fetchall()
    connection.rollback()
    values = {}
    for name, value, source in rows:
        if name == "search_path":
            value = value if source == "client" else _search_path(value)
        values[name] = _SETTINGS.get(name.lower(), value)
    return "SELECT " + ", ".join(
        f"pg_catalog.set_config({literal(name)}, {literal(value)}, true)"
        for name, value in values.items()
    )


def _search_path(others: str) -> str:
    """The mirror's schema, then those that functions of the user's triggers may rely on."""
    names = [name.strip() for name in others.split(",")]
    return ", ".join([SCHEMA, *(n for n in names if n not in (SCHEMA, "pg_catalog"))])
