"""The SQL that puts the records of a census into a temporary table, which its transaction drops."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CensusSql:
    """`create` makes the table `cf_census`. `load` adds the records in the parameter `rows`, which
    is JSON ([[id, updated_at], ...]); a time is NULL there if it is none, and an id counts once.
    """

    create: str
    load: str


SQLITE = CensusSql(
    create="CREATE TEMP TABLE cf_census (id INTEGER PRIMARY KEY, updated_at TEXT)",
    # a time in the canonical form is taken as it is: to parse a million takes seconds
    load="""
    INSERT INTO temp.cf_census
    SELECT value ->> 0, CASE
        WHEN value ->> 1 GLOB '[0-9][0-9][0-9][0-9]-[0-9]*T*.[0-9][0-9][0-9]Z' THEN value ->> 1
        ELSE strftime('%Y-%m-%dT%H:%M:%fZ', value ->> 1)
    END
    FROM json_each(:rows) WHERE true ON CONFLICT DO NOTHING
    """,
)

POSTGRESQL = CensusSql(
    create="CREATE TEMP TABLE cf_census (id bigint PRIMARY KEY, updated_at timestamptz)"
    " ON COMMIT DROP",
    load="""
    INSERT INTO pg_temp.cf_census
    SELECT (pair ->> 0)::bigint, CASE
        WHEN pair ->> 1 ~ '^\\d{4}-[01]\\d-[0-3]\\d[T ][0-2]\\d:[0-5]\\d:[0-6]\\d'
        THEN date_trunc('milliseconds', (pair ->> 1)::timestamptz)
    END
    FROM json_array_elements(%(rows)s::json) pair ON CONFLICT DO NOTHING
    """,
)
