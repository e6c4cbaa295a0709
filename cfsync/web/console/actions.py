"""The buttons: each decides as its command does, leaves a message, and goes back."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Any, Literal
from urllib.parse import quote

import structlog
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from cfsync.errors import CfsyncError, UsageError
from cfsync.mirror.bookkeeping import decided
from cfsync.mirror.bookkeeping.conflicts import Conflict, ConflictState, by_id, changed_since
from cfsync.mirror.bookkeeping.outbox import OutboxState
from cfsync.mirror.db.engine import Mirror
from cfsync.mirror.history.person import acting_as
from cfsync.mirror.reports import waiting
from cfsync.mirror.user_decisions.undelete import How
from cfsync.resources import RESOURCES, named
from cfsync.sync.decisions import conflicts, deletions, outbox, pause, revert, undelete
from cfsync.sync.decisions.conflicts import Resolved
from cfsync.sync.selection import NOT_GIVEN
from cfsync.web.console import forms, previews, readings
from cfsync.web.console.forms import SEEN, Form
from cfsync.web.console.html.parts import cards
from cfsync.web.console.html.parts.words import plural, words
from cfsync.web.console.html.sure import Preview, sure
from cfsync.web.console.session import Console, person, say

log = structlog.get_logger()

Work = Callable[[Mirror, str, Form], Awaitable[str | Preview]]
"""Does what was chosen, and returns what is said about it; or does nothing yet, and returns what it
would do. Raises an error where it can't.
"""


_ASKED: Mapping[str, Literal["pull asked for", "sweep asked for"]] = {
    "pull": "pull asked for",
    "sweep": "sweep asked for",
}
"""Pass that a button starts -> what is noted of it."""


def _agree(_: Sequence[object]) -> None:
    """The page has shown what will be done."""


class Actions:
    """The handlers of POST requests."""

    def __init__(self, console: Console) -> None:
        self._console = console

    async def conflict(self, request: Request) -> Response:
        """One conflict by its number; else those that fit the form: `resource`, `field`, `record`,
        and no later one than `last`, which the page has shown.
        """
        number = forms.number(request.path_params["number"])

        async def work(mirror: Mirror, choice: str, form: Form) -> str | Preview:
            if number is None:
                return await _resolve_many(mirror, choice, form)
            found = await mirror.read(by_id, number)
            shown = previews.conflict(found, choice)
            is_asked = found.is_about_record and found.state == ConflictState.OPEN
            if is_asked and _is_as_shown(form, found) and not form.agrees_to(shown.seen):
                return shown
            value = _typed(found, form) if choice == "value" else None
            is_as_shown = partial(_is_as_shown, form)
            done = await conflicts.resolve(mirror, number, choice, value, is_as_shown)  # type: ignore[arg-type]  # checked
            return shown.after(_resolved([done] if isinstance(done, Resolved) else [], 1))

        return await self._do(request, work, "/waiting#conflict")

    async def edit(self, request: Request) -> Response:
        number = forms.number(request.path_params["number"])

        async def work(mirror: Mirror, choice: str, form: Form) -> str | Preview:
            is_plain = choice == "retry"
            return await _decide_edits(mirror, choice, form, [number or 0], is_plain=is_plain)

        return await self._do(request, work, "/waiting")

    async def parked(self, request: Request) -> Response:
        """As `held`, of edits that ClickFunnels has refused."""
        return await self._group(request, OutboxState.PARKED)

    async def held(self, request: Request) -> Response:
        """The held edits of a resource, or of `all`, that fit the form: `op` and `reason`, and no
        later one than `last`, which the page has shown.
        """
        return await self._group(request, OutboxState.HELD)

    async def _group(self, request: Request, state: OutboxState) -> Response:
        which = request.path_params["resource"]

        async def work(mirror: Mirror, choice: str, form: Form) -> str | Preview:
            given = {
                name: form.one(name) if name in form.values else None for name in ("op", "reason")
            }
            last = forms.number(form.one("last"))
            name = None if which == "all" else named(which).name
            seqs = await mirror.read(waiting.edits, state, name, **given, last=last)
            return await _decide_edits(mirror, choice, form, seqs)

        return await self._do(request, work, f"/waiting#{state}")

    async def deletion(self, request: Request) -> Response:
        """The held deletions of a resource that were picked; else all, but none that was missing
        first after `last`, which the page has shown.
        """
        resource = request.path_params["resource"]

        async def work(mirror: Mirror, choice: str, form: Form) -> str | Preview:
            ids, name = form.values.get("id", ()), named(resource).name
            if "last" in form.values:
                found = await mirror.read(waiting.held_deletions, name, form.one("last"))
                ids = [str(record_id) for record_id in found]
            if not ids:
                raise UsageError("nothing was picked")
            shown = previews.deletions(resource, ids, choice)
            if not form.agrees_to(shown.seen):
                return shown
            approve = choice == "approve"
            done = await deletions.decide(
                mirror, [resource, *ids], NOT_GIVEN, approve=approve, confirm=_agree
            )
            if approve:
                told = f"{plural(len(done), 'deletion')} approved. The next sweep looks once more."
            else:
                told = f"{plural(len(done), 'deletion')} rejected: the rows stay."
            return shown.after(told)

        return await self._do(request, work, "/waiting#deletion")

    async def pause(self, request: Request) -> Response:
        which = request.path_params["resource"]

        async def work(mirror: Mirror, choice: str, form: Form) -> str | Preview:
            names = [] if which == "all" else [named(which).name]
            if not names and choice == "pause" and not form.is_sure:
                return previews.pause_all()
            await pause.change(mirror, "paused" if choice == "pause" else "resumed", names)
            what = words(names[0]) if names else "All lists"
            if choice == "pause":
                return f"{what}: paused. Edits by SQL are kept; Resume sends them."
            return f"{what}: resumed."

        return await self._do(request, work, "/")

    async def start(self, request: Request) -> Response:
        """A pass of a list, now."""
        resource, name = request.path_params["resource"], request.path_params["name"]

        async def work(mirror: Mirror, _choice: str, _form: Form) -> str | Preview:
            _check(name, *_ASKED)
            daemon = self._console.daemon
            if daemon is None:
                raise UsageError(f"no daemon runs here: `cfsync {name} {named(resource).name}`")
            if not daemon.start_pass(name, named(resource).name):
                raise UsageError(
                    f"{words(resource)}: another daemon has it, or it is off or paused"
                )
            await mirror.write(decided.lists, _ASKED[name], [named(resource).name])
            return f"{words(resource)}: the {name} has begun."

        return await self._do(request, work, f"/records/{resource}")

    async def revert(self, request: Request) -> Response:
        number = request.path_params["number"]

        async def work(mirror: Mirror, _choice: str, form: Form) -> str | Preview:
            batch = forms.number(number) or 0
            if not form.is_sure:
                return previews.revert(await revert.preview(mirror, batch))
            done = await revert.revert(mirror, batch)
            left = f" Not reverted: {plural(len(done.left), 'thing')}." if done.left else ""
            taken = plural(len(done.fields), "record")
            told = f"Push {number}: {taken} will be as before with the next push.{left}"
            return previews.revert(done).after(told)

        return await self._do(request, work, "/activity")

    async def undelete(self, request: Request) -> Response:
        resource, name = request.path_params["resource"], request.path_params["id"]

        async def work(mirror: Mirror, _choice: str, form: Form) -> str | Preview:
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
            return previews.undelete(done).after(told)

        return await self._do(request, work, f"/records/{resource}/{name}")

    async def _do(self, request: Request, work: Work, back: str) -> Response:
        """Do it unless the console is read-only, say how it went, and show where one came from."""
        who = person(request, self._console.settings)
        try:
            if self._console.read_only:
                raise UsageError("this console is read-only (web.console)")
            form = await forms.read(request)
            back = forms.BACK.get(form.one("back"), back)
            _check(form.one("choice"), *forms.CHOICES[request.scope["route"].path])
            async with self._console.writing() as mirror:
                with acting_as(who):
                    told = await work(mirror, form.one("choice"), form)
            if isinstance(told, Preview):
                shell, path = await self._console.shell(request), quote(request.scope["path"])
                values = {**form.values, "sure": ["1"], SEEN: [told.seen]}
                return await self._console.html(sure, shell, told, path, values, back)
            say(request, "ok", told)
        except CfsyncError as error:
            say(request, "bad", str(error))
        else:
            log.info(
                "console.action", path=request.scope["path"], choice=form.one("choice"), by=who
            )
        self._console.forget()
        return RedirectResponse(back, 303)


def _is_as_shown(form: Form, found: Conflict) -> bool:
    """Whether the page of a form has shown a conflict as it is."""
    return form.one(SEEN) in ("", cards.seen(found))


def _typed(found: Conflict, form: Form) -> Any:
    """The value that somebody wants in a conflict instead of both. Raises UsageError for ''."""
    column, _, key = found.field.partition(".")
    spec = RESOURCES[found.resource].by_name.get(column)
    if not (text := form.one("value")):
        raise UsageError("no value was given: write one, or choose a side and use Edit to empty it")
    return text if key or spec is None else forms.parsed(spec, text)


async def _resolve_many(mirror: Mirror, choice: str, form: Form) -> str | Preview:
    _check(choice, "local", "remote")
    given = form.values
    names = [form.one("resource")] if "resource" in given else []
    last, record = (forms.number(form.one(name)) for name in ("last", "record"))
    changed = set() if last is None else await mirror.read(changed_since, last)
    found = [
        c
        for c in await conflicts.open_conflicts(mirror, names)
        if (last is None or c.id <= last)
        and (c.resource, c.record_id, c.field) not in changed
        and ("field" not in given or c.field == form.one("field"))
        and ("record" not in given or c.record_id == record)
    ]
    if not found:
        raise UsageError("nothing was resolved: no such conflict is open as shown; look again")
    shown = previews.resolve(found, choice)
    if not form.agrees_to(shown.seen):
        return shown
    decision = (choice, None)
    numbers = [str(c.id) for c in found]
    done = await conflicts.resolve_all(mirror, numbers, NOT_GIVEN, decision, _agree)  # type: ignore[arg-type]  # checked
    return shown.after(_resolved([one for one in done if isinstance(one, Resolved)], len(done)))


async def _decide_edits(
    mirror: Mirror, choice: str, form: Form, seqs: Sequence[int], *, is_plain: bool = False
) -> str | Preview:
    """`is_plain`: it is done without a preview."""
    found = await mirror.read(readings.edits, seqs)
    if not found:
        raise UsageError("nothing was done: these edits no longer wait; look again")
    shown = previews.edits(found, choice)
    if not (is_plain or form.agrees_to(shown.seen)):
        return shown
    done = await outbox.decide_shown(mirror, choice, [e.seq for e in found])  # type: ignore[arg-type]  # checked
    told, left = previews.edits_decided(choice, done)
    return f"{shown.after(told)} {left}".rstrip()


def _check(choice: str, *known: str) -> None:
    if choice not in known:
        raise UsageError(f"choose {' or '.join(known)}")


def _resolved(done: Sequence[Resolved], asked: int) -> str:
    if not done:
        raise UsageError("nothing was resolved: it has changed since the page was made; look again")
    left = f" {asked - len(done):,} are left: they have changed since." if asked > len(done) else ""
    sent = f" The next push sends {'it' if len(done) == 1 else 'them'}."
    sent = sent if any(one.edited for one in done) else ""
    return f"{plural(len(done), 'conflict')} resolved.{sent}{left}"
