"""Revert and Undelete: what they would do, what they do, and where they lead. And that what the
pages say of the way back is true.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from cfsync.sync.decisions.redact import redact
from tests.browser import staging
from tests.push.conftest import Account
from tests.web.console.conftest import Visitor
from tests.web.console.test_actions import dispute, disputes, first_name, note_held, parked


def created(account: Account) -> tuple[int, list[int]]:
    """A push that has created two contacts: its number and their ids."""
    for name in ("Grace", "Hedy"):
        account.sql("INSERT INTO contacts (first_name) VALUES (?)", name)
    batch = account.push().batch
    return batch, account.ids_of("contacts")[-2:]


def named(account: Account, contact: int) -> None:
    account.sql(
        "UPDATE contacts SET first_name = 'Ada', last_name = 'Lovelace' WHERE id = ?", contact
    )
    account.push()


def asked(visitor: Visitor, path: str, choice: str, **form: str) -> str:
    """The page that shows first what a button would do."""
    return visitor.ask("POST", path, data={"choice": choice, **form}).text


def test_what_a_push_has_created_is_deleted_where_that_is_chosen(
    visitor: Visitor, account: Account, contact: int
) -> None:
    was = first_name(account, contact)
    account.sql("UPDATE contacts SET first_name = 'Augusta' WHERE id = ?", contact)
    batch, new = created(account)
    path = f"/revert/{batch}"
    shown = asked(visitor, path, "revert")
    for told in (
        f"Augusta</del> → <ins>{was}",
        "Revert, and delete the 2 records",
        "Grace",
        "Hedy",
    ):
        assert told in shown
    assert "--with-created" not in shown

    visitor.agree(path, shown)
    account.push()
    assert account.ids_of("contacts")[-2:] == new
    answer = visitor.agree(path, asked(visitor, path, "revert"), "with_created")
    page = visitor.see(answer.headers["location"])
    account.push()

    assert f"Push {batch}: 2 records it created will be deleted with it." in page
    assert "afterwards Undelete, on the page of each record" in page
    assert [account.world.get("contacts", one) for one in new] == [None, None]


def test_what_a_revert_deletes_is_shown_again_where_it_has_become_more(
    visitor: Visitor, account: Account
) -> None:
    batch, new = created(account)
    account.sql("DELETE FROM contacts WHERE id = ?", new[0])
    shown = asked(visitor, f"/revert/{batch}", "revert")
    visitor.press("/edits/3", "discard")

    again = visitor.agree(f"/revert/{batch}", shown, "with_created")

    assert "Delete the 2 records it created" in again.text
    assert 'type="hidden" name="choice"' not in again.text  # each button says its own
    assert account.one("SELECT count(*) FROM cf_outbox WHERE state = 'pending'") == 0


def test_where_nothing_can_be_reverted_there_is_no_button(
    visitor: Visitor, account: Account, contact: int
) -> None:
    account.sql("DELETE FROM contacts WHERE id = ?", contact)
    batch = account.push().batch

    shown = asked(visitor, f"/revert/{batch}", "revert")

    assert f"Nothing of push {batch} can be reverted" in shown
    assert "it was deleted; Undelete, on its page, makes a new one" in shown
    assert "Edit, on the page of a record" in shown
    assert 'id="sure"' not in shown


def test_undelete_leads_to_the_new_record_and_is_offered_once(
    visitor: Visitor, account: Account, contact: int
) -> None:
    named(account, contact)
    account.sql("DELETE FROM contacts WHERE id = ?", contact)
    account.push()
    path, page = f"/undelete/contacts/{contact}", f"/records/contacts/{contact}"
    assert path in visitor.see(page)

    new = visitor.press(path, "undelete")

    assert "<h1>Ada Lovelace" in new
    assert "unsent" in new
    account.push()
    real = account.ids_of("contacts")[-1]
    old = visitor.see(page)
    assert f'It was brought back as <a href="/records/contacts/{real}">' in old
    assert path not in old
    assert "brought back already" in visitor.press(path, "undelete")


def test_a_record_that_was_created_again_is_not_brought_back_a_second_time(
    visitor: Visitor, account: Account, contact: int
) -> None:
    staging.deleted_there(account, contact)
    page = visitor.press(f"/conflicts/{account.one('SELECT id FROM cf_conflicts')}", "local")
    (new,) = account.column("SELECT id FROM contacts WHERE id > ?", 9 * 10**14)

    assert f'The new row: <a href="/records/contacts/{new}">' in page
    old = visitor.see(f"/records/contacts/{contact}")
    assert f'It was brought back as <a href="/records/contacts/{new}">' in old
    assert "/undelete/" not in old


def by_sql(account: Account, contact: int) -> None:
    account.sql("DELETE FROM contacts WHERE id = ?", contact)


def by_a_push(account: Account, contact: int) -> None:
    by_sql(account, contact)
    account.push()


def there(account: Account, contact: int) -> None:
    account.settings["CFSYNC_DELETIONS__CONFIRM_AFTER"] = "0s"
    account.world.delete("contacts", contact)
    account.sweep("contacts")


@pytest.mark.parametrize("delete", [by_sql, by_a_push, there])
def test_a_deleted_record_has_its_name_until_it_is_redacted(
    visitor: Visitor, account: Account, contact: int, delete: Callable[[Account, int], None]
) -> None:
    named(account, contact)
    delete(account, contact)

    assert "<h1>Ada Lovelace" in visitor.see(f"/records/contacts/{contact}")
    assert "Ada Lovelace" in asked(visitor, f"/undelete/contacts/{contact}", "undelete")
    account.run(redact, str(contact))
    assert "Lovelace" not in visitor.see(f"/records/contacts/{contact}")


def test_a_conflict_about_a_deleted_row_has_its_name(
    visitor: Visitor, account: Account, contact: int
) -> None:
    named(account, contact)
    staging.deleted_here(account, contact)

    assert "Ada Lovelace" in visitor.see("/waiting")


def of_conflicts(account: Account, two: tuple[int, int]) -> tuple[str, str, dict[str, str]]:
    disputes(account, two)
    return "/conflicts/all", "local", {}


def of_edits(account: Account, two: tuple[int, int]) -> tuple[str, str, dict[str, str]]:
    for one in two:
        parked(account, one)
    return "/parked/all", "retry", {}


def of_deletions(account: Account, two: tuple[int, int]) -> tuple[str, str, dict[str, str]]:
    note_held(account, two)
    return "/deletions/contacts", "approve", {"last": "2026-01-01T00:00:00.000Z"}


@pytest.mark.parametrize(
    ("stage", "sides"),
    [
        (of_conflicts, "<del>There</del> → <ins>Here</ins>"),
        (of_edits, "</del> → <ins>Augusta</ins>"),
        (of_deletions, ""),
    ],
)
def test_a_decision_about_a_group_names_each_record_and_its_values(
    visitor: Visitor,
    account: Account,
    two: tuple[int, int],
    stage: Callable[..., tuple[str, str, dict[str, str]]],
    sides: str,
) -> None:
    for one, name in zip(two, ("Kowalska", "Lovelace"), strict=True):
        account.sql("UPDATE contacts SET last_name = ? WHERE id = ?", name, one)
    account.push()
    path, choice, form = stage(account, two)
    names = account.column("SELECT last_name FROM contacts WHERE id IN (?, ?)", *two)

    shown = asked(visitor, path, choice, **form).partition("<main")[2]

    assert sides in shown
    for name in names:
        assert name in shown


@pytest.mark.parametrize("stage", ["undelete", "conflict"])
def test_where_the_console_has_no_button_the_sql_is_said(
    visitor: Visitor, account: Account, contact: int, stage: str
) -> None:
    if stage == "undelete":
        account.sql("DELETE FROM contacts WHERE id = ?", contact)
        page = visitor.press(f"/undelete/contacts/{contact}", "undelete")
    else:
        staging.deleted_here(account, contact)
        number = account.one("SELECT id FROM cf_conflicts")
        page = visitor.press(f"/conflicts/{number}", "remote")
    assert account.ids_of("contacts").count(contact) == 1

    (statement,) = re.findall("<code>(DELETE .*?)</code>", page)
    account.sql(statement)

    assert account.ids_of("contacts").count(contact) == 0


def test_a_row_that_was_never_sent_and_discarded_is_brought_back(
    visitor: Visitor, account: Account
) -> None:
    account.sql("INSERT INTO contacts (first_name, last_name) VALUES ('Grace', 'Hopper')")
    new = account.one("SELECT max(id) FROM contacts")
    page = visitor.press("/edits/1", "discard")
    assert "To undo it: Undelete, on the page of each row that is deleted." in page

    visitor.press(f"/undelete/contacts/{new}", "undelete")

    assert account.one("SELECT count(*) FROM contacts WHERE last_name = 'Hopper'") == 1


def test_an_insert_that_may_have_arrived_has_no_retry(visitor: Visitor, account: Account) -> None:
    account.sql("INSERT INTO contacts (first_name) VALUES ('Grace')")
    account.sql("UPDATE cf_outbox SET state = 'parked', error = 'unknown: no answer'")

    page = visitor.see("/waiting")

    assert "cfsync outbox adopt 1 ID" in page
    assert ">Retry</button>" not in page
    assert "ClickFunnels may have it" in asked(visitor, "/edits/1", "discard")


def test_a_value_that_is_discarded_stays_in_the_history(
    visitor: Visitor, account: Account, contact: int
) -> None:
    """Also where no changes are kept."""
    visitor.press(f"/edits/{parked(account, contact)}", "discard")

    assert "<ins>Augusta</ins>" in visitor.see(f"/records/contacts/{contact}")


@pytest.mark.parametrize(
    ("policy", "choice"),
    [("clickfunnels", "local"), ("local", "remote"), ("local", "local"), ("hold", "value")],
)
def test_a_value_that_is_not_chosen_stays_in_the_history(
    visitor: Visitor, account: Account, contact: int, policy: str, choice: str
) -> None:
    """Also where no changes are kept."""
    account.settings["CFSYNC_RESOURCES__CONTACTS__ON_CONFLICT"] = policy
    number = dispute(account, contact)

    page = visitor.press(f"/conflicts/{number}", choice, value="Elsewhere")
    account.push()

    assert f'Edit, on the page of <a href="/records/contacts/{contact}">' in page
    shown = visitor.see(f"/records/contacts/{contact}")
    assert "first_name</code> here Here, in ClickFunnels There" in shown
