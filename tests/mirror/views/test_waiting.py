"""`cf_waiting` shows what waits for a person, and the command that helps."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from cfsync.mirror.bookkeeping import reasons
from cfsync.mirror.db.engine import Tx
from cfsync.mirror.db.tables import OUTBOX, TOMBSTONES
from tests.conftest import Sql

CHANGE = "change the row, or cfsync outbox discard 1"
CASES = [
    ("insert", reasons.may_exist([1158]), "cfsync outbox adopt 1 1158"),
    ("insert", reasons.may_exist([1158, 1159]), "cfsync outbox adopt 1 ID"),
    ("insert", reasons.may_exist([]), "cfsync outbox adopt 1 ID"),
    ("insert", f"{reasons.UNKNOWN} given up after 10 attempts", "cfsync outbox adopt 1 ID"),
    (
        "update",
        reasons.MAY_HAVE_ARRIVED,
        "look in ClickFunnels, then cfsync outbox discard 1, or cfsync outbox retry 1",
    ),
    ("update", f"{reasons.GIVEN_UP} 10 attempts: ...", "cfsync outbox retry 1"),
    ("update", f"{reasons.REFERS} contacts 7, ...", CHANGE),
    ("insert", f"{reasons.APART} ...", CHANGE),
    ("insert", reasons.NO_PARENT, "cfsync outbox discard 1"),
    ("update", reasons.FOREIGN, "cfsync outbox discard 1"),
    ("update", reasons.NO_ROW, "cfsync outbox discard 1"),
    ("update", reasons.UNSEEN, "change the value in ClickFunnels, or cfsync outbox discard 1"),
    (
        "update",
        f"{reasons.OWN_CONSTRAINT}: one_email",
        "change the row in its way, then cfsync outbox retry 1",
    ),
    (
        "insert",
        f"{reasons.OWN_KEY} notes (contact_id) has no ON UPDATE CASCADE",
        "give the foreign key ON UPDATE CASCADE, then cfsync outbox retry 1",
    ),
    ("insert", "name has already been taken", CHANGE),
    ("update", "email_address is invalid", CHANGE),
    ("delete", "can't be deleted", "cfsync outbox discard 1"),
    ("update", None, CHANGE),
]
"""(op, reason of a parked edit, what helps)"""


def test_what_waits_for_a_person(ada: int, write: Any, app_sql: Sql) -> None:
    def trouble(tx: Any) -> None:
        for statement in (
            "INSERT INTO cf_outbox (seq, resource, record_id, op, patch, state, error, captured_at)"
            " VALUES (1, 'contacts', 5, 'update', '{}', 'parked', 'name is taken', {t}),"
            " (2, 'contacts', 6, 'delete', '{}', 'held', '101 deletes', {t}),"
            " (3, 'contacts', 7, 'update', '{}', 'pending', NULL, {t})",
            "INSERT INTO cf_conflicts (id, resource, record_id, kind, field, winner, state,"
            " found_at) VALUES (4, 'orders', 1, 'changed', 'notes', 'clickfunnels', 'open', {t}),"
            " (5, 'orders', 2, 'changed', 'notes', 'clickfunnels', 'resolved', {t})",
            "INSERT INTO cf_tombstones (resource, record_id, state, first_seen)"
            " VALUES ('forms', 8, 'held', {t}), ('forms', 9, 'confirmed', {t})",
        ):
            at = "'2026-01-01T00:00:00.000Z'"
            tx.conn.exec_driver_sql(statement.replace("{t}", at))

    write(trouble)

    assert app_sql("SELECT kind, resource, id, reason, command FROM cf_waiting ORDER BY kind") == [
        (
            "conflict",
            "orders",
            1,
            "notes: changed on both sides; clickfunnels won, the other value is kept",
            "cfsync conflicts resolve 4",
        ),
        (
            "deletion",
            "forms",
            8,
            "missing in ClickFunnels; too many at once to delete unasked",
            "cfsync deletions approve forms 8",
        ),
        ("held", "contacts", 6, "101 deletes", "cfsync outbox approve 2"),
        ("parked", "contacts", 5, "name is taken", "change the row, or cfsync outbox discard 1"),
    ]


def test_a_mass_is_one_line_with_the_command_that_decides_it(write: Any, app_sql: Sql) -> None:
    def hold(tx: Tx) -> None:
        masses = [("contacts", 1, "update"), ("contacts", 2, "update"), ("contacts", 2, "delete")]
        masses += [("products", 1, "update")]
        at, reason = "2026-01-01T00:00:00.000Z", {"update": reasons.MASS_UPDATE}
        edits: list[dict[str, Any]] = [
            {"seq": 100 * n + i, "resource": resource, "workspace_id": workspace, "record_id": i}
            | {"op": op, "patch": {}, "state": "held", "captured_at": at}
            | {"error": f"{reason.get(op, reasons.MASS_DELETION)} of 60: ..."}
            for n, (resource, workspace, op) in enumerate(masses, 1)
            for i in range(60)
        ]
        tx.conn.execute(sa.insert(OUTBOX), edits)
        stones = [("forms", 1), ("forms", 2), ("images", 1)]
        gone: list[dict[str, Any]] = [
            {"resource": resource, "workspace_id": workspace, "record_id": 100 * workspace + i}
            | {"state": "held", "first_seen": at}
            for resource, workspace in stones
            for i in range(20)
        ]
        tx.conn.execute(sa.insert(TOMBSTONES), gone)

    write(hold)

    missing = "20 records: missing in ClickFunnels; too many at once to delete unasked"
    found = app_sql("SELECT kind, reason, command, id FROM cf_waiting ORDER BY 1 DESC, 3, 2")
    assert found == [
        ("held", "a mass update of 60", "cfsync outbox approve contacts --workspace 1", None),
        ("held", "a mass deletion of 60", "cfsync outbox approve contacts --workspace 2", None),
        ("held", "a mass update of 60", "cfsync outbox approve contacts --workspace 2", None),
        ("held", "a mass update of 60", "cfsync outbox approve products", None),
        ("deletion", missing, "cfsync deletions approve forms --workspace 1", None),
        ("deletion", missing, "cfsync deletions approve forms --workspace 2", None),
        ("deletion", missing, "cfsync deletions approve images", None),
    ]


@pytest.mark.parametrize(
    ("op", "reason", "helps"),
    CASES,
)
def test_each_reason_is_shown_with_what_helps(
    write: Any, app_sql: Sql, op: str, reason: str | None, helps: str
) -> None:
    def park(tx: Tx) -> None:
        statement = sa.insert(OUTBOX).values(
            seq=1, resource="contacts", workspace_id=1, record_id=5, op=op, patch={},
            state="parked", error=reason, captured_at="2026-01-01T00:00:00.000Z",
        )  # fmt: skip
        tx.conn.execute(statement)

    write(park)

    assert app_sql("SELECT reason, command FROM cf_waiting") == [(reason, helps)]


def test_each_kind_of_reason_has_such_a_case() -> None:
    tested = [reason or "" for _, reason, _ in CASES]
    kinds = {next(b for b in reasons.WHAT_HELPS if text.startswith(b)) for text in tested}
    assert kinds == set(reasons.WHAT_HELPS)
