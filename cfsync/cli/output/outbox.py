"""Edits as people read them: a line for each, below it the values and the reason why it waits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from cfsync.cli.text import columns, cut, moment, shortened, wrapped

if TYPE_CHECKING:
    from cfsync.mirror.bookkeeping.outbox import Edit

SHOWN = 200
"""Edits that are listed."""


def lines_of(edits: Sequence[Edit], *, values: bool) -> Iterator[str]:
    shown = edits[:SHOWN]
    rows = [_row(edit) for edit in shown]
    table = columns([("seq", "record", "op", "state", "since", "by", "what"), *rows])
    head, *listed = table.splitlines()
    yield cut(head)
    for line, edit in zip(listed, shown, strict=True):
        yield cut(line)
        if values:
            yield from (f"      {difference}" for difference in differences(edit))
        if reason := _reason(edit):
            yield wrapped(f"      {reason}", "      ")
    if len(edits) > SHOWN:
        yield f"... and {len(edits) - SHOWN:,} more (--json has all)"


def differences(edit: Edit) -> Iterator[str]:
    """`first_name: "Ada" -> "Eve"` for each field."""
    for name in edit.fields:
        old, new = edit.patch[name]
        yield f"{name}: {shortened(old)} -> {shortened(new)}"


def _row(edit: Edit) -> tuple[object, ...]:
    return (
        edit.seq,
        f"{edit.resource} {edit.record_id}",
        edit.op,
        edit.state,
        moment(edit.captured_at),
        edit.author,
        ", ".join(edit.fields) or None,
    )


def _reason(edit: Edit) -> str:
    sent = f"sent {edit.attempts} times, last in batch {edit.batch}" if edit.attempts > 1 else ""
    sent = f"sent in batch {edit.batch}" if edit.attempts == 1 and edit.batch else sent
    return "; ".join(filter(None, (" ".join((edit.error or "").split()), sent)))
