"""A refused token stops every call until there is another one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cfsync.config import load
from cfsync.daemon import api_access
from cfsync.mirror.coordination import pauses
from cfsync.mirror.db.engine import Mirror
from cfsync.sandbox import TOKEN, Running, World
from cfsync.sandbox.api.gateway import Connection, Gateway, State
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
def test_a_gateways_connection_is_read_again_when_it_has_ended(
    start: Start, server: Running, world: World, tmp_path: Path
) -> None:
    expired = Connection(TOKEN, State.EXPIRED)
    world.gateway = Gateway("key", {"old": expired, "new": Connection(TOKEN)})
    file = tmp_path / "connection"
    file.write_text("old")
    daemon = start(
        API__BASE_URL=server.gateway,
        API__TOKEN_COMMAND="echo key",
        API__TOKEN="",
        API__HEADERS__MATON_CONNECTION__FILE=str(file),
    )

    assert daemon.wait_for("token.refused")["hint"] == "it is tried again every minute"
    file.write_text("new")

    daemon.wait_for("clickfunnels.connected")
    assert daemon.stop() == 0


def test_a_gateways_connection_is_tried_again_with_the_same_settings(
    server: Running, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api_access, "TOKEN_CHECK_S", 0.01)
    monkeypatch.setattr(api_access, "GATEWAY_CHECK_S", 0.0)
    connection = Connection(TOKEN, State.EXPIRED)
    world.gateway = Gateway("key", {"one": connection})
    given = {"CFSYNC_API__BASE_URL": server.gateway, "CFSYNC_API__TOKEN": "key"}

    class Mended:
        async def stop_passes(self) -> None:
            connection.state = State.ACTIVE  # as a person does at the gateway

        async def note_failure(self, *_: str) -> None:
            raise AssertionError("there was no other failure")

    async def main() -> bool:
        access = api_access.ApiAccess(
            load(environ=given),
            open_account=lambda api: api.raw("GET", "/teams"),
            load_settings=lambda: load(environ=given),
            token_is_fixed=True,
        )
        await access.connect(Mended())
        await access.close()
        return access.token_ok

    assert asyncio.run(main())


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


@SQLITE_ONLY
def test_status_says_that_it_is_the_gateway_that_refuses(
    start: Start, settings: dict[str, str], mirror: Mirror, world: World, server: Running
) -> None:
    world.gateway = Gateway("key", {"old": Connection(TOKEN, State.EXPIRED)})
    given = settings | {"API__BASE_URL": server.gateway, "API__TOKEN": "key"}
    configured = load(environ={f"CFSYNC_{name}": value for name, value in given.items()})

    daemon = start(API__BASE_URL=server.gateway, API__TOKEN="key")
    daemon.wait_for("token.refused")

    until(lambda: bool(asyncio.run(problems(mirror, configured))))
    (found,) = asyncio.run(problems(mirror, configured))
    assert "gateway" in found
    assert "refuses the token" not in found
    (told,) = asyncio.run(mirror.read(pauses.troubles))
    assert found in told.text
    assert daemon.stop() == 0


@SQLITE_ONLY
def test_at_the_start_a_program_is_asked_once_for_the_token(start: Start, tmp_path: Path) -> None:
    asked = tmp_path / "asked"
    program = tmp_path / "token"
    program.write_text(f"#!/bin/sh\necho once >> {asked}\necho {TOKEN}\n")
    program.chmod(0o700)

    daemon = start(API__TOKEN="", API__TOKEN_COMMAND=str(program))
    daemon.wait_for("clickfunnels.connected")

    assert asked.read_text() == "once\n"
    assert daemon.stop() == 0
