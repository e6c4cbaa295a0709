"""How far a pass is: many small lists below other records are told as one walk."""

from __future__ import annotations

from itertools import count
from typing import Any

import pytest
from structlog.testing import capture_logs

from cfsync.cli import progress
from cfsync.cli.progress import LogLines, TerminalBars
from cfsync.records import Listing
from cfsync.sync.push.edits_done import EditsDone


class Bars:
    """A stand-in for rich: what each bar shows."""

    def __init__(self) -> None:
        self.all: dict[int, dict[str, Any]] = {}
        self.below = ""
        self._numbers = count()

    def add_task(self, name: str, **shown: Any) -> int:
        number = next(self._numbers)
        self.all[number] = {"name": name} | shown
        return number

    def update(self, number: int, **shown: Any) -> None:
        self.all[number] |= shown

    @property
    def shown(self) -> list[tuple[str, float | None, int, int | None]]:
        """(name, fraction, count, of) of the bars that can be seen."""
        return [
            (b["name"], b["completed"] if b["total"] else None, b["count"], b["of"])
            for b in self.all.values()
            if b["visible"]
        ]


@pytest.fixture
def bars() -> Bars:
    return Bars()


@pytest.fixture
def shown(bars: Bars) -> TerminalBars:
    return TerminalBars(bars)  # type: ignore[arg-type]


def below(order: int) -> Listing:
    return Listing("order_transactions", order, 7)


def test_a_bar_of_lists_below_records_moves_with_the_lists_that_are_walked(
    bars: Bars, shown: TerminalBars
):
    shown.begin({"order_transactions": 4}, {})
    shown.at(below(1), records=3, fraction=1.0)
    assert bars.shown == [("order_transactions", 0.25, 3, None)]

    shown.walked(below(1))
    shown.walked(below(2))
    assert bars.shown == [("order_transactions", 0.5, 3, None)]
    assert bars.below == "3 records read; 2 of 4 lists done"

    shown.at(below(3), records=2, fraction=1.0)
    shown.walked(below(3))
    shown.walked(below(4))
    assert bars.shown == []
    assert bars.below == "5 records read; 4 of 4 lists done"


def test_a_list_in_several_pages_counts_once(bars: Bars, shown: TerminalBars):
    shown.begin({"contacts": 2}, {})

    for records in (20, 40, 45):
        shown.at(Listing("contacts", 7, 7), records=records, fraction=records / 45)

    assert bars.shown == [("contacts", 0.5, 45, None)]


def test_a_bar_counts_what_an_earlier_walk_has_found(bars: Bars, shown: TerminalBars):
    shown.begin({"contacts": 2}, {"contacts": 80})

    shown.at(Listing("contacts", 7, 7), records=20, fraction=0.9)
    assert bars.shown == [("contacts", 0.25, 20, 80)]

    shown.at(Listing("contacts", 8, 8), records=100, fraction=1.0)
    assert bars.shown == [("contacts", 0.95, 120, None)]  # there are more by now


@pytest.mark.parametrize("rows", [{}, {"contacts": 80}])
def test_a_bar_stays_below_its_end_while_a_list_is_open(
    bars: Bars, shown: TerminalBars, rows: dict[str, int]
):
    """The number of records may be that of an earlier walk."""
    shown.begin({"contacts": 2}, rows)

    shown.at(Listing("contacts", 7, 7), records=30, fraction=1.0)
    shown.at(Listing("contacts", 8, 8), records=50, fraction=1.0)
    assert bars.shown == [("contacts", 0.99, 80, rows.get("contacts"))]

    shown.walked(Listing("contacts", 7, 7))
    assert bars.shown
    shown.walked(Listing("contacts", 8, 8))
    assert bars.shown == []


def test_a_bar_whose_end_nobody_knows_shows_activity(bars: Bars, shown: TerminalBars):
    shown.begin({"contacts": 1}, {})

    shown.at(Listing("contacts", 7, 7), records=20, fraction=None)

    assert bars.shown == [("contacts", None, 20, None)]


def test_a_bar_of_a_push_moves_with_the_edits_that_are_dealt_with(bars: Bars, shown: TerminalBars):
    done = EditsDone(shown, {"contacts": {1, 2, 3, 4}})

    done.begin("contacts")
    done.add("contacts", [2])
    done.add("contacts", [2, 9])
    assert bars.shown == [("contacts (edits)", 0.25, 1, 4)]

    done.end("contacts")
    assert bars.shown == []


def test_without_a_terminal_lists_that_are_walked_are_a_line(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(progress, "LINE_EVERY", 0.0)
    lines = LogLines()

    with capture_logs() as logs:
        lines.begin({"order_transactions": 4}, {})
        lines.walked(below(1))
        lines.sending("contacts", done=3, of=9)

    assert [(log["event"], log.get("percent")) for log in logs] == [
        ("walk.going", 25),
        ("push.going", None),
    ]


def test_a_line_does_not_tell_a_percentage_that_nobody_knows(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(progress, "LINE_EVERY", 0.0)

    with capture_logs() as logs:
        LogLines().at(Listing("contacts", 7, 7), records=20, fraction=None)

    assert logs == [
        {"event": "walk.going", "log_level": "info", "resource": "contacts", "records": 20}
    ]
