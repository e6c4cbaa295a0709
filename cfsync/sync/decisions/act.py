"""Makes calls that no column can say, such as the refund of a transaction.

A call that had no answer may have been applied, and a second one could do it twice. So who makes a
call is noted in `cf_meta` before it is made. When it is certain what became of it, the note is
dropped, or kept as a decision about the record.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from cfsync.errors import (
    ApiError,
    CfsyncError,
    Forbidden,
    Interrupted,
    NotFound,
    OutcomeUnknown,
    RateLimited,
    Refused,
    StateConflict,
    TokenRefused,
    Unreachable,
    UsageError,
)
from cfsync.mirror.bookkeeping import decided
from cfsync.mirror.db.engine import Tx
from cfsync.mirror.progress.checkpoints import Lane
from cfsync.mirror.progress.runs import PassName
from cfsync.mirror.reports import status
from cfsync.records import Record, is_provisional
from cfsync.resources import RESOURCES, Resource, named
from cfsync.resources.model import Action
from cfsync.sync.context import Context
from cfsync.sync.decisions import decision_log
from cfsync.sync.report import Report
from cfsync.sync.walk.records import write_asked

NOT_APPLIED = (Refused, StateConflict, NotFound, Forbidden, TokenRefused, RateLimited, Interrupted)
"""Errors after which it is certain that a call has changed nothing."""


@dataclass(frozen=True, slots=True)
class Task:
    """An action on one record, with the values of its body and the record as it is before."""

    resource: Resource
    name: str
    values: Mapping[str, Any]
    record: Record

    @property
    def action(self) -> Action:
        return self.resource.actions[self.name]

    @property
    def call(self) -> str:
        """'POST /orders/5/cancel'."""
        return f"{self.action.method} {self.action.path.format(id=self.record.id)}"

    @property
    def key(self) -> str:
        """What its note is about."""
        return f"{self.resource.name}/{self.record.id}/{self.name}"

    def shown(self, record: Record) -> dict[str, Any]:
        """What a person sees of the record: what has to be confirmed, or when it changed last."""
        return {name: record.values.get(name) for name in self.action.confirms or ("updated_at",)}


def action_of(resource_name: str, action: str) -> tuple[Resource, Action]:
    """Raises UsageError, which names the actions that there are."""
    resource = named(resource_name)
    offered = {name: a for name, a in resource.actions.items() if a.does}
    if action in offered:
        return resource, offered[action]
    if offered:
        raise UsageError(f"{resource.name} has the actions {', '.join(offered)}, not {action!r}")
    others = (r.name for r in RESOURCES.values() if any(a.does for a in r.actions.values()))
    raise UsageError(f"{resource.name} has no actions; there are some of {', '.join(others)}")


async def prepare(
    context: Context, resource: Resource, record: str, action: str, values: Mapping[str, Any]
) -> Task:
    """Read the record from ClickFunnels. Raises UsageError if it isn't there."""
    record_id = await context.mirror.read(status.record_id, resource, record)
    if is_provisional(record_id):
        raise UsageError(f"{resource.name} {record} does not exist in ClickFunnels yet: push first")
    try:
        found = await context.api.get(resource, record_id)
    except NotFound:
        raise UsageError(f"ClickFunnels has no {resource.name} {record}") from None
    return Task(resource, action, values, found)


async def check_unanswered(context: Context, task: Task, *, again: bool) -> None:
    """Raise UsageError where `act` would, because an earlier call had no answer."""
    await context.mirror.read(_refuse_unanswered, task, again)


async def act(context: Context, task: Task, *, again: bool = False) -> Record:
    """Make the call, and read the record again; returns it as it is afterwards.

    Raises UsageError where an earlier call had no answer, unless `again`, and OutcomeUnknown where
    this one has none. A refusal has the words of ClickFunnels.
    """
    notes = await context.mirror.write(_note, task, again)
    try:
        await context.api.call_action(task.resource, task.name, task.record.id, task.values)
    except CfsyncError as error:
        await _handle_failure(context, task, error, notes[-1])
    await context.mirror.write(decided.acted, task.key, task.name, notes)
    decision_log.acted(task.resource.name, task.record.id, task.name)
    return await _read_again(context, task)


async def _handle_failure(context: Context, task: Task, error: CfsyncError, note: str) -> None:
    """Raise what the error of a call means for the person who has made it."""
    if isinstance(error, NOT_APPLIED) or (isinstance(error, Unreachable) and not error.sent):
        await context.mirror.write(decided.not_acted, note)
        if isinstance(error, Refused):  # its words may quote people: only the caller may see them
            words = f"refused ({error.status}): {error.text}"
            raise ApiError(words, call=error.call, status=error.status) from None
        raise error
    with suppress(CfsyncError):
        await _read_again(context, task)
    raise OutcomeUnknown(
        f"no usable answer came, so it may have been applied: look at {task.resource.name}"
        f" {task.record.id} in ClickFunnels before you repeat it",
        call=task.call,
    ) from error


async def _read_again(context: Context, task: Task) -> Record:
    """The record as it is now, which the mirror shows, too."""
    reading = await context.reading(task.resource, Lane.PULL)
    record = await context.api.get(task.resource, task.record.id)
    await write_asked(context, Report(PassName.PULL), reading, [record.id], [record])
    return record


def _note(tx: Tx, task: Task, again: bool) -> list[str]:
    """Note who makes the call; returns its note, behind those of earlier ones that have no answer
    yet. Raises UsageError where there are such, unless `again`.
    """
    _refuse_unanswered(tx, task, again)
    return decided.act(tx, task.key, task.name)


def _refuse_unanswered(tx: Tx, task: Task, again: bool) -> None:
    if decided.begun(tx, task.key) and not again:
        raise UsageError(
            f"an earlier {task.name} of {task.resource.name} {task.record.id} has no answer yet:"
            " look in ClickFunnels whether it was applied; --again makes the call once more"
        )
