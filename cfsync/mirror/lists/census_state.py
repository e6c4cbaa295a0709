"""What is known of the census of each workspace, kept in `cf_meta`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from cfsync.mirror.db.engine import Tx
from cfsync.mirror.progress import meta


class Standing(StrEnum):
    """Whether the census of a workspace is used.

    none -> unproved: it was enabled
    unproved -> trusted: it has shown what a walk has shown
    unproved, trusted -> off: a record or a walk has contradicted it, or it has another form
    trusted -> unproved: it differs in very many records: only a walk can tell
    off, disabled -> unproved: a person has enabled it again
    any -> disabled: a person has disabled it
    """

    UNPROVED = "unproved"
    TRUSTED = "trusted"
    OFF = "off"
    DISABLED = "disabled"


@dataclass(frozen=True, slots=True)
class CensusState:
    """The census of one workspace. Times are canonical text by the mirror's clock."""

    standing: Standing
    #: The saved filter; None: it is to be found or made.
    filter_id: int | None = None
    #: How ClickFunnels shows the filter: whoever changes it makes it show something else.
    shown: Mapping[str, Any] | None = None
    #: Why it is off, or why the last sweep walked instead; '' where neither is so.
    reason: str = ""
    #: When a walk last confirmed it.
    checked_at: str | None = None
    #: When it was last read, or that was tried.
    read_at: str | None = None
    #: When the last read began that all its differences were settled of: it swept the list.
    swept_at: str | None = None
    #: How many records it named when it was last used.
    records: int = 0


def load(tx: Tx, workspace: int) -> CensusState | None:
    """The state of a workspace; None where no census was ever enabled."""
    text = meta.get(tx.conn, f"{meta.CENSUS}{workspace}")
    return None if text is None else _state(text)


def load_all(tx: Tx) -> dict[int, CensusState]:
    """The states of all workspaces that have one."""
    found = meta.with_prefix(tx.conn, meta.CENSUS)
    return {int(workspace): _state(text) for workspace, text in found.items()}


def save(tx: Tx, workspace: int, state: CensusState) -> None:
    """Set the state of a workspace."""
    meta.put(tx.conn, f"{meta.CENSUS}{workspace}", json.dumps(asdict(state)))


def _state(text: str) -> CensusState:
    values = json.loads(text)
    return CensusState(**values | {"standing": Standing(values["standing"])})
