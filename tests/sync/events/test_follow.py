"""Hints are followed: the record is read again and comes in like any pulled one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import orjson
import pytest

from cfsync.decode import decode_record
from cfsync.hints import WITH_EVENTS, from_delivery
from cfsync.mirror.bookkeeping import tombstones
from cfsync.mirror.bookkeeping.tombstones import Cause, Evidence
from cfsync.mirror.history.changes import BY_PUSH
from cfsync.mirror.incoming.reading import Reading
from cfsync.mirror.progress import events
from cfsync.resources import RESOURCES
from cfsync.sandbox.faults.courier import payload
from cfsync.sync import passes
from cfsync.sync.events.follow import Found, _write
from cfsync.sync.report import Report
from tests.conftest import SQLITE_ONLY
from tests.sync.conftest import Round, a_few_of_everything


class Post:
    """Brings the events of the world to the mirror's inbox, as the receiver would."""

    def __init__(self, round_: Round) -> None:
        self.bodies = False
        self._round = round_
        self._events: list[Any] = []
        round_.world.store.listeners.append(lambda event, _: self._events.append(event))

    def bring(self) -> tuple[int, int]:
        """All that happened since the last time; (new, to be looked at)."""
        hints = [
            from_delivery(orjson.dumps(payload(event)), event["workspace_id"])
            for event in self._events
        ]
        self._events.clear()
        keep = self._round.mirror.write(
            events.save, hints, "receiver", wanted=set(WITH_EVENTS), bodies=self.bodies
        )
        kept = asyncio.run(keep)
        return kept.new, sum(kept.open.values())


@pytest.fixture
def post(round_: Round) -> Post:
    return Post(round_)


def follow(round_: Round, resource: str = "contacts") -> Report:
    return round_.run(passes.events_due, resource)


def asked(round_: Round) -> list[str]:
    """The requests since the last time, but for those about the workspace itself."""
    calls = [path for _, path, _ in round_.world.ledger.calls]
    round_.world.ledger.clear()
    return [p for p in calls if not p.startswith("/workspaces/") or "/contacts" in p]


@pytest.fixture
def filled(round_: Round, post: Post) -> Round:
    round_.backfill()
    round_.world.ledger.clear()
    return round_


def test_what_changed_is_read_again_twenty_to_a_request(filled: Round, post: Post) -> None:
    world, ids = filled.world, filled.ids("contacts")[:30]
    for contact in ids:
        world.edit("contacts", contact, first_name=f"New {contact}")
    world.create("contacts", filled.workspace, first_name="Born")
    post.bring()

    report = follow(filled)

    assert report.counts["contacts"] == {"new": 1, "changed": 30}
    assert len(calls := asked(filled)) == 2, calls
    assert filled.column(
        "SELECT first_name FROM contacts WHERE id > ?", max(filled.ids("contacts")[:-1])
    ) == ["Born"]
    assert filled.one("SELECT lane FROM cf_base WHERE id = ?", ids[0]) == "events"


@SQLITE_ONLY
def test_one_that_comes_twice_or_late_costs_nothing(filled: Round, post: Post) -> None:
    contact = filled.ids("contacts")[0]
    filled.world.edit("contacts", contact, first_name="Ada")
    first = list(post._events)
    filled.world.edit("contacts", contact, first_name="Eve")
    post.bring()
    follow(filled)
    filled.world.ledger.clear()

    post._events += [{**first[0], "uuid": "sent-late"}, first[0]]

    assert post.bring() == (1, 0)
    assert filled.one("SELECT first_name FROM contacts WHERE id = ?", contact) == "Eve"


@SQLITE_ONLY
def test_the_echo_of_an_own_write_costs_nothing(filled: Round, post: Post) -> None:
    filled.sql("UPDATE contacts SET first_name = 'Mine' WHERE id = ?", filled.ids("contacts")[0])
    filled.push("contacts")

    assert post.bring() == (1, 0)


def test_an_edit_of_the_same_record_is_merged_like_with_a_pull(filled: Round, post: Post) -> None:
    contact = filled.ids("contacts")[0]
    filled.sql("UPDATE contacts SET last_name = 'Mine' WHERE id = ?", contact)
    filled.world.edit("contacts", contact, first_name="Theirs")
    post.bring()

    follow(filled)
    filled.push("contacts")

    shown = filled.world.get("contacts", contact)
    assert (shown["first_name"], shown["last_name"]) == ("Theirs", "Mine")


@SQLITE_ONLY
def test_a_tag_that_was_taken_away_is_news_of_its_contact(filled: Round, post: Post) -> None:
    tag = filled.world.create("contact_tags", filled.workspace, name="vip")
    contact = filled.ids("contacts")[0]
    filled.world.create("contact_applied_tags", contact, tag_id=tag)
    post.bring()

    follow(filled)

    assert str(tag) in str(filled.one("SELECT tag_ids FROM contacts WHERE id = ?", contact))


def test_a_deletion_is_buried_only_when_it_was_missing_twice(
    filled: Round, post: Post, settings_: Callable[..., None]
) -> None:
    settings_(DELETIONS__CONFIRM_AFTER="60s")
    contact = filled.ids("contacts")[0]
    filled.world.delete("contacts", contact)
    post.bring()

    follow(filled)
    assert contact in filled.ids("contacts")
    filled.clock.go_on(61)
    report = follow(filled)

    assert report.counts["contacts"] == {"deleted": 1}
    assert contact not in filled.ids("contacts")
    assert filled.one("SELECT cause FROM cf_tombstones WHERE record_id = ?", contact) == "deleted"


@SQLITE_ONLY
def test_a_deletion_that_is_not_true_changes_nothing(filled: Round, post: Post) -> None:
    contact = filled.ids("contacts")[0]
    filled.world.delete("contacts", filled.ids("contacts")[1])
    post._events[0] |= {"subject_id": contact}
    post.bring()

    follow(filled)

    assert contact in filled.ids("contacts")
    assert filled.one("SELECT count(*) FROM cf_tombstones") == 0


@SQLITE_ONLY
def test_too_many_deletions_wait_for_a_human(filled: Round, post: Post) -> None:
    for contact in filled.ids("contacts")[:12]:
        filled.world.delete("contacts", contact)
    post.bring()

    report = follow(filled)

    assert report.counts["contacts"]["held"] == 12
    assert len(filled.ids("contacts")) == 45


@SQLITE_ONLY
def test_an_anonymous_contact_comes_in_when_it_says_who_it_is(filled: Round, post: Post) -> None:
    hidden = filled.world.create("contacts", filled.workspace, anonymous="x")
    post.bring()
    follow(filled)
    assert hidden not in filled.ids("contacts")

    filled.world.identify(hidden, first_name="Known")
    post.bring()
    follow(filled)

    assert hidden in filled.ids("contacts")


@SQLITE_ONLY
def test_an_answer_that_is_older_than_what_another_lane_has_brought_is_asked_for_again(
    filled: Round, post: Post
) -> None:
    contact = filled.ids("contacts")[0]
    filled.world.edit("contacts", contact, first_name="Old")
    post.bring()
    old = decode_record(RESOURCES["contacts"], filled.world.get("contacts", contact))
    filled.world.edit("contacts", contact, first_name="New")
    hints = asyncio.run(filled.mirror.read(events.find_open, RESOURCES["contacts"]))
    filled.clock.go_on(3600)
    filled.run(passes.pull_due, "contacts")

    reading = Reading(RESOURCES["contacts"], "events", 0, "", "clickfunnels")
    asyncio.run(filled.mirror.write(_write, reading, hints, Found({contact: old})))

    assert filled.one("SELECT first_name FROM contacts WHERE id = ?", contact) == "New"
    assert filled.one("SELECT count(*) FROM cf_events WHERE state = 'new'") == 1


@SQLITE_ONLY
def test_what_is_missing_is_not_judged_while_a_sweep_still_counts(
    filled: Round, post: Post
) -> None:
    filled.sql(
        "INSERT INTO cf_checkpoints (resource, parent_id, lane, part)"
        " VALUES ('contacts', ?, 'sweep', 0)",
        filled.workspace,
    )
    gone = filled.ids("contacts")[0]
    filled.world.delete("contacts", gone)
    post.bring()

    follow(filled)
    assert gone in filled.ids("contacts")
    filled.sql("DELETE FROM cf_checkpoints WHERE lane = 'sweep'")
    follow(filled)

    assert gone not in filled.ids("contacts")


@SQLITE_ONLY
def test_two_passes_that_bury_one_record_leave_one_proof(filled: Round, post: Post) -> None:
    gone = filled.ids("contacts")[0]
    filled.world.delete("contacts", gone)
    post.bring()
    follow(filled)

    evidence = Evidence(Cause.DELETED, rev_before=10**9, by=BY_PUSH)
    bury = (tombstones.confirm, RESOURCES["contacts"], gone, evidence)
    second = filled.mirror.write(*bury, keep_row=False)

    assert asyncio.run(second) is False
    assert filled.one("SELECT state FROM cf_tombstones WHERE record_id = ?", gone) == "confirmed"


@SQLITE_ONLY
@a_few_of_everything
def test_resources_without_a_filter_are_read_singly(filled: Round, post: Post) -> None:
    world = filled.world
    course = world.ids("courses", filled.workspace)[0]
    world.edit("courses", course, title="Renamed")
    enrolled = world.create("enrollments", course, contact_id=filled.ids("contacts")[0])
    other = world.workspaces[1]
    shipped = world.create("fulfillments", other, status="fulfilled", contact_id=1, location_id=1)
    gone = world.ids("enrollments", course)[0]
    world.delete("enrollments", gone)
    post.bring()

    for resource in ("courses", "enrollments", "fulfillments"):
        follow(filled, resource)

    assert filled.one("SELECT title FROM courses WHERE id = ?", course) == "Renamed"
    row = filled.sql("SELECT course_id, workspace_id FROM enrollments WHERE id = ?", enrolled)
    assert row == [(course, filled.workspace)]
    assert filled.one("SELECT workspace_id FROM fulfillments WHERE id = ?", shipped) == other
    assert gone not in filled.ids("enrollments")


@SQLITE_ONLY
@a_few_of_everything
def test_a_workspace_that_refuses_holds_up_no_other(filled: Round, post: Post) -> None:
    first, second = filled.world.workspaces[:2]
    for workspace in (first, second):
        contact = filled.world.ids("contacts", workspace)[0]
        filled.world.edit("contacts", contact, first_name="Seen")
    filled.world.refuse(first)
    post.bring()

    report = follow(filled)

    assert report.unreachable == [f"contacts/{first}"]
    named = "SELECT workspace_id FROM contacts WHERE first_name = 'Seen'"
    assert filled.column(named) == [second]
    assert filled.one("SELECT count(*) FROM cf_events WHERE state = 'new'") == 0


@pytest.fixture
def payloads(post: Post, settings_: Callable[..., None]) -> None:
    """Records come along, and the setting says that they may be taken."""
    settings_(EVENTS__USE_PAYLOAD="true")
    post.bodies = True


def test_what_came_along_is_taken_only_where_the_setting_and_its_time_allow(
    filled: Round, post: Post, payloads: None
) -> None:
    contact = filled.ids("contacts")[0]
    filled.world.edit("contacts", contact, first_name="Ada")
    filled.world.edit("contacts", contact, first_name="Eve")
    post._events.reverse()
    post.bring()

    follow(filled)
    assert asked(filled) == []
    assert filled.one("SELECT first_name FROM contacts WHERE id = ?", contact) == "Eve"

    filled.world.create("contacts", filled.workspace, first_name="Born")
    post.bring()
    follow(filled)
    assert len(asked(filled)) == 1, "where there is no base nothing proves that it is newer"


@SQLITE_ONLY
@pytest.mark.parametrize(("confirm_after", "state"), [("0s", "confirmed"), ("60s", "candidate")])
def test_what_came_along_late_unearths_nothing_that_is_thought_to_be_gone(
    filled: Round,
    post: Post,
    payloads: None,
    settings_: Callable[..., None],
    confirm_after: str,
    state: str,
) -> None:
    settings_(DELETIONS__CONFIRM_AFTER=confirm_after, DELETIONS__ON_REMOTE_DELETE="keep")
    contact = filled.ids("contacts")[0]
    filled.world.edit("contacts", contact, first_name="Last words")
    late = post._events.pop()
    filled.world.delete("contacts", contact)
    post.bring()
    follow(filled)
    assert filled.column("SELECT state FROM cf_tombstones") == [state]

    post._events.append(late)
    post.bring()
    follow(filled)

    assert filled.column("SELECT state FROM cf_tombstones") == [state]


@SQLITE_ONLY
def test_what_came_along_with_fewer_fields_is_read_again(
    filled: Round, post: Post, payloads: None
) -> None:
    contact = filled.ids("contacts")[0]
    filled.world.edit("contacts", contact, first_name="Ada")
    data = post._events[0]["data"]
    post._events[0]["data"] = {k: v for k, v in data.items() if k != "tags"}
    post.bring()

    follow(filled)

    assert len(asked(filled)) == 1
    assert filled.one("SELECT first_name FROM contacts WHERE id = ?", contact) == "Ada"
    body = filled.one("SELECT body FROM cf_base WHERE resource = 'contacts' AND id = ?", contact)
    assert "tags" in orjson.loads(body)


@SQLITE_ONLY
def test_what_came_along_is_not_taken_without_the_setting(filled: Round, post: Post) -> None:
    contact = filled.ids("contacts")[0]
    filled.world.edit("contacts", contact, first_name="Ada")
    post._events[0]["data"] |= {"first_name": "Not so"}
    post.bring()

    follow(filled)

    assert filled.one("SELECT first_name FROM contacts WHERE id = ?", contact) == "Ada"


@SQLITE_ONLY
def test_a_pull_follows_them_after_its_lists_which_have_brought_most(
    filled: Round, post: Post
) -> None:
    contact, gone = filled.ids("contacts")[:2]
    filled.world.edit("contacts", contact, first_name="Ada")
    filled.world.delete("contacts", gone)
    post.bring()

    filled.pull()
    filled.pull()

    assert gone not in filled.ids("contacts")
    assert filled.one("SELECT first_name FROM contacts WHERE id = ?", contact) == "Ada"
    assert filled.one("SELECT count(*) FROM cf_events WHERE state = 'new'") == 0


@pytest.fixture
def settings_(round_: Round) -> Callable[..., None]:
    def change(**settings: str) -> None:
        round_.settings.update({f"CFSYNC_{name}": value for name, value in settings.items()})

    return change
