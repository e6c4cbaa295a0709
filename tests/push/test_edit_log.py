"""One edit is followed through a failing night by the log alone."""

from __future__ import annotations

import re
from typing import Any

import pytest
from structlog.testing import capture_logs

from cfsync.log_sentences import SENTENCES, as_sentence
from cfsync.mirror.bookkeeping.reasons import WHAT_HELPS, kind_of
from cfsync.sync.push import edit_log
from tests.push.checks import rename
from tests.push.conftest import Account

pytestmark = pytest.mark.usefixtures("no_retries")

NIGHT = [
    ({"kind": "status", "status": 429}, "edit.postponed", "RateLimited"),
    ({"kind": "reset_before"}, "edit.unconfirmed", "Unreachable"),
    ({"kind": "status", "status": 422}, "edit.parked", "refused by ClickFunnels"),
]


def lines_of(logs: list[dict[str, Any]], seq: int) -> list[dict[str, Any]]:
    return [line for line in logs if seq in line.get("seqs", ())]


def test_the_log_tells_each_step_of_an_edit(
    account: Account, app_sql: Any, two: tuple[int, int]
) -> None:
    contact, _ = two
    rename(app_sql, "Lovelace", contact)
    (seq,) = account.column("SELECT seq FROM cf_outbox")
    steps = []
    for fault, *_ in NIGHT:
        account.world.fault(**fault, method="PUT")
        with capture_logs() as logs:
            account.push()
        steps += lines_of(logs, seq)
        assert "Lovelace" not in str(logs)

    told = [(step["event"], step.get("reason")) for step in steps]
    for _, event, reason in NIGHT:
        assert ("edit.sending", None) in told
        assert (event, reason) in told
    first = steps[0]
    assert (first["resource"], first["id"], first["op"]) == ("contacts", contact, "update")
    assert first["fields"] == ["first_name"]
    assert steps[-1]["fields"] == ["first_name"]


def test_the_log_tells_that_an_edit_arrived(
    account: Account, app_sql: Any, two: tuple[int, int]
) -> None:
    rename(app_sql, "X", *two)
    with capture_logs() as logs:
        account.push()

    for seq in account.column("SELECT seq FROM cf_outbox"):
        sending, sent = lines_of(logs, seq)
        assert (sending["event"], sent["event"]) == ("edit.sending", "edit.sent")
        assert sending["batch"] == sent["batch"] > 0


def test_a_terminal_shows_the_steps_as_sentences() -> None:
    line = {
        "event": "edit.parked",
        "level": "warning",
        "resource": "contacts",
        "id": 5,
        "seqs": [4711],
        "reason": "refused by ClickFunnels",
        "fields": ["first_name"],
    }

    assert as_sentence(line) == {
        "level": "warning",
        "event": "edit 4711 of contacts 5 is parked and waits for you: refused by ClickFunnels"
        " first_name",
    }
    assert as_sentence({"event": "daemon.started"}) == {"event": "daemon.started"}


def test_every_step_has_its_sentence_and_its_line_in_the_table() -> None:
    documented = set(re.findall(r"^\| (edit\.\w+)", edit_log.__doc__ or "", re.MULTILINE))

    assert documented == SENTENCES.keys()


@pytest.mark.parametrize("begins", WHAT_HELPS)
def test_the_kind_of_a_reason_quotes_nobody(begins: str) -> None:
    assert "Lovelace" not in kind_of(f"{begins} Lovelace")
