"""`show`: one record, as a person reads it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import typer

from cfsync.cli.common import Config, Json, load_settings, with_mirror
from cfsync.cli.inspection.arguments import FirstWord, SecondWord, named_record
from cfsync.cli.text import columns, plural, print_json, print_lines, shortened, visible, wrapped
from cfsync.errors import UsageError

if TYPE_CHECKING:
    from cfsync.mirror.reports.related import Related, Summary
    from cfsync.resources import Field, Resource
    from cfsync.sync.inspection.show import Several, Shown

LONGEST = 200
"""Characters of a value that are shown."""
ITEMS = 5
"""How many objects of a JSON list are shown."""
_IN_ITEMS = ("quantity", "name", "title", "label", "value", "url")
"""What is shown of an object in a JSON list, also of those in it, beside amounts."""


def register(app: typer.Typer) -> None:
    app.command()(show)


def show(
    resource: FirstWord,
    wanted: SecondWord = None,
    config: Config = None,
    json: Json = False,
) -> int:
    """Show a record, what is related to it, and what it waits for. Shows people's data.

    Empty fields are left out. Of the records that refer to it, the newest three are listed, each
    kind with how many there are. Where several records have the name, lists them and exits 2.

    \b
    Example:
      cfsync show ada@example.com
      cfsync show orders 1007 --json
    """
    from cfsync.sync.inspection.show import Nothing, Several
    from cfsync.sync.inspection.show import show as inner

    settings = load_settings(config)
    name, record = named_record("show", resource, wanted)
    found = with_mirror(
        settings, lambda mirror: inner(mirror, settings, name, record), read_only=True
    )
    if isinstance(found, Nothing):
        if found.alike and not json:
            print("did you mean\n" + columns(_row(found.resource, one) for one in found.alike))
        raise UsageError(found.why)
    if json:
        print_json(asdict(found))
    else:
        print_lines(_matches(found) if isinstance(found, Several) else _record(found))
    return 2 if isinstance(found, Several) else 0


def _matches(found: Several) -> Iterator[str]:
    yield columns(_row(found.resource, one) for one in found.matches)
    example = f"cfsync show {found.resource} {found.matches[0]['id']}"
    yield f"{len(found.matches)} records have this name: choose one by its id, as in `{example}`"


def _record(found: Shown) -> Iterator[str]:
    from cfsync.resources import named

    resource = named(found.resource)
    referred = {r.field: r for r in found.related if not r.refers_here}
    was = f" (was {found.local_id} here)" if found.local_id else ""
    yield f"{found.resource} {found.id}{was}"
    lines = [
        (name, text)
        for field in resource.columns[1:]
        if not _is_copy(resource, field)
        for name, text in _lines(field, found.fields, referred.get(field.name))
    ]
    width = max((len(name) for name, _ in lines), default=0)
    indent = " " * (width + 4)
    yield from (wrapped(f"  {name.ljust(width)}  {text}", indent) for name, text in lines)
    for related in found.related:
        if related.refers_here:
            yield from _referring(found.resource, related)
    for wait in found.waits:
        yield wrapped(f"waits: {' '.join(str(wait).split())}", "  ")


def _is_copy(resource: Resource, field: Field) -> bool:
    """Whether another field names the records that it copies."""
    derived = (f.derived for f in resource.columns)
    return field.merge == "quote" and (
        f"{field.name}_id" in resource.by_name or field.name in derived
    )


def _lines(
    field: Field, row: Mapping[str, Any], referred: Related | None
) -> Iterator[tuple[str, str]]:
    """A line for the value, and one for each of the values in it; none where it is empty."""
    value = row[field.name]
    if value in (None, "", [], {}):
        return
    if referred is not None:
        yield field.name, _names(referred, value)
    elif isinstance(value, dict):
        yield from ((f"{field.name}.{name}", _cut(v)) for name, v in value.items())
    elif isinstance(value, list) and all(isinstance(item, dict) for item in value):
        yield field.name, plural(len(value), "item")
        yield from (("", _item(item)) for item in value[:ITEMS])
    else:
        yield field.name, _readable(field, value, row)


def _names(referred: Related, value: Any) -> str:
    """The records to which it refers, those that the mirror doesn't have by their ids alone."""
    there = {one["id"]: {**one, "created_at": None} for one in referred.records}
    if not isinstance(value, list):
        return " ".join([str(value), *_summary(there.get(value, {}))])
    shown = [
        " ".join(_summary(there[i])[:1]) if i in there else str(i)
        for i in value[: len(there) or ITEMS]
    ]
    more = [f"{len(value) - len(shown)} more"] if len(value) > len(shown) else []
    return ", ".join(shown + more)


def _readable(field: Field, value: Any, row: Mapping[str, Any]) -> str:
    match field.type:
        case "money":
            return _amount(value, row.get("currency"))
        case "timestamp":
            return _time(value)
        case "boolean":
            return "yes" if value else "no"
        case _:
            return _cut(value)


def _amount(value: object, currency: object) -> str:
    return f"{value} {currency}" if currency else f"{value}"


def _time(value: object) -> str:
    """`2025-05-21 12:18:51 UTC`."""
    return f"{value}".replace("T", " ").partition(".")[0].removesuffix("Z") + " UTC"


def _cut(value: Any) -> str:
    if not isinstance(value, str):
        return shortened(value, LONGEST)
    text = visible(" ".join(value.split()))
    return text if len(text) <= LONGEST else text[: LONGEST - 3] + "..."


def _item(item: Mapping[str, Any]) -> str:
    told = [*_told(item), *(t for inner in item.values() for t in _told(inner))]
    return _cut(", ".join(dict.fromkeys(told)) or item)


def _told(item: Any) -> Iterator[str]:
    if isinstance(item, dict):
        for name in _IN_ITEMS:
            if item.get(name) not in (None, "") and not isinstance(item[name], (dict, list)):
                yield f"{name} {item[name]}" if name == "quantity" else f"{item[name]}"
        if item.get("amount"):
            yield _amount(item["amount"], item.get("currency"))


def _referring(name: str, related: Related) -> Iterator[str]:
    by = "" if related.field.removesuffix("_id") + "s" == name else f" by {related.field}"
    yield f"{related.resource}{by}: {related.count:,}"
    for line in columns(_row(related.resource, one) for one in related.records).splitlines():
        yield f"  {line}"
    if related.count > len(related.records):
        yield f"  and {related.count - len(related.records):,} more"


def _row(resource: str, one: Summary) -> tuple[str, str]:
    return f"{resource} {one['id']}", ", ".join(_summary(one))


def _summary(one: Summary) -> list[str]:
    """What tells a record from others, its name first."""
    values = {name: v for name, v in one.items() if v not in (None, "") and name != "id"}
    person = " ".join(str(values.pop(n)) for n in ("first_name", "last_name") if n in values)
    currency = values.pop("currency", None)
    amounts = ("total_amount", "amount", "value", "price")
    told: Iterable[str] = (
        _amount(v, currency) if n in amounts else _time(v) if n == "created_at" else _cut(v)
        for n, v in sorted(values.items(), key=lambda pair: pair[0] == "created_at")
    )
    return [*filter(None, [visible(person)]), *told]
