"""The console: pages for people. Off by `web.console = "off"`; then nothing of it is imported.

In: requests of a browser. Out: HTML made of what `cfsync.sync` reads and decides; nothing here
knows more than the command line does.

    app        routes, and what is wrapped around them
    access     who may see and do something
    connections  to the mirror: opened by the first use, closed when nobody looks
    session    what every page needs: the mirror, the shell, messages
    activity_reading  the sections of the activity, page by page
    pages      GET: reads, then calls a function of `html`
    forms      what was typed into a form, as values
    previews, reversal_previews  what a decision would do, shown before it is made
    undo       how what was done is taken back, in sentences
    deciding   POST: what all buttons share: a preview, a message, and the way back
    actions    buttons of what waits: conflicts, edits, deletions
    list_actions  buttons of lists: pause, resume, pull now, sweep now
    reversals  buttons that take back: Revert, Undelete
    editing    forms: Edit and New
    html/      the pages themselves; pure
    static/    style sheet, script and icon, all our own
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from starlette.applications import Starlette

from cfsync.config import Settings
from cfsync.config.sources import Source
from cfsync.mirror.db.engine import Mirror
from cfsync.web.console import app
from cfsync.web.console.connections import Connection
from cfsync.web.console.session import Console as Console
from cfsync.web.console.session import DaemonControl as DaemonControl


def create(
    settings: Settings,
    sources: Sequence[Source],
    daemon: DaemonControl | None = None,
) -> Console:
    """The console of a mirror, to which it connects with the first page. `sources`: where each
    setting in force is from. `daemon`: None where none runs in this process.
    """

    def connection(*, read_only: bool) -> Connection:
        def open_mirror() -> Mirror:
            return Mirror.open(
                settings.database.url,
                must_exist=True,
                clock=lambda: datetime.now(UTC),
                read_only=read_only,
            )

        return Connection(open_mirror)

    reader, writer = connection(read_only=True), connection(read_only=False)
    return Console(settings, sources, reader, writer, daemon)


def serve(console: Console) -> Starlette:
    """The application of a console, to be mounted at `/`."""
    return app.create(console)
