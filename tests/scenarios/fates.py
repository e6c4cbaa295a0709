"""What became of each edit. Pure: the book against a snapshot.

| fate       | an edit by SQL                            | an edit in ClickFunnels             |
| ---------- | ----------------------------------------- | ----------------------------------- |
| arrived    | ClickFunnels has, or had, the value       | the mirror has it                   |
| superseded | who wrote next in the mirror had seen it  | who wrote next had seen it          |
| kept       | it stands in cf_conflicts                 | the same                            |
| waiting    | in the outbox, parked or held             | behind such an edit                 |
| gone       | the record was deleted, here or there     | who deleted the record had seen it  |
| discarded  | a person has dropped it                   |                                     |
| unseen     |                                           | in the moment between the look of a |
|            |                                           | push at the record and its write    |
| lost       | none of these                             | none of these                       |
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal

from cfsync.records import is_provisional
from cfsync.resources import RESOURCES
from cfsync.values import snake_case
from tests.scenarios.book import Book, Made, part
from tests.scenarios.snapshot import Snapshot, Values
from tests.scenarios.steps import Side

Fate = Literal["arrived", "superseded", "kept", "waiting", "gone", "discarded", "unseen", "lost"]
Place = tuple[str, int, str]
"""(table, id, field)."""


@dataclass(frozen=True)
class Trial:
    """Looks up what the fates are told from."""

    now: Snapshot
    book: Book

    @cached_property
    def made(self) -> list[Made]:
        """All edits, under the ids and names that records and attributes have in ClickFunnels."""
        return [
            replace(m, record=self.now.final(m.table, m.record), field=_named(m.field))
            for m in self.book.made
        ]

    @cached_property
    def at(self) -> Mapping[Place, list[Made]]:
        """The edits of each field, in order."""
        found: dict[Place, list[Made]] = {}
        for made in self.made:
            found.setdefault((made.table, made.record, made.field), []).append(made)
        return found

    @cached_property
    def written(self) -> set[tuple[str, int, str, Any]]:
        """(table, id, field, value) of all that came to ClickFunnels over the API."""
        return {
            (e.resource, e.id, name, value)
            for e in self.now.entries
            if e.by == "api"
            for name, value in _parts(e.fields)
        }

    @cached_property
    def kept(self) -> set[tuple[str, int, str, str, str]]:
        """(table, id, field, leg, value as JSON) of the conflicts."""
        return {
            (c["resource"], self.now.final(c["resource"], c["record_id"]), name, leg, _text(value))
            for c in self.now.conflicts
            for leg in ("local", "remote")
            for name, value in [(c["field"], c[leg]), *_keys(c["field"], c[leg])]
        }

    def was_seen(self, made: Made, side: Side) -> bool:
        """Whether whoever wrote on a side had this value before him."""
        place = (made.table, made.record, made.field)
        return any(
            m.old == made.new for m in self.at[place] if m.side == side and m.number > made.number
        )

    def was_pushed_over(self, made: Made) -> bool:
        """Whether the push that was under way when a person made this edit wrote the field."""
        if made.push is None:
            return False
        began, ended = self.book.pushes[made.push]
        return any(
            e.by == "api"
            and (e.resource, e.id) == (made.table, made.record)
            and made.field in dict(_parts(e.fields))
            for e in self.now.entries[began:ended]
        )

    def deletes(self, made: Made, side: Side) -> bool:
        """Whether somebody has deleted the record."""
        whole = self.at.get((made.table, made.record, ""), [])
        return any(m.verb == "delete" and m.side == side for m in whole)

    def is_there(self, made: Made) -> bool:
        return made.record in self.now.there[made.table]

    def was_discarded(self, made: Made) -> bool:
        """Whether a person has dropped this edit, or the insert of its record."""
        name = made.field.partition(".")[0].partition(":")[0]
        return made.side == "here" and any(
            r["seq"] in self.book.discarded
            and r["resource"] == made.table
            and self.now.final(made.table, r["record_id"]) == made.record
            and (r["op"] == (made.verb if not name else "insert") or name in r["patch"])
            for r in self.now.discarded
        )

    def waits(self, made: Made) -> bool:
        """Whether an edit of the field, or of all of the record, is still open."""
        name = made.field.partition(".")[0].partition(":")[0]
        rows = self.now.open_of(made.table, made.record)
        return any(not name or name in r["patch"] or r["op"] != "update" for r in rows)


def _named(name: str) -> str:
    """A field, or a key of a map as ClickFunnels writes it."""
    of, dot, key = name.partition(".")
    return f"{of}{dot}{snake_case(key)}" if key else name


def _parts(fields: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in fields.items():
        if isinstance(value, dict):
            yield from ((f"{name}.{snake_case(key)}", inner) for key, inner in value.items())
        elif not isinstance(value, list):
            yield name, value


def _keys(name: str, value: Any) -> list[tuple[str, Any]]:
    """A map that is kept whole, key by key."""
    return list(_parts({name: value})) if isinstance(value, dict) else []


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


def fates(now: Snapshot, book: Book) -> list[tuple[Made, Fate]]:
    """Each edit, with the names and ids that it had in the end, and what became of it."""
    trial = Trial(now, book)
    return [(made, _told(trial, made)) for made in trial.made]


def _told(trial: Trial, made: Made) -> Fate:
    fate = _fate(trial, made)
    return "discarded" if fate == "lost" and trial.was_discarded(made) else fate


def _fate(trial: Trial, made: Made) -> Fate:
    if made.verb == "toggle":
        return _of_toggle(trial, made)
    if not made.field:
        return _of_delete(trial, made) if made.verb == "delete" else _of_insert(trial, made)
    return _by_sql(trial, made) if made.side == "here" else _by_person(trial, made)


def _by_sql(trial: Trial, made: Made) -> Fate:
    place = (made.table, made.record, made.field)
    shown = trial.now.there[made.table].get(made.record)
    if (*place, made.new) in trial.written or (shown and part(shown, made.field) == made.new):
        return "arrived"
    if trial.was_seen(made, "here"):
        return "superseded"
    if (*place, "local", _text(made.new)) in trial.kept:
        return "kept"
    if trial.deletes(made, "here"):
        return "gone"
    return "waiting" if trial.waits(made) else "lost"


def _by_person(trial: Trial, made: Made) -> Fate:
    place = (made.table, made.record, made.field)
    if trial.was_seen(made, "there"):
        return "superseded"
    if not trial.is_there(made):
        return _with_its_record(trial, made)
    if part(trial.now.there[made.table][made.record], made.field) == made.new:
        row = trial.now.rows[made.table].get(made.record)
        if row and part(row, made.field) == made.new:
            return "arrived"
        return "waiting" if trial.waits(made) else "lost"
    if trial.was_seen(made, "here"):
        return "superseded"
    if (*place, "remote", _text(made.new)) in trial.kept:
        return "kept"
    return "unseen" if trial.was_pushed_over(made) else "lost"


def _with_its_record(trial: Trial, made: Made) -> Fate:
    """A record that is gone takes what was written there with it, if who deleted it knew that."""
    if trial.deletes(made, "there"):
        return "gone"
    if not trial.deletes(made, "here"):  # then what it hangs below must be gone
        return "gone" if RESOURCES[made.table].nested else "lost"
    stone: Values = trial.now.tombstones.get((made.table, made.record), {})
    seen = part(json.loads(stone["body"]), made.field) if stone.get("body") else None
    if seen == made.new or trial.was_seen(made, "here"):
        return "gone"
    kept = (made.table, made.record, made.field, "remote", _text(made.new)) in trial.kept
    return "kept" if kept else "lost"


def _of_insert(trial: Trial, made: Made) -> Fate:
    if trial.is_there(made) if made.side == "here" else made.record in trial.now.rows[made.table]:
        return "arrived"
    if (
        trial.deletes(made, "here")
        or trial.deletes(made, "there")
        or not is_provisional(made.record)
    ):
        return "gone" if not (made.side == "there" and trial.is_there(made)) else "waiting"
    return "waiting" if trial.waits(made) else "lost"


def _of_delete(trial: Trial, made: Made) -> Fate:
    if made.side == "there":
        here = made.record in trial.now.rows[made.table]
        waits = trial.waits(made) or trial.now.is_unprovable(made.table, made.record)
        return ("waiting" if waits else "lost") if here else "arrived"
    if is_provisional(made.record) or not trial.is_there(made):
        return "arrived"
    return "waiting" if trial.waits(made) else "lost"


def _of_toggle(trial: Trial, made: Made) -> Fate:
    """A value that others have too: only the last edit, that nobody on the other side has touched,
    is sure to stand.
    """
    others = trial.at[made.table, made.record, made.field]
    if _stands(trial.now, made):
        return "arrived"
    if any(m.number > made.number or m.side != made.side for m in others):
        return "superseded"
    if not trial.is_there(made) or not _member_is_there(trial.now, made):
        return "gone"
    return "waiting" if trial.waits(made) else "lost"


def _stands(now: Snapshot, made: Made) -> bool:
    shown = now.there[made.table].get(made.record)
    name, _, member = made.field.partition(":")
    if shown is None:
        return False
    if member:
        return (_member(now, made) in (shown[name] or ())) == made.new
    return bool(shown[name] == made.new)


def _member(now: Snapshot, made: Made) -> int:
    name, _, member = made.field.partition(":")
    return now.final(RESOURCES[made.table].by_name[name].ref or "", int(member))


def _member_is_there(now: Snapshot, made: Made) -> bool:
    name, _, member = made.field.partition(":")
    ref = RESOURCES[made.table].by_name[name].ref
    return not member or _member(now, made) in now.there[ref or ""]


def counted(found: list[tuple[Made, Fate]]) -> Counter[str]:
    """'here arrived' -> so many."""
    return Counter(f"{made.side} {fate}" for made, fate in found)
