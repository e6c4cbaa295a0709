"""`export`: tables and views as files."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cfsync.cli.common import Config, Json, load_settings, open_mirror, until_stopped
from cfsync.cli.row_bars import row_bars
from cfsync.cli.text import columns, print_json

if TYPE_CHECKING:
    from cfsync.mirror.export.files import Exported


def register(app: typer.Typer) -> None:
    app.command()(export)


def export(
    name: Annotated[
        list[str] | None,
        typer.Argument(metavar="[TABLE|VIEW]...", help="Only these; without one, all tables."),
    ] = None,
    format_: Annotated[
        str, typer.Option("--format", metavar="csv|jsonl|parquet", help="How they are written.")
    ] = "csv",
    since: Annotated[
        str | None,
        typer.Option(
            "--since", metavar="TIME", help="Only rows that changed since a time or an age."
        ),
    ] = None,
    out: Annotated[
        Path, typer.Option("--out", metavar="DIR", help="Where to; the current directory.")
    ] = Path(),
    config: Config = None,
    json: Json = False,
) -> None:
    """Write tables and views to files. They hold people's data.

    A file for each, that only you can read.

    All of them show the mirror at one moment. A file is replaced when all are whole.

    \b
    Example:
      cfsync export --out nightly
      cfsync export contacts orders sales --format parquet --out /srv/warehouse
      cfsync export contacts --since 1d --format jsonl
    """
    from cfsync.sync.inspection.export import export as inner

    settings = load_settings(config, quiet=True)

    async def body(stop: asyncio.Event) -> list[Exported]:
        mirror = await open_mirror(settings, read_only=True)
        try:
            return await inner(
                mirror,
                name or [],
                format_name=format_,
                since=since,
                folder=out,
                is_stopped=stop.is_set,
                progress=progress,
            )
        finally:
            mirror.close()

    with row_bars() as progress:
        found = until_stopped(body)
    if json:
        print_json({"files": [asdict(one) for one in found]})
    else:
        print(columns([("", "rows", "file"), *((e.name, e.rows, e.path) for e in found)]))
