"""The pages that change nothing: each reads the mirror and hands what it found to `html`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, datetime

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse

from cfsync.errors import UsageError
from cfsync.mirror.db.engine import Tx
from cfsync.mirror.reports import browse
from cfsync.mirror.reports.browse import Place
from cfsync.resources import RESOURCES, Resource
from cfsync.sync.inspection import changes, explain
from cfsync.sync.inspection.changes import AsOf
from cfsync.text_forms import csv_line, typed_csv_line
from cfsync.times import time_text
from cfsync.values import Unholdable, decode
from cfsync.web.console import activity_reading, readings
from cfsync.web.console.forms import number
from cfsync.web.console.html import activity, lists, overview, record, records, waiting
from cfsync.web.console.html.overview import RANGES
from cfsync.web.console.html.parts.cards import Titles
from cfsync.web.console.html.records import Asked
from cfsync.web.console.session import Console

OVERVIEW_S = 3.0
"""Seconds for which an overview is remembered: it costs some 100 ms of CPU time."""

ROWS = 50
"""Rows of a page of a table."""

HITS = 8
"""Rows of each table that a search shows."""

CSV_ROWS = 100
"""Rows that are looked through at once for a CSV file: 500 take 6 MB, of which 5 are kept."""


class Pages:
    """The handlers of GET requests."""

    def __init__(self, console: Console) -> None:
        self._console = console

    async def overview(self, request: Request) -> Response:
        c, name = self._console, request.query_params.get("range", "24h")
        name = name if name in RANGES else "24h"
        rows = await c.rows()
        found = await c.remembered(
            f"overview {name}",
            OVERVIEW_S,
            lambda: c.read(readings.overview, c.place, c.settings, name, rows),
        )
        progress = c.daemon.progress() if c.daemon else ()
        return await self._console.html(
            overview.overview, await c.shell(request), found, c.settings, progress
        )

    async def waiting(self, request: Request) -> Response:
        found = await self._console.read(readings.waiting)
        return await self._console.html(waiting.waiting, await self._console.shell(request), found)

    async def activity(self, request: Request) -> Response:
        values = request.query_params
        which, side = (values.get(name, "") for name in ("pass", "side"))
        which = which if which in (*activity.PASSES, "failed") else ""
        side = side if side in ("clickfunnels", "local") else ""
        before = {name: values[name] for name in activity.TITLES if name in values}
        found = await self._console.read(
            activity_reading.activity, self._console.settings, which, side, before
        )
        return await self._console.html(
            activity.activity, await self._console.shell(request), found
        )

    async def lists(self, request: Request) -> Response:
        c = self._console
        return await self._console.html(lists.lists, await c.shell(request), c.settings, c.sources)

    async def records(self, request: Request) -> Response:
        resource, asked = await self._resource(request), _asked(request)
        found, titles = await self._console.read(_page, resource, asked, ROWS)
        return await self._console.html(
            records.records, await self._console.shell(request), resource, found, asked, titles
        )

    async def csv(self, request: Request) -> Response:
        resource, asked = await self._resource(request), _asked(request)
        disposition = f'attachment; filename="{resource.name}.csv"'
        return StreamingResponse(
            self._csv_parts(resource, asked.words),
            media_type="text/csv; charset=utf-8",
            headers={"Content-Disposition": disposition},
        )

    async def _csv_parts(self, resource: Resource, words: str) -> AsyncIterator[str]:
        yield f"{csv_line(f.name for f in resource.columns)}\n"
        after: int | None = None
        while True:
            text, after = await self._console.read(_csv_part, resource, words, after)
            if text:
                yield text
            if after is None:
                return

    async def search(self, request: Request) -> Response:
        words = _words(request)
        wanted = [n for n in RESOURCES if self._console.settings.resource(n).enabled]
        hits = await self._console.read(browse.search, wanted, words, HITS) if words else {}
        if sum(map(len, hits.values())) == 1:
            ((name, (row,)),) = hits.items()
            return RedirectResponse(f"/records/{name}/{row['id']}", 303)
        return await self._console.html(
            records.search, await self._console.shell(request, words), words, hits
        )

    async def record(self, request: Request) -> Response:
        c, name = self._console, request.path_params["id"]
        resource = await self._resource(request)
        async with c.reader.use() as mirror:
            known = await explain.explain(mirror, c.settings, resource.name, name)
        asked = _as_of_asked(request)
        then, problem = await self._as_of(resource, str(known.id), asked)
        found = await c.read(readings.record, resource, known)
        everything = "all" in request.query_params
        page = record.RecordPage(known, found, asked, then, problem, everything)
        return await self._console.html(record.record, await c.shell(request), resource, page)

    async def _resource(self, request: Request) -> Resource:
        return await self._console.resource(request.path_params["resource"])

    async def _as_of(self, resource: Resource, name: str, asked: str) -> tuple[AsOf | None, str]:
        if not asked:
            return None, ""
        try:
            async with self._console.reader.use() as mirror:
                return await changes.as_of(mirror, resource.name, name, asked), ""
        except UsageError as error:
            return None, str(error)


def _as_of_asked(request: Request) -> str:
    """The time in question, as canonical text where it is one; '': none. A time without a zone, as
    a form gives it, is UTC.
    """
    asked = request.query_params.get("as_of", "")
    with suppress(ValueError):
        at = datetime.fromisoformat(asked)
        return time_text(at if at.tzinfo else at.replace(tzinfo=UTC))
    return asked


def _asked(request: Request) -> Asked:
    """Raises UsageError for a place that is none."""
    values = request.query_params
    place = None
    if "after" in values:
        place = _place(values["after"], values.get("at"))
    return Asked(_words(request), values.get("by") == "id", place)


def _words(request: Request) -> str:
    return request.query_params.get("q", "").replace("\0", "").strip()[:200]


def _place(after: str, at: str | None) -> Place:
    record_id = number(after)
    try:
        time = at and str(decode("timestamp", at))
    except Unholdable:
        time = None
    if record_id is None or (at and not time):
        raise UsageError("this page doesn't exist")
    return Place(record_id, time)


def _page(tx: Tx, resource: Resource, asked: Asked, rows: int) -> tuple[browse.Page, Titles]:
    found = browse.page(tx, resource, asked.words, asked.after, by_id=asked.by_id, rows=rows)
    return found, browse.titles(tx, records.named_by(resource, found.rows))


def _csv_part(tx: Tx, resource: Resource, words: str, after: int | None) -> tuple[str, int | None]:
    """The next lines of a file as one text, made in the thread that reads, and where it goes on."""
    found, last = browse.part(tx, resource, words, after, CSV_ROWS)
    names, types = [f.name for f in resource.columns], [f.type for f in resource.columns]
    lines = (typed_csv_line(types, [row[name] for name in names]) for row in found)
    return "".join(f"{line}\n" for line in lines), last
