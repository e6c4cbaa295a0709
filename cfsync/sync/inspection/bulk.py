"""Where edits that could go in bulk go one by one for a day, and why."""

from __future__ import annotations

from cfsync.mirror.db.engine import Tx
from cfsync.mirror.outgoing import bulk_journal
from cfsync.resources import RESOURCES
from cfsync.sync.inspection.probes import Check
from cfsync.sync.push.bulk.sets import bulk_field


def checks(tx: Tx) -> list[Check]:
    """What `doctor` says of it; nothing where bulk actions are used, or nobody has needed one."""
    return [
        Check(
            "bulk",
            "note",
            f"edits of {field.name} of {resource.name} in workspace {workspace} go one by one until"
            f" {off.until}, since bulk actions are off: {off.why}",
        )
        for resource in RESOURCES.values()
        if (field := bulk_field(resource))
        for workspace, off in bulk_journal.turned_off(tx, resource).items()
    ]
