"""What every dialect has to do, operation by operation, on a real database of each kind.

Whoever adds a database adds it to the fixture `mirror_url` and has these tests pass.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa

from cfsync.mirror.db.connect import place_of
from cfsync.mirror.db.dialect import named
from cfsync.mirror.db.dialect.base import Dialect
from cfsync.mirror.db.dialect.place import Place
from cfsync.mirror.db.engine import Mirror, Tx
from cfsync.mirror.db.errors import Away, Constrained
from cfsync.mirror.db.tables import META, NOTES, TABLES
from cfsync.mirror.db.types import Json, Money, Timestamp
from cfsync.records import is_provisional
from cfsync.times import time_text
from tests.conftest import Sql

CONTACTS = TABLES["contacts"]
ORDERS = TABLES["orders"]
Write = Callable[..., Any]


@pytest.fixture
def other(mirror_url: str) -> Iterator[Mirror]:
    """The same mirror, opened by a second process."""
    opened = Mirror.open(mirror_url, must_exist=True, clock=lambda: datetime.now(UTC))
    yield opened
    opened.close()


@pytest.fixture
def place(mirror_url: str) -> Place:
    return place_of(mirror_url)


def failed(mirror: Mirror, statement: str) -> sa.exc.DBAPIError:
    """The error of a statement, as the driver raises it."""

    def fail(tx: Tx) -> sa.exc.DBAPIError:
        try:
            with tx.conn.begin_nested():
                tx.conn.exec_driver_sql(statement)
        except sa.exc.DBAPIError as error:
            return error
        raise AssertionError(f"no error: {statement}")

    return asyncio.run(mirror.write(fail))


# --- the port ---


def test_the_port_is_complete_and_goes_by_sqlalchemys_name(mirror: Mirror, write: Write) -> None:
    assert isinstance(mirror.dialect, Dialect)
    assert mirror.dialect is named(mirror.dialect.name) is mirror.place.dialect
    assert write(lambda tx: (tx.dialect.name, tx.conn.dialect.name)) == (mirror.dialect.name,) * 2
    assert mirror.dialect.tries >= 1


def test_a_place_names_itself_without_user_and_password(place: Place) -> None:
    url = place.url.set(username="me", password="s3cret") if place.url.host else place.url

    text = str(place.dialect.place(url))

    assert "s3cret" not in text
    assert place.url.database is not None
    assert place.url.database in text


# --- errors ---


def test_an_error_of_the_statement_is_not_explained(mirror: Mirror) -> None:
    error = failed(mirror, "SELECT nothing FROM nowhere")

    assert not mirror.dialect.is_contention(error)
    assert mirror.dialect.explained(error, "here") is None


def test_a_constraint_is_told_from_a_database_that_can_not_be_used(mirror: Mirror) -> None:
    error = failed(mirror, "INSERT INTO cf_meta (key) VALUES ('cf_test'), ('cf_test')")

    explained = mirror.dialect.explained(error, "here")

    assert isinstance(explained, Constrained)
    assert not isinstance(explained, Away)
    assert mirror.dialect.message(error) in str(explained)


# --- the transaction ---


def test_the_mark_tells_our_writes_from_a_users(ada: int, write: Write, sql: Sql) -> None:
    def work(tx: Tx) -> None:
        rename = f"UPDATE contacts SET first_name = '%s', cf_rev = {tx.rev()} WHERE id = {ada}"
        tx.conn.exec_driver_sql(rename % "ours")
        tx.dialect.unmark(tx.conn)
        tx.conn.exec_driver_sql("UPDATE contacts SET first_name = 'a user' WHERE id = 5")
        tx.dialect.mark(tx.conn)
        tx.conn.exec_driver_sql(f"UPDATE contacts SET first_name = 'x', cf_rev = {tx.new_rev()}")

    write(work)

    patches = [patch for _, _, _, patch in sql.outbox()]
    assert patches == [{"first_name": ["ours", "a user"]}]


def test_no_mark_outlasts_a_transaction(ada: int, write: Write, sql: Sql) -> None:
    write(lambda tx: tx.now)

    sql("UPDATE contacts SET first_name = 'a user' WHERE id = ?", ada)

    assert len(sql.outbox()) == 1


def test_revs_rise_and_the_highest_is_known(write: Write, mirror: Mirror) -> None:
    highest: Callable[[Tx], int] = lambda tx: tx.dialect.highest_rev(tx.conn)  # noqa: E731
    before = asyncio.run(mirror.read(highest))

    taken = write(lambda tx: [tx.dialect.next_rev(tx.conn) for _ in range(3)])

    assert before < taken[0] < taken[1] < taken[2] == asyncio.run(mirror.read(highest))


def test_no_rev_is_taken_before_the_first(mirror: Mirror) -> None:
    assert asyncio.run(mirror.read(lambda tx: tx.dialect.highest_rev(tx.conn))) == 0


def test_the_servers_time_is_canonical(mirror: Mirror) -> None:
    time = asyncio.run(mirror.read(lambda tx: tx.dialect.server_time(tx.conn)))

    assert time is None or time == time_text(datetime.fromisoformat(time))


def test_a_pause_stands_around_a_transaction(mirror: Mirror, write: Write) -> None:
    pause = mirror.dialect.write_pause()

    def work(tx: Tx) -> int:
        with pause(tx.conn):
            return tx.conn.exec_driver_sql("SELECT 1").scalar_one()  # type: ignore[no-any-return]

    assert write(work) == 1


# --- values ---


@pytest.mark.parametrize(
    ("type_", "value"),
    [
        (Timestamp(), "2025-05-21T12:18:51.772Z"),
        (Timestamp(), "0001-01-01T00:00:00.000Z"),
        (Timestamp(), "9999-12-31T23:59:59.999Z"),
        (Money(), "123.00"),
        (Money(), "-0.50"),
        (Money(), "0.00012"),
        (Json(), {"größe": [1, 2.5, None, True, "x"], "a": {}}),
        (Json(), []),
        (Json(), "text"),
    ],
)
def test_values_come_back_as_they_went_in(write: Write, type_: Any, value: Any) -> None:
    def there_and_back(tx: Tx) -> list[Any]:
        values = sa.Table("cf_test", sa.MetaData(), sa.Column("v", type_), prefixes=["TEMPORARY"])
        values.create(tx.conn)
        tx.conn.execute(sa.insert(values), [{"v": value}, {"v": None}])
        found = list(tx.conn.execute(sa.select(values.c.v)).scalars())
        values.drop(tx.conn)
        return found

    assert write(there_and_back) == [value, None]


# --- rows ---


def test_an_upsert_inserts_updates_stamps_and_keeps(write: Write) -> None:
    def upsert(tx: Tx, *rows: dict[str, Any], keep: tuple[str, ...] = ()) -> None:
        stamp = {"cf_rev": tx.new_rev(), "cf_synced_at": tx.now}
        tx.dialect.upsert(tx.conn, ORDERS, rows, stamp, keep)

    def work(tx: Tx) -> list[Any]:
        upsert(tx, {"id": 1, "notes": "a", "tag_ids": [1]}, {"id": 2, "notes": "b", "tag_ids": []})
        upsert(tx, {"id": 2, "notes": None, "tag_ids": None}, keep=("tag_ids",))
        query = sa.select(ORDERS.c.id, ORDERS.c.notes, ORDERS.c.tag_ids).order_by(ORDERS.c.id)
        return [tuple(row) for row in tx.conn.execute(query)]

    assert write(work) == [(1, "a", [1]), (2, None, [])]


def test_an_upsert_of_keys_alone_changes_nothing(write: Write) -> None:
    row = {"resource": "orders", "field": "x", "kind": "unknown"}

    def work(tx: Tx) -> int:
        for _ in range(2):
            tx.dialect.upsert(tx.conn, NOTES, [row], {}, ())
        return tx.conn.execute(sa.select(sa.func.count()).select_from(NOTES)).scalar_one()

    assert write(work) == 1


def test_an_insert_can_skip_what_is_there(write: Write) -> None:
    def work(tx: Tx) -> list[str]:
        insert = tx.dialect.insert(META).values([{"key": "cf_test"}]).on_conflict_do_nothing()
        return [
            key for _ in range(2) for key in tx.conn.execute(insert.returning(META.c.key)).scalars()
        ]

    assert write(work) == ["cf_test"]


def test_rows_that_differ_are_found_by_every_type(ada: int, mirror: Mirror) -> None:
    same = {"id": ada, "first_name": "Ada", "tag_ids": [1, 2], "uuid": "u5"}
    rows = [
        [same],
        [same | {"first_name": "ada"}],
        [same | {"tag_ids": [1]}],
        [same | {"uuid": None}],
        [same | {"id": 6}],
    ]
    columns = tuple(same)

    def differing(tx: Tx) -> list[list[int]]:
        return [tx.dialect.differing_ids(tx.conn, CONTACTS, columns, one) for one in rows]

    assert asyncio.run(mirror.read(differing)) == [[], [ada], [ada], [ada], [6]]


@pytest.mark.parametrize("ids", [[], [1], [1, 3, 9_000_000_000_000_000_000]])
def test_ids_and_parameters_in_a_condition(write: Write, ids: list[int]) -> None:
    def work(tx: Tx) -> list[int]:
        rows = [{"id": i, "notes": "x"} for i in (1, 2, 3)]
        tx.dialect.upsert(tx.conn, ORDERS, rows, {"cf_rev": tx.rev()}, ())
        sql = f"SELECT id FROM orders WHERE id {tx.dialect.id_in} AND notes = "
        values = {"ids": tx.dialect.id_list(ids), "notes": "x"}
        found = tx.conn.exec_driver_sql(sql + tx.dialect.param("notes"), values)
        return sorted(i for (i,) in found)

    assert write(work) == [i for i in ids if i < 4]


def test_rows_that_nobody_else_holds_can_be_locked(ada: int, write: Write) -> None:
    assert write(lambda tx: tx.dialect.lock_rows(tx.conn, CONTACTS, [ada, 404])) == set()


def test_of_two_processes_one_after_the_other_writes_a_table(mirror: Mirror, other: Mirror) -> None:
    inside, order = threading.Event(), list[str]()

    def write(tx: Tx, name: str) -> None:
        tx.dialect.serialize_writers(tx.conn, ORDERS)
        order.append(f"{name} begins")
        inside.set()
        threading.Event().wait(0.2)
        order.append(f"{name} ends")

    async def main() -> None:
        first = asyncio.create_task(mirror.write(write, "first"))
        await asyncio.to_thread(inside.wait)
        await asyncio.gather(first, other.write(write, "second"))

    asyncio.run(main())

    assert order == ["first begins", "first ends", "second begins", "second ends"]


def test_a_new_local_id_is_provisional_and_another_each_time(write: Write) -> None:
    ids = write(lambda tx: [tx.dialect.new_local_id(tx.conn, CONTACTS) for _ in range(5)])

    assert len(set(ids)) == 5
    assert all(map(is_provisional, ids))


# --- whole databases ---


def test_who_watches_is_woken_by_a_notification(mirror: Mirror, other: Mirror) -> None:
    """Also where nothing but the notification tells of it."""

    async def main() -> None:
        changes = mirror.place.changes()
        await anext(changes)
        await other.write(_note)
        await asyncio.wait_for(anext(changes), 4.0)
        await changes.aclose()  # type: ignore[attr-defined]

    def _note(tx: Tx) -> None:
        tx.conn.exec_driver_sql("INSERT INTO cf_meta (key, value) VALUES ('cf_test', '')")
        tx.dialect.notify(tx.conn)

    asyncio.run(main())


def test_a_healthy_database_is_described_without_problems(mirror: Mirror) -> None:
    server = asyncio.run(mirror.read(lambda tx: tx.dialect.describe(tx.conn)))

    assert server.text
    assert server.problems == ()


def test_traces_are_removed_whether_or_not_there_are_any(write: Write) -> None:
    write(lambda tx: tx.dialect.clear_replaced(tx.conn))
    write(lambda tx: tx.dialect.overwrite_deleted(tx.conn))


def test_one_process_at_a_time_holds_a_push_lock(mirror: Mirror, other: Mirror) -> None:
    def lost() -> None:
        raise AssertionError

    async def main() -> list[list[str]]:
        ours, theirs = mirror.push_locks, other.push_locks
        async with ours.hold(["contacts"], lost) as first, theirs.hold(["contacts"], lost) as none:
            held = [list(first), list(none)]
        async with theirs.hold(["contacts"], lost) as second:
            return [*held, list(second)]

    assert asyncio.run(main()) == [["contacts"], [], ["contacts"]]


def test_a_mirror_of_one_daemon_has_a_lock_for_it(place: Place) -> None:
    lock = place.run_lock()

    assert (lock is not None) == place.dialect.has_one_daemon
    assert lock is None or lock is not place.run_lock()


def test_a_migration_is_one_transaction(mirror_url: str, sql: Sql) -> None:
    owner = place_of(mirror_url.replace("cfsync_daemon@", "cfsync_owner@"))

    with contextlib.suppress(ZeroDivisionError), owner.migration() as conn:
        conn.exec_driver_sql("CREATE TABLE cf_test (n BIGINT)")
        raise ZeroDivisionError
    with owner.migration() as conn:
        assert not sa.inspect(conn).has_table("cf_test")


def test_a_read_sees_one_state(mirror: Mirror, other: Mirror) -> None:
    count = sa.select(sa.func.count()).select_from(META)

    def read_twice(tx: Tx) -> list[int]:
        first = tx.conn.execute(count).scalar_one()
        asyncio.run(other.write(lambda it: it.conn.execute(sa.insert(META).values(key="cf_test"))))
        return [first, tx.conn.execute(count).scalar_one()]

    before, after = asyncio.run(mirror.read(read_twice))
    assert before == after
    assert asyncio.run(mirror.read(lambda tx: tx.conn.execute(count).scalar_one())) == before + 1
