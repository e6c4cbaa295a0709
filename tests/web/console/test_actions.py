"""What the buttons do: the same as the commands, and what they say afterwards."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest
import structlog

from cfsync.mirror.bookkeeping.outbox import Edit
from cfsync.mirror.db.engine import Tx
from cfsync.sync.walk_progress import WalkState
from cfsync.web.console import readings
from cfsync.web.console.session import DaemonControl
from tests.browser import staging
from tests.push.checks import hold_deletions
from tests.push.conftest import Account
from tests.web.console import form_reader
from tests.web.console.conftest import Visitor
from tests.web.console.test_every_route import content

Visit = Callable[..., Visitor]


def first_name(account: Account, contact: int) -> str:
    return str(account.one("SELECT first_name FROM contacts WHERE id = ?", contact))


def dispute(account: Account, contact: int) -> int:
    """The number of a conflict about the first name: Here and There."""
    account.sql("UPDATE contacts SET first_name = 'Here' WHERE id = ?", contact)
    account.world.edit("contacts", contact, first_name="There")
    account.pull()
    return int(account.one("SELECT id FROM cf_conflicts WHERE state = 'open'"))


@pytest.mark.parametrize(("choice", "name"), [("local", "Here"), ("remote", "There")])
def test_a_conflict_is_resolved_for_one_side(
    visitor: Visitor, account: Account, contact: int, choice: str, name: str
) -> None:
    number = dispute(account, contact)

    page = visitor.press(f"/conflicts/{number}", choice)
    account.push()

    assert "1 conflict resolved." in page
    assert first_name(account, contact) == name
    assert (account.world.get("contacts", contact) or {})["first_name"] == name


def test_all_conflicts_are_resolved_at_once(
    visitor: Visitor, account: Account, two: tuple[int, int]
) -> None:
    for contact in two:
        account.sql("UPDATE contacts SET first_name = 'Here' WHERE id = ?", contact)
        account.world.edit("contacts", contact, first_name="There")
    account.pull()

    page = visitor.press("/conflicts/all", "local")

    assert "2 conflicts resolved. The next push sends them." in page
    assert {first_name(account, contact) for contact in two} == {"Here"}


def test_a_conflict_that_has_changed_meanwhile_is_not_resolved(
    visitor: Visitor, account: Account, contact: int
) -> None:
    number = dispute(account, contact)
    account.world.edit("contacts", contact, first_name="Elsewhere")
    account.pull()

    page = visitor.press(f"/conflicts/{number}", "local")

    assert "look again" in page
    assert "Elsewhere" in page


def sent_with(page: str, number: int) -> dict[str, str]:
    """What a page sends with the buttons of a conflict."""
    return dict(form_reader.sent(page, f"/conflicts/{number}"))


@pytest.mark.parametrize("choice", ["local", "remote", "value"])
def test_a_value_that_an_older_page_has_not_shown_is_kept(
    visitor: Visitor, account: Account, contact: int, choice: str
) -> None:
    number = dispute(account, contact)
    older = sent_with(visitor.see("/waiting"), number) | {"value": "Elsewhere"}
    account.sql("UPDATE contacts SET first_name = 'Mine' WHERE id = ?", contact)
    newer = sent_with(visitor.press(f"/conflicts/{number}", choice, **older), number)

    page = visitor.press(f"/conflicts/{number}", choice, **older)

    assert "look again" in page
    assert first_name(account, contact) == "Mine"
    page = visitor.press(f"/conflicts/{number}", choice, **newer | {"value": "Elsewhere"})
    assert "1 conflict resolved." in page


WHOLE = [
    (staging.deleted_here, "local", "deleted in ClickFunnels by the next push", "Undelete, on"),
    (staging.deleted_here, "remote", "as ClickFunnels has it", "DELETE FROM contacts WHERE id ="),
    (staging.deleted_there, "local", "created again in ClickFunnels", "can delete what the push"),
    (staging.deleted_there, "remote", "deleted here, with the edits", "makes a new one of what it"),
]


@pytest.mark.parametrize("many", [False, True], ids=["one", "many"])
@pytest.mark.parametrize(("stage", "choice", "asked", "back"), WHOLE)
def test_a_conflict_about_a_record_asks_first_and_says_how_to_take_it_back(
    visitor: Visitor,
    account: Account,
    contact: int,
    stage: Callable[[Account, int], None],
    choice: str,
    asked: str,
    back: str,
    many: bool,
) -> None:
    stage(account, contact)
    number = account.one("SELECT id FROM cf_conflicts WHERE state = 'open'")

    path = "/conflicts/all" if many else f"/conflicts/{number}"
    about = {"last": str(number)} if many else {}

    shown = visitor.ask("POST", path, data={"choice": choice, **about}).text

    assert asked in shown
    assert f"#{contact}" in shown.partition("<main")[2]
    assert back in shown
    assert account.one("SELECT state FROM cf_conflicts WHERE id = ?", number) == "open"
    page = visitor.press(path, choice, **about)
    assert "1 conflict resolved." in page
    assert back in page.partition("To undo it: ")[2]


def test_what_was_done_is_told_with_how_to_take_it_back(
    visitor: Visitor, account: Account, two: tuple[int, int]
) -> None:
    first, second = two

    resolved = visitor.press(f"/conflicts/{dispute(account, first)}", "remote")
    discarded = visitor.press(f"/edits/{parked(account, second)}", "discard")
    retried = visitor.press(f"/edits/{parked(account, second)}", "retry")
    reverted = visitor.press(f"/revert/{account.push().batch}", "revert")

    name = f'<a href="/records/contacts/{first}">contacts #{first}</a>'
    assert f"To undo it: Edit, on the page of {name}: its history has the other" in resolved
    name = name.replace(str(first), str(second))
    assert f"To undo it: Edit, on the page of {name}: its history has what" in discarded
    assert "To undo it: Discard, on Activity, until the push; afterwards Revert" in retried
    assert "To undo it: Discard, on Activity, until the push; afterwards Revert" in reverted


def test_of_many_conflicts_those_with_other_values_than_the_page_are_left(
    visitor: Visitor, account: Account, two: tuple[int, int]
) -> None:
    for contact in two:
        account.sql("UPDATE contacts SET first_name = 'Here' WHERE id = ?", contact)
        account.world.edit("contacts", contact, first_name="There")
    account.pull()
    older = dict(form_reader.sent(visitor.see("/waiting"), "/conflicts/all"))
    number = account.one("SELECT id FROM cf_conflicts WHERE record_id = ?", two[0])
    account.sql("UPDATE contacts SET first_name = 'Mine' WHERE id = ?", two[0])
    newer = dict(
        form_reader.sent(visitor.press(f"/conflicts/{number}", "remote"), "/conflicts/all")
    )

    page = visitor.press("/conflicts/all", "remote", last=older["last"])

    assert "1 conflict resolved." in page
    assert [first_name(account, contact) for contact in two] == ["Mine", "There"]
    visitor.press("/conflicts/all", "remote", last=newer["last"])
    assert first_name(account, two[0]) == "There"


def parked(account: Account, contact: int) -> int:
    """The number of an edit that ClickFunnels has refused."""
    account.sql("UPDATE contacts SET first_name = 'Augusta' WHERE id = ?", contact)
    seq = int(account.one("SELECT max(seq) FROM cf_outbox"))
    account.sql(
        "UPDATE cf_outbox SET state = 'parked', error = 'first_name is odd' WHERE seq = ?", seq
    )
    return seq


def test_a_refused_edit_is_retried(visitor: Visitor, account: Account, contact: int) -> None:
    page = visitor.press(f"/edits/{parked(account, contact)}", "retry")

    assert "1 edit retried." in page
    assert account.states() == ["pending"]


def test_a_refused_edit_is_discarded(visitor: Visitor, account: Account, contact: int) -> None:
    before = first_name(account, contact)

    page = visitor.press(f"/edits/{parked(account, contact)}", "discard")

    assert "1 edit discarded. The rows show what ClickFunnels has." in page
    assert (account.states(), first_name(account, contact)) == (["discarded"], before)


@pytest.mark.parametrize("page", ["/activity", "/records/contacts/{}"])
def test_an_edit_that_waits_for_the_push_is_discarded(
    visitor: Visitor, account: Account, contact: int, page: str
) -> None:
    was = account.one("SELECT first_name FROM contacts WHERE id = ?", contact)
    account.sql("UPDATE contacts SET first_name = 'Typo' WHERE id = ?", contact)
    assert "/edits/1" in visitor.see(page.format(contact))

    told = visitor.press("/edits/1", "discard", back="activity")

    assert "1 edit discarded" in told
    assert "<h1>Activity</h1>" in told
    assert "/edits/1" not in visitor.see(page.format(contact))
    assert account.one("SELECT first_name FROM contacts WHERE id = ?", contact) == was


def test_a_row_that_was_never_sent_is_discarded(visitor: Visitor, account: Account) -> None:
    account.sql("INSERT INTO contacts (email_address) VALUES ('typo@example.com')")
    shown = visitor.ask("POST", "/edits/1", data={"choice": "discard"})
    assert "is deleted" in shown.text

    visitor.agree("/edits/1", shown.text)

    typo = "SELECT id FROM contacts WHERE email_address = 'typo@example.com'"
    assert account.column(typo) == []


def test_an_edit_that_is_being_sent_has_no_button(
    visitor: Visitor, account: Account, contact: int
) -> None:
    account.sql("UPDATE contacts SET first_name = 'Sent' WHERE id = ?", contact)
    account.sql("UPDATE cf_outbox SET state = 'sending'")

    assert "/edits/1" not in visitor.see("/activity") + visitor.see(f"/records/contacts/{contact}")
    assert "no longer wait" in visitor.press("/edits/1", "discard")


def test_of_many_edits_to_be_sent_the_newest_are_shown(visitor: Visitor, account: Account) -> None:
    for name in ("X", "Y", "Z"):
        account.sql("UPDATE contacts SET first_name = ?", name)

    page = visitor.see("/activity")

    many = 3 * len(account.ids_of("contacts"))
    assert f"10 of {many} edits" in page
    assert f'action="/edits/{many}"' in page
    assert 'action="/edits/1"' not in page


def test_a_mass_of_held_edits_is_sent(visitor: Visitor, account: Account) -> None:
    account.settings["CFSYNC_PUSH__HOLD_UPDATES"] = "2"
    account.sql("UPDATE contacts SET last_name = 'Mass'")
    account.push()
    assert set(account.states()) == {"held"}
    assert "Approve all" in visitor.see("/waiting")

    page = visitor.press("/held/contacts", "approve")

    assert "approved. The next push sends them." in page
    assert set(account.states()) == {"pending"}


@pytest.mark.parametrize(("choice", "state"), [("approve", "approved"), ("reject", "rejected")])
def test_held_deletions_are_decided(
    visitor: Visitor, account: Account, choice: str, state: str
) -> None:
    gone = account.ids_of("contacts")[:3]
    hold_deletions(account, gone)
    assert "<b>3 records</b> of contacts missing" in visitor.see("/waiting")

    page = visitor.press("/deletions/contacts", choice, id=[str(i) for i in gone[:2]])

    assert f"2 deletions {state}" in page
    states = account.column("SELECT state FROM cf_tombstones ORDER BY record_id")
    assert sorted(states) == sorted([state, state, "held"])


@pytest.mark.parametrize(("choice", "state"), [("approve", "approved"), ("reject", "rejected")])
def test_a_mass_of_held_deletions_is_decided_at_once(
    visitor: Visitor, account: Account, choice: str, state: str
) -> None:
    """Without those that the page has not shown yet."""
    account.sql(
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 40000)"
        " INSERT INTO cf_tombstones (resource, record_id, parent_id, side, state, first_seen)"
        " SELECT 'contacts', i, 0, 'remote', 'held', '2026-01-01T00:00:00.000Z' FROM n"
    )
    account.sql(
        "UPDATE cf_tombstones SET first_seen = '2026-01-02T00:00:00.000Z' WHERE record_id = 40000"
    )

    page = visitor.press("/deletions/contacts", choice, last="2026-01-01T00:00:00.000Z")

    assert f"39,999 deletions {state}" in page
    counted = account.sql("SELECT state, count(*) FROM cf_tombstones GROUP BY state")
    assert {tuple(row) for row in counted} == {(state, 39_999), ("held", 1)}


def test_nothing_picked_is_nothing_done(visitor: Visitor) -> None:
    assert "nothing was picked" in visitor.press("/deletions/contacts", "approve")


def test_a_list_is_paused_and_resumed(visitor: Visitor, account: Account) -> None:
    assert "contacts: paused." in visitor.press("/pause/contacts", "pause")
    assert account.pull("contacts").paused == ["contacts"]
    assert "contacts: resumed." in visitor.press("/pause/contacts", "resume")
    assert account.pull("contacts").is_done


def test_the_log_says_who_has_paused_a_list_and_pressed_a_button(visit: Visit) -> None:
    visitor = visit(CFSYNC_WEB__USER_HEADER="X-Forwarded-User")
    visitor.headers["X-Forwarded-User"] = "grace"

    with structlog.testing.capture_logs() as lines:
        visitor.press("/pause/contacts", "pause")
        visitor.press("/pause/all", "resume")

    told = [(line["event"], line.get("resource"), line.get("by")) for line in lines]
    assert ("resource.paused", "contacts", "grace") in told
    assert ("resource.resumed", "everything", "grace") in told
    assert told.count(("console.action", None, "grace")) == 2


def test_a_push_is_reverted(visitor: Visitor, account: Account, contact: int) -> None:
    before = first_name(account, contact)
    account.sql("UPDATE contacts SET first_name = 'Augusta' WHERE id = ?", contact)
    batch = account.push().batch

    assert f'action="/revert/{batch}"' in visitor.see("/activity")
    page = visitor.press(f"/revert/{batch}", "revert")
    account.push()

    assert f"Push {batch}: 1 record will be as before" in page
    assert (account.world.get("contacts", contact) or {})["first_name"] == before


def test_of_a_push_it_is_said_what_is_not_reverted(
    visitor: Visitor, account: Account, two: tuple[int, int]
) -> None:
    gone, edited = two
    account.sql("DELETE FROM contacts WHERE id = ?", gone)
    account.sql("UPDATE contacts SET first_name = 'A', last_name = 'B' WHERE id = ?", edited)
    batch = account.push().batch
    account.sql("UPDATE contacts SET first_name = 'C' WHERE id = ?", edited)

    shown = visitor.ask("POST", f"/revert/{batch}", data={"choice": "revert"}).text

    assert f"#{gone}</small></span>: not reverted, it was deleted; Undelete, on" in shown
    assert f"#{edited}</small></span> first_name: not reverted, changed since" in shown
    told = visitor.press(f"/revert/{batch}", "revert")
    assert "1 record will be as before with the next push. Not reverted: 2 things." in told


def test_a_deleted_record_is_brought_back(visitor: Visitor, account: Account, contact: int) -> None:
    account.sql("DELETE FROM contacts WHERE id = ?", contact)
    account.push()

    visitor.press(f"/undelete/contacts/{contact}", "undelete")
    account.push()

    assert account.world.get("contacts", contact) is None
    assert len(account.ids_of("contacts")) == 6


def test_a_pass_is_started_where_a_daemon_runs(visit: Visit) -> None:
    begun: list[tuple[str, str]] = []

    def start(name: str, resource: str) -> str:
        begun.append((name, resource))
        return "" if resource == "contacts" else "another daemon has it"

    walk = WalkState("sweep", "contacts", 4_200, 0.42, 1_050.0, 95.0)
    visitor = visit(DaemonControl(start, lambda: [walk]))

    page = visitor.see("/")
    assert "Contacts, sweep" in page
    assert "42% read · 4,200 records, 1,050 a second · about 1 min 35 s left" in page
    assert "Pull now" in visitor.see("/records/contacts")
    assert "contacts: the sweep has begun." in visitor.press("/start/sweep/contacts", "start")
    assert "another daemon has it" in visitor.press("/start/pull/orders", "start")
    assert begun == [("sweep", "contacts"), ("pull", "orders")]
    assert "asked for a sweep of contacts" in visitor.see("/activity")


def test_no_pass_of_a_paused_list_is_begun(visit: Visit, account: Account) -> None:
    """Also in the second before the daemon has seen the pause."""
    visitor = visit(DaemonControl(lambda *_: "", list))
    visitor.press("/pause/contacts", "pause")

    page = visitor.press("/start/pull/contacts", "start")

    assert "contacts: no pull was begun: it is paused; press Resume, on the overview" in page
    assert "asked for a pull" not in visitor.see("/activity")


def test_without_a_daemon_the_command_is_named(visitor: Visitor) -> None:
    assert "Pull now" not in visitor.see("/records/contacts")
    assert "cfsync pull contacts" in visitor.press("/start/pull/contacts", "start")


def test_another_value_resolves_a_conflict(
    visitor: Visitor, account: Account, contact: int
) -> None:
    number = dispute(account, contact)
    assert "Use another value" in visitor.see("/waiting")

    page = visitor.press(f"/conflicts/{number}", "value", value="Elsewhere")
    account.push()

    assert "1 conflict resolved. The next push sends it." in page
    assert (account.world.get("contacts", contact) or {})["first_name"] == "Elsewhere"


def test_without_another_value_nothing_is_wiped(
    visitor: Visitor, account: Account, contact: int
) -> None:
    number = dispute(account, contact)

    page = visitor.press(f"/conflicts/{number}", "value", value="")

    assert "no value was given" in page
    assert account.one("SELECT state FROM cf_conflicts WHERE id = ?", number) == "open"


def disputes(account: Account, contacts: tuple[int, int]) -> None:
    """Both names of two contacts."""
    for contact in contacts:
        account.sql(
            "UPDATE contacts SET first_name = 'Here', last_name = 'Here' WHERE id = ?", contact
        )
        account.world.edit("contacts", contact, first_name="There", last_name="There")
    account.pull()


@pytest.mark.parametrize(
    ("about", "left"),
    [
        ({"resource": "contacts", "field": "first_name"}, {"last_name"}),
        ({"resource": "contacts", "record": "first"}, {"first_name", "last_name"}),
    ],
)
def test_a_field_of_many_records_or_a_whole_record_is_resolved(
    visitor: Visitor,
    account: Account,
    two: tuple[int, int],
    about: dict[str, str],
    left: set[str],
) -> None:
    disputes(account, two)
    about = about | ({"record": str(two[0])} if "record" in about else {})

    page = visitor.press("/conflicts/all", "local", **about)

    assert "2 conflicts resolved." in page
    still = account.sql("SELECT record_id, field FROM cf_conflicts WHERE state = 'open'")
    assert len(still) == 2
    assert {field for _, field in still} == left


def test_what_the_page_has_not_shown_is_not_decided(
    visitor: Visitor, account: Account, two: tuple[int, int]
) -> None:
    first, second = two
    dispute(account, first)
    last = account.one("SELECT max(id) FROM cf_conflicts")
    account.sql("UPDATE contacts SET last_name = 'Here' WHERE id = ?", second)
    account.world.edit("contacts", second, last_name="There")
    account.pull()

    assert "1 conflict resolved." in visitor.press("/conflicts/all", "local", last=str(last))


@pytest.mark.parametrize(("choice", "state"), [("retry", "pending"), ("discard", "discarded")])
def test_refused_edits_are_decided_by_their_reason_or_all_at_once(
    visitor: Visitor, account: Account, choice: str, state: str
) -> None:
    """Without those that the page has not shown yet."""
    account.sql("UPDATE contacts SET last_name = 'Mass'")
    first, *_, last = account.column("SELECT seq FROM cf_outbox ORDER BY seq")
    account.sql("UPDATE cf_outbox SET state = 'parked', error = 'too long'")
    account.sql("UPDATE cf_outbox SET error = 'odd' WHERE seq = ?", first)
    page = visitor.see("/waiting")
    about = {"op": "update", "reason": "too long", "last": str(last - 1)}
    assert "contacts, too long (5)" in page
    assert "all (6)" in page

    page = visitor.press("/parked/contacts", choice, **about)

    assert page.count('class="flash ok"') == 1
    assert account.states() == ["parked", *[state] * 4, "parked"]
    visitor.press("/parked/all", choice, last=str(last))
    assert set(account.states()) == {state}


def test_a_call_that_may_have_arrived_is_not_retried_with_others(
    visitor: Visitor, account: Account, two: tuple[int, int]
) -> None:
    seqs = [parked(account, contact) for contact in two]
    account.sql("UPDATE cf_outbox SET error = 'unknown: no answer' WHERE seq = ?", seqs[0])

    page = visitor.press("/parked/all", "retry", last=str(seqs[1]))

    assert "1 edit retried." in page
    assert f"1 edit could not be: edit {seqs[0]}: it may have arrived;" in page
    assert account.states() == ["parked", "pending"]
    visitor.press(f"/edits/{seqs[0]}", "retry")
    assert account.states() == ["pending", "pending"]


def test_edits_that_join_a_group_are_shown_before_they_are_decided(
    visitor: Visitor, account: Account, two: tuple[int, int]
) -> None:
    first, last = (parked(account, contact) for contact in two)
    account.sql("UPDATE cf_outbox SET state = 'pending' WHERE seq = ?", first)
    form: Any = {"choice": "discard", "last": str(last)}
    shown = visitor.ask("POST", "/parked/all", data=form).text
    account.sql("UPDATE cf_outbox SET state = 'parked' WHERE seq = ?", first)

    again = visitor.agree("/parked/all", shown)

    assert "Discard 2 edits?" in again.text
    assert account.states() == ["parked", "parked"]
    assert visitor.agree("/parked/all", again.text).status_code == 303
    assert account.states() == ["discarded", "discarded"]


def test_an_edit_that_another_person_retries_is_shown_before_it_is_discarded(
    visitor: Visitor, account: Account, contact: int
) -> None:
    path = f"/edits/{parked(account, contact)}"
    shown = visitor.ask("POST", path, data={"choice": "discard"}).text
    account.sql("UPDATE cf_outbox SET state = 'pending'")

    again = visitor.agree(path, shown)

    assert "Discard 1 edit?" in again.text
    assert account.states() == ["pending"]
    assert visitor.agree(path, again.text).status_code == 303
    assert account.states() == ["discarded"]


@pytest.mark.parametrize(
    ("about", "asked"),
    [
        ({}, "Resolve 4 conflicts for your database?"),
        ({"resource": "contacts", "field": "first_name"}, "Resolve 2 conflicts for"),
        ({"resource": "contacts", "record": "first"}, "Resolve 2 conflicts for"),
    ],
)
def test_conflicts_that_join_a_group_are_shown_before_they_are_resolved(
    visitor: Visitor, account: Account, two: tuple[int, int], about: dict[str, str], asked: str
) -> None:
    disputes(account, two)
    about = about | ({"record": str(two[0])} if "record" in about else {})
    last = account.one("SELECT max(id) FROM cf_conflicts")
    first = account.one(
        "SELECT id FROM cf_conflicts WHERE record_id = ? AND field = 'first_name'", two[0]
    )
    account.sql("UPDATE cf_conflicts SET state = 'resolved' WHERE id = ?", first)
    form: Any = {"choice": "local", "last": str(last), **about}
    shown = visitor.ask("POST", "/conflicts/all", data=form).text
    account.sql("UPDATE cf_conflicts SET state = 'open' WHERE id = ?", first)

    again = visitor.agree("/conflicts/all", shown)

    open_now = "SELECT count(*) FROM cf_conflicts WHERE state = 'open'"
    assert asked in again.text
    assert account.one(open_now) == 4
    assert visitor.agree("/conflicts/all", again.text).status_code == 303
    assert account.one(open_now) == (2 if about else 0)


@pytest.mark.parametrize(("choice", "state"), [("approve", "approved"), ("reject", "rejected")])
def test_deletions_that_join_a_group_are_shown_before_they_are_decided(
    visitor: Visitor, account: Account, two: tuple[int, int], choice: str, state: str
) -> None:
    note_held(account, two)
    account.sql("UPDATE cf_tombstones SET state = 'approved' WHERE record_id = ?", two[0])
    form: Any = {"choice": choice, "last": "2026-01-01T00:00:00.000Z"}
    shown = visitor.ask("POST", "/deletions/contacts", data=form).text
    account.sql("UPDATE cf_tombstones SET state = 'held' WHERE record_id = ?", two[0])

    again = visitor.agree("/deletions/contacts", shown)

    assert "2 deletions of contacts?" in again.text
    assert account.column("SELECT state FROM cf_tombstones") == ["held", "held"]
    assert visitor.agree("/deletions/contacts", again.text).status_code == 303
    assert account.column("SELECT state FROM cf_tombstones") == [state, state]


def note_held(account: Account, contacts: tuple[int, int]) -> None:
    """Held deletions that were seen at a time which a form can name."""
    for contact in contacts:
        account.sql(
            "INSERT INTO cf_tombstones (resource, record_id, parent_id, side, state, first_seen)"
            " VALUES ('contacts', ?, 0, 'remote', 'held', '2026-01-01T00:00:00.000Z')",
            contact,
        )


def of_conflicts(account: Account, two: tuple[int, int]) -> tuple[str, str, dict[str, Any]]:
    disputes(account, two)
    return "/conflicts/all", "remote", {}


def of_a_conflict(account: Account, two: tuple[int, int]) -> tuple[str, str, dict[str, Any]]:
    staging.deleted_there(account, two[0])
    number = account.one("SELECT id FROM cf_conflicts WHERE state = 'open'")
    return f"/conflicts/{number}", "remote", {}


def of_edits(account: Account, two: tuple[int, int]) -> tuple[str, str, dict[str, Any]]:
    parked(account, two[0])
    return "/parked/contacts", "retry", {}


def of_an_edit(account: Account, two: tuple[int, int]) -> tuple[str, str, dict[str, Any]]:
    return f"/edits/{parked(account, two[0])}", "discard", {}


def of_deletions(account: Account, two: tuple[int, int]) -> tuple[str, str, dict[str, Any]]:
    note_held(account, two)
    return "/deletions/contacts", "approve", {"last": "2026-01-01T00:00:00.000Z"}


def of_picked_deletions(account: Account, two: tuple[int, int]) -> tuple[str, str, dict[str, Any]]:
    note_held(account, two)
    return "/deletions/contacts", "reject", {"id": [str(contact) for contact in two]}


@pytest.mark.parametrize(
    "stage",
    [of_conflicts, of_a_conflict, of_edits, of_an_edit, of_deletions, of_picked_deletions],
)
def test_who_confirms_what_nobody_was_shown_is_shown_it(
    visitor: Visitor, account: Account, two: tuple[int, int], stage: Callable[..., Any]
) -> None:
    """A request made by hand."""
    path, choice, form = stage(account, two)
    before = content(account)

    shown = visitor.ask("POST", path, data={"choice": choice, "sure": "1", **form})

    assert (shown.status_code, content(account)) == (200, before)
    assert visitor.agree(path, shown.text).status_code == 303
    assert content(account) != before


def test_of_a_delete_that_is_sent_no_revert_is_promised(
    visitor: Visitor, account: Account, contact: int
) -> None:
    account.sql("DELETE FROM contacts WHERE id = ?", contact)
    account.sql("UPDATE cf_outbox SET state = 'held', error = 'many'")
    seq = account.one("SELECT seq FROM cf_outbox")

    page = visitor.press(f"/edits/{seq}", "approve")

    told = page.partition("To undo it: ")[2].partition("</p>")[0]
    assert "until the push; afterwards Undelete, on the page of each record" in told
    assert "Revert" not in told


def test_a_group_of_held_edits_is_sent_and_no_other(visitor: Visitor, account: Account) -> None:
    account.settings["CFSYNC_PUSH__HOLD_UPDATES"] = "2"
    account.sql("UPDATE contacts SET last_name = 'Mass'")
    account.push()
    seqs = account.column("SELECT seq FROM cf_outbox ORDER BY seq")
    account.sql("UPDATE cf_outbox SET error = 'another reason' WHERE seq = ?", seqs[0])
    reason = account.one("SELECT error FROM cf_outbox WHERE seq = ?", seqs[1])
    about = {"op": "update", "reason": reason, "last": str(seqs[-2])}

    visitor.press("/held/contacts", "approve", **about)

    assert account.states() == ["held", *["pending"] * (len(seqs) - 2), "held"]


def test_an_edit_that_can_not_be_discarded_keeps_no_other_from_it(
    visitor: Visitor, account: Account, contact: int, mirror_url: str
) -> None:
    """A constraint of the user's refuses the value that it would put back."""
    account.settings["CFSYNC_PUSH__HOLD_UPDATES"] = "2"
    account.sql("UPDATE contacts SET last_name = 'Mass'")
    account.push()
    count = len(account.states())
    if mirror_url.startswith("sqlite"):
        account.sql(
            f"CREATE TRIGGER mine BEFORE UPDATE ON contacts WHEN NEW.id = {contact}"
            " AND NEW.last_name IS NOT 'Mass' BEGIN SELECT RAISE(ABORT, 'mine'); END"
        )
    else:
        check = f"CHECK (id <> {contact} OR last_name = 'Mass')"
        account.sql(f"ALTER TABLE contacts ADD CONSTRAINT mine {check}")

    page = visitor.press("/held/contacts", "discard")

    seq = account.one("SELECT seq FROM cf_outbox WHERE record_id = ?", contact)
    assert f"{count - 1} edits discarded." in page
    assert f"1 edit could not be: edit {seq}: " in page
    assert sorted(account.states()) == [*["discarded"] * (count - 1), "held"]


def test_an_edit_that_has_moved_on_keeps_no_other_from_being_sent(
    visitor: Visitor, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    account.settings["CFSYNC_PUSH__HOLD_UPDATES"] = "2"
    account.sql("UPDATE contacts SET last_name = 'Mass'")
    account.push()
    first, *others = account.column("SELECT seq FROM cf_outbox ORDER BY seq")
    read = readings.edits

    def then_another_decides(tx: Tx, seqs: Sequence[int]) -> list[Edit]:
        found = read(tx, seqs)
        account.sql("UPDATE cf_outbox SET state = 'discarded' WHERE seq = ?", first)
        return found

    shown = visitor.ask("POST", "/held/contacts", data={"choice": "approve"}).text
    monkeypatch.setattr(readings, "edits", then_another_decides)
    visitor.agree("/held/contacts", shown)
    page = visitor.see("/waiting")

    assert f"{len(others)} edits approved." in page
    assert account.states() == ["discarded", *["pending"] * len(others)]


def test_each_decision_shows_first_what_it_would_do(
    visitor: Visitor, account: Account, two: tuple[int, int]
) -> None:
    first, second = two
    account.sql("UPDATE contacts SET first_name = 'Augusta' WHERE id = ?", first)
    batch = account.push().batch
    account.sql("DELETE FROM contacts WHERE id = ?", second)
    account.push()
    seq = parked(account, account.ids_of("contacts")[-1])
    before = (account.states(), account.sql("SELECT * FROM contacts ORDER BY id"))

    for path, choice, told in (
        (f"/edits/{seq}", "discard", "The rows then show what ClickFunnels has."),
        (f"/revert/{batch}", "revert", f"#{first}</small>"),
        (f"/undelete/contacts/{second}", "undelete", "the next push creates it, with a new id"),
        ("/pause/all", "pause", "No pass starts any more."),
    ):
        answer = visitor.ask("POST", path, data={"choice": choice})
        assert answer.status_code == 200, path
        for text in (told, "To undo it: ", 'name="sure"'):
            assert text in answer.text, path

    assert (account.states(), account.sql("SELECT * FROM contacts ORDER BY id")) == before
    assert account.pull("contacts").paused == []


@pytest.mark.parametrize("path", ["/edits/{seq}", "/revert/{batch}", "/undelete/contacts/{gone}"])
def test_a_second_click_does_nothing_more(
    visitor: Visitor, account: Account, two: tuple[int, int], path: str
) -> None:
    first, gone = two
    account.sql("UPDATE contacts SET first_name = 'Augusta' WHERE id = ?", first)
    batch = account.push().batch
    account.sql("DELETE FROM contacts WHERE id = ?", gone)
    account.push()
    seq = parked(account, account.ids_of("contacts")[-1]) if "seq" in path else 0
    choice = "revert" if "batch" in path else "undelete" if "gone" in path else "discard"
    path = path.format(seq=seq, batch=batch, gone=gone)
    shown = visitor.ask("POST", path, data={"choice": choice}).text
    found = [(account.states(), account.column("SELECT id FROM contacts ORDER BY id"))]
    for _ in range(2):
        visitor.agree(path, shown)
        found.append((account.states(), account.column("SELECT id FROM contacts ORDER BY id")))

    assert found[0] != found[1] == found[2]


IMPOSSIBLE = (
    *("/conflicts/1", "/conflicts/x", "/conflicts/all", "/edits/1", "/edits/x"),
    *("/held/nosuch", "/deletions/nosuch", "/pause/nosuch", "/start/pull/nosuch"),
    *("/start/push/contacts", "/revert/99", "/undelete/nosuch/1", "/undelete/contacts/1"),
)


@pytest.mark.parametrize(
    "choice", ["local", "retry", "approve", "start", "revert", "undelete", "x"]
)
def test_what_can_not_be_done_is_said(visitor: Visitor, choice: str) -> None:
    for path in IMPOSSIBLE:
        answer = visitor.ask("POST", path, data={"choice": choice, "id": "1", "sure": "1"})
        assert answer.status_code == 303
        page = visitor.get(answer.headers["location"].partition("#")[0])
        assert 'class="flash bad"' in page.text
        assert "Traceback" not in page.text


def test_who_decides_stands_in_the_history(visit: Visit, account: Account, contact: int) -> None:
    visitor = visit(CFSYNC_WEB__USER_HEADER="X-Forwarded-User")
    visitor.headers["X-Forwarded-User"] = "grace"
    rev = account.one("SELECT cf_rev FROM contacts WHERE id = ?", contact)

    form = {"cf_rev": str(rev), "first_name": "Augusta"}
    visitor.ask("POST", f"/records/contacts/{contact}/edit", data=form)

    assert account.column("SELECT db_user FROM cf_outbox") == ["grace"]
    account.sql("UPDATE cf_outbox SET state = 'held'")
    visitor.press("/edits/1", "approve")
    for page in ("/activity", f"/records/contacts/{contact}"):
        shown = visitor.see(page)
        assert "grace" in shown
        assert f"approved edit 1 of contacts {contact}" in shown


class TestEdit:
    """The form of a record."""

    def save(self, visitor: Visitor, account: Account, contact: int, **form: Any) -> Any:
        rev = account.one("SELECT cf_rev FROM contacts WHERE id = ?", contact)
        given = {"cf_rev": str(rev), **form}
        return visitor.ask("POST", f"/records/contacts/{contact}/edit", data=given)

    def test_only_what_was_changed_is_written(
        self, visitor: Visitor, account: Account, contact: int
    ) -> None:
        last = account.one("SELECT last_name FROM contacts WHERE id = ?", contact)

        answer = self.save(visitor, account, contact, first_name="Augusta", last_name=last)

        assert answer.status_code == 303
        assert "Saved: first_name." in visitor.see(f"/records/contacts/{contact}")
        (patch,) = account.column("SELECT CAST(patch AS TEXT) FROM cf_outbox")
        assert "last_name" not in patch

    def test_tags_are_picked(self, visitor: Visitor, account: Account, contact: int) -> None:
        tags = account.ids_of("contact_tags")
        assert 'type="checkbox"' in visitor.see(f"/records/contacts/{contact}/edit")
        form = {"tag_ids:picked": "1", "tag_ids": ["", *map(str, tags)]}

        self.save(visitor, account, contact, **form)
        account.push()

        assert account.tags(contact) == tags

    def test_what_a_trigger_refuses_is_named_at_its_field(
        self, visitor: Visitor, account: Account, contact: int
    ) -> None:
        answer = self.save(visitor, account, contact, email_address="no address")

        assert answer.status_code == 422
        assert 'id="e-email_address"' in answer.text
        assert account.states() == []

    def test_a_record_that_has_changed_since_is_not_overwritten(
        self, visitor: Visitor, account: Account, contact: int
    ) -> None:
        rev = account.one("SELECT cf_rev FROM contacts WHERE id = ?", contact)
        account.world.edit("contacts", contact, last_name="There")
        account.pull()

        form = {"cf_rev": str(rev), "last_name": "Here"}
        answer = visitor.ask("POST", f"/records/contacts/{contact}/edit", data=form)

        assert answer.status_code == 422
        assert "the record has changed since you opened it" in answer.text
        assert account.states() == []

    def test_a_new_record_is_created(self, visitor: Visitor, account: Account) -> None:
        form = {"workspace_id": str(account.workspace), "email_address": "new@example.com"}

        path = "/records/contacts/new"
        answer = visitor.agree(path, visitor.ask("POST", path, data=form).text)
        account.push()

        assert answer.status_code == 303
        assert "Saved: " in visitor.see(answer.headers["location"])
        found = account.column("SELECT id FROM contacts WHERE email_address = 'new@example.com'")
        assert account.world.get("contacts", found[0]) is not None

    def test_a_record_that_can_not_be_created_says_so(self, visitor: Visitor) -> None:
        answer = visitor.get("/records/order_transactions/new")

        assert answer.status_code == 404
        assert "order_transactions: " in answer.text
