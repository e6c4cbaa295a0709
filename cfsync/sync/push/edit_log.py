"""Log lines of an edit's way to ClickFunnels: one for each step, with the numbers of its outbox
rows, so that a search for one number tells what became of that edit.

| event                 | the edit                                                            |
| --------------------- | ------------------------------------------------------------------- |
| edit.held             | waits for approval, because it is one of a mass                     |
| edit.blocked          | waits for another edit                                              |
| edit.waiting          | waits for another record or for access                              |
| edit.missing          | had no answer, and is not in ClickFunnels: it is sent again         |
| edit.settled          | needs no call: ClickFunnels has its values already                  |
| edit.sending          | is about to be sent                                                 |
| edit.sent             | was sent, and ClickFunnels has answered                             |
| edit.found            | is in ClickFunnels already; an earlier call has created its record  |
| edit.refused          | was refused because of some fields, of the edit or of its record       |
| edit.ignored          | was sent, and ClickFunnels kept the old value of a field            |
| edit.parked           | was refused, and waits for a person                                 |
| edit.deleted_remotely | waits for a person: its record was deleted in ClickFunnels          |
| edit.postponed        | had no effect yet; a later pass sends it again                      |
| edit.unconfirmed      | may have arrived; a later pass reads before it sends                |

The lines name fields and kinds of reasons. Values and the words of the server stand in the outbox
alone, because they may tell about people.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any

import structlog

from cfsync.errors import CfsyncError, Refused
from cfsync.mirror.bookkeeping import reasons
from cfsync.mirror.bookkeeping.outbox import Edit
from cfsync.mirror.outgoing.claims import Claim

log = structlog.get_logger()


def held(edits: Iterable[Edit], reason: str) -> None:
    for edit in edits:
        log.info("edit.held", **_told(edit), reason=reason)


def blocked(edits: Iterable[Edit], reason: str) -> None:
    for edit in edits:
        log.info("edit.blocked", **_told(edit), reason=reason)


def waiting(claim: Claim, reason: str) -> None:
    log.info("edit.waiting", **_names(claim), reason=reason)


def missing(claim: Claim) -> None:
    log.info("edit.missing", **_names(claim))


def settled(claim: Claim) -> None:
    log.info("edit.settled", **_names(claim))


def sending(claim: Claim, fields: Collection[str], batch: int) -> None:
    log.info("edit.sending", **_names(claim), op=claim.op, batch=batch, fields=sorted(fields))


def sent(
    claim: Claim, batch: int, record_id: int | None = None, fields: Collection[str] = ()
) -> None:
    """`record_id`: the id that a new record got. `fields`: those accepted; none: all."""
    created = {} if record_id is None else {"record_id": record_id}
    log.info("edit.sent", **_names_with(claim, fields), batch=batch, **created)


def sent_in_bulk(resource: str, record_id: int, seqs: Sequence[int], batch: int) -> None:
    log.info("edit.sent", resource=resource, id=record_id, seqs=list(seqs), batch=batch)


def found(claim: Claim, record_id: int) -> None:
    log.info("edit.found", **_names(claim), record_id=record_id)


def refused(claim: Claim, batch: int, error: CfsyncError) -> None:
    """A refusal that names fields."""
    named = error.fields if isinstance(error, Refused) else {}
    if fields := sorted(named.keys() & claim.resource.by_name.keys()):
        keys = {**_names_with(claim, fields), "batch": batch, "fields": fields}
        log.warning("edit.refused", **keys, reason=reasons.REFUSED)


def ignored(claim: Claim, field: str) -> None:
    log.warning("edit.ignored", **_names(claim), field=field)


def parked(claim: Claim, words: str, batch: int, fields: Collection[str]) -> None:
    """`words`: the reason as the outbox keeps it, of which only the kind is logged. `fields`: those
    that are parked; none: all.
    """
    told = sorted(fields or {name for edit in claim.edits for name in edit.fields})
    keys = {**_names_with(claim, fields), "batch": batch, "fields": told}
    log.warning("edit.parked", **keys, reason=reasons.kind_of(words))


def deleted_remotely(claim: Claim) -> None:
    log.warning("edit.deleted_remotely", **_names(claim))


def postponed(claim: Claim, error: CfsyncError) -> None:
    log.info("edit.postponed", **_names(claim), reason=type(error).__name__)


def unconfirmed(claim: Claim, batch: int, error: CfsyncError) -> None:
    log.info("edit.unconfirmed", **_names(claim), batch=batch, reason=type(error).__name__)


def _told(edit: Edit) -> dict[str, Any]:
    names = {"resource": edit.resource, "id": edit.record_id, "seqs": [edit.seq]}
    return {**names, "op": edit.op, "fields": edit.fields}


def _names_with(claim: Claim, fields: Collection[str]) -> dict[str, Any]:
    """Of the edits only those of these fields; all where no edit has any of them."""
    seqs = [e.seq for e in claim.edits if not e.patch.keys().isdisjoint(fields)]
    return {**_names(claim), "seqs": seqs or list(claim.seqs)}


def _names(claim: Claim) -> dict[str, Any]:
    return {
        "resource": claim.resource.name,
        "id": claim.record_id,
        "seqs": list(claim.seqs),
    }
