"""A refused token stops every call until there is another one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cfsync.config import load
from cfsync.mirror.db.engine import Mirror
from cfsync.sandbox import TOKEN, World
from cfsync.sync.health_facts import problems
from tests.conftest import SQLITE_ONLY
from tests.daemon.harness import Daemon, Systemd, until

Start = Callable[..., Daemon]
OFTEN = {"RESOURCES__CONTACTS__PULL_EVERY": "200ms"}


@SQLITE_ONLY
def test_a_token_file_is_read_again_when_its_token_is_refused(
    start: Start, systemd: Systemd, world: World, sql: Any, contact: int, tmp_path: Path
) -> None:
    file = tmp_path / "token"
    file.write_text(TOKEN)
    daemon = start(systemd, API__TOKEN="", API__TOKEN_FILE=str(file), **OFTEN)
    daemon.wait_for("pass.done", resource="contacts", new=30)
    with world.lock:
        access = world.tokens.pop(TOKEN)

    daemon.wait_for("token.refused")
    systemd.wait_for("STATUS=waits: ClickFunnels refuses the token")
    until(lambda: "cfsync_token_ok 0.0" in daemon.ask("/metrics")[1])
    world.ledger.clear()
    sql("UPDATE contacts SET first_name = 'Zed' WHERE id = ?", contact)
    assert systemd.is_silent("READY=1", 1.5)
    assert not world.ledger.requests

    with world.lock:
        world.tokens["another-token"] = access
    file.write_text("another-token\n")
    until(lambda: world.get("contacts", contact)["first_name"] == "Zed")

    assert "cfsync_token_ok 1.0" in daemon.ask("/metrics")[1]
    assert daemon.stop() == 0
    assert "another-token" not in daemon.output


@SQLITE_ONLY
def test_a_token_from_the_environment_asks_for_a_restart(start: Start, world: World) -> None:
    daemon = start(API__TOKEN="of-nobody")

    assert daemon.wait_for("token.refused")["hint"] == "restart the service with a new token"
    assert daemon.ask("/livez")[0] == 200
    assert daemon.ask("/readyz")[0] == 200
    assert daemon.stop() == 0


def test_status_says_that_the_token_is_refused_until_a_daemon_has_another(
    start: Start, settings: dict[str, str], mirror: Mirror
) -> None:
    configured = load(environ={f"CFSYNC_{name}": value for name, value in settings.items()})

    def unhealthy() -> list[str]:
        return asyncio.run(problems(mirror, configured))

    daemon = start(API__TOKEN="of-nobody")
    daemon.wait_for("token.refused")
    until(lambda: unhealthy() == ["ClickFunnels refuses the token"])
    assert daemon.stop() == 0

    start()
    until(lambda: unhealthy() == [])
