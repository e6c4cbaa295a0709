"""What Revert and Undelete would do, told before it is done. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import htpy as h

from cfsync.mirror.user_decisions.undelete import How, Undelete
from cfsync.sync.decisions.consequences import NAMED
from cfsync.sync.decisions.revert import DELETED, Left, Reverted
from cfsync.web.console import undo
from cfsync.web.console.html.parts.cards import Titles
from cfsync.web.console.html.parts.words import named_link, patch, plural, without_command, words
from cfsync.web.console.html.sure import Also, Preview
from cfsync.web.console.previews import seen_of

WITH_CREATED = "with_created"
"""The choice of the button that deletes what a push has created, too."""

Records = Sequence[tuple[str, int]]


def revert(found: Reverted, created: Records, titles: Titles) -> Preview:
    """`created`: the records that it would delete, too, where that is wanted."""
    can_do, kept = found.is_any, [one for one in found.left if _key(one) not in created]
    things = _things(found, kept, titles)
    lines = ["Edit, on the page of a record, changes what its fields hold."]
    if can_do or created:
        lines = [] if can_do else ["It has created records, and changed no other."]
    return Preview(
        f"Revert push {found.batch}?"
        if can_do or created
        else f"Nothing of push {found.batch} can be reverted",
        lines,
        back(found),
        f"Revert push {found.batch}" if can_do else "",
        seen_of([*found.fields, *found.discarded, *created, *found.left]),
        things[:NAMED],
        len(things) - NAMED,
        _also(created, titles, can_do=can_do) if created else None,
        choice="revert",
    )


def _key(one: Left) -> tuple[str, int]:
    return one.resource, one.record_id


def back(done: Reverted) -> str:
    told = [undo.UPDATE] if done.fields else []
    told += ["Undelete, on the page of each row that is deleted."] if done.discarded else []
    told += [f"{'Of a deleted record: ' if told else ''}{undo.DELETE}"] if done.deleted else []
    return " ".join(told)


def _also(created: Records, titles: Titles, *, can_do: bool) -> Also:
    count = plural(len(created), "record")
    return Also(
        WITH_CREATED,
        f"{'Revert, and delete' if can_do else 'Delete'} the {count} it created",
        [f"What it created stays, unless you delete it, here and in ClickFunnels: {count}."],
        [named_link(*one, titles.get(one, "")) for one in created[:NAMED]],
        len(created) - NAMED,
        undo.DELETE,
    )


def _things(found: Reverted, kept: Iterable[Left], titles: Titles) -> list[h.Node]:
    """What happens to each record, or why nothing does."""

    def named(resource: str, record_id: int) -> h.Node:
        return named_link(resource, record_id, titles.get((resource, record_id), ""))

    things: list[h.Node] = [
        [named(r, i), patch(found.sides.get((r, i), {}), "update")] for r, i, _ in found.fields
    ]
    things += [[named(r, i), ": the new row is deleted"] for r, i in found.discarded]
    return things + [
        [named(*_key(one)), f" {one.field}" if one.field else "", f": not reverted, {_why(one)}"]
        for one in kept
    ]


def _why(one: Left) -> str:
    reason = without_command(one.reason)
    way = "; Undelete, on its page, makes a new one" if reason == DELETED else ""
    return reason + way


def reverted(done: Reverted) -> str:
    """What is said once it is done."""
    parts = [f"{plural(len(done.fields), 'record')} will be as before with the next push"]
    if done.deleted:
        parts.append(f"{plural(len(done.deleted), 'record')} it created will be deleted with it")
    if done.discarded:
        verb = "was" if len(done.discarded) == 1 else "were"
        parts.append(
            f"{plural(len(done.discarded), 'row')} that {verb} never created {verb} deleted"
        )
    parts = parts if done.fields or len(parts) == 1 else parts[1:]
    left = f" Not reverted: {plural(len(done.left), 'thing')}." if done.left else ""
    return f"Push {done.batch}: {', and '.join(parts)}.{left}"


def undelete(planned: Undelete, titles: Titles) -> Preview:
    key = (planned.resource, planned.record_id)
    then = (
        "Its delete was not sent yet: it is discarded, and the row is there again."
        if planned.how == How.TAKE_BACK
        else "A new row is made of what it held; the next push creates it, with a new id."
    )
    left = [f"Not brought back: {one.field}" for one in planned.left]
    title, seen = f"Undelete {words(key[0])} #{key[1]}?", seen_of([*key, planned.how])
    named = [named_link(*key, titles.get(key, ""))]
    return Preview(title, [then, *left], undeleted_back(planned), "Undelete", seen, named)


def undeleted_back(planned: Undelete) -> str:
    if planned.how == How.TAKE_BACK:
        return undo.by_sql([(planned.resource, planned.record_id)])
    return undo.create(planned.resource)
