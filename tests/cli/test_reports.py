"""What a report's counts read like."""

from __future__ import annotations

import pytest

from cfsync.cli.reports import as_text
from cfsync.sync.report import Report


@pytest.mark.parametrize(
    ("counts", "said"),
    [
        ({"hints": 1, "differs": 1, "missing in ClickFunnels": 1}, "1 hint, 1 differs, 1 missing"),
        ({"hints": 2, "differs": 2, "missing in ClickFunnels": 2}, "2 hints, 2 differ, 2 missing"),
        ({"deleted_remotely": 1, "unchanged": 5}, "1 deleted remotely"),
    ],
)
def test_counts_are_said_in_words(counts: dict[str, int], said: str) -> None:
    report = Report("pull")
    report.add("contacts", **counts)

    assert as_text(report).splitlines()[0].startswith(f"contacts  {said}")
