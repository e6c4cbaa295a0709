"""`cfsync import` on a terminal: the preview, the question, and bars that end with the rows."""

from __future__ import annotations

import os
import pty
import re
import sys
from collections.abc import Sequence

from tests.cli.conftest import Command
from tests.cli.test_import import WAITING, people


def typed(command: Command, arguments: Sequence[str], answer: str) -> tuple[int, str]:
    """Run a command on a terminal, and answer its question; returns exit code and what it shows."""
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(command.directory)
        clean = {name: value for name, value in os.environ.items() if "CFSYNC_" not in name}
        given = {f"CFSYNC_{name}": value for name, value in command.settings.items()}
        size = {"COLUMNS": "100", "LINES": "40", "TERM": "xterm"}
        command_line = [sys.executable, "-m", "cfsync", *arguments]
        os.execve(sys.executable, command_line, clean | given | size)
    shown = b""
    while True:
        try:
            block = os.read(terminal, 1 << 16)
        except OSError:  # the terminal's other end is closed
            break
        if not block:
            break
        if b"[y/N]" in block and b"[y/N]" not in shown:
            os.write(terminal, answer.encode() + b"\n")
        shown += block
    os.close(terminal)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status), shown.decode()


def test_a_person_sees_what_an_import_does_and_agrees(filled: Command) -> None:
    people(filled, 2_500)

    code, shown = typed(filled, ["import", "people.csv"], "y")

    assert code == 0
    assert "people.csv: 2,500 rows, utf-8" in shown
    assert "Email Address -> email_address" in shown
    assert "line 2: email_address" in shown
    assert "Import 2,500 rows?" in shown
    assert "import 1: 2,500 new" in shown
    assert filled.sql(WAITING) == [(2_500,)]
    for bar in ("read", "compared", "imported"):
        assert re.search(rf"{bar} +\S*━.* 2,500 ", shown), bar


def test_a_person_who_does_not_agree_changes_nothing(filled: Command) -> None:
    people(filled, 3)

    code, shown = typed(filled, ["import", "people.csv"], "n")

    assert code == 4
    assert "Import 3 rows?" in shown
    assert "Traceback" not in shown
    assert filled.sql(WAITING) == [(0,)]
    assert filled.sql("SELECT count(*) FROM contacts WHERE id > 900000000000000") == [(0,)]
