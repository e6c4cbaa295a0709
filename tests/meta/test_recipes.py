"""What the recipes do: the edits that their SQL makes."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.apps import apps

from cfsync.cli import command
from cfsync.orm import models
from cfsync.records import is_provisional
from tests.conftest import POSTGRESQL_ONLY, Sql
from tests.meta.documents import document, invocations
from tests.meta.shop import WORKSPACE
from tests.meta.test_sql_blocks import of_database, run, shop
from tests.mirror.conftest import Daemon
from tests.with_django import connected

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


def test_everybody_who_bought_it_gets_the_tag(cook: Cook) -> None:
    edits = cook("Tag everybody who bought a product")

    # Ada has the tag already
    ((op, resource, record_id, values),) = edits
    assert (op, resource, record_id) == ("update", "contacts", 1043)
    assert sorted(values["tag_ids"]) == [37, 38]


def test_of_two_contacts_one_is_left_with_what_both_had(cook: Cook) -> None:
    cook.sql("UPDATE contacts SET phone_number = '+1', tag_ids = '[38]' WHERE id = 1044")
    cook.sql("""UPDATE contacts SET custom_attributes = '{"a": "1", "b": "1"}' WHERE id = 1044""")
    cook.sql("""UPDATE contacts SET custom_attributes = '{"b": "2"}' WHERE id = 1042""")

    *updates, delete = cook("Merge two contacts")

    assert {edit[:3] for edit in updates} == {("update", "contacts", 1042)}
    merged = {name: value for *_, values in updates for name, value in values.items()}
    assert sorted(merged.pop("tag_ids")) == [37, 38]
    assert merged == {"phone_number": "+1", "custom_attributes": {"a": "1", "b": "2"}}
    assert delete[:3] == ("delete", "contacts", 1044)


def test_addresses_are_changed(cook: Cook, daemon: Daemon) -> None:
    order = {"id": 504, "workspace_id": 10, "contact_id": 1042, "order_number": "W-1001"}
    daemon("orders", order | {"payment_processor": "external"})

    contact, postal = cook("Change an address")

    assert contact == ("update", "contacts", 1042, {"email_address": "ada.king@example.com"})
    assert postal[:3] == ("update", "orders", 504)
    assert postal[3]["shipping_address_city"] == "London"


def test_refunds_are_summed_by_month(cook: Cook, daemon: Daemon) -> None:
    refund = {"workspace_id": 10, "order_id": 501, "external_type": "refund", "currency": "USD"}
    refund |= {"result": "success", "status": "completed"}
    times = ("2026-02-28T23:59:59.000Z", "2026-03-01T00:00:00.000Z", "2026-03-31T12:00:00.000Z")
    daemon(
        "order_transactions",
        *(
            {**refund, "id": n, "amount": "10.10", "created_at": at}
            for n, at in enumerate(times, 1)
        ),
    )

    found = cook.rows("Report refunds by month")

    assert [(m, c, n, f"{amount:.2f}", k) for m, c, n, amount, k in found] == [
        ("2026-02", "USD", 1, "10.10", 1),
        ("2026-03", "USD", 2, "20.20", 1),
    ]


def test_what_is_exported_every_night_is_read_by_duckdb(
    cook: Cook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CFSYNC_DATABASE__URL", cook.sql.url)
    shell, program = (
        b
        for b in document("docs/recipes.md").of("sh", "python")
        if b.heading == "Export every night"
    )

    for words in invocations(shell):
        assert command([w.replace("/srv/nightly", str(tmp_path)) for w in words]) == 0
    made: dict[str, Any] = {}
    exec(program.text, made)

    assert made["best"] == [
        ("mary@example.com", Decimal("529.00")),
        ("ada@example.com", Decimal("250.00")),
    ]
    assert made["items"] == [("Course", Decimal("779.00"))]
    assert (tmp_path / "contacts.csv").read_text().count("@example.com") == 3


def test_the_orms_change_the_name_of_a_contact(
    cook: Cook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    blocks = [
        b for b in document("docs/recipes.md").of("sh", "python") if b.heading == "Use an ORM"
    ]
    shell, django, alchemy = blocks
    for words, name in zip(invocations(shell), ("shop/models.py", "mirror.py"), strict=True):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(models(words[1], words[2:]))
        assert f"> {name}" in shell.text

    with connected(cook.sql):
        apps.set_installed_apps(["shop"])
        made: dict[str, Any] = {}
        exec(django.text, made)
        apps.unset_installed_apps()
    assert made["total"] == Decimal("250")
    cook.sql("UPDATE contacts SET first_name = 'Ada'")
    url = cook.sql.url.replace("postgresql:", "postgresql+psycopg:")
    exec(alchemy.text.replace("sqlite:///cfsync.db", url), made)
    made["session"].bind.dispose()

    assert [row[3]["first_name"] for row in cook.sql.outbox() if row[2] == 1042] == [
        ["Ada", "Augusta"],
        ["Augusta", "Ada"],
        ["Ada", "Augusta"],
    ]


@POSTGRESQL_ONLY
def test_a_tool_for_charts_reads_what_it_may(cook: Cook) -> None:
    role, panel = (
        b
        for b in of_database("docs/recipes.md", cook.sql)
        if b.heading == "Connect Metabase or Grafana"
    )
    run(cook.sql, role, cook.folder)
    metabase = Sql(cook.sql.url, "metabase")
    try:
        assert [row[1:] for row in metabase(panel.text)] == [("USD", Decimal("779.00"))]
        assert metabase("SELECT count(*) FROM refunds") == [(0,)]
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            metabase("DELETE FROM contacts")
        metabase("SET default_transaction_read_only = off")
        for refused in ("SELECT count(*) FROM cf_outbox", "DELETE FROM contacts"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                metabase(refused)
    finally:
        metabase.conn.close()


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
