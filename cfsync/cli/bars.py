"""Progress bars with a rate and the time left. Imports rich, so import it only to show bars."""

from __future__ import annotations

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text


class _Rate(ProgressColumn):
    """Records per second."""

    def render(self, task: Task) -> Text:
        elapsed = task.finished_time or task.elapsed
        speed = task.fields["records"] / elapsed if elapsed else 0
        return Text(f"{speed:,.0f}/s")


def new_bars() -> Progress:
    """An empty set of bars on standard error; each task has a field `records`."""
    return Progress(
        TextColumn("{task.description:<22}"),
        BarColumn(),
        TextColumn("{task.fields[records]:>9,}"),
        _Rate(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    )
