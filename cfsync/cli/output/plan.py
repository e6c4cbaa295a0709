"""The plan as people read it: a line for each kind of change, then record by record."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from cfsync.cli.text import columns, duration, plural, to_json
from cfsync.resources import RESOURCES

if TYPE_CHECKING:
    from cfsync.sync.push.calls import Call
    from cfsync.sync.push.planning.cost import BegunBulk, Planned, PlannedBulk
    from cfsync.sync.push.planning.kept import Kept
    from cfsync.sync.push.planning.member_names import Names
    from cfsync.sync.push.planning.plan import Plan

NAMED = 3
"""Fields of a resource that a line names; the others are only counted."""
SHOWN = 50
"""Records that are shown field by field, unless all are asked for."""
_FEW = 5
"""From so many records on they are summed up first."""
_NONE: Names = MappingProxyType({})


def lines_of(found: Plan, names: Names = _NONE, *, shown: int | None = SHOWN) -> Iterator[str]:
    """The plan as people read it. `shown`: how many records field by field; None: all."""
    if found.capture_problem:
        yield f"warning: {found.capture_problem}"
    if len(found.records) >= _FEW:
        yield columns(_summary(found.records, names))
        yield ""
    for record in islice(found.records, shown):
        yield from _of_record(record, names)
    if shown is not None and len(found.records) > shown:
        more = plural(len(found.records) - shown, "more record")
        yield f"... and {more}: `cfsync plan --all` shows each"
    yield from (_of_bulk(bulk, names) for bulk in found.bulks)
    yield from (_of_begun(bulk, names) for bulk in found.begun)
    for kept in found.kept:
        yield f"not sent: {_kept(kept)}"
    yield from _nulls_left(found)
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
        name = next(iter(found.records)).resource
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


def _summary(records: Iterable[Planned], names: Names) -> list[tuple[str, int, str]]:
    """(resource, records, what happens to them), what is most frequent first."""
    counted: Counter[tuple[str, str]] = Counter()
    for record in records:
        counted.update(
            {
                (record.resource, what)
                for call in record.calls
                for what in _kinds(record, call, names)
            }
        )
    order = {name: place for place, name in enumerate(RESOURCES)}
    ranked = sorted(counted.items(), key=lambda one: (order[one[0][0]], -one[1], one[0][1]))
    return [(resource, count, what) for (resource, what), count in ranked]


def _kinds(record: Planned, call: Call, names: Names) -> Iterator[str]:
    """What a call does, in words that it shares with calls about other records."""
    match call.kind:
        case "create" | "upsert":
            yield "created"
        case "delete":
            yield "deleted"
        case "act":
            yield f"{call.action}"
        case _:
            for name, (old, new) in call.fields.items():
                members = _difference(record.resource, name, old, new, names)
                if members is None:
                    yield f"{name} changed"
                else:
                    yield from (f"{name}: {member}" for member in members)


def _of_bulk(bulk: PlannedBulk, names: Names) -> str:
    of = f"{bulk.records:,} {bulk.resource} of workspace {bulk.workspace_id}"
    verb = _verb(bulk.resource, bulk.kind, bulk.member, names)
    return f"in bulk: {verb} {of} ({plural(bulk.calls, 'call')})"


def _of_begun(bulk: BegunBulk, names: Names) -> str:
    verbs = ", ".join(_verb(bulk.resource, kind, m, names) for kind, m in bulk.actions)
    of = f"{len(bulk.record_ids):,} {bulk.resource} of workspace {bulk.workspace_id}"
    return (
        f"under way in bulk since {bulk.called_at}: {verbs} {of}; the next push looks whether it"
        " has ended, and sends their later edits after that"
    )


def _verb(resource: str, kind: str, tag: int, names: Names) -> str:
    """'add tag VIP (7) to', 'remove tag 7 from'."""
    ref = next((f.ref for f in RESOURCES[resource].columns if f.bulk and f.ref), "")
    name = f"{names[ref, tag]} ({tag})" if (ref, tag) in names else str(tag)
    return f"add tag {name} to" if kind == "add" else f"remove tag {name} from"


def _nulls_left(found: Plan) -> Iterator[str]:
    for name in dict.fromkeys(left.resource for left in found.nulls_left):
        left = [left for left in found.nulls_left if left.resource == name]
        more = f" and {len(left) - NAMED} more fields" if len(left) > NAMED else ""
        yield (
            f"{name} {left[0].record_id}: no change of {', '.join(n.field for n in left[:NAMED])}"
            f"{more}: NULL can't be told from not given in an INSERT of a known id; use UPDATE"
        )


def _of_record(record: Planned, names: Names) -> Iterator[str]:
    below = "".join(f", {name} {parent_id}" for name, parent_id in record.below.items())
    after = ", ".join(f"{name} {local_id}" for name, local_id in record.after)
    for call in record.calls:
        kind = "members, in bulk" if record.is_bulk else call.action or call.kind
        yield f"{record.resource} {record.record_id}: {kind}" + (
            (below if call.kind == "create" else "") + (f", after {after}" if after else "")
        )
        for name, (old, new) in sorted(call.fields.items()):
            yield from (
                f"    {line}" for line in _changes(record.resource, name, (old, new), names)
            )


def _changes(resource: str, name: str, pair: tuple[Any, Any], names: Names) -> Iterator[str]:
    """Old and new in full; of a map only the keys that change, of a set the members."""
    old, new = pair
    members = _difference(resource, name, old, new, names)
    if members:
        yield f"{name}: {', '.join(members)}"
    elif isinstance(old, dict) and isinstance(new, dict):
        for key in sorted(old.keys() | new.keys()):
            if old.get(key) != new.get(key):
                yield f"{name}.{key}: {to_json(old.get(key))} -> {to_json(new.get(key))}"
    else:
        yield f"{name}: {to_json(old)} -> {to_json(new)}"


def _difference(
    resource: str, name: str, old: Any, new: Any, names: Mapping[tuple[str, int], str]
) -> list[str] | None:
    """The members that a set gets and loses: `+VIP (3007)`; None for any other field."""
    field = RESOURCES[resource].by_name.get(name)
    sides = [old or [], new or []]
    if not field or field.merge != "set" or not all(isinstance(side, list) for side in sides):
        return None
    before, after = sides
    signed = [("+", m) for m in after if m not in before]
    signed += [("-", m) for m in before if m not in after]
    ref = field.ref or ""
    return [
        f"{sign}{names[ref, m]} ({m})" if (ref, m) in names else f"{sign}{m}"
        for sign, m in ((s, m) for s, m in signed if not isinstance(m, (list, dict)))
    ] or None


def _kept(kept: Kept) -> str:
    who = str(kept.record_ids[0]) if len(kept.record_ids) == 1 else ""
    edits = f" ({plural(len(kept.seqs), 'edit')})" if len(kept.seqs) > 1 else ""
    return f"{kept.resource} {who}".strip() + f"{edits}: {' '.join(kept.reason.split())}"
