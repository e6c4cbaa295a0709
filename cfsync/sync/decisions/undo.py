"""What a push did to each record, and a field's value without that. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from cfsync.mirror.bookkeeping.outbox import Edit, Sent
from cfsync.mirror.user_decisions.replay import replay
from cfsync.resources import Field
from cfsync.resources.model import action_key
from cfsync.values import equal, normal_map

CHANGED = "changed since"
"""How the reason ends of a field that doesn't hold what the push has written."""


def group_by_record(edits: Iterable[Edit]) -> list[list[Edit]]:
    """The edits of each record, in order."""
    found: dict[tuple[str, int], list[Edit]] = {}
    for one in edits:
        found.setdefault((one.resource, one.record_id), []).append(one)
    return list(found.values())


def fold_batch(edits: Iterable[Edit]) -> Sent:
    """What a batch did to a record: field -> (value before the batch, last value sent)."""
    found: dict[str, tuple[Any, Any]] = {}
    for one in edits:
        for name, (before, sent) in (one.sent or {}).items():
            found[name] = (found[name][0] if name in found else before, sent)
    return found


def undo(one: Field, now: Any, before: Any, sent: Any) -> tuple[Any, dict[str, str]]:
    """The value `now` without the change from `before` to `sent`, and what can't be undone.

    The second part maps a field, or `field.key` for a map, to the reason. Pure.
    """
    if not one.shown:
        return now, {one.name: "ClickFunnels does not show it"}
    if one.actions and action_key(before) not in one.actions:
        return now, {one.name: f"{action_key(sent)} can't be undone"}
    if one.merge == "map":
        return _undo_map(one, now, before, sent)
    if one.merge == "set":
        back = replay(one, now, [(sent, before)])
        partly = set(back) ^ set(now or ()) != set(sent or ()) ^ set(before or ())
        return back, {one.name: f"members {CHANGED}"} if partly else {}
    return (before, {}) if equal(one, now, sent) else (now, {one.name: CHANGED})


def _undo_map(one: Field, now: Any, before: Any, sent: Any) -> tuple[Any, dict[str, str]]:
    shown = {*(before or {}), *(sent or {}), *(now or {})}
    here, was, ours = (normal_map(leg, shown) for leg in (now, before, sent))
    changed = [k for k in was | ours if was.get(k, "") != ours.get(k, "")]
    holds = {k for k in changed if here.get(k, "") == ours.get(k, "")}
    back = here | {k: was.get(k, "") for k in holds}
    return back, {f"{one.name}.{k}": CHANGED for k in changed if k not in holds}
