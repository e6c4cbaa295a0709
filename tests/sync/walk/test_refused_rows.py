"""A row that a constraint or trigger of the user's refuses waits alone; the others go on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from cfsync.hints import Hint
from cfsync.mirror.progress import events
from cfsync.mirror.progress.events import EventSource
from cfsync.sync import passes

BLOCKED = "blocked@example.com"

UNIQUE = ["CREATE UNIQUE INDEX one_email ON contacts (lower(email_address))"]


def check(round_: Any) -> list[str]:
    """A constraint that refuses one email: in SQLite, which adds none to a table, a trigger."""
    if round_.mirror.dialect.name == "postgresql":
        return [f"ALTER TABLE contacts ADD CONSTRAINT mine CHECK (email_address <> '{BLOCKED}')"]
    return triggers(f"SELECT RAISE(ABORT, 'mine') WHERE NEW.email_address = '{BLOCKED}'")


def raising(round_: Any) -> list[str]:
    if round_.mirror.dialect.name == "postgresql":
        return function(f"IF NEW.email_address = '{BLOCKED}' THEN RAISE 'mine'; END IF;")
    return triggers(f"SELECT RAISE(FAIL, 'mine') WHERE NEW.email_address = '{BLOCKED}'")


def raising_as(state: str) -> Callable[[Any], list[str]]:
    """A trigger that says of one row what the server says when transactions are in each other's
    way.
    """

    def own(round_: Any) -> list[str]:
        if round_.mirror.dialect.name == "postgresql":
            raises = f"RAISE 'mine' USING ERRCODE = '{state}'"
            return function(f"IF NEW.email_address = '{BLOCKED}' THEN {raises}; END IF;")
        locked = "SELECT RAISE(ABORT, 'database is locked')"
        return triggers(f"{locked} WHERE NEW.email_address = '{BLOCKED}'")

    return own


def broken(round_: Any) -> list[str]:
    """A trigger that fails in its own statement, for one row only."""
    if round_.mirror.dialect.name == "postgresql":
        return function(
            f"IF NEW.email_address = '{BLOCKED}' THEN INSERT INTO mine VALUES (1); END IF;"
        )
    return triggers(f"SELECT json('mine') WHERE NEW.email_address = '{BLOCKED}'")


def swallowing(round_: Any) -> list[str]:
    """A trigger that skips one row, and says nothing."""
    if round_.mirror.dialect.name == "postgresql":
        return function(f"IF NEW.email_address = '{BLOCKED}' THEN RETURN NULL; END IF;")
    return [
        f"CREATE TRIGGER mine_{op} BEFORE {op} ON contacts WHEN NEW.email_address = '{BLOCKED}'"
        " BEGIN SELECT RAISE(IGNORE); END"
        for op in ("INSERT", "UPDATE")
    ]


def late_or_final(round_: Any) -> list[str]:
    """A trigger that refuses at the commit only; in SQLite one that ends the transaction itself."""
    if round_.mirror.dialect.name == "postgresql":
        create, _ = function(f"IF NEW.email_address = '{BLOCKED}' THEN RAISE 'mine'; END IF;")
        return [
            create,
            "CREATE CONSTRAINT TRIGGER mine AFTER INSERT OR UPDATE ON contacts"
            " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION refuse()",
        ]
    return triggers(f"SELECT RAISE(ROLLBACK, 'mine') WHERE NEW.email_address = '{BLOCKED}'")


def triggers(statement: str) -> list[str]:
    return [
        f"CREATE TRIGGER mine_{op} AFTER {op} ON contacts BEGIN {statement}; END"
        for op in ("INSERT", "UPDATE")
    ]


def function(body: str) -> list[str]:
    return [
        f"CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS"
        f" $$ BEGIN {body} RETURN NEW; END $$",
        "CREATE TRIGGER mine BEFORE INSERT OR UPDATE ON contacts"
        " FOR EACH ROW EXECUTE FUNCTION refuse()",
    ]


def waiting(round_: Any) -> list[tuple[Any, ...]]:
    found: list[tuple[Any, ...]] = round_.sql(
        "SELECT id, reason FROM cf_waiting WHERE kind = 'refused' AND resource = 'contacts'"
    )
    return found


def emails(round_: Any, *ids: int) -> list[str]:
    return [round_.one(f"SELECT email_address FROM contacts WHERE id = {i}") for i in ids]


@pytest.mark.parametrize(
    ("own", "lane"),
    [
        (check, "pull"),
        (raising, "sweep"),
        (broken, "backfill"),
        (broken, "pull"),
        (late_or_final, "pull"),
        *((swallowing, lane) for lane in ("backfill", "pull", "sweep")),
        *((raising_as(state), "pull") for state in ("40001", "40P01", "55P03")),
    ],
)
def test_it_waits_alone_and_is_written_when_nothing_refuses_it(
    round_: Any, own: Callable[[Any], list[str]], lane: str
) -> None:
    if lane != "backfill":
        round_.backfill()
    for statement in own(round_):
        round_.sql(statement)
    blocked, other = round_.world.ids("contacts", round_.workspace)[3:5]
    round_.world.edit("contacts", blocked, email_address=BLOCKED)
    round_.world.edit("contacts", other, first_name="Ann")

    report = getattr(round_, lane)()

    assert report.total("refused") == 1
    ((waits, reason),) = waiting(round_)
    assert waits == blocked
    assert reason.startswith("a constraint or trigger of your own refuses the row: ")
    assert report.is_done
    assert report.exit_code == 5
    assert round_.one(f"SELECT first_name FROM contacts WHERE id = {other}") == "Ann"
    assert round_.sql("SELECT state FROM cf_tombstones WHERE resource = 'contacts'") == []
    since = round_.one("SELECT since FROM cf_waiting WHERE kind = 'refused'")
    again = round_.pull()
    assert (again.exit_code, again.total("refused")) == (5, 1)
    round_.world.edit("contacts", blocked, last_name="X")
    assert round_.pull().total("refused") == 1
    assert round_.one("SELECT since FROM cf_waiting WHERE kind = 'refused'") == since

    drop(round_)
    round_.pull()

    assert waiting(round_) == []
    assert emails(round_, blocked) == [BLOCKED]


def drop(round_: Any) -> None:
    if round_.mirror.dialect.name == "sqlite":
        for op in ("INSERT", "UPDATE"):
            round_.sql(f"DROP TRIGGER mine_{op}")
        return
    round_.sql("DROP TRIGGER IF EXISTS mine ON contacts")
    round_.sql("ALTER TABLE contacts DROP CONSTRAINT IF EXISTS mine")


@pytest.mark.parametrize(
    ("lane", "first", "apart"),
    [("pull", 0, 1), ("pull", 1, 1), ("pull", 0, 30), ("pull", 1, 30), ("sweep", 0, 30)],
)
def test_an_email_that_moves_to_another_contact_needs_no_person(
    round_: Any, lane: str, first: int, apart: int
) -> None:
    round_.backfill()
    round_.sql(*UNIQUE)
    ids = round_.world.ids("contacts", round_.workspace)
    takes, has = (ids[0], ids[apart])[:: 1 if first else -1]
    (email,) = emails(round_, has)
    round_.world.edit("contacts", has, email_address="moved@example.com")
    round_.world.edit("contacts", takes, email_address=email)

    report = getattr(round_, lane)()

    assert emails(round_, takes, has) == [email, "moved@example.com"]
    assert waiting(round_) == []
    assert report.exit_code == 0


@pytest.mark.parametrize(("lane", "apart"), [("pull", 1), ("pull", 30), ("sweep", 30)])
def test_emails_that_two_contacts_swap_need_no_person(round_: Any, lane: str, apart: int) -> None:
    round_.backfill()
    for statement in (*UNIQUE, *check(round_)):
        round_.sql(statement)
    ids = round_.world.ids("contacts", round_.workspace)
    one, other, blocked = ids[0], ids[apart], ids[3]
    before = emails(round_, one, other)
    world = round_.world
    for contact, email in ((one, "for a moment"), (other, before[0]), (one, before[1])):
        world.edit("contacts", contact, email_address=email)
    world.edit("contacts", blocked, email_address=BLOCKED)

    report = getattr(round_, lane)()

    assert emails(round_, one, other) == before[::-1]
    assert [i for i, _ in waiting(round_)] == [blocked]
    assert report.is_done
    assert round_.sql("SELECT * FROM cf_outbox") == []


def test_a_foreign_key_that_is_checked_at_the_commit_refuses_one_row_alone(round_: Any) -> None:
    round_.backfill()
    blocked, other = round_.world.ids("contacts", round_.workspace)[3:5]
    key = "REFERENCES allowed (email) DEFERRABLE INITIALLY DEFERRED"
    round_.sql("CREATE TABLE allowed (email TEXT PRIMARY KEY)")
    round_.sql("INSERT INTO allowed SELECT email_address FROM contacts")
    if round_.mirror.dialect.name == "sqlite":  # as a program that rebuilds tables leaves it
        round_.sql("PRAGMA writable_schema = ON")
        round_.sql(
            "UPDATE sqlite_master SET sql = replace(sql, 'email_address TEXT,',"
            f" 'email_address TEXT {key},') WHERE name = 'contacts'"
        )
        round_.sql("CREATE TABLE others_read_the_schema_again (id)")
    else:
        round_.sql(f"ALTER TABLE contacts ADD FOREIGN KEY (email_address) {key}")
    round_.world.edit("contacts", blocked, email_address=BLOCKED)
    round_.world.edit("contacts", other, first_name="Ann")

    report = round_.pull()

    assert [i for i, _ in waiting(round_)] == [blocked]
    assert report.is_done
    assert round_.one(f"SELECT first_name FROM contacts WHERE id = {other}") == "Ann"

    round_.sql(f"INSERT INTO allowed VALUES ('{BLOCKED}')")
    round_.pull()

    assert waiting(round_) == []
    assert emails(round_, blocked) == [BLOCKED]


def test_an_event_about_a_refused_row_lets_the_others_go_on(round_: Any) -> None:
    round_.backfill()
    for statement in check(round_):
        round_.sql(statement)
    blocked, other = round_.world.ids("contacts", round_.workspace)[3:5]
    round_.world.edit("contacts", blocked, email_address=BLOCKED)
    round_.world.edit("contacts", other, first_name="Ann")
    hints = [
        Hint(f"e{i}", "contact.updated", round_.workspace, "contacts", i) for i in (blocked, other)
    ]
    asyncio.run(
        round_.mirror.write(
            events.save, hints, EventSource.RECEIVER, wanted={"contacts"}, bodies=False
        )
    )

    report = round_.run(passes.events_due, "contacts")

    assert report.is_done
    assert [i for i, _ in waiting(round_)] == [blocked]
    assert round_.one(f"SELECT first_name FROM contacts WHERE id = {other}") == "Ann"


def test_a_merge_of_an_edited_row_waits_alone_too(round_: Any) -> None:
    round_.backfill()
    for statement in raising(round_):
        round_.sql(statement)
    blocked, other = round_.world.ids("contacts", round_.workspace)[3:5]
    round_.sql(f"UPDATE contacts SET last_name = 'Mine' WHERE id = {blocked}")
    round_.world.edit("contacts", blocked, email_address=BLOCKED)
    round_.world.edit("contacts", other, first_name="Ann")

    report = round_.pull()

    assert [i for i, _ in waiting(round_)] == [blocked]
    assert report.is_done
    assert round_.one(f"SELECT first_name FROM contacts WHERE id = {other}") == "Ann"
    assert round_.one("SELECT count(*) FROM cf_outbox WHERE state = 'pending'") == 1


def test_a_deletion_that_a_foreign_key_refuses_waits_alone(round_: Any) -> None:
    round_.backfill()
    kept, other = round_.world.ids("contacts", round_.workspace)[3:5]
    round_.sql("CREATE TABLE own (contact_id BIGINT REFERENCES contacts (id))")
    round_.sql(f"INSERT INTO own VALUES ({kept})")
    if round_.mirror.dialect.name == "sqlite":  # its other programs may not enforce foreign keys
        round_.sql(
            "CREATE TRIGGER own_rows BEFORE DELETE ON contacts"
            " WHEN EXISTS (SELECT 1 FROM own WHERE contact_id = OLD.id)"
            " BEGIN SELECT RAISE(ABORT, 'own rows'); END"
        )
    for contact in (kept, other):
        round_.world.delete("contacts", contact)

    report = round_.sweep()

    assert report.is_done
    assert [i for i, _ in waiting(round_)] == [kept]
    assert kept in round_.ids("contacts")
    assert other not in round_.ids("contacts")

    round_.sql("DELETE FROM own")
    round_.clock.go_on(3600)
    round_.sweep()

    assert waiting(round_) == []
    assert kept not in round_.ids("contacts")


def test_a_deletion_that_a_trigger_skips_waits_alone(round_: Any) -> None:
    round_.backfill()
    kept, other = round_.world.ids("contacts", round_.workspace)[3:5]
    if round_.mirror.dialect.name == "sqlite":
        round_.sql(
            f"CREATE TRIGGER keep BEFORE DELETE ON contacts WHEN OLD.id = {kept}"
            " BEGIN SELECT RAISE(IGNORE); END"
        )
    else:
        round_.sql(
            "CREATE FUNCTION skip() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'"
        )
        round_.sql(
            "CREATE TRIGGER keep BEFORE DELETE ON contacts FOR EACH ROW"
            f" WHEN (OLD.id = {kept}) EXECUTE FUNCTION skip()"
        )
    for contact in (kept, other):
        round_.world.delete("contacts", contact)

    round_.sweep()

    assert [i for i, _ in waiting(round_)] == [kept]
    assert other not in round_.ids("contacts")


def test_a_created_row_that_is_refused_is_tried_again_by_itself(round_: Any) -> None:
    round_.backfill()
    before = len(round_.world.ids("contacts", round_.workspace))
    round_.sql(f"INSERT INTO contacts (email_address) VALUES ('{BLOCKED}')")
    for statement in broken(round_):
        round_.sql(statement)

    for _ in range(2):
        round_.push()
        assert round_.column("SELECT state FROM cf_outbox") == ["parked"]
        round_.pull()

    drop(round_)
    round_.pull()
    round_.push()

    assert round_.column("SELECT state FROM cf_outbox") == ["done"]
    assert len(round_.world.ids("contacts", round_.workspace)) == before + 1
    assert round_.ids("contacts") == round_.world.ids("contacts", round_.workspace)
    assert round_.sql("SELECT kind FROM cf_waiting") == []


def test_an_answer_that_the_row_refuses_parks_its_edit_alone(round_: Any) -> None:
    round_.backfill()
    blocked, other = round_.world.ids("contacts", round_.workspace)[3:5]
    round_.sql(f"UPDATE contacts SET email_address = '{BLOCKED}' WHERE id = {blocked}")
    round_.sql(f"UPDATE contacts SET first_name = 'Ann' WHERE id = {other}")
    for statement in broken(round_):
        round_.sql(statement)

    round_.push()

    states = "SELECT record_id, state FROM cf_outbox"
    assert dict(round_.sql(states)) == {blocked: "parked", other: "done"}

    drop(round_)
    round_.pull()

    assert dict(round_.sql(states)) == {blocked: "done", other: "done"}
    assert round_.sql("SELECT kind FROM cf_waiting") == []


def names_a_missing_table(round_: Any) -> list[str]:
    if round_.mirror.dialect.name == "postgresql":
        return function("INSERT INTO audit VALUES (NEW.id);")
    return triggers("INSERT INTO audit VALUES (NEW.id)")


def test_what_one_trigger_refuses_of_many_rows_is_one_line(round_: Any) -> None:
    round_.backfill()
    upserts = names_a_missing_table(round_)
    for statement in upserts:
        round_.sql(statement)
    for n in range(60):
        round_.world.create("contacts", round_.workspace, email_address=f"many{n}@example.com")

    report = round_.pull("contacts")

    ((record, reason),) = waiting(round_)
    assert report.total("refused") == 60
    assert record is None
    assert reason.startswith("60 rows: a constraint or trigger of your own refuses the row: ")
    assert "audit" in reason
    if round_.mirror.dialect.name == "sqlite":
        assert "the trigger mine_INSERT or mine_UPDATE names the missing table audit" in reason


def test_edits_that_one_trigger_parks_are_one_line(round_: Any) -> None:
    for n in range(60):
        round_.world.create("contacts", round_.workspace, email_address=f"many{n}@example.com")
    round_.backfill()
    round_.sql("UPDATE contacts SET first_name = 'Ann' WHERE email_address LIKE 'many%'")
    for statement in names_a_missing_table(round_):
        round_.sql(statement)
    round_.settings["CFSYNC_PUSH__HOLD_FRACTION"] = "1"

    round_.push("contacts")

    found = round_.sql("SELECT kind, id, reason, command FROM cf_waiting WHERE kind = 'parked'")
    ((_, record, reason, command),) = found
    assert record is None
    assert "audit" in reason
    assert round_.mirror.dialect.name != "sqlite" or "the trigger mine_INSERT" in reason
    assert reason.startswith("60 edits: a constraint or trigger of your own refuses the row: ")
    assert command.endswith("then cfsync outbox retry contacts")
