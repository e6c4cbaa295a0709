"""From the first revision of the schema to the newest: rows, edits and users' own objects stay."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from cfsync.errors import MirrorError
from cfsync.mirror import migrate as migrating
from cfsync.mirror.bookkeeping.outbox import OutboxState
from cfsync.mirror.capture import installed
from cfsync.mirror.db.connect import place_of
from cfsync.mirror.db.tables import SCHEMA_VERSION
from cfsync.mirror.migrate import migrate
from tests.mirror.test_migrate import empty_url  # noqa: F401

BODIES = {
    1: {"id": 1, "anonymous": 3, "is_active": True, "deleted_at": None},
    2: {"id": 2, "first_name": "\0", "email_suppression_reason": "bounced"},
}

NOTES = (("is_active", "unknown"), ("anonymous", "converted"), ("new_one", "unknown"))


@pytest.fixture
def old(empty_url: str) -> Iterator[sa.Engine]:  # noqa: F811
    """A mirror of the first revision with two contacts and an edit in each state."""
    place = place_of(empty_url)
    place.prepare(must_exist=False)
    with place.migration() as conn:
        config = Config()
        config.set_main_option("script_location", str(migrating._migrations()))
        config.attributes.update(connection=conn, version_table=SCHEMA_VERSION)
        command.upgrade(config, "0001")
        installed.note(conn)
    engine = place.engine()
    with engine.begin() as conn:
        for id_, body in BODIES.items():
            conn.execute(
                sa.text(
                    "INSERT INTO contacts (id, workspace_id, anonymous) VALUES (:id, 7, :anonymous)"
                ),
                {"id": id_, "anonymous": str(body["anonymous"]) if "anonymous" in body else None},
            )
            conn.execute(
                sa.text(
                    "INSERT INTO cf_base (resource, id, body, rev, lane)"
                    " VALUES ('contacts', :id, :body, 1, 'pull')"
                ),
                {"id": id_, "body": json.dumps(body)},
            )
        for state in OutboxState:
            conn.execute(
                sa.text(
                    "INSERT INTO cf_outbox (resource, record_id, op, patch, state, captured_at)"
                    " VALUES ('contacts', 1, 'update', '{}', :state, '2026-01-01 00:00:00Z')"
                ),
                {"state": str(state)},
            )
        for field, kind in NOTES:
            conn.exec_driver_sql(
                "INSERT INTO cf_notes (resource, field, kind, record_id)"
                f" VALUES ('contacts', '{field}', '{kind}', 1)"
            )
        for statement in (
            "CREATE VIEW mine AS SELECT id, first_name FROM contacts",
            "CREATE INDEX mine_too ON contacts (first_name)",
            "ALTER TABLE contacts ADD COLUMN shoe_size TEXT",
            "UPDATE contacts SET shoe_size = '42' WHERE id = 1",
        ):
            conn.exec_driver_sql(statement)
    yield engine
    engine.dispose()


def rows(engine: sa.Engine, statement: str) -> list[tuple[Any, ...]]:
    with engine.connect() as conn:
        return [tuple(row) for row in conn.exec_driver_sql(statement)]


def test_rows_edits_and_users_objects_survive_the_upgrade(old: sa.Engine, empty_url: str) -> None:  # noqa: F811
    edits = rows(old, "SELECT seq, state FROM cf_outbox ORDER BY seq")

    done = migrate(empty_url)

    assert (done.before, done.after, done.lost) == ("0001", migrating.REVISIONS[-1], ())
    assert rows(old, "SELECT seq, state FROM cf_outbox ORDER BY seq") == edits
    found = rows(old, "SELECT id, anonymous, shoe_size FROM contacts ORDER BY id")
    assert found == [(1, 3, "42"), (2, None, None)]
    assert rows(old, "SELECT count(*) FROM contacts WHERE anonymous > 2") == [(1,)]
    assert rows(old, "SELECT id FROM mine ORDER BY id") == [(1,), (2,)]
    assert rows(old, "SELECT count(*) FROM discounts") == [(0,)]
    rows(old, "SELECT amount FROM order_line_items")
    with old.begin() as conn:
        conn.exec_driver_sql("DROP INDEX mine_too")
    assert not migrate(empty_url).changed


def test_new_columns_hold_what_clickfunnels_showed_before_they_were_there(
    old: sa.Engine,
    empty_url: str,  # noqa: F811
) -> None:
    migrate(empty_url)

    found = rows(
        old, "SELECT id, is_active, email_suppression_reason, deleted_at FROM contacts ORDER BY id"
    )
    assert found == [(1, True, None, None), (2, None, "bounced", None)]
    assert rows(old, "SELECT count(*) FROM cf_outbox") == [(len(OutboxState),)]
    assert rows(old, "SELECT field FROM cf_notes") == [("new_one",)]


def test_an_upgrade_that_is_killed_has_done_nothing(old: sa.Engine, empty_url: str) -> None:  # noqa: F811
    code = (
        "import os, signal, sys\n"
        "from cfsync.mirror import new_columns\n"
        "new_columns.fill = lambda *_: os.kill(os.getpid(), signal.SIGKILL)\n"
        "from cfsync.mirror.migrate import migrate\n"
        "migrate(sys.argv[1])\n"
    )

    killed = subprocess.run([sys.executable, "-c", code, empty_url])

    assert killed.returncode == -signal.SIGKILL
    assert rows(old, f"SELECT version_num FROM {SCHEMA_VERSION}") == [("0001",)]
    assert rows(old, "SELECT anonymous FROM contacts ORDER BY id") == [("3",), (None,)]
    assert migrate(empty_url).before == "0001"
    assert rows(old, "SELECT anonymous FROM contacts ORDER BY id") == [(3,), (None,)]


def test_a_table_of_the_users_with_a_new_name_is_refused_and_left(
    old: sa.Engine,
    empty_url: str,  # noqa: F811
) -> None:
    with old.begin() as conn:
        conn.exec_driver_sql("CREATE TABLE pages (mine TEXT)")

    with pytest.raises(MirrorError, match="has a table or view pages that cfsync did not make"):
        migrate(empty_url)

    assert rows(old, "SELECT mine FROM pages") == []
    assert rows(old, f"SELECT version_num FROM {SCHEMA_VERSION}") == [("0001",)]


def test_a_view_that_uses_a_column_of_another_type_is_named_or_goes_on(
    old: sa.Engine,
    empty_url: str,  # noqa: F811
) -> None:
    with old.begin() as conn:
        conn.exec_driver_sql("CREATE VIEW hidden AS SELECT id, anonymous FROM contacts")

    if empty_url.startswith("postgresql"):
        with pytest.raises(MirrorError, match=r"the view hidden uses contacts\.anonymous"):
            migrate(empty_url)
        with old.begin() as conn:
            conn.exec_driver_sql("DROP VIEW hidden")
        migrate(empty_url)
    else:
        migrate(empty_url)
        assert rows(old, "SELECT anonymous FROM hidden WHERE id = 1") == [(3,)]


def test_a_column_that_was_rebuilt_before_is_named_after_the_upgrade(
    old: sa.Engine,
    empty_url: str,  # noqa: F811
) -> None:
    with old.begin() as conn:
        conn.exec_driver_sql("ALTER TABLE products DROP COLUMN archived")
        conn.exec_driver_sql("ALTER TABLE products ADD COLUMN archived TEXT")

    assert migrate(empty_url).lost == ("column products.archived",)
