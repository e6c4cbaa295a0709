"""Forms in the hands of somebody clumsy: two tabs, a double click, a stale form."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest

from cfsync.errors import UsageError
from cfsync.mirror.capture import rules
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

    shown = send(visitor, path, opened).text
    answers = [visitor.agree(path, shown) for _ in range(2)]
    answers.append(send(visitor, path, opened))
    other = send(visitor, path, typed(sent(visitor.see(path)), name="VIP too"))
    another = visitor.agree(path, other.text)

    assert {answer.status_code for answer in (*answers, another)} == {303}
    assert len({answer.headers["location"] for answer in answers}) == 1
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
    if answer.status_code == 200:
        assert f"It stays here and is not sent: resources.{name}.push is off" in answer.text
        answer = visitor.agree(path, answer.text)
    then = visitor.see(answer.headers["location"])

    for text in (page, then):
        assert f"It stays here and is not sent: resources.{name}.push is off" in text
        assert "next push" not in text


def test_what_is_created_is_shown_first_and_can_be_changed(
    visitor: Visitor, account: Account
) -> None:
    path = "/records/contacts/new"
    opened = typed(sent(visitor.see(path)), email_address="new@e.org", first_name="A\r\n\r\nB")

    shown = send(visitor, path, opened)

    assert shown.status_code == 200
    for told in (
        "Create a record of contacts?",
        "new@e.org",
        "already, that record is changed",
        "To undo it: ",
    ):
        assert told in shown.text
    assert account.states() == []
    again = send(visitor, path, [*sent(shown.text, path), ("again", "1")])
    assert (again.status_code, account.states()) == (200, [])
    shown = send(visitor, path, typed(sent(again.text), email_address="newer@e.org"))
    page = visitor.see(visitor.agree(path, shown.text).headers["location"])
    assert "which can delete what the push created" in page
    assert account.sql(
        "SELECT email_address, first_name FROM contacts WHERE id > ?", 9 * 10**14
    ) == [("newer@e.org", "A\n\nB")]


def test_a_form_that_was_refused_can_be_sent_again(visitor: Visitor, account: Account) -> None:
    path = "/records/contacts/new"

    refused = send(visitor, path, typed(sent(visitor.see(path)), email_address="no address"))
    shown = send(visitor, path, typed(sent(refused.text), email_address="new@example.com"))
    answer = visitor.agree(path, shown.text)

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

    tag = account.world.create("contact_tags", other, name="Of the other")
    account.pull("contact_tags")

    path = f"/records/contacts/new?workspace={other}"
    assert f'<a href="{path}">Other #{other}</a>' in visitor.see("/records/contacts/new")
    page = visitor.see(path)
    form = typed(sent(page), email_address="new@example.com")
    shown = send(visitor, path, [*form, ("tag_ids", str(tag))]).text
    assert visitor.agree("/records/contacts/new", shown).status_code == 303

    assert page.count('type="checkbox"') == 1
    made = "SELECT CAST(tag_ids AS TEXT) FROM contacts WHERE workspace_id = ?"
    assert account.one(made, other) == f"[{tag}]"


def test_of_many_tags_some_are_offered_and_those_of_the_record(
    visitor: Visitor, account: Account, contact: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cfsync.mirror.reports.browse.CHOICES", 1)
    first, *_, last = account.ids_of("contact_tags")
    account.sql("UPDATE contact_tags SET name = '!' WHERE id = ?", first)
    account.sql("UPDATE contacts SET tag_ids = ? WHERE id = ?", f"[{first}, {last}]", contact)
    path = f"/records/contacts/{contact}/edit"

    page = visitor.see(path)
    form = [pair for pair in sent(page) if pair != ("tag_ids", str(first))]
    assert send(visitor, path, form).status_code == 303

    assert page.count('type="checkbox"') == 2, "the first by name, and one that it has"
    kept = account.one("SELECT CAST(tag_ids AS TEXT) FROM contacts WHERE id = ?", contact)
    assert kept == f"[{last}]"


def test_where_there_is_no_tag_none_is_typed(
    visit: Callable[..., Visitor], account: Account
) -> None:
    account.sql("DELETE FROM contact_tags")
    assert "no contact tags yet" in visit().see("/records/contacts/new")

    unmirrored = visit(CFSYNC_RESOURCES__CONTACT_TAGS__ENABLED="false")
    assert 'id="f-tag_ids"' in unmirrored.see("/records/contacts/new")


WRONG = {
    "integer": ["x", "1.5", "9" * 30],
    "number": ["x", "nan", "1e999"],
    "money": ["x", "1,5"],
    "timestamp": ["tomorrow", "2026-13-01"],
    "json": ["{", "[1,", "nan", "[" * 100_000, "9" * 5_000],
    "text": ["\0"],
}
"""Type of a field -> what is no value of it."""


def test_what_is_no_value_is_said_in_plain_words() -> None:
    fields = [f for resource in RESOURCES.values() for f in rules.updatable(resource)]
    for spec in fields:
        for text in WRONG.get(spec.type, []):
            with pytest.raises(UsageError, match=r"(is|are) needed here|can't be stored"):
                print(spec.name, text[:9], forms.parsed(spec, text))
    assert {f.type for f in fields} == {*WRONG, "boolean"}


@pytest.mark.parametrize("text", ["3000, 3001", "[3000, 3001]", "3000 3001,"])
def test_ids_are_typed_with_or_without_brackets(text: str) -> None:
    assert forms.parsed(RESOURCES["contacts"].by_name["tag_ids"], text) == [3000, 3001]


@pytest.mark.parametrize(
    ("resource", "field", "text"),
    [
        ("contacts", "custom_attributes", '{"color": "red"'),
        ("contacts", "custom_attributes", '["red"]'),
        ("contacts", "tag_ids", '{"a": 1}'),
        ("contacts", "tag_ids", "VIP"),
        ("contacts", "tag_ids", '["VIP"]'),
        ("products", "image_ids", "[1.5]"),
        ("products", "variant_ids", "none"),
        ("webhook_endpoints", "event_type_ids", "contact.created"),
    ],
)
def test_a_mistake_is_told_at_its_field_and_keeps_what_was_typed(
    visit: Callable[..., Visitor], account: Account, resource: str, field: str, text: str
) -> None:
    visitor = visit(CFSYNC_RESOURCES__CONTACT_TAGS__ENABLED="false")
    path = f"/records/{resource}/{account.ids_of(resource)[0]}/edit"

    answer = send(visitor, path, typed(sent(visitor.see(path)), **{field: text}))

    assert answer.status_code == 422
    assert f'<p class="err" id="e-{field}">' in answer.text
    assert dict(sent(answer.text))[field] == text
    assert account.states() == []
