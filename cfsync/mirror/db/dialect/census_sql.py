"""The SQL that puts the records of a census into a temporary table, which its transaction drops."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CensusSql:
    """`create` makes the table `cf_census`, on a connection that is used for nothing else. `load`
    adds the records in the parameter `rows`, which is JSON ([[id, updated_at], ...]); a time is
    NULL there if it is none. `loaded`: what makes it fast to compare then.
    """

    create: tuple[str, ...]
    load: str
    loaded: tuple[str, ...] = ()


SQLITE = CensusSql(
    # the mirror is read once, in the order of ids, so a larger cache (kB) gains nothing
    create=(
        "PRAGMA cache_size = -1000",
        "CREATE TEMP TABLE cf_census (id INTEGER PRIMARY KEY, updated_at TEXT)",
    ),
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
    create=("CREATE TEMP TABLE cf_census (id bigint, updated_at timestamptz) ON COMMIT DROP",),
    # without a key, and with a simple pattern first, a million takes a third of the time
    load="""
    INSERT INTO pg_temp.cf_census
    SELECT id, CASE
        WHEN shown LIKE '____-__-__T__:__:__.___Z' THEN shown::timestamptz
        WHEN shown ~ '^\\d{4}-[01]\\d-[0-3]\\d[T ][0-2]\\d:[0-5]\\d:[0-6]\\d'
        THEN date_trunc('milliseconds', shown::timestamptz)
    END
    FROM (
        SELECT (pair ->> 0)::bigint AS id, pair ->> 1 AS shown
        FROM json_array_elements(%(rows)s::json) pair
        OFFSET 0
    ) pairs
    """,
    # so that the mirror is read in the order of ids, once, in little memory
    loaded=("CREATE INDEX ON pg_temp.cf_census (id)", "ANALYZE pg_temp.cf_census"),
)
