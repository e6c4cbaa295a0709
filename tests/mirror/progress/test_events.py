"""Events in the mirror: kept once, open only where there is something to look at."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from cfsync.hints import Hint
from cfsync.mirror import retention
from cfsync.mirror.progress import events
from cfsync.resources import RESOURCES

Write = Callable[..., Any]

CONTACTS = RESOURCES["contacts"]
AT = "2025-05-21T12:18:51.772Z"


def hint(event_id: str, record_id: int = 5, updated_at: str | None = AT, **more: Any) -> Hint:
    known = {"resource": "contacts", "body": "{}"} | more
    return Hint(event_id, "contact.updated", 7, record_id=record_id, updated_at=updated_at, **known)


@pytest.fixture
def keep(write: Write) -> Callable[..., tuple[int, int]]:
    def one(*hints: Hint, bodies: bool = False) -> tuple[int, int]:
        kept = write(events.save, hints, "receiver", wanted={"contacts"}, bodies=bodies)
        return kept.new, sum(kept.open.values())

    return one


def waiting(write: Write) -> list[str]:
    return [found.event_id for found in write(events.find_open, CONTACTS)]


def test_one_that_comes_again_is_known_while_it_waits_and_afterwards(
    keep: Any, write: Write
) -> None:
    assert keep(hint("e1"), hint("e2")) == (2, 2)
    assert keep(hint("e1")) == (0, 0)

    write(events.close, write(events.find_open, CONTACTS))

    assert keep(hint("e1"), hint("e3")) == (1, 1)
    assert waiting(write) == ["e3"]


def test_what_is_not_mirrored_is_over_at_once(keep: Any, write: Write) -> None:
    assert keep(hint("e1", resource="orders"), hint("e2", resource=None)) == (2, 0)
    assert write(events.resources_with_open) == []


def test_a_state_that_the_mirror_has_needs_no_look(keep: Any, write: Write, sql: Any) -> None:
    sql(
        "INSERT INTO cf_base (resource, id, body, updated_at, rev)"
        f" VALUES ('contacts', 5, '{{}}', '{AT}', 1)"
    )

    same = hint("same")
    older = hint("older", updated_at="2025-05-21T12:18:51.771Z")
    newer = hint("newer", updated_at="2025-05-21T12:18:51.773Z")
    assert keep(same, older, newer, hint("deleted", updated_at=None)) == (4, 2)

    assert sorted(waiting(write)) == ["deleted", "newer"]


def test_a_record_that_came_along_is_kept_only_on_request_and_only_until_it_is_looked_at(
    keep: Any, write: Write, sql: Any
) -> None:
    keep(hint("plain"))
    keep(hint("full"), bodies=True)
    assert sql("SELECT event_id FROM cf_events WHERE body IS NOT NULL") == [("full",)]

    write(events.close, write(events.find_open, CONTACTS))

    assert sql("SELECT count(*) FROM cf_events WHERE body IS NOT NULL OR state = 'new'") == [(0,)]


def test_event_ids_are_remembered_for_three_days_whatever_the_setting_says(
    keep: Any, write: Write, sql: Any
) -> None:
    keep(hint("e1", resource=None), hint("e2", resource=None))
    sql("UPDATE cf_events SET received_at = ? WHERE event_id = 'e1'", ago(days=2.9))
    sql("UPDATE cf_events SET received_at = ? WHERE event_id = 'e2'", ago(days=3.1))

    assert write(retention.prune, "events", 0.0) == 1
    assert sql("SELECT event_id FROM cf_events") == [("e1",)]


def ago(*, days: float) -> str:
    from datetime import UTC, datetime, timedelta

    from cfsync.times import time_text

    return time_text(datetime.now(UTC) - timedelta(days=days))
