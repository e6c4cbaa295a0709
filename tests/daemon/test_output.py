"""Nothing that a daemon prints or shows names a person or a token, whatever happens to it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cfsync.sandbox import TOKEN, World
from tests.conftest import SQLITE_ONLY
from tests.daemon.harness import Daemon, Systemd, until

Start = Callable[..., Daemon]

NAME = "Quillfeather"
"""What every person here is called, in either case."""

OFTEN = {
    "RESOURCES__CONTACTS__PULL_EVERY": "200ms",
    "RESOURCES__CONTACTS__PULL_MAX_EVERY": "200ms",
    "RESOURCES__WORKSPACES__PULL_EVERY": "200ms",
    "RESOURCES__TEAMS__PULL_EVERY": "200ms",
    "RESOURCES__CONTACTS__SWEEP_EVERY": "1s",
    "LOG__LEVEL": "debug",
}
BAD_ANSWERS = {"/contacts": "truncated", r"/workspaces\b": "not_a_list", "/teams": "html_403"}


@SQLITE_ONLY
def test_output_during_many_kinds_of_trouble_names_no_people_and_no_token(
    start: Start, systemd: Systemd, world: World, sql: Any, tmp_path: Path
) -> None:
    ids = world.ids("contacts", world.workspaces[0])
    for n, contact in enumerate(ids):
        email = f"{NAME.lower()}{n}@example.com"
        world.edit("contacts", contact, first_name=NAME, last_name=NAME, email_address=email)
    file = tmp_path / "token"
    file.write_text(TOKEN)
    daemon = start(systemd, API__TOKEN="", API__TOKEN_FILE=str(file), **OFTEN)
    daemon.wait_for("pass.done", resource="contacts", new=30)

    _edit_both_sides(daemon, world, sql, ids)
    faults = [world.fault(kind, method="GET", path=path) for path, kind in BAD_ANSWERS.items()]
    until(lambda: all(fault.struck for fault in faults))
    _change_token(daemon, world, file)
    until(lambda: sql("SELECT count(*) FROM contacts WHERE id < 900000000000000") == [(30,)])

    shown = [daemon.ask(path)[1] for path in ("/livez", "/readyz", "/healthz", "/metrics")]
    assert daemon.stop() == 0
    output = daemon.output + "".join(shown) + "".join(systemd.received)
    events = {json.loads(line)["event"] for line in daemon.lines}
    assert {"pass.failed", "token.refused", "conflict.found"} <= events
    for secret in (NAME, NAME.lower(), TOKEN, "another-token"):
        assert secret not in output


def _edit_both_sides(daemon: Daemon, world: World, sql: Any, ids: list[int]) -> None:
    """An edit that is sent, one that is refused, an insert, a conflict, and a deletion."""
    sent, refused, disputed, gone = ids[:4]
    sql("UPDATE contacts SET first_name = ? WHERE id = ?", f"{NAME} II", sent)
    sql("UPDATE contacts SET email_address = ? WHERE id = ?", f"{NAME}@home", refused)
    address = f"new.{NAME.lower()}@example.com"
    workspace = world.workspaces[0]
    sql("INSERT INTO contacts (workspace_id, email_address) VALUES (?, ?)", workspace, address)
    with world.lock:  # nothing is answered in between
        world.edit("contacts", disputed, last_name=f"{NAME} III")
        sql("UPDATE contacts SET last_name = ? WHERE id = ?", f"{NAME} IV", disputed)
    world.delete("contacts", gone)
    until(lambda: sql("SELECT 1 FROM cf_outbox WHERE state = 'parked'"))
    until(lambda: sql("SELECT 1 FROM cf_conflicts"))
    until(lambda: not sql("SELECT 1 FROM contacts WHERE id = ?", gone))


def _change_token(daemon: Daemon, world: World, file: Path) -> None:
    with world.lock:
        access = world.tokens.pop(TOKEN)
    daemon.wait_for("token.refused")
    with world.lock:
        world.tokens["another-token"] = access
    file.write_text("another-token")
    daemon.wait_for("token.changed")
