"""What a decision about what waits would do, told before it is made, and what has become of edits.
Nothing is changed by asking. Pure.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import htpy as h

from cfsync.errors import UsageError
from cfsync.mirror.bookkeeping.conflicts import Conflict, ConflictKind
from cfsync.mirror.bookkeeping.outbox import Edit
from cfsync.sync.decisions import consequences
from cfsync.sync.decisions.consequences import NAMED
from cfsync.sync.decisions.edit_decisions import Decided
from cfsync.web.console import undo
from cfsync.web.console.forms import digest
from cfsync.web.console.html.edit import EditPage
from cfsync.web.console.html.parts import cards
from cfsync.web.console.html.parts.cards import Titles
from cfsync.web.console.html.parts.words import (
    SHORT,
    named_link,
    patch,
    plural,
    value,
    without_command,
    words,
)
from cfsync.web.console.html.sure import Preview

Records = Collection[tuple[str, int]]

_WHOLE: Mapping[tuple[ConflictKind, str], tuple[str, str]] = {
    (ConflictKind.DELETED_REMOTELY, "local"): (
        "Create {} again in ClickFunnels?",
        "Create it again",
    ),
    (ConflictKind.DELETED_REMOTELY, "remote"): ("Delete the row of {}?", "Delete the row"),
    (ConflictKind.DELETED_HERE, "local"): (
        "Delete {} in ClickFunnels too?",
        "Delete it there too",
    ),
    (ConflictKind.DELETED_HERE, "remote"): ("Bring the row of {} back?", "Bring it back"),
    (ConflictKind.DRIFT, "local"): ("Create {} in ClickFunnels?", "Create it"),
    (ConflictKind.DRIFT, "remote"): ("Delete the row of {}?", "Delete the row"),
}
"""(kind, side) of a conflict about a whole record -> what is asked, and what the button says."""


def conflict(found: Conflict, choice: str, titles: Titles) -> Preview:
    """Of one conflict."""
    name, seen = f"{words(found.resource)} #{found.record_id}", cards.seen(found)
    if _is_whole(found, choice):
        title, button = _WHOLE[found.kind, choice]
        lines, back = _becomes([found], choice), _back([found], choice)
        things = [_named(found, titles)]
        return Preview(title.format(name), lines, back, button, seen, things)
    title, back = f"Resolve {found.field} of {name}?", _back([found], choice)
    return Preview(title, [], back, "Resolve it", seen)


def seen_of(numbers: Iterable[object]) -> str:
    """The digest of what a decision is about, in any order."""
    return digest(" ".join(sorted(map(str, numbers))))


def resolve(found: Sequence[Conflict], choice: str, titles: Titles) -> Preview:
    fields = [c for c in found if not _is_whole(c, choice)]
    side = "your database" if choice == "local" else "ClickFunnels"
    about = Counter((words(c.resource), c.field or str(c.kind)) for c in fields)
    lines = [f"{name}, {what}: {n:,}" for (name, what), n in about.items()]
    if fields:
        lines.append(
            "The next push sends what ClickFunnels doesn't have."
            if choice == "local"
            else "The rows take what ClickFunnels has; edits of these fields are discarded."
        )
    return Preview(
        f"Resolve {plural(len(found), 'conflict')} for {side}?",
        [*lines, *_becomes(found, choice)],
        _back(found, choice),
        f"Resolve {len(found):,}",
        seen_of(c.id for c in found),
        [[_named(c, titles), _sides(c, choice)] for c in found[:NAMED]],
        len(found) - NAMED,
    )


def _is_whole(found: Conflict, choice: str) -> bool:
    return found.is_about_record and (found.kind, choice) in _WHOLE


def _becomes(found: Iterable[Conflict], choice: str) -> list[str]:
    return [_counted(*one) for one in consequences.of_conflicts(found, choice)]


def _counted(text: str, records: Records) -> str:
    return f"{plural(len(records), 'record')}: {text}."


def _named(one: Conflict | Edit, titles: Titles) -> h.Node:
    key = (one.resource, one.record_id)
    return named_link(*key, titles.get(key, ""))


def _sides(c: Conflict, choice: str) -> h.Node:
    """What a choice makes of a field: the value that goes, and the one that stays."""
    if c.is_about_record:
        return None
    kept, lost = (c.local, c.remote) if choice == "local" else (c.remote, c.local)
    sides = h.del_[value(lost, SHORT)], " → ", h.ins[value(kept, SHORT)]
    return h.ul(".changes")[h.li[h.code[c.field], " ", *sides]]


def _back(found: Sequence[Conflict], choice: str) -> str:
    """How each kind of what is resolved is undone."""
    fields = [c for c in found if not _is_whole(c, choice)]
    told = dict.fromkeys(_back_of_record(kind, found, choice) for kind in _kinds(found, choice))
    if len(found) == len(fields) == 1:
        return undo.field(found[0].resource, found[0].record_id, found[0].field)
    return " ".join([*([undo.FIELDS] if fields else []), *told])


def _kinds(found: Iterable[Conflict], choice: str) -> list[ConflictKind]:
    return [*dict.fromkeys(c.kind for c in found if _is_whole(c, choice))]


def _back_of_record(kind: ConflictKind, found: Iterable[Conflict], choice: str) -> str:
    mine = [c for c in found if c.kind == kind and _is_whole(c, choice)]
    match kind, choice:
        case (ConflictKind.DELETED_HERE, "local"):
            return undo.DELETE
        case (ConflictKind.DELETED_HERE, _):
            return undo.by_sql((c.resource, c.record_id) for c in mine)
        case (_, "local"):
            return " ".join(dict.fromkeys(undo.create(c.resource) for c in mine))
    return undo.REVIVE


def edits(found: Sequence[Edit], choice: str, titles: Titles) -> Preview:
    count, seen = plural(len(found), "edit"), seen_of(f"{e.seq} {e.state}" for e in found)
    becomes = [_counted(*one) for one in consequences.of_edits(found, choice)]
    things = [[_named(e, titles), patch(e.patch, e.op)] for e in found[:NAMED]]
    verb, more = choice.capitalize(), len(found) - NAMED
    told, back = "The next push sends them to ClickFunnels.", undo.sent(found)
    if choice == "discard":
        told, back = "The rows then show what ClickFunnels has.", undo.discarded(found)
    lines, button = [told, *becomes], f"{verb} {len(found):,}"
    return Preview(f"{verb} {count}?", lines, back, button, seen, things, more)


def edits_decided(choice: str, decided: Decided) -> tuple[str, str]:
    """What is said about those that were decided, and about those that could not be. Raises
    UsageError where none was.
    """
    done, left = len(decided.done), ""
    for seq, why in decided.refused.items():
        first = f"edit {seq}: {without_command(why)}"
        left = f"{plural(len(decided.refused), 'edit')} could not be: {first}"
        break
    if not done:
        raise UsageError(left or "nothing was done: these edits can't be decided now; look again")
    verb = {"approve": "approved", "retry": "retried"}.get(choice, "discarded")
    then = "The next push sends them." if done > 1 else "The next push sends it."
    if choice == "discard":
        then = "The rows show what ClickFunnels has."
    return f"{plural(done, 'edit')} {verb}. {then}", left


def deletions(resource: str, ids: Sequence[int], choice: str, titles: Titles) -> Preview:
    verb, count, seen = choice.capitalize(), plural(len(ids), "deletion"), seen_of(ids)
    things = [named_link(resource, i, titles.get((resource, i), "")) for i in ids[:NAMED]]
    title, button = f"{verb} {count} of {words(resource)}?", f"{verb} {len(ids):,}"
    which = ids[0] if len(ids) == 1 else "ID"
    told = "The rows stay, though ClickFunnels doesn't show the records."
    back = f"`cfsync deletions approve {resource} {which}`."
    if choice == "approve":
        told = (
            "The next sweep looks for each once more, and deletes the rows of those that are gone."
        )
        command = f"`cfsync deletions reject {resource} {which}`"
        back = f"{command}, until that sweep; afterwards {undo.REVIVE}"
    return Preview(title, [told], back, button, seen, things, len(ids) - NAMED)


def create(page: EditPage, values: Mapping[str, Any]) -> Preview:
    """Of a new record."""
    resource, lines = page.resource, [f"A row is written here. {page.then}"]
    if resource.insert == "upsert" and any(f.email and f.name in values for f in resource.columns):
        lines.append("Where ClickFunnels has this email address already, that record is changed.")
    given = patch({name: (None, value) for name, value in values.items()}, "insert")
    return Preview(
        f"Create a record of {words(resource.name)}?",
        lines,
        page.back,
        "Create",
        things=[given],
        again="Back to the form",
    )


def pause_all() -> Preview:
    lines = ["No pass starts any more. Edits by SQL are kept meanwhile; nothing is lost."]
    return Preview("Stop all passes?", lines, "Resume all, on the overview.", "Pause all")
