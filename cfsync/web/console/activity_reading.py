"""What the activity shows: each section from its newest on, or from where it is asked for.

A page begins behind a number, or for decisions, which have none, behind so many of a time.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from contextlib import suppress
from itertools import groupby

from cfsync.config import Settings
from cfsync.mirror.db.engine import Tx
from cfsync.mirror.history import starts
from cfsync.mirror.reports import browse, decisions, history, waiting
from cfsync.mirror.reports.decisions import Decision
from cfsync.mirror.user_decisions import batches
from cfsync.sync.inspection.waits import why_unsent
from cfsync.values import Unholdable, decode
from cfsync.web.console.forms import number
from cfsync.web.console.html.activity import ALIKE, LINES, READ, TITLES, Activity, fills, folded

PASSES_OF_A_KIND = 60
"""Passes that are shown, where one kind of them was asked for."""

PASSES = 20
"""Passes that are shown otherwise."""

PUSHES = 10
"""Pushes that are shown."""

EDITS = 10
"""Edits that wait for the next push that are shown."""

DECISIONS = 10
"""Decisions that are shown."""

_BEHIND = re.compile(r"([\dT:.Z-]{10,30})_(\d{1,9})")
"""Behind which decision a page begins: its time, and how many of that time are before."""


def activity(
    tx: Tx, settings: Settings, which: str, side: str, before: Mapping[str, str]
) -> Activity:
    """`before`: section -> behind what it begins. What can't be understood of it is left out."""
    numbers = {name: n for name in before if (n := number(before[name])) is not None}
    older: dict[str, int | str | None] = {}
    failed, count = which == "failed", PASSES_OF_A_KIND if which else PASSES
    passes = browse.last_passes(
        tx, count + 1, "" if failed else which, failed=failed, before=numbers.get("passes")
    )
    older["passes"] = passes[count - 1]["id"] if len(passes) > count else None
    waits, edits = waiting.to_send(tx, EDITS + 1, numbers.get("edits"))
    older["edits"] = edits[EDITS - 1].seq if len(edits) > EDITS else None
    parts = batches.latest(tx, PUSHES + 1, numbers.get("pushes"))
    pushes = [[*group] for _, group in groupby(parts, key=lambda part: part.batch)]
    older["pushes"] = pushes[PUSHES - 1][0].batch if len(pushes) > PUSHES else None
    behind = _behind(before.get("decisions", ""))
    decided, older["decisions"] = _decisions(tx, *behind)
    changes = None
    if not starts.is_off(tx):
        changes = changes_to_show(tx, side, numbers.get("changes", history.LAST))
        older["changes"] = _older_changes(changes)
    is_paged = {*numbers, *(["decisions"] if behind[0] else [])}
    return Activity(
        passes=sorted(passes[:count], key=lambda run: (run["started_at"], run["id"]), reverse=True),
        which=which,
        changes=changes,
        side=side,
        to_send=(waits, edits[:EDITS]),
        pushes=pushes[:PUSHES],
        decisions=decided,
        unsent=_unsent(tx, settings, {edit.resource for edit in edits}),
        before={name: before[name] for name in TITLES if name in is_paged},
        older={name: str(behind) for name, behind in older.items() if behind is not None},
        now=tx.now,
    )


def _unsent(tx: Tx, settings: Settings, resources: Collection[str]) -> dict[str, str]:
    found = {name: why_unsent(tx, settings, name) for name in resources}
    return {name: why.text for name, why in found.items() if why is not None}


def _behind(text: str) -> tuple[str, int]:
    if given := _BEHIND.fullmatch(text):
        with suppress(Unholdable):
            return str(decode("timestamp", given[1])), int(given[2])
    return "", 0


def _decisions(tx: Tx, until: str, skip: int) -> tuple[list[Decision], str | None]:
    """Those of a page, and behind what the next one begins."""
    found = decisions.last(tx, skip + DECISIONS + 1, until=until)[skip:]
    shown = found[:DECISIONS]
    if len(found) <= DECISIONS:
        return shown, None
    at = shown[-1].at
    of_that_time = sum(one.at == at for one in shown) + (skip if at == until else 0)
    return shown, f"{at}_{of_that_time}"


def changes_to_show(tx: Tx, side: str, before: int = history.LAST) -> list[history.Row]:
    """The newest changes; many, with all their values, only where some are shown as one."""
    wanted = history.Wanted(side=side or None, starts=False)
    first = history.last(tx, wanted, LINES + ALIKE, before)
    return first if fills(first) else history.last(tx, wanted, READ, before)


def _older_changes(found: list[history.Row]) -> int | None:
    lines = folded(found)
    has_more = len(lines) > LINES or len(found) >= READ
    return int(lines[:LINES][-1][-1]["seq"]) if has_more else None
