"""`move`: an SQLite mirror becomes a PostgreSQL one; nothing is lost, and nothing is sent twice."""

from __future__ import annotations

import asyncio
import json
import signal
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest

from cfsync.errors import Interrupted, MirrorError, UsageError
from cfsync.mirror.bookkeeping import outbox
from cfsync.mirror.db.engine import Mirror
from cfsync.mirror.db.tables import TABLES
from cfsync.mirror.migrate import check
from cfsync.mirror.moving.move import move, own_objects
from cfsync.sync.decisions import outbox as decisions
from cfsync.sync.health_facts import problems
from cfsync.sync.push.conductor import UNRECOVERED
from tests.conftest import ROLES, SQLITE_ONLY, Postgres
from tests.push.conftest import Account

pytestmark = [SQLITE_ONLY, pytest.mark.usefixtures("no_retries")]
AT = datetime(2026, 11, 30, 9, 45, tzinfo=UTC)
BOOKS = ("outbox", "base", "conflicts", "tombstones", "ids", "checkpoints", "changes", "runs")


@pytest.fixture
def database(postgres: Postgres) -> Iterator[str]:
    """The name of an empty database with the three roles."""
    name = postgres.create()
    with psycopg.connect(postgres.dsn(name), autocommit=True) as conn:
        conn.execute(ROLES.read_text())
    yield name
    postgres.drop(name)


@pytest.fixture
def target(postgres: Postgres, database: str) -> str:
    """The URL of an empty database, for its owner."""
    return postgres.url(database, "cfsync_owner")


@pytest.fixture
def there(
    opened: Callable[[str], Account], postgres: Postgres, database: str
) -> Callable[[], Account]:
    """Opens the account with what was moved, as the daemon does."""
    return lambda: opened(postgres.url(database, "cfsync_daemon"))


def edit_in_every_state(account: Account) -> None:
    """Edits that were sent, refused, held, dropped, of which the answer was lost, and that wait."""
    sql, world = account.sql, account.world
    one, two, three, four, five = account.ids_of("contacts")[:5]
    sql("UPDATE contacts SET first_name = 'Sent' WHERE id = ?", one)
    account.push()
    world.fault("status", method="PUT", path=f"contacts/{two}", status=422, times=1)
    sql("UPDATE contacts SET first_name = 'Refused' WHERE id = ?", two)
    account.push()
    sql("UPDATE contacts SET first_name = 'Held' WHERE id = ?", three)
    sql("UPDATE contacts SET first_name = 'Dropped' WHERE id = ?", four)
    held, dropped = account.column("SELECT seq FROM cf_outbox WHERE state = 'pending' ORDER BY seq")
    account.run(lambda context: context.mirror.write(outbox.hold, [held], "a guard"))
    account.desk(decisions.discard, [str(dropped)])
    sql("INSERT INTO contacts (first_name) VALUES ('Lost')")
    world.fault("reset_after", method="POST")
    account.push()
    sql("INSERT INTO contacts (first_name, custom_attributes) VALUES ('New', '{\"x\": 1.50}')")
    sql(
        "INSERT INTO product_prices (product_id, variant_id, amount, currency)"
        " SELECT product_id, id, 12.10, 'USD' FROM product_variants LIMIT 1"
    )
    sql("UPDATE contacts SET last_name = 'Waits' WHERE id = ?", five)
    sql("DELETE FROM contact_tags WHERE id = ?", account.ids_of("contact_tags")[0])


def names_there(account: Account) -> Counter[Any]:
    """First name -> how many contacts of ClickFunnels have it."""
    ids = account.world.ids("contacts", account.workspace)
    return Counter(account.world.get("contacts", i)["first_name"] for i in ids)


def as_plain(value: Any) -> Any:
    """A value as both databases show it to a program."""
    if isinstance(value, str) and value[:1] in "[{":
        return json.loads(value)
    if isinstance(value, datetime):
        return value.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return float(value) if type(value).__name__ in ("Decimal", "bool", "int") else value


def read(account: Account, table: str, names: list[str]) -> list[tuple[Any, ...]]:
    columns = ", ".join(f'"{name}"' for name in names)
    rows = account.sql(f"SELECT {columns} FROM {table}")
    return sorted((tuple(map(as_plain, row)) for row in rows), key=repr)


def test_every_row_is_there_and_each_edit_arrives_once(
    account: Account, mirror_url: str, target: str, there: Callable[[], Account]
) -> None:
    edit_in_every_state(account)
    assert set(account.states()) == {
        "pending", "sending", "parked", "held", "done", "discarded"
    }  # fmt: skip
    writes = len(account.writes())
    new = account.one("SELECT id FROM contacts WHERE first_name = 'New'")
    last = account.one("SELECT max(seq) FROM cf_outbox")
    account.sql("INSERT INTO contacts (first_name) VALUES ('Gone')")
    account.sql("DELETE FROM contacts WHERE first_name = 'Gone'")

    done = move(mirror_url, target, AT)

    moved = there()
    for table in (*TABLES, *(f"cf_{name}" for name in BOOKS)):
        names = [row[1] for row in account.sql(f"PRAGMA table_info({table})")]
        assert read(moved, table, names) == read(account, table, names), table
    waiting = [state for state in account.states() if state not in ("done", "discarded")]
    assert (done.open_edits, done.left_behind, done.is_unsafe) == (len(waiting), [], False)
    moved.run(lambda context: check(context.mirror))
    moved.sql("INSERT INTO contacts (first_name) VALUES ('Later')")
    later, seq = moved.sql("SELECT record_id, seq FROM cf_outbox ORDER BY seq DESC LIMIT 1")[0]
    assert (new < later, later != new + 1, seq > last) == (True, True, True)

    while not moved.push().quiet:
        pass

    names = names_there(moved)
    assert [names[n] for n in ("Sent", "Lost", "New", "Later")] == [1, 1, 1, 1]
    assert [names[n] for n in ("Refused", "Held", "Dropped")] == [0, 0, 0]
    # New, its price, Later; Waits; the tag. Lost has its record already.
    assert len(moved.writes()) == writes + 5
    assert sorted(moved.states()).count("pending") == sorted(moved.states()).count("sending") == 0
    moved.pull()
    assert moved.sweep().exit_code in (0, 5)
    assert moved.column("SELECT id FROM cf_conflicts WHERE kind = 'drift'") == []


def run(account: Account, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "cfsync", *words]
    return subprocess.run(
        command, env=account.settings | more, capture_output=True, text=True, check=False
    )


def test_the_file_that_was_left_takes_nothing_more_and_says_where_to_go(
    account: Account, mirror_url: str, target: str, there: Callable[[], Account]
) -> None:
    account.sql("INSERT INTO contacts (first_name) VALUES ('New')")
    done = run(account, "move", "--to", target, "--yes")
    assert done.returncode == 0, done.stderr
    assert done.stderr.splitlines() == [
        "the mirror is copied to the new database and compared; then the file takes no more writes",
        "(`cfsync status` shows what waits now; cfsync can't take it back; `cfsync backup` first"
        " keeps a copy that takes writes)",
    ]
    assert "rows, compared\n1 edit not confirmed" in done.stdout

    for words in (["push"], ["run"], ["status"], ["migrate"]):
        refused = run(account, *words)
        assert (refused.returncode, "was moved to PostgreSQL database" in refused.stderr) == (
            2,
            True,
        ), refused
    for statement in (
        "UPDATE contacts SET first_name = 'Late'",
        "INSERT INTO contacts (first_name) VALUES ('Late')",
        "DELETE FROM contacts",
        "UPDATE cf_outbox SET state = 'sending'",
        "INSERT INTO contact_tag_links (contact_id, tag_id) SELECT id, 1 FROM contacts",
    ):
        with pytest.raises(sqlite3.IntegrityError, match="was moved to"):
            account.sql(statement)
    again = run(account, "move", "--to", target, "--yes")
    assert (again.returncode, "already" in again.stdout, again.stderr) == (0, True, "")
    with pytest.raises(MirrorError, match="was moved to"):
        move(mirror_url, target.replace("?", "_other?"), AT)


def test_who_has_the_file_open_is_told_where_the_mirror_is(
    account: Account, mirror_url: str, target: str
) -> None:
    async def look(mirror: Mirror) -> list[list[str]]:
        before = await problems(mirror, account.configured())
        await asyncio.to_thread(move, mirror_url, target, AT)
        return [before, await problems(mirror, account.configured())]

    before, (after,) = account.desk(look)

    assert not any("moved" in line for line in before)
    assert "was moved to PostgreSQL database" in after


@pytest.mark.parametrize("where", ["before_commit/move", "after_commit/move"])
def test_a_move_that_is_killed_is_begun_again(
    account: Account, mirror_url: str, target: str, there: Callable[[], Account], where: str
) -> None:
    account.sql("INSERT INTO contacts (first_name) VALUES ('New')")
    killed = run(account, "move", "--to", target, "--yes", CFSYNC_CRASH_AT=where)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert "no mirror at" in run(account, "push", CFSYNC_DATABASE__URL=target).stderr
    is_closed = where.startswith("after")
    assert run(account, "status").returncode == (2 if is_closed else 0)

    done = move(mirror_url, target, AT)

    moved = there()
    assert (done.rows > 0, done.is_unsafe, moved.states()) == (True, is_closed, ["pending"])
    assert moved.push().problems == ([UNRECOVERED] if is_closed else [])


def test_it_waits_for_nobody(account: Account, mirror_url: str, target: str) -> None:
    async def push_runs(mirror: Mirror) -> None:
        async with mirror.push_locks.hold(["contacts"], lambda: None):
            with pytest.raises(UsageError, match="cfsync works on"):
                move(mirror_url, target, AT)

    account.desk(push_runs)
    with closing(sqlite3.connect(account.sql.path)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM contacts").fetchone()
        assert move(mirror_url, target, AT).rows


@pytest.mark.parametrize(
    "made", ["CREATE TABLE mine (id int)", "CREATE VIEW cf_waiting AS SELECT 1"]
)
def test_a_database_with_something_in_it_is_left_alone(
    account: Account, mirror_url: str, target: str, database: str, postgres: Postgres, made: str
) -> None:
    with psycopg.connect(postgres.dsn(database), autocommit=True) as conn:
        conn.execute(made)

    for do in (lambda: own_objects(mirror_url, target), lambda: move(mirror_url, target, AT)):
        with pytest.raises(UsageError, match="is not empty, it has"):
            do()


def test_a_server_does_not_move(account: Account, mirror_url: str, target: str) -> None:
    with pytest.raises(UsageError, match="moves from SQLite to PostgreSQL"):
        move(target, mirror_url, AT)
    with pytest.raises(UsageError, match="moves from SQLite to PostgreSQL"):
        move(mirror_url, mirror_url, AT)


@pytest.mark.parametrize("value", ["'a person'", "'a' || char(0)"])
def test_a_value_that_the_other_database_refuses_is_named_and_not_shown(
    account: Account, mirror_url: str, target: str, there: Callable[[], Account], value: str
) -> None:
    """It was written while the triggers were off."""
    contact = account.ids_of("contacts")[2]
    column = "workspace_id" if "person" in value else "first_name"
    account.sql("UPDATE cf_writer SET mark = 1")
    account.sql(
        f"UPDATE contacts SET cf_rev = cf_rev + 1, {column} = {value} WHERE id = ?", contact
    )
    account.sql("UPDATE cf_writer SET mark = 0")

    with pytest.raises(MirrorError, match=rf"contacts.* of {contact} can't be moved") as refused:
        move(mirror_url, target, AT)

    assert "person" not in str(refused.value)
    account.sql(
        "UPDATE contacts SET first_name = 'Goes on' WHERE id = ?", account.ids_of("contacts")[0]
    )
    with pytest.raises(MirrorError, match="no mirror at"):
        there()


def test_an_amount_has_its_digits_again(
    account: Account, mirror_url: str, target: str, there: Callable[[], Account]
) -> None:
    """SQLite holds 15 digits of it."""
    order = account.ids_of("orders")[0]
    account.world.edit("orders", order, total_amount="1234567890123456.78")
    account.pull("orders")

    move(mirror_url, target, AT)

    moved = there()
    amount = moved.one("SELECT total_amount FROM orders WHERE id = ?", order)
    assert str(amount) == "1234567890123456.78"
    moved.sweep("orders")
    assert moved.column("SELECT id FROM cf_conflicts") == []


def test_what_is_the_users_own_stays_and_is_named(
    account: Account, mirror_url: str, target: str
) -> None:
    account.sql("ALTER TABLE contacts ADD COLUMN score INTEGER")
    account.sql("CREATE TABLE mine (id INTEGER PRIMARY KEY)")
    account.sql("CREATE INDEX mine_score ON contacts (score)")

    done = move(mirror_url, target, AT)

    assert done.left_behind == ["index mine_score", "table mine", "column contacts.score"]


def test_a_stop_leaves_everything_as_it_was(account: Account, mirror_url: str, target: str) -> None:
    with pytest.raises(Interrupted, match="nothing was moved"):
        move(mirror_url, target, AT, lambda: True)

    account.sql("UPDATE contacts SET first_name = 'Goes on'")
    assert move(mirror_url, target, AT).rows
