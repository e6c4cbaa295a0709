"""The exit code of each command in each kind of trouble, by the table in docs/commands.md."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from cfsync.cli import command
from cfsync.sandbox import TOKEN, Running
from tests.cli.test_usage import commands

Do = Callable[..., int]

READING = {
    "act": "act orders 1 cancel --yes",
    "api": "api GET /teams/1000/workspaces",
    "backfill": "backfill",
    "census disable": "census disable",
    "census enable": "census enable",
    "doctor": "doctor",
    "pull": "pull",
    "push": "push",
    "recover": "recover",
    "redact": "redact 1 --yes",
    "restore": "restore backup.db --yes",
    "sweep": "sweep",
    "sync": "sync",
    "verify": "verify",
    "webhooks list": "webhooks list",
    "webhooks register": "webhooks register https://hooks.example.com",
    "webhooks remove": "webhooks remove 1",
    "webhooks rotate": "webhooks rotate",
}
"""Commands that ask ClickFunnels; push, only where there is an edit."""

LOCAL = {
    "backup": "backup copies",
    "census status": "census status",
    "changes": "changes",
    "conflicts list": "conflicts list",
    "conflicts resolve": "conflicts resolve 1 --local",
    "decisions": "decisions",
    "deletions approve": "deletions approve contacts",
    "deletions list": "deletions list",
    "deletions reject": "deletions reject contacts",
    "explain": "explain contacts 1",
    "export": "export teams",
    "import": "import people.csv --yes",
    "migrate": "migrate",
    "outbox adopt": "outbox adopt 1 1 --yes",
    "outbox approve": "outbox approve 1",
    "outbox discard": "outbox discard 1 --yes",
    "outbox list": "outbox list",
    "outbox retry": "outbox retry 1",
    "pause": "pause",
    "plan": "plan",
    "pushes": "pushes",
    "resume": "resume",
    "revert": "revert 1",
    "show": "show contacts 1",
    "sql": "sql VALUES(1)",
    "status": "status",
    "undelete": "undelete contacts 1 --yes",
    "views analyst": "views analyst --make analyst",
}
"""Commands that go no further than the database."""

OTHERS = {
    *("run", "web", "open", "sandbox", "demo", "models", "completion", "notify", "move"),
    *("config example", "config show", "config check"),
}
"""The daemon and the console wait for either side, a move needs two databases, the rest asks
neither side.
"""

QUICK = ("api GET /teams/1000/workspaces", "doctor")
"""Those that don't try for a minute to reach a server that is down."""

DATABASE_DOWN = {"CFSYNC_DATABASE__URL": "postgresql://cfsync:hunter2@127.0.0.1:9/cf"}


@pytest.fixture
def do(tmp_path: Path, server: Running, full_database: Path, monkeypatch: pytest.MonkeyPatch) -> Do:
    """Runs a command beside a complete mirror; returns the exit code."""
    for name in ("cfsync.db", "backup.db"):
        shutil.copy(full_database, tmp_path / name)
    (tmp_path / "people.csv").write_text("id,first_name\n1,Ada\n")
    monkeypatch.chdir(tmp_path)

    def run(words: str, **settings: str) -> int:
        with monkeypatch.context() as given:
            mine = {"CFSYNC_API__BASE_URL": server.api, "CFSYNC_API__TOKEN": TOKEN}
            mine |= {"CFSYNC_API__MIRROR": "core"}
            for name, value in (mine | settings).items():
                given.setenv(name, value)
            return command(words.split())

    return run


def test_every_command_is_looked_at() -> None:
    assert {" ".join(c) for c in commands()} == READING.keys() | LOCAL.keys() | OTHERS


@pytest.mark.parametrize("words", sorted(set(READING.values()) - {"push"}))
def test_a_refused_token_is_exit_3(do: Do, words: str) -> None:
    assert do(words, CFSYNC_API__TOKEN="refused") == 3


@pytest.mark.parametrize("words", QUICK)
@pytest.mark.parametrize("host", ["127.0.0.1:9", "nowhere.invalid"])
@pytest.mark.parametrize("has_mirror", [True, False], ids=["a mirror", "no mirror"])
def test_a_server_that_is_down_is_exit_4(do: Do, words: str, host: str, has_mirror: bool) -> None:
    if not has_mirror:
        Path("cfsync.db").unlink()

    assert do(words, CFSYNC_API__BASE_URL=f"http://{host}/api/v2") == 4


@pytest.mark.parametrize("words", [*(READING | LOCAL).values()])
def test_a_database_that_is_down_is_exit_4(do: Do, words: str) -> None:
    asks_none = words.startswith("api")

    assert do(words, **DATABASE_DOWN) == (0 if asks_none else 4)


@pytest.mark.parametrize("trouble", [DATABASE_DOWN, {"CFSYNC_DATABASE__URL": "sqlite:///none.db"}])
def test_a_mirror_that_cannot_be_read_is_unhealthy(
    do: Do, trouble: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert do("status --health --json", **trouble) == 1
    assert '"healthy": false' in capsys.readouterr().out


@pytest.mark.parametrize("words", [*(READING | LOCAL).values(), "run", "config show"])
def test_bad_settings_are_exit_2(do: Do, words: str) -> None:
    assert do(words, CFSYNC_PULL__OVERLAP="soon") == 2
