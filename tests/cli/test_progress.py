"""How far a pass is: many small lists below other records are told as one walk."""

from __future__ import annotations

from typing import Any

import pytest
from structlog.testing import capture_logs

from cfsync.cli import progress
from cfsync.cli.progress import LogLines, TerminalBars
from cfsync.records import Listing


class Bars:
    """A stand-in for rich: what each bar shows."""

    def __init__(self) -> None:
        self.shown: dict[str, dict[str, Any]] = {}

    def add_task(self, name: str, **shown: Any) -> str:
        self.shown[name] = shown
        return name

    def update(self, name: str, **shown: Any) -> None:
        self.shown[name] |= shown


def below(order: int) -> Listing:
    return Listing("order_transactions", order, 7)


def test_a_bar_of_lists_below_records_moves_with_the_lists_that_are_walked():
    bars = Bars()
    shown = TerminalBars(bars)  # type: ignore[arg-type]

    shown.at(below(1), records=3, fraction=1.0)
    assert bars.shown == {"order_transactions": {"total": None, "records": 3, "completed": 1.0}}

    shown.walked(below(1), of=4)
    shown.walked(below(2), of=4)
    assert bars.shown == {"order_transactions": {"total": 1.0, "records": 3, "completed": 0.5}}

    shown.at(below(3), records=2, fraction=1.0)
    shown.walked(below(3), of=4)
    shown.walked(below(4), of=4)
    assert bars.shown == {"order_transactions": {"total": 1.0, "records": 5, "completed": 1.0}}


def test_a_list_in_several_pages_counts_once():
    bars = Bars()
    shown = TerminalBars(bars)  # type: ignore[arg-type]

    for records in (20, 40, 45):
        shown.at(Listing("contacts", 7, 7), records=records, fraction=records / 45)

    assert bars.shown == {"contacts": {"total": 1.0, "records": 45, "completed": 1.0}}


def test_without_a_terminal_lists_that_are_walked_are_a_line(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(progress, "LINE_EVERY", 0.0)

    with capture_logs() as logs:
        LogLines().walked(below(1), of=4)

    assert [(log["event"], log["percent"]) for log in logs] == [("walk.going", 25)]
