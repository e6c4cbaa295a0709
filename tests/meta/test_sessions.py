"""The terminal sessions in the documents, played against the sandbox: each prints what it says.

A line `...` stands for any output up to the next command. Durations, rates, times and the folder
are not compared.
"""

from __future__ import annotations

import itertools
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from cfsync.sandbox import TOKEN, World, running
from tests.meta.documents import Document, document, documents

SQLITE3 = """
import sqlite3, sys
with sqlite3.connect(sys.argv[1], isolation_level=None) as connection:
    try:
        for row in connection.execute(sys.argv[2]):
            print("|".join("" if value is None else str(value) for value in row))
    except sqlite3.Error as error:
        sys.exit(f"Error: {error}")
"""
CHANGING = re.compile(
    r"\d+-\d\d-\d\dT[\d:.]+Z|\b\d+(\.\d+)? s\b|\b\d+ a second|(?<=\s)-\d{9,}|\b\d+ requests"
)

with_sessions = pytest.mark.parametrize(
    "name", [name for name in documents() if any(b.is_session for b in document(name).blocks)]
)


def steps(this: Document) -> Iterator[tuple[str, list[str]]]:
    """(the command, the lines that it prints)"""
    for block in (b for b in this.blocks if b.is_session):
        lines = block.text.splitlines()
        command = ""
        for is_command, group in itertools.groupby(lines, lambda line: line.startswith("$ ")):
            if is_command:
                *silent, command = (line[2:] for line in group)
                yield from ((line, []) for line in silent)
            else:
                yield command, list(group)
                command = ""
        if command:
            yield command, []


@with_sessions
def test_a_session_prints_what_it_says(name: str, tmp_path: Path) -> None:
    (tmp_path / "shell.py").write_text(SQLITE3)
    for shim, target in (("cfsync", "-m cfsync"), ("sqlite3", f"{tmp_path}/shell.py")):
        path = tmp_path / "bin" / shim
        path.parent.mkdir(exist_ok=True)
        path.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} {target} "$@"\n')
        path.chmod(0o755)
    with running(World(1, contacts=50)) as served:
        home = tmp_path / "home"
        home.mkdir()
        environment = os.environ | {
            "PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}",
            "CFSYNC_API__BASE_URL": served.api,
            "CFSYNC_API__TOKEN": TOKEN,
            "CFSYNC_LOG__LEVEL": "warning",  # as on a terminal, where progress bars are shown
            "CFSYNC_DELETIONS__CONFIRM_AFTER": "0s",
        }
        for command, expected in steps(document(name)):
            printed = _run(command, home, environment)
            _compare(f"{name}: {command}", printed, expected)


def _run(command: str, home: Path, environment: dict[str, str]) -> list[str]:
    words = command.split()
    assert words[0] in ("cfsync", "sqlite3"), f"{command}: a session runs cfsync and sqlite3 only"
    done = subprocess.run(
        ["bash", "-c", f"exec 2>&1; {command}"],
        cwd=home,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        timeout=60,
    )
    text = done.stdout.replace(str(home), "/home/you")
    return [line for line in text.splitlines() if line.strip()]


def _compare(where: str, printed: list[str], expected: list[str]) -> None:
    if expected[-1:] == ["..."]:
        expected = expected[:-1]
        printed = printed[: len(expected)]
    assert [_plain(line) for line in printed] == [_plain(line) for line in expected], where


def _plain(line: str) -> str:
    return CHANGING.sub("#", line.rstrip())
