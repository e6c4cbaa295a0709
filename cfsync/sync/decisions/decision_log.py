"""Log lines of what a person decides: one for each edit or record, with who it was.

| event              | a person                                                              |
| ------------------ | --------------------------------------------------------------------- |
| edit.approved      | has let a held edit go                                                |
| edit.retried       | has made a parked edit pending again                                  |
| edit.discarded     | has dropped an edit                                                   |
| edit.adopted       | has said which record an inserted row is                              |
| conflict.resolved  | has chosen a side                                                     |
| deletion.approved  | has let a record that is missing in ClickFunnels leave the mirror     |
| deletion.rejected  | has kept its row                                                      |
| record.reverted    | has taken back what a push sent                                       |
| record.undeleted   | has brought back a deleted record                                     |
| record.redacted    | has had somebody's data deleted                                       |
| record.acted       | has had ClickFunnels do something with it: cancel, refund, publish    |
| resource.paused    | has stopped its passes                                                |
| resource.resumed   | has let them run again                                                |

They name fields and sides, never values. An edit is named in `seqs`, as in `push.edit_log`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Literal

import structlog

from cfsync.mirror.bookkeeping.conflicts import Conflict
from cfsync.mirror.bookkeeping.outbox import Edit
from cfsync.mirror.bookkeeping.tombstones import Tombstone
from cfsync.mirror.coordination.pauses import EVERYTHING
from cfsync.mirror.history.person import person
from cfsync.mirror.user_decisions.undelete import How, Undelete

log = structlog.get_logger()


def edits(what: Literal["approved", "retried", "discarded"], found: Iterable[Edit]) -> None:
    by = person()
    for edit in found:
        named = {"resource": edit.resource, "id": edit.record_id, "seqs": [edit.seq]}
        log.info(f"edit.{what}", **named, fields=edit.fields, by=by)


def adopted(resource: str, row_id: int, seqs: Collection[int], record_id: int) -> None:
    named = {"resource": resource, "id": row_id, "seqs": list(seqs)}
    log.info("edit.adopted", **named, record_id=record_id, by=person())


def resolved(conflict: Conflict, seqs: Collection[int], choice: str) -> None:
    """`seqs`: the edits that the conflict was about, and those that resolving it has made."""
    named = {"resource": conflict.resource, "id": conflict.record_id, "seqs": list(seqs)}
    told = {
        "conflict": conflict.id,
        "field": conflict.field or str(conflict.kind),
        "choice": choice,
    }
    log.info("conflict.resolved", **named, **told, by=person())


def deletions(what: Literal["approved", "rejected"], found: Iterable[Tombstone]) -> None:
    by = person()
    for stone in found:
        log.info(f"deletion.{what}", resource=stone.resource, id=stone.record_id, by=by)


def reverted(batch: int, fields: Iterable[tuple[str, int, list[str]]]) -> None:
    for resource, record_id, names in fields:
        named = {"resource": resource, "id": record_id, "fields": names}
        log.info("record.reverted", **named, batch=batch, by=person())


def undeleted(done: Iterable[Undelete]) -> None:
    """`new_id`: the id of the new row; None: the old one is there again."""
    for one in done:
        if one.how != How.REFUSE:
            named = {"resource": one.resource, "id": one.record_id, "new_id": one.new_id}
            log.info("record.undeleted", **named, by=person())


def acted(resource: str, record_id: int, action: str) -> None:
    log.info("record.acted", resource=resource, id=record_id, action=action, by=person())


def redacted(resource: str, record_id: int) -> None:
    log.info("record.redacted", resource=resource, id=record_id, by=person())


def paused(what: Literal["paused", "resumed"], names: Collection[str]) -> None:
    """A line for each; one that says `everything`, where no name is given."""
    for name in names or [EVERYTHING]:
        log.info(f"resource.{what}", resource=name, by=person())
