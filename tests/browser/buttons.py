"""Every button of the console: what is staged for it, where it is, what it says, and what it does.

The names of the steps are the routes of the application and what a button of them can say.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.browser import staging
from tests.push.checks import hold_deletions
from tests.push.conftest import Account

Given = Mapping[str, Any]
"""What a step was staged with."""


@dataclass(frozen=True)
class Button:
    """One button, and how it is tried."""

    choice: str
    text: str
    #: Makes what the button decides about; returns what `page` and `done` need.
    stage: Callable[[Account], Given]
    #: Whether it was done, once a push has followed.
    done: Callable[[Account, Given], bool]
    #: What the page says afterwards.
    told: str
    #: What the page before it says; '': it acts at once.
    asked: str = ""
    #: What the button on that page says, where it has several.
    agrees: str = ""
    page: str = "/waiting"
    #: An XPath of what the button is in.
    within: str = ""
    #: What is typed first, by field.
    typed: Mapping[str, str] | None = None
    #: What the page says of the way back.
    back: str = "To undo it:"


def many(text: str) -> str:
    """The line of buttons for a group."""
    return f"//div[@class='many'][contains(., '{text}')]"


def there(account: Account, given: Given, field: str = "first_name") -> Any:
    """A field of the contact in ClickFunnels; None: there is no such contact."""
    return (account.world.get("contacts", given["contact"]) or {}).get(field)


def here(account: Account, given: Given, field: str = "first_name") -> Any:
    found = account.column(f"SELECT {field} FROM contacts WHERE id = ?", given["contact"])
    return found[0] if found else None


def both(account: Account, given: Given) -> list[Any]:
    return [here(account, given), there(account, given)]


def one(stage: Callable[[Account, int], None], place: int = 0) -> Callable[[Account], Given]:
    """Stages something with one contact."""

    def staged(account: Account) -> Given:
        contact = account.ids_of("contacts")[place]
        stage(account, contact)
        return {"contact": contact}

    return staged


def two_disputes(here: str, there: str) -> Callable[[Account], Given]:
    """Stages conflicts about both names of two contacts."""

    def staged(account: Account) -> Given:
        staging.both_names(account, account.ids_of("contacts")[-2:], here, there)
        return as_left(account)

    return staged


def as_left(account: Account) -> Given:
    """What the step before has left."""
    return {"contact": account.ids_of("contacts")[-2]}


def open_conflicts(account: Account, *, left: int) -> bool:
    return bool(account.one("SELECT count(*) FROM cf_conflicts WHERE state = 'open'") == left)


def refused(account: Account) -> Given:
    """An edit that ClickFunnels refuses once, for another contact has the address."""
    contact, other = account.ids_of("contacts")[:2]
    staging.refused(account, contact, other)
    taken = there(account, {"contact": other}, "email_address")
    account.world.edit("contacts", other, email_address=f"free.{taken}")
    account.pull()
    return {"contact": contact, "taken": taken}


def pending(account: Account) -> Given:
    contact = account.ids_of("contacts")[0]
    was = there(account, {"contact": contact})
    account.sql("UPDATE contacts SET first_name = 'Augusta' WHERE id = ?", contact)
    return {"contact": contact, "was": was}


def two_refused(account: Account) -> Given:
    contacts = account.ids_of("contacts")[:2]
    for contact in contacts:
        account.sql("UPDATE contacts SET last_name = last_name || 'x' WHERE id = ?", contact)
    account.sql("UPDATE cf_outbox SET state = 'parked', error = 'odd' WHERE state = 'pending'")
    return {"contact": contacts[0], "was": there(account, {"contact": contacts[0]}, "last_name")}


def held(count: int) -> Callable[[Account], Given]:
    def staged(account: Account) -> Given:
        contacts = account.ids_of("contacts")[:2]
        was = there(account, {"contact": contacts[0]}, "last_name")
        staging.mass_edit(account, contacts, f"{was}x")
        if count == 1:
            last = account.one("SELECT max(seq) FROM cf_outbox WHERE state = 'held'")
            account.sql("UPDATE cf_outbox SET state = 'pending' WHERE seq = ?", last)
        return {"contact": contacts[0], "was": was}

    return staged


def missing(account: Account, contact: int) -> None:
    hold_deletions(account, [contact])


def approved(account: Account, given: Given) -> bool:
    account.sweep()
    return here(account, given) is None


def sent(account: Account) -> Given:
    contact = account.ids_of("contacts")[0]
    was = there(account, {"contact": contact})
    account.sql("UPDATE contacts SET first_name = 'Augusta' WHERE id = ?", contact)
    return {"contact": contact, "was": was, "batch": account.push().batch}


def created(account: Account) -> Given:
    account.sql("INSERT INTO contacts (email_address) VALUES ('made@example.com')")
    batch = account.push().batch
    found = "SELECT id FROM contacts WHERE email_address = 'made@example.com'"
    return {"contact": account.one(found), "batch": batch}


def deleted(*, push: bool) -> Callable[[Account], Given]:
    def staged(account: Account) -> Given:
        contact = account.ids_of("contacts")[0]
        given = {"contact": contact, "count": len(account.ids_of("contacts"))}
        account.sql("DELETE FROM contacts WHERE id = ?", contact)
        if push:
            account.push()
        return given

    return staged


def nothing(account: Account) -> Given:
    return {"contact": account.ids_of("contacts")[0]}


def paused(account: Account) -> list[str]:
    return account.pull().paused


def pausing(what: str, text: str, asked: str = "", within: str = "") -> Sequence[Button]:
    """The buttons that pause and resume all lists, or contacts."""

    def is_paused(account: Account, _: Given) -> bool:
        found = paused(account)
        return found == ["contacts"] if within else "contacts" in found

    def is_resumed(account: Account, _: Given) -> bool:
        return paused(account) == []

    pause, resume = f"Pause{text}", f"Resume{text}"
    told, again = f"{what}: paused.", f"{what}: resumed."
    return (
        Button(
            "pause", pause, nothing, is_paused, told, asked, page="/", within=within, back="Resume"
        ),
        Button("resume", resume, nothing, is_resumed, again, page="/", within=within, back=""),
    )


_DISCARDED = "The rows show what ClickFunnels has."

BUTTONS: Mapping[str, Sequence[Button]] = {
    "/conflicts/{number}": (
        Button(
            "local",
            "Use this",
            one(staging.field_conflict),
            lambda a, g: both(a, g) == ["Here", "Here"],
            "1 conflict resolved. The next push sends it.",
        ),
        Button(
            "remote",
            "Keep using this",
            one(staging.field_conflict, 1),
            lambda a, g: both(a, g) == ["There", "There"],
            "1 conflict resolved.",
        ),
        Button(
            "value",
            "Use another value",
            one(staging.field_conflict, 2),
            lambda a, g: both(a, g) == ["Elsewhere", "Elsewhere"],
            "1 conflict resolved. The next push sends it.",
            typed={"value": "Elsewhere"},
        ),
        Button(
            "local",
            "Use my database",
            two_disputes("A", "B"),
            lambda a, g: both(a, g) == ["A", "A"] and open_conflicts(a, left=2),
            "2 conflicts resolved. The next push sends them.",
            "contacts, first_name: 2",
            within=many("contacts, first_name (2)"),
        ),
        Button(
            "remote",
            "Use ClickFunnels",
            as_left,
            lambda a, g: here(a, g, "last_name") == "B" and open_conflicts(a, left=0),
            "2 conflicts resolved.",
            "contacts, last_name: 2",
            within=many("all (2)"),
        ),
        Button(
            "local",
            "Use my database",
            two_disputes("C", "D"),
            lambda a, g: both(a, g) == ["C", "C"] and open_conflicts(a, left=2),
            "2 conflicts resolved. The next push sends them.",
            "The next push sends what ClickFunnels doesn't have.",
            within="(//div[@class='many'][contains(., '#')])[1]",
        ),
        Button(
            "remote",
            "Use ClickFunnels",
            as_left,
            lambda a, _: open_conflicts(a, left=0),
            "2 conflicts resolved.",
            "edits of these fields are discarded",
            within=many("all (2)"),
        ),
        Button(
            "local",
            "Delete it in ClickFunnels too",
            one(staging.deleted_here),
            lambda a, g: both(a, g) == [None, None],
            "1 conflict resolved. The next push sends it.",
            "deleted in ClickFunnels by the next push",
        ),
        Button(
            "remote",
            "Bring the row back",
            one(staging.deleted_here, 1),
            lambda a, g: both(a, g) == ["There", "There"],
            "1 conflict resolved.",
            "the delete that waits is discarded",
        ),
        Button(
            "local",
            "Create it again in ClickFunnels",
            one(staging.deleted_there),
            lambda a, g: here(a, g) is None and len(a.ids_of("contacts")) == 5,
            "1 conflict resolved. The next push sends it.",
            "each row gets a new id",
        ),
        Button(
            "remote",
            "Delete the row here",
            one(staging.deleted_there),
            lambda a, g: both(a, g) == [None, None],
            "1 conflict resolved.",
            "deleted here, with the edits that wait",
        ),
    ),
    "/edits/{number}": (
        Button(
            "discard",
            "Discard",
            pending,
            lambda a, g: both(a, g) == [g["was"], g["was"]],
            f"1 edit discarded. {_DISCARDED}",
            "The rows then show what ClickFunnels has.",
            page="/activity",
            within="//div[@aria-label='To be sent']",
        ),
        Button(
            "discard",
            "Discard",
            refused,
            lambda a, g: here(a, g, "email_address") == there(a, g, "email_address") != g["taken"],
            f"1 edit discarded. {_DISCARDED}",
            "The rows then show what ClickFunnels has.",
        ),
        Button(
            "retry",
            "Retry",
            refused,
            lambda a, g: there(a, g, "email_address") == g["taken"],
            "1 edit retried. The next push sends it.",
        ),
        Button(
            "approve",
            "Approve",
            held(1),
            lambda a, g: there(a, g, "last_name") == f"{g['was']}x",
            "1 edit approved. The next push sends it.",
            "The next push sends them to ClickFunnels.",
        ),
    ),
    "/parked/{resource}": (
        Button(
            "retry",
            "Retry",
            two_refused,
            lambda a, g: there(a, g, "last_name") == f"{g['was']}x",
            "2 edits retried. The next push sends them.",
            "The next push sends them to ClickFunnels.",
            within=many("all (2)"),
        ),
        Button(
            "discard",
            "Discard",
            two_refused,
            lambda a, g: here(a, g, "last_name") == there(a, g, "last_name") == g["was"],
            f"2 edits discarded. {_DISCARDED}",
            "The rows then show what ClickFunnels has.",
            within=many("all (2)"),
        ),
    ),
    "/held/{resource}": (
        Button(
            "discard",
            "Discard",
            held(2),
            lambda a, g: here(a, g, "last_name") == there(a, g, "last_name") == g["was"],
            f"2 edits discarded. {_DISCARDED}",
            "The rows then show what ClickFunnels has.",
        ),
        Button(
            "approve",
            "Approve all 2",
            held(2),
            lambda a, g: there(a, g, "last_name") == f"{g['was']}x",
            "2 edits approved. The next push sends them.",
            "The next push sends them to ClickFunnels.",
        ),
    ),
    "/deletions/{resource}": (
        Button(
            "reject",
            "Reject the picked",
            one(missing, -1),
            lambda a, g: here(a, g) is not None,
            "1 deletion rejected: the rows stay.",
            "The rows stay, though ClickFunnels doesn't show the records.",
        ),
        Button(
            "approve",
            "Approve the picked",
            one(missing, -2),
            approved,
            "1 deletion approved. The next sweep looks once more.",
            "deletes the rows of those that are gone",
        ),
    ),
    "/pause/{resource}": (
        *pausing("All lists", " all", "Edits by SQL are kept meanwhile"),
        *pausing("contacts", "", within="//form[@action='/pause/contacts']"),
    ),
    "/revert/{number}": (
        Button(
            "revert",
            "Revert",
            sent,
            lambda a, g: both(a, g) == [g["was"], g["was"]],
            "1 record will be as before with the next push.",
            "Augusta → ",
            page="/activity",
        ),
        Button(
            "with_created",
            "Revert",
            created,
            lambda a, g: both(a, g) == [None, None],
            "1 record it created will be deleted with it.",
            "It has created records, and changed no other.",
            "Delete the 1 record it created",
            page="/activity",
            within="//div[@aria-label='Pushes']//tr[1]",
        ),
    ),
    "/undelete/{resource}/{id}": (
        Button(
            "undelete",
            "Undelete",
            deleted(push=False),
            lambda a, g: here(a, g) is not None and there(a, g) is not None,
            "The row is back: its delete had not been sent.",
            "Its delete was not sent yet",
            page="/records/contacts/{contact}",
        ),
        Button(
            "undelete",
            "Undelete",
            deleted(push=True),
            lambda a, g: here(a, g) is None and len(a.ids_of("contacts")) == g["count"],
            "It is back as a new record; the next push creates it.",
            "with a new id",
            page="/records/contacts/{contact}",
        ),
    ),
    "/records/{resource}/{id}/edit": (
        Button(
            "",
            "Save",
            nothing,
            lambda a, g: both(a, g) == ["Augusta", "Augusta"],
            "Saved: first_name.",
            page="/records/contacts/{contact}/edit",
            typed={"first_name": "Augusta"},
        ),
    ),
    "/records/{resource}/new": (
        Button(
            "",
            "Create",
            nothing,
            lambda a, _: bool(
                a.world.get(
                    "contacts",
                    a.one("SELECT id FROM contacts WHERE email_address = 'new@example.com'"),
                )
            ),
            "Saved: workspace_id, email_address.",
            "A row is written here. The next push sends it.",
            page="/records/contacts/new",
            typed={"email_address": "new@example.com"},
        ),
    ),
}
"""Route -> its buttons, in the order in which they are pressed."""

ELSEWHERE = {
    ("/login", ""): "test_login",
    ("/logout", ""): "test_login",
    ("/start/{name}/{resource}", "start"): "test_buttons: it needs a daemon",
}
"""(route, choice) of other buttons -> where they are pressed."""
