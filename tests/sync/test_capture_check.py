"""Capture that is gone is noticed by each pass, by doctor and by health, and is put back."""

from __future__ import annotations

import asyncio
import re
import sqlite3
from collections.abc import Callable, Iterator

import pandas
import pytest
from sqlite_utils import Database
from structlog.testing import capture_logs

from cfsync.errors import MirrorError
from cfsync.mirror.capture import installed
from cfsync.mirror.db.engine import Mirror
from cfsync.mirror.db.tables import metadata
from cfsync.mirror.migrate import check, migrate
from cfsync.sync import capture_check, health_facts
from cfsync.sync.decisions import conflicts
from cfsync.sync.inspection import doctor
from cfsync.sync.inspection.status import status
from cfsync.sync.push.planning.plan import plan
from cfsync.sync.selection import Filter
from tests.conftest import POSTGRESQL_ONLY, SQLITE_ONLY, Clock, Sql
from tests.sync.conftest import Round
from tests.sync.inspection.test_verify import differences, verified


@pytest.fixture
def mirror(mirror_url: str, clock: Clock) -> Iterator[Mirror]:
    """On PostgreSQL as the owner, which alone may put triggers back."""
    opened = Mirror.open(
        mirror_url.replace("cfsync_daemon@", "cfsync_owner@"), must_exist=True, clock=clock
    )
    yield opened
    opened.close()


def transformed(sql: Sql) -> None:
    database = Database(sql.path)
    database["contacts"].transform(types={"first_name": str})
    database.conn.close()


def rebuilt(sql: Sql, without: str = "\n") -> None:
    """As an editor, or a migration of Django, changes a table on SQLite."""
    (text,) = sql("SELECT sql FROM sqlite_master WHERE name = 'contacts'")[0]
    sql("PRAGMA legacy_alter_table = ON")
    text = text.replace("CREATE TABLE contacts", "CREATE TABLE new__contacts")
    sql(text.replace(without, ""))
    sql("INSERT INTO new__contacts SELECT * FROM contacts")
    sql("DROP TABLE contacts")
    sql("ALTER TABLE new__contacts RENAME TO contacts")


def dropped(sql: Sql) -> None:
    sql("DROP TRIGGER cf_contacts_after_update")


def disabled(sql: Sql) -> None:
    sql("ALTER TABLE contacts DISABLE TRIGGER ALL")


def replica_only(sql: Sql) -> None:
    sql("ALTER TABLE contacts ENABLE REPLICA TRIGGER cf_contacts_update")


def emptied(sql: Sql) -> None:
    sql(
        "CREATE OR REPLACE FUNCTION cf_contacts_update() RETURNS trigger LANGUAGE plpgsql"
        " AS 'BEGIN RETURN NULL; END'"
    )


WAYS = [
    *(pytest.param("sqlite", way, id=way.__name__) for way in (transformed, rebuilt, dropped)),
    *(
        pytest.param("postgresql", way, id=way.__name__)
        for way in (disabled, replica_only, emptied)
    ),
]


def problems(round_: Round) -> list[str]:
    return asyncio.run(health_facts.problems(round_.mirror, round_.configured()))


@pytest.mark.parametrize(("mirror_url", "switch_off"), WAYS, indirect=["mirror_url"])
def test_the_next_pass_puts_back_what_is_missing_and_says_so_once(
    round_: Round, sql: Sql, switch_off: Callable[[Sql], None]
) -> None:
    round_.backfill()
    contact = round_.ids("contacts")[0]
    switch_off(sql)
    said = problems(round_)
    checked = doctor.capture(asyncio.run(round_.mirror.read(capture_check.problem)))

    with capture_logs() as lines:
        report = round_.pull("contacts")
        again = round_.pull("contacts")
    sql("UPDATE contacts SET first_name = 'Caught' WHERE id = ?", contact)

    assert "cf_contacts_" in "".join(said)
    assert (checked.state, checked.exit_code) == ("todo", 5)
    assert [line["event"] for line in lines].count("capture.restored") == 1
    assert "put back" in report.problems[0]
    assert "put back" not in "".join(again.problems)
    assert [row[:3] for row in sql.outbox()] == [("update", "contacts", contact)]
    assert asyncio.run(round_.mirror.read(capture_check.restored)) == 1


@pytest.mark.parametrize(("mirror_url", "switch_off"), WAYS, indirect=["mirror_url"])
def test_what_changed_while_capture_was_off_is_neither_lost_nor_sent(
    round_: Round, sql: Sql, switch_off: Callable[[Sql], None]
) -> None:
    round_.backfill()
    contact = round_.ids("contacts")[0]
    switch_off(sql)
    sql("UPDATE contacts SET first_name = 'Uncaught' WHERE id = ?", contact)

    round_.push()
    round_.world.edit("contacts", contact, last_name="There")
    round_.pull("contacts")
    swept = round_.sweep("contacts")
    found = verified(round_, "contacts")

    assert swept.exit_code == found.exit_code == 5
    assert differences(found) == {("contacts", contact, "drift", ("first_name",))}
    assert sql("SELECT kind, field, state FROM cf_conflicts") == [("drift", "first_name", "open")]
    assert sql("SELECT first_name, last_name FROM contacts WHERE id = ?", contact) == [
        ("Uncaught", "There")
    ]
    assert sql.outbox() == []
    assert round_.world.ledger.writes() == []


@SQLITE_ONLY
def test_a_table_that_pandas_has_replaced_is_named_and_left_alone(round_: Round, sql: Sql) -> None:
    round_.backfill()
    contact = round_.ids("contacts")[0]
    frame = pandas.read_sql("SELECT * FROM contacts", sql.conn)
    frame.loc[frame["id"] == contact, "first_name"] = "Uncaught"
    frame.to_sql("contacts", sql.conn, if_exists="replace", index=False)

    for run in (round_.push, round_.sweep, round_.pull):
        with pytest.raises(MirrorError, match=r"the table contacts no longer has .* run cfsync"):
            run("contacts")

    assert sql("SELECT first_name FROM contacts WHERE id = ?", contact) == [("Uncaught",)]
    assert round_.world.ledger.writes() == []


@POSTGRESQL_ONLY
def test_a_role_that_may_not_put_it_back_says_who_may(
    round_: Round, mirror_url: str, clock: Clock, sql: Sql
) -> None:
    round_.backfill()
    disabled(sql)
    round_.mirror = Mirror.open(mirror_url, must_exist=True, clock=clock)

    with capture_logs() as lines:
        reports = [round_.pull("contacts") for _ in range(2)]
    round_.mirror.close()

    assert all(r.state == "done" and "cfsync migrate" in r.problems[0] for r in reports)
    assert [line["event"] for line in lines].count("capture.lost") == 1


@POSTGRESQL_ONLY
def test_a_role_whose_sessions_run_no_trigger_is_named(round_: Round, sql: Sql) -> None:
    sql("ALTER ROLE cfsync_app SET session_replication_role = replica")
    try:
        (problem,) = problems(round_)
    finally:
        sql("ALTER ROLE cfsync_app RESET session_replication_role")

    assert "session_replication_role=replica of role cfsync_app" in problem
    assert problems(round_) == []


def test_a_whole_capture_is_no_problem(round_: Round) -> None:
    assert asyncio.run(round_.mirror.read(capture_check.problem)) == ""
    assert doctor.capture("").state == "ok"


@SQLITE_ONLY
def test_an_id_that_lost_its_default_is_named_until_it_has_it_again(
    round_: Round, sql: Sql
) -> None:
    rebuilt(sql, " AUTOINCREMENT")

    round_.pull("contacts")
    with pytest.raises(sqlite3.IntegrityError, match="counter of new ids"):
        sql("INSERT INTO contacts (first_name) VALUES ('Ada')")

    assert "default of contacts.id: INSERTs are refused" in "".join(problems(round_))


@SQLITE_ONLY
def test_after_a_rebuild_a_new_row_gets_a_provisional_id(round_: Round, sql: Sql) -> None:
    sql("DELETE FROM sqlite_sequence")
    rebuilt(sql)

    round_.pull("contacts")
    sql("INSERT INTO contacts (first_name) VALUES ('Ada')")

    assert sql("SELECT max(id) FROM contacts") == [(900000000000001,)]


@SQLITE_ONLY
@pytest.mark.parametrize(
    "changes",
    [
        ["ALTER TABLE contacts ADD COLUMN level INTEGER"],
        ["ALTER TABLE contacts RENAME COLUMN note TO remark"],
        [
            "DROP TRIGGER cf_own_contacts_before_insert",
            "DROP TRIGGER cf_own_contacts_after_insert",
            "ALTER TABLE contacts DROP COLUMN note",
        ],
    ],
    ids=["added", "renamed", "dropped"],
)
def test_a_change_of_users_own_columns_is_learnt_and_no_loss(
    round_: Round, sql: Sql, changes: list[str]
) -> None:
    round_.backfill()
    contact = round_.ids("contacts")[0]
    sql("ALTER TABLE contacts ADD COLUMN note TEXT")
    sql("ALTER TABLE contacts ADD COLUMN score INTEGER")
    round_.pull("contacts")
    for statement in changes:
        sql(statement)
    said = problems(round_)
    with capture_logs() as lines:
        report = round_.pull("contacts")
    sql("UPDATE contacts SET score = 7 WHERE id = ?", contact)
    learnt = sql("SELECT name, sql FROM sqlite_master WHERE type = 'trigger' ORDER BY name")

    sql("INSERT OR REPLACE INTO contacts (id, first_name) VALUES (?, 'Replaced')", contact)
    round_.pull("contacts")

    assert sql("SELECT score FROM contacts WHERE id = ?", contact) == [(7,)]
    assert said == problems(round_) == []
    assert "put back" not in "".join(report.problems)
    assert not [line for line in lines if line["event"].startswith("capture.")]
    assert sql("SELECT name, sql FROM sqlite_master WHERE type = 'trigger' ORDER BY name") == learnt


@SQLITE_ONLY
def test_a_rebuilt_table_keeps_users_own_columns_again_and_learns_their_change(
    round_: Round, sql: Sql
) -> None:
    round_.backfill()
    contact = round_.ids("contacts")[0]
    sql("ALTER TABLE contacts ADD COLUMN note TEXT")
    round_.pull("contacts")
    sql("UPDATE contacts SET note = 'kept' WHERE id = ?", contact)

    rebuilt(sql)
    round_.pull("contacts")
    sql("INSERT OR REPLACE INTO contacts (id, first_name) VALUES (?, 'Replaced')", contact)

    sql("ALTER TABLE contacts RENAME COLUMN note TO remark")
    report = round_.pull("contacts")

    assert sql("SELECT remark FROM contacts WHERE id = ?", contact) == [("kept",)]
    assert "put back" not in "".join(report.problems)
    assert problems(round_) == []


def test_a_table_without_its_columns_is_named(round_: Round, sql: Sql) -> None:
    round_.backfill()
    if sql.is_sqlite:
        sql("ALTER TABLE contact_tags RENAME TO mine")
        sql("CREATE TABLE contact_tags AS SELECT id, name FROM mine")
    else:
        sql("ALTER TABLE contact_tags DROP COLUMN color")

    with pytest.raises(Exception, match=r"the table contact_tags no longer has .*color") as error:
        round_.pull("contact_tags")

    assert error.value.exit_code == 2  # type: ignore[attr-defined]
    assert round_.pull("contacts").is_done


def test_other_tables_are_captured_again_while_one_lacks_columns(round_: Round, sql: Sql) -> None:
    round_.backfill()
    contact, tag = (round_.world.create(t, round_.workspace) for t in ("contacts", "contact_tags"))
    round_.pull()
    if sql.is_sqlite:
        sql("ALTER TABLE contact_tags RENAME TO mine")
        sql("CREATE TABLE contact_tags AS SELECT id, name FROM mine")
        dropped(sql)
    else:
        sql("ALTER TABLE contact_tags DROP COLUMN color")
        disabled(sql)

    round_.world.edit("contacts", contact, last_name="There")
    pulled = round_.pull()
    swept = round_.sweep()
    sql("UPDATE contacts SET first_name = 'Caught' WHERE id = ?", contact)

    assert [row[:3] for row in sql.outbox()] == [("update", "contacts", contact)]
    assert "contact_tags no longer has" in "".join(problems(round_))
    assert sql("SELECT last_name FROM contacts WHERE id = ?", contact) == [("There",)]
    for report in (pulled, swept, round_.push()):
        assert (report.state, report.exit_code) == ("failed", 2)
        assert "contact_tags no longer has" in report.problems[0]
        assert report.problems[-1] == "left out: contact_tags"
    assert (round_.world.get("contacts", contact) or {})["first_name"] == "Caught"

    if sql.is_sqlite:
        sql("DROP TABLE contact_tags")
        sql("PRAGMA legacy_alter_table = ON")
        sql("ALTER TABLE mine RENAME TO contact_tags")
    else:
        sql("ALTER TABLE contact_tags ADD COLUMN color TEXT")
    round_.pull("contacts")
    sql("UPDATE contact_tags SET name = 'Caught too' WHERE id = ?", tag)

    assert [row[:3] for row in sql.outbox()][-1] == ("update", "contact_tags", tag)
    round_.pull()
    round_.sweep()
    round_.push()
    assert problems(round_) == []


def test_a_lost_column_is_put_right_by_the_commands_that_the_message_names(
    round_: Round, sql: Sql
) -> None:
    tag = round_.world.create("contact_tags", round_.workspace, color="#ff0000")
    round_.backfill()
    if sql.is_sqlite:
        found = "SELECT type, name FROM sqlite_master WHERE type IN ('trigger', 'view')"
        for kind, name in sql(found):
            sql(f"DROP {kind} IF EXISTS {name}")
    sql("ALTER TABLE contact_tags DROP COLUMN color")

    with pytest.raises(MirrorError) as error:
        round_.pull("contact_tags")

    lost = "the table contact_tags no longer has color as cfsync made it"
    said = re.search(f"{lost}: (.*), then (.* --remote)", str(error.value))
    assert said
    add, commands = said.groups()
    assert commands == (
        "cfsync pull contact_tags, cfsync sweep contact_tags and cfsync conflicts resolve"
        " contact_tags --field color --remote"
    )
    sql(add)
    round_.pull("contact_tags")
    round_.sweep("contact_tags")
    given, whose = Filter(field="color"), ("remote", None)
    asyncio.run(
        conflicts.resolve_all(round_.mirror, ["contact_tags"], given, whose, lambda _: None)
    )
    assert sql("SELECT color FROM contact_tags WHERE id = ?", tag) == [("#ff0000",)]
    assert differences(verified(round_, "contact_tags")) == set()
    assert problems(round_) == []


def test_a_missing_table_is_named_with_what_helps_and_the_rest_is_shown(
    round_: Round, sql: Sql, mirror_url: str
) -> None:
    round_.backfill()
    contact = round_.ids("contacts")[0]
    sql("UPDATE contacts SET first_name = 'Here' WHERE id = ?", contact)
    sql("DROP TABLE images" if sql.is_sqlite else "DROP TABLE images CASCADE")

    shown = asyncio.run(status(round_.mirror, round_.configured()))
    planned = asyncio.run(plan(round_.mirror, round_.configured()))
    migrated = migrate(mirror_url.replace("cfsync_daemon@", "cfsync_owner@"))

    problem = f"the table images is missing: {capture_check.RESTORE}"
    assert shown.capture_problem == planned.capture_problem == problem
    assert capture_check.describe(migrated.lost) == problem
    assert shown.exit_code == planned.exit_code == 5
    assert shown.resources["contacts"].rows > 0
    assert [record.record_id for record in planned.records] == [contact]


def test_a_missing_table_of_a_resource_that_is_switched_off_ends_no_status(
    round_: Round, sql: Sql
) -> None:
    round_.settings["CFSYNC_RESOURCES__IMAGES__ENABLED"] = "false"
    sql("DROP TABLE images" if sql.is_sqlite else "DROP TABLE images CASCADE")

    shown = asyncio.run(status(round_.mirror, round_.configured()))

    assert "images" not in shown.resources
    assert "the table images is missing" in shown.capture_problem


@pytest.mark.parametrize(("mirror_url", "switch_off"), WAYS, indirect=["mirror_url"])
def test_status_and_plan_say_that_edits_are_not_captured(
    round_: Round, sql: Sql, switch_off: Callable[[Sql], None]
) -> None:
    round_.backfill()
    before = asyncio.run(status(round_.mirror, round_.configured()))
    switch_off(sql)

    shown = asyncio.run(status(round_.mirror, round_.configured()))
    planned = asyncio.run(plan(round_.mirror, round_.configured()))

    assert (before.capture_problem, before.exit_code) == ("", 0)
    assert shown.capture_problem == planned.capture_problem
    assert "edits may not be captured" in shown.capture_problem
    assert shown.exit_code == planned.exit_code == 5


def test_a_view_that_is_gone_is_named_until_a_migration_puts_it_back(
    mirror: Mirror, round_: Round, sql: Sql, mirror_url: str
) -> None:
    mirror.diagnose = capture_check.diagnosis
    sql("DROP VIEW cf_waiting")

    with pytest.raises(MirrorError, match="view cf_waiting: the next pass puts it back"):
        asyncio.run(status(mirror, round_.configured()))
    assert migrate(mirror_url.replace("cfsync_daemon@", "cfsync_owner@")).lost == ()

    assert asyncio.run(status(mirror, round_.configured())).capture_problem == ""


def test_each_table_of_the_bookkeeping_that_is_gone_is_named(
    mirror: Mirror, sql: Sql, mirror_url: str
) -> None:
    url = mirror_url.replace("cfsync_daemon@", "cfsync_owner@")
    for name in sorted({t.name for t in metadata.tables.values() if t.name.startswith("cf_")}):
        if name == "cf_secrets":
            continue
        sql(f"DROP TABLE {name}" if sql.is_sqlite else f"DROP TABLE {name} CASCADE")

        words = f"no longer has .*{name}: restore a backup and run cfsync recover"
        with pytest.raises(MirrorError, match=words):
            asyncio.run(check(mirror))
        with pytest.raises(MirrorError, match=words):
            migrate(url)


@pytest.mark.parametrize("column", ["cf_outbox.batch", "cf_outbox.record_id", "cf_meta.value"])
def test_a_column_of_the_bookkeeping_that_is_gone_is_named(
    mirror: Mirror, round_: Round, sql: Sql, mirror_url: str, column: str
) -> None:
    mirror.diagnose = capture_check.diagnosis
    table, _, name = column.partition(".")
    if sql.is_sqlite:
        sql("PRAGMA legacy_alter_table = ON")
        kept = [c for (c,) in sql("SELECT name FROM pragma_table_info(?)", table) if c != name]
        sql(f"CREATE TABLE new AS SELECT {', '.join(kept)} FROM {table}")
        sql(f"DROP TABLE {table}")
        sql(f"ALTER TABLE new RENAME TO {table}")
    else:
        sql(f"ALTER TABLE {table} DROP COLUMN {name} CASCADE")

    words = f"no longer has the column {column}: restore a backup and run cfsync recover"
    with pytest.raises(MirrorError, match=words) as error:
        asyncio.run(check(mirror))
    with pytest.raises(MirrorError, match=words):
        migrate(mirror_url.replace("cfsync_daemon@", "cfsync_owner@"))
    with pytest.raises(MirrorError, match=words):  # a command that ran before it was gone
        asyncio.run(plan(mirror, round_.configured()))
    assert error.value.exit_code == 2


@pytest.mark.parametrize("table", ["cf_base", "cf_checkpoints"])
def test_a_table_of_the_bookkeeping_without_its_key_is_named(
    round_: Round, sql: Sql, table: str
) -> None:
    if sql.is_sqlite:
        sql("PRAGMA legacy_alter_table = ON")
        sql(f"CREATE TABLE new AS SELECT * FROM {table}")
        sql(f"DROP TABLE {table}")
        sql(f"ALTER TABLE new RENAME TO {table}")
        remedy = "restore a backup and run cfsync recover"
    else:
        sql(f"ALTER TABLE {table} DROP CONSTRAINT {table}_pkey")
        remedy = rf'run ALTER TABLE {table} ADD PRIMARY KEY \("resource", '

    with pytest.raises(MirrorError, match=f"{table} has lost its primary key: {remedy}") as error:
        round_.backfill("contacts")

    assert error.value.exit_code == 2
    assert "\n" not in str(error.value)


def test_a_mirror_without_its_revision_is_no_other_programs(sql: Sql, mirror_url: str) -> None:
    sql("DROP TABLE cf_schema")

    with pytest.raises(MirrorError, match="the database no longer has cf_schema: restore"):
        migrate(mirror_url.replace("cfsync_daemon@", "cfsync_owner@"))


@POSTGRESQL_ONLY
@pytest.mark.parametrize("lost", ["DROP IDENTITY", "SET DEFAULT 5", "SET GENERATED ALWAYS"])
def test_an_id_gets_its_default_again(round_: Round, sql: Sql, lost: str) -> None:
    round_.backfill()
    first = sql("INSERT INTO contacts (first_name) VALUES ('Ada') RETURNING id")[0][0]
    if lost == "SET DEFAULT 5":
        sql("ALTER TABLE contacts ALTER COLUMN id DROP IDENTITY")
    sql(f"ALTER TABLE contacts ALTER COLUMN id {lost}")

    round_.pull("contacts")
    second = sql("INSERT INTO contacts (first_name) VALUES ('Bea') RETURNING id")[0][0]

    assert second == first + 1
    assert problems(round_) == []


def test_what_differs_is_named() -> None:
    noted = {"trigger a on t": "1", "view v": "2", "column t.id": "key"}

    found = installed.compare(
        noted, {"trigger a on t": "0", "column t.id": "text", "setting s": ""}
    )

    assert found == ["column t.id", "setting s", "trigger a on t", "view v"]
    assert installed.restorable(found) == ["view v"]
    assert installed.unusable_tables(found) == {"t": ["id"]}


def test_what_belongs_to_a_table_without_its_columns_stays_away() -> None:
    lost = ["column contacts.id", "function cf_contacts_update", "function cf_contact_tags_update"]
    lost += ["trigger a on contacts", "trigger a on forms", "identity of contacts.id"]
    lost += ["identity of forms.id", "view contact_tag_links", "view cf_waiting"]
    lost += ["trigger a on contact_tag_links", "function cf_contact_tag_links", "view visits"]

    assert installed.restorable(lost) == [
        "function cf_contact_tags_update",
        "trigger a on forms",
        "identity of forms.id",
        "view cf_waiting",
    ]
    assert installed.without_ids(lost) == ["forms"]


def reset(sql: Sql, table: str = "contacts", last: int = 0) -> None:
    """As a restored dump, RESTART IDENTITY or a person leaves the counter of ids."""
    if not sql.is_sqlite:
        sql(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), {last or 1}, {last > 0})")
    elif last:
        sql("UPDATE sqlite_sequence SET seq = ? WHERE name = ?", last, table)
    else:
        sql("DELETE FROM sqlite_sequence WHERE name = ?", table)


@pytest.mark.parametrize("last", [0, 5, 900000000000000])
def test_a_counter_of_ids_that_was_reset_is_said_and_put_back(
    round_: Round, sql: Sql, last: int
) -> None:
    round_.backfill()
    sql("INSERT INTO contacts (first_name) VALUES ('Ada')")
    sql("INSERT INTO contacts (first_name) VALUES ('Bea')")
    round_.push()
    assert problems(round_) == []
    reset(sql, last=last)

    said = "".join(problems(round_))
    used = "exists in ClickFunnels now"
    says_used = last >= 900000000000000 and not sql.is_sqlite
    with pytest.raises(Exception, match=used if says_used else "reset; run cfsync migrate"):
        sql("INSERT INTO contacts (first_name) VALUES ('Cleo')")
    report = round_.pull("contacts")
    sql("INSERT INTO contacts (first_name) VALUES ('Cleo')")

    assert "INSERTs are refused: reset: counter of contacts.id" in said
    assert "counter of contacts.id" in report.problems[0]
    assert sql("SELECT max(id) FROM contacts") == [(900000000000003,)]
    assert problems(round_) == []


def test_migrate_puts_a_counter_of_ids_back(round_: Round, sql: Sql, mirror_url: str) -> None:
    round_.backfill()
    assert not migrate(mirror_url.replace("cfsync_daemon@", "cfsync_owner@")).changed
    reset(sql)

    assert migrate(mirror_url.replace("cfsync_daemon@", "cfsync_owner@")).changed
    sql("INSERT INTO contacts (first_name) VALUES ('Ada')")

    assert sql("SELECT max(id) FROM contacts") == [(900000000000001,)]


SWALLOWING = {
    "sqlite": [
        "CREATE TRIGGER mine BEFORE INSERT ON cf_outbox BEGIN SELECT RAISE(IGNORE); END",
    ],
    "postgresql": [
        "CREATE FUNCTION mine() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
        "CREATE TRIGGER mine BEFORE INSERT ON cf_outbox FOR EACH ROW EXECUTE FUNCTION mine()",
    ],
}


def test_a_trigger_on_a_table_of_cfsync_is_named_until_it_is_gone(round_: Round, sql: Sql) -> None:
    round_.backfill()
    for statement in SWALLOWING["sqlite" if sql.is_sqlite else "postgresql"]:
        sql(statement)

    said = problems(round_)
    with capture_logs() as lines:
        report = round_.pull("contacts")
    checked = doctor.capture(asyncio.run(round_.mirror.read(capture_check.problem)))
    sql("DROP TRIGGER mine" if sql.is_sqlite else "DROP TRIGGER mine ON cf_outbox")

    assert "the trigger mine on cf_outbox is not cfsync's" in "".join(said)
    assert "mine" in report.problems[0]
    assert [x["reason"] for x in lines if x["event"] == "capture.lost"] == [report.problems[0]]
    assert (checked.state, checked.exit_code) == ("todo", 5)
    assert problems(round_) == []


@POSTGRESQL_ONLY
@pytest.mark.parametrize("action", ["NOTHING", "DELETE FROM cf_daemons"])
@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO contacts (first_name) VALUES ('Ada')",
        "UPDATE contacts SET first_name = 'Ada'",
        "DELETE FROM contacts",
    ],
)
def test_a_statement_that_a_rule_would_keep_from_being_captured_is_refused_in_a_few_lines(
    round_: Round, sql: Sql, app_sql: Sql, action: str, statement: str
) -> None:
    round_.backfill()
    sql(f"CREATE RULE mine AS ON INSERT TO cf_outbox DO INSTEAD {action}")

    with pytest.raises(Exception, match="the rule mine on cf_outbox is not cfsync's") as error:
        app_sql(statement)
    sql("DROP RULE mine ON cf_outbox")

    assert len(str(error.value)) < 400
    app_sql(statement)
    assert sql.outbox()


@POSTGRESQL_ONLY
def test_a_rule_on_a_table_of_cfsync_is_named(round_: Round, sql: Sql) -> None:
    sql("CREATE RULE mine AS ON INSERT TO cf_outbox DO INSTEAD NOTHING")

    assert "the rule mine on cf_outbox is not cfsync's" in "".join(problems(round_))


@SQLITE_ONLY
@pytest.mark.parametrize(
    "change",
    ["DELETE FROM cf_writer", "UPDATE cf_writer SET mark = 7", "INSERT INTO cf_writer VALUES (3)"],
)
def test_the_mark_of_the_writer_is_put_back(round_: Round, sql: Sql, change: str) -> None:
    round_.backfill()
    contact = round_.ids("contacts")[0]
    sql(change)

    said = "".join(problems(round_))
    round_.pull("contacts")
    sql("UPDATE contacts SET first_name = 'Caught' WHERE id = ?", contact)

    assert "mark of cf_writer" in said
    assert problems(round_) == []
    assert sql("SELECT mark FROM cf_writer") == [(0,)]
    assert [row[:3] for row in sql.outbox()] == [("update", "contacts", contact)]


@SQLITE_ONLY
def test_an_edit_is_captured_while_the_mark_of_the_writer_is_missing(
    round_: Round, sql: Sql
) -> None:
    round_.backfill()
    contact = round_.ids("contacts")[0]
    sql("DELETE FROM cf_writer")

    sql("UPDATE contacts SET first_name = 'Caught' WHERE id = ?", contact)

    assert [row[:3] for row in sql.outbox()] == [("update", "contacts", contact)]


def without_key(sql: Sql) -> None:
    sql("ALTER TABLE contacts DROP CONSTRAINT contacts_pkey")


def has_key(sql: Sql) -> bool:
    found = sql("SELECT conname FROM pg_constraint WHERE contype = 'p' AND conname ~ '^contacts_'")
    return bool(found)


def seen_everywhere(round_: Round) -> set[str]:
    """What plan, status, health and doctor say of the capture."""
    configured = round_.configured()
    shown = asyncio.run(status(round_.mirror, configured)).capture_problem
    planned = asyncio.run(plan(round_.mirror, configured)).capture_problem
    checked = doctor.capture(asyncio.run(round_.mirror.read(capture_check.problem)))
    return {shown, planned, checked.text, *problems(round_)}


@POSTGRESQL_ONLY
def test_the_next_pass_of_the_owner_puts_a_primary_key_back(round_: Round, sql: Sql) -> None:
    round_.backfill()
    without_key(sql)
    (said,) = seen_everywhere(round_)

    report = round_.pull("contacts")

    assert "contacts.id is no longer the primary key: the next pass puts it back" in said
    assert 'ALTER TABLE "contacts" ADD PRIMARY KEY (id)' in said
    assert report.is_done
    assert "key of contacts.id" in report.problems[0]
    assert has_key(sql)
    assert problems(round_) == []


@POSTGRESQL_ONLY
def test_a_role_that_may_not_put_a_primary_key_back_leaves_out_this_table_alone(
    round_: Round, mirror_url: str, clock: Clock, sql: Sql
) -> None:
    round_.backfill()
    contact, tag = (round_.world.create(t, round_.workspace) for t in ("contacts", "contact_tags"))
    without_key(sql)
    owner, round_.mirror = round_.mirror, Mirror.open(mirror_url, must_exist=True, clock=clock)

    (said,) = seen_everywhere(round_)
    pulled = round_.pull()
    with pytest.raises(MirrorError, match="no longer the primary key: run cfsync migrate as the"):
        round_.pull("contacts")
    round_.mirror.close()
    round_.mirror = owner

    assert (pulled.state, pulled.exit_code) == ("failed", 2)
    assert said in pulled.problems[0]
    assert pulled.problems[-1] == "left out: contacts"
    assert tag in round_.ids("contact_tags")
    assert migrate(mirror_url.replace("cfsync_daemon@", "cfsync_owner@")).lost == ()
    assert round_.pull().is_done
    assert contact in [i for (i,) in sql("SELECT id FROM contacts")]


@POSTGRESQL_ONLY
def test_doubled_ids_are_named_and_deleting_a_doubled_row_is_no_edit(
    round_: Round, sql: Sql
) -> None:
    round_.backfill()
    contact = round_.ids("contacts")[0]
    without_key(sql)
    disabled(sql)
    sql("INSERT INTO contacts SELECT * FROM contacts WHERE id = ?", contact)

    with pytest.raises(MirrorError, match=f"several rows have the ids {contact}: delete all but"):
        round_.pull("contacts")
    (said,) = seen_everywhere(round_)
    sql("DELETE FROM contacts WHERE ctid = (SELECT max(ctid) FROM contacts WHERE id = ?)", contact)
    report = round_.pull("contacts")
    round_.push()

    assert f"several rows have the ids {contact}" in said
    assert report.is_done
    assert has_key(sql)
    assert problems(round_) == sql.outbox() == round_.world.ledger.writes() == []


@POSTGRESQL_ONLY
def test_a_primary_key_on_other_columns_is_named_with_the_statement_that_mends_it(
    round_: Round, sql: Sql
) -> None:
    round_.backfill()
    without_key(sql)
    sql("ALTER TABLE contacts ADD CONSTRAINT mine PRIMARY KEY (id, workspace_id)")

    with pytest.raises(MirrorError, match="no longer the primary key") as error:
        round_.pull("contacts")
    sql(str(error.value).partition("tables: ")[2])

    assert "DROP CONSTRAINT mine, ADD PRIMARY KEY (id)" in str(error.value)
    assert round_.pull("contacts").is_done
    assert problems(round_) == []
