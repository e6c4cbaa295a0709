"""What of the capture is in the database, compared with what `install` has put there.

Programs that rebuild a table drop its triggers with it, and triggers can be switched off: edits
are then not captured, and nothing fails. `install` notes a digest of everything that belongs there;
two queries of the catalogue find what is missing.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from importlib import import_module
from types import ModuleType

import sqlalchemy as sa

from cfsync.mirror.capture.rules import OWN
from cfsync.mirror.db import schema_checks
from cfsync.mirror.db.dialect.base import Dialect
from cfsync.mirror.db.quoting import ident, literal
from cfsync.mirror.progress import meta
from cfsync.mirror.views import VIEWS
from cfsync.resources import RESOURCES

COLUMN = "column"
"""How the name of a column begins."""
DEFAULT = "default"
"""How the name of the default of an `id` begins where only a new table can have it again."""
IDENTITY = "identity"
"""How the name of an `id`'s default begins that `install` puts back."""
SETTING = "setting"
"""How the name of a setting begins that switches triggers off."""
COUNTER = "counter"
"""How the name of a counter of ids begins that was reset."""
MARK = "mark"
"""How the name of the row of `cf_writer` begins where it is not as it should be."""
FOREIGN = "foreign"
"""How the name of a trigger begins that somebody else has put on one of cfsync's own tables."""
KEY = "key"
"""How the name of an `id` begins that is no longer its table's primary key."""
DOUBLED = "doubled ids"
"""How the name of what several rows have begins, which keeps `id` from being the primary key."""
OTHER_KEY = "other primary key"
"""How the name of a table's primary key on other columns begins."""
WRONG = (SETTING, COUNTER, MARK, FOREIGN, KEY, DOUBLED, OTHER_KEY)
"""How the names of what should not be there begin."""


def database(conn: sa.Connection) -> ModuleType:
    """The package with the statements for this kind of database."""
    return import_module(f"cfsync.mirror.capture.{conn.dialect.name}")


def refuse_incomplete(conn: sa.Connection, dialect: Dialect) -> None:
    """Raise MirrorError if a table of cfsync's own bookkeeping, or a column of one, is missing."""
    schema_checks.refuse_incomplete(dialect.relations(conn), dialect.private)
    columns = conn.exec_driver_sql(database(conn).COLUMNS).all()
    schema_checks.refuse_without_columns({(table, column) for table, column, *_ in columns})


def note(conn: sa.Connection) -> None:
    """Note what belongs in the database: all that is in it now. A column stays as it was first
    noted: `install` replaces triggers, and never a table. So does what belongs to a table that has
    lost columns.
    """
    noted, found = _noted(conn), _found(conn)
    broken = _with_views(unusable_tables(compare(noted, found)))
    of_tables = (COLUMN, DEFAULT, IDENTITY)
    before = {n: t for n, t in noted.items() if n.startswith(of_tables) or _is_of(n, broken)}
    right = {n: t for n, t in found.items() if not n.startswith(WRONG)}
    meta.put(conn, meta.CAPTURE_OBJECTS, json.dumps({**right, **before}))


def note_new_types(conn: sa.Connection, wrong: Collection[str]) -> None:
    """Note the types that columns have now, but for those that were `wrong` before a revision of
    the schema changed any: see `lost`.
    """
    noted = _noted(conn)
    kept = {n for n in noted if not n.startswith(f"{COLUMN} ") or n in wrong}
    types = {n: t for n, t in _found(conn).items() if n in noted.keys() - kept}
    meta.put(conn, meta.CAPTURE_OBJECTS, json.dumps({**noted, **types}))


def lost(conn: sa.Connection) -> list[str]:
    """Triggers, functions, views and columns that are missing, switched off or changed, and what
    should not be there: see `WRONG`. Empty: all is well.
    """
    return compare(_noted(conn), _found(conn))


def foreign_views(conn: sa.Connection, relations: Collection[str]) -> set[str]:
    """The names of views that something else has in the database: `install` would replace it."""
    ours = {n.removeprefix("view ") for n in _noted(conn).keys() & _found(conn).keys()}
    return set(VIEWS).intersection(relations) - ours


def compare(noted: Mapping[str, str], found: Mapping[str, str]) -> list[str]:
    """What differs between the objects noted and those found; the name of a column that is missing
    ends with its type. Pure.
    """
    gone = [
        f"{name} {digest}" if name.startswith(f"{COLUMN} ") and name not in found else name
        for name, digest in noted.items()
        if found.get(name) != digest
    ]
    return sorted(gone + [name for name in found if name.startswith(WRONG)])


def restorable(lost_objects: Iterable[str]) -> list[str]:
    """Those that `install` puts back: not those of a table that has lost columns. Pure."""
    lost_objects = list(lost_objects)
    broken = _with_views(unusable_tables(lost_objects))
    kept = {f"{KEY} of {t}.id" for t, why in keyless_tables(lost_objects).items() if why}
    left = (COLUMN, DEFAULT, SETTING, FOREIGN, DOUBLED, OTHER_KEY)
    found = [n for n in lost_objects if not n.startswith(left) and not _is_of(n, broken)]
    return [n for n in found if n not in kept]


def _with_views(tables: Collection[str]) -> set[str]:
    """These tables, and the views that read one of them."""
    views = (name for name, view in VIEWS.items() if tables and view.tables.intersection(tables))
    return {*tables, *views}


def _is_of(name: str, relations: Collection[str]) -> bool:
    """Whether an object belongs to one of these tables and views, or is one: a trigger, its
    function, a view.
    """
    kind, _, rest = name.partition(" ")
    match kind:
        case "view":
            return rest in relations
        case "trigger":
            return rest.rpartition(" on ")[2] in relations
        case "function":
            return any(f"{rest}_".startswith(f"cf_{relation}_") for relation in relations)
    return rest.rpartition(".")[0].removeprefix("of ") in relations


def without_ids(lost_objects: Iterable[str]) -> list[str]:
    """The tables whose `id` has lost a default that `install` puts back. Pure."""
    return _tables_with(IDENTITY, lost_objects)


def with_low_counters(lost_objects: Iterable[str]) -> list[str]:
    """The tables whose counter of ids `install` puts back. Pure."""
    return _tables_with(COUNTER, lost_objects)


def keyless_tables(lost_objects: Iterable[str]) -> dict[str, list[str]]:
    """The tables whose `id` is no longer their primary key, each with what keeps `install` from
    making it that. Pure.
    """
    lost_objects = list(lost_objects)
    found: dict[str, list[str]] = {
        name.removeprefix(f"{KEY} of ").removesuffix(".id"): []
        for name in lost_objects
        if name.startswith(f"{KEY} ")
    }
    for name in lost_objects:
        if name.startswith((DOUBLED, OTHER_KEY)):
            table = name.partition(" of ")[2].partition(":")[0]
            found[table].append(name)
    return found


def add_key(table: str) -> str:
    """The statement that makes `id` the primary key again."""
    return f"ALTER TABLE {ident(table)} ADD PRIMARY KEY (id)"


def restore_keys(lost_objects: Iterable[str]) -> list[str]:
    """What makes `id` the primary key again. A DELETE that left a row with its id was one of a
    doubled row, and no edit.
    """
    statements = []
    for name in _tables_with(KEY, lost_objects):
        statements += [
            f"DELETE FROM cf_outbox WHERE resource = {literal(name)} AND op = 'delete'"
            " AND state IN ('pending', 'parked', 'held')"
            f" AND EXISTS (SELECT 1 FROM {ident(name)} t WHERE t.id = record_id)",
            add_key(name),
        ]
    return statements


def _tables_with(kind: str, lost_objects: Iterable[str]) -> list[str]:
    found = [n for n in restorable(lost_objects) if n.startswith(kind)]
    return [n.removeprefix(f"{kind} of ").removesuffix(".id") for n in found]


def unusable_tables(lost_objects: Iterable[str]) -> dict[str, list[str]]:
    """The tables that no longer have columns of theirs, each with these columns. Pure."""
    tables: dict[str, list[str]] = {}
    for name in lost_objects:
        kind, _, column = name.partition(" ")
        if kind == COLUMN:
            table, _, column = column.partition(".")
            tables.setdefault(table, []).append(column.partition(" ")[0])
    return tables


def add_columns(lost_objects: Iterable[str]) -> dict[tuple[str, str], str]:
    """(table, column) -> the statement that adds it, of the columns that are missing. Pure."""
    found = {}
    for name in lost_objects:
        kind, _, column = name.partition(" ")
        column, _, type_ = column.partition(" ")
        if kind == COLUMN and type_:
            table, _, column = column.partition(".")
            type_ = "numeric" if type_ == "number" else type_
            add = f"ALTER TABLE {ident(table)} ADD COLUMN {ident(column)} {type_}"
            found[table, column] = add
    return found


def _noted(conn: sa.Connection) -> dict[str, str]:
    """As noted; earlier versions noted the key of a table on PostgreSQL with the column's type."""
    found: dict[str, str] = json.loads(meta.get(conn, meta.CAPTURE_OBJECTS) or "{}")
    return {name: text.removesuffix(" key") for name, text in found.items()}


def _found(conn: sa.Connection) -> dict[str, str]:
    """A digest of each object by its name; what should not be there has one, too."""
    sql = database(conn)
    digests = {name: _digest(text) for name, text in conn.exec_driver_sql(sql.OBJECTS).all()}
    for table, column, kind, default in conn.exec_driver_sql(sql.COLUMNS).all():
        if table in RESOURCES and (column in RESOURCES[table].by_name or column in OWN):
            digests[f"{COLUMN} {table}.{column}"] = kind
            if column == "id":
                digests[f"{sql.ID_DEFAULT} of {table}.id"] = default
    wrong = [f"{COUNTER} of {t}.id" for t in sql.low_counters(conn)]
    return digests | dict.fromkeys([*wrong, *_lost_keys(conn)], "")


def _lost_keys(conn: sa.Connection) -> Iterator[str]:
    for table, other, doubled in database(conn).keyless_tables(conn):
        yield f"{KEY} of {table}.id"
        if other:
            yield f"{OTHER_KEY} of {table}: {other}"
        if doubled:
            yield f"{DOUBLED} of {table}: {', '.join(map(str, doubled))}"


def may_restore(conn: sa.Connection) -> bool:
    """Whether this role may put back what is missing."""
    found: bool = database(conn).may_restore(conn)
    return found


def columns_of(table: str) -> Collection[str]:
    """The columns that belong in a table."""
    return (*RESOURCES[table].by_name, *OWN)


def _digest(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
