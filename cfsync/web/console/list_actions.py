"""The buttons of lists: pause, resume, pull now, sweep now."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from starlette.requests import Request
from starlette.responses import Response

from cfsync.errors import UsageError
from cfsync.mirror.bookkeeping import decided
from cfsync.mirror.coordination import pauses
from cfsync.mirror.db.engine import Mirror
from cfsync.resources import named
from cfsync.sync.decisions import pause
from cfsync.web.console import previews
from cfsync.web.console.deciding import Done, check, decide
from cfsync.web.console.forms import Form
from cfsync.web.console.html.parts.words import words
from cfsync.web.console.html.sure import Preview
from cfsync.web.console.session import Console

_ASKED: Mapping[str, Literal["pull asked for", "sweep asked for"]] = {
    "pull": "pull asked for",
    "sweep": "sweep asked for",
}
"""Pass that a button starts -> what is noted of it."""


class ListActions:
    """The handlers of POST requests about lists."""

    def __init__(self, console: Console) -> None:
        self._console = console

    async def pause(self, request: Request) -> Response:
        which = request.path_params["resource"]

        async def work(mirror: Mirror, choice: str, form: Form) -> Done | Preview:
            names = [] if which == "all" else [named(which).name]
            if not names and choice == "pause" and not form.is_sure:
                return previews.pause_all()
            await pause.change(mirror, "paused" if choice == "pause" else "resumed", names)
            what = words(names[0]) if names else "All lists"
            if choice == "pause":
                return Done(f"{what}: paused. Edits by SQL are kept; Resume sends them.")
            return Done(f"{what}: resumed.")

        return await decide(self._console, request, work, "/")

    async def start(self, request: Request) -> Response:
        """A pass of a list, now."""
        resource, name = request.path_params["resource"], request.path_params["name"]

        async def work(mirror: Mirror, _choice: str, _form: Form) -> Done:
            check(name, *_ASKED)
            daemon = self._console.daemon
            if daemon is None:
                raise UsageError(f"no daemon runs here: `cfsync {name} {named(resource).name}`")
            what = f"{words(named(resource).name)}: no {name} was begun"
            if resource in await mirror.read(pauses.paused):  # the daemon may not know it yet
                raise UsageError(f"{what}: it is paused; press Resume, on the overview, first")
            if why := daemon.start_pass(name, resource):
                raise UsageError(f"{what}: {why}")
            await mirror.write(decided.lists, _ASKED[name], [named(resource).name])
            return Done(f"{words(resource)}: the {name} has begun.")

        return await decide(self._console, request, work, f"/records/{resource}")
