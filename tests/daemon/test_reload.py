"""SIGHUP: a running daemon takes changed settings, or says why not."""

from __future__ import annotations

import asyncio
import fnmatch
import signal
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import structlog

from cfsync import cli, daemon
from cfsync.config import load
from cfsync.config.live import LIVE, compare, take
from cfsync.config.model import known_keys
from cfsync.daemon.reload import on_signal, reload
from tests.conftest import SQLITE_ONLY
from tests.daemon.harness import PATIENCE_S, Daemon, until

Start = Callable[..., Daemon]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """The settings file of the daemons."""
    return tmp_path / "cfsync.toml"


@SQLITE_ONLY
def test_what_can_change_is_taken_and_the_rest_is_named(
    start: Start, file: Path, world: Any, sql: Any
) -> None:
    seldom = "[events]\nlog_every = '0s'\n[resources.contacts]\npull_every = "
    file.write_text(f"{seldom} '1h'\n")
    daemon = start()
    daemon.wait_for("pass.done", resource="contacts", new=30)
    file.write_text(
        f"{seldom} '200ms'\non_conflict = 'hold'\n[log]\nlevel = 'debug'\n[web]\nconsole = 'off'\n"
    )

    daemon.process.send_signal(signal.SIGHUP)

    taken = daemon.wait_for("settings.taken")["taken"]
    assert sorted(taken) == [
        "log.level", "resources.contacts.on_conflict", "resources.contacts.pull_every"
    ]  # fmt: skip
    assert daemon.wait_for("settings.need_restart")["settings"] == ["web.console"]
    world.create("contacts", world.workspaces[0], first_name="Late")
    until(lambda: sql("SELECT 1 FROM contacts WHERE first_name = 'Late'"))
    daemon.wait_for("request.done")  # of level debug
    assert daemon.stop() == 0


@SQLITE_ONLY
def test_wrong_settings_change_nothing_and_are_named(start: Start, file: Path) -> None:
    daemon = start()
    daemon.wait_for("clickfunnels.connected")
    file.write_text("[log]\nlevel = 'debug'\n[push]\nbatch = 'many'\n")

    daemon.process.send_signal(signal.SIGHUP)

    (problem,) = daemon.wait_for("settings.refused")["problems"]
    assert "push.batch" in problem
    file.write_text("[push]\nbatch = 7\n")
    daemon.process.send_signal(signal.SIGHUP)
    assert daemon.wait_for("settings.taken")["taken"] == ["push.batch"]
    assert not daemon.events("request.done")
    assert daemon.stop() == 0


@SQLITE_ONLY
def test_the_console_shows_the_settings_in_force_whatever_the_file_says(
    start: Start, file: Path
) -> None:
    file.write_text("[push]\nbatch = 71\n[web]\nuser_header = 'X-One'\n")
    daemon = start()
    daemon.wait_for("clickfunnels.connected")
    address = f"http://127.0.0.1:{daemon.events('web.listening')[0]['port']}/lists"

    def shown() -> str:
        return str(urllib.request.urlopen(address).read().decode())

    file.write_text("[push\n")
    assert "<td>71</td>" in shown()
    daemon.process.send_signal(signal.SIGHUP)
    daemon.wait_for("settings.refused")
    assert "<td>71</td>" in shown()

    file.write_text("[push]\nbatch = 72\n[web]\nuser_header = 'X-Two'\n")
    assert "<td>71</td>" in shown()
    daemon.process.send_signal(signal.SIGHUP)
    daemon.wait_for("settings.taken")
    assert "<td>72</td>" in shown()
    assert "X-One" in shown()
    assert "X-Two" not in shown()
    assert "a restart takes it: web.user_header." in shown()
    assert daemon.stop() == 0


def test_a_reload_that_fails_is_logged_and_the_next_one_is_done(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("sys.stdin", None)  # no terminal, where the signal ends the process
    asked = 0

    async def signalled() -> None:
        failed, done = asyncio.Event(), asyncio.Event()

        async def do() -> None:
            nonlocal asked
            asked += 1
            if asked == 1:
                failed.set()
                raise RuntimeError("nobody foresaw it")
            done.set()

        with on_signal(do):
            for event in (failed, done):
                signal.raise_signal(signal.SIGHUP)
                await asyncio.wait_for(event.wait(), PATIENCE_S)

    with structlog.testing.capture_logs() as lines:
        asyncio.run(signalled())

    (line,) = lines
    assert (line["event"], line["task"]) == ("task.failed", "reload")
    assert "RuntimeError" in line["error"]


def test_a_token_taken_since_the_start_stays_hidden_in_the_log(
    file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    token = file.with_name("token")
    token.write_text("the-first-one")
    database = file.with_name("cfsync.db")
    file.write_text(
        f"[api]\nbase_url = 'https://one.myclickfunnels.com/api/v2'\ntoken_file = '{token}'\n"
        f"[database]\nurl = 'sqlite:///{database}'\n"
    )

    async def rotate(source: daemon.SettingsSource, *_: object) -> None:
        in_force = source.load()
        for newer in ("the-second-one", "the-third-one"):
            token.write_text(newer)
            source.load()  # as when the token before is refused
        await reload(in_force, [], source)
        structlog.get_logger().warning("call.failed", error="no the-second-one or the-third-one")

    monkeypatch.setattr(daemon, "run", rotate)

    assert cli.command(["run", "--config", str(file)]) == 0

    assert '"error": "no *** or ***"' in capsys.readouterr().err


@pytest.mark.parametrize(
    ("is_fixed", "named"), [(False, ["api.base_url"]), (True, ["api.base_url", "api.token"])]
)
def test_a_token_that_is_taken_without_a_restart_is_not_named(
    is_fixed: bool, named: list[str]
) -> None:
    url = "https://one.myclickfunnels.com/api/v2"
    new = load(environ={"CFSYNC_API__TOKEN": "another-one", "CFSYNC_API__BASE_URL": url})
    source = daemon.SettingsSource(lambda: new, is_fixed, list, lambda: new, lambda _: None)

    with structlog.testing.capture_logs() as lines:
        asyncio.run(reload(load(environ={}), [], source))

    asked = [line["settings"] for line in lines if line["event"] == "settings.need_restart"]
    assert asked == [named]


def test_each_pattern_names_a_setting() -> None:
    assert [pattern for pattern in LIVE if not fnmatch.filter(known_keys(), pattern)] == []


def test_only_what_can_change_is_changed() -> None:
    settings = load(environ={})
    new = load(environ={
        "CFSYNC_BACKUP__KEEP": "9", "CFSYNC_BACKUP__DIR": "/b",
        "CFSYNC_RESOURCES__ORDERS__PUSH": "false", "CFSYNC_RESOURCES__ORDERS__ON_CONFLICT": "local",
    })  # fmt: skip

    change = take(settings, new)

    assert change.taken == ["resources.orders.on_conflict", "backup.keep"]
    assert change.needs_restart == ["resources.orders.push", "backup.dir"]
    assert (settings.backup.keep, settings.backup.dir) == (9, None)
    orders = settings.resource("orders")
    assert (orders.push, orders.on_conflict) == (True, "local")
    assert compare(settings, new).taken == []
