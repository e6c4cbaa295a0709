"""Forms in the hands of somebody clumsy: two tabs, a double click, a stale form."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest

from cfsync.resources import RESOURCES
from cfsync.web.console import forms
from cfsync.web.console.forms import Form
from tests.push.conftest import Account
from tests.web.console.conftest import Visitor
from tests.web.console.form_reader import sent


def typed(opened: list[tuple[str, str]], **texts: str) -> list[tuple[str, str]]:
    """A form in which some fields were given another text."""
    return [(name, texts.get(name, text)) for name, text in opened]


def send(visitor: Visitor, path: str, form: list[tuple[str, str]]) -> httpx.Response:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    return visitor.ask("POST", path, content=urlencode(form), headers=headers)


def row(account: Account, contact: int, *names: str) -> tuple[Any, ...]:
    return account.sql(f"SELECT {', '.join(names)} FROM contacts WHERE id = ?", contact)[0]


AWKWARD = ("a\r\nb", "\nfirst line empty", " spaces ", "tab\t", 'a"<&>', "line\rline", "x" * 500)


@pytest.mark.parametrize("text", AWKWARD)
def test_a_form_that_nobody_touched_writes_nothing(
    visitor: Visitor, account: Account, contact: int, text: str
) -> None:
    account.sql("UPDATE contacts SET first_name = ? WHERE id = ?", text, contact)
    path = f"/records/contacts/{contact}/edit"

    opened = sent(visitor.see(path))
    answer = send(visitor, path, opened)

    assert len(opened) > 10
    assert answer.status_code == 303
    assert row(account, contact, "first_name") == (text,)
    assert len(account.states()) == 1  # the one that the test has made


def test_a_stale_form_never_brings_back_what_was_changed_meanwhile(
    visitor: Visitor, account: Account, contact: int
) -> None:
    path = f"/records/contacts/{contact}/edit"
    opened = sent(visitor.see(path))
    account.world.edit("contacts", contact, last_name="There", phone_number="+1 555 0100")
    account.pull()

    first = send(visitor, path, typed(opened, first_name="Augusta", phone_number="+1 555 0199"))
    assert first.status_code == 422
    assert "the record has changed since you opened it" in first.text
    assert "the row holds now: +1 555 0100" in first.text
    assert account.states() == []
    again = send(visitor, path, sent(first.text))

    assert again.status_code == 303
    found = row(account, contact, "first_name", "last_name", "phone_number")
    assert found == ("Augusta", "There", "+1 555 0199")
    (patch,) = account.column("SELECT CAST(patch AS TEXT) FROM cf_outbox")
    assert "last_name" not in patch


def test_two_tabs_do_not_undo_each_other(visitor: Visitor, account: Account, contact: int) -> None:
    path = f"/records/contacts/{contact}/edit"
    one, two = sent(visitor.see(path)), sent(visitor.see(path))

    assert send(visitor, path, typed(one, first_name="Augusta")).status_code == 303
    same_field = send(visitor, path, typed(two, first_name="Grace"))
    other_field = send(visitor, path, typed(two, last_name="King-Noel"))

    assert (same_field.status_code, other_field.status_code) == (422, 303)
    assert "the row holds now: Augusta" in same_field.text
    assert row(account, contact, "first_name", "last_name") == ("Augusta", "King-Noel")


def test_a_record_that_was_deleted_meanwhile_is_not_saved(
    visitor: Visitor, account: Account, contact: int
) -> None:
    path = f"/records/contacts/{contact}/edit"
    opened = sent(visitor.see(path))
    account.sql("DELETE FROM contacts WHERE id = ?", contact)

    answer = send(visitor, path, typed(opened, first_name="Augusta"))

    assert answer.status_code == 404
    assert f"the mirror has no contacts {contact}" in answer.text


def test_a_second_click_creates_nothing_more(visitor: Visitor, account: Account) -> None:
    path = "/records/contact_tags/new"
    opened = typed(sent(visitor.see(path)), name="VIP")

    answers = [send(visitor, path, opened) for _ in range(2)]
    another = send(visitor, path, typed(sent(visitor.see(path)), name="VIP too"))

    assert {answer.status_code for answer in (*answers, another)} == {303}
    assert answers[0].headers["location"] == answers[1].headers["location"]
    assert account.column("SELECT name FROM contact_tags WHERE name LIKE 'VIP%' ORDER BY name") == [
        "VIP",
        "VIP too",
    ]


@pytest.mark.parametrize(
    ("path", "field"),
    [("/records/teams/{team}/edit", "name"), ("/records/contact_tags/new", "name")],
)
def test_where_edits_are_not_sent_form_and_message_say_so(
    visit: Callable[..., Visitor], account: Account, path: str, field: str
) -> None:
    visitor = visit(CFSYNC_RESOURCES__CONTACT_TAGS__PUSH="false")
    path = path.format(team=account.one("SELECT id FROM teams"))
    name = path.split("/")[2]

    page = visitor.see(path)
    answer = send(visitor, path, typed(sent(page), name="Other"))
    then = visitor.see(answer.headers["location"])

    for text in (page, then):
        assert f"It stays here and is not sent: resources.{name}.push is off" in text
        assert "next push" not in text


def test_a_form_that_was_refused_can_be_sent_again(visitor: Visitor, account: Account) -> None:
    path = "/records/contacts/new"

    refused = send(visitor, path, typed(sent(visitor.see(path)), email_address="no address"))
    answer = send(visitor, path, typed(sent(refused.text), email_address="new@example.com"))

    assert (refused.status_code, answer.status_code) == (422, 303)
    assert account.column("SELECT 1 FROM contacts WHERE email_address = 'new@example.com'") == [1]


def test_members_that_could_not_be_picked_stay_in_a_set() -> None:
    tags = RESOURCES["contacts"].by_name["tag_ids"]
    form = Form({"tag_ids": ["", "2"], "tag_ids:picked": ["1"]})

    values, _ = forms.changed([tags], {"tag_ids": [1, 7]}, form, {"tag_ids": {1, 2}})

    assert values == {"tag_ids": [2, 7]}


@pytest.mark.parametrize("text", ["", "x", "--5", "1.5", "\u0663", "\u00b2", "9" * 10_000, "1 "])
def test_what_is_no_number(text: str) -> None:
    assert forms.number(text) is None


def test_messages_and_names_fit_into_a_cookie(visitor: Visitor) -> None:
    for _ in range(5):
        answer = visitor.ask("POST", "/pause/" + "%F0%9F%98%80" * 2_000, data={"choice": "pause"})

    assert len(answer.headers["set-cookie"]) < 4_096
    assert "😀" in visitor.get("/").text


def test_a_new_record_of_several_workspaces_is_given_one_by_its_name(
    visitor: Visitor, account: Account
) -> None:
    other = account.world.create("workspaces", account.world.ids("teams")[0], name="Other")
    account.pull("workspaces")

    page = visitor.see("/records/contacts/new")
    form = typed(sent(page), workspace_id=str(other), email_address="new@example.com")
    assert send(visitor, "/records/contacts/new", form).status_code == 303

    assert f'<option value="{other}">Other #{other}</option>' in page
    assert account.one("SELECT email_address FROM contacts WHERE workspace_id = ?", other)
