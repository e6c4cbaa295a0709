"""What a decision would do, told before it is made, and what has become of edits. Nothing is
changed by asking.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from cfsync.errors import UsageError
from cfsync.mirror.bookkeeping.conflicts import Conflict, ConflictKind
from cfsync.mirror.bookkeeping.outbox import Edit, Op
from cfsync.mirror.user_decisions.undelete import How, Undelete
from cfsync.sync.decisions.edit_decisions import Decided
from cfsync.sync.decisions.revert import Reverted
from cfsync.web.console.forms import digest
from cfsync.web.console.html.parts import cards
from cfsync.web.console.html.parts.words import plural, words
from cfsync.web.console.html.sure import Preview

_UNSENT = "Discard, on Activity, until then; afterwards"
UNDO_EDITS = f"{_UNSENT} Revert, beside the push there."
_HISTORY = "each value that loses stays in the history of its record; Edit puts it back."
_REVIVE = "Undelete, on the page of the record, makes a new one of what it held."

_WHOLE = {
    (ConflictKind.DELETED_REMOTELY, "local"): (
        "Create {} again in ClickFunnels?",
        "The row gets a new id; the next push creates a record of it.",
        "delete the row again.",
        "Create it again",
    ),
    (ConflictKind.DELETED_REMOTELY, "remote"): (
        "Delete the row of {}?",
        "The row is deleted here, with the edit of it that waits. ClickFunnels has no such record.",
        _REVIVE,
        "Delete the row",
    ),
    (ConflictKind.DELETED_HERE, "local"): (
        "Delete {} in ClickFunnels too?",
        "The next push deletes the record there, with what was changed in it since.",
        "Undelete, on the page of the record, discards the delete until the push; afterwards it"
        " makes a new record of what the row held.",
        "Delete it there too",
    ),
    (ConflictKind.DELETED_HERE, "remote"): (
        "Bring the row of {} back?",
        "The row is as ClickFunnels has it; the delete that waits is discarded.",
        "delete the row again.",
        "Bring it back",
    ),
    (ConflictKind.DRIFT, "local"): (
        "Create {} in ClickFunnels?",
        "The next push creates a record of the row.",
        "delete the row.",
        "Create it",
    ),
    (ConflictKind.DRIFT, "remote"): (
        "Delete the row of {}?",
        "The row is deleted here. ClickFunnels has never had such a record.",
        "make a new row: what it held stays in its history.",
        "Delete the row",
    ),
}
"""(kind, side) of a conflict about a whole record -> what is asked, done and said."""


NAMED = 20
"""Records that the preview of a decision about many names."""


def conflict(found: Conflict, choice: str) -> Preview:
    """Of one conflict. Pure, as all of these."""
    name, seen = f"{words(found.resource)} #{found.record_id}", cards.seen(found)
    if _is_whole(found, choice):
        title, then, back, button = _WHOLE[found.kind, choice]
        return Preview(title.format(name), [then], back, button, seen)
    return Preview(f"Resolve {found.field} of {name}?", [], _HISTORY, "Resolve it", seen)


def _seen(numbers: Iterable[object]) -> str:
    """The digest of what a decision is about, in any order."""
    return digest(" ".join(sorted(map(str, numbers))))


def resolve(found: Sequence[Conflict], choice: str) -> Preview:
    fields = [c for c in found if not _is_whole(c, choice)]
    whole = [c for c in found if _is_whole(c, choice)]
    side = "your database" if choice == "local" else "ClickFunnels"
    about = Counter((words(c.resource), c.field or str(c.kind)) for c in fields)
    lines = [f"{name}, {what}: {n:,}" for (name, what), n in about.items()]
    if fields:
        lines.append(
            "The next push sends what ClickFunnels doesn't have."
            if choice == "local"
            else "The rows take what ClickFunnels has; edits of these fields are discarded."
        )
    title = f"Resolve {plural(len(found), 'conflict')} for {side}?"
    lines, back = [*lines, *_of_whole_records(whole, choice)], _back(fields, whole, choice)
    return Preview(title, lines, back, f"Resolve {len(found):,}", _seen(c.id for c in found))


def _is_whole(found: Conflict, choice: str) -> bool:
    return found.is_about_record and (found.kind, choice) in _WHOLE


def _of_whole_records(found: Sequence[Conflict], choice: str) -> Iterator[str]:
    """For each kind of conflict about whole records: which they are, and what becomes of them."""
    for kind in dict.fromkeys(c.kind for c in found):
        mine = [f"{words(c.resource)} #{c.record_id}" for c in found if c.kind == kind]
        more = f" and {len(mine) - NAMED:,} more" if len(mine) > NAMED else ""
        title, then, _, _ = _WHOLE[kind, choice]
        yield f"{title.format(', '.join(mine[:NAMED]) + more)} {then}"


def _back(fields: Sequence[Conflict], whole: Sequence[Conflict], choice: str) -> str:
    """How each kind of what is resolved is undone."""
    told = [_HISTORY] if fields else []
    return " ".join([*told, *dict.fromkeys(_WHOLE[c.kind, choice][2] for c in whole)])


def edits(found: Sequence[Edit], choice: str) -> Preview:
    count, seen = plural(len(found), "edit"), _seen(f"{e.seq} {e.state}" for e in found)
    lines = [f"{words(e.resource)} #{e.record_id}: {e.op} {', '.join(e.fields)}" for e in found]
    if choice == "discard":
        told = "The rows then show what ClickFunnels has."
        if any(e.op == Op.INSERT for e in found):
            told += " A row that it doesn't have is deleted, with all that waits of it."
        back = "edit the rows again: the values that are discarded stay in their history."
        return Preview(f"Discard {count}?", [told, *lines], back, f"Discard {len(found):,}", seen)
    told = "The next push sends them to ClickFunnels."
    verb, back = choice.capitalize(), _undo(found)
    return Preview(f"{verb} {count}?", [told, *lines], back, f"{verb} {len(found):,}", seen)


def _undo(found: Sequence[Edit]) -> str:
    """How edits are taken back: Revert brings no record back that was deleted in ClickFunnels."""
    kinds = {edit.op == Op.DELETE for edit in found}
    if kinds == {True}:
        return f"{_UNSENT} {_REVIVE}"
    return f"{UNDO_EDITS} Of a deleted record: {_REVIVE}" if True in kinds else UNDO_EDITS


def edits_decided(choice: str, decided: Decided) -> tuple[str, str]:
    """What is said about those that were decided, and about those that could not be. Raises
    UsageError where none was.
    """
    done, left = len(decided.done), ""
    for seq, why in decided.refused.items():
        left = f"{plural(len(decided.refused), 'edit')} could not be: edit {seq}: {why}"
        break
    if not done:
        raise UsageError(left or "nothing was done: these edits can't be decided now; look again")
    verb = {"approve": "approved", "retry": "retried"}.get(choice, "discarded")
    then = "The next push sends them." if done > 1 else "The next push sends it."
    if choice == "discard":
        then = "The rows show what ClickFunnels has."
    return f"{plural(done, 'edit')} {verb}. {then}", left


def deletions(resource: str, ids: Sequence[str], choice: str) -> Preview:
    count, lines = f"{len(ids):,} {words(resource)}", [f"#{record_id}" for record_id in ids]
    seen = _seen(ids)
    if choice == "approve":
        told = (
            "The next sweep looks for each once more, and deletes the rows of those that are gone."
        )
        title = f"Approve the deletion of {count}?"
        return Preview(title, [told, *lines], _REVIVE, f"Approve {len(ids):,}", seen)
    told = "The rows stay, though ClickFunnels doesn't show the records."
    title, back = f"Reject the deletion of {count}?", "delete the rows by SQL."
    return Preview(title, [told, *lines], back, f"Reject {len(ids):,}", seen)


def revert(found: Reverted) -> Preview:
    lines = [f"{words(r)} #{i}: {', '.join(names)} as before" for r, i, names in found.fields]
    lines += [f"{words(r)} #{i}: the new row is discarded" for r, i in found.discarded]
    lines += [
        f"{words(one.resource)} #{one.record_id} {one.field or ''}".rstrip()
        + f": not reverted, {one.reason}"
        for one in found.left
    ]
    back = "the next push sends the values before it: press Revert beside that push."
    return Preview(f"Revert push {found.batch}?", lines, back, f"Revert push {found.batch}")


def undelete(planned: Undelete) -> Preview:
    name = f"{words(planned.resource)} #{planned.record_id}"
    then = (
        "Its delete was not sent yet: it is discarded, and the row is there again."
        if planned.how == How.TAKE_BACK
        else "A new row is made of what it held; the next push creates it, with a new id."
    )
    left = [f"Not brought back: {one.field}" for one in planned.left]
    return Preview(f"Undelete {name}?", [then, *left], "delete the row again.", "Undelete")


def pause_all() -> Preview:
    lines = ["No pass starts any more. Edits by SQL are kept meanwhile; nothing is lost."]
    return Preview("Stop all passes?", lines, "Resume all, on the overview.", "Pause all")
