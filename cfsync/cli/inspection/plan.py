"""`plan`: what a push would send."""

from __future__ import annotations

import sys
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cfsync.cli.common import Config, Json, Resources, load_settings, with_mirror
from cfsync.cli.row_bars import row_bars
from cfsync.cli.text import print_lines, to_json

if TYPE_CHECKING:
    from cfsync.mirror.db.engine import Mirror
    from cfsync.sync.push.planning.member_names import Names
    from cfsync.sync.push.planning.plan import Plan


def register(app: typer.Typer) -> None:
    app.command()(plan)


def plan(
    resource: Resources = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Also write it for `push --plan`."),
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Show every record, not only the first 50.")
    ] = False,
    config: Config = None,
    json: Json = False,
) -> int:
    """Show what `push` would send, field by field. Sends nothing.

    Begins with a summary where it is about many records: how many are created, changed and deleted,
    which fields they get, and which tags they get or lose.

    Shows people's data. Exits 5 if some edits would not be sent, and says why. `push --plan FILE`
    sends only what the file lists, and refuses records that have changed since.

    \b
    Example:
      cfsync plan
      cfsync plan contacts --out monday.json
    """
    return show_plan(resource or [], config, out=out, json=json, everything=everything)


def show_plan(
    names: list[str],
    config: Path | None,
    *,
    out: Path | None = None,
    json: bool,
    everything: bool = False,
) -> int:
    """Print the plan, and write it to a file if `out` is given; the exit code."""
    from cfsync.cli.output.plan import SHOWN, lines_of, next_steps
    from cfsync.sync.push.planning import plan_file
    from cfsync.sync.push.planning.member_names import read_names
    from cfsync.sync.push.planning.plan import plan as inner

    settings = load_settings(config)

    async def work(mirror: Mirror) -> tuple[Plan, Names]:
        found = await inner(mirror, settings, names, progress)
        return found, await read_names(mirror, found)

    with row_bars() as progress:
        found, known = with_mirror(settings, work, read_only=True)
    if out is not None:
        plan_file.write(found, out)
    if json:
        sys.stdout.writelines(plan_file.text_of(found, to_json))
    else:
        shown = None if everything else SHOWN
        print_lines(chain(lines_of(found, known, shown=shown), next_steps(found, out)))
    return found.exit_code
