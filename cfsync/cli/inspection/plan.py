"""`plan`: what a push would send."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cfsync.cli.common import Config, Json, Resources, load_settings, with_mirror
from cfsync.cli.text import columns, duration, plural, print_json, print_lines, to_json

if TYPE_CHECKING:
    from cfsync.sync.push.plan import Kept, Plan
    from cfsync.sync.push.plan_cost import BegunBulk, Planned


NAMED = 3
"""Fields of a resource that a line names; the others are only counted."""


def register(app: typer.Typer) -> None:
    app.command()(plan)


def plan(
    resource: Resources = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Also write it for `push --plan`."),
    ] = None,
    config: Config = None,
    json: Json = False,
) -> int:
    """Show what `push` would send, field by field. Sends nothing.

    Shows people's data. Exits 5 if some edits would not be sent, and says why. `push --plan FILE`
    sends only what the file lists, and refuses records that have changed since.

    \b
    Example:
      cfsync plan
      cfsync plan contacts --out monday.json
    """
    from cfsync.sync.push import plan_file
    from cfsync.sync.push.plan import plan as inner

    settings = load_settings(config)
    found = with_mirror(settings, lambda mirror: inner(mirror, settings, resource or []))
    if out is not None:
        plan_file.write(found, out)
    if json:
        print_json(plan_file.as_json(found))
    else:
        print_lines([*lines_of(found), *next_steps(found, out)])
    return found.exit_code


def lines_of(found: Plan) -> Iterator[str]:
    """The plan as people read it."""
    if found.capture_problem:
        yield f"warning: {found.capture_problem}"
    for record in found.records:
        yield from _of_record(record)
    for bulk in found.bulks:
        of = f"{bulk.records:,} {bulk.resource} of workspace {bulk.workspace_id}"
        yield f"in bulk: {_verb(bulk.kind, bulk.member)} {of} ({plural(bulk.calls, 'call')})"
    yield from map(_of_begun, found.begun)
    for kept in found.kept:
        yield f"not sent: {_kept(kept)}"
    for name in dict.fromkeys(left.resource for left in found.nulls_left):
        left = [left for left in found.nulls_left if left.resource == name]
        more = f" and {len(left) - NAMED} more fields" if len(left) > NAMED else ""
        yield (
            f"{name} {left[0].record_id}: no change of {', '.join(n.field for n in left[:NAMED])}"
            f"{more}: NULL can't be told from not given in an INSERT of a known id; use UPDATE"
        )
    for number, waiting in found.imports.items():
        yield (
            f"of import {number}: {plural(waiting, 'edit')}; cfsync outbox discard --import"
            f" {number} takes them back"
        )
    yield (
        f"plan: {plural(found.calls, 'call')}, {plural(found.requests, 'request')} with reading"
        f" again, about {duration(found.seconds)} at {found.per_second:g} a second"
        if found.records
        else "plan: nothing to send"
    )


def next_steps(found: Plan, out: Path | None = None) -> Iterator[str]:
    """What can become of these edits. The first ones on a mirror are explained to somebody who has
    read nothing before.
    """
    if found.is_first and (found.records or found.kept):
        yield (
            "\nThese changes were made in your database with SQL, and ClickFunnels does not"
            "\nhave them yet. A line is a call; below it are the fields, old -> new value."
        )
    if found.records:
        name = found.records[0].resource
        only = ("these", f"--plan {out}") if out else ("some", name)
        yield "Nothing has been sent. What you can do with them:"
        yield columns(
            [
                ("  send them", "cfsync push (a running daemon does it by itself)"),
                (f"  send only {only[0]}", f"cfsync push {only[1]}"),
                ("  drop them instead", f"cfsync outbox discard {name}"),
                ("  take them back later", "cfsync revert BATCH (the push tells its number)"),
            ]
        )


def _of_begun(bulk: BegunBulk) -> str:
    verbs = ", ".join(_verb(kind, member) for kind, member in bulk.actions)
    of = f"{len(bulk.record_ids):,} {bulk.resource} of workspace {bulk.workspace_id}"
    return (
        f"under way in bulk since {bulk.called_at}: {verbs} {of}; the next push looks whether it"
        " has ended, and sends their later edits after that"
    )


def _verb(kind: str, tag: int) -> str:
    """'add tag 7 to', 'remove tag 7 from'."""
    return f"add tag {tag} to" if kind == "add" else f"remove tag {tag} from"


def _of_record(record: Planned) -> Iterator[str]:
    below = "".join(f", {name} {parent_id}" for name, parent_id in record.below.items())
    after = ", ".join(f"{name} {local_id}" for name, local_id in record.after)
    for call in record.calls:
        kind = "members, in bulk" if record.is_bulk else call.action or call.kind
        yield f"{record.resource} {record.record_id}: {kind}" + (
            (below if call.kind == "create" else "") + (f", after {after}" if after else "")
        )
        for name, (old, new) in sorted(call.fields.items()):
            yield from (f"    {line}" for line in _changes(name, old, new))


def _changes(name: str, old: Any, new: Any) -> Iterator[str]:
    """Old and new in full; of a map only the keys that change."""
    if not isinstance(old, dict) or not isinstance(new, dict):
        yield f"{name}: {to_json(old)} -> {to_json(new)}"
        return
    for key in sorted(old.keys() | new.keys()):
        if old.get(key) != new.get(key):
            yield f"{name}.{key}: {to_json(old.get(key))} -> {to_json(new.get(key))}"


def _kept(kept: Kept) -> str:
    who = str(kept.record_ids[0]) if len(kept.record_ids) == 1 else ""
    edits = f" ({plural(len(kept.seqs), 'edit')})" if len(kept.seqs) > 1 else ""
    return f"{kept.resource} {who}".strip() + f"{edits}: {' '.join(kept.reason.split())}"
