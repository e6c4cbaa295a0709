"""The buttons that take back: Revert a push, Undelete a record."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import Response

from cfsync.errors import UsageError
from cfsync.mirror.db.engine import Mirror
from cfsync.mirror.user_decisions.undelete import How
from cfsync.sync.decisions import revert, undelete
from cfsync.web.console import forms, previews
from cfsync.web.console.deciding import Done, decide
from cfsync.web.console.forms import Form
from cfsync.web.console.html.parts.words import plural
from cfsync.web.console.html.sure import Preview
from cfsync.web.console.session import Console


def _agree(_: Sequence[object]) -> None:
    """The page has shown what will be done."""


class Reversals:
    """The handlers of POST requests that take something back."""

    def __init__(self, console: Console) -> None:
        self._console = console

    async def revert(self, request: Request) -> Response:
        number = request.path_params["number"]

        async def work(mirror: Mirror, _choice: str, form: Form) -> Done | Preview:
            batch = forms.number(number) or 0
            if not form.is_sure:
                return previews.revert(await revert.preview(mirror, batch))
            done = await revert.revert(mirror, batch)
            left = f" Not reverted: {plural(len(done.left), 'thing')}." if done.left else ""
            taken = plural(len(done.fields), "record")
            told = f"Push {number}: {taken} will be as before with the next push.{left}"
            return Done(previews.revert(done).after(told))

        return await decide(self._console, request, work, "/activity")

    async def undelete(self, request: Request) -> Response:
        resource, name = request.path_params["resource"], request.path_params["id"]

        async def work(mirror: Mirror, _choice: str, form: Form) -> Done | Preview:
            if not form.is_sure:
                planned = await undelete.preview(mirror, resource, name)
                if planned.how != How.REFUSE:
                    return previews.undelete(planned)
            (done,) = await undelete.undelete(mirror, resource, [name], _agree)
            if done.how == How.REFUSE:
                raise UsageError(done.reason or "it can't be brought back")
            left = ", ".join(one.field for one in done.left)
            lost = f" Not brought back: {left}." if left else ""
            told = f"It is back as a new record; the next push creates it.{lost}"
            if done.how == How.TAKE_BACK:
                told = "The row is back: its delete had not been sent."
            return Done(previews.undelete(done).after(told))

        return await decide(self._console, request, work, f"/records/{resource}/{name}")
