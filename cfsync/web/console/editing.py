"""Edit and New: rows are written as by a user's SQL, so that triggers capture or refuse it."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from cfsync.config import Settings
from cfsync.errors import CfsyncError, UsageError
from cfsync.mirror.capture import rules
from cfsync.mirror.db.engine import Tx
from cfsync.mirror.history.person import acting_as
from cfsync.mirror.outgoing import user_edits
from cfsync.mirror.reports import browse, related
from cfsync.resources import Resource
from cfsync.sync.inspection.waits import why_unsent
from cfsync.web.console import forms, previews, undo
from cfsync.web.console.forms import Form, text_of
from cfsync.web.console.html import edit as html_edit
from cfsync.web.console.html.edit import EditPage
from cfsync.web.console.html.sure import AGAIN, sure
from cfsync.web.console.session import Console, person, say

FORMS = 1_000
"""Forms for new records of which it is remembered what they have created."""


class Editing:
    """The handlers of the pages with a form for a record."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._created = Created()

    async def edit(self, request: Request) -> Response:
        resource, record_id = await self._writable(request), _record_id(request)
        page = await self._page(resource, record_id)
        return await self._console.html(html_edit.edit, await self._console.shell(request), page)

    async def save(self, request: Request) -> Response:
        resource, record_id = await self._writable(request), _record_id(request)
        form = await forms.read(request)
        page = await self._page(resource, record_id)
        row = await self._console.read(_row, resource, record_id)
        values, wrong = forms.changed(page.fields, row, form, page.choices)
        rev, fields = forms.number(form.one("cf_rev")), [f for f in page.fields if f.name in values]

        def is_as_read(row: Mapping[str, Any]) -> bool:
            return row["cf_rev"] == rev and forms.shows(fields, row, form)

        def save(tx: Tx) -> int:
            user_edits.edit_as_read(tx, resource, record_id, values, is_as_read)
            return record_id

        if not wrong and values:
            wrong = (await self._write(request, page, save))[1]
        if wrong:
            return await self._again(request, page, form, wrong)
        return self._saved(request, page, record_id, values)

    async def new(self, request: Request) -> Response:
        workspace = forms.number(request.query_params.get("workspace", ""))
        page = await self._page(await self._insertable(request), workspace=workspace)
        asks = len(page.options.get("workspace_id", ())) > 1
        show = html_edit.workspaces if asks else html_edit.edit
        return await self._console.html(show, await self._console.shell(request), page)

    async def create(self, request: Request) -> Response:
        resource = await self._insertable(request)
        form = await forms.read(request)
        page = await self._page(resource, workspace=forms.number(form.one("workspace_id")))
        values, wrong = forms.changed(page.fields, {}, form)
        if AGAIN in form.values:
            return await self._again(request, page, form, wrong)

        def insert(tx: Tx) -> int:
            record_id = user_edits.insert(tx, resource, values)
            if not form.is_sure:
                raise _Tried
            return record_id

        async with self._created.once(form.one("once")) as made:
            if made.record_id is None and not wrong:
                try:
                    made.record_id, wrong = await self._write(request, page, insert)
                except _Tried:
                    return await self._preview(request, page, form, values)
        if wrong or made.record_id is None:
            return await self._again(request, page, form, wrong)
        return self._saved(request, page, made.record_id, values)

    async def _preview(
        self, request: Request, page: EditPage, form: Form, values: Mapping[str, Any]
    ) -> Response:
        """What would be created: the database has taken it, and it is rolled back."""
        name = page.resource.name
        shell, shown = await self._console.shell(request), previews.create(page, values)
        path, sent = f"/records/{name}/new", {**form.values, "sure": ["1"]}
        return await self._console.html(sure, shell, shown, path, sent, f"/records/{name}")

    async def _page(
        self, resource: Resource, record_id: int | None = None, workspace: int | None = None
    ) -> EditPage:
        """The form of a record; None: of a new one, in a workspace."""
        return await self._console.read(
            _read_page, self._console.settings, resource, record_id, workspace
        )

    async def _writable(self, request: Request) -> Resource:
        if self._console.read_only:
            raise UsageError("this console is read-only (web.console)")
        return await self._console.resource(request.path_params["resource"])

    async def _insertable(self, request: Request) -> Resource:
        resource = await self._writable(request)
        if resource.insert is None:
            raise UsageError(f"{resource.name}: {resource.refuse_insert}")
        return resource

    async def _write(
        self, request: Request, page: EditPage, write: Callable[[Tx], int]
    ) -> tuple[int | None, dict[str, str]]:
        """The id of the row, or what is wrong by field."""
        try:
            with acting_as(person(request, self._console.settings)):
                async with self._console.writing() as mirror:
                    return await mirror.write(write), {}
        except CfsyncError as error:
            return None, {_field_of(str(error), page): str(error)}

    async def _again(
        self, request: Request, page: EditPage, form: Form, wrong: Mapping[str, str]
    ) -> Response:
        """The form again, as it was sent, with what is wrong."""
        again = _with_typed(page, form, wrong)
        shell = await self._console.shell(request)
        status = 422 if wrong else 200
        return await self._console.html(html_edit.edit, shell, again, status_code=status)

    def _saved(
        self, request: Request, page: EditPage, record_id: int, values: Mapping[str, Any]
    ) -> Response:
        self._console.forget()
        then = f"{page.then} To undo it: {page.back}"
        told = f"Saved: {', '.join(values)}. {then}" if values else "Nothing was changed."
        say(request, "ok", told)
        return RedirectResponse(f"/records/{page.resource.name}/{record_id}", 303)


class _Tried(Exception):
    """Ends a transaction of which nothing shall be left."""


@dataclass(slots=True)
class _Made:
    """What a form has created."""

    record_id: int | None = None
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class Created:
    """What each form has created, so that a second click creates nothing more."""

    def __init__(self) -> None:
        self._made: dict[str, _Made] = {}

    @asynccontextmanager
    async def once(self, name: str) -> AsyncIterator[_Made]:
        """What the form of this name has created, while no other request of it creates anything."""
        made = self._made.setdefault(name, _Made()) if name else _Made()
        while len(self._made) > FORMS:
            del self._made[next(iter(self._made))]
        async with made.lock:
            yield made


def _record_id(request: Request) -> int:
    record_id = forms.number(request.path_params["id"])
    if record_id is None:
        raise UsageError("there is no such page")
    return record_id


def _row(tx: Tx, resource: Resource, record_id: int) -> Mapping[str, Any]:
    """Raises UsageError if the mirror has no such row."""
    found = browse.row(tx, resource, record_id)
    if found is None:
        raise UsageError(f"the mirror has no {resource.name} {record_id}")
    return found


def _read_page(
    tx: Tx, settings: Settings, resource: Resource, record_id: int | None, workspace: int | None
) -> EditPage:
    if record_id is None:
        page = _new_page(tx, resource, workspace, settings.wanted)
    else:
        page = _edit_page(tx, resource, record_id, settings.wanted)
    back = undo.create(resource.name) if record_id is None else undo.UPDATE
    then = "The next push sends it."
    if unsent := why_unsent(tx, settings, resource.name):
        then = f"It stays here and is not sent: {unsent.text}."
        back = "Discard, on Activity."
    return replace(page, then=then, back=back)


def _edit_page(tx: Tx, resource: Resource, record_id: int, mirrored: Collection[str]) -> EditPage:
    row = _row(tx, resource, record_id)
    fields = rules.updatable(resource)
    choices = browse.choices(tx, fields, row, mirrored)
    texts = {f.name: text_of(row[f.name]) for f in fields}
    picked = {name: row[name] or () for name in choices}
    return EditPage(
        resource,
        record_id,
        related.title(row),
        fields,
        texts,
        picked,
        choices,
        rev=row["cf_rev"],
        seen=forms.digests(fields, texts, picked),
    )


def _new_page(
    tx: Tx, resource: Resource, workspace: int | None, mirrored: Collection[str]
) -> EditPage:
    """`workspace`: the one that was chosen; what belongs to it is offered."""
    fields = sorted(rules.insertable(resource), key=lambda f: not f.required)
    workspaces, once = browse.workspaces(tx), secrets.token_hex(8)
    if len(workspaces) == 1:
        (workspace,) = workspaces
    options: dict[str, dict[str, str]] = {}
    if len(workspaces) != 1 and "workspace_id" in {f.name for f in fields}:
        chosen = [workspace] if workspace in workspaces else [*workspaces]
        options = {"workspace_id": {str(n): f"{workspaces[n]} #{n}" for n in chosen}}
    texts, choices = {}, {}
    if workspace in workspaces:
        texts = {"workspace_id": text_of(workspace)}
        choices = browse.choices(tx, fields, {"workspace_id": workspace}, mirrored)
    return EditPage(resource, None, "", fields, texts, {}, choices, options, once=once)


def _field_of(message: str, page: EditPage) -> str:
    """The field that a refusal is about: a trigger's message begins with `table.field`."""
    name = message.partition(" ")[0].partition(":")[0].partition(".")[2]
    return name if any(f.name == name for f in page.fields) else ""


def _with_typed(page: EditPage, form: Form, wrong: Mapping[str, str]) -> EditPage:
    """The form with what was typed, and otherwise with what the row holds now. Where both have
    changed since the form was opened, that is said.
    """
    texts, picked, wrong = dict(page.texts), dict(page.picked), dict(wrong)
    for f in forms.touched(page.fields, form):
        if f.name in page.choices:
            picked[f.name] = forms.picks(f, form)
            continue
        now, texts[f.name] = page.texts.get(f.name, ""), form.one(f.name)
        if "" in wrong and page.record_id is not None and now != texts[f.name]:
            wrong.setdefault(f.name, f"the row holds now: {now[:200] or 'nothing'}")
    return replace(page, texts=texts, picked=picked, wrong=wrong, once=form.one("once"))
