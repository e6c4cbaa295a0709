"""`cf_secrets`, which stands apart from the mirror: whoever opens the mirror, or gets a copy of it,
sees all that is in it.

It has a schema of its own, SCHEMA. On PostgreSQL only cfsync's roles may use it. On SQLite it is a
file beside the mirror that only its owner can read, which each connection of cfsync attaches; it
keeps SQLite's default journal, which leaves no other file beside it. Neither is part of a revision
of the mirror: where it is missing, it is made anew.

A transaction on SQLite that writes to both files is one, except where the power goes between the
two commits: then the mirror has an endpoint whose secret is unknown, as after a restore without
that file.
"""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

import sqlalchemy as sa

from cfsync.errors import MirrorError
from cfsync.mirror.db.quoting import ident

SCHEMA = "cfsync_secrets"

_DDL = f"""
CREATE TABLE IF NOT EXISTS {SCHEMA}.cf_secrets (
    resource TEXT NOT NULL,
    record_id BIGINT NOT NULL,
    field TEXT NOT NULL,
    value TEXT,
    since {{time}},
    previous TEXT,
    PRIMARY KEY (resource, record_id, field)
)
"""
_UNUSABLE = {"SQLITE_NOTADB", "SQLITE_CORRUPT", "SQLITE_CANTOPEN", "SQLITE_READONLY"}

_GRANT = f"""
DO $$ BEGIN
  IF to_regrole('cfsync_daemon') IS NOT NULL THEN
    GRANT USAGE ON SCHEMA {SCHEMA} TO cfsync_daemon;
    GRANT SELECT, INSERT, UPDATE, DELETE ON {SCHEMA}.cf_secrets TO cfsync_daemon;
  END IF;
END $$
"""


def create(conn: sa.Connection) -> None:
    """Make schema and table on PostgreSQL where they are missing, for cfsync alone. Raises
    MirrorError where the role may not.
    """
    found = sa.inspect(conn)
    if found.has_table("cf_secrets", schema=SCHEMA):
        return
    if not found.has_schema(SCHEMA):
        _create_schema(conn)
    conn.exec_driver_sql(_DDL.format(time="TIMESTAMPTZ"))
    conn.exec_driver_sql(_GRANT)


def _create_schema(conn: sa.Connection) -> None:
    asked = (
        "SELECT current_user, current_database(), has_database_privilege(current_database(), %s)"
    )
    role, database, may = conn.exec_driver_sql(asked, ("CREATE",)).one()
    if not may:
        raise MirrorError(
            f"{role} may not create the schema {SCHEMA}, which keeps secrets apart: as a superuser,"
            f" GRANT CREATE ON DATABASE {ident(database)} TO {ident(role)}, or run deploy/roles.sql"
        )
    conn.exec_driver_sql(f"CREATE SCHEMA {SCHEMA}")


def file_beside(mirror: Path) -> Path:
    """The file with the secrets of the mirror in this SQLite file."""
    return mirror.with_name(f"{mirror.name}-secrets")


def attach(connection: sqlite3.Connection, mirror: Path) -> None:
    """Attach the file to a connection to the mirror, creating it where there is none. Another
    user's is left out: what needs no secret works without. Raises MirrorError.
    """
    file = file_beside(mirror)
    if not file.exists():
        _create_file(file, mirror)
    if os.geteuid() not in (0, file.stat().st_uid):
        return
    try:
        connection.execute(f"ATTACH ? AS {SCHEMA}", (str(file),))
        connection.execute(f"PRAGMA {SCHEMA}.secure_delete = ON")
        connection.execute(_DDL.format(time="TEXT"))
    except sqlite3.Error as error:
        if error.sqlite_errorname not in _UNUSABLE:
            raise
        raise MirrorError(
            f"{file} can't be used ({error}): restore it, or move it away and run"
            " cfsync webhooks rotate"
        ) from error


def _create_file(file: Path, mirror: Path) -> None:
    """An empty file for its owner alone; one that root makes is for the owner of the mirror."""
    try:
        opened = os.open(file, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600)
    except FileExistsError:  # another process was faster
        return
    except OSError as error:
        raise MirrorError(f"{file} can't be made: {error.strerror}") from error
    try:
        os.fchmod(opened, 0o600)  # whatever the umask
        if os.geteuid() == 0:
            owner = mirror.stat()
            os.fchown(opened, owner.st_uid, owner.st_gid)
    finally:
        os.close(opened)
