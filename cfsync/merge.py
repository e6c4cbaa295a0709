"""The three-way merge: one decision for each field, the same in both directions. Pure.

Three legs: `base` (as last read from ClickFunnels), `local` (the mirror's row), `remote` (just
read, or the answer to a write). Only a field with an open edit is decided; any other takes the
remote value. "=" is `values.equal`.

| remote     | local    | then                                                              |
| ---------- | -------- | ----------------------------------------------------------------- |
| = sent     |          | our own call, outcome unknown till now: remote becomes the base   |
| = local    |          | SAME: nothing to send                                             |
| = base     | = base   | SAME: the edit was taken back                                     |
| = base     | changed  | KEEP: local stands and is sent                                    |
| changed    | = base   | TAKE: the edit was taken back, remote stands                      |
| changed    | changed  | conflict; the policy names the winner, the loser is kept          |

A parked edit (ClickFunnels refused it) always loses a conflict. Sets (`tag_ids`) and maps
(`custom_attributes`, key by key) take in the changes of both sides; a set can't conflict. The first
line holds for them member by member and key by key: a call that was lost may have done a part.
Where base is not known (a new record) a remote null is no change, anything else is one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal

from cfsync.records import ABSENT
from cfsync.resources.model import Field, Resource
from cfsync.values import equal, normal_map

Policy = Literal["clickfunnels", "local", "newest", "hold"]


class Winner(StrEnum):
    """The side whose value stands after a conflict."""

    CLICKFUNNELS = "clickfunnels"
    LOCAL = "local"
    HOLD = "hold"
    """None: the mirror keeps its value and doesn't send it until a person has decided."""


@dataclass(frozen=True, slots=True)
class FieldEdit:
    """What is open on one field of a row: the time of its last edit by the database's clock, the
    value that a call of unknown outcome sent, whether ClickFunnels has refused it, and the names
    (`field`, or `field.key` of a map) whose conflict waits for a human and so aren't sent.
    """

    at: str
    sent: Any = ABSENT
    parked: bool = False
    held: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class FieldConflict:
    """Both sides changed `field` (for a map: `field.key`) from `base`, to different values; what a
    merge finds, before it is a row of `cf_conflicts`.
    """

    field: str
    base: Any
    local: Any
    remote: Any
    winner: Winner


@dataclass(frozen=True, slots=True)
class Decision:
    """`value` belongs in the row; `send` is what ClickFunnels lacks of it, ABSENT for nothing."""

    value: Any
    send: Any = ABSENT
    conflicts: tuple[FieldConflict, ...] = ()


@dataclass(frozen=True, slots=True)
class Merged:
    """`row`: the values that the mirror's row should hold. `send`: what ClickFunnels lacks."""

    row: Mapping[str, Any]
    send: Mapping[str, Any] = field(default_factory=dict)
    conflicts: tuple[FieldConflict, ...] = ()


def merge(
    resource: Resource,
    *,
    base: Mapping[str, Any],
    local: Mapping[str, Any],
    remote: Mapping[str, Any],
    edits: Mapping[str, FieldEdit],
    policy: Policy,
) -> Merged:
    """Merge one record. `remote` has a value for each field that the answer showed."""
    row: dict[str, Any] = dict(remote)
    send: dict[str, Any] = {}
    conflicts: list[FieldConflict] = []
    for name, edit in edits.items():
        decided = _decide(
            resource.by_name[name],
            base.get(name, ABSENT),
            local.get(name),
            remote.get(name, ABSENT),
            edit,
            _winner(policy, edit, remote.get("updated_at")),
        )
        row[name] = decided.value
        if decided.send is not ABSENT:
            send[name] = decided.send
        conflicts += decided.conflicts
    return Merged(row, send, tuple(conflicts))


def _winner(policy: Policy, edit: FieldEdit, updated_at: str | None) -> Winner:
    if edit.parked:
        return Winner.CLICKFUNNELS
    if policy == "newest":
        is_newer = updated_at is not None and edit.at > updated_at
        return Winner.LOCAL if is_newer else Winner.CLICKFUNNELS
    return Winner(policy)


def _decide(
    f: Field, base: Any, local: Any, remote: Any, edit: FieldEdit, winner: Winner
) -> Decision:
    if remote is ABSENT:  # a field that ClickFunnels takes and never shows
        return Decision(local, send=ABSENT if local is None else local)
    if edit.sent is not ABSENT:
        base = _echoed(f, base, remote, edit.sent)
    match f.merge:
        case "set":
            return _merge_set(f, base, local, remote)
        case "map":
            return _merge_map(f, base, local, remote, winner, edit.held)
        case _:
            base = None if base is ABSENT and remote is None else base
            return _merge_value(f, base, local, remote, winner, edit.held)


def _echoed(f: Field, base: Any, remote: Any, sent: Any) -> Any:
    """The base, but for what the remote shows as it was sent: that is our own doing."""
    match f.merge:
        case "set":
            before, theirs, tried = _set(base), _set(remote), _set(sent)
            return (theirs & tried) | (before & (theirs ^ tried))
        case "map":
            was, there, ours = _maps(base, remote, sent)
            echoes = [k for k in was | there | ours if ours.get(k, "") == there.get(k, "")]
            return was | {key: there.get(key, "") for key in echoes}
        case _:
            return remote if equal(f, remote, sent) else base


def _merge_value(
    f: Field, base: Any, local: Any, remote: Any, winner: Winner, held: frozenset[str]
) -> Decision:
    if equal(f, local, remote):
        return Decision(remote)
    if equal(f, remote, base):
        return Decision(local, send=ABSENT if f.name in held else local)
    if equal(f, local, base):
        return Decision(remote)
    conflict = FieldConflict(f.name, None if base is ABSENT else base, local, remote, winner)
    match winner:
        case Winner.CLICKFUNNELS:
            return Decision(remote, conflicts=(conflict,))
        case Winner.LOCAL:
            send = ABSENT if f.name in held else local
            return Decision(local, send, conflicts=(conflict,))
        case Winner.HOLD:
            return Decision(local, conflicts=(conflict,))


def _merge_set(f: Field, base: Any, local: Any, remote: Any) -> Decision:
    before, ours, theirs = _set(base), _set(local), _set(remote)
    merged = sorted((theirs | (ours - before)) - (before - ours))
    return Decision(merged, send=ABSENT if equal(f, merged, theirs) else merged)


def _set(value: Any) -> set[int]:
    return set() if value is None or value is ABSENT else set(value)


def _merge_map(
    f: Field, base: Any, local: Any, remote: Any, winner: Winner, held: frozenset[str]
) -> Decision:
    """Key by key, in the server's form. A key that was taken away locally is sent as ''.

    The API has no way to remove a key: null becomes '' there, so '' and absent are one.
    """
    before, theirs, ours = _maps(base, remote, local)
    row, send, conflicts = dict(theirs), dict(theirs), []
    for key in sorted(ours.keys() | before.keys()):
        name = f"{f.name}.{key}"
        was, here, there = (m.get(key, "") for m in (before, ours, theirs))
        if here in (was, there):
            continue
        if there != was:
            conflicts.append(FieldConflict(name, was, here, there, winner))
        if there != was and winner == Winner.CLICKFUNNELS:
            continue
        row[key] = here
        if name not in held and not (there != was and winner == Winner.HOLD):
            send[key] = here
    return Decision(row, ABSENT if send == theirs else send, tuple(conflicts))


def _maps(base: Any, remote: Any, ours: Any) -> tuple[dict[str, Any], ...]:
    """The legs of a map. A name that ClickFunnels has shown is never respelled: it isn't ours."""
    before = {} if base is ABSENT else base or {}
    shown = {*before, *(remote or {})}
    return tuple(normal_map(leg, shown) for leg in (before, remote, ours))
