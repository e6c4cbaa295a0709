"""The same tags of many contacts go in bulk: one call, and each contact is read again to see it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cfsync.cli.output.plan import lines_of
from cfsync.mirror.db.engine import Mirror
from cfsync.sync.decisions.revert import revert
from cfsync.sync.inspection import bulk
from cfsync.sync.push.bulk import start
from cfsync.sync.push.planning import in_bulk as planned_bulks
from tests.conftest import POSTGRESQL_ONLY, SQLITE_ONLY
from tests.push.checks import differences, settled
from tests.push.conftest import Account
from tests.push.test_killed import cfsync_push, killed
from tests.push.test_plan import by_file, planned

pytestmark = pytest.mark.usefixtures("no_retries")

ROUTE = "/contacts/tag_actions"
ACTION = ("create", "contact_tag_actions")


@pytest.fixture(autouse=True)
def bulk_from_three(account: Account) -> None:
    account.settings["CFSYNC_PUSH__BULK_FROM"] = "3"


@pytest.fixture
def tag(account: Account) -> int:
    """A tag that no contact has, known to the mirror."""
    made = account.world.create("contact_tags", account.workspace, name="Bulk")
    account.pull("contact_tags")
    return made


def tag_all(app_sql: Any, account: Account, tag: int, *, but: int = 0) -> list[int]:
    """Tag all contacts but the first `but` ones by SQL; their ids."""
    chosen = account.ids_of("contacts")[but:]
    for contact in chosen:
        tags = json.dumps(sorted({*account.tags(contact), tag}))
        app_sql("UPDATE contacts SET tag_ids = ? WHERE id = ?", tags, contact)
    return chosen


def have(account: Account, tag: int, contacts: list[int]) -> list[bool]:
    return [tag in account.tags(contact) for contact in contacts]


def bulk_checks(account: Account) -> list[str]:
    """What `doctor` says of bulk actions."""

    async def read(mirror: Mirror) -> list[str]:
        return [check.text for check in await mirror.read(bulk.checks)]

    return list(account.desk(read))


def all_settled(account: Account, contacts: list[int], tag: int) -> None:
    assert have(account, tag, contacts) == [True] * len(contacts)
    assert account.sql("SELECT key FROM cf_meta WHERE key LIKE 'bulk/%'") == []
    for contact in contacts:
        assert differences(account, "contacts", contact) == []
    settled(account, "contacts", contacts[-1])


def test_the_same_tag_of_many_contacts_goes_in_one_call(
    account: Account, app_sql: Any, tag: int
) -> None:
    contacts = tag_all(app_sql, account, tag)

    report = account.push()

    assert account.writes() == [ACTION]
    assert (report.total("sent"), report.exit_code) == (len(contacts), 0)
    assert account.states() == ["done"] * len(contacts)
    assert report.requests <= 5  # teams and workspaces, the list, the action, the contacts
    all_settled(account, contacts, tag)


@SQLITE_ONLY
def test_no_call_names_more_contacts_than_it_may(
    account: Account, app_sql: Any, tag: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(start, "TARGETS", 4)
    monkeypatch.setattr(planned_bulks, "TARGETS", 4)
    account.world.store.bulk.bulk_limit = 4
    contacts = tag_all(app_sql, account, tag)
    (bulk,) = planned(account).bulks

    assert account.push().exit_code == 0

    assert (bulk.records, bulk.calls) == (6, 2)
    assert account.writes() == [ACTION, ACTION]
    all_settled(account, contacts, tag)


def test_fewer_contacts_and_no_bulk_at_all_go_one_by_one(
    account: Account, app_sql: Any, tag: int
) -> None:
    few = tag_all(app_sql, account, tag, but=4)
    account.push()
    account.settings["CFSYNC_PUSH__BULK_FROM"] = "0"
    rest = tag_all(app_sql, account, tag)

    account.push()

    assert ACTION not in account.writes()
    assert len(few) == 2
    all_settled(account, rest, tag)


def test_adding_and_removing_are_two_actions_of_the_same_edits(
    account: Account, app_sql: Any, tag: int
) -> None:
    old = account.world.create("contact_tags", account.workspace, name="Old")
    contacts = account.ids_of("contacts")
    for contact in contacts:
        account.world.create("contact_applied_tags", contact, tag_id=old)
    account.pull()
    for contact in contacts:
        tags = json.dumps(sorted({*account.tags(contact), tag} - {old}))
        app_sql("UPDATE contacts SET tag_ids = ? WHERE id = ?", tags, contact)

    account.push()

    assert account.writes() == [ACTION, ACTION]
    assert not any(have(account, old, contacts))
    all_settled(account, contacts, tag)


def test_edits_of_other_fields_and_of_other_tags_go_one_by_one(
    account: Account, app_sql: Any, tag: int
) -> None:
    contacts = tag_all(app_sql, account, tag)
    app_sql("UPDATE contacts SET first_name = 'X' WHERE id = ?", contacts[0])
    app_sql("UPDATE contacts SET tag_ids = '[]' WHERE id = ?", contacts[1])

    account.push()

    assert account.writes().count(ACTION) == 1
    assert account.tags(contacts[1]) == []
    all_settled(account, [contacts[0], *contacts[2:]], tag)


def test_a_tag_that_the_same_push_creates_is_known_to_the_action(
    account: Account, app_sql: Any
) -> None:
    app_sql("INSERT INTO contact_tags (id, name) VALUES (900000000000007, 'New')")
    contacts = tag_all(app_sql, account, 900_000_000_000_007)

    account.push()

    assert account.writes() == [("create", "contact_tags"), ACTION]
    (tag,) = account.column("SELECT id FROM contact_tags WHERE name = 'New'")
    all_settled(account, contacts, tag)


def test_an_action_that_is_still_at_work_is_left_to_the_next_push(
    account: Account, app_sql: Any, tag: int
) -> None:
    account.world.store.bulk.bulk_looks = None
    contacts = tag_all(app_sql, account, tag)

    report = account.push()

    assert (report.exit_code, account.states()) == (4, ["sending"] * len(contacts))
    found = planned(account)
    assert (len(found.records), found.bulks, found.exit_code) == (0, [], 0)
    (begun,) = found.begun
    assert begun.record_ids == tuple(contacts)
    under_way, _ = lines_of(found)
    assert under_way.startswith(f"under way in bulk since {begun.called_at}: add tag {tag} to 6 ")
    assert account.push().exit_code == 4
    app_sql("UPDATE contacts SET first_name = 'X' WHERE id = ?", contacts[0])
    assert account.push().exit_code == 4
    assert account.writes() == [ACTION]
    account.world.store.bulk.bulk_looks = 1
    assert account.push().exit_code == 0
    assert account.writes() == [ACTION, ("update", "contacts")]
    all_settled(account, contacts, tag)


def test_an_action_that_never_ends_is_deleted_and_its_edits_go_one_by_one(
    account: Account, app_sql: Any, tag: int
) -> None:
    account.world.store.bulk.bulk_looks = None
    contacts = tag_all(app_sql, account, tag)
    account.push()
    ((key, text),) = account.sql("SELECT key, value FROM cf_meta WHERE key LIKE 'bulk/%'")
    long_ago = json.dumps(json.loads(text) | {"called_at": "2026-01-01T00:00:00.000Z"})
    account.sql("UPDATE cf_meta SET value = ? WHERE key = ?", long_ago, key)

    assert account.push().exit_code == 0

    singly = [("create", "contact_applied_tags")] * len(contacts)
    assert account.writes() == [ACTION, ("delete", "contact_tag_actions"), *singly]
    all_settled(account, contacts, tag)


@pytest.mark.parametrize("kind", ["reset_after", "html_503", "truncated"])
def test_a_lost_answer_is_looked_for_in_the_list(
    account: Account, app_sql: Any, tag: int, kind: str
) -> None:
    account.world.fault(kind, method="POST", path=ROUTE, applied=True)
    contacts = tag_all(app_sql, account, tag)

    report = account.push()

    assert (report.state, report.exit_code, report.problems) == ("done", 0, [])
    assert account.writes() == [ACTION]
    all_settled(account, contacts, tag)


@pytest.mark.parametrize("shows", [True, False])
def test_an_action_that_never_arrived_is_sent_again(
    account: Account, app_sql: Any, tag: int, *, shows: bool
) -> None:
    account.world.store.bulk.bulk_shows_targets = shows
    account.world.fault("reset_before", method="POST", path=ROUTE)
    contacts = tag_all(app_sql, account, tag)

    report = account.push()

    assert (report.exit_code, account.writes()) == (0, [ACTION])
    all_settled(account, contacts, tag)


def test_an_action_that_never_arrives_twice_is_left_to_the_next_push(
    account: Account, app_sql: Any, tag: int
) -> None:
    account.world.fault("reset_before", method="POST", path=ROUTE, times=2)
    contacts = tag_all(app_sql, account, tag)

    report = account.push()

    assert (report.exit_code, account.writes()) == (4, [])
    assert account.states() == ["pending"] * len(contacts)
    account.push()
    assert account.writes() == [ACTION]
    all_settled(account, contacts, tag)


def test_edits_wait_for_their_bulk_while_the_server_is_down(
    account: Account, app_sql: Any, tag: int
) -> None:
    account.world.fault("status", method="GET", path=ROUTE, status=503)
    contacts = tag_all(app_sql, account, tag)

    report = account.push()

    assert (report.exit_code, account.writes()) == (4, [])
    account.push()
    assert account.writes() == [ACTION]
    all_settled(account, contacts, tag)


@pytest.mark.parametrize("counts", ["targets", "changes"])
def test_what_an_action_leaves_out_goes_one_by_one(
    account: Account, app_sql: Any, tag: int, counts: Any
) -> None:
    bulk = account.world.store.bulk
    bulk.bulk_share, bulk.bulk_counts, bulk.bulk_touches = 0.5, counts, False
    contacts = tag_all(app_sql, account, tag)

    assert account.push().exit_code == 0

    assert account.writes() == [ACTION] + [("create", "contact_applied_tags")] * 3
    all_settled(account, contacts, tag)


def test_all_of_a_bulk_is_in_the_batch_that_ends_it(
    account: Account, app_sql: Any, tag: int
) -> None:
    bulk = account.world.store.bulk
    bulk.bulk_looks, bulk.bulk_touches = None, False
    contacts = tag_all(app_sql, account, tag)
    account.push()
    bulk.bulk_looks, bulk.bulk_share = 1, 0.5

    batch = account.push().batch

    assert account.column("SELECT DISTINCT batch FROM cf_outbox") == [batch]
    assert batch is not None
    account.desk(revert, batch)
    account.push()
    assert have(account, tag, contacts) == [False] * len(contacts)


def test_actions_that_can_not_be_read_hold_nothing_up(
    account: Account, app_sql: Any, tag: int
) -> None:
    account.world.fault("reset_before", method="POST", path="tag_actions")
    contacts = tag_all(app_sql, account, tag)
    account.world.fault("status", status=403, method="GET", path="tag_actions", times=None, nth=2)

    account.push()
    account.push()

    all_settled(account, contacts, tag)


def test_an_action_that_changes_nothing_is_the_last_for_a_day(
    account: Account, app_sql: Any, tag: int
) -> None:
    account.world.store.bulk.bulk_share = 0.0
    contacts = tag_all(app_sql, account, tag)
    account.push()
    assert account.writes().count(ACTION) == 1
    all_settled(account, contacts, tag)
    other = account.world.create("contact_tags", account.workspace, name="Other")
    account.pull("contact_tags")

    again = tag_all(app_sql, account, other)
    account.push()

    assert account.writes().count(ACTION) == 1
    all_settled(account, again, other)


@pytest.mark.parametrize(
    ("method", "status"), [("GET", 404), ("GET", 403), ("POST", 403), ("POST", 422)]
)
def test_an_account_without_bulk_actions_gets_single_calls(
    account: Account, app_sql: Any, tag: int, status: int, method: str
) -> None:
    account.world.fault("status", method=method, path=ROUTE, status=status, times=None)
    contacts = tag_all(app_sql, account, tag)

    assert account.push().exit_code == 0

    assert account.writes() == [("create", "contact_applied_tags")] * len(contacts)
    (key,) = account.column("SELECT key FROM cf_meta WHERE key LIKE 'bulk!_off/%' ESCAPE '!'")
    assert key == f"bulk_off/contacts/{account.workspace}"
    (text,) = bulk_checks(account)
    place = f"edits of tag_ids of contacts in workspace {account.workspace}"
    assert text.startswith(f"{place} go one by one until ")
    assert text.endswith(f", since bulk actions are off: answered with {status}")
    all_settled(account, contacts, tag)


@pytest.mark.parametrize("unknown", ["passed over", "refused"])
def test_a_contact_that_was_deleted_there_waits_for_a_person_and_the_others_go_in_bulk(
    account: Account, app_sql: Any, tag: int, unknown: Any
) -> None:
    """Whether an action passes over targets that it doesn't know, or is refused for them."""
    account.world.store.bulk.bulk_unknown = unknown
    contacts = tag_all(app_sql, account, tag)
    account.world.delete("contacts", contacts[0])

    report = account.push()

    assert (report.exit_code, account.writes()) == (5, [ACTION])
    assert account.states() == ["held"] + ["done"] * (len(contacts) - 1)
    assert all(have(account, tag, contacts[1:]))
    assert bulk_checks(account) == []


@SQLITE_ONLY
def test_a_tag_that_was_deleted_there_turns_no_other_bulk_off(
    account: Account, app_sql: Any, tag: int
) -> None:
    contacts = tag_all(app_sql, account, tag)
    account.world.delete("contact_tags", tag)

    assert account.push().exit_code == 5

    assert account.states() == ["parked"] * len(contacts)
    assert bulk_checks(account) == []


@SQLITE_ONLY
def test_where_a_public_id_is_not_known_the_edit_goes_alone(
    account: Account, app_sql: Any, tag: int
) -> None:
    first, *_ = account.ids_of("contacts")
    account.world.edit("contacts", first, public_id=None)
    account.pull("contacts")
    contacts = tag_all(app_sql, account, tag)

    account.push()

    assert account.writes() == [ACTION, ("create", "contact_applied_tags")]
    assert all(have(account, tag, contacts))


def test_what_others_tag_meanwhile_stays(account: Account, app_sql: Any, tag: int) -> None:
    contacts = tag_all(app_sql, account, tag)
    theirs = account.world.create("contact_tags", account.workspace, name="Theirs")
    account.world.create("contact_applied_tags", contacts[0], tag_id=theirs)

    account.push()

    assert {tag, theirs} <= set(account.tags(contacts[0]))
    all_settled(account, contacts, tag)


def test_a_revert_takes_it_back_in_bulk(account: Account, app_sql: Any, tag: int) -> None:
    contacts = tag_all(app_sql, account, tag)
    before = [[t for t in account.tags(contact) if t != tag] for contact in contacts]
    batch = account.push().batch
    assert batch is not None

    done = account.desk(revert, batch)
    account.push()

    assert (len(done.fields), done.left) == (len(contacts), [])
    assert account.writes() == [ACTION, ACTION]
    assert [account.tags(contact) for contact in contacts] == before


CRASHES = [
    "after_commit/begin",
    "after_commit/journal",
    "before_commit/call",
    "after_commit/call",
    "before_commit/save",
    "after_commit/save",
    "before_commit/_settle",
    "after_commit/_settle",
    "before_commit/forget",
]


@pytest.mark.parametrize("where", CRASHES)
@SQLITE_ONLY
def test_a_killed_push_loses_and_doubles_nothing(
    account: Account, app_sql: Any, tag: int, where: str
) -> None:
    survives(account, app_sql, tag, where)


@pytest.mark.parametrize("where", ["after_commit/call", "before_commit/save"])
@POSTGRESQL_ONLY
def test_a_killed_push_loses_and_doubles_nothing_on_postgresql(
    account: Account, app_sql: Any, tag: int, where: str
) -> None:
    survives(account, app_sql, tag, where)


@pytest.mark.parametrize("where", ["after_commit/call", "before_commit/save"])
def test_a_push_that_is_killed_after_a_lost_answer_sends_nothing_twice(
    account: Account, app_sql: Any, tag: int, where: str
) -> None:
    account.world.fault("reset_after", method="POST", path=ROUTE, times=1)
    survives(account, app_sql, tag, where)


def survives(account: Account, app_sql: Any, tag: int, where: str) -> None:
    contacts = tag_all(app_sql, account, tag)

    killed(cfsync_push(account, CFSYNC_CRASH_AT=where))
    account.push()
    account.push()

    assert account.writes() == [ACTION]
    all_settled(account, contacts, tag)


def test_the_plan_counts_the_calls_of_a_bulk(account: Account, app_sql: Any, tag: int) -> None:
    contacts = tag_all(app_sql, account, tag)
    app_sql("UPDATE contacts SET first_name = 'X' WHERE id = ?", contacts[0])

    found = planned(account)
    text = "\n".join(lines_of(found))

    (bulk,) = found.bulks
    assert (bulk.kind, bulk.member, bulk.records, bulk.calls) == ("add", tag, 5, 1)
    assert found.calls == 3  # an update and a tag of the first one, the bulk of the others
    assert f"in bulk: add tag {tag} to 5 contacts of workspace {account.workspace} (1 call)" in text
    assert [r.is_bulk for r in found.records] == [False] + [True] * 5
    report = account.push()
    assert account.writes().count(ACTION) == 1
    assert report.requests <= found.requests + 2  # teams and workspaces are not a plan's matter
    assert planned(account).bulks == []


def test_a_plan_names_no_bulk_where_the_account_has_none(
    account: Account, app_sql: Any, tag: int
) -> None:
    account.world.closed_routes.add("GET /workspaces/{parent}/contacts/tag_actions")
    tag_all(app_sql, account, tag)
    account.push()
    other = account.world.create("contact_tags", account.workspace, name="Other")
    account.pull("contact_tags")
    contacts = tag_all(app_sql, account, other)

    found = planned(account)

    assert (found.bulks, found.calls) == ([], len(contacts))


def test_a_push_by_a_plan_sends_its_bulk(
    account: Account, app_sql: Any, tag: int, tmp_path: Path
) -> None:
    contacts = tag_all(app_sql, account, tag)
    found = planned(account)
    app_sql("UPDATE contacts SET first_name = 'X' WHERE id = ?", contacts[0])

    report = by_file(account, tmp_path, found)

    assert report.outdated == [f"contacts {contacts[0]}"]
    assert have(account, tag, contacts) == [False] + [True] * (len(contacts) - 1)
    assert account.writes() == [ACTION]
