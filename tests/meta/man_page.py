"""The manual page `docs/cfsync.1`, from the commands themselves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cfsync.cli.sections import SECTIONS
from tests.meta.command_table import in_order, params, usage, written
from tests.meta.documents import document

_HEAD = r""".\" Generated from the commands by `make docs`.
.TH CFSYNC 1 "" cfsync "User Commands"
.SH NAME
cfsync \- keeps a ClickFunnels account and your own SQL database the same, in both directions
.SH SYNOPSIS
.B cfsync
.RI [ COMMAND ]
.RI [ OPTIONS ]
.SH DESCRIPTION
A program reads and writes the tables of the database with plain SQL; cfsync reads what changed in
ClickFunnels, and sends the edits. Every command takes these options:
.TP
.BI \-\-config " FILE"
Read the settings from this file.
.TP
.B \-\-json
Print the result as one JSON object on standard output; logs go to standard error.
.TP
.B \-\-help
Show the options and an example.
.PP
.I RESOURCE
is the name of a table, such as contacts; without one, a command works on all of them.
"""

_FILES = r""".SH FILES
The settings are read from the first of these that exists: the file of
.BR \-\-config ,
.IR $CFSYNC_CONFIG ,
.IR ./cfsync.toml ,
.IR /etc/cfsync/config.toml .
.SH ENVIRONMENT
.TP
.B CFSYNC_SECTION__KEY
A setting that takes the place of the one in the file, such as
.BR CFSYNC_API__TOKEN .
.B cfsync config example
prints all of them.
"""


def man_page() -> str:
    """The whole page."""
    return "".join(line + "\n" for line in _lines())


def _lines() -> Iterator[str]:
    yield from _HEAD.splitlines()
    commands = in_order()
    for title, names in SECTIONS.items():
        yield f".SH {title.upper()}"
        for name, command in commands:
            if name.partition(" ")[0] in names:
                yield from _command(name, command)
    yield ".SH EXIT STATUS"
    for code, means in _exit_codes():
        yield from (".TP", f".B {code}", _plain(means))
    yield from _FILES.splitlines()


def _command(name: str, command: Any) -> Iterator[str]:
    yield f".SS {_plain(f'cfsync {name}')}"
    yield from (".nf", *map(_plain, usage(name).splitlines()[1:-1]), ".fi")
    text, _, example = str(command.help).partition("\b\nExample:\n")
    for paragraph in text.strip().split("\n\n"):
        yield from (".PP", _plain(" ".join(paragraph.split())))
    for param in params(command):
        if param.help:
            yield from (".TP", f".B {_plain(written(param))}", _plain(param.help))
    yield from (".PP", "Example:", ".PP", ".nf")
    yield from (_plain(f"    {line.strip()}") for line in example.strip().splitlines())
    yield ".fi"


def _exit_codes() -> Iterator[tuple[str, str]]:
    for line in document("docs/commands.md").section("Exit codes").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if cells[0].isdecimal():
            yield cells[0], cells[1].replace("`", "")


def _plain(text: str) -> str:
    """Text without anything that roff would obey."""
    text = text.replace("\\", r"\e").replace("-", r"\-").replace("`", "")
    return rf"\&{text}" if text.startswith((".", "'")) else text
