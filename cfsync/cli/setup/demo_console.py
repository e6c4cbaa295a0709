"""`demo --console`: things that wait for a person, a made-up day, and a daemon that goes on."""

from __future__ import annotations

import asyncio
import math
import socket
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

from cfsync.cli.common import load_settings, open_context, open_mirror

if TYPE_CHECKING:
    from cfsync.cli.setup.demo import Show
    from cfsync.config import Settings
    from cfsync.mirror.db.engine import Tx
    from cfsync.mirror.progress.samples import Sample
    from cfsync.sync.context import Context

PORT = 8787
DAY_SPANS = 288
"""Spans of five minutes in a day."""

OUTAGE, FAILED = range(236, 240), 3
"""Spans of the made-up day in which ClickFunnels can't be reached, and passes that fail in each."""

LIVES_S = 4.0
"""Seconds between two changes of the fake account while the console is open."""

MISSING = 7
"""Contacts that vanish in ClickFunnels at once: the guards of the demo's settings hold them."""


def settings_text() -> str:
    """What the settings of the demo say in addition: where the console is, and guards that stop
    fewer changes than the usual ones, since the account is small.
    """
    return (
        f'[web]\nlisten = "127.0.0.1:{_free_port()}"\n'
        "[push]\nhold_updates = 5\n[deletions]\nmax_count = 5\nmax_fraction = 0.0\n"
    )


def _free_port() -> int:
    """The usual port of the console, or another one where that is taken."""
    with socket.socket() as one:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with suppress(OSError):
            one.bind(("127.0.0.1", PORT))
            return PORT
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


async def show(steps: Show, file: Path, stop: asyncio.Event) -> int:
    """The demo's steps, then the console until stopped."""
    async with open_context(steps.settings, stop, create=True, bars=True) as context:
        await context.mirror.write(_write_past)
        code = await steps.steps(context)
        if not stop.is_set():
            await leave_waiting(steps, context)
    if not stop.is_set():
        await serve(steps, file, stop)
    return code


async def leave_waiting(show: Show, context: Context) -> None:
    """Let conflicts, refused and held edits and held deletions wait for a decision."""
    from cfsync.sync import passes
    from cfsync.sync.push.conductor import push

    show.say(
        "7. For the console: conflicts, a refused edit, and guards that stop a mass of changes."
    )
    contacts = show.world.ids("contacts", show.world.workspaces[0])
    phone, name, website, deleted, refused, *many = contacts[4:]
    for one, field, here, there in (
        (phone, "phone_number", "+1 555 0123", "+1 555 0199"),
        (name, "last_name", "Hopper", "Murray Hopper"),
        (website, "website_url", "https://ada.example", "https://ada.example/engine"),
    ):
        show.query(f"UPDATE contacts SET {field} = '{here}' WHERE id = {one}")
        show.world.edit("contacts", one, **{field: there})
    show.query(f"DELETE FROM contacts WHERE id = {deleted}")
    show.world.edit("contacts", deleted, last_name="Lovelace")
    await show.run(context, "cfsync pull", passes.pull)
    taken = (show.world.get("contacts", phone) or {})["email_address"]
    show.query(f"UPDATE contacts SET email_address = '{taken}' WHERE id = {refused}")
    await show.run(context, "cfsync push", push)
    missing = many[:MISSING]
    show.query(
        "UPDATE contacts SET time_zone = 'Tokyo'"
        f" WHERE workspace_id = {show.world.workspaces[0]} AND id > {max(missing)}"
    )
    await show.run(context, "cfsync push", push)
    for one in missing:
        show.world.delete("contacts", one)
    await show.run(context, "cfsync sweep contacts", passes.sweep, ["contacts"])


def _write_past(tx: Tx) -> None:
    """A day that did not happen, so that the charts have something to show."""
    from cfsync.mirror.db.tables import RUNS
    from cfsync.mirror.progress import samples
    from cfsync.times import later

    begin = later(samples.span(tx.now), -DAY_SPANS * 300.0)
    for place in range(DAY_SPANS):
        samples.add(tx, _span(later(begin, place * 300.0), place))
    tx.conn.execute(RUNS.insert().values(_outage(begin)))


def _outage(begin: str) -> dict[str, Any]:
    """The row of the passes that failed in the made-up day: the first, and those alike."""
    from cfsync.mirror.progress.runs import PassName, RunState
    from cfsync.times import later

    first, last = (later(begin, place * 300.0) for place in (OUTAGE[0], OUTAGE[-1] + 1))
    return {
        "pass": PassName.PULL,
        "resource": "contacts",
        "state": RunState.STOPPED,
        "started_at": first,
        "ended_at": last,
        "requests": 1,
        "quiet": FAILED * len(OUTAGE) - 1,
        "error": "no connection to accounts.myclickfunnels.com: connection refused",
        "trouble": "server",
    }


def _span(at: str, place: int) -> Iterator[Sample]:
    """What happened in one span of the made-up day: much around its middle. Pure."""
    from cfsync.mirror.progress.samples import MINUTES, SEVERAL, STATE, Sample

    random = Random(place)  # noqa: S311
    busy = 0.15 + math.exp(-(((place - 170) / 60) ** 2))
    news, sent = int(busy * random.randint(20, 60)), int(busy * random.randint(0, 24))
    by_event = news // 3
    failed = FAILED if place in OUTAGE else 0
    if failed:
        yield Sample(at, MINUTES, "contacts", "pull", failed=failed, requests=failed)
    else:
        passes = 1 + news // 20
        yield Sample(at, MINUTES, "contacts", "pull", passes, 4, 0, 9, news - by_event)
        yield Sample(at, MINUTES, "contacts", "events", passes, 4, 0, 5, by_event)
        yield Sample(at, MINUTES, "orders", "pull", 1, 4, 0, 5, news // 8)
        if sent:
            yield Sample(at, MINUTES, "contacts", "push", 1 + sent // 8, 0, 0, sent, sent=sent)
    lag, delay = (900 if failed else random.randint(20, 70)), random.randint(900, 4_000)
    yield Sample(at, MINUTES, SEVERAL, STATE, lag_s=lag, open_edits=sent, p50_ms=delay)


async def serve(show: Show, file: Path, stop: asyncio.Event) -> None:
    """The daemon with its console, and people on both sides, until stopped."""
    from cfsync import daemon
    from cfsync.cli.setup.demo import environment
    from cfsync.config import explain_sources

    def settings() -> Settings:
        return load_settings(file, environ=environment())

    listen = settings().web.listen
    tasks = [asyncio.create_task(work) for work in (_live(show), _announce(listen))]
    try:
        await daemon.run(
            daemon.SettingsSource(
                settings,
                True,
                lambda: explain_sources(file, environment()),
                settings,
                lambda _: None,
            ),
            lambda given: asyncio.run(open_mirror(given)),
            stop,
        )
    finally:
        for task in tasks:
            task.cancel()


async def _announce(listen: str) -> None:
    """Print the console's address as soon as it answers."""
    from cfsync.cli.inspection.web import address

    host, _, port = listen.rpartition(":")
    while True:
        try:
            _, writer = await asyncio.open_connection(host, int(port))
        except OSError:
            await asyncio.sleep(0.1)
        else:
            writer.close()
            break
    print(f"The console is at {address(listen, tls=False)}", flush=True)
    print("The day in its charts is made up. Ctrl-C ends it.", flush=True)


async def _live(show: Show) -> None:
    """People of the fake account change contacts, and a program here does."""
    random, world = Random(1), show.world  # noqa: S311
    contacts = world.ids("contacts", world.workspaces[-1])
    for turn in range(1_000_000):
        await asyncio.sleep(LIVES_S)
        one = random.choice(contacts)
        if turn % 4 == 3:
            await asyncio.to_thread(show.ask, _rename(one, random))
        elif world.get("contacts", one) is not None:
            world.edit("contacts", one, phone_number=f"+1 555 {random.randint(0, 9999):04d}")


def _rename(contact: int, random: Random) -> str:
    name = random.choice(("Ada", "Grace", "Edsger", "Barbara", "Donald", "Radia"))
    return f"UPDATE contacts SET first_name = '{name}' WHERE id = {contact}"
