"""The headline of the overview, and what other commands say of the same."""

from __future__ import annotations

import re
from html import unescape

import pytest

from cfsync.mirror.coordination import daemons, pauses
from cfsync.mirror.coordination.pauses import Trouble
from cfsync.mirror.db.engine import Tx
from cfsync.sync.inspection import status
from cfsync.times import later, time_text
from tests.push.conftest import Account, now
from tests.status_text import status_lines
from tests.web.console.conftest import Visitor

REFUSED = "no connection to h.example: connection refused"


def told(visitor: Visitor) -> tuple[str, str]:
    """The title, and the text below it, without markup."""
    visitor.console.forget()
    hero = visitor.see("/").partition('class="hero ')[2].partition("</section>")[0]
    title, _, text = hero.partition("</h1>")
    return re.sub(r".*<h1>", "", unescape(title)), re.sub(r"<[^>]+>", "", unescape(text))


def in_trouble(account: Account, *names: str, kind: str = "server", text: str = REFUSED) -> None:
    def save(tx: Tx) -> None:
        for name in names:
            where = f"{name}/7: GET /workspaces/7/{name}: {text}"
            pauses.save_trouble(tx, Trouble("pull", name, kind, where, later(tx.now, 0.0)))

    account.desk(lambda mirror: mirror.write(save))


def run_daemon(account: Account) -> None:
    me = daemons.this_process()
    account.desk(lambda mirror: mirror.write(daemons.announce, me, time_text(now())))


def rename(account: Account, contact: int) -> None:
    account.sql("UPDATE contacts SET first_name = 'Zed' WHERE id = ?", contact)


def test_a_paused_list_is_told_with_what_to_press(
    visitor: Visitor, account: Account, contact: int
) -> None:
    account.pull()
    rename(account, contact)
    account.desk(lambda mirror: mirror.write(pauses.pause, ["contacts"]))

    title, text = told(visitor)

    assert title == "Up to date, but the list contacts is paused"
    assert "Nothing is read, and its edits wait. Press Resume, beside it, to go on." in text
    assert "1 edit waits until its list is resumed." in text
    assert "on the way" not in visitor.see("/")
    assert "the list contacts is paused" in visitor.see(f"/records/contacts/{contact}")


def test_that_everything_is_paused_is_told_with_how_old_it_is(
    visitor: Visitor, account: Account
) -> None:
    account.pull()
    account.desk(lambda mirror: mirror.write(pauses.pause, []))

    title, text = told(visitor)

    assert title == "Everything is paused"
    assert "all lists. Nothing is read, and no edit is sent. Press Resume all to go on." in text
    assert "Contacts are as of" in text
    assert "copies all" not in text


def test_an_outage_is_told_once_in_words_with_the_age_of_the_mirror(
    visitor: Visitor, account: Account, contact: int
) -> None:
    account.pull()
    rename(account, contact)
    in_trouble(account, "contacts", "orders", "products")
    _, alone = told(visitor)
    run_daemon(account)

    title, text = told(visitor)

    assert title == "ClickFunnels can't be reached"
    assert text.count(REFUSED) == 1
    assert "GET /" not in text
    assert "Contacts are as of" in text
    assert "1 edit waits until ClickFunnels can be reached." in text
    assert "It is tried again every minute." in text
    assert "1 edit waits for cfsync push: no daemon runs." in alone
    assert "tried again" not in alone
    lines = "\n".join(status_lines(account.desk(status.status, account.configured())))
    assert f": {REFUSED}" in lines.replace("\n  ", " ")
    assert "ClickFunnels can't be reached since" in lines
    assert "pull of" not in lines


@pytest.mark.parametrize(
    ("given", "title"),
    [
        ({}, "Contacts can't be read now"),  # the others are read
        ({"kind": "answer"}, "Contacts can't be read now"),
        ({"kind": "limit", "text": "rate limit reached (429)"}, "ClickFunnels asks to wait"),
    ],
)
def test_a_list_in_trouble_is_named(
    visitor: Visitor, account: Account, given: dict[str, str], title: str
) -> None:
    account.pull()
    in_trouble(account, "contacts", **given)
    account.pull("orders")

    assert told(visitor)[0] == title


@pytest.mark.parametrize("runs", [True, False])
def test_an_edit_is_on_its_way_where_a_daemon_runs(
    visitor: Visitor, account: Account, contact: int, runs: bool
) -> None:
    account.pull()
    rename(account, contact)
    if runs:
        run_daemon(account)

    _, text = told(visitor)

    assert ("1 edit on the way to ClickFunnels." in text) is runs
    assert ("1 edit waits for cfsync push: no daemon runs." in text) is not runs
