"""The buttons of what waits: each decides as its command does."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from cfsync.errors import UsageError
from cfsync.mirror.bookkeeping.conflicts import Conflict, ConflictState, by_id, changed_since
from cfsync.mirror.bookkeeping.outbox import Edit, OutboxState
from cfsync.mirror.db.engine import Mirror
from cfsync.mirror.reports import browse, waiting
from cfsync.resources import RESOURCES, named
from cfsync.sync.decisions import conflicts, deletions, outbox
from cfsync.sync.decisions.conflicts import Resolved
from cfsync.sync.decisions.consequences import NAMED
from cfsync.sync.selection import NOT_GIVEN
from cfsync.web.console import forms, previews, readings
from cfsync.web.console.deciding import Done, check, decide
from cfsync.web.console.forms import SEEN, Form
from cfsync.web.console.html.parts import cards
from cfsync.web.console.html.parts.cards import Titles
from cfsync.web.console.html.parts.words import mention, plural
from cfsync.web.console.html.sure import Preview
from cfsync.web.console.session import Console


class Actions:
    """The handlers of POST requests about what waits."""

    def __init__(self, console: Console) -> None:
        self._console = console

    async def conflict(self, request: Request) -> Response:
        """One conflict by its number; else those that fit the form: `resource`, `field`, `record`,
        and no later one than `last`, which the page has shown.
        """
        number = forms.number(request.path_params["number"])

        async def work(mirror: Mirror, choice: str, form: Form) -> Done | Preview:
            if number is None:
                return await _resolve_many(mirror, choice, form)
            found = await mirror.read(by_id, number)
            titles = await mirror.read(browse.titles, [(found.resource, found.record_id)])
            shown = previews.conflict(found, choice, titles)
            is_asked = found.is_about_record and found.state == ConflictState.OPEN
            if is_asked and _is_as_shown(form, found) and not form.agrees_to(shown.seen):
                return shown
            value = _typed(found, form) if choice == "value" else None
            is_as_shown = partial(_is_as_shown, form)
            done = await conflicts.resolve(mirror, number, choice, value, is_as_shown)  # type: ignore[arg-type]  # checked
            told = _resolved([done] if isinstance(done, Resolved) else [], 1)
            return Done(shown.after(told))

        return await decide(self._console, request, work, "/waiting#conflict")

    async def edit(self, request: Request) -> Response:
        number = forms.number(request.path_params["number"])

        async def work(mirror: Mirror, choice: str, form: Form) -> Done | Preview:
            is_plain = choice == "retry"
            return await _decide_edits(mirror, choice, form, [number or 0], is_plain=is_plain)

        return await decide(self._console, request, work, "/waiting")

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

        async def work(mirror: Mirror, choice: str, form: Form) -> Done | Preview:
            given = {
                name: form.one(name) if name in form.values else None for name in ("op", "reason")
            }
            last = forms.number(form.one("last"))
            name = None if which == "all" else named(which).name
            seqs = await mirror.read(waiting.edits, state, name, **given, last=last)
            return await _decide_edits(mirror, choice, form, seqs)

        return await decide(self._console, request, work, f"/waiting#{state}")

    async def deletion(self, request: Request) -> Response:
        """The held deletions of a resource that were picked; else all, but none that was missing
        first after `last`, which the page has shown.
        """
        resource = request.path_params["resource"]

        async def work(mirror: Mirror, choice: str, form: Form) -> Done | Preview:
            name, picked = named(resource).name, map(forms.number, form.values.get("id", ()))
            ids = [record_id for record_id in picked if record_id is not None]
            if "last" in form.values:
                ids = await mirror.read(waiting.held_deletions, name, form.one("last"))
            if not ids:
                raise UsageError("nothing was picked")
            titles = await mirror.read(browse.titles, [(name, i) for i in ids[:NAMED]])
            shown = previews.deletions(name, ids, choice, titles)
            if not form.agrees_to(shown.seen):
                return shown
            approve = choice == "approve"
            done = await deletions.decide(
                mirror, [name, *map(str, ids)], NOT_GIVEN, approve=approve, confirm=outbox.agree
            )
            if approve:
                told = f"{plural(len(done), 'deletion')} approved. The next sweep looks once more."
            else:
                told = f"{plural(len(done), 'deletion')} rejected: the rows stay."
            return Done(shown.after(told))

        return await decide(self._console, request, work, "/waiting#deletion")


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


async def _resolve_many(mirror: Mirror, choice: str, form: Form) -> Done | Preview:
    check(choice, "local", "remote")
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
    shown = previews.resolve(found, choice, await _titles(mirror, found))
    if not form.agrees_to(shown.seen):
        return shown
    decision = (choice, None)
    numbers = [str(c.id) for c in found]
    done = await conflicts.resolve_all(mirror, numbers, NOT_GIVEN, decision, outbox.agree)  # type: ignore[arg-type]  # checked
    told = _resolved([one for one in done if isinstance(one, Resolved)], len(done))
    return Done(shown.after(told))


async def _decide_edits(
    mirror: Mirror, choice: str, form: Form, seqs: Sequence[int], *, is_plain: bool = False
) -> Done | Preview:
    """`is_plain`: it is done without a preview."""
    found = await mirror.read(readings.edits, seqs)
    if not found:
        raise UsageError("nothing was done: these edits no longer wait; look again")
    shown = previews.edits(found, choice, await _titles(mirror, found))
    if not (is_plain or form.agrees_to(shown.seen)):
        return shown
    done = await outbox.decide_shown(mirror, choice, [e.seq for e in found])  # type: ignore[arg-type]  # checked
    told, left = previews.edits_decided(choice, done)
    return Done(f"{shown.after(told)} {left}".rstrip())


async def _titles(mirror: Mirror, found: Sequence[Conflict | Edit]) -> Titles:
    """Of those that a preview names."""
    return await mirror.read(browse.titles, {(c.resource, c.record_id) for c in found[:NAMED]})


def _resolved(done: Sequence[Resolved], asked: int) -> str:
    if not done:
        raise UsageError("nothing was resolved: it has changed since the page was made; look again")
    left = f" {asked - len(done):,} are left: they have changed since." if asked > len(done) else ""
    new = [c for c in done if c.record_id != c.conflict.record_id]
    if len(new) == 1:
        left = f" The new row: {mention(new[0].conflict.resource, new[0].record_id)}.{left}"
    sent = f" The next push sends {'it' if len(done) == 1 else 'them'}."
    sent = sent if any(one.edited for one in done) else ""
    return f"{plural(len(done), 'conflict')} resolved.{sent}{left}"
