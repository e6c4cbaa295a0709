"""`cfsync changes` as a process: what it prints, how it follows, and how it ends."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from cfsync.mirror.db.tables import FEED
from tests.push.conftest import Account


@pytest.fixture
def account(account: Account) -> Account:
    """One whose history is complete from now on."""
    del account.settings["CFSYNC_RETENTION__CHANGES"]
    account.pull()
    return account


class Shell:
    """Runs the command beside the account."""

    def __init__(self, account: Account, folder: Path) -> None:
        self.account, self.folder = account, folder

    def start(self, *words: str, shell: str = 'exec "$@"') -> subprocess.Popen[str]:
        command = ["bash", "-c", f"set -o pipefail; {shell}", "-"]
        return subprocess.Popen(
            [*command, sys.executable, "-m", "cfsync", "changes", *words],
            cwd=self.folder,
            env=os.environ | self.account.settings,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def __call__(self, *words: str, shell: str = 'exec "$@"', code: int = 0) -> str:
        process = self.start(*words, shell=shell)
        out, err = process.communicate(timeout=60)
        assert process.returncode == code, err
        assert "Traceback" not in err
        return out if code == 0 else err

    @contextmanager
    def following(self, *words: str, **given: str) -> Iterator[subprocess.Popen[str]]:
        process = self.start(*words, "--follow", **given)
        try:
            yield process
        finally:
            process.kill()
            process.communicate(timeout=60)


@pytest.fixture
def shell(account: Account, tmp_path: Path) -> Shell:
    return Shell(account, tmp_path)


def rename(account: Account, contact: int, name: str) -> None:
    account.sql("UPDATE contacts SET first_name = ? WHERE id = ?", name, contact)


def line(process: subprocess.Popen[str]) -> dict[str, Any]:
    """The next change that it prints; waits for it."""
    assert process.stdout is not None
    found: dict[str, Any] = json.loads(process.stdout.readline())
    return found


def test_people_see_a_table_and_programs_lines(
    account: Account, contact: int, shell: Shell
) -> None:
    old = account.one("SELECT first_name FROM contacts WHERE id = ?", contact)
    rename(account, contact, "Eve")
    account.sql("DELETE FROM contacts WHERE id = ?", contact)
    row = account.sql("SELECT * FROM cf_feed ORDER BY seq")[-2]

    table = shell("contacts").splitlines()
    lines = [json.loads(text) for text in shell("contacts", "--json").splitlines()]

    begun = json.loads(shell("contacts", "--json").splitlines()[0])["at"]
    assert table[0] == f"complete since {begun}"
    assert table[1].split() == ["seq", "at", "(UTC)", "op", "record", "by", "what"]
    assert f"  contacts {contact}  local: " in table[2]
    assert table[2].endswith(f'  first_name: "{old}" -> "Eve"')
    assert table[3].endswith(" more")
    assert [c["op"] for c in lines] == ["start", "update", "delete"]
    assert list(lines[1]) == [c.name for c in FEED.columns]
    assert (lines[1]["seq"], lines[1]["patch"]) == (row[0], {"first_name": [old, "Eve"]})
    assert shell("orders", "--side", "local").splitlines()[1:] == ["no changes"]
    assert shell("orders", "--side", "local", "--json") == ""


def test_a_person_sees_the_last_50(account: Account, contact: int, shell: Shell) -> None:
    for n in range(55):
        rename(account, contact, f"Eve {n}")

    assert len(shell().splitlines()) == 52
    assert shell("--limit", "1").splitlines()[2].endswith('"Eve 53" -> "Eve 54"')


def test_it_follows_until_it_is_interrupted(account: Account, contact: int, shell: Shell) -> None:
    with shell.following("--json") as process:
        while line(process)["op"] != "start":
            pass
        rename(account, contact, "Eve")
        while (change := line(process))["op"] == "start":
            pass
        account.world.edit("contacts", contact, last_name="Byron")
        account.pull("contacts")
        other = line(process)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)

        assert (process.returncode, out, err) == (0, "", "")
    assert (change["side"], change["patch"]["first_name"][1]) == ("local", "Eve")
    assert (other["side"], other["patch"]["last_name"][1]) == ("clickfunnels", "Byron")

    rename(account, contact, "Mary")
    with shell.following("--json", "--since", str(other["seq"])) as process:
        assert line(process)["patch"]["first_name"] == ["Eve", "Mary"]


def test_it_ends_when_nobody_reads_any_more(account: Account, contact: int, shell: Shell) -> None:
    rename(account, contact, "Eve")
    first = account.one("SELECT min(seq) FROM cf_feed")

    shown = shell("--follow", "--json", shell='"$@" | head -n 1')

    assert json.loads(shown)["seq"] == first


def test_follow_says_where_there_is_nothing_to_follow(account: Account, shell: Shell) -> None:
    account.settings["CFSYNC_RETENTION__CHANGES"] = "0"
    account.pull("contacts")

    told = shell("--follow", code=2)

    assert told == "cfsync: there is no history: retention.changes is 0\n"


def test_a_full_disk_is_told_in_a_line(account: Account, contact: int, shell: Shell) -> None:
    rename(account, contact, "Eve")
    full = "cfsync: the output can't be written: No space left on device\n"

    assert shell("contacts", shell='"$@" > /dev/full', code=1) == full
    assert shell("--follow", "--json", shell='"$@" > /dev/full', code=1) == full


def test_a_record_as_it_was(account: Account, contact: int, shell: Shell) -> None:
    begun = account.one("SELECT max(at) FROM cf_feed WHERE op = 'start'")
    begun = begun if isinstance(begun, str) else begun.isoformat()
    old = account.one("SELECT first_name FROM contacts WHERE id = ?", contact)
    rename(account, contact, "Eve")
    asked = ("--as-of", begun, "contacts", str(contact))

    text, found = shell(*asked).splitlines(), json.loads(shell(*asked, "--json"))

    assert text[0] == f"contacts {contact} at {found['as_of']}"
    assert ["first_name", f'"{old}"'] in [row.split() for row in text]
    assert found["record"]["first_name"] == old
    assert (found["resource"], found["id"]) == ("contacts", contact)
    told = shell("--as-of", begun, "contacts", "--follow", code=2)
    assert told == "cfsync: --as-of goes with a resource and an id, and no other option\n"
    told = shell("--as-of", begun, "contacts", code=2)
    assert told.startswith("cfsync: --as-of needs one resource and one id")
