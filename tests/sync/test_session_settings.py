"""What ALTER DATABASE and ALTER ROLE set on PostgreSQL changes nothing that cfsync does."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from cfsync.errors import MirrorError
from cfsync.mirror.db.engine import Mirror
from cfsync.mirror.migrate import migrate
from cfsync.mirror.reports import status
from tests.conftest import POSTGRESQL_ONLY, Sql
from tests.sync.conftest import a_few_of_everything
from tests.sync.inspection.test_verify import verified

pytestmark = POSTGRESQL_ONLY

SETTINGS = {
    "bytea_output": ("escape", "hex"),
    "client_encoding": ("latin1", "UTF8"),
    "datestyle": ("German, DMY", "ISO, YMD"),
    "default_transaction_isolation": ("serializable", "serializable"),
    "extra_float_digits": ("-3", "1"),
    "idle_in_transaction_session_timeout": ("1h", "1min"),
    "intervalstyle": ("iso_8601", "postgres"),
    "lock_timeout": ("1h", "2s"),
    "quote_all_identifiers": ("on", "off"),
    "row_security": ("on", "off"),
    "search_path": ("theirs, pg_catalog", "public, theirs"),
    "standard_conforming_strings": ("off", "on"),
    "statement_timeout": ("1h", "1min"),
    "synchronous_commit": ("off", "on"),
    "timezone": ("America/St_Johns", "UTC"),
    "transaction_isolation": (None, "repeatable read"),
    "transaction_timeout": ("1h", "0"),
}
"""Name -> (what the database sets, what is in force while cfsync reads)."""
WRITING = {"lock_timeout": "500ms", "transaction_isolation": "read committed"}
"""What is in force instead while it writes."""


@pytest.fixture
def mirror_url(mirror_url: str) -> str:
    """A mirror whose administrator has set everything otherwise, before anybody connects."""
    name = mirror_url.split("@/")[1].split("?")[0]
    admin = Sql(mirror_url, "postgres")
    admin("CREATE SCHEMA theirs")
    admin("CREATE TABLE theirs.contacts (id text)")
    admin("CREATE TABLE theirs.cf_meta (key text)")
    admin("GRANT ALL ON SCHEMA theirs TO PUBLIC")
    admin("GRANT ALL ON ALL TABLES IN SCHEMA theirs TO PUBLIC")
    for setting, (value, _) in SETTINGS.items():
        if value:
            quoted = value if setting == "search_path" else f"'{value}'"
            admin(f"ALTER DATABASE {name} SET {setting} = {quoted}")
    admin.conn.close()
    return mirror_url


@pytest.fixture
def sql(sql: Sql) -> Sql:
    """Looks at the mirror's own tables; `app_sql` has the settings of the database."""
    sql("SET search_path = public")
    return sql


def in_force(mirror: Mirror, *, writes: bool) -> dict[str, str]:
    do = mirror.write if writes else mirror.read
    return {
        name: asyncio.run(do(lambda tx, n=name: tx.conn.exec_driver_sql(f"SHOW {n}").scalar()))
        for name in SETTINGS
    }


def test_each_transaction_has_the_settings_that_it_relies_on(mirror: Mirror) -> None:
    reading = {name: value for name, (_, value) in SETTINGS.items()}

    assert in_force(mirror, writes=False) == reading
    assert in_force(mirror, writes=True) == reading | WRITING


@a_few_of_everything
def test_a_round_trip_leaves_no_difference(round_: Any, app_sql: Sql) -> None:
    assert not migrate(round_.settings["CFSYNC_DATABASE__URL"].replace("daemon", "owner")).changed
    assert round_.backfill().is_done
    assert verified(round_).differences == []
    first, second = round_.ids("contacts")[:2]
    variant = round_.ids("product_variants")[0]

    app_sql("UPDATE public.contacts SET email_address = 'dots@example.com' WHERE id = ?", first)
    app_sql("UPDATE public.product_variants SET weight = 0.30000000000000004 WHERE id = ?", variant)
    new = "INSERT INTO public.contacts (workspace_id, email_address) VALUES (?, 'new@example.com')"
    app_sql(new, round_.workspace)
    round_.world.edit("contacts", second, first_name="Ann")
    pushed = round_.push()
    pulled = round_.pull()

    assert (pushed.exit_code, pulled.exit_code) == (0, 0)
    patch = round_.one("SELECT patch FROM cf_outbox WHERE resource = 'product_variants'")
    assert patch["weight"][1] == 0.30000000000000004
    assert round_.world.get("contacts", first)["email_address"] == "dots@example.com"
    assert round_.one(f"SELECT first_name FROM contacts WHERE id = {second}") == "Ann"
    assert verified(round_).differences == []


def test_rows_that_a_policy_hides_are_not_taken_for_deleted(round_: Any, sql: Sql) -> None:
    round_.backfill()
    rows = len(round_.ids("contacts"))
    sql("ALTER TABLE contacts ENABLE ROW LEVEL SECURITY")

    with pytest.raises(MirrorError, match="cfsync must see every row: give its role BYPASSRLS"):
        round_.sweep()
    (problem,) = asyncio.run(round_.mirror.read(status.server)).problems

    assert problem.startswith("a row security policy may hide rows of contacts from cfsync_daemon")
    assert len(round_.ids("contacts")) == rows
