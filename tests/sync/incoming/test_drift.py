"""Drift: what was changed while no trigger captured it is neither lost nor sent unasked."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from structlog.testing import capture_logs

from cfsync.cli.output.conflicts import lines_of
from cfsync.records import is_provisional
from cfsync.sync.decisions import conflicts
from cfsync.sync.report import Report
from tests.conftest import POSTGRESQL_ONLY
from tests.sync.conftest import Round
from tests.sync.inspection.test_verify import differences, verified


@pytest.fixture
def sizes() -> dict[str, Any]:
    return {"bare": True, "workspaces": 1, "contacts": 4}


@pytest.fixture
def filled(round_: Round) -> Round:
    round_.backfill()
    return round_


@pytest.fixture
def contact(filled: Round) -> int:
    return filled.ids("contacts")[1]


@contextmanager
def uncaptured(round_: Round) -> Iterator[None]:
    """No trigger captures what is written in the block."""
    is_sqlite = round_.mirror.dialect.name == "sqlite"
    off, on = "SET session_replication_role = replica", "SET session_replication_role = origin"
    if is_sqlite:
        off, on = "UPDATE cf_writer SET mark = 2", "UPDATE cf_writer SET mark = 0"
    round_.sql(off)
    yield
    round_.sql(on)


def drift(round_: Round, contact: int, column: str = "first_name", value: Any = "Here") -> None:
    with uncaptured(round_):
        round_.sql(f"UPDATE contacts SET {column} = ? WHERE id = ?", value, contact)


def here(round_: Round, contact: int, column: str = "first_name") -> Any:
    return round_.one(f"SELECT {column} FROM contacts WHERE id = ?", contact)


def there(round_: Round, contact: int, column: str = "first_name") -> Any:
    return round_.world.get("contacts", contact)[column]  # type: ignore[index]


def kept(round_: Round) -> list[tuple[Any, ...]]:
    """(kind, field, local, remote, winner, state)"""
    return [
        (kind, field, *(_json(v) for v in (local, remote)), winner, state)
        for kind, field, local, remote, winner, state in round_.sql(
            "SELECT kind, field, local, remote, winner, state FROM cf_conflicts ORDER BY id"
        )
    ]


def _json(stored: Any) -> Any:
    return json.loads(stored) if isinstance(stored, str) and stored[:1] in '"[{' else stored


def resolve(round_: Round, choice: str) -> None:
    for conflict in asyncio.run(conflicts.open_conflicts(round_.mirror)):
        asyncio.run(conflicts.resolve(round_.mirror, conflict.id, choice))  # type: ignore[arg-type]


def swept(round_: Round, on_drift: str = "ask") -> Report:
    round_.settings["CFSYNC_SWEEP__ON_DRIFT"] = on_drift
    return round_.sweep("contacts")


@pytest.mark.parametrize(
    ("choice", "wanted"), [("local", "Here"), ("remote", None)], ids=["local", "remote"]
)
def test_drift_is_a_question_and_its_answer_reaches_both_sides(
    filled: Round, contact: int, choice: str, wanted: str | None
) -> None:
    before = there(filled, contact)
    drift(filled, contact)

    with capture_logs() as lines:
        reports = [swept(filled), swept(filled)]
    pushed = filled.push()

    assert [r.exit_code for r in (*reports, pushed)] == [5, 5, 5]
    assert [r.counts["contacts"]["drift"] for r in reports] == [1, 1]
    assert [line["event"] for line in lines].count("drift.found") == 1
    assert kept(filled) == [("drift", "first_name", "Here", before, "hold", "open")]
    assert (here(filled, contact), there(filled, contact)) == ("Here", before)
    assert filled.world.ledger.writes() == []
    assert filled.column("SELECT reason FROM cf_waiting") == [
        "first_name: changed here while edits were not captured"
    ]

    resolve(filled, choice)
    filled.push()

    assert {here(filled, contact), there(filled, contact)} == {wanted or before}
    assert filled.sweep("contacts").exit_code == 0
    assert filled.sweep("contacts").quiet


def test_verify_finds_drift_and_keeps_it(filled: Round, contact: int) -> None:
    before = there(filled, contact)
    drift(filled, contact)

    found = verified(filled, "contacts")

    assert differences(found) == {("contacts", contact, "drift", ("first_name",))}
    assert found.exit_code == 5
    assert kept(filled) == [("drift", "first_name", "Here", before, "hold", "open")]
    assert here(filled, contact) == "Here"
    assert swept(filled).exit_code == 5
    assert len(kept(filled)) == 1


def test_a_pull_overwrites_no_drift(filled: Round, contact: int) -> None:
    drift(filled, contact)
    filled.world.edit("contacts", contact, first_name="There", last_name="New")

    filled.pull("contacts")

    assert here(filled, contact, "last_name") == "New"
    assert here(filled, contact) == "Here"
    assert kept(filled) == [("drift", "first_name", "Here", "There", "hold", "open")]


def test_what_both_sides_hold_is_no_drift(filled: Round, contact: int) -> None:
    drift(filled, contact)
    filled.world.edit("contacts", contact, first_name="Here")

    filled.pull("contacts")

    assert kept(filled) == []
    assert filled.sweep("contacts").exit_code == 0


def test_an_edit_of_another_field_takes_no_drift_with_it(filled: Round, contact: int) -> None:
    before = there(filled, contact)
    drift(filled, contact)
    filled.sql("UPDATE contacts SET last_name = 'Edited' WHERE id = ?", contact)

    filled.push()

    assert (there(filled, contact), there(filled, contact, "last_name")) == (before, "Edited")
    assert here(filled, contact) == "Here"
    swept(filled)
    assert kept(filled) == [("drift", "first_name", "Here", before, "hold", "open")]


def test_clickfunnels_value_is_taken_and_the_other_kept(filled: Round, contact: int) -> None:
    before = there(filled, contact)
    drift(filled, contact)

    report = swept(filled, "clickfunnels")

    assert (report.exit_code, report.counts["contacts"]["drift"]) == (0, 1)
    assert (here(filled, contact), there(filled, contact)) == (before, before)
    assert kept(filled) == [("drift", "first_name", "Here", before, "clickfunnels", "resolved")]
    assert filled.sweep("contacts").quiet


def test_local_drift_becomes_an_edit(filled: Round, contact: int) -> None:
    drift(filled, contact)

    report = swept(filled, "local")
    filled.push()

    assert report.counts["contacts"]["drift"] == 1
    assert (here(filled, contact), there(filled, contact)) == ("Here", "Here")
    assert kept(filled) == []
    assert filled.sweep("contacts").quiet


def test_local_drift_that_clickfunnels_changed_too_is_a_conflict(
    filled: Round, contact: int
) -> None:
    drift(filled, contact)
    filled.world.edit("contacts", contact, first_name="There")

    swept(filled, "local")

    assert kept(filled) == [("changed", "first_name", "Here", "There", "clickfunnels", "open")]


def test_what_no_trigger_would_have_taken_is_a_question(filled: Round, contact: int) -> None:
    drift(filled, contact, "email_address", "no address")

    swept(filled, "local")

    assert [k[:3] for k in kept(filled)] == [("drift", "email_address", "no address")]
    assert filled.one("SELECT count(*) FROM cf_outbox") == 0


def test_a_column_that_cannot_be_sent_is_put_right_and_said(filled: Round, contact: int) -> None:
    before = here(filled, contact, "uuid")
    drift(filled, contact, "uuid", "changed")

    with capture_logs() as lines:
        report = swept(filled)

    assert (report.exit_code, report.counts["contacts"]["drift"]) == (0, 1)
    assert here(filled, contact, "uuid") == before
    assert kept(filled) == [("drift", "uuid", "changed", before, "clickfunnels", "resolved")]
    assert [x["fields"] for x in lines if x["event"] == "drift.found"] == [["uuid"]]


@pytest.mark.parametrize("choice", ["local", "remote"])
def test_attributes_and_tags_drift_by_themselves(filled: Round, contact: int, choice: str) -> None:
    tag = filled.world.create("contact_tags", filled.workspace, name="t")
    filled.world.edit("contacts", contact, custom_attributes={"size": "1", "hat": "red"})
    filled.pull()
    drift(filled, contact, "custom_attributes", '{"size": "2", "hat": "red"}')
    drift(filled, contact, "tag_ids", f"[{tag}]")
    filled.world.edit("contacts", contact, custom_attributes={"size": "1", "hat": "green"})

    swept(filled)

    assert sorted(k[1:4] for k in kept(filled)) == [
        ("custom_attributes.size", "2", "1"),
        ("tag_ids", [tag], []),
    ]
    resolve(filled, choice)
    filled.push()
    attributes = there(filled, contact, "custom_attributes")
    size, tags = ("2", [tag]) if choice == "local" else ("1", [])
    assert attributes == {"size": size, "hat": "green"}
    assert _json(here(filled, contact, "custom_attributes")) == attributes
    assert _json(here(filled, contact, "tag_ids")) == tags
    assert filled.sweep("contacts").exit_code == 0


def test_a_row_that_is_missing_comes_back_and_is_said(filled: Round, contact: int) -> None:
    with uncaptured(filled):
        filled.sql("DELETE FROM contacts WHERE id = ?", contact)

    with capture_logs() as lines:
        report = swept(filled, "local")

    assert contact in filled.ids("contacts")
    assert report.counts["contacts"]["drift"] == 1
    assert [x["ids"] for x in lines if x["event"] == "drift.found"] == [[contact]]
    assert filled.push().quiet
    assert filled.world.ledger.writes() == []


@pytest.mark.parametrize("choice", ["local", "remote", "by setting"])
@pytest.mark.parametrize("given", [None, 77], ids=["provisional id", "real id"])
def test_a_row_inserted_uncaptured_is_a_question_or_an_edit(
    filled: Round, choice: str, given: int | None
) -> None:
    row_id = given or 900_000_000_000_005
    with uncaptured(filled):
        filled.sql("INSERT INTO contacts (id, first_name, tag_ids) VALUES (?, 'New', '[]')", row_id)

    report = swept(filled, "local" if choice == "by setting" else "ask")

    assert report.counts["contacts"]["drift"] == 1
    if choice != "by setting":
        assert (report.exit_code, filled.push().exit_code) == (5, 5)
        assert filled.world.ledger.writes() == []
        assert filled.sql("SELECT id, reason FROM cf_waiting") == [
            (row_id, "inserted here while edits were not captured")
        ]
        resolve(filled, choice)
    filled.push()
    names = [there(filled, i) for i in filled.world.ids("contacts", filled.workspace)]
    assert names.count("New") == (choice != "remote")
    assert filled.column("SELECT count(*) FROM contacts") == [4 + (choice != "remote")]
    assert not any(is_provisional(i) for i in filled.ids("contacts"))
    assert filled.sweep("contacts").exit_code == 0


@pytest.mark.parametrize("sizes", [{"bare": True, "workspaces": 1, "contacts": 60}], ids=["many"])
def test_a_mass_of_drift_is_one_thing_that_waits(filled: Round) -> None:
    with uncaptured(filled):
        filled.sql("UPDATE contacts SET first_name = 'Here'")

    swept(filled)

    assert filled.sql("SELECT resource, id, reason, command FROM cf_waiting") == [
        (
            "contacts",
            None,
            "60 values and rows: changed here while edits were not captured",
            "cfsync conflicts resolve --field drift contacts",
        )
    ]
    found = asyncio.run(conflicts.open_conflicts(filled.mirror))
    assert "\n".join(lines_of(found, values=False, whole=False)) == (
        "contacts: 60 values and rows changed here while edits were not captured:"
        " cfsync conflicts list contacts"
    )
    assert len([*lines_of(found, values=False, whole=True)]) == 61
    assert filled.push().exit_code == 5
    assert filled.world.ledger.writes() == []


NOTED = "SELECT field FROM cf_notes WHERE kind = 'tidied' ORDER BY field"

TIDY = """
CREATE FUNCTION tidy() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.first_name := upper(NEW.first_name); NEW.updated_at := clock_timestamp(); RETURN NEW;
END $$;
CREATE TRIGGER tidy BEFORE INSERT OR UPDATE ON contacts FOR EACH ROW EXECUTE FUNCTION tidy()
"""


@POSTGRESQL_ONLY
def test_a_trigger_that_tidies_what_is_pulled_makes_no_drift_and_is_said_once(
    round_: Round,
) -> None:
    round_.sql(TIDY)
    round_.backfill()
    contact = round_.ids("contacts")[1]

    with capture_logs() as lines:
        reports = [swept(round_), swept(round_)]
    round_.world.edit("contacts", contact, first_name="Ada")
    round_.pull("contacts")

    assert [r.exit_code for r in reports] == [0, 0]
    assert kept(round_) == []
    assert [x["fields"] for x in lines if x["event"] == "drift.tidied"] == [
        ["first_name", "updated_at"]
    ]
    assert round_.column(NOTED) == ["first_name", "updated_at"]
    assert differences(verified(round_, "contacts")) == set()
    assert here(round_, contact) == "ADA"
    drift(round_, contact, "first_name", "MINE")
    swept(round_)
    assert [k[:3] for k in kept(round_)] == [("drift", "first_name", "MINE")]


@POSTGRESQL_ONLY
def test_the_note_about_a_trigger_that_is_dropped_ends_with_the_next_sweep(round_: Round) -> None:
    round_.sql(TIDY)
    round_.backfill()
    for _ in range(2):
        round_.clock.go_on(60)
        swept(round_)
        assert round_.column(NOTED) == ["first_name", "updated_at"]

    round_.sql("DROP TRIGGER tidy ON contacts")
    round_.clock.go_on(60)
    swept(round_)

    assert round_.column(NOTED) == []
