"""Everything that differs between the databases that can hold a mirror.

The rest of cfsync asks the `Dialect` of its transaction (`tx.dialect`) and knows no database by
name. Outside this package only `mirror.capture` has a package for each database.

Read `base`, `place` and `backup_method` first: they name the operations. `sqlite` and `postgresql`
implement them, each in a package of its own: `dialect` has the SQL, `file` and `server` open, lock
and watch what holds the mirror, `backups` copies it, `moving` takes it from one kind of database
to another (`move_method`). `upserts` has what both write alike.

To add a database, write a package with SQLAlchemy's name for it, whose module `dialect` defines
`DIALECT`, give its URLs to `mirror.db.connect`, and run tests/mirror/db/test_dialect.py over it.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module

from cfsync.mirror.db.dialect.base import Dialect


@cache
def named(name: str) -> Dialect:
    """The dialect that SQLAlchemy calls `name`.

    Its module is imported when it is first asked for: each brings a large driver along.
    """
    dialect: Dialect = import_module(f"{__name__}.{name}.dialect").DIALECT
    return dialect
