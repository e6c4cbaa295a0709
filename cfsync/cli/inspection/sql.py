"""`sql`: a statement on the mirror that the settings name."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cfsync import streams
from cfsync.cli.changing import EDITS_BACK, Change, changes
from cfsync.cli.common import Config, load_settings, with_mirror
from cfsync.cli.text import GAP, fitted, plural, print_problem, visible
from cfsync.errors import UsageError

if TYPE_CHECKING:
    from cfsync.mirror.db.dialect.place import Place
    from cfsync.mirror.db.dialect.user_sql import Answer
    from cfsync.mirror.db.engine import Mirror

FORMATS = ("table", "csv", "jsonl")
MEASURED = 200
"""Rows that decide how wide the columns of a table are."""
_WRITE = Change(
    "what the statement changes becomes edits, which the next push sends",
    "`cfsync plan` shows what the push will send",
    EDITS_BACK,
)


def register(app: typer.Typer) -> None:
    app.command()(sql)


@changes(_WRITE)
def sql(
    statement: Annotated[
        str, typer.Argument(metavar="STATEMENT", help="One statement; - reads it from a pipe.")
    ],
    write: Annotated[
        bool, typer.Option("--write", help="Let it change rows. The edits wait for a push.")
    ] = False,
    format_: Annotated[
        str | None,
        typer.Option(
            "--format", metavar="table|csv|jsonl", help="By default csv where it is no terminal."
        ),
    ] = None,
    config: Config = None,
    json: Annotated[bool, typer.Option("--json", help="The same as --format jsonl.")] = False,
) -> None:
    """Run a statement on the mirror. Only reads, unless it is told to write. Shows people's data.

    The database itself keeps it from writing. With --write, it is one transaction, and what it
    changes becomes edits, as with any other program.

    \b
    Example:
      cfsync sql "SELECT id, email_address FROM contacts ORDER BY id LIMIT 5"
      cfsync sql - --format csv < segment.sql > segment.csv
      cfsync sql --write "UPDATE contacts SET last_name = 'King' WHERE id = 1042"
    """
    from cfsync.mirror.db.dialect import user_sql

    chosen = "jsonl" if json else format_ or ("table" if sys.stdout.isatty() else "csv")
    if chosen not in FORMATS:
        raise UsageError(f"--format takes {', '.join(FORMATS)}, not {chosen!r}")
    text = _from_pipe() if statement == "-" else statement
    place = with_mirror(load_settings(config, quiet=True), _place, read_only=True)

    def before_commit(answer: Answer) -> None:
        if answer.edits:
            _WRITE.say(json=json)

    with user_sql.run(place, text, before_commit if write else None) as answer:
        if answer.columns:
            _print(answer, chosen)
    if write:
        _print_edits(answer)


async def _place(mirror: Mirror) -> Place:
    return mirror.place


def _from_pipe() -> str:
    try:
        return sys.stdin.buffer.read().decode()
    except UnicodeDecodeError:
        raise UsageError("the statement from standard input is not UTF-8") from None


def _print(answer: Answer, chosen: str) -> None:
    """Line by line, as the rows come, as long as somebody reads them."""
    lines = {"table": _table, "csv": _csv, "jsonl": _json_lines}[chosen](answer)
    for number, line in enumerate(lines):
        print(line)
        if number % 1000 == 999 and not streams.has_reader(sys.stdout):
            return


def _csv(answer: Answer) -> Iterator[str]:
    from cfsync.text_forms import csv_line

    yield csv_line(answer.columns)
    yield from map(csv_line, answer.rows)


def _json_lines(answer: Answer) -> Iterator[str]:
    from cfsync.mirror.db.dialect.user_sql import JsonText
    from cfsync.text_forms import distinct, json_line
    from cfsync.values import json_of

    names, ascii_only = distinct(answer.columns), not streams.is_utf8(sys.stdout)
    for row in answer.rows:
        values = [json_of(v) if isinstance(v, JsonText) else v for v in row]
        yield json_line(names, values, ascii_only=ascii_only)


def _table(answer: Answer) -> Iterator[str]:
    """Columns that fit the terminal; what doesn't fit is cut."""
    first = list(islice(answer.rows, MEASURED))
    head, *cells = [list(answer.columns), *map(_cells, first)]
    columns = zip(head, *cells, strict=True)
    wanted = [max(map(len, column)) for column in columns]
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else sys.maxsize
    widths = fitted(wanted, width)
    right = [
        any(isinstance(v, (int, float)) for v in column) for column in zip(*first, strict=True)
    ] or [False] * len(head)
    yield _row(head, widths, right)
    yield GAP.join("-" * width for width in widths)
    yield from (_row(row, widths, right) for row in cells)
    count = len(cells)
    for row in answer.rows:
        count += 1
        yield _row(_cells(row), widths, right)
    yield plural(count, "row")


def _cells(row: Sequence[Any]) -> list[str]:
    from cfsync.text_forms import as_text

    texts = map(as_text, row)
    return ["NULL" if text is None else visible(text) for text in texts]


def _row(cells: Sequence[str], widths: Sequence[int], right: Sequence[bool]) -> str:
    return GAP.join(
        text.rjust(width) if to_right else text.ljust(width)
        for text, width, to_right in zip(map(_cut, cells, widths), widths, right, strict=True)
    ).rstrip()


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 3] + "..."


def _print_edits(answer: Answer) -> None:
    """What has been changed, what will happen with it, and how to take it back."""
    if answer.changed >= 0 and not answer.columns:
        print_problem(f"{plural(answer.changed, 'row')} changed")
    if not answer.edits:
        print_problem("no edit was made: nothing of it is sent to ClickFunnels")
        return
    made = ", ".join(f"{plural(e.count, 'edit')} of {e.resource}" for e in answer.edits)
    print_problem(
        f"{made}: `cfsync plan` shows what a push would send, `cfsync push` sends it (a running"
        " daemon does that by itself)"
    )
    for e in answer.edits:
        print_problem(f"to take back: cfsync outbox discard {e.resource} --since {e.since}")
