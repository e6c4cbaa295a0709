"""`changes`: the history of both sides."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping, Sequence
from contextlib import aclosing, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cfsync import streams
from cfsync.cli.common import (
    Config,
    Resources,
    load_settings,
    open_mirror,
    until_stopped,
    with_mirror,
)
from cfsync.cli.inspection.changes_table import ChangeTable
from cfsync.cli.text import columns, print_json, shortened, width
from cfsync.errors import UsageError

if TYPE_CHECKING:
    from cfsync.config import Settings
    from cfsync.mirror.db.engine import Mirror
    from cfsync.sync.inspection.changes import AsOf, Request, Scope

    Asked = tuple[Request, int | None, bool]
    """What is asked for, how many at most, and whether to follow."""

SHOWN = 50
"""How many changes a person sees who doesn't say how many."""
POLL_S = 0.5
"""Seconds between two looks with --follow."""
Change = Mapping[str, Any]


def register(app: typer.Typer) -> None:
    app.command()(changes)


def changes(
    resource: Resources = None,
    record_id: Annotated[
        str | None,
        typer.Option(
            "--id", metavar="ID", help="Only this record: id, public id, or provisional id it had."
        ),
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(
            "--since",
            metavar="SEQ|TIME",
            help="What comes after this number, or since a time or an age such as 1h.",
        ),
    ] = None,
    side: Annotated[
        str | None,
        typer.Option("--side", metavar="clickfunnels|local", help="Only what changed there."),
    ] = None,
    field: Annotated[
        str | None, typer.Option("--field", metavar="FIELD", help="Only changes of this field.")
    ] = None,
    follow: Annotated[
        bool, typer.Option("--follow", help="Go on with what comes, until stopped.")
    ] = False,
    limit: Annotated[
        int | None,
        typer.Option(
            "--limit", metavar="N", min=1, help="The last N; with --since, the first N after it."
        ),
    ] = None,
    as_of: Annotated[
        str | None,
        typer.Option(
            "--as-of", metavar="TIME", help="Show RESOURCE ID as it was; a date: as it began."
        ),
    ] = None,
    config: Config = None,
    json: Annotated[
        bool, typer.Option("--json", help="Print each change as a JSON object on its own line.")
    ] = False,
) -> None:
    """Show what has changed on either side, oldest first. Shows people's data.

    Without --since and --limit, the last 50; with --json, all that is kept. The first column is
    the number to go on from: --since NUMBER shows what came after it. --as-of shows one record as
    it was.

    \b
    Example:
      cfsync changes contacts --since 2d --field phone_number
      cfsync changes contacts --id 1042
      cfsync changes --since 81734 --follow --json
      cfsync changes --as-of 2026-11-01 contacts 1042
    """
    from cfsync.sync.inspection.changes import Request

    names = resource or []
    if as_of is not None:
        if any((since, side, field, follow, limit)):
            raise UsageError("--as-of goes with a resource and an id, and no other option")
        _show_as_of(config, [*names, *([record_id] if record_id else [])], as_of, json=json)
        return
    if limit is None and since is None and not json:
        limit = SHOWN
    request = Request(names, record_id, since, side, field, starts=json)
    printer = _Lines() if json else _Table()
    _show_all(load_settings(config, quiet=True), (request, limit, follow), printer)


def _show_all(settings: Settings, asked: Asked, printer: _Lines) -> None:
    async def until(stop: asyncio.Event) -> None:
        mirror = await open_mirror(settings, read_only=True)
        try:
            await _show(mirror, asked, printer, stop)
        finally:
            mirror.close()

    if asked[-1]:
        until_stopped(until, lambda _: None)
    else:
        asyncio.run(until(asyncio.Event()))
        printer.end()


async def _show(mirror: Mirror, asked: Asked, printer: _Lines, stop: asyncio.Event) -> None:
    """Print changes as long as there are any, or as long as somebody reads them."""
    from cfsync.sync.inspection.changes import changes as inner
    from cfsync.sync.inspection.changes import scope

    def is_wanted() -> bool:
        return not stop.is_set() and streams.has_reader(sys.stdout)

    async def wait() -> bool:
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), POLL_S)
        return is_wanted()

    request, limit, follow = asked
    waiting = {"wait": wait} if follow else {}
    printer.begin(await scope(mirror, request), from_beginning=request.since is None)
    async with aclosing(inner(mirror, request, limit=limit, **waiting)) as chunks:
        async for found in chunks:
            printer.show(found)
            sys.stdout.flush()
            if not is_wanted():
                return


class _Lines:
    """One JSON object a line."""

    def begin(self, scope: Scope, *, from_beginning: bool) -> None:
        """Nothing: each line is a change."""

    def show(self, found: Sequence[Change]) -> None:
        for change in found:
            print_json(change)

    def end(self) -> None:
        """Nothing: no line is no change."""


class _Table(_Lines):
    """Aligned columns, below a line that says from when on they are complete."""

    def __init__(self) -> None:
        self._table = ChangeTable(width())
        self._before = list[str]()
        self._is_empty = True

    def begin(self, scope: Scope, *, from_beginning: bool) -> None:
        self._table = ChangeTable(width(), workspaces=scope.workspaces > 1)
        self._before = [_completeness(scope)] if from_beginning else []

    def show(self, found: Sequence[Change]) -> None:
        print("\n".join([*self._before, *self._table.lines(found)]))
        self._before, self._is_empty = [], False

    def end(self) -> None:
        if self._is_empty:
            print("\n".join([*self._before, "no changes"]))


def _completeness(scope: Scope) -> str:
    if scope.complete_since is None:
        return "not complete yet: not all lists were read; edits by SQL are in it"
    return f"complete since {scope.complete_since}"


def _show_as_of(config: Path | None, words: Sequence[str], time: str, *, json: bool) -> None:
    from dataclasses import asdict

    from cfsync.sync.inspection.changes import as_of as inner

    if len(words) != 2:
        raise UsageError("--as-of needs one resource and one id: --as-of 2026-05-21 contacts 1042")
    name, record_id = words
    settings = load_settings(config, quiet=True)
    found = with_mirror(
        settings, lambda mirror: inner(mirror, name, record_id, time), read_only=True
    )
    if json:
        print_json(asdict(found))
    else:
        print("\n".join(_record(found)))


def _record(found: AsOf) -> list[str]:
    name = f"{found.resource} {found.id}"
    if found.record is None:
        return [f"{name}: not in the mirror at {found.as_of}"]
    rows = [(n, shortened(v)) for n, v in found.record.items()]
    return [f"{name} at {found.as_of}", columns(rows)]
