"""The state of a push pass, and what happens to an edit whose call fails.

| the call                              | the edit's outbox rows                                  |
| ------------------------------------- | ------------------------------------------------------- |
| is refused (400, 409, 422)            | are parked with the server's message                    |
| is answered 404 (update)              | are held by a conflict: deleted in ClickFunnels         |
| is answered 401 or 403                | are pending again, and the pass ends                    |
| was certainly not applied             | are pending again, and a later pass sends them          |
| may have been applied (answer lost)   | stay sending, and a later pass reads before it sends    |
| is not made: a read before it got 403 | stay as they are, and other edits go on                 |
| is not made: a read before it failed  | stay as they are                                        |
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field

from cfsync.errors import (
    ApiError,
    CfsyncError,
    Forbidden,
    Interrupted,
    Later,
    MirrorError,
    NotFound,
    NotJson,
    RateLimited,
    Refused,
    StateConflict,
    TokenRefused,
    Transient,
    Unreachable,
    located,
)
from cfsync.merge import Policy
from cfsync.mirror.bookkeeping import ids, outbox
from cfsync.mirror.bookkeeping.outbox import Op, OutboxState
from cfsync.mirror.bookkeeping.reasons import GIVEN_UP, REFERS, UNKNOWN
from cfsync.mirror.db.errors import Busy, Constrained
from cfsync.mirror.outgoing import answers, send_journal
from cfsync.mirror.outgoing.claims import Claim
from cfsync.mirror.outgoing.fates import Fate
from cfsync.mirror.progress.runs import RunState
from cfsync.records import Listing, Record, is_provisional
from cfsync.resources import Resource
from cfsync.sync.context import Context
from cfsync.sync.push import edit_log
from cfsync.sync.push.edits_done import EditsDone
from cfsync.sync.report import Report

PATIENCE = 10
"""Attempts after which an edit that fails for reasons of the server is parked."""
GIVE_UP_AFTER = 3
"""Transient failures in a row that end the pass, because the cause is not one record."""
Work = Callable[["Push", Claim], Awaitable[None]]


@dataclass
class Push:
    """The state of one push pass."""

    context: Context
    report: Report
    #: The number of the batch, 0 before the first claim.
    batch: int = 0
    #: The edits (seq) that waited when the pass began; the mass guard has checked these.
    seen: Collection[int] = ()
    #: How many of them are dealt with.
    done: EditsDone = field(default_factory=EditsDone)
    #: How many calls in a row have failed.
    failures: int = 0
    #: Cached look-ups for lost creates: list -> (id, the records behind that id).
    listed_after: dict[Listing, tuple[int, list[Record]]] = field(default_factory=dict)
    #: Created records with fields that the create could not carry, which an update must send.
    unfinished: list[tuple[Resource, int]] = field(default_factory=list)
    #: Which claims may be sent; a plan allows only its own.
    allowed: Callable[[Iterable[Claim]], list[Claim]] = list
    #: Records whose delete waits until everything else is sent.
    deletes: list[tuple[Resource, int]] = field(default_factory=list)
    #: (resource, id) of the unfinished records that were taken up again.
    created: set[tuple[str, int]] = field(default_factory=set)
    #: Whether a workspace answers.
    reached: dict[int | None, bool] = field(default_factory=dict)
    #: Records that refer to rows which have no real id yet.
    waiting: list[tuple[Resource, int]] = field(default_factory=list)

    def sendable(self, claims: Iterable[Claim]) -> list[Claim]:
        """The claims to send: deletes that the mass guard knows, and what a create left over."""
        return [
            c
            for c in claims
            if (c.op != Op.DELETE or is_provisional(c.record_id) or c.seqs[-1] in self.seen)
            and ((c.resource.name, c.record_id) in self.created or self.allowed([c]))
        ]

    def take_unfinished(self, resource: Resource) -> list[int]:
        """The ids in `unfinished` of a resource, which are removed from it."""
        found = [record_id for of, record_id in self.unfinished if of is resource]
        self.unfinished = [pair for pair in self.unfinished if pair[0] is not resource]
        self.created.update((resource.name, record_id) for record_id in found)
        return found

    def policy(self, claim: Claim) -> Policy:
        return self.context.settings.resource(claim.resource.name).on_conflict


async def isolated(push: Push, claim: Claim, work: Work) -> None:
    """Work on one claim; a row that the mirror refuses or has locked ends only this claim."""
    name = claim.resource.name
    try:
        with located(f"{name} {claim.record_id}"):
            await work(push, claim)
    except Constrained as error:
        await park(push, claim, str(error))
    except Busy as error:
        push.report.add(name, busy=1)
        count_failure(push, error)
    push.done.add(name, claim.seqs)


async def side_by_side(push: Push, found: Iterable[Claim], work: Work) -> None:
    """Work on claims, up to `api.max_concurrency` at once.

    After an error or a signal to stop no further claim is begun, but the calls that are under way
    finish and their answers count. Raises the error with the lowest exit code.
    """
    queue = iter(found)
    errors: list[CfsyncError] = []

    async def worker() -> None:
        for claim in queue:
            try:
                push.context.check_stop()
                await isolated(push, claim, work)
            except CfsyncError as error:
                errors.append(error)
            if errors:
                return

    async with asyncio.TaskGroup() as group:
        for _ in range(push.context.settings.api.max_concurrency):
            group.create_task(worker())
    if errors:
        raise min(errors, key=lambda e: e.exit_code)


async def waits_for_others(push: Push, claim: Claim) -> bool:
    """Whether a claim refers to a row that has no real id yet. It then gets the reason, and is
    parked if the row can never get one, or is still missing after `PATIENCE` passes.
    """
    values = claim.row if claim.op == Op.INSERT else claim.send
    missing = set(ids.local_ids(claim.resource, values))
    if not missing:
        return False
    mirror = push.context.mirror
    names = ", ".join(f"{resource} {number}" for resource, number in sorted(missing))
    outlook = await mirror.read(ids.outlook, missing)
    if outlook == "never":
        await park(push, claim, f"{REFERS} {names}, which will never be created")
    elif outlook == "unseen" and claim.attempts + 1 >= PATIENCE:
        await park(push, claim, f"{REFERS} {names}, which nobody has inserted")
    else:
        push.waiting.append((claim.resource, claim.record_id))
        words, is_unseen = f"waits for {names}", outlook == "unseen"
        edit_log.waiting(claim, words)
        await mirror.write(outbox.set_reason, claim.seqs, words, tried=is_unseen)
    return True


async def park(push: Push, claim: Claim, words: str) -> None:
    """Park an edit with the reason; it waits for a person."""
    await push.context.mirror.write(send_journal.close, claim.seqs, OutboxState.PARKED, words)
    _count_parked(push, claim, words)


async def finish(push: Push, claim: Claim, refused: Mapping[str, str]) -> None:
    """End a claim that needs no further call. `refused`: field -> why it is parked."""
    await push.context.mirror.write(send_journal.finish, claim, refused)
    if claim.held:
        edit_log.waiting(claim, "waits for a decision about a conflict")
    elif not refused:
        edit_log.settled(claim)
    count_refused(push, claim, refused)


def count_refused(push: Push, claim: Claim, refused: Mapping[str, str]) -> None:
    if refused:
        _count_parked(push, claim, next(iter(refused.values())), refused)


def _count_parked(push: Push, claim: Claim, words: str, fields: Collection[str] = ()) -> None:
    edit_log.parked(claim, words, push.batch, fields)
    push.report.add(claim.resource.name, parked=1)


def count_answer(
    push: Push, claim: Claim, fates: Mapping[str, Fate], *, found: bool = False
) -> None:
    """Count a call that was answered, unless its record was `found` without one, and each field
    that ClickFunnels changed or ignored.
    """
    push.failures = 0
    if not found:
        push.report.batch = push.batch
        push.report.add(claim.resource.name, sent=1)
    for name, fate in fates.items():
        if fate != "applied":
            push.report.add(claim.resource.name, **{fate: 1})
        if fate == "ignored":
            edit_log.ignored(claim, name)


async def handle_failure(
    push: Push, claim: Claim, error: CfsyncError, *, called: bool = True
) -> None:
    """Record why a claim could not be sent and set the state of its rows, as in the table above.

    `called` is False if a read before the call failed. Raises the error, or TokenRefused, if it
    concerns all edits and so ends the pass.
    """
    match error:
        case Refused() | StateConflict():
            edit_log.refused(claim, push.batch, error)
            await park(push, claim, error.text)
        case NotFound():
            await push.context.mirror.write(answers.hold_for_decision, claim)
            edit_log.deleted_remotely(claim)
            push.report.add(claim.resource.name, held=1)
        case Forbidden() if not called:
            await wait_for_access(push, claim)
        case Forbidden():
            await _put_back(push, claim, error, called=called)
            setting = push.context.settings.api.token_setting
            raise TokenRefused(f"it may not write this; check {setting}", status=403) from error
        case TokenRefused() | Interrupted():
            await _put_back(push, claim, error, called=called)
            raise error
        case RateLimited() | Unreachable(sent=False):
            await _put_back(push, claim, error, called=called, words=error.text)
            count_failure(push, error)
        case ApiError():
            await _outcome_unknown(push, claim, error, called)
        case _:
            raise error


async def wait_for_access(push: Push, claim: Claim) -> None:
    """Let an edit wait because the token may not read its workspace."""
    place = str(claim.listing or claim.resource.name)
    if place not in push.report.unreachable:
        push.report.unreachable.append(place)
    setting = push.context.settings.api.token_setting
    words = f"waits: the token does not reach its workspace; check {setting}"
    edit_log.waiting(claim, words)
    await push.context.mirror.write(outbox.set_reason, claim.seqs, words)


async def _put_back(
    push: Push, claim: Claim, error: CfsyncError, *, called: bool, words: str | None = None
) -> None:
    """Make the rows pending again after a call that changed nothing."""
    edit_log.postponed(claim, error)
    if called:
        await push.context.mirror.write(send_journal.close, claim.seqs, OutboxState.PENDING, words)


async def _outcome_unknown(push: Push, claim: Claim, error: ApiError, called: bool) -> None:
    """Leave the rows as they are, since the call may have been applied; the next pass reads first.
    A read that a proxy or CDN refuses is an attempt too: this edit's value may be the cause.
    """
    refused = isinstance(error, NotJson) and 400 <= (error.status or 0) < 500
    if (called or refused) and claim.attempts + 1 >= PATIENCE:
        doubt = f"{UNKNOWN} " if claim.op == Op.INSERT and (called or claim.unknown) else ""
        await park(push, claim, f"{doubt}{GIVEN_UP} {PATIENCE} attempts: {error.text}")
        return
    if called or claim.unknown:
        edit_log.unconfirmed(claim, push.batch, error)
    else:
        edit_log.postponed(claim, error)
    tried = refused and not called
    await push.context.mirror.write(outbox.set_reason, claim.seqs, error.text, tried=tried)
    count_failure(push, error)


def count_failure(push: Push, error: ApiError | MirrorError) -> None:
    """Count a failure and report it; raises it after `GIVE_UP_AFTER` in a row."""
    report_failure(push.report, error)
    push.failures += 1
    if push.failures >= GIVE_UP_AFTER:
        raise error


def report_failure(report: Report, error: ApiError | MirrorError) -> None:
    stops = isinstance(error, Transient | Busy) and report.state != RunState.FAILED
    report.state = RunState.STOPPED if stops else RunState.FAILED
    report.problems.append(str(error))
    report.put_off = False
    report.cause = error if isinstance(error, Later) else report.cause
