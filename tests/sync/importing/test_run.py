"""What an import makes of the rows, and of rows that can't be written."""

from __future__ import annotations

import asyncio
import json
import re
from typing import Any

import pytest

from cfsync.errors import UsageError
from cfsync.mirror.db.engine import Mirror, Tx
from cfsync.mirror.db.errors import Busy
from cfsync.mirror.history.person import person
from cfsync.mirror.privacy import purge
from cfsync.mirror.retention import prune
from cfsync.resources import RESOURCES
from cfsync.sync.decisions import outbox
from cfsync.sync.importing import run
from cfsync.sync.importing.compare import Kind
from cfsync.sync.importing.report import Report
from cfsync.sync.selection import Filter
from tests.conftest import POSTGRESQL_ONLY, Sql
from tests.mirror.conftest import Daemon
from tests.sync.importing.conftest import Importing

GRACE = {
    "id": 6,
    "workspace_id": 10,
    "email_address": "Grace@Example.com",
    "first_name": "Grace",
    "uuid": "u6",
    "custom_attributes": {},
    "tag_ids": [],
}

PULL = "if ClickFunnels has it, run cfsync pull"


@pytest.fixture
def people(daemon: Daemon, ada: int) -> int:
    """Ada (5) and Grace (6), in workspace 10, with the tags 1, 2 and 3."""
    daemon("contacts", GRACE)
    for number, name in ((1, "VIP"), (2, "Buyer"), (3, "Guest")):
        daemon("contact_tags", {"id": number, "workspace_id": 10, "name": name})
    return ada


def counts(found: Report) -> dict[str, int]:
    return {str(kind): n for kind, n in found.counts.items()}


def named(found: Report, kind: Kind = Kind.REFUSED) -> list[tuple[int, str]]:
    return found.named.get(kind, [])


def contact(sql: Sql, record_id: int, *columns: str) -> tuple[Any, ...]:
    (row,) = sql(f"SELECT {', '.join(columns)} FROM contacts WHERE id = {record_id}")
    return tuple(json.loads(v) if isinstance(v, str) and v[:1] in "[{" else v for v in row)


def test_rows_become_edits(imported: Importing, people: int, sql: Sql) -> None:
    text = (
        "Email Address,First Name,Last Name\n"
        " ADA@example.com ,Ada,\n"
        "grace@example.com,Grace,Hopper\n"
        "new@example.com,=SUM(A1),O'Neil\n"
    )

    seen = imported(text, dry_run=True)
    assert sql.outbox() == []
    done = imported(text)

    assert counts(seen) == counts(done) == {"unchanged": 1, "changed": 1, "new": 1}
    (update, insert) = sql.outbox()
    assert update == ("update", "contacts", 6, {"last_name": [None, "Hopper"]})
    assert insert[:2] == ("insert", "contacts")
    assert insert[3] == {
        "workspace_id": [None, 10],
        "email_address": [None, "new@example.com"],
        "first_name": [None, "=SUM(A1)"],
        "last_name": [None, "O'Neil"],
    }
    assert sql("SELECT DISTINCT db_user, application FROM cf_outbox") == [
        (person(), f"cfsync import {done.number}")
    ]
    assert counts(imported(text)) == {"unchanged": 3}
    assert len(sql.outbox()) == 2


def test_a_row_that_cannot_be_written_stops_no_other(
    imported: Importing, people: int, sql: Sql
) -> None:
    lines = [
        json.dumps({"email_address": f"p{n}@example.com", "tag_ids": [99 if n in (3, 40) else 1]})
        for n in range(50)
    ]

    found = imported("\n".join(lines))

    assert counts(found) == {"new": 48, "refused": 2}
    assert [line for line, _ in named(found)] == [4, 41]
    assert named(found)[0][1] == f"tag_ids: the mirror has no contact_tags 99; {PULL} contact_tags"
    assert len(sql.outbox()) == 48
    assert sql("SELECT count(*) FROM contacts WHERE id > 9") == [(48,)]


def test_a_constraint_of_the_user_refuses_one_row(
    imported: Importing, people: int, sql: Sql
) -> None:
    if sql.is_sqlite:
        sql(
            "CREATE TRIGGER no_bob BEFORE INSERT ON contacts WHEN NEW.first_name = 'Bob'"
            " BEGIN SELECT RAISE(ROLLBACK, 'no Bob'); END"
        )
    else:
        sql("ALTER TABLE contacts ADD CONSTRAINT no_bob CHECK (first_name <> 'Bob')")

    found = imported("email_address,first_name\na@x.example,Al\nb@x.example,Bob\nc@x.example,Cy\n")

    assert counts(found) == {"new": 2, "refused": 1}
    ((line, words),) = named(found)
    assert line == 3
    assert re.search("no.Bob", words, re.IGNORECASE)
    assert sql("SELECT first_name FROM contacts WHERE id > 9 ORDER BY id") == [("Al",), ("Cy",)]


@pytest.mark.parametrize(
    ("columns", "values", "words"),
    [
        ("email_address", "no address", "must be an email address"),
        ("email_address", "a b@x.example", "must be an email address"),
        ("email_address,first_name", ",Ann", "has no email_address"),
        ("email_address,first_name", "a@x.example,a\0b", "must be text in UTF-8, without NUL"),
        ("email_address,tag_ids", "a@x.example,7", "must be a JSON list of ids"),
        ("email_address,tag_ids", "a@x.example,VIP;Buyer", "must be a JSON list of ids"),
        ("email_address,workspace_id", "ada@example.com,11", "given in the INSERT and read-only"),
    ],
)
def test_a_value_that_its_column_cannot_take(
    imported: Importing, people: int, sql: Sql, columns: str, values: str, words: str
) -> None:
    found = imported(f"{columns}\n{values}\n", dry_run=True)

    ((line, reason),) = named(found)
    assert line == 2
    assert words in reason
    assert "x.example" not in reason.replace("ada@example.com", "")


def test_blank_values_keep_or_clear(imported: Importing, people: int, sql: Sql) -> None:
    text = "email_address,first_name,custom_attributes.colour\nada@example.com,,\n"

    assert counts(imported(text)) == {"unchanged": 1}
    assert counts(imported(text, clear=True)) == {"changed": 1}
    assert contact(sql, 5, "first_name", "custom_attributes") == (None, {"colour": "", "size": "m"})
    assert counts(imported(text, clear=True)) == {"unchanged": 1}


def test_attributes_are_set_key_by_key(imported: Importing, people: int, sql: Sql) -> None:
    text = "email_address,T-Shirt Size,colour\nada@example.com,XL,red\n"

    imported(text, rest="custom_attributes")

    attributes = {"colour": "red", "size": "m", "t_shirt_size": "XL"}
    assert contact(sql, 5, "custom_attributes") == (attributes,)


def test_tags_are_added_by_name(imported: Importing, people: int, sql: Sql) -> None:
    text = "email_address\nada@example.com\nnew@example.com\n"

    found = imported(text, tags="Guest; VIP")

    assert counts(found) == {"changed": 1, "new": 1}
    assert contact(sql, 5, "tag_ids") == ([1, 2, 3],)
    assert sql.outbox()[1][3]["tag_ids"] == [None, [1, 3]]


def test_an_unknown_tag_is_refused_or_made(imported: Importing, people: int, sql: Sql) -> None:
    text = "email_address\nada@example.com\n"

    with pytest.raises(UsageError, match="has no 'vip'; did you mean 'VIP'"):
        imported(text, tags="vip")
    assert sql.outbox() == []
    found = imported(text, tags="vip", create_tags=True)

    assert found.new_members == ["vip"]
    ((tag,),) = sql("SELECT id FROM contact_tags WHERE name = 'vip'")
    assert contact(sql, 5, "tag_ids") == ([1, 2, tag],)
    assert counts(imported(text, tags="vip", create_tags=True)) == {"unchanged": 1}


def test_what_has_no_tags_gets_none(imported: Importing, people: int) -> None:
    with pytest.raises(UsageError, match="--tags: discounts have none"):
        imported("code\nSPRING\n", into="discounts", tags="VIP")


def test_the_last_of_doubled_rows_counts(imported: Importing, people: int, sql: Sql) -> None:
    text = "email_address,first_name\nADA@example.com,One\nx@example.com,X\nada@example.com,Two\n"

    found = imported(text)

    assert counts(found) == {"doubled": 1, "new": 1, "changed": 1}
    assert named(found, Kind.DOUBLED) == [(2, "line 4 is the same record")]
    assert contact(sql, 5, "first_name") == ("Two",)


def test_rows_that_are_missing_may_be_skipped(imported: Importing, people: int, sql: Sql) -> None:
    found = imported("email_address\nnew@example.com\n", insert=False)

    assert counts(found) == {"skipped": 1}
    assert sql.outbox() == []


@pytest.mark.parametrize("is_sent", [True, False], ids=["deleted", "to be deleted"])
def test_a_deleted_contact_is_not_made_again_unasked(
    imported: Importing, people: int, sql: Sql, is_sent: bool
) -> None:
    sql("DELETE FROM contacts WHERE id = 6")
    if is_sent:
        body = json.dumps({"id": 6, "email_address": "Grace@Example.com", "workspace_id": 10})
        sql("UPDATE cf_outbox SET state = 'done'")
        sql(
            "INSERT INTO cf_tombstones (resource, record_id, side, cause, state, first_seen, body)"
            " VALUES ('contacts', 6, 'local', 'deleted', 'confirmed', '2026-01-01', ?)",
            body,
        )
    text = "email_address\ngrace@example.com\n"

    found = imported(text)

    assert counts(found) == {"gone": 1}
    assert "contacts 6 was deleted" in named(found, Kind.GONE)[0][1]
    assert found.exit_code == 5
    assert counts(imported(text, again=True)) == {"new": 1}


def test_a_redacted_contact_is_not_made_again_unasked(
    imported: Importing, people: int, sql: Sql, write: Any
) -> None:
    def redact(tx: Tx) -> None:
        purge.purge(tx, purge.person_of(tx, RESOURCES["contacts"], 6))

    write(redact)
    text = "email_address\nGRACE@example.com\n"

    found = imported(text)

    assert named(found, Kind.GONE) == [(2, "contacts 6 was redacted earlier")]
    assert "grace" not in str(sql("SELECT * FROM cf_meta")).lower()
    assert counts(imported(text, again=True, dry_run=True)) == {"new": 1}
    sql("UPDATE cf_tombstones SET confirmed_at = '2020-01-01T00:00:00.000Z'")
    assert write(prune, "tombstones", 1.0) == 1
    assert counts(imported(text, dry_run=True)) == {"new": 1}


def test_the_workspace_has_to_be_named_where_there_are_several(
    imported: Importing, daemon: Daemon, people: int, sql: Sql
) -> None:
    daemon("workspaces", {"id": 11, "workspace_id": 11, "team_id": 1, "name": "Other"})
    text = "email_address\nada@example.com\n"

    with pytest.raises(UsageError, match=r"the mirror has 10 \(Shop\), 11 \(Other\)"):
        imported(text)
    with pytest.raises(UsageError, match="the mirror has 10"):
        imported("id,first_name\n5,Eve\n", tags="VIP")
    found = imported("id,first_name\n5,Eve\n77,X\n", dry_run=True)
    assert (counts(found), named(found)[0][0]) == ({"changed": 1, "refused": 1}, 3)
    assert counts(imported(text, workspace="11", dry_run=True)) == {"new": 1}
    assert counts(imported(text, workspace="10", dry_run=True)) == {"unchanged": 1}
    found = imported("id,first_name\n5,Eve\n", workspace="11", dry_run=True)
    assert named(found) == [(2, "the record is in workspace 10, not in 11")]


@POSTGRESQL_ONLY
def test_a_row_that_a_program_holds_is_waited_for(
    imported: Importing, people: int, sql: Sql, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "PAUSE_S", 0)
    text = "email_address,first_name\nada@example.com,Eve\n"

    with sql.transaction():
        sql("UPDATE contacts SET last_name = 'L' WHERE id = 5")
        with pytest.raises(Busy, match="contacts 5 is locked by another program"):
            imported(text)

    assert counts(imported(text)) == {"changed": 1}
    assert contact(sql, 5, "first_name", "last_name") == ("Eve", "L")


def test_rows_are_matched_by_id(imported: Importing, people: int, sql: Sql) -> None:
    found = imported(
        "id,email_address\n5,countess@example.com\n77,x@example.com\n,y@x.example\n", match="id"
    )

    assert counts(found) == {"changed": 1, "refused": 2}
    assert named(found) == [(3, "no row of contacts has this id"), (4, "has no id")]
    assert contact(sql, 5, "email_address") == ("countess@example.com",)


def test_several_records_of_one_name_are_not_chosen_from(
    imported: Importing, daemon: Daemon, workspace: int, sql: Sql
) -> None:
    for number in (20, 21):
        daemon("products", {"id": number, "workspace_id": 10, "name": "Book"})

    found = imported("name,description\nBook,x\nPen,blue\n", into="products", rest="ignore")

    assert counts(found) == {"refused": 1, "new": 1}
    assert named(found) == [(2, "2 records have this name: match by id")]


def test_edits_of_an_import_are_discarded_and_no_others(
    imported: Importing, people: int, sql: Sql, mirror: Mirror
) -> None:
    sql("UPDATE contacts SET last_name = 'Mine' WHERE id = 6")
    text = "email_address,first_name\nada@example.com,Eve\ngrace@example.com,Eve\nnew@x.example,N\n"
    found = imported(text, tags="Summit", create_tags=True)
    sql("UPDATE contacts SET phone_number = '1' WHERE id = 5")

    given = Filter(imported=found.number)
    dropped = asyncio.run(outbox.discard(mirror, given=given))

    assert len(dropped) == 4
    assert contact(sql, 5, "first_name", "phone_number", "tag_ids") == ("Ada", "1", [1, 2])
    assert contact(sql, 6, "first_name", "last_name") == ("Grace", "Mine")
    assert sql("SELECT count(*) FROM contacts WHERE id > 9") == [(0,)]
    with pytest.raises(UsageError, match=f"no edit of import {found.number} waits"):
        asyncio.run(outbox.discard(mirror, given=given))


def test_a_file_without_rows(imported: Importing, people: int) -> None:
    with pytest.raises(UsageError, match="has a header and no rows"):
        imported("email_address,first_name\n")


def test_a_row_that_refers_to_no_record_is_refused_in_the_preview(
    imported: Importing, people: int, daemon: Daemon
) -> None:
    """Not where nothing of that kind is mirrored."""
    text = "contact_id,form_id\n5,7\n6,8\n77,7\n"
    gone = (4, f"contact_id: the mirror has no contacts 77; {PULL} contacts")
    assert named(imported(text, into="submissions", dry_run=True)) == [gone]
    daemon("forms", {"id": 7, "workspace_id": 10, "name": "Signup"})

    found = imported(text, into="submissions", dry_run=True)
    tagged = imported('email_address,tag_ids\nnew@example.com,"[1, 9]"\n', dry_run=True)

    assert named(found) == [(3, f"form_id: the mirror has no forms 8; {PULL} forms"), gone]
    assert named(tagged) == [(2, f"tag_ids: the mirror has no contact_tags 9; {PULL} contact_tags")]


def test_a_list_of_something_else_than_numbers_stops_no_row(
    imported: Importing, people: int, sql: Sql
) -> None:
    """The database takes such a list from a person, too: ClickFunnels judges it."""
    found = imported('name,image_ids\nCup,"[{""id"": 5}]"\nPot,"[[1], 7.5]"\n', into="products")

    assert counts(found) == {"new": 2}
    assert sql("SELECT count(*) FROM products") == [(2,)]
