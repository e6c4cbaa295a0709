"""Progress bars with a rate and the time left. Imports rich, so import it only to show bars."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console, RenderableType
from rich.progress import (
    BarColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

MOST = 10
"""How many bars are shown at once."""
_BESIDE = 4
"""Lines of the terminal that are left to what stands above and below the bars."""


class _Count(ProgressColumn):
    """`2,080 of 3,000`."""

    def render(self, task: Task) -> Text:
        of = task.fields["of"]
        return Text(f"{task.fields['count']:,}" + (f" of {of:,}" if of else ""), justify="right")


class _Rate(ProgressColumn):
    """How many each second."""

    def render(self, task: Task) -> Text:
        elapsed = task.finished_time or task.elapsed
        return Text(f"{task.fields['count'] / elapsed if elapsed else 0:,.0f}/s", justify="right")


class Bars(Progress):
    """Bars on standard error, as many as the terminal has room for, and a line below them. Each has
    the fields `count` and `of` (None: nobody knows). Those of what is done are hidden.
    """

    def __init__(self, *columns: ProgressColumn) -> None:
        self.below = ""
        self._terminal = Console(stderr=True)
        super().__init__(*columns, console=self._terminal, transient=True)

    def get_renderables(self) -> Iterable[RenderableType]:
        shown = [task for task in self.tasks if task.visible]
        room = max(1, min(MOST, self._terminal.height - _BESIDE))
        yield self.make_tasks_table(shown[:room])
        more = f"and {len(shown) - room} more" if len(shown) > room else ""
        if line := "; ".join(filter(None, (more, self.below))):
            yield Text(line, no_wrap=True, overflow="ellipsis")


def new_bars() -> Bars:
    return Bars(
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        _Count(),
        _Rate(),
        TimeRemainingColumn(compact=True),
    )
