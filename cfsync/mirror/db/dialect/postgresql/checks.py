"""What a PostgreSQL server is asked: what this role and others may do, and who is in the way."""

from __future__ import annotations

import re

import sqlalchemy as sa

from cfsync.mirror.db.dialect import secrets_table
from cfsync.mirror.db.dialect.base import OwnColumns, Server
from cfsync.mirror.db.quoting import literal

_FORBIDDEN = """
SELECT min(t) FROM unnest(ARRAY['contacts', 'cf_outbox']) t,
    unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) right_
WHERE NOT has_table_privilege(t, right_)
"""
"""A table that stands for others and that this role may not write. (Given several rights at once,
has_table_privilege asks for any of them.)"""

_MAY_USE_SECRETS = (
    f"SELECT has_schema_privilege(oid, 'USAGE') FROM pg_namespace WHERE nspname ="
    f" '{secrets_table.SCHEMA}'"
)

_HIDDEN = """
SELECT min(relname) FROM pg_class
WHERE relnamespace = current_schema()::regnamespace AND relrowsecurity AND row_security_active(oid)
"""
"""A table in which a policy may hide rows from this role."""
SEES_ALL = "cfsync must see every row: give its role BYPASSRLS"

_CREATORS = """
SELECT string_agg(DISTINCT CASE grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(rolname) END, ', '),
  quote_ident(min(nspname))
FROM pg_namespace n, aclexplode(nspacl) LEFT JOIN pg_roles r ON r.oid = grantee
WHERE nspname = current_schema() AND privilege_type = 'CREATE' AND NOT coalesce(rolsuper, false)
  AND grantee NOT IN (nspowner, current_user::regrole)
  AND grantee NOT IN (SELECT relowner FROM pg_class WHERE oid = to_regclass('cf_outbox'))
"""
"""Who may create in the mirror's schema beside its owner: an operator or function that fits a
statement of cfsync's better than PostgreSQL's own would run with the rights of cfsync's role."""

_KEYS = """
SELECT conrelid::regclass::text, attname, conname
FROM pg_constraint JOIN pg_attribute ON attrelid = conrelid AND attnum = conkey[1]
WHERE contype = 'f' AND confrelid = to_regclass(%s) AND confupdtype <> 'c'
ORDER BY 1, 2
"""

_LOCKED_ROW = re.compile(r'in relation "([^"]+)"')
"""In the context of an error: the table that has the row whose lock did not come."""

_LOCK_HOLDERS = """
SELECT DISTINCT relname, pid, application_name
FROM pg_locks JOIN pg_class c ON c.oid = relation JOIN pg_stat_activity USING (pid)
WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p')
  AND pid <> pg_backend_pid() AND database = (
    SELECT oid FROM pg_database WHERE datname = current_database())
  AND (mode IN ('ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')
    OR relname = %s AND mode IN ('RowShareLock', 'RowExclusiveLock')
      AND application_name <> 'cfsync')
ORDER BY relname, pid LIMIT 3
"""
"""Who locks tables, or waits in the queue to lock one, and who has written to one table."""


def keys_in_the_way(conn: sa.Connection, table: str, words: str) -> list[str]:
    """The foreign keys to a table that don't follow its rows to another id, and that the words
    name: not every role may read the tables that have them.
    """
    found = conn.exec_driver_sql(_KEYS, (table,)).all()
    return [f"{child} ({column})" for child, column, key in found if f'"{key}"' in words]


def lock_holders(conn: sa.Connection, context: str) -> str:
    """As `Dialect.lock_holders`; `context`: that of the error."""
    row = _LOCKED_ROW.search(context)
    found = conn.exec_driver_sql(_LOCK_HOLDERS, (row[1] if row else "",)).all()
    each = (f"{table}: process {pid}{program and f', {program}'}" for table, pid, program in found)
    return f" ({'; '.join(each)})" if found else ""


def server(conn: sa.Connection) -> Server:
    """The server, and what keeps this role from doing what a pass does."""
    version = conn.exec_driver_sql("SHOW server_version").scalar()
    role = conn.exec_driver_sql("SELECT current_user").scalar()
    forbidden = conn.exec_driver_sql(_FORBIDDEN).scalar()
    if not forbidden and not conn.exec_driver_sql(_MAY_USE_SECRETS).scalar():
        forbidden = f"{secrets_table.SCHEMA}.cf_secrets"
    hidden = conn.exec_driver_sql(_HIDDEN).scalar()
    creators, schema = conn.exec_driver_sql(_CREATORS).one()
    found = {
        f"{creators} may create in the schema {schema} and so take over cfsync's roles: as its"
        f" owner, REVOKE CREATE ON SCHEMA {schema} FROM {creators}": creators,
        f"the role {role} may not write {forbidden}: see deploy/roles.sql": forbidden,
        f"a row security policy may hide rows of {hidden} from {role}: {SEES_ALL}": hidden,
    }
    problems = tuple(text for text, is_so in found.items() if is_so)
    return Server(f"PostgreSQL {version}, role {role}", problems)


def own_columns(conn: sa.Connection, table: sa.Table) -> OwnColumns:
    """The columns that the user has added. Of a default that counts, each value is another one: it
    is none that could be told.
    """
    sql = (
        "SELECT attname, pg_get_expr(adbin, adrelid) FROM pg_attribute"
        " LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum"
        f" WHERE attrelid = to_regclass({literal(table.name)}) AND attnum > 0"
        " AND NOT attisdropped AND attgenerated = ''"
    )
    found = [(name, text) for name, text in conn.exec_driver_sql(sql) if name not in table.c]
    return [(name, None if "nextval(" in (text or "") else text) for name, text in found]
