"""The ledger: what was edited on either side, and what became of it, summed up over many runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from tests.scenarios.steps import Side

FATES = {
    "arrived": "arrived on the other side",
    "superseded": "overwritten by whoever had seen it",
    "kept": "overwritten, kept in cf_conflicts",
    "waiting": "parked or held, with a reason",
    "gone": "gone with its record",
    "discarded": "discarded by a person",
    "unseen": "overwritten between a push's look and its write",
    "lost": "LOST",
}
SIDES: dict[Side, str] = {"here": "by SQL", "there": "in ClickFunnels"}


def summed(reports: Iterable[Any]) -> Counter[str]:
    """Of the reports of tests that have recorded one as a property, as they come from a worker."""
    total: Counter[str] = Counter()
    for report in reports:
        if getattr(report, "when", "") == "call":
            total.update(dict(report.user_properties).get("ledger", {}))
    return total


def as_lines(total: Mapping[str, int]) -> list[str]:
    """A Markdown table of the edits, then a line of everything else."""
    lines = ["| edits | " + " | ".join(SIDES.values()) + " |", "| --- | ---: | ---: |"]
    lines.append(_row("made", [total.get(f"{side} edits", 0) for side in SIDES]))
    lines += [
        _row(words, [total.get(f"{side} {fate}", 0) for side in SIDES])
        for fate, words in FATES.items()
    ]
    told = {"duplicates"} | {f"{side} {what}" for side in SIDES for what in ("edits", *FATES)}
    others = [f"{count:,} {what}" for what, count in sorted(total.items()) if what not in told]
    return [*lines, f"duplicates: {total.get('duplicates', 0)}; " + ", ".join(others)]


def _row(what: str, numbers: list[int]) -> str:
    return f"| {what} | " + " | ".join(f"{n:,}" for n in numbers) + " |"
