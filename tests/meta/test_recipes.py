"""What the recipes do: the edits that their SQL makes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import psycopg
import pytest

from cfsync.cli import command
from cfsync.records import is_provisional
from tests.conftest import POSTGRESQL_ONLY, Sql
from tests.meta.documents import document, invocations
from tests.meta.shop import WORKSPACE
from tests.meta.test_sql_blocks import of_database, run, shop

__all__ = ["shop"]


class Cook:
    def __init__(self, sql: Sql, folder: Path) -> None:
        self.sql, self.folder = sql, folder

    def __call__(self, heading: str) -> list[tuple[Any, ...]]:
        """Run the blocks below a heading; the edits: (op, resource, record id, new values)."""
        blocks = [b for b in of_database("docs/recipes.md", self.sql) if b.heading == heading]
        assert blocks, heading
        before = len(self.sql.outbox())
        for block in blocks:
            run(self.sql, block, self.folder)
        return [
            (op, resource, record_id, {n: _value(new) for n, (_, new) in patch.items()})
            for op, resource, record_id, patch in self.sql.outbox()[before:]
        ]

    def rows(self, heading: str) -> list[tuple[Any, ...]]:
        """What the query below a heading finds."""
        (block,) = (b for b in of_database("docs/recipes.md", self.sql) if b.heading == heading)
        return self.sql(block.text)


def _value(value: Any) -> Any:
    """JSON columns stand in a patch of SQLite as JSON or as its text."""
    return json.loads(value) if isinstance(value, str) and value[:1] in "[{" else value


@pytest.fixture
def cook(shop: Sql, tmp_path: Path) -> Cook:
    return Cook(shop, tmp_path)


def test_tagging_adds_and_removes_single_tags_and_makes_a_new_one(cook: Cook) -> None:
    edits = cook("Tag contacts")

    # Ada has spent too little, Mary enough; Mary leaves the newsletter
    assert edits[:2] == [
        ("update", "contacts", 1043, {"tag_ids": [37, 38]}),
        ("update", "contacts", 1043, {"tag_ids": [37]}),
    ]
    op, resource, record_id, values = edits[2]
    assert (op, resource) == ("insert", "contact_tags")
    assert is_provisional(record_id)
    assert values == {"workspace_id": WORKSPACE, "name": "Customer", "color": "#10B981"}


def test_a_csv_from_an_event_is_imported_and_taken_back(
    shop: Sql,
    mirror_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    blocks = [b for b in document("docs/recipes.md").blocks if b.heading.startswith("Import a CSV")]
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CFSYNC_DATABASE__URL", mirror_url)
    table, look, later = blocks
    (tmp_path / "guests.csv").write_text(table.text)
    (words,) = invocations(look)

    assert command(words) == 0
    assert 'last_name null -> "Lovelace"' in capsys.readouterr().out
    assert shop.outbox() == []
    assert command([w.replace("--dry-run", "--yes") for w in words]) == 0

    ada = "SELECT first_name, tag_ids, custom_attributes FROM contacts WHERE id = 1042"
    ((name, tags, attributes),) = shop(ada)
    assert (name, len(_value(tags)), _value(attributes)) == ("Ada", 2, {"t_shirt": "M"})
    assert shop("SELECT count(*) FROM contacts") == [(4,)]
    take_back = list(invocations(later))[-1]
    assert take_back[-1] == "3"  # the number that the text names
    assert command([*take_back[:-1], "1", "--yes"]) == 0
    ((name, tags, attributes),) = shop(ada)
    assert (_value(tags), _value(attributes)) == ([37], {})
    assert shop("SELECT count(*) FROM contacts") == [(3,)]


def test_an_import_updates_whom_it_knows_and_inserts_the_others(cook: Cook) -> None:
    known, new = cook("Import a list of contacts")

    assert known == ("update", "contacts", 1042, {"phone_number": "+15550100"})
    assert new[:2] == ("insert", "contacts")
    assert new[3]["email_address"] == "nora@example.com"


def test_an_import_that_is_repeated_makes_no_edit(cook: Cook) -> None:
    cook("Import a list of contacts")

    assert cook("Import a list of contacts") == []


def test_an_attribute_leaves_the_others_alone(cook: Cook) -> None:
    cook.sql("""UPDATE contacts SET custom_attributes = '{"size": "m"}' WHERE id = 1042""")

    assert cook("Set a custom attribute") == [
        ("update", "contacts", 1042, {"custom_attributes": {"size": "m", "plan": "gold"}})
    ]


def test_actions_are_edits_of_their_columns(cook: Cook) -> None:
    edits = cook("Archive, suspend, cancel")

    assert [(op, resource, record_id) for op, resource, record_id, _ in edits] == [
        ("update", "products", 77),
        ("update", "enrollments", 601),
        ("update", "fulfillments", 701),
    ]


def test_a_delete_is_an_edit(cook: Cook) -> None:
    assert [edit[:3] for edit in cook("Delete contacts")] == [("delete", "contacts", 1044)]


def test_a_tag_is_found_in_the_feed_when_a_contact_gets_it(cook: Cook) -> None:
    cook.sql("UPDATE contacts SET tag_ids = '[37, 38]' WHERE id IN (1042, 1043)")

    # Ada had it already
    assert [row[1] for row in cook.rows("Act when a contact gets a tag")] == [1043]


def test_a_report_counts_the_changes_of_each_field(cook: Cook) -> None:
    cook.sql("UPDATE contacts SET first_name = 'Eve'")
    found = cook.rows("Report who changed what last week")

    assert [row[1:] for row in found] == [("contacts", "first_name", 3)]


def test_notes_go_with_their_contact(cook: Cook) -> None:
    cook("Keep your own notes on contacts")
    if cook.sql.is_sqlite:
        cook.sql("PRAGMA foreign_keys = ON")

    cook.sql("DELETE FROM contacts WHERE id = 1042")

    assert cook.sql("SELECT count(*) FROM contact_notes") == [(0,)]


@POSTGRESQL_ONLY
def test_a_role_for_reports_reads_and_writes_nothing(cook: Cook) -> None:
    cook("Let people read but not write")
    reporting = Sql(cook.sql.url, "reporting")
    try:
        assert reporting("SELECT count(*) FROM contacts") == [(3,)]
        assert reporting("SELECT count(*) FROM order_line_items") == [(3,)]
        for refused in ("SELECT count(*) FROM cf_outbox", "DELETE FROM contacts"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                reporting(refused)
    finally:
        reporting.conn.close()
