"""Tables: a page of rows, and what a search has found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import htpy as h

from cfsync.mirror.reports.browse import SCANNED, Page, Place
from cfsync.mirror.reports.related import title
from cfsync.resources import Field, Resource
from cfsync.web.console.html.parts.cards import Titles
from cfsync.web.console.html.parts.layout import Shell, button, page
from cfsync.web.console.html.parts.tables import table
from cfsync.web.console.html.parts.words import cell, chip, dot, link, moment, state_chip, words

_COLUMNS = {
    "contacts": ("email_address", "first_name", "last_name", "phone_number", "updated_at"),
    "orders": (
        "order_number",
        "contact_id",
        "total_amount",
        "currency",
        "service_status",
        "updated_at",
    ),
    "products": ("name", "archived", "updated_at"),
}
"""Columns of a page of a table; of other tables the first five that say something, and the time by
which its rows are sorted.
"""

_DULL = ("id", "public_id", "workspace_id", "uuid", "updated_at")


@dataclass(frozen=True, slots=True)
class Asked:
    """Which rows are asked for."""

    words: str
    by_id: bool
    after: Place | None

    def query(self, after: Place | None = None) -> str:
        """The query of the address of a page."""
        values: dict[str, Any] = {"q": self.words} if self.words else {}
        values |= {"by": "id"} if self.by_id else {}
        if after is not None:
            values |= {"after": after.id}
            values |= {} if after.updated_at is None else {"at": after.updated_at}
        return "?" + urlencode(values)


def columns(resource: Resource) -> list[Field]:
    """The columns of a page of a table."""
    if resource.name in _COLUMNS:
        return [resource.by_name[name] for name in _COLUMNS[resource.name]]
    telling = [f for f in resource.columns if f.type != "json" and f.name not in _DULL]
    sorted_by = [f for f in resource.columns if f.name == "updated_at"]
    return [*telling[:5], *sorted_by]


def named_by(resource: Resource, rows: Sequence[Mapping[str, Any]]) -> set[tuple[str, int]]:
    """(resource, id) of the records that the page of a table links to."""
    refs = [(f.name, f.ref) for f in columns(resource) if f.ref]
    return {(ref, row[name]) for name, ref in refs for row in rows if type(row[name]) is int}


def records(
    shell: Shell, resource: Resource, found: Page, asked: Asked, titles: Titles
) -> h.Element:
    name = words(resource.name)
    return page(
        shell,
        name.capitalize(),
        _head(shell, resource, asked, _count(shell, resource, found, asked)),
        h.section(".card.flush")[
            _table(resource, found, titles),
            not found.rows
            and h.p(".empty")["No matching rows." if asked.words else "No rows yet."],
        ],
        found.is_partial and h.p(".hint")[f"Looked for in the newest {SCANNED:,} rows."],
        h.p(".pager")[
            asked.after is not None and h.a(".button.quiet", href=asked.query())["First page"],
            found.next is not None
            and h.a(".button.quiet", href=asked.query(found.next))["Next page →"],
        ],
        here=resource.name,
    )


def _count(shell: Shell, resource: Resource, found: Page, asked: Asked) -> str:
    """How many rows there are, or match; '': to count those would take long."""
    if not asked.words:
        return f"{shell.rows.get(resource.name, 0):,}"
    is_all = asked.after is None and found.next is None and not found.is_partial
    return f"{len(found.rows):,} of {shell.rows.get(resource.name, 0):,}" if is_all else ""


def _head(shell: Shell, resource: Resource, asked: Asked, count: str) -> h.Element:
    name = words(resource.name)
    by_time, by_id = Asked(asked.words, False, None), Asked(asked.words, True, None)
    can_insert = resource.insert is not None and not shell.read_only
    return h.header(".head")[
        h.h1[name.capitalize(), h.span(".count")[count]],
        h.form(".filter", method="get")[
            h.input(
                name="q",
                type="search",
                value=asked.words,
                placeholder=f"Filter {name}",
                aria_label=f"Filter {name}",
            )
        ],
        h.span(".ranges")[
            h.a(href=by_time.query(), class_={"here": not asked.by_id})["last changed"],
            h.a(href=by_id.query(), class_={"here": asked.by_id})["by id"],
        ],
        h.span(".acts")[
            shell.has_daemon
            and not shell.read_only
            and [
                button(f"/start/pull/{resource.name}", "start", "Pull now", kind="quiet"),
                button(f"/start/sweep/{resource.name}", "start", "Sweep now", kind="quiet"),
            ],
            h.a(".button.quiet", href=f"/records/{resource.name}.csv{asked.query()}")["CSV"],
            can_insert and h.a(".button.main", href=f"/records/{resource.name}/new")["New"],
        ],
    ]


def _table(resource: Resource, found: Page, titles: Titles) -> h.Element:
    shown = columns(resource)
    heads = {"id": ""} | {words(f.name): _kind(f, f is shown[0]) for f in shown} | {"": ""}
    return table(
        words(resource.name),
        heads,
        (_row(resource, found, r, shown, titles) for r in found.rows),
        "records",
    )


def _row(
    resource: Resource,
    found: Page,
    row: Mapping[str, Any],
    shown: Sequence[Field],
    titles: Titles,
) -> h.Element:
    record_id = row["id"]
    marks: list[h.Node] = [state_chip(state) for state in sorted(found.edits.get(record_id, ()))]
    marks.append(record_id in found.in_conflict and chip("conflict", "conflict"))
    return h.tr[
        h.td(".id")[link(resource.name, record_id, str(record_id))],
        (_cell(resource, row, f, titles, is_first=f is shown[0]) for f in shown),
        h.td(".marks")[marks],
    ]


def _cell(
    resource: Resource, row: Mapping[str, Any], f: Field, titles: Titles, *, is_first: bool
) -> h.Element:
    given = row[f.name]
    if given is None:
        return h.td[dot()]
    if f.type == "timestamp":
        return h.td[moment(given)]
    if f.ref and type(given) is int:
        return h.td[link(f.ref, given, titles.get((f.ref, given), ""))]
    text = cell(given) if not isinstance(given, bool) else "yes" if given else "no"
    if is_first:
        return h.td[h.a(href=f"/records/{resource.name}/{row['id']}")[text]]
    return h.td(class_=_kind(f) or None)[text]


def _kind(f: Field, is_first: bool = False) -> str:
    """The class of a column: numbers stand to the right."""
    is_number = f.type in ("integer", "number", "money") and not (f.ref or is_first)
    return "n" if is_number else ""


def search(shell: Shell, sought: str, hits: Mapping[str, Sequence[Mapping[str, Any]]]) -> h.Element:
    return page(
        shell,
        "Search",
        h.h1["Found for “", sought, "”"],
        (_hits(name, rows, sought) for name, rows in hits.items()),
        not hits
        and h.section(".empty")[
            h.b["Nothing found."],
            h.p[
                "Ids, public ids, email addresses, names, titles, phone and order numbers are"
                " searched."
            ],
        ],
    )


def _hits(name: str, rows: Sequence[Mapping[str, Any]], sought: str) -> h.Element:
    return h.section(".card")[
        h.header[
            h.h2[words(name).capitalize()],
            h.a(href=f"/records/{name}?{urlencode({'q': sought})}")["All matches"],
        ],
        h.ul(".hits")[
            (
                h.li[
                    link(name, row["id"], title(row)),
                    h.small[" ", row.get("email_address"), f" #{row['id']}"],
                ]
                for row in rows
            )
        ],
    ]
