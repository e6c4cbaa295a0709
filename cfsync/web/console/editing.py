"""Edit and New: rows are written as by a user's SQL, so that triggers capture or refuse it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from cfsync.errors import CfsyncError, UsageError
from cfsync.mirror.capture import rules
from cfsync.mirror.db.engine import Tx
from cfsync.mirror.history.person import acting_as
from cfsync.mirror.outgoing import user_edits
from cfsync.mirror.reports import browse
from cfsync.resources import Resource, named
from cfsync.web.console import forms
from cfsync.web.console.forms import Form, text_of
from cfsync.web.console.html import edit as html_edit
from cfsync.web.console.html.edit import EditPage
from cfsync.web.console.session import Console, html, person, say


class Editing:
    """The handlers of the pages with a form for a record."""

    def __init__(self, console: Console) -> None:
        self._console = console

    async def edit(self, request: Request) -> Response:
        resource = _writable(self._console, request)
        record_id = int(request.path_params["id"])
        page = await self._console.mirror.read(_edit_page, resource, record_id)
        if request.method == "GET":
            return await html(html_edit.edit, await self._console.shell(request), page)
        form = await forms.read(request)
        row = await self._console.mirror.read(_row, resource, record_id)
        values, wrong = forms.changed(page.fields, row, form)
        rev = int(form.one("cf_rev")) if form.one("cf_rev").isdecimal() else None

        def save(tx: Tx) -> int:
            user_edits.edit_as_read(tx, resource, record_id, values, rev)
            return record_id

        return await self._save(request, page, form, (values, wrong), save)

    async def new(self, request: Request) -> Response:
        resource = _writable(self._console, request)
        if resource.insert is None:
            raise UsageError(f"{resource.name}: {resource.refuse_insert}")
        page = await self._console.mirror.read(_new_page, resource)
        if request.method == "GET":
            return await html(html_edit.edit, await self._console.shell(request), page)
        form = await forms.read(request)
        values, wrong = forms.changed(page.fields, {}, form)

        def save(tx: Tx) -> int:
            return user_edits.insert(tx, resource, values)

        return await self._save(request, page, form, (values, wrong), save)

    async def _save(
        self,
        request: Request,
        page: EditPage,
        form: Form,
        typed: tuple[Mapping[str, Any], Mapping[str, str]],
        save: Any,
    ) -> Response:
        """Write what was typed, or show the form again with what is wrong."""
        (values, wrong), record_id, here = typed, page.record_id, page.resource.name
        if not wrong and (values or record_id is None):
            try:
                with acting_as(person(request, self._console.settings)):
                    record_id = await self._console.mirror.write(save)
            except CfsyncError as error:
                wrong = {_field_of(str(error), page): str(error)}
        if wrong:
            again = _again(page, form, wrong)
            shell = await self._console.shell(request)
            return await html(html_edit.edit, shell, again, status_code=422)
        self._console.forget()
        then = "The next push sends it; until then `cfsync outbox discard` takes it back."
        say(
            request,
            "ok",
            f"Saved: {', '.join(values)}. {then}" if values else "Nothing was changed.",
        )
        return RedirectResponse(f"/records/{here}/{record_id}", 303)


def _writable(console: Console, request: Request) -> Resource:
    if console.read_only:
        raise UsageError("this console is read-only (web.console)")
    return named(request.path_params["resource"])


def _row(tx: Tx, resource: Resource, record_id: int) -> Mapping[str, Any]:
    """Raises UsageError if the mirror has no such row."""
    found = browse.row(tx, resource, record_id)
    if found is None:
        raise UsageError(f"the mirror has no {resource.name} {record_id}")
    return found


def _edit_page(tx: Tx, resource: Resource, record_id: int) -> EditPage:
    row = _row(tx, resource, record_id)
    fields = rules.updatable(resource)
    return EditPage(
        resource,
        record_id,
        browse.title(row),
        fields,
        {f.name: text_of(row[f.name]) for f in fields},
        {f.name: row[f.name] or () for f in fields if f.merge == "set"},
        browse.choices(tx, fields, row.get("workspace_id")),
        rev=row["cf_rev"],
    )


def _new_page(tx: Tx, resource: Resource) -> EditPage:
    fields = sorted(rules.insertable(resource), key=lambda f: not f.required)
    only = browse.only_workspace(tx)
    texts = {"workspace_id": text_of(only)} if only is not None else {}
    choices = browse.choices(tx, fields, only) if only is not None else {}
    return EditPage(resource, None, "", fields, texts, {}, choices)


def _field_of(message: str, page: EditPage) -> str:
    """The field that a refusal is about: a trigger's message begins with `table.field`."""
    name = message.partition(" ")[0].partition(":")[0].partition(".")[2]
    return name if any(f.name == name for f in page.fields) else ""


def _again(page: EditPage, form: Form, wrong: Mapping[str, str]) -> EditPage:
    """The form as it was sent, and what is wrong with it."""
    picked = {n: [int(v) for v in form.values.get(n, ()) if v.isdecimal()] for n in page.choices}
    texts = {
        **page.texts,
        **{f.name: form.one(f.name) for f in page.fields if f.name in form.values},
    }
    return EditPage(
        page.resource,
        page.record_id,
        page.title,
        page.fields,
        texts,
        picked,
        page.choices,
        rev=page.rev,
        wrong=wrong,
    )
