"""The three-way merge: one decision for each field, the same in both directions. Pure.

A field has three versions: `base` (as last read from ClickFunnels), `local` (the mirror's row) and
`remote` (just read, or the answer to a write). `merge` decides about the fields with an open edit;
any other takes the remote value, unless `find_drift` finds that it was changed without an edit. "="
is `values.equal`.

| remote     | local    | then                                                              |
| ---------- | -------- | ----------------------------------------------------------------- |
| = sent     |          | our own call whose answer was lost: remote becomes the base       |
| = local    |          | nothing to send                                                   |
| = base     | = base   | nothing to send: the edit was taken back                          |
| = base     | changed  | the local value stays and is sent                                 |
| changed    | = base   | the remote value is taken: the edit was taken back                |
| changed    | changed  | conflict: the policy decides who wins, the losing value is kept   |

A parked edit (ClickFunnels refused it) always loses a conflict. Sets (`tag_ids`) and maps
(`custom_attributes`, key by key) take in the changes of both sides; a set can't conflict. The first
line holds for each member and each key: a call whose answer was lost may have had an effect on some
of them. Where the base is not known (a new record), a remote null is no change and any other remote
value is one.
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Literal

from cfsync.records import ABSENT
from cfsync.resources.model import Field, Resource, holds
from cfsync.values import equal, normal_map

_Versions = tuple[Any, Any, Any]
"""A field's base, local and remote value; ABSENT where the base or the answer lacks the field."""

Policy = Literal["clickfunnels", "local", "newest", "hold"]
OnDrift = Literal["ask", "clickfunnels", "local"]
"""What becomes of drift: a person decides, ClickFunnels' value is taken, or an edit is made."""


class Winner(StrEnum):
    """The side whose value stands after a conflict."""

    CLICKFUNNELS = "clickfunnels"
    LOCAL = "local"
    HOLD = "hold"
    """None: the mirror keeps its value and doesn't send it until a person has decided."""


@dataclass(frozen=True, slots=True)
class FieldEdit:
    """The open edit of one field of a row."""

    #: The time of the last edit, by the database's clock.
    at: str
    #: The value that a call of unknown outcome sent; ABSENT without such a call.
    sent: Any = ABSENT
    #: ClickFunnels has refused it.
    parked: bool = False
    #: What isn't sent because its conflict waits for a person: the field, or `field.key` of a map.
    held: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class FieldConflict:
    """Both sides changed `field` (of a map: `field.key`) from `base`, to different values. It
    becomes a row of `cf_conflicts`.
    """

    field: str
    base: Any
    local: Any
    remote: Any
    winner: Winner


@dataclass(frozen=True, slots=True)
class Decision:
    """`value` belongs in the row; `send` is what ClickFunnels must get, ABSENT for nothing."""

    value: Any
    send: Any = ABSENT
    conflicts: tuple[FieldConflict, ...] = ()


@dataclass(frozen=True, slots=True)
class Merged:
    """`row`: the values that the mirror's row should have. `send`: what ClickFunnels must get."""

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
    """The merged record. `remote` has a value for each field that the answer showed."""
    row: dict[str, Any] = dict(remote)
    send: dict[str, Any] = {}
    conflicts: list[FieldConflict] = []
    for name, edit in edits.items():
        decided = _decide(
            resource.by_name[name],
            (base.get(name, ABSENT), local.get(name), remote.get(name, ABSENT)),
            edit,
            _winner(policy, edit, remote.get("updated_at")),
        )
        row[name] = decided.value
        if decided.send is not ABSENT:
            send[name] = decided.send
        conflicts += decided.conflicts
    return Merged(row, send, tuple(conflicts))


@dataclass(frozen=True, slots=True)
class Drift:
    """Fields of a row that were changed without an edit."""

    #: Of those that can be sent, the value that the row should keep: what ClickFunnels has changed
    #: in a set or a map is taken in.
    row: Mapping[str, Any]
    #: `hold`: it can be sent, if a person says so; `clickfunnels`: it can't.
    conflicts: tuple[FieldConflict, ...]


def find_drift(
    resource: Resource,
    *,
    base: Mapping[str, Any],
    local: Mapping[str, Any],
    remote: Mapping[str, Any],
    edited: Container[str],
) -> Drift:
    """The fields, but for the `edited` ones, in which a row differs from base and from remote.
    Copies of other records and fields that one of the versions lacks say nothing.
    """
    row: dict[str, Any] = {}
    conflicts: list[FieldConflict] = []
    for name, was in base.items():
        f = resource.by_name.get(name)
        if f is None or f.merge == "quote" or name in edited or name not in remote:
            continue
        decided = _drift_of(f, (was, local.get(name), remote[name]))
        if decided.conflicts and _is_sendable(f, base):
            row[name] = decided.value
            conflicts += decided.conflicts
        else:
            conflicts += [replace(c, winner=Winner.CLICKFUNNELS) for c in decided.conflicts]
    return Drift(row, tuple(conflicts))


def _is_sendable(f: Field, base: Mapping[str, Any]) -> bool:
    """Whether a change of the field can be sent, of a record with these values."""
    if f.update_if:
        return holds(f.update_if, base)
    return f.update or bool(f.actions) or f.via is not None


def _drift_of(f: Field, versions: _Versions) -> Decision:
    base, local, remote = versions
    if equal(f, local, base) or equal(f, local, remote):
        return Decision(remote)
    if f.merge == "map" and isinstance(local, dict):
        return _drift_of_map(f, versions)
    if f.merge == "set" and isinstance(local, list) and all(type(v) is int for v in local):
        local = _merge_set(f, versions).value
        if equal(f, local, remote):
            return Decision(remote)
    return Decision(local, conflicts=(FieldConflict(f.name, base, local, remote, Winner.HOLD),))


def _drift_of_map(f: Field, versions: _Versions) -> Decision:
    base, local, remote = versions
    before, theirs, ours = _normal_maps(base, remote, local)
    row, conflicts = dict(theirs), []
    for key in sorted(ours.keys() | before.keys()):
        was, here, there = (m.get(key, "") for m in (before, ours, theirs))
        if here not in (was, there):
            row[key] = here
            conflicts.append(FieldConflict(f"{f.name}.{key}", was, here, there, Winner.HOLD))
    return Decision(row, conflicts=tuple(conflicts))


def _winner(policy: Policy, edit: FieldEdit, updated_at: str | None) -> Winner:
    if edit.parked:
        return Winner.CLICKFUNNELS
    if policy == "newest":
        is_newer = updated_at is not None and edit.at > updated_at
        return Winner.LOCAL if is_newer else Winner.CLICKFUNNELS
    return Winner(policy)


def _decide(f: Field, versions: _Versions, edit: FieldEdit, winner: Winner) -> Decision:
    _, local, remote = versions
    if remote is ABSENT:  # a field that ClickFunnels takes and never shows
        return Decision(local, send=ABSENT if local is None else local)
    if edit.sent is not ABSENT:
        versions = _base_after_send(f, versions, edit.sent), local, remote
    match f.merge:
        case "set":
            return _merge_set(f, versions)
        case "map":
            return _merge_map(f, versions, winner, edit.held)
        case _:
            return _merge_value(f, versions, winner, edit.held)


def _base_after_send(f: Field, versions: _Versions, sent: Any) -> Any:
    """The base, with what the remote shows just as it was sent: our own call made that change."""
    base, _, remote = versions
    match f.merge:
        case "set":
            before, theirs, tried = _set(base), _set(remote), _set(sent)
            return (theirs & tried) | (before & (theirs ^ tried))
        case "map":
            was, there, ours = _normal_maps(base, remote, sent)
            same = [k for k in was | there | ours if ours.get(k, "") == there.get(k, "")]
            return was | {key: there.get(key, "") for key in same}
        case _:
            return remote if equal(f, remote, sent) else base


def _merge_value(f: Field, versions: _Versions, winner: Winner, held: frozenset[str]) -> Decision:
    base, local, remote = versions
    base = None if base is ABSENT and remote is None else base
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


def _merge_set(f: Field, versions: _Versions) -> Decision:
    base, local, remote = versions
    before, ours, theirs = _set(base), _set(local), _set(remote)
    merged = sorted((theirs | (ours - before)) - (before - ours))
    return Decision(merged, send=ABSENT if equal(f, merged, theirs) else merged)


def _set(value: Any) -> set[int]:
    return set() if value is None or value is ABSENT else set(value)


def _merge_map(f: Field, versions: _Versions, winner: Winner, held: frozenset[str]) -> Decision:
    """Decides key by key, in the server's form. A key that was removed locally is sent as ''.

    The API has no way to remove a key: null becomes '' there, so '' and no key are the same.
    """
    base, local, remote = versions
    before, theirs, ours = _normal_maps(base, remote, local)
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


def _normal_maps(base: Any, remote: Any, ours: Any) -> tuple[dict[str, Any], ...]:
    """The versions of a map with their keys in the server's form. A key that ClickFunnels has shown
    is in that form already and stays as it is.
    """
    before = {} if base is ABSENT else base or {}
    shown = {*before, *(remote or {})}
    return tuple(normal_map(version, shown) for version in (before, remote, ours))
