"""What needs a person, and the command that helps. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from cfsync.web.daemon_health import Health

_NAMED = 3
"""So many resources are named; the others are counted."""


@dataclass(frozen=True, slots=True)
class Notice:
    """One thing that needs a person."""

    #: What it is about: the same `kind` is not told again for a while, whatever its text says.
    kind: str
    text: str
    command: str

    def __str__(self) -> str:
        return f"{self.text}: {self.command}"


def notices(health: Health) -> list[Notice]:
    """Everything that needs a person now, the most urgent first."""
    if health.database_problem:
        return [Notice("database", f"the database: {health.database_problem}", "cfsync doctor")]
    return [*_troubles(health), *_waiting(health)]


def _troubles(health: Health) -> Iterator[Notice]:
    if not health.token_ok:
        yield Notice("token", "ClickFunnels refuses the token", "cfsync doctor")
    if health.capture_problem:
        text = f"edits are not captured: {health.capture_problem}"
        yield Notice("capture", text, "cfsync migrate")
    if late := sorted(n for n, r in health.resources.items() if r.late and not r.paused):
        yield Notice("late", f"changes of {_some(late)} arrive late", "cfsync status")
    if health.failed_passes:
        yield Notice("failed", f"{_some(health.failed_passes)} failed", "cfsync status")
    if health.backup_problem:
        yield Notice("backup", f"no backup was made: {health.backup_problem}", "cfsync backup")


def _waiting(health: Health) -> Iterator[Notice]:
    """What waits for a decision."""
    held, parked = health.edits.get("held", 0), health.edits.get("parked", 0)
    for kind, n, noun, state, command in (
        ("held", held, "edit", "held", "cfsync outbox list --state held"),
        ("parked", parked, "edit", "refused or unclear", "cfsync outbox list --state parked"),
        ("conflicts", health.conflicts, "conflict", "open", "cfsync conflicts list"),
        ("deletions", health.deletions_held, "deletion", "held", "cfsync deletions list"),
    ):
        if n:
            yield Notice(kind, f"{_count(n, noun)} {state}", command)


def _count(n: int, noun: str) -> str:
    return f"1 {noun} is" if n == 1 else f"{n:,} {noun}s are"


def _some(names: Sequence[str]) -> str:
    shown, more = list(names[:_NAMED]), len(names) - _NAMED
    return ", ".join(shown) + (f" and {more} more" if more > 0 else "")
