"""The parts of docs/tables.md and docs/dictionary.md that are generated from the catalogue."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from typing import get_args

from cfsync.mirror.capture import comments, rules
from cfsync.mirror.views import VIEWS
from cfsync.mirror.views.model import View
from cfsync.resources import RESOURCES, Group
from cfsync.resources.model import Field, Resource

PAGE = "dictionary.md"

CONFIRMED = [name for name in VIEWS if name.startswith("confirmed_")]

VALUE = re.compile(r"('?\w+'?): (\w+)")
"""A value, and what setting it does."""

MANY = 4
"""A cell names up to so many columns; more are counted."""


def writes() -> str:
    """One row for each table of the core: what can be inserted, updated and deleted."""
    head = "| table | INSERT | UPDATE | DELETE |\n| --- | --- | --- | --- |\n"
    return head + "".join(
        f"| [`{r.name}`]({PAGE}#{r.name}) | {_insert(r)} | {_update(r)} | {_delete(r)} |\n"
        for r in _of_group("core")
    )


def columns() -> str:
    """For each group a part, for each of its tables a section with a row for each column."""
    return "\n".join(
        f'## Tables of `"{group}"`\n\n' + "\n".join("".join(_section(r)) for r in _of_group(group))
        for group in get_args(Group)
    )


def view(found: View) -> str:
    """What a view has rows for, and its columns."""
    rows = f"One row for each {found.row}."
    if found.without:
        rows += f" Left out: {found.without}."
    listed = ", ".join(f"`{c.name}` {c.type}" for c in found.columns)
    return f"{textwrap.fill(rows, 105)}\n\nColumns: {listed}.\n"


def confirmed() -> str:
    """The views of records as ClickFunnels has them."""
    return textwrap.fill(f"{_listed(CONFIRMED)}.", 105, break_on_hyphens=False) + "\n"


def _of_group(group: Group) -> list[Resource]:
    return [r for r in RESOURCES.values() if r.group == group]


def _insert(resource: Resource) -> str:
    if resource.insert is None:
        return f"refused: {resource.refuse_insert}"
    needed = _listed([f.name for f in rules.insertable(resource) if _must_be_given(resource, f)])
    does = "creates a record"
    if key := resource.upsert_key:
        does = f"creates a record, or updates the one that has this `{key}`"
    return f"{does}; needs {needed}" if needed else does


def _must_be_given(resource: Resource, field: Field) -> bool:
    parent = field.name in rules.parents(resource) and field.name != "workspace_id"
    return field.required or parent


def _update(resource: Resource) -> str:
    plain = (None, AFTER)
    always = [f.name for f in rules.updatable(resource) if _condition(resource, f) in plain]
    parts = [_counted(resource, always)] if always else []
    for condition, names in _conditional(resource).items():
        parts.append(f"{_counted(resource, names)} {condition}")
    if not parts:
        return "refused"
    return "; ".join(parts) + ("" if resource.push else " (`push` is off by default)")


def _conditional(resource: Resource) -> dict[str, list[str]]:
    """Condition -> the columns that an UPDATE of an existing record may change only then."""
    found: dict[str, list[str]] = {}
    for field in rules.updatable(resource):
        condition = _condition(resource, field)
        if condition not in (None, BEFORE, AFTER):
            found.setdefault(condition, []).append(field.name)
    return found


BEFORE = "until the record exists"
AFTER = "once the record exists"


def _condition(resource: Resource, field: Field) -> str | None:
    """When an UPDATE may change the column; None: always (to the values that it takes)."""
    for refusal in rules.update_refusals(resource):
        if refusal.column == field.name:
            match refusal.when:
                case "sent":
                    return BEFORE
                case "unsent":
                    return AFTER
                case "unless":
                    value, kind = refusal.values[0], resource.by_name[refusal.other].type
                    shown = value if kind == "boolean" else f"'{value}'"
                    return f"while `{refusal.other}` is `{shown}`"
    return None


def _delete(resource: Resource) -> str:
    return "deletes the record" if resource.delete else f"refused: {resource.refuse_delete}"


def _counted(resource: Resource, names: list[str]) -> str:
    few = len(names) <= MANY
    return _listed(names) if few else f"[{len(names)} columns]({PAGE}#{resource.name})"


def _listed(names: list[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _section(resource: Resource) -> Iterator[str]:
    yield f"### {resource.name}\n\n"
    yield f"INSERT: {_insert(resource)}. UPDATE: {_update(resource)}."
    yield f" DELETE: {_delete(resource)}.\n\n"
    yield "| column | type | INSERT | UPDATE | |\n| --- | --- | --- | --- | --- |\n"
    insertable = {f.name for f in rules.insertable(resource)}
    updatable = {f.name for f in rules.updatable(resource)}
    for field in resource.columns:
        given = "needed" if _must_be_given(resource, field) else "yes"
        condition = _condition(resource, field) or "yes"
        cells = (
            f"`{field.name}`",
            field.type,
            given if field.name in insertable else "",
            condition if field.name in updatable else "",
            "; ".join(_remarks(resource, field)),
        )
        yield f"| {' | '.join(cells)} |\n"


def _remarks(resource: Resource, field: Field) -> Iterator[str]:
    for text in comments.remarks(field):
        if field.ref:
            text = text.replace(f"of {field.ref}", f"of [`{field.ref}`](#{field.ref})")
        yield VALUE.sub(r"`\1`: \2", text)
