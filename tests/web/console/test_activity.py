"""Activity goes back to the oldest line of each section."""

from __future__ import annotations

import itertools
import re

import pytest

from cfsync.times import later
from cfsync.web.console import activity_reading
from tests.push.conftest import Account
from tests.web.console.conftest import Visitor

AT = "2026-01-01T00:00:00.000Z"
COUNT = 7


def fill(account: Account) -> None:
    """COUNT of everything; of the decisions, three at a time."""
    for n in range(1, COUNT + 1):
        at, decided = later(AT, n), later(AT, n // 3)
        account.sql(
            'INSERT INTO cf_runs ("pass", resource, state, started_at, ended_at, quiet, error)'
            " VALUES ('pull', 'contacts', 'failed', ?, ?, ?, ?)",
            *(at, later(AT, 100 if n == 3 else n), int(n == 3), f"run-{n}."),
        )
        for state, batch, name in (("done", n, "sent"), ("pending", None, "open")):
            account.sql(
                "INSERT INTO cf_outbox (resource, record_id, op, patch, state, attempts, batch,"
                " captured_at, sent_at, db_user, decided_at, decision, decided_by)"
                " VALUES ('contacts', ?, 'update', '{}', ?, 1, ?, ?, ?, ?, ?, 'retried', ?)",
                *(n, state, batch, at, at, f"{name}-{n}."),
                *((decided, f"who-{n}.") if batch else (None, None)),
            )
        account.sql(
            "INSERT INTO cf_changes (seq, resource, record_id, op, side, source, at, db_user,"
            " patch) VALUES (?, 'contacts', ?, 'update', 'clickfunnels', 'pull', ?, ?, '{}')",
            *(1000 + n, n, at, f"change-{n}."),
        )


WORDS = {
    "passes": "run",
    "edits": "open",
    "pushes": "sent",
    "decisions": "who",
    "changes": "change",
}


def section(page: str, name: str) -> str:
    return page.partition(f'id="{name}"')[2].partition("</section>")[0]


def link(part: str, text: str) -> str:
    """Where a link with this text leads; '': there is none."""
    found = re.search(rf'href="([^"#]+)#\w+" class="button quiet">{text}', part)
    found = found or re.search(rf'class="button quiet" href="([^"#]+)#\w+">{text}', part)
    return found[1].replace("&amp;", "&") if found else ""


@pytest.mark.parametrize("name", WORDS)
def test_each_section_is_read_to_its_end_and_each_line_once(
    visitor: Visitor, account: Account, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    del account.settings["CFSYNC_RETENTION__CHANGES"]
    account.pull()  # switches the history on
    account.sql("DELETE FROM cf_runs")
    fill(account)
    for constant in ("PASSES", "PUSHES", "EDITS", "DECISIONS", "LINES"):
        monkeypatch.setattr(activity_reading, constant, 2)
    monkeypatch.setattr("cfsync.web.console.html.activity.LINES", 2)
    seen: list[int] = []
    path, pages = "/activity?side=clickfunnels" * (name == "changes") or "/activity", 0

    while path:
        page, pages = visitor.see(path), pages + 1
        part = section(page, name)
        shown = [int(n) for n in re.findall(rf"{WORDS[name]}-(\d)\.", part)]
        seen += [n for n, _ in itertools.groupby(shown)]
        path = link(part, f"Older {name}")
        for other in {*WORDS} - {name}:
            is_cut = link(section(page, other), f"Newest {other}")
            assert not is_cut, "the other sections begin with the newest"

    assert pages == COUNT // 2 + 1
    assert sorted(seen) == [*range(1, COUNT + 1)]
    assert name == "decisions" or seen == sorted(seen, reverse=True)
    newest = section(visitor.see(link(part, f"Newest {name}")), name)
    assert f"{WORDS[name]}-{COUNT}." in newest


def test_a_pass_after_which_quiet_ones_came_stays_at_its_time(
    visitor: Visitor, account: Account
) -> None:
    account.sql("DELETE FROM cf_runs")
    fill(account)

    part = section(visitor.see("/activity"), "passes")

    assert [int(n) for n in re.findall(r"run-(\d)", part)] == [*range(COUNT, 0, -1)]
    began = re.findall(r'<td class="n"><time datetime="([^"]+)"', part)
    assert began == [later(AT, n) for n in range(COUNT, 0, -1)]
    assert "+1 alike, last " in part


@pytest.mark.parametrize("text", ["x", "-", "9" * 30, "2026-01-01T00:00:00.000Z", "T_1", "1_1"])
def test_a_page_that_is_none_is_the_newest(visitor: Visitor, account: Account, text: str) -> None:
    fill(account)

    page = visitor.see("/activity?" + "&".join(f"{name}={text}" for name in WORDS))

    assert f"run-{COUNT}." in page
    assert "Newest" not in page


def test_an_older_page_whose_lines_are_gone_leads_back(visitor: Visitor, account: Account) -> None:
    del account.settings["CFSYNC_RETENTION__CHANGES"]
    account.pull()  # switches the history on
    page = visitor.see(f"/activity?decisions={AT}_1&" + "&".join(f"{n}=1" for n in WORDS))

    for name in WORDS:
        part = section(page, name)
        assert "Nothing older." in part
        assert link(part, f"Newest {name}")


def test_an_edit_that_is_not_sent_says_why(visitor: Visitor, account: Account) -> None:
    account.sql("UPDATE teams SET name = 'Other'")

    assert "not sent: resources.teams.push is off" in section(visitor.see("/activity"), "edits")
