"""`outbox adopt`: an inserted row becomes the record that a person says it is."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from cfsync.cli.changing import Change, changes
from cfsync.cli.common import Config, Json, load_settings, open_context, until_stopped
from cfsync.cli.decisions.selection import Yes
from cfsync.cli.questions import ask, asked
from cfsync.cli.text import columns, print_json, shortened

if TYPE_CHECKING:
    from cfsync.sync.decisions.adopt import Candidate


_ADOPT = Change(
    "the row becomes that record: it gets its id, and the values that the row lacks",
    "both are shown side by side before it asks",
    "it can't be taken back",
)


def register(group: typer.Typer) -> None:
    group.command()(adopt)


@changes(_ADOPT)
def adopt(
    seq: Annotated[int, typer.Argument(metavar="SEQ", help="Number of an insert that waits.")],
    record_id: Annotated[str, typer.Argument(metavar="ID", help="Id or public id of its record.")],
    yes: Yes = False,
    config: Config = None,
    json: Json = False,
) -> None:
    """Give an inserted row the record that it is, instead of creating another one.

    For an insert that may already have arrived ("unknown: it may exist already (1158)"). Shows the
    row and the record side by side first. The row gets the record's id and values; a value that
    the record lacks is sent by the next push (`cfsync plan` shows it), and one that differs is
    kept as a conflict.

    \b
    Example:
      cfsync outbox adopt 1042 1158
    """
    from cfsync.sync.decisions import adopt as inner

    settings = load_settings(config, quiet=True)

    async def body(stop: asyncio.Event) -> Candidate:
        async with open_context(settings, stop) as context:
            found = await inner.compare(context, seq, record_id)
            if not (yes and json):
                print(_side_by_side(found), file=sys.stderr if json else None)
            if yes:
                _ADOPT.say(json=json)
            else:
                await asked(stop, lambda: _ask(found))
            await inner.adopt(context, found)
            return found

    found = until_stopped(body)
    resource, real_id = found.claim.resource.name, found.record.id
    if json:
        print_json({"seq": seq, "resource": resource, "id": real_id, "differing": found.differing})
    else:
        print(f"adopted: the row is {resource} {real_id} now")


def _ask(found: Candidate) -> None:
    question = f"Is this row {found.claim.resource.name} {found.record.id}?"
    ask(question, needs="--yes is needed to adopt it", change=_ADOPT)


def _side_by_side(found: Candidate) -> str:
    rows = [
        (name, shortened(mine), shortened(theirs), "differs" if name in found.differing else "")
        for name, (mine, theirs) in found.values.items()
    ]
    head = ("field", f"row {found.claim.record_id}", f"record {found.record.id}", "")
    return columns([head, *rows])
