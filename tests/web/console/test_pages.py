"""What the pages show."""

from __future__ import annotations

import asyncio
import csv
import io
import itertools
import re
import threading
from typing import Any

import pytest

from cfsync.mirror.db.engine import Tx
from cfsync.resources import RESOURCES
from cfsync.sync.decisions import conflicts
from cfsync.sync.inspection import status
from cfsync.text_forms import typed_csv_line
from cfsync.times import later, time_text
from cfsync.web.console.activity_reading import changes_to_show
from cfsync.web.console.html import records
from cfsync.web.console.html.activity import ALIKE, FOLDED, LINES
from cfsync.web.console.html.overview import RANGES
from tests.browser import staging
from tests.push.conftest import Account, now
from tests.status_text import status_lines
from tests.web.console.conftest import Visitor

HOSTILE = "<img src=x onerror=alert(1)>&\"'"


def test_the_overview_says_how_it_stands(visitor: Visitor, account: Account) -> None:
    account.pull()

    page = visitor.see("/")

    assert "Up to date with ClickFunnels" in page
    assert "No edit is on its way." in page
    assert 'href="/records/contacts"' in page


def test_a_mirror_of_which_a_list_was_never_read_is_not_called_up_to_date(
    visitor: Visitor, account: Account
) -> None:
    account.pull()
    account.sql("DELETE FROM cf_checkpoints WHERE resource = 'orders'")

    page = visitor.see("/")

    assert "<h1>Not everything is read yet</h1>" in page
    assert "Up to date" not in page
    assert "lists are complete" in page


@pytest.mark.parametrize("range_name", ["1h", "24h", "7d", "90d", "nonsense"])
def test_the_overview_has_ranges(visitor: Visitor, account: Account, range_name: str) -> None:
    account.pull()

    assert "What moved" in visitor.see(f"/?range={range_name}")


def test_an_odd_time_series_is_shown(visitor: Visitor, account: Account) -> None:
    """Of clocks that were wrong, with the largest numbers, and emptied by somebody."""
    numbers = ", ".join([str(2**63 - 1)] * 9)
    row = f"INSERT INTO cf_samples VALUES (?, ?, ?, ?, {numbers})"
    for at in ("1970-01-01T00:00:00.000Z", time_text(now()), "9999-12-31T23:55:00.000Z"):
        for given in itertools.product((5, 1440), ("", "contacts", "no"), ("pull", "push", "odd")):
            account.sql(row, at, *given)
    for name in RANGES:
        assert "k-odd" in visitor.see(f"/?range={name}")

    account.sql("DELETE FROM cf_samples")
    visitor.console.forget()

    for name in RANGES:
        assert "k-odd" not in visitor.see(f"/?range={name}")


def test_a_mirror_that_is_late_says_why(visitor: Visitor, account: Account) -> None:
    account.sql("UPDATE cf_checkpoints SET began_at = '2026-01-01T00:00:00.000Z'")

    page = visitor.see("/")

    assert "Out of date" in page
    assert "contacts: the last pull began" in page


def test_a_table_has_its_rows_and_marks(visitor: Visitor, account: Account, contact: int) -> None:
    account.sql("UPDATE contacts SET first_name = 'Augusta' WHERE id = ?", contact)

    page = visitor.see("/records/contacts")

    assert "Augusta" in page
    assert 'class="chip pending"' in page


def test_a_table_names_who_its_rows_belong_to_and_shows_by_what_they_are_sorted(
    visitor: Visitor, account: Account
) -> None:
    order, contact = account.sql("SELECT id, contact_id FROM orders LIMIT 1")[0]
    account.sql("UPDATE contacts SET first_name = 'Augusta', last_name = 'King'")

    page = visitor.see("/records/orders")

    assert f'<a href="/records/contacts/{contact}">Augusta King</a>' in page
    assert f'<a href="/records/orders/{order}">' in page
    for resource in RESOURCES.values():
        if "updated_at" in resource.by_name:
            assert "updated_at" in {f.name for f in records.columns(resource)}


def test_the_head_of_a_filtered_table_counts_what_matches(
    visitor: Visitor, account: Account, contact: int, monkeypatch: Any
) -> None:
    many = len(account.ids_of("contacts"))
    account.sql("UPDATE contacts SET last_name = 'Zuse' WHERE id <> ?", contact)

    def count(query: str) -> str:
        page = visitor.see(f"/records/contacts{query}")
        return page.partition('<h1>Contacts<span class="count">')[2].partition("<")[0]

    assert count("") == f"{many}"
    assert count("?q=zuse") == f"{many - 1} of {many}"
    assert count("?q=nobody") == f"0 of {many}"
    monkeypatch.setattr("cfsync.web.console.pages.ROWS", 2)
    assert count("?q=zuse") == ""


def test_pages_of_a_table_are_read_by_key(
    visitor: Visitor, account: Account, monkeypatch: Any
) -> None:
    monkeypatch.setattr("cfsync.web.console.pages.ROWS", 2)
    ids = account.ids_of("contacts")

    def without_a_time(tx: Tx) -> None:
        change = "UPDATE contacts SET updated_at = NULL, cf_rev = cf_rev + 1000 WHERE id > "
        tx.conn.exec_driver_sql(f"{change}{ids[-4]}")

    account.desk(lambda mirror: mirror.write(without_a_time))
    for by in ("", "&by=id"):
        seen: list[int] = []
        path = f"/records/contacts?x=1{by}"
        while path:
            page = visitor.see(path)
            seen += [i for i in ids if f'href="/records/contacts/{i}"' in page]
            nxt = page.rpartition('href="?')[2].partition('"')[0].replace("&amp;", "&")
            path = f"/records/contacts?{nxt}" if "Next page" in page else ""
        assert sorted(seen) == ids


@pytest.mark.parametrize("words", ["id", "email", "name"])
def test_a_person_is_found(visitor: Visitor, account: Account, contact: int, words: str) -> None:
    email = account.one("SELECT email_address FROM contacts WHERE id = ?", contact)
    account.sql("UPDATE contacts SET last_name = 'Zuse-Unmatched' WHERE id = ?", contact)
    sought = {"id": str(contact), "email": email.upper(), "name": "zuse-unm"}[words]

    answer = visitor.ask("GET", "/search", params={"q": sought})

    assert answer.status_code == 303
    assert answer.headers["location"] == f"/records/contacts/{contact}"


def test_a_search_without_a_hit_says_what_is_searched(visitor: Visitor) -> None:
    assert "Nothing found." in visitor.see("/search?q=nobody-has-this-name")


def test_a_record_shows_values_history_and_what_belongs_to_it(
    visitor: Visitor, account: Account, contact: int
) -> None:
    del account.settings["CFSYNC_RETENTION__CHANGES"]
    account.pull()
    account.sql("UPDATE contacts SET first_name = 'Augusta' WHERE id = ?", contact)

    page = visitor.see(f"/records/contacts/{contact}")

    assert "Augusta" in page
    assert "in ClickFunnels: " in page
    assert "Related" in page
    assert "<b>Update </b>" in page


def test_a_record_as_it_was(visitor: Visitor, account: Account, contact: int) -> None:
    del account.settings["CFSYNC_RETENTION__CHANGES"]
    account.pull()

    page = visitor.see(f"/records/contacts/{contact}?as_of=2020-01-01T00:00")

    assert 'nothing is known of <time class="clock" datetime="2020-01-01T00:00:00.000Z"' in page


def test_no_page_links_to_what_does_not_exist(visitor: Visitor, account: Account) -> None:
    """Records refer to lists that are not mirrored, and so does what is known of them."""
    account.sql(
        "INSERT INTO cf_changes (seq, resource, record_id, op, side, source, at, patch)"
        " VALUES (1000001, 'pages', 7, 'update', 'clickfunnels', 'pull',"
        " '2026-01-01T00:00:00.000Z', '{}')"
    )
    del account.settings["CFSYNC_RETENTION__CHANGES"]
    paths = {f"/records/{name}" for name in account.configured().wanted}
    for name in sorted(account.configured().wanted):
        paths |= {f"/records/{name}/{one}" for one in account.column(f"SELECT id FROM {name}")}

    pages = [visitor.see(path) for path in ("/", "/waiting", "/activity", "/lists", *sorted(paths))]

    linked = {link for page in pages for link in re.findall(r'href="(/records/[^?#"]+)', page)}
    assert {link for link in linked if visitor.get(link).status_code != 200} == set()
    assert "are not mirrored" in "".join(pages)


@pytest.mark.parametrize("path", ["", ".csv", "/7", "/7/edit", "/new"])
def test_a_list_that_is_not_mirrored_says_how_it_would_be(visitor: Visitor, path: str) -> None:
    answer = visitor.get(f"/records/pages{path}")

    assert answer.status_code == 404
    assert "pages are not mirrored: set resources.pages.enabled to true" in answer.text


def test_pages_with_buttons_name_no_command(
    visitor: Visitor, account: Account, contact: int
) -> None:
    staging.deleted_there(account, contact)
    record = f"/records/contacts/{contact}"

    for path in (record, f"{record}/edit", f"{record}?as_of=2999-01-01", "/activity"):
        text = visitor.see(path).partition("<main")[2]
        assert "cfsync " not in text, path
        assert "--" not in text, path


def test_only_times_of_which_something_is_known_are_offered(
    visitor: Visitor, account: Account, contact: int
) -> None:
    here = f"/records/contacts/{contact}"
    assert "as far back" not in visitor.see(here)  # no history is kept
    del account.settings["CFSYNC_RETENTION__CHANGES"]
    account.pull()
    account.sql("UPDATE cf_changes SET at = ? WHERE op = 'start'", later(time_text(now()), -7200.0))

    page = visitor.see(here)

    assert ">an hour ago</a>" in page
    assert "a day ago" not in page
    (first,) = re.findall('href="([^"]*)">as far back as is known</a>', page)
    assert "As it was at" in visitor.see(here + first)


def test_a_delay_that_nobody_has_measured_is_no_figure(visitor: Visitor, account: Account) -> None:
    account.pull()
    account.sql("DELETE FROM cf_samples")

    page = visitor.see("/")

    assert "nothing has come in this time yet" in page
    assert "half of the changes" not in page


def test_a_record_that_is_gone_can_be_brought_back(
    visitor: Visitor, account: Account, contact: int
) -> None:
    account.sql("DELETE FROM contacts WHERE id = ?", contact)
    account.push()

    page = visitor.see(f"/records/contacts/{contact}")

    assert "It was deleted here" in page
    assert ">Undelete</button>" in page


@pytest.mark.parametrize(
    "path",
    [
        "/nosuch",
        "/records/nosuch",
        "/records/contacts/1",
        "/records/contacts?after=x",
        "/records/contacts/1/edit",
    ],
)
def test_what_does_not_exist_is_said_in_a_page(visitor: Visitor, path: str) -> None:
    answer = visitor.get(path)

    assert answer.status_code == 404
    assert "Traceback" not in answer.text
    assert "To the overview" in answer.text


def test_hostile_names_stay_text(visitor: Visitor, account: Account, contact: int) -> None:
    account.sql(
        "UPDATE contacts SET first_name = ?, last_name = NULL WHERE id = ?", HOSTILE, contact
    )
    account.sql("UPDATE cf_outbox SET state = 'parked', error = ?", HOSTILE)

    for path in (
        "/waiting",
        "/activity",
        "/records/contacts",
        f"/records/contacts/{contact}",
        f"/records/contacts/{contact}/edit",
        f"/search?q={contact}",
    ):
        answer = visitor.get(path)
        assert "<img src=x" not in answer.text
    assert "&lt;img src=x" in visitor.see("/records/contacts")
    assert "<img src=x" not in visitor.ask("GET", "/search", params={"q": HOSTILE}).text


def test_long_values_are_folded(visitor: Visitor, account: Account, contact: int) -> None:
    account.sql("UPDATE contacts SET first_name = ? WHERE id = ?", "x" * 10_000, contact)

    assert len(visitor.see("/records/contacts")) < 60_000
    assert "<details>" in visitor.see(f"/records/contacts/{contact}")


def test_a_filtered_table_comes_as_csv(visitor: Visitor, account: Account, contact: int) -> None:
    account.sql("UPDATE contacts SET last_name = 'Zuse, \"K\"' WHERE id = ?", contact)

    answer = visitor.get("/records/contacts.csv?q=zuse")

    (row,) = csv.DictReader(io.StringIO(answer.text))
    assert (row["id"], row["last_name"]) == (str(contact), 'Zuse, "K"')
    assert answer.headers["content-type"].startswith("text/csv")


def test_cells_are_written_as_export_writes_them(
    visitor: Visitor, account: Account, contact: int
) -> None:
    """NULL is told from an empty text, and truth and JSON are as in JSON."""
    account.sql(
        "UPDATE contacts SET first_name = '', last_name = NULL, custom_attributes = ? WHERE id = ?",
        '{"a": "b"}',
        contact,
    )

    head, *lines = visitor.get("/records/contacts.csv").text.splitlines()

    names = head.split(",")
    (line,) = (line for line in lines if line.startswith(f"{contact},"))
    assert ',"",,' in line
    (row,) = csv.reader([line])
    assert row[names.index("custom_attributes")] == '{"a":"b"}'
    assert row[names.index("is_active")] in ("true", "false", "")


def test_a_csv_of_many_rows_has_them_all(
    visitor: Visitor, account: Account, monkeypatch: Any
) -> None:
    monkeypatch.setattr("cfsync.web.console.pages.CSV_ROWS", 2)

    rows = [*csv.DictReader(io.StringIO(visitor.get("/records/contacts.csv").text))]

    assert sorted(int(row["id"]) for row in rows) == account.ids_of("contacts")


def test_a_filtered_csv_has_all_matches_of_the_table(
    visitor: Visitor, account: Account, monkeypatch: Any
) -> None:
    """A page looks through the newest rows only."""
    monkeypatch.setattr("cfsync.mirror.reports.browse.SCANNED", 2)
    monkeypatch.setattr("cfsync.web.console.pages.CSV_ROWS", 2)
    account.sql("UPDATE contacts SET last_name = 'Zuse'")

    rows = [*csv.DictReader(io.StringIO(visitor.get("/records/contacts.csv?q=zuse").text))]

    assert [int(row["id"]) for row in rows] == account.ids_of("contacts")


def test_the_lines_of_a_csv_are_not_made_where_requests_are_answered(
    visitor: Visitor, monkeypatch: Any
) -> None:
    made_in: set[threading.Thread] = set()

    def make(types: Any, values: Any) -> str:
        made_in.add(threading.current_thread())
        return typed_csv_line(types, values)

    monkeypatch.setattr("cfsync.web.console.pages.typed_csv_line", make)
    visitor.see("/records/contacts.csv")

    assert made_in
    assert threading.current_thread() not in made_in


def test_settings_in_force_hide_secrets(visitor: Visitor) -> None:
    page = visitor.see("/lists")

    assert "web.access_token" in page
    assert "***" in page
    assert "order invoices" in page


def test_activity_shows_passes_and_both_sides(
    visitor: Visitor, account: Account, contact: int
) -> None:
    del account.settings["CFSYNC_RETENTION__CHANGES"]
    account.pull()
    assert "No change yet. What a backfill brings" in visitor.see("/activity")
    assert "No change in ClickFunnels yet." in visitor.see("/activity?side=clickfunnels")
    assert "No change was made here yet." in visitor.see("/activity?side=local")
    assert "No pass has failed." in visitor.see("/activity?pass=failed")
    assert "No census pass has done anything yet." in visitor.see("/activity?pass=census")
    account.world.edit("contacts", contact, first_name="Remote")
    account.sql("UPDATE contacts SET last_name = 'Local' WHERE id = ?", contact)
    account.pull()

    both, here = visitor.see("/activity"), visitor.see("/activity?side=local&pass=pull")

    assert "Remote" in both
    assert "Local" in both
    assert "Remote" not in here
    assert "start " not in both.partition("<h2>Changes")[2]


def test_a_mass_of_changes_hides_no_other(visitor: Visitor, account: Account, contact: int) -> None:
    """Whoever made them."""
    del account.settings["CFSYNC_RETENTION__CHANGES"]
    account.pull()
    account.sql("UPDATE contacts SET first_name = 'Before' WHERE id = ?", contact)
    account.sql("UPDATE contacts SET last_name = 'Mass'")

    page = visitor.see("/activity").partition("<h2>Changes")[2]

    many = len(account.ids_of("contacts"))
    assert f'<a href="/records/contacts">{many} contacts</a>' in page
    assert "<summary><code>last_name</code></summary>" in page
    assert page.count("Mass") == min(many, FOLDED)
    assert "Before" in page


@pytest.mark.parametrize(("every", "count"), [(2, LINES + ALIKE), (9, 200)])
def test_of_changes_that_are_not_alike_no_more_are_read_than_shown(
    visitor: Visitor, account: Account, every: int, count: int
) -> None:
    account.sql(
        "INSERT INTO cf_changes (seq, resource, record_id, op, side, source, at, patch)"
        " WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200)"
        " SELECT 1000000 + i, 'contacts', i, 'update', 'clickfunnels',"
        f" CASE (i / {every}) % 2 WHEN 0 THEN 'pull' ELSE 'sweep' END,"
        " '2026-01-01T00:00:00.000Z', '{}' FROM n"
    )

    found = asyncio.run(account.mirror.read(changes_to_show, "clickfunnels"))

    assert [row["record_id"] for row in found] == [*range(200, 200 - count, -1)]


def test_what_waits_is_shown_with_both_sides(
    visitor: Visitor, account: Account, contact: int
) -> None:
    account.sql("UPDATE contacts SET first_name = 'Here' WHERE id = ?", contact)
    account.world.edit("contacts", contact, first_name="There")
    account.pull()
    assert account.desk(conflicts.open_conflicts)

    page = visitor.see("/waiting")

    assert "<mark>" in page, "what differs is marked"
    page = page.replace("<mark>", "").replace("</mark>", "")
    for text in ("In your database", "Here", "In ClickFunnels", "There", "✓ in use"):
        assert text in page
    assert "conflict" in visitor.see("/records/contacts")


def test_a_refused_row_is_shown_behind_many_older_conflicts(
    visitor: Visitor, account: Account
) -> None:
    """The overview links to it."""
    account.sql(
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 250)"
        " INSERT INTO cf_conflicts (resource, record_id, kind, field, winner, state, found_at)"
        " SELECT 'contacts', i, 'changed', 'first_name', 'local', 'open',"
        " '2026-01-01T00:00:00.000Z' FROM n"
    )
    account.sql(
        "INSERT INTO cf_events (source, event_id, event_type, resource, record_id, received_at,"
        " state, error) VALUES ('refused', 'r1', 'row', 'contacts', 9, '2026-02-01T00:00:00.000Z',"
        " 'new', 'my check')"
    )

    page = visitor.see("/waiting")

    assert 'id="refused"' in page
    assert "my check" in page


def pile_up(account: Account, n: int) -> None:
    """So many drifted values, refused edits and held deletions of contacts."""
    many = f"WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {n})"
    at = "'2026-01-01T00:00:00.000Z'"
    account.sql(
        f"{many} INSERT INTO cf_conflicts (resource, record_id, kind, field, winner, state,"
        f" found_at) SELECT 'contacts', i, 'drift', 'first_name', 'hold', 'open', {at} FROM n"
    )
    account.sql(
        f"{many} INSERT INTO cf_outbox (resource, record_id, op, patch, state, attempts, error,"
        f" captured_at) SELECT 'contacts', i, 'update', '{{}}', 'parked', 1, 'odd', {at} FROM n"
    )
    account.sql(
        f"{many} INSERT INTO cf_tombstones (resource, record_id, parent_id, side, state,"
        f" first_seen) SELECT 'contacts', i, 0, 'remote', 'held', {at} FROM n"
    )


def test_overview_navigation_and_page_tell_the_same_numbers(
    visitor: Visitor, account: Account
) -> None:
    """A mass is one line of `cf_waiting`."""
    pile_up(account, 60)

    overview, page = visitor.see("/"), visitor.see("/waiting")

    for kind in ("conflict", "parked", "deletion"):
        assert f'href="/waiting#{kind}" class="w-{kind}"><b>60</b>' in overview
        assert '<span class="count">60</span>' in page.partition(f'id="{kind}"')[2][:300]
    assert 'class="badge">180</span>' in overview
    assert 'class="badge">180</span>' in page


def test_an_edit_that_its_conflict_decides_is_counted_nowhere_beside_it(
    visitor: Visitor, account: Account, two: tuple[int, int]
) -> None:
    """The edit of the conflict is held, too."""
    staging.mass_edit(account, [*two])
    staging.deleted_there(account, account.ids_of("contacts")[-1])
    assert account.one("SELECT count(*) FROM cf_outbox WHERE state = 'held'") == 3

    overview = visitor.see("/")
    found = account.desk(status.status, account.configured())

    assert 'href="/waiting#held" class="w-held"><b>2</b>' in overview
    assert 'href="/waiting#held">2 held</a>' in overview
    assert 'class="badge">3</span>' in overview
    line = next(line for line in status_lines(found) if line.startswith("contacts "))
    assert line.split()[-1] == "3"


def test_of_a_mass_the_first_are_shown_and_the_others_counted(
    visitor: Visitor, account: Account
) -> None:
    pile_up(account, 10_000)

    page = visitor.see("/waiting")

    assert (page.count('id="c'), page.count('id="e'), page.count('name="id"')) == (101, 100, 100)
    for text in (
        "and 9,900 conflicts more: <code>cfsync conflicts list</code>",
        "and 9,900 refused edits more: <code>cfsync outbox list --state parked</code>",
        "and 9,900 deletions more: <code>cfsync deletions list</code>",
        "all (10,000)",
        "contacts, first_name (10,000)",
        "Approve all 10,000<",
    ):
        assert text in page


def test_of_held_edits_a_few_of_each_group_are_shown(visitor: Visitor, account: Account) -> None:
    account.sql(
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1200)"
        " INSERT INTO cf_outbox (resource, record_id, op, patch, state, attempts, error,"
        " captured_at) SELECT 'contacts', i, 'update', '{}', 'held', 0, 'guard ' || ((i - 1) / 10),"
        " '2026-01-01T00:00:00.000Z' FROM n"
    )

    page = visitor.see("/waiting")

    assert page.count('class="sample"') == 300
    assert page.count("Approve all 10<") == 100
    assert "and 20 groups more: <code>cfsync outbox list --state held</code>" in page


def test_nothing_waits(visitor: Visitor) -> None:
    assert "Nothing waits for you." in visitor.see("/waiting")
