"""Edit a record, or create one: only what can be written, refusals at their field."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import htpy as h

from cfsync.resources import Field, Resource
from cfsync.web.console.html.parts.layout import Shell, page
from cfsync.web.console.html.parts.words import link, words

Choices = Mapping[str, Mapping[int, str]]
"""Field with a set of ids -> id -> name, of the records that can be in it."""


@dataclass(frozen=True, slots=True)
class EditPage:
    """What the page shows."""

    resource: Resource
    #: None: a new one.
    record_id: int | None
    title: str
    #: The fields that can be given a value here, in order.
    fields: Sequence[Field]
    #: Field -> its text.
    texts: Mapping[str, str]
    #: Field -> the ids in its set.
    picked: Mapping[str, Sequence[int]]
    choices: Choices
    #: Field that has one of several values -> its text -> what it is called.
    options: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    #: The `cf_rev` of the row that was read.
    rev: int | None = None
    #: Field -> the digest of what the row held when it was read; {} for a new one.
    seen: Mapping[str, str] = field(default_factory=dict)
    #: The name of the form of a new record, by which a second click is known.
    once: str = ""
    #: Field -> what is wrong with what was typed; '': with the whole.
    wrong: Mapping[str, str] = field(default_factory=dict)
    #: What becomes of what is saved.
    then: str = ""
    #: How it is undone.
    back: str = ""


def edit(shell: Shell, found: EditPage) -> h.Element:
    name, here = words(found.resource.name), f"/records/{found.resource.name}"
    is_new = found.record_id is None
    title = f"New: {name}" if is_new else f"Edit {found.title or f'#{found.record_id}'}"
    back = here if is_new else f"{here}/{found.record_id}"
    crumb: h.Node = (
        None
        if found.record_id is None
        else [" / ", link(found.resource.name, found.record_id, found.title)]
    )
    first = "Create shows first what it will do." if is_new else "Saving writes the row here."
    return page(
        shell,
        title,
        h.p(".crumb")[h.a(href=here)[name], crumb],
        h.h1[title],
        "" in found.wrong and h.p(".flash.bad", role="alert")[found.wrong[""]],
        h.form(".card.edit-form", method="post", autocomplete="off")[
            h.input(type="hidden", name="cf_rev", value=str(found.rev or "")),
            h.input(type="hidden", name="seen", value=json.dumps(found.seen)),
            h.input(type="hidden", name="once", value=found.once),
            (_line(found, f) for f in found.fields),
            h.footer[
                h.button(".main")["Create" if is_new else "Save"],
                h.a(".button.quiet", href=back)["Cancel"],
                h.small[f"{first} {found.then} To undo it: {found.back}"],
            ],
        ],
        here=found.resource.name,
    )


def workspaces(shell: Shell, found: EditPage) -> h.Element:
    """In which workspace a new record is made: what belongs to it is offered on the next page."""
    name, here = words(found.resource.name), f"/records/{found.resource.name}"
    title = f"New: {name}"
    return page(
        shell,
        title,
        h.p(".crumb")[h.a(href=here)[name]],
        h.h1[title],
        h.section(".card")[
            h.header[h.h2["In which workspace?"]],
            h.ul(".hits")[
                (
                    h.li[h.a(href=f"{here}/new?workspace={one}")[text]]
                    for one, text in found.options["workspace_id"].items()
                )
            ],
        ],
        here=found.resource.name,
    )


def _line(found: EditPage, f: Field) -> h.Element:
    wrong = found.wrong.get(f.name)
    about = f"e-{f.name}" if wrong else None
    needed = found.record_id is None and f.required
    picks = f.name in found.choices
    kind = "ids" if f.type == "json" and f.ref else f.type
    notes = [] if picks or f.name in found.options or f.type == "text" else [kind]
    label: h.Node = [f.name, h.small[" · ".join([*notes, *(["needed"] if needed else [])])]]
    return h.div(class_=["line", {"wrong": wrong is not None}])[
        h.span(".label")[label] if picks else h.label(for_=f"f-{f.name}")[label],
        h.div[
            _picks(found, f) if picks else _control(found, f, about),
            wrong and h.p(".err", id=about)[wrong],
        ],
    ]


def _picks(found: EditPage, f: Field) -> h.Element:
    inside = found.picked.get(f.name, ())
    return h.div(".ticks", role="group", aria_label=f.name)[
        h.input(type="hidden", name=f"{f.name}:picked", value="1"),
        h.input(type="hidden", name=f.name, value=""),
        (
            h.label(".pick")[
                h.input(type="checkbox", name=f.name, value=str(i), checked=i in inside), name
            ]
            for i, name in found.choices[f.name].items()
        ),
        not found.choices[f.name] and h.small[f"no {words(f.ref or '')} yet"],
    ]


def _control(found: EditPage, f: Field, about: str | None) -> h.Node:
    text = found.texts.get(f.name, "")
    given: dict[str, Any] = {"name": f.name, "id": f"f-{f.name}", "aria-describedby": about}
    if options := found.options.get(f.name):
        return _select(given, text, {"": "choose", **options})
    if f.type == "boolean":
        return _select(given, text, {"": "empty", "true": "yes", "false": "no"})
    if f.actions:
        return _select(given, text, {v: v or "empty" for v in (text, *f.actions)})
    if f.type == "json" or "\n" in text or "\r" in text or len(text) > 90:
        rows = str(min(10, text.count("\n") + 2))
        return h.textarea(given, rows=rows, spellcheck="false")["\n" + text]  # the first is dropped
    mode = "email" if f.email else "numeric" if f.type in ("integer", "number") else None
    return h.input(given, type="text", inputmode=mode, value=text)


def _select(given: Mapping[str, Any], text: str, options: Mapping[str, str]) -> h.Element:
    return h.select(given)[
        (h.option(value=v, selected=text == v)[name] for v, name in options.items())
    ]
