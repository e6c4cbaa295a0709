"""One claim, carried out: journal, call, acknowledge, and what to do when a call fails.

| the call                         | then the claim's rows are                                     |
| -------------------------------- | ------------------------------------------------------------- |
| answered                         | done, field by field applied, normalised or ignored           |
| refused (400, 409, 422)          | parked with the server's words, until somebody does something |
| 404 on a change                  | held, in conflict: deleted in ClickFunnels                    |
| 401, 403                         | pending again, and the pass ends                              |
| certainly not applied            | pending again: a later pass sends it                          |
| perhaps applied (answer lost)    | still sending: a later pass reads before it sends             |
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

import structlog

from cfsync.errors import (
    ApiError,
    CfsyncError,
    Forbidden,
    Interrupted,
    NotFound,
    RateLimited,
    Refused,
    StateConflict,
    TokenRefused,
    Transient,
    Unreachable,
)
from cfsync.merge import Policy
from cfsync.mirror import answers, claims
from cfsync.mirror.answers import Fate
from cfsync.mirror.claims import Claim
from cfsync.mirror.engine import Tx
from cfsync.records import Listing, Record
from cfsync.sync.calls import Call, update_calls
from cfsync.sync.context import Context
from cfsync.sync.perform import perform
from cfsync.sync.report import Report

log = structlog.get_logger()

PATIENCE = 10
"""After so many attempts that a server's trouble ended, an edit waits for a human."""
GIVE_UP_AFTER = 3
"""So many transient failures in a row end the pass: the trouble is not with one record."""


@dataclass
class Push:
    """One push pass: its number and report, how many calls in a row have failed, and what the
    lists had behind an id when creates were looked for.
    """

    context: Context
    report: Report
    batch: int
    failures: int = 0
    younger: dict[Listing, tuple[int, list[Record]]] = field(default_factory=dict)

    def policy(self, claim: Claim) -> Policy:
        return self.context.settings.resource(claim.resource.name).on_conflict


async def send_update(push: Push, claim: Claim) -> None:
    """Send what a record that exists lacks. Several calls are acknowledged one by one."""
    mirror, calls = push.context.mirror, update_calls(claim.resource, claim.base, claim.send)
    if not calls:
        await mirror.write(claims.close, claim.seqs, "done")
        return
    sent = {name: list(pair) for call in calls for name, pair in call.fields.items()}
    if not await mirror.write(claims.journal, claim, sent, push.batch):
        return
    for place, call in enumerate(calls):
        try:
            answer = await perform(push.context.api, claim.resource, claim.record_id, call)
        except CfsyncError as error:
            await failed(push, claim, error)
            return
        push.failures = 0
        rest = {name for later in calls[place + 1 :] for name in later.fields}
        fates = await mirror.write(_settle, claim, call, answer, rest, push.policy(claim))
        tell(push, claim, fates)


def _settle(
    tx: Tx, claim: Claim, call: Call, answer: Record, rest: Collection[str], policy: Policy
) -> dict[str, Fate]:
    fates = answers.acknowledge(tx, claim, call.fields, answer, remaining=rest, policy=policy)
    if not rest:
        claims.close(tx, claim.seqs, "done")
    return fates


def tell(push: Push, claim: Claim, fates: dict[str, Fate]) -> None:
    """Count what became of the fields; an ignored one is worth a line in the log."""
    push.report.add(claim.resource.name, sent=1)
    for name, fate in fates.items():
        if fate != "applied":
            push.report.add(claim.resource.name, **{fate: 1})
        if fate == "ignored":
            log.warning(
                "edit.ignored", resource=claim.resource.name, id=claim.record_id, field=name
            )


async def failed(push: Push, claim: Claim, error: CfsyncError) -> None:
    """Write down why a call failed and what its rows are now; raise what concerns all of them."""
    mirror, name = push.context.mirror, claim.resource.name
    match error:
        case Refused() | StateConflict():
            await mirror.write(claims.close, claim.seqs, "parked", error.text)
            log.warning("edit.parked", resource=name, id=claim.record_id, status=error.status)
            push.report.add(name, parked=1)
        case NotFound():
            await mirror.write(answers.orphan, claim)
            log.warning("edit.deleted_remotely", resource=name, id=claim.record_id)
            push.report.add(name, held=1)
        case TokenRefused() | Forbidden():
            await mirror.write(claims.close, claim.seqs, "pending")
            raise TokenRefused("it may not write this; check api.token") from error
        case Interrupted():
            await mirror.write(claims.close, claim.seqs, "pending")
            raise error
        case RateLimited() | Unreachable(sent=False):
            await mirror.write(claims.close, claim.seqs, "pending", error.text)
            _count_failure(push, error)
        case ApiError():
            await _unknown(push, claim, error)
        case _:
            raise error


async def _unknown(push: Push, claim: Claim, error: ApiError) -> None:
    """The call may have been applied. Its rows stay as they are, until a pass has looked."""
    if claim.attempts + 1 >= PATIENCE:
        text = f"given up after {PATIENCE} attempts: {error.text}"
        await push.context.mirror.write(claims.close, claim.seqs, "parked", text)
        push.report.add(claim.resource.name, parked=1)
        return
    await push.context.mirror.write(claims.close, claim.seqs, "sending", error.text)
    _count_failure(push, error)


def _count_failure(push: Push, error: ApiError) -> None:
    push.failures += 1
    push.report.state = "stopped"
    push.report.problems.append(str(error))
    if push.failures >= GIVE_UP_AFTER or not isinstance(error, Transient):
        raise error
