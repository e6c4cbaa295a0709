"""What can be wrong with the account, the server, the records and the database: one clear line, the
right exit code, and nothing lost.
"""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from datetime import datetime, timedelta

import pytest

from cfsync.sandbox import World
from tests.cli.conftest import Command


def test_a_wrong_token(cfsync: Command):
    done = cfsync("backfill", API__TOKEN="hunter2")

    assert done.returncode == 3
    assert done.said == ["ClickFunnels refuses the token (401); check api.token"]
    assert "hunter2" not in done.stdout + done.stderr


def test_a_token_that_reaches_no_workspace(cfsync: Command, world: World):
    world.add_token("narrow", workspaces=[])

    done = cfsync("backfill", API__TOKEN="narrow")

    assert done.returncode == 3
    assert done.said == [
        "the token reaches no workspace (its list of workspaces is empty); use another token, or"
        " name the workspaces in api.workspaces"
    ]


@pytest.mark.parametrize(
    ("command", "status"),
    [("pull", 429), ("pull", 503), ("push", 429), ("verify", 429), ("webhooks list", 429)],
)
def test_a_server_that_names_a_time_to_come_back(
    filled: Command, world: World, command: str, status: int
):
    world.fault("status", status=status, retry_after=7200, times=None)
    filled.sql("UPDATE contacts SET last_name = 'Edited' WHERE id = (SELECT min(id) FROM contacts)")

    begun = datetime.now().astimezone()
    longest = {f"API__LONGEST_{name}_WAIT": "3h" for name in ("RATE_LIMIT", "OUTAGE")}
    done = filled(*command.split(), **longest)
    ended = datetime.now().astimezone()

    assert done.returncode == 4
    (line,) = done.said
    possible = {f"{at + timedelta(hours=2):%H:%M %Z}" for at in minutes(begun, ended)}
    assert line.rpartition("; come back at ")[2][-len(min(possible)) :] in possible


def minutes(begun: datetime, ended: datetime) -> list[datetime]:
    return [begun + timedelta(minutes=n) for n in range((ended - begun).seconds // 60 + 2)]


@pytest.mark.parametrize("settings", [{}, {"API__WORKSPACES": "99"}, {"API__EXCLUDE": "99"}])
def test_an_unknown_workspace(filled: Command, settings: dict[str, str]):
    arguments = [] if settings else ["--workspace", "99"]

    done = filled("backfill", *arguments, **settings)

    assert done.returncode == 2
    assert done.said == [
        "the token reaches no workspace 99; `cfsync doctor` lists those it reaches"
    ]


def test_an_unknown_resource(filled: Command):
    for command in (("pull",), ("act", "7", "cancel")):
        done = filled(command[0], "contcts", *command[1:])

        assert done.returncode == 2
        assert done.said == ["there is no resource 'contcts'; did you mean contacts?"]
    far = filled("pull", "nosuch")
    assert far.said == ["there is no resource 'nosuch'; `cfsync status` lists them"]


def test_a_database_of_another_account(filled: Command):
    filled.sql("UPDATE cf_meta SET value = '[77]' WHERE key = 'teams'")

    done = filled("pull")

    assert done.returncode == 2
    assert done.said == [
        "this mirror holds team 77 and the token shows team 1000: use another database.url or token"
    ]
    assert filled.sql("SELECT count(*) FROM contacts") == [(30,)]


@pytest.mark.parametrize("command", ["pull", "backfill", "migrate", "status"])
def test_a_database_with_a_newer_schema(filled: Command, command: str):
    filled.sql("UPDATE cf_schema SET version_num = '9999'")

    done = filled(command)

    assert done.returncode == 2
    assert done.said == [f"{filled.database} was made by a newer cfsync (9999): upgrade cfsync"]


def test_a_database_in_a_directory_that_is_not_there(cfsync: Command):
    done = cfsync("backfill", DATABASE__URL="sqlite:///nowhere/cf.db")

    assert done.returncode == 2
    assert done.said == [f"no directory {cfsync.directory}/nowhere: make it or change database.url"]


def test_a_database_url_that_is_none(cfsync: Command):
    done = cfsync("backfill", DATABASE__URL="mysql://me:hunter2@host/db")

    assert done.returncode == 2
    assert done.said[0].startswith("database.url must be sqlite:///PATH or postgresql://")
    assert "hunter2" not in done.stderr


def test_a_postgresql_that_is_not_there(cfsync: Command):
    done = cfsync("backfill", DATABASE__URL="postgresql://cfsync:hunter2@127.0.0.1:1/db")

    assert done.returncode == 4
    assert len(done.said) == 1
    assert "PostgreSQL database db at 127.0.0.1:1" in done.said[0]
    assert "hunter2" not in done.stderr


def test_a_database_that_someone_holds_for_a_moment_is_waited_for(filled: Command):
    with closing(sqlite3.connect(filled.database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        process = filled.start("pull")
        with pytest.raises(Exception, match="timed out"):
            process.communicate(timeout=2)
        other.execute("ROLLBACK")
        _, err = process.communicate(timeout=30)

    assert process.returncode == 0, err


def test_a_server_that_is_down(cfsync: Command):
    done = cfsync("doctor", API__BASE_URL="http://127.0.0.1:9/api/v2")

    assert done.returncode == 4  # there is no mirror yet, and nobody can make one before
    assert "TO DO  connection" in done.stdout
    assert "127.0.0.1" in done.stdout

    called = cfsync("api", "GET", "/teams", API__BASE_URL="http://127.0.0.1:9/api/v2")

    assert called.returncode == 4
    assert len(called.said) == 1
    assert called.said[0].startswith("GET /teams: ")


@pytest.mark.parametrize("kind", ["html_200", "html_403", "html_503", "truncated"])
def test_a_server_that_answers_something_else(cfsync: Command, world: World, kind: str):
    world.fault(kind, times=None)

    done = cfsync("api", "GET", "/teams")

    assert done.returncode == 4
    assert len(done.said) == 1
    assert done.said[0].startswith("GET /teams: ")
    assert "<html" not in done.stderr.lower()


def test_a_passing_fault_is_got_over(cfsync: Command, world: World):
    world.fault("html_503", path="/contacts", nth=2, times=2)

    done = cfsync("backfill")

    assert done.returncode == 0, done.stderr
    assert cfsync.sql("SELECT count(*) FROM contacts") == [(30,)]


@pytest.mark.parametrize("kind", ["not_a_list", "error_under_200"])
def test_a_list_that_is_none_is_named_and_the_others_go_on(
    cfsync: Command, world: World, kind: str
):
    world.fault(kind, path="/products", times=None)

    done = cfsync("backfill")

    assert done.returncode == 1
    assert len(done.said) == 1
    assert done.said[0].startswith(f"products/{world.workspaces[0]}: GET /workspaces/")
    assert cfsync.sql("SELECT count(*) FROM contacts") == [(30,)]

    world.faults.clear()
    assert cfsync("backfill").returncode == 0
    assert cfsync.sql("SELECT count(*) FROM products") == [(2,)]


def test_values_that_no_column_holds_are_kept_and_noted(cfsync: Command, world: World):
    odd = {"first_name": "a\0b", "last_name": "\ud800", "phone_number": {"a": 7}, "new_field": "x"}
    world.fault("body", path="/contacts", times=None, fields=odd)

    done = cfsync("backfill")

    assert done.returncode == 0, done.stderr
    assert cfsync.sql("SELECT count(*) FROM contacts") == [(30,)]
    row = cfsync.sql("SELECT first_name, last_name, phone_number FROM contacts ORDER BY id")[0]
    assert row == (None, None, None)
    (body,) = cfsync.sql("SELECT body FROM cf_base WHERE resource = 'contacts' ORDER BY id")[0]
    assert '"new_field":"x"' in body.replace(" ", "")
    world.faults.clear()
    shown = cfsync("doctor").stdout
    assert "note  schema drift        contacts.new_field is new in the API" in shown
    fields = "contacts: each of 3 fields (first_name, last_name, phone_number) had a value that"
    assert f"note  schema drift        {fields}" in shown


def test_what_nobody_foresaw_is_one_line(filled: Command):
    shutil.copy(filled.database, filled.directory / "copy.db")
    with closing(sqlite3.connect(filled.directory / "copy.db")) as connection:
        connection.execute("UPDATE cf_checkpoints SET watermark = 'no time', began_at = 'no time'")
        connection.commit()

    done = filled("pull", DATABASE__URL="sqlite:///copy.db")

    assert done.returncode == 1
    assert len(done.said) == 1
    assert done.said[0].startswith("unexpected ValueError, at cfsync.")
    assert done.said[0].endswith("CFSYNC_LOG__LEVEL=debug shows the traceback")


def test_a_view_whose_table_is_gone_names_the_table(filled: Command):
    filled.sql("DROP TABLE orders")

    done = filled("export", "customers")

    assert done.returncode == 2
    assert "the table orders is missing" in done.stderr


@pytest.mark.parametrize(
    "command",
    [
        *("status", "plan", "pushes", "decisions", "changes", "census status"),
        *("status --history", "show contacts 4000", "explain contacts 4000"),
        *("outbox list", "conflicts list", "deletions list", "export contacts"),
    ],
)
def test_a_command_that_only_looks_does_not_read_the_triggers(filled: Command, command: str):
    (contact,) = filled.sql("SELECT min(id) FROM contacts")[0]
    with closing(sqlite3.connect(filled.database)) as connection:
        connection.execute("PRAGMA writable_schema = ON")
        broken = f"CREATE TRIGGER broken {'?' * 3_000}"
        values = ("trigger", "broken", "contacts", 0, broken)
        connection.execute("INSERT INTO sqlite_schema VALUES (?, ?, ?, ?, ?)", values)
        connection.commit()

    done = filled(*command.replace("4000", str(contact)).split())

    assert "is damaged" in filled("push").stderr
    assert done.returncode in (0, 5), done.stderr


@pytest.mark.parametrize(
    "command",
    [
        *("plan", "push", "pull", "verify", "outbox list", "outbox discard SEQ"),
        *("conflicts resolve 1", "explain contacts 4000", "status --health"),
    ],
)
def test_a_table_without_its_columns_is_named_by_every_command(filled: Command, command: str):
    (contact,) = filled.sql("SELECT min(id) FROM contacts")[0]
    filled.sql("UPDATE contacts SET first_name = 'Here' WHERE id = (SELECT min(id) FROM contacts)")
    filled.sql(
        "INSERT INTO cf_conflicts (resource, record_id, kind, field, winner, state, found_at)"
        f" VALUES ('contacts', {contact}, 'changed', 'first_name', 'hold', 'open', '2026')"
    )
    (seq,) = filled.sql("SELECT seq FROM cf_outbox")[0]
    filled.sql("ALTER TABLE contacts RENAME TO mine")
    filled.sql("CREATE TABLE contacts AS SELECT id, last_name, workspace_id FROM mine")
    choice = ["--local"] if command.startswith("conflicts") else []

    command = command.replace("SEQ", str(seq))
    done = filled(*command.replace("4000", str(contact)).split(), *choice)

    if command == "outbox list":  # it needs no row of the table
        assert done.returncode == 0
    else:
        assert "the table contacts no longer has " in done.stdout + done.stderr
        assert done.returncode == {"status --health": 1, "plan": 5}.get(command, 2)
