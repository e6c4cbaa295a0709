"""What a record was at some time: its changes, done again or undone. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cfsync.mirror.history.changes import ChangeOp

Row = dict[str, Any]


def redone(row: Row | None, op: str, patch: Mapping[str, Any]) -> Row | None:
    """A row after a change; None: there is none."""
    if op == ChangeOp.DELETE:
        return None
    return {**(row or {}), **{name: pair[1] for name, pair in patch.items()}}


def undone(row: Row | None, op: str, patch: Mapping[str, Any]) -> Row | None:
    """A row before a change; None: there was none."""
    if op == ChangeOp.INSERT:
        return None
    return {**(row or {}), **{name: pair[0] for name, pair in patch.items()}}
