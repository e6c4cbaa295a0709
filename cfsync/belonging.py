"""Which workspace a record belongs to: the rules by which what ClickFunnels shows is taken. Pure.

A list proves where its records are, unless one names another parent itself: that one is left, and
the list of its own parent brings it. A record that is read by its id proves nothing by that: its
workspace is the one that it names, or its parent's, or the one that its row has already. It is
taken only if that workspace is mirrored.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from enum import StrEnum

from cfsync.records import Listing, Record
from cfsync.resources import Resource


class Membership(StrEnum):
    """Whether a record belongs in the mirror, as far as is known."""

    OURS = "ours"
    FOREIGN = "foreign"
    UNKNOWN = "unknown"


def is_stray(resource: Resource, record: Record, listing: Listing) -> bool:
    """Whether a record that a list shows names another parent, or another workspace."""
    if resource.scope:
        return False
    named = {resource.parent_field: listing.parent_id, "workspace_id": listing.workspace_id}
    return any(
        at is not None and record.values.get(str(name), at) not in (None, at)
        for name, at in named.items()
    )


def in_workspace(record: Record, workspace: int | None) -> Record:
    """The record in the workspace, where it names none itself."""
    if workspace is None or record.values.get("workspace_id") is not None:
        return record
    return replace(record, values={**record.values, "workspace_id": workspace})


def membership_of(resource: Resource, record: Record, ours: Collection[int]) -> Membership:
    """Whether a record belongs in the mirror; `ours`: the mirrored workspaces."""
    if resource.scope or not resource.in_workspace:  # the scope is known before it is chosen from
        return Membership.OURS
    workspace = record.values.get("workspace_id")
    if workspace is None:  # no workspace's list has shown it; its parent may be new
        return Membership.UNKNOWN if resource.nested else Membership.FOREIGN
    return Membership.OURS if workspace in ours else Membership.FOREIGN
