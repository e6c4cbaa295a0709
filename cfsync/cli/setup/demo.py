"""`demo`: everything cfsync does, in a minute, with the sandbox in place of ClickFunnels."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import tempfile
from collections.abc import Awaitable, Callable, Sequence
from contextlib import ExitStack, closing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cfsync.cli.common import Config, Json, load_settings, open_context, until_stopped
from cfsync.cli.reports import as_json, as_text
from cfsync.cli.text import columns, print_json

if TYPE_CHECKING:
    from cfsync.config import Settings
    from cfsync.sandbox import World
    from cfsync.sync.context import Context
    from cfsync.sync.report import Report

FILE = "cfsync.toml"
TABLES = ("workspaces", "contacts", "products", "orders", "enrollments", "form_submissions")


def register(app: typer.Typer) -> None:
    app.command()(demo)


def demo(
    contacts: Annotated[
        int, typer.Option(metavar="COUNT", min=20, help="Number of made-up contacts.")
    ] = 2000,
    keep: Annotated[
        Path | None, typer.Option(metavar="DIRECTORY", help="Keep the database in this directory.")
    ] = None,
    console: Annotated[
        bool, typer.Option("--console", help="Leave the console open on it, until stopped.")
    ] = False,
    config: Config = None,  # noqa: ARG001
    json: Json = False,
) -> int:
    """Show in a minute what cfsync does, with a fake ClickFunnels.

    Backfill, edits in both directions, a conflict, a deletion, a comparison. Needs no account.

    \b
    Example:
      cfsync demo
      cfsync demo --console
      cfsync demo --keep /tmp/look && sqlite3 /tmp/look/cfsync.db
    """
    from cfsync.cli.setup import demo_console
    from cfsync.sandbox import World, running

    world = World(contacts=contacts)
    with ExitStack() as stack:
        directory = keep or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        directory.mkdir(parents=True, exist_ok=True)
        url = stack.enter_context(running(world)).api
        more = demo_console.settings_text() if console else ""
        settings = _settings(directory, url, more or "[deletions]\n")
        show = Show(world, settings, directory / "cfsync.db", quiet=json)
        work = partial(demo_console.show, show, directory / FILE) if console else show.all
        code = until_stopped(work)
    if json:
        print_json({"passes": show.reports})
    elif keep:
        print(f"\nThe database stays at {show.database.absolute()}")
    return code


def _settings(directory: Path, url: str, more: str) -> Settings:
    """The demo's own settings, in a file of their own: the user's settings must not matter. The
    tables of the core are enough to show everything. `more` ends with those of deletions.
    """
    file = directory / FILE
    database = (directory / "cfsync.db").absolute()
    file.write_text(
        f'[api]\nbase_url = "{url}"\ntoken = "sandbox-token"\nmirror = "core"\n'
        f'[database]\nurl = "sqlite:///{database}"\n[log]\nlevel = "warning"\n'
        f'{more}confirm_after = "1s"\n'
    )
    return load_settings(file, environ=environment())


def environment() -> dict[str, str]:
    """What of the environment counts for the demo: how it logs."""
    return {name: text for name, text in os.environ.items() if name.startswith("CFSYNC_LOG__")}


class Show:
    """The demo, step by step. Each step prints what it does, then what came of it."""

    def __init__(self, world: World, settings: Settings, database: Path, *, quiet: bool) -> None:
        self.world = world
        self.settings = settings
        self.database = database
        self.reports: list[dict[str, Any]] = []
        self._quiet = quiet

    async def all(self, stop: asyncio.Event) -> int:
        async with open_context(self.settings, stop, create=True, bars=True) as context:
            return await self.steps(context)

    async def steps(self, context: Context) -> int:
        await self.fill(context)
        await self.news(context)
        await self.edit(context)
        await self.conflict(context)
        await self.deletion(context)
        return await self.compare(context)

    async def fill(self, context: Context) -> None:
        from cfsync.sync import passes

        count = len(self.world.workspaces)
        self.say(
            f"1. A fake ClickFunnels with {count} workspaces runs on this machine. Mirror its core"
            ' (the default, api.mirror = "standard", has many tables more):'
        )
        await self.run(context, "cfsync backfill", passes.backfill)
        counts = [(name, *self.ask(f"SELECT count(*) FROM {name}")[0]) for name in TABLES]
        self.say("It is plain SQL now:", columns(counts))
        self.query(
            "SELECT c.id, c.first_name, count(*) AS orders, round(sum(o.total_amount), 2) AS spent"
            " FROM orders o JOIN contacts c ON c.id = o.contact_id"
            " GROUP BY c.id, c.first_name ORDER BY orders DESC, c.id LIMIT 3"
        )
        self.say("Views answer common questions, and leave out what isn't paid or is a test:")
        self.query(
            "SELECT product_name, currency, count(DISTINCT order_id) AS orders,"
            " round(sum(amount), 2) AS amount"
            " FROM sales GROUP BY product_name, currency ORDER BY amount DESC LIMIT 3"
        )

    async def news(self, context: Context) -> None:
        from cfsync.sync import passes

        workspace = self.world.workspaces[0]
        first = self.world.ids("contacts", workspace)[0]
        new = self.world.create("contacts", workspace, first_name="Ada", email_address="ada@a.test")
        self.world.edit("contacts", first, first_name="Grace")
        self.say(
            f"2. In ClickFunnels, contact {first} is renamed and {new} signs up. Fetch it all:"
        )
        await self.run(context, "cfsync pull", passes.pull)
        self.query(f"SELECT id, first_name, updated_at FROM contacts WHERE id IN ({first}, {new})")
        self.say("And again, with nothing new: one request for each list in a workspace.")
        await self.run(context, "cfsync pull", passes.pull)

    async def edit(self, context: Context) -> None:
        from cfsync.sync.push.conductor import push

        changed = self.world.ids("contacts", self.world.workspaces[0])[1]
        self.say("3. Now the other way: change one contact by SQL, and insert another.")
        self.query(f"UPDATE contacts SET first_name = 'Edsger' WHERE id = {changed}")
        self.query(
            "INSERT INTO contacts (workspace_id, first_name, email_address)"
            f" VALUES ({self.world.workspaces[0]}, 'Barbara', 'barbara@b.test') RETURNING id"
        )
        await self.run(context, "cfsync push", push)
        there = [self._there(record_id) for record_id in (changed, self._id_of("barbara@b.test"))]
        self.say("In ClickFunnels they are now:", columns([("id", "first_name"), *there]))
        self.say("The new row now has its real id, in place of the provisional one.")

    async def conflict(self, context: Context) -> None:
        from cfsync.sync import passes

        both = self.world.ids("contacts", self.world.workspaces[0])[2]
        self.say(f"4. Contact {both} gets a phone number on both sides at once, +1 555 0199 there:")
        self.query(f"UPDATE contacts SET phone_number = '+1 555 0100' WHERE id = {both}")
        self.world.edit("contacts", both, phone_number="+1 555 0199")
        await self.run(context, "cfsync pull", passes.pull)
        self.say("ClickFunnels wins unless you say otherwise, and the other value is kept:")
        self.query(f"SELECT phone_number FROM contacts WHERE id = {both}")
        self.query("SELECT id, field, base, local, remote, winner FROM cf_conflicts")
        await self.choose(context, both)

    async def choose(self, context: Context, both: int) -> None:
        from cfsync.sync.decisions import conflicts
        from cfsync.sync.push.conductor import push

        (conflict,) = await conflicts.open_conflicts(context.mirror)
        self.say(f"To choose yours after all:\n\n$ cfsync conflicts resolve {conflict.id} --local")
        await conflicts.resolve(context.mirror, conflict.id, "local")
        await self.run(context, "cfsync push", push)
        record = self.world.get("contacts", both) or {}
        shown = columns([("id", "phone_number"), (both, record.get("phone_number"))])
        self.say("In ClickFunnels it is now:", shown)

    async def deletion(self, context: Context) -> None:
        from cfsync.sync import passes

        gone = self.world.ids("contacts", self.world.workspaces[0])[3]
        self.world.delete("contacts", gone)
        self.say(f"5. Contact {gone} is deleted there. No list shows that, so compare all:")
        await self.run(context, "cfsync sweep contacts", passes.sweep, ["contacts"])
        self.query(f"SELECT count(*) AS left_over FROM contacts WHERE id = {gone}")
        self.query(
            "SELECT resource, record_id, cause, state FROM cf_tombstones WHERE state = 'confirmed'"
        )

    async def compare(self, context: Context) -> int:
        from cfsync.sync.inspection.verify import verify

        self.say("6. Are both sides the same? Compare every record, field by field:")
        verified = await verify(context)
        self.told("cfsync verify", verified.report)
        same = verified.report.total("same")
        word = "no difference" if not verified.differences else "DIFFERENCES"
        self.say(f"{same:,} records compared, {word}.")
        return verified.exit_code

    async def run(
        self,
        context: Context,
        command: str,
        work: Callable[..., Awaitable[Report]],
        *arguments: Sequence[str],
    ) -> None:
        self.told(command, await work(context, *arguments))

    def told(self, command: str, report: Report) -> None:
        self.reports.append(as_json(report))
        self.say(f"$ {command}", as_text(report))

    def query(self, sql: str) -> None:
        with closing(sqlite3.connect(self.database)) as connection, connection:
            cursor = connection.execute(sql)
            head = [column[0] for column in cursor.description or ()]
            shown = [columns([head, *cursor.fetchall()])] if head else []
            self.say(f"sqlite> {sql};", *shown)

    def _id_of(self, email: str) -> int:
        return int(self.ask(f"SELECT id FROM contacts WHERE email_address = '{email}'")[0][0])

    def _there(self, record_id: int) -> tuple[int, str]:
        record = self.world.get("contacts", record_id) or {}
        return record_id, str(record.get("first_name"))

    def ask(self, sql: str) -> list[Any]:
        with closing(sqlite3.connect(self.database)) as connection:
            return connection.execute(sql).fetchall()

    def say(self, *lines: str) -> None:
        if not self._quiet:
            print("\n".join(lines) + "\n", flush=True)
