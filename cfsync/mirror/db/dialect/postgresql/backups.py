"""Backups of a PostgreSQL database: by `pg_dump` and `pg_restore`."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cfsync.errors import MirrorError
from cfsync.mirror.db.dialect.backup_method import (
    MARK,
    BackupMethod,
    IsStopped,
    never,
    not_a_backup,
)
from cfsync.mirror.db.errors import Away

if TYPE_CHECKING:
    import psycopg

_RELATIONS = (
    "SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
    " WHERE n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')"
    " AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')"
)
_PATIENCE_S = 10
"""Seconds to wait for a connection."""

_LOOK_S = 0.2
"""Seconds between two looks at whether a program is to be stopped."""

_REVISION = re.compile(r"^([0-9]{4})$", re.MULTILINE)


class PostgreSQLBackups(BackupMethod):
    """`where`: the database in words. `conninfo`: what libpq connects by, with the password."""

    suffix = ".dump"

    def __init__(self, where: str, conninfo: str) -> None:
        self._where = where
        self._conninfo = conninfo

    def write(self, file: Path, is_stopped: IsStopped = never) -> None:
        self._count_relations()
        self._run("pg_dump", "--format=custom", f"--file={file}", is_stopped=is_stopped)

    def revision(self, file: Path, is_stopped: IsStopped = never) -> str:
        """`pg_restore` writes a whole script to nowhere, so it has to read all of the file."""
        try:
            _call(["pg_restore", f"--file={os.devnull}", str(file)], is_stopped)
            only = ["--data-only", "--table=cf_schema", "--file=-"]
            script = _call(["pg_restore", *only, str(file)], is_stopped)
        except subprocess.CalledProcessError as error:
            raise not_a_backup(file) from error
        if not (found := _REVISION.search(script)):
            raise not_a_backup(file)
        return found[1]

    def check_target(self) -> None:
        if self._count_relations():
            raise MirrorError(
                f"{self._where} is not empty: rename it (ALTER DATABASE ... RENAME TO ...), make an"
                " empty one of its name (createdb), and restore again"
            )

    def _count_relations(self) -> int:
        """How many tables, views and indexes there are."""
        with self._connection() as conn:
            (count,) = conn.execute(_RELATIONS).fetchone() or (0,)
        return int(count)

    @contextmanager
    def _connection(self) -> Iterator[psycopg.Connection]:
        """Raises Away where the server is."""
        import psycopg

        try:
            with psycopg.connect(self._conninfo, connect_timeout=_PATIENCE_S) as conn:
                yield conn
        except psycopg.Error as error:
            raise Away(f"{self._where} can't be reached: {type(error).__name__}") from error

    def put_back(self, file: Path, label: str) -> Path | None:
        self.check_target()
        self._run("pg_restore", "--single-transaction", "--exit-on-error", str(file))
        with self._connection() as conn:
            conn.execute(MARK)
        return None

    def _run(self, program: str, *arguments: str, is_stopped: IsStopped = never) -> None:
        """Run a program on the database. The password is no argument: all users see those."""
        from psycopg.conninfo import conninfo_to_dict, make_conninfo

        parts = conninfo_to_dict(self._conninfo)
        password = parts.pop("password", None)
        shown = make_conninfo(**{name: str(value) for name, value in parts.items()})
        command = [program, "--no-password", f"--dbname={shown}", *arguments]
        try:
            _call(command, is_stopped, **({"PGPASSWORD": str(password)} if password else {}))
        except subprocess.CalledProcessError as error:
            raise MirrorError(f"{program} fails on {self._where}: {_words(error)}") from error


def _words(error: subprocess.CalledProcessError) -> str:
    """The program's first error without what it quotes: that may be a person's."""
    errors = [line for line in str(error.stderr).splitlines() if "error:" in line]
    return re.sub(r": \".*", "", errors[0]) if errors else f"exit code {error.returncode}"


def _call(command: list[str], is_stopped: IsStopped, **environ: str) -> str:
    """What a program prints. Raises CalledProcessError, and MirrorError where there is none."""
    pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    try:
        program = subprocess.Popen(command, env=os.environ | environ, **pipes)  # noqa: S603
    except FileNotFoundError:
        raise MirrorError(
            f"{command[0]} is not installed: install PostgreSQL's client programs (Debian, Ubuntu:"
            " apt install postgresql-client)"
        ) from None
    while True:
        if is_stopped():
            program.terminate()
        with suppress(subprocess.TimeoutExpired):
            out, err = program.communicate(timeout=_LOOK_S)
            break
    if program.returncode:
        raise subprocess.CalledProcessError(program.returncode, command[0], out, err)
    return str(out)
