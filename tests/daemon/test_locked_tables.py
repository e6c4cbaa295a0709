"""A program that locks one table of the mirror for long: the rest goes on, and it is named."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import psycopg

from cfsync.sandbox import World
from tests.conftest import POSTGRESQL_ONLY
from tests.daemon.harness import Daemon, until

pytestmark = POSTGRESQL_ONLY

QUICK = {
    "DAEMON__LEASE_TTL": "3s",
    "RESOURCES__CONTACTS__PULL_EVERY": "200ms",
    "RESOURCES__CONTACT_TAGS__ENABLED": "true",
    "RESOURCES__CONTACT_TAGS__PULL_EVERY": "200ms",
}


RENEWED = "SELECT max(expires_at) FROM cf_leases"


def tag_names(world: World) -> list[str]:
    return [tag["name"] for tag in world.records("contact_tags", world.workspaces[0])]


def test_a_locked_table_stops_its_own_resource_alone_and_the_program_is_named(
    start: Callable[..., Daemon], world: World, sql: Any, contact: int, count: Callable[[], int]
) -> None:
    daemon = start(**QUICK)
    until(lambda: count() == 30)
    locker = psycopg.connect(sql.dsn, application_name="crm export")
    locker.execute("LOCK TABLE contacts")
    world.edit("contacts", contact, first_name="Zed")
    workspace = world.workspaces[0]

    told = daemon.wait_for("pass.failed", resource="contacts")
    assert f"(contacts: process {locker.info.backend_pid}, crm export)" in str(told)
    for number in range(3):
        # Leases that nobody renewed meanwhile would be gone.
        renewed = sql(RENEWED)
        until(lambda t=renewed: sql(RENEWED) > t)
        world.create("contact_tags", workspace, name=f"t{number}")
        until(
            lambda n=number: sql("SELECT 1 FROM contact_tags WHERE name = ?", f"t{n}"),
            daemon.output[-6000:],
            patience=20,
        )
        sql("UPDATE contact_tags SET name = ? WHERE name = ?", f"u{number}", f"t{number}")
        until(lambda n=number: f"u{n}" in tag_names(world))
    health = daemon.ask("/healthz")

    locker.close()
    until(lambda: sql("SELECT first_name FROM contacts WHERE id = ?", contact) == [("Zed",)])
    assert daemon.stop() == 0
    assert '"contact_tags":{"lag_s":' in health[1]


def test_a_table_that_is_locked_when_a_pass_begins_fails_the_pass_with_the_programs_name(
    start: Callable[..., Daemon], world: World, sql: Any, contact: int, count: Callable[[], int]
) -> None:
    daemon = start(**QUICK)
    until(lambda: count() == 30)
    locker = psycopg.connect(sql.dsn, application_name="crm export")
    locker.execute("LOCK TABLE cf_leases")
    pid = locker.info.backend_pid

    told = [
        daemon.wait_for("pass.failed", resource=resource, kind="database")["error"]
        for resource in ("contacts", "contact_tags")
    ]
    locker.close()
    world.edit("contacts", contact, first_name="Zed")
    until(lambda: sql("SELECT first_name FROM contacts WHERE id = ?", contact) == [("Zed",)])

    by = f"(cf_leases: process {pid}, crm export)"
    assert all(by in error for error in told), told
    assert not daemon.events("pass.crashed")
    assert daemon.stop() == 0
