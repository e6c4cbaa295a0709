"""`explain`: where the values of one record come from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import typer

from cfsync.cli.common import Config, Json, load_settings, with_mirror
from cfsync.cli.inspection.arguments import FirstWord, SecondWord, named_record
from cfsync.cli.inspection.changes_table import ChangeTable
from cfsync.cli.text import (
    columns,
    moment,
    print_json,
    print_lines,
    shortened,
    visible,
    width,
    wrapped,
)

if TYPE_CHECKING:
    from cfsync.sync.inspection.explain import Deletion, Explanation, Origin

_WIDE = 120
"""Characters of a line where there is no terminal."""
_BESIDE = 16
"""Those beside the field's name and its value."""
_LEAST = 20


def register(app: typer.Typer) -> None:
    app.command()(explain)


def explain(
    resource: FirstWord,
    wanted: SecondWord = None,
    config: Config = None,
    json: Json = False,
) -> None:
    """Show where each field's value comes from. Shows people's data.

    Also lists the record's edits with who made them, its last changes on either side, who has
    decided what about it, and what it is waiting for. Of a deleted record, shows who deleted it,
    when, on which side and in which push.

    \b
    Example:
      cfsync explain contacts 1042
      cfsync explain ann@example.com
    """
    from cfsync.sync.inspection.explain import explain as inner

    settings = load_settings(config)
    name, record = named_record("explain", resource, wanted)
    found = with_mirror(
        settings, lambda mirror: inner(mirror, settings, name, record), read_only=True
    )
    if json:
        print_json(_as_json(found))
    else:
        print_lines(_lines(found))


def _as_json(found: Explanation) -> dict[str, Any]:
    """`highest_id` of an edit is for the look-up of lost creates and no part of the output."""
    values = asdict(found)
    for edit in (*values["edits"], *values["ended"]):
        del edit["highest_id"]
    return values


def _lines(found: Explanation) -> Iterator[str]:
    was = f" (was {found.local_id} here)" if found.local_id else ""
    yield f"{found.resource} {found.id}{was}: {found.state}"
    if found.deletion:
        yield _deletion(found.deletion)
    if found.lane:
        changed = f", changed there at {moment(found.updated_at)}" if found.updated_at else ""
        yield f"read by {found.lane}"
        yield wrapped(f"written here at {moment(found.read_at or '')}{changed}")
    if found.fields:
        yield from _origins(found.fields)
    for edit in (*found.ended, *found.edits):
        what = f" of {', '.join(edit.fields)}" if edit.fields else ""
        batch = f" in batch {edit.batch}" if edit.batch else ""
        made = f"{edit.op}{what}{_by(edit.author)} at {edit.captured_at}"
        yield wrapped(f"edit {edit.seq}: {made}, {edit.state}{batch}", "  ")
    if found.changes:
        yield from ChangeTable(width()).lines(found.changes)
    for decision in found.decisions:
        by = f"{visible(decision.by)} at {decision.at}"
        yield wrapped(f"decided by {by}: {decision.text}", "  ")
    for line in found.waits:
        yield wrapped(f"waits: {' '.join(line.split())}", "  ")


def _deletion(found: Deletion) -> str:
    from cfsync.mirror.bookkeeping.tombstones import Cause, Side

    gone = f"gone from ClickFunnels at {found.confirmed_at}" if found.confirmed_at else ""
    if found.cause == Cause.HIDDEN:
        return f"in no list of ClickFunnels since {found.at}"
    if found.side == Side.REMOTE:
        return f"{found.cause} in ClickFunnels: missing since {found.at}, {gone}"
    sent = f", sent in batch {found.batch}" if found.batch else ""
    edit = f" (edit {found.edit}{sent})" if found.edit else ""
    return f"{found.cause} here{_by(found.author)} at {found.at}{edit}{gone and '; ' + gone}"


def _by(author: str | None) -> str:
    return f" by {author}" if author else ""


def _origins(fields: Sequence[Origin]) -> Iterator[str]:
    """A line for each field, below it what is open about it."""
    names = max(len(o.field) for o in fields)
    room = (width() or _WIDE) - names - _BESIDE
    rows = [(o.field, shortened(o.value, max(room, _LEAST)), o.source) for o in fields]
    head, *lines = columns([("field", "value", "from"), *rows]).splitlines()
    yield head
    for line, origin in zip(lines, fields, strict=True):
        yield line
        if about := "; ".join(_open(origin)):
            yield f"    {about}"


def _open(origin: Origin) -> Iterator[str]:
    if origin.source in ("edit", "drift"):
        yield f"in ClickFunnels {shortened(origin.remote)}"
    if origin.edits:
        yield f"edit {', '.join(map(str, origin.edits))}"
    if origin.batch:
        yield f"sent in batch {origin.batch}"
    if origin.conflicts:
        yield f"conflict {', '.join(map(str, origin.conflicts))}"
