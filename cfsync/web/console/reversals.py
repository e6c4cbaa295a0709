"""The buttons that take back: Revert a push, Undelete a record."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from cfsync.errors import UsageError
from cfsync.mirror.db.engine import Mirror
from cfsync.mirror.reports import browse
from cfsync.mirror.user_decisions.undelete import How
from cfsync.sync.decisions import outbox, revert, undelete
from cfsync.sync.decisions.consequences import NAMED
from cfsync.web.console import forms
from cfsync.web.console import reversal_previews as previews
from cfsync.web.console.deciding import Done, decide
from cfsync.web.console.forms import Form
from cfsync.web.console.html.sure import Preview
from cfsync.web.console.session import Console


class Reversals:
    """The handlers of POST requests that take something back."""

    def __init__(self, console: Console) -> None:
        self._console = console

    async def revert(self, request: Request) -> Response:
        number = request.path_params["number"]

        async def work(mirror: Mirror, choice: str, form: Form) -> Done | Preview:
            batch = forms.number(number) or 0
            shown = await _revert_preview(mirror, batch)
            if not (shown.button or shown.also) or not form.agrees_to(shown.seen):
                return shown
            with_created = choice == previews.WITH_CREATED and shown.also is not None
            done = await revert.revert(mirror, batch, outbox.agree if with_created else None)
            return Done(f"{previews.reverted(done)} To undo it: {previews.back(done)}")

        return await decide(self._console, request, work, "/activity")

    async def undelete(self, request: Request) -> Response:
        resource, name = request.path_params["resource"], request.path_params["id"]

        async def work(mirror: Mirror, _choice: str, form: Form) -> Done | Preview:
            planned = await undelete.preview(mirror, resource, name)
            titles = await mirror.read(browse.titles, [(planned.resource, planned.record_id)])
            shown = previews.undelete(planned, titles)
            if planned.how != How.REFUSE and not form.agrees_to(shown.seen):
                return shown
            (done,) = await undelete.undelete(mirror, resource, [name], outbox.agree)
            if done.how == How.REFUSE:
                raise UsageError(done.reason or "it can't be brought back")
            left = ", ".join(one.field for one in done.left)
            lost = f" Not brought back: {left}." if left else ""
            told = f"It is back as a new record; the next push creates it.{lost}"
            if done.how == How.TAKE_BACK:
                told = "The row is back: its delete had not been sent."
            page = f"/records/{done.resource}/{done.new_id or done.record_id}"
            return Done(shown.after(told), page)

        return await decide(self._console, request, work, f"/records/{resource}/{name}")


async def _revert_preview(mirror: Mirror, batch: int) -> Preview:
    found = await revert.preview(mirror, batch)
    created: list[tuple[str, int]] = []
    if any(one.reason.startswith(revert.CREATED) for one in found.left):
        created = (await revert.preview(mirror, batch, with_created=True)).deleted
    shown = [*((r, i) for r, i, _ in found.fields), *found.discarded, *created]
    shown += [(one.resource, one.record_id) for one in found.left]
    titles = await mirror.read(browse.titles, shown[: 2 * NAMED])
    return previews.revert(found, created, titles)
