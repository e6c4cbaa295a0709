"""Which of the things that wait a person decides about: those with some numbers, or all that fit
what is given: a resource, a field, a time.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from cfsync.config.values import seconds_of
from cfsync.errors import UsageError
from cfsync.mirror.db.engine import Tx
from cfsync.mirror.reports import status
from cfsync.resources import RESOURCES, named
from cfsync.times import later
from cfsync.values import Unholdable, decode


@dataclass(frozen=True, slots=True)
class Filter:
    """What a person gives instead of numbers, or beside a resource."""

    #: All that wait.
    everything: bool = False
    #: Only what is about this field.
    field: str | None = None
    #: Only what waits since then: a time, or an age such as `2h`.
    since: str | None = None
    #: Only what is in this workspace: its id or public id.
    workspace: str | None = None
    #: Only what the import with this number has made.
    imported: int | None = None

    @property
    def is_given(self) -> bool:
        options = (self.field, self.since, self.workspace, self.imported)
        return self.everything or any(option is not None for option in options)


NOT_GIVEN = Filter()


@dataclass(frozen=True, slots=True)
class Selection:
    """`numbers`: just these, and nothing else counts."""

    numbers: tuple[int, ...] = ()
    #: None: of all resources.
    resource: str | None = None
    #: None: about any field.
    field: str | None = None
    #: The earliest time, canonical text; '': from the beginning.
    since: str = ""
    #: The id or public id of a workspace; None: of any.
    workspace: str | None = None
    #: The number of an import; None: whatever has made it.
    imported: int | None = None

    @property
    def resources(self) -> list[str]:
        """The resource, for a query in which none means all."""
        return [self.resource] if self.resource else []

    def fits(self, fields: Collection[str], at: str) -> bool:
        """Whether something about these fields, which waits since then, is meant. A field stands
        for the keys in it.
        """
        own = {name.partition(".")[0] for name in fields} | set(fields)
        return at >= self.since and (self.field is None or self.field in own)


def has_numbers(which: Sequence[str]) -> bool:
    """Whether things are named by their numbers, rather than a resource. Pure."""
    return bool(which) and which[0].lstrip("-").isdecimal()


def select(
    which: Sequence[str],
    given: Filter,
    now: str,
    *,
    noun: str,
    listed: str,
    also: Collection[str] = (),
) -> Selection:
    """The selection that a person means by some words and options. `also`: names that may stand for
    a field. Raises UsageError, and UnknownResource.
    """
    if has_numbers(which):
        if given.is_given:
            raise UsageError("give numbers, or what to select by, not both")
        return Selection(_numbers(which, noun))
    if len(which) > 1:
        raise UsageError("give numbers, or one resource")
    if (which and given.everything) or not (which or given.is_given):
        raise UsageError(f"give numbers ({listed} shows them), a resource, or --all")
    resource = named(which[0]).name if which else None
    if given.field is not None:
        check_field([resource] if resource else [], given.field, also)
    since = earliest(given.since, now)
    return Selection((), resource, given.field, since, given.workspace, given.imported)


def _numbers(which: Sequence[str], noun: str) -> tuple[int, ...]:
    if wrong := [text for text in which if not text.isdecimal()]:
        raise UsageError(f"{wrong[0]!r} is not the number of {noun}")
    return tuple(dict.fromkeys(map(int, which)))


def check_field(names: Collection[str], field: str, also: Collection[str] = ()) -> None:
    """Raise UsageError unless one of these resources, or any where there are none, has a field."""
    column = field.partition(".")[0]
    where = [RESOURCES[name] for name in names] or RESOURCES.values()
    if field not in also and not any(column in r.by_name for r in where):
        of = f" in {' or '.join(names)}" if names else ""
        raise UsageError(f"there is no field {column}{of}")


def workspace_id(tx: Tx, named_by: str | None) -> int | None:
    """The id of the workspace that a person has named. Raises UsageError for an unknown one."""
    return None if named_by is None else status.record_id(tx, named("workspaces"), named_by)


def earliest(since: str | None, now: str, *, takes: str = "") -> str:
    """The canonical time that `since` means at the time `now`; '' for None. `takes`: what else the
    option takes. Raises UsageError, also for a time that is to come.
    """
    if since is None:
        return ""
    try:
        if not since.isdecimal():
            return later(now, -seconds_of(since))
    except ValueError:  # it isn't an age
        pass
    try:
        at = str(decode("timestamp", since))
    except Unholdable:
        raise UsageError(
            f"--since takes {takes}a time such as 2026-05-21T12:00Z, or an age such as 2h, not"
            f" {since!r}"
        ) from None
    if at > now:
        raise UsageError(f"--since takes a time that has been: {at} is to come")
    return at
