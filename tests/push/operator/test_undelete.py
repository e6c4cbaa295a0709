"""Undelete brings back what was deleted on either side, as an INSERT that a user would write."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest

from cfsync.errors import UnknownResource
from cfsync.mirror.bookkeeping.tombstones import Cause, Side, save_confirmed
from cfsync.mirror.db.engine import Mirror
from cfsync.mirror.history.person import person
from cfsync.mirror.user_decisions.undelete import How, Undelete
from cfsync.resources import RESOURCES
from cfsync.sync.decisions import outbox as desk
from cfsync.sync.decisions.redact import redact
from cfsync.sync.decisions.undelete import undelete
from tests.push.conftest import Account
from tests.replayed import differences, state_of


@pytest.fixture(params=["history", "no history"])
def told(request: pytest.FixtureRequest, account: Account) -> Account:
    """An account with a history that is complete, and one without any."""
    if request.param == "history":
        del account.settings["CFSYNC_RETENTION__CHANGES"]
        account.pull()
    return account


def bring_back(account: Account, resource: str, *records: int | str) -> list[Undelete]:
    return account.desk(undelete, resource, [str(r) for r in records], lambda _: None)


def reasons(done: Sequence[Undelete]) -> list[str | None]:
    return [one.reason for one in done]


def given(account: Account, contact: int) -> tuple[Any, ...]:
    """What people see of a contact, in the mirror."""
    names = "email_address, first_name, last_name, phone_number, custom_attributes, tag_ids"
    (row,) = account.sql(f"SELECT {names} FROM contacts WHERE id = ?", contact)
    return tuple(json.loads(v) if isinstance(v, str) and v[:1] in "[{" else v for v in row)


def delete_there(account: Account, resource: str, record: int) -> None:
    account.world.delete(resource, record)
    account.sweep(resource)
    account.sweep(resource)
    assert account.sql(f"SELECT id FROM {resource} WHERE id = ?", record) == []


def tag(account: Account, contact: int, *tags: int) -> None:
    account.sql("UPDATE contacts SET tag_ids = ? WHERE id = ?", json.dumps(tags), contact)
    account.push()


def test_a_contact_that_was_deleted_by_sql_is_a_new_record(told: Account, contact: int) -> None:
    one, two = told.ids_of("contact_tags")[:2]
    tag(told, contact, one, two)
    before = given(told, contact)
    told.sql("DELETE FROM contacts WHERE id = ?", contact)
    told.push()
    assert told.world.get("contacts", contact) is None

    (done,) = bring_back(told, "contacts", contact)

    assert (done.how, done.reason) == (How.INSERT, None)
    assert told.sql("SELECT op, state FROM cf_outbox WHERE record_id = ?", done.new_id) == [
        ("insert", "pending")
    ]
    left = {one.field for one in done.left}
    assert {"created_at", "uuid"} <= left
    assert left.isdisjoint({"email_address", "tag_ids", "tags", "id"})
    told.push()
    new = told.one("SELECT id FROM contacts WHERE email_address = ?", before[0])
    assert new not in (contact, done.new_id)
    assert given(told, new) == before
    assert told.tags(new) == sorted([one, two])


def test_a_contact_that_was_deleted_in_clickfunnels_is_a_new_record(
    told: Account, contact: int
) -> None:
    before = given(told, contact)
    delete_there(told, "contacts", contact)

    (done,) = bring_back(told, "contacts", contact)
    told.push()

    assert done.how == How.INSERT
    new = told.one("SELECT id FROM contacts WHERE email_address = ?", before[0])
    assert given(told, new) == before
    assert told.world.get("contacts", new)["email_address"] == before[0]


def test_what_undelete_does_is_in_the_history(account: Account, contact: int) -> None:
    del account.settings["CFSYNC_RETENTION__CHANGES"]
    account.pull()
    before = state_of(account.mirror, ("contacts",))
    account.sql("DELETE FROM contacts WHERE id = ?", contact)
    bring_back(account, "contacts", contact)
    account.sql("DELETE FROM contacts WHERE id = ?", contact)
    account.push()
    bring_back(account, "contacts", contact)
    account.push()

    assert differences(account.mirror, before) == []


def test_a_delete_that_was_not_sent_is_taken_back(told: Account, contact: int) -> None:
    told.sql("UPDATE contacts SET first_name = 'Eve' WHERE id = ?", contact)
    before = given(told, contact)
    told.sql("DELETE FROM contacts WHERE id = ?", contact)

    (done,) = bring_back(told, "contacts", contact)

    assert (done.how, done.new_id) == (How.TAKE_BACK, None)
    assert given(told, contact) == before
    assert told.states() == ["pending", "discarded"]
    told.push()
    assert told.world.get("contacts", contact)["first_name"] == "Eve"


def test_a_delete_of_what_can_not_be_created_is_taken_back_while_it_is_not_sent(
    account: Account,
) -> None:
    image = account.ids_of("images")[0]
    account.sql("DELETE FROM images WHERE id = ?", image)

    assert [one.how for one in bring_back(account, "images", image)] == [How.TAKE_BACK]
    account.sql("DELETE FROM images WHERE id = ?", image)
    account.push()

    assert reasons(bring_back(account, "images", image)) == [
        "images.upload_source_url has to be given, and its value is not known"
    ]


def test_a_redacted_record_stays_deleted(told: Account, contact: int) -> None:
    told.run(redact, str(contact))

    (done,) = bring_back(told, "contacts", contact)

    assert done.reason == "it was redacted, and nothing of it is kept"


def test_nor_is_one_whose_new_record_was_redacted(told: Account, contact: int) -> None:
    told.sql("UPDATE contacts SET last_name = 'Unforgotten' WHERE id = ?", contact)
    email = told.one("SELECT email_address FROM contacts WHERE id = ?", contact)
    told.push()
    told.sql("DELETE FROM contacts WHERE id = ?", contact)
    told.push()
    bring_back(told, "contacts", contact)
    told.push()
    new = told.one("SELECT id FROM contacts WHERE email_address = ?", email)
    told.run(redact, str(new))

    assert (
        reasons(bring_back(told, "contacts", contact, new))
        == ["it was redacted, and nothing of it is kept"] * 2
    )
    kept = told.column("SELECT CAST(patch AS text) FROM cf_feed")
    kept += told.column("SELECT body FROM cf_tombstones WHERE body IS NOT NULL")
    assert not [text for text in kept if "Unforgotten" in text]


def test_a_record_is_brought_back_once(told: Account, contact: int) -> None:
    told.sql("DELETE FROM contacts WHERE id = ?", contact)
    told.push()
    (done,) = bring_back(told, "contacts", contact)
    at_once = reasons(bring_back(told, "contacts", contact))
    told.push()
    new = told.one("SELECT max(id) FROM contacts WHERE id < 900000000000000")
    later = reasons(bring_back(told, "contacts", contact))

    assert at_once == [f"it was brought back already: contacts {done.new_id}"]
    assert later == [f"it was brought back already: contacts {new}"]


def test_tags_that_are_gone_are_left_out_and_new_ones_take_their_place(
    told: Account, contact: int
) -> None:
    one, two, three = told.ids_of("contact_tags")
    tag(told, contact, one, two, three)
    told.sql("DELETE FROM contacts WHERE id = ?", contact)
    told.push()
    told.sql("DELETE FROM contact_tags WHERE id IN (?, ?)", one, two)
    told.push()
    names = bring_back(told, "contact_tags", two)

    (done,) = bring_back(told, "contacts", contact)
    told.push()

    gone = [left for left in done.left if left.is_gone]
    assert [(g.field, g.reason) for g in gone] == [("tag_ids", f"contact_tags {one} is gone")]
    new_tag = told.one("SELECT max(id) FROM contact_tags WHERE id < 900000000000000")
    assert [tag.how for tag in names] == [How.INSERT]
    new = told.one("SELECT max(id) FROM contacts WHERE id < 900000000000000")
    assert told.tags(new) == sorted([three, new_tag])


def test_the_only_tag_is_gone_as_well(account: Account, contact: int) -> None:
    tags = account.ids_of("contact_tags")
    tag(account, contact, tags[0])
    account.sql("DELETE FROM contacts WHERE id = ?", contact)
    account.push()
    account.sql("DELETE FROM contact_tags")
    account.push()
    assert account.ids_of("contact_tags") == []

    (done,) = bring_back(account, "contacts", contact)

    assert [left.reason for left in done.left if left.is_gone] == [
        f"contact_tags {tags[0]} is gone"
    ]


def test_a_record_whose_parent_is_gone_stays_deleted(account: Account) -> None:
    submission = account.ids_of("submissions")[0]
    form = account.one("SELECT form_id FROM submissions WHERE id = ?", submission)
    account.sql("DELETE FROM submissions WHERE id = ?", submission)
    account.push()
    account.sql("DELETE FROM forms WHERE id = ?", form)
    account.push()

    assert reasons(bring_back(account, "submissions", submission)) == [
        f"form_id: forms {form} is gone"
    ]


def test_a_child_is_brought_back_below_its_parent(account: Account) -> None:
    comments, where = RESOURCES["community_comments"], {"parent_id": 5}
    body = json.dumps({"id": 71, "body": "Thanks"})  # ClickFunnels doesn't show the post's id
    proof = (save_confirmed, comments, 71, Side.REMOTE, Cause.DELETED)
    account.desk(Mirror.write, *proof, body=body, workspace_id=account.workspace, **where)

    (done,) = bring_back(account, "community_comments", 71)

    assert account.sql("SELECT id, community_post_id, body FROM community_comments") == [
        (done.new_id, 5, "Thanks")
    ]


def test_a_delete_that_is_being_sent_is_not_taken_back(account: Account, contact: int) -> None:
    account.sql("DELETE FROM contacts WHERE id = ?", contact)
    account.sql("UPDATE cf_outbox SET state = 'sending' WHERE record_id = ?", contact)

    assert reasons(bring_back(account, "contacts", contact)) == [
        "its delete is being sent: run cfsync push first"
    ]


def test_several_have_an_outcome_each_in_the_order_of_their_ids(
    told: Account, two: tuple[int, int]
) -> None:
    first, second = two
    third = told.ids_of("contacts")[2]
    told.sql("DELETE FROM contacts WHERE id = ?", second)
    told.push()
    told.sql("DELETE FROM contacts WHERE id = ?", first)
    shown: list[Sequence[Undelete]] = []

    names = [str(i) for i in (987654321, second, third, first, second)]
    done = told.desk(undelete, "contacts", names, shown.append)

    outcomes = [(first, "take_back"), (second, "insert"), (third, "refuse"), (987654321, "refuse")]
    expected = sorted(outcomes)
    assert [(one.record_id, str(one.how)) for one in done] == expected
    assert [(one.record_id, str(one.how)) for one in shown[0]] == expected
    said = {one.record_id: one.reason for one in done}
    assert said[third] == "it is in the mirror"
    assert said[987654321] == "the mirror knows no such record that was deleted"


def test_one_that_nobody_knows_does_not_stop_the_others(told: Account, contact: int) -> None:
    told.sql("DELETE FROM contacts WHERE id = ?", contact)

    unknown, known = bring_back(told, "contacts", "nobody", contact)

    assert (unknown.name, unknown.how) == ("contacts nobody", How.REFUSE)
    assert unknown.reason == "the mirror knows no record with this public id"
    assert (known.record_id, known.how) == (contact, How.TAKE_BACK)


def test_the_history_says_who_brought_it_back(account: Account, contact: int) -> None:
    del account.settings["CFSYNC_RETENTION__CHANGES"]
    account.pull()
    last = state_of(account.mirror, ("contacts",)).seq
    account.sql("DELETE FROM contacts WHERE id = ?", contact)
    bring_back(account, "contacts", contact)
    account.sql("DELETE FROM contacts WHERE id = ?", contact)
    account.push()
    bring_back(account, "contacts", contact)
    told = account.sql("SELECT op, db_user FROM cf_feed WHERE seq > ? ORDER BY seq", last)

    assert [who for op, who in told if op == "insert"] == [person(), person()]


def test_one_that_refers_to_another_of_them_gets_its_new_id(account: Account) -> None:
    sections, course = RESOURCES["course_sections"], account.ids_of("courses")[0]
    where = {"parent_id": course, "workspace_id": account.workspace}
    for section, blocker in ((71, None), (72, 71), (73, 70)):
        shown = {"id": section, "course_id": course, "title": "A"}
        body = json.dumps(shown | {"blocker_section_id": blocker})
        proof = (save_confirmed, sections, section, Side.REMOTE, Cause.DELETED)
        account.desk(Mirror.write, *proof, body=body, **where)
    account.desk(Mirror.write, save_confirmed, sections, 70, Side.REMOTE, Cause.DELETED, body=None)

    one, two, three = bring_back(account, "course_sections", 73, 72, 71)

    blockers = account.sql("SELECT id, blocker_section_id FROM course_sections ORDER BY id")
    assert blockers == [(one.new_id, None), (two.new_id, one.new_id), (three.new_id, None)]
    assert [left.reason for left in three.left if left.is_gone] == ["course_sections 70 is gone"]
    assert not [left for left in two.left if left.is_gone]


def test_what_clickfunnels_lets_nobody_create_stays_deleted(told: Account) -> None:
    order = told.ids_of("orders")[0]
    delete_there(told, "orders", order)

    assert reasons(bring_back(told, "orders", order)) == ["other orders are made by a checkout"]


def test_one_whose_place_is_taken_stays_deleted(told: Account, two: tuple[int, int]) -> None:
    first, second = two
    email = told.one("SELECT email_address FROM contacts WHERE id = ?", first)
    told.sql("DELETE FROM contacts WHERE id IN (?, ?)", first, second)
    told.push()
    told.sql("INSERT INTO contacts (email_address) VALUES (?)", email)

    refused, done = bring_back(told, "contacts", first, second)

    assert "another row has this email_address" in (refused.reason or "")
    assert (done.how, done.reason) == (How.INSERT, None)


def test_a_public_id_is_as_good_as_an_id(told: Account, contact: int) -> None:
    name = told.one("SELECT public_id FROM contacts WHERE id = ?", contact)
    told.sql("DELETE FROM contacts WHERE id = ?", contact)
    told.push()

    assert [one.record_id for one in bring_back(told, "contacts", name)] == [contact]
    with pytest.raises(UnknownResource):
        bring_back(told, "people", contact)


def test_a_row_that_was_deleted_before_it_was_ever_sent_is_a_new_one(told: Account) -> None:
    told.sql("INSERT INTO contacts (email_address, first_name) VALUES ('a@example.com', 'Zoe')")
    row = told.one("SELECT max(id) FROM contacts")
    told.sql("DELETE FROM contacts WHERE id = ?", row)
    told.push()

    (done,) = bring_back(told, "contacts", row)
    told.push()

    assert done.how == How.INSERT
    assert told.column("SELECT first_name FROM contacts WHERE email_address = 'a@example.com'") == [
        "Zoe"
    ]


def test_a_delete_that_was_discarded_is_not_the_last_state(told: Account, contact: int) -> None:
    told.sql("DELETE FROM contacts WHERE id = ?", contact)
    (seq,) = told.column("SELECT seq FROM cf_outbox WHERE op = 'delete'")
    told.desk(desk.discard, [str(seq)])
    told.world.edit("contacts", contact, first_name="Later")
    told.pull("contacts")
    delete_there(told, "contacts", contact)

    (done,) = bring_back(told, "contacts", contact)

    assert told.one("SELECT first_name FROM contacts WHERE id = ?", done.new_id) == "Later"
