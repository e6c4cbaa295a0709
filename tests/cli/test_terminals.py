"""A terminal that isn't UTF-8, or that nobody reads any more, ends no command."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

import pytest

from cfsync.sandbox import World
from tests.cli.conftest import Command

NAME = "Zoë Łukasiewicz 张"

TERMINALS = {
    "C": {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"},
    "latin-1": {"PYTHONIOENCODING": "latin-1:strict"},
}


def run(
    cfsync: Command, *arguments: str, shell: str = '"$@"', **environment: str
) -> subprocess.CompletedProcess[bytes]:
    """The command in a shell that may do something to its output."""
    settings = {f"CFSYNC_{name}": value for name, value in cfsync.settings.items()}
    command = ["bash", "-c", f"set -o pipefail; {shell}", "bash"]
    return subprocess.run(
        [*command, sys.executable, "-m", "cfsync", *arguments],
        cwd=cfsync.directory,
        env=os.environ | settings | environment,
        capture_output=True,
        timeout=60,
    )


@pytest.fixture
def contact(filled: Command, world: World) -> int:
    """A contact that was renamed on both sides, to what few terminals can show."""
    found = world.ids("contacts", world.workspaces[0])[0]
    world.edit("contacts", found, first_name=f"{NAME} there")
    filled.sql(f"UPDATE contacts SET first_name = '{NAME}' WHERE id = {found} RETURNING id")
    return found


@pytest.mark.parametrize(
    "arguments",
    [["status"], ["status", "--json"], ["plan"], ["outbox", "list"], ["config", "example"]],
    ids=" ".join,
)
def test_a_full_disk_is_told_in_a_line(filled: Command, arguments: list[str]) -> None:
    done = run(filled, *arguments, shell='"$@" > /dev/full')

    assert done.returncode == 1
    assert done.stderr == b"cfsync: the output can't be written: No space left on device\n"


@pytest.mark.parametrize("terminal", TERMINALS.values(), ids=TERMINALS)
def test_any_terminal_shows_any_name(
    filled: Command, contact: int, terminal: Mapping[str, str]
) -> None:
    def said(code: int, *arguments: str) -> Any:
        done = run(filled, *arguments, **terminal)
        assert done.returncode == code, done.stderr
        if "--json" not in arguments:
            return done.stdout
        assert done.stdout.count(b"\n") == 1
        return json.loads(done.stdout)

    said(0, "plan")
    (record,) = said(0, "plan", "--json")["records"]
    assert record["calls"][0]["fields"]["first_name"]["new"] == NAME
    assert said(0, "outbox", "list", "--values", "--json")[0]["patch"]["first_name"][1] == NAME
    said(5, "pull")
    said(0, "conflicts", "list", "--values")
    explained = said(0, "explain", "contacts", str(contact), "--json")
    assert NAME in json.dumps(explained, ensure_ascii=False)
    assert f"{NAME} there" in json.loads(said(0, "api", "get", f"/contacts/{contact}")).values()


CLOSED = {
    "output unread": '"$@" | true',
    "errors unread": '"$@" 2> >(true)',
    "nothing open": '"$@" >&- 2>&- <&-',
}


@pytest.mark.parametrize("shell", CLOSED.values(), ids=CLOSED)
def test_a_command_goes_on_when_nobody_reads(filled: Command, world: World, shell: str) -> None:
    found = world.ids("contacts", world.workspaces[0])[0]
    filled.sql(f"UPDATE contacts SET first_name = '{NAME}' WHERE id = {found} RETURNING id")

    done = run(filled, "sync", shell=shell, CFSYNC_LOG__LEVEL="debug")

    assert done.returncode == 0, done.stderr
    assert world.get("contacts", found)["first_name"] == NAME
    assert filled.sql("SELECT state FROM cf_outbox") == [("done",)]


@pytest.mark.parametrize(
    "arguments", [["plan"], ["explain", "contacts"], ["show", "contacts"], ["outbox", "list"]]
)
def test_what_a_terminal_would_obey_is_shown(
    filled: Command, contact: int, arguments: list[str]
) -> None:
    evil = "clears \x1b[2J\x9b \u202e the screen"
    filled.sql(f"UPDATE contacts SET last_name = '\x1b[31mred' WHERE id = {contact} RETURNING id")
    filled.sql(f"UPDATE cf_outbox SET state = 'parked', error = '{evil}' RETURNING seq")
    about = [str(contact)] if len(arguments) == 2 and arguments[0] != "outbox" else []

    done = run(filled, *arguments, *about)

    assert r"clears \x1b[2J\x9b \u202e the screen" in done.stdout.decode()
    assert [c for c in done.stdout.decode() if not (c.isprintable() or c == "\n")] == []
