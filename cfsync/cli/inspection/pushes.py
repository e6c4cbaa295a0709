"""`pushes`: what was sent, push by push."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Annotated

import typer

from cfsync.cli.common import Config, Json, load_settings, with_mirror
from cfsync.cli.text import columns, print_json

if TYPE_CHECKING:
    from cfsync.mirror.user_decisions.batches import Part

SHOWN = 20
"""How many pushes a person sees who doesn't say how many."""
_TO = {"insert": "create", "update": "change", "delete": "delete"}


def register(app: typer.Typer) -> None:
    app.command()(pushes)


def pushes(
    limit: Annotated[
        int, typer.Option("--limit", metavar="N", min=1, help="The last N pushes.")
    ] = SHOWN,
    config: Config = None,
    json: Json = False,
) -> int:
    """List the pushes that sent something, the last first.

    For each its number, when it sent, who made the edits, and how many records it created, changed
    and deleted, or was to. "met": an INSERT named a record that ClickFunnels had, and changed it.
    `cfsync revert NUMBER` takes one back, and `cfsync outbox list` has the edits that wait.

    \b
    Example:
      cfsync pushes --limit 5
    """
    from cfsync.mirror.user_decisions import batches

    settings = load_settings(config, quiet=True)
    parts = with_mirror(settings, lambda mirror: mirror.read(batches.latest, limit), read_only=True)
    found = [list(group) for _, group in groupby(parts, key=lambda part: part.batch)]
    if json:
        print_json({"pushes": [_as_json(one) for one in found]})
    elif found:
        head = ("batch", "sent", "by", "edits", "outcome")
        print(columns([head, *map(_row, found)]))
    else:
        print("no push has sent anything yet")
    return 0


def _as_json(parts: Sequence[Part]) -> Mapping[str, object]:
    return {
        "batch": parts[0].batch,
        "first_sent_at": _first(parts),
        "last_sent_at": max(filter(None, (part.last for part in parts)), default=None),
        "by": _authors(parts),
        "edits": [
            {"resource": p.resource, "op": p.op, "state": p.state, "records": p.records}
            | ({"met": p.met} if p.op == "insert" else {})
            for p in parts
        ],
    }


def _row(parts: Sequence[Part]) -> tuple[object, ...]:
    when = (_first(parts) or "-").partition(".")[0].replace("T", " ")
    by = ", ".join(_authors(parts)) or "-"
    return parts[0].batch, when, by, ", ".join(_edits(parts)), ", ".join(_outcome(parts))


def _first(parts: Iterable[Part]) -> str | None:
    return min(filter(None, (part.first for part in parts)), default=None)


def _authors(parts: Iterable[Part]) -> list[str]:
    return sorted({part.db_user for part in parts if part.db_user})


def _edits(parts: Iterable[Part]) -> Iterator[str]:
    counted: Counter[tuple[str, str]] = Counter()
    for part in parts:
        for words, count in _counts(part):
            counted[part.resource, words] += count
    for (resource, words), count in counted.items():
        yield f"{count:,} {resource} {words}"


def _counts(part: Part) -> Iterator[tuple[str, int]]:
    """What was done to how many records, or was to be done."""
    verb = _TO[part.op]
    if part.state != "done":
        yield f"to {verb}", part.records
    elif part.met is None:
        yield "created or met", part.records
    else:
        if part.records > part.met:
            yield f"{verb}d", part.records - part.met
        if part.met:
            yield "met", part.met


def _outcome(parts: Iterable[Part]) -> Iterator[str]:
    counted: Counter[str] = Counter()
    for part in parts:
        counted[part.state] += part.records
    if len(counted) == 1:
        yield next(iter(counted))
    else:
        yield from (f"{count:,} {state}" for state, count in counted.most_common())
