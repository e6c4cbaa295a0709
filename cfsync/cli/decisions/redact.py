"""`redact`: delete a person everywhere."""

from __future__ import annotations

import asyncio
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from cfsync.cli.changing import Change, changes
from cfsync.cli.common import Config, Json, load_settings, open_context, until_stopped
from cfsync.cli.questions import ask, asked
from cfsync.cli.text import columns, print_json, print_problem
from cfsync.errors import UsageError

if TYPE_CHECKING:
    from cfsync.sync.decisions.redact import Redacted


_REDACT = Change(
    "the person is deleted in ClickFunnels, and every copy here is purged",
    "`cfsync show contacts ID` shows the person",
    "it can't be taken back",
)


def register(app: typer.Typer) -> None:
    app.command()(redact)


@changes(_REDACT)
def redact(
    contact_id: Annotated[str, typer.Argument(metavar="CONTACT_ID", help="Id or public id.")],
    yes: Annotated[bool, typer.Option("--yes", help="Don't ask for confirmation.")] = False,
    config: Config = None,
    json: Json = False,
) -> None:
    """Delete a person in ClickFunnels (GDPR) and here. Can't be undone.

    ClickFunnels would leave tags and custom attributes, so these are cleared there first. This then
    purges the contact's row, edits, conflicts and events, what its tombstone holds, the copies of
    the contact inside other records, and the email address wherever it appears. A digest of it
    stays, so that no import brings the person back. It does not touch what other records hold
    themselves, such as an order's delivery address, nor your backups and plan files.
    You can run it again after an error.

    \b
    Example:
      cfsync redact 1042
      cfsync redact 1042 --yes --json
    """
    from cfsync.sync.decisions.redact import redact as inner

    settings = load_settings(config, quiet=True)
    change = replace(_REDACT, see=f"`cfsync show contacts {contact_id}` shows the person")
    if not yes and not sys.stdin.isatty():
        raise UsageError("redact can't be undone: without a terminal it needs --yes")

    async def body(stop: asyncio.Event) -> Redacted:
        async def confirm() -> None:
            if yes:
                change.say(json=json)
            else:
                await asked(stop, lambda: _ask(contact_id, change))

        async with open_context(settings, stop) as context:
            return await inner(context, contact_id, confirm)

    done = until_stopped(body)
    purged = {name: n for name, n in sorted(done.purged.items()) if n}
    if json:
        print_json(
            {"resource": done.resource, "id": done.id, "clickfunnels": done.asked}
            | {"cleared": done.cleared, "kept": done.kept, "purged": purged}
        )
        return
    if done.cleared:
        print(f"cleared in ClickFunnels before: {', '.join(done.cleared)}")
    if done.kept:
        print_problem(f"ClickFunnels refused to clear {', '.join(done.kept)}: do that there")
    print(f"{done.resource} {done.id}: in ClickFunnels {done.asked}; purged here:")
    print(columns(purged.items()) if purged else "nothing")


def _ask(contact_id: str, change: Change) -> None:
    question = f"Delete contact {contact_id} in ClickFunnels and here, permanently?"
    ask(question, needs="redact needs --yes, because it can't be undone", change=change)
