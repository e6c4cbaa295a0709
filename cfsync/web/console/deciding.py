"""What all buttons share: a preview where one is due, a message, and the way back."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from urllib.parse import quote

import structlog
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from cfsync.errors import CfsyncError, UsageError
from cfsync.mirror.db.engine import Mirror
from cfsync.mirror.history.person import acting_as
from cfsync.web.console import forms
from cfsync.web.console.forms import SEEN, Form
from cfsync.web.console.html.parts.words import without_command
from cfsync.web.console.html.sure import Preview, sure
from cfsync.web.console.session import Console, person, say

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Done:
    """What was done."""

    #: What is said about it.
    told: str
    #: The page on which that is said; '': the one from which one came.
    page: str = ""


Work = Callable[[Mirror, str, Form], Awaitable[Done | Preview]]
"""Does what was chosen, and returns what is said about it; or does nothing yet, and returns what it
would do. Raises an error where it can't.
"""


async def decide(console: Console, request: Request, work: Work, back: str) -> Response:
    """Do it unless the console is read-only, say how it went, and show where one came from."""
    who = person(request, console.settings)
    try:
        if console.read_only:
            raise UsageError("this console is read-only (web.console)")
        form = await forms.read(request)
        back = forms.BACK.get(form.one("back"), back)
        check(form.one("choice"), *forms.CHOICES[request.scope["route"].path])
        async with console.writing() as mirror:
            with acting_as(who):
                done = await work(mirror, form.one("choice"), form)
        if isinstance(done, Preview):
            shell, path = await console.shell(request), quote(request.scope["path"])
            values = {**form.values, "sure": ["1"], SEEN: [done.seen]}
            return await console.html(sure, shell, done, path, values, back)
        say(request, "ok", done.told)
    except CfsyncError as error:
        say(request, "bad", without_command(str(error)))
    else:
        back = done.page or back
        log.info("console.action", path=request.scope["path"], choice=form.one("choice"), by=who)
    console.forget()
    return RedirectResponse(back, 303)


def check(choice: str, *known: str) -> None:
    """Raises UsageError for a choice that isn't offered."""
    if choice not in known:
        raise UsageError(f"choose {' or '.join(known)}")
