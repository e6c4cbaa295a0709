"""Who may see and do something."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl

import pytest
from starlette.datastructures import Headers
from starlette.requests import Request

from cfsync.web.console import forms
from cfsync.web.console.access import is_own_origin
from tests.push.conftest import Account
from tests.web.console.conftest import Visitor

Visit = Callable[..., Visitor]
TOKEN = "a-token-of-thirty-two-characters"


@pytest.mark.parametrize("host", ["127.0.0.1:8787", "localhost:8787", "[::1]:8787", "localhost"])
def test_on_loopback_its_names_are_answered(visitor: Visitor, host: str) -> None:
    assert visitor.ask("GET", "/", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "localhost.evil:8787", ""]
)
def test_another_name_that_leads_to_loopback_is_not(visitor: Visitor, host: str) -> None:
    answer = visitor.ask("GET", "/records/contacts", headers={"Host": host})

    assert answer.status_code == 400
    assert "contacts" not in answer.text


@pytest.mark.parametrize(
    ("headers", "is_own"),
    [
        ({"sec-fetch-site": "same-origin"}, True),
        ({"sec-fetch-site": "none"}, True),
        ({"sec-fetch-site": "same-site"}, False),
        ({"sec-fetch-site": "cross-site"}, False),
        ({"sec-fetch-site": "cross-site", "origin": "http://a:1", "host": "a:1"}, False),
        ({"origin": "http://a:1", "host": "a:1"}, True),
        ({"origin": "http://evil.example", "host": "a:1"}, False),
        ({"origin": "null", "host": "a:1"}, False),
        ({"host": "a:1"}, True),
    ],
)
def test_where_a_form_comes_from(headers: dict[str, str], is_own: bool) -> None:
    assert is_own_origin(Headers(headers)) is is_own


def test_a_form_of_another_page_changes_nothing(visitor: Visitor, account: Account) -> None:
    visitor.headers = {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}

    answer = visitor.ask("POST", "/pause/all", data={"choice": "pause"})

    assert answer.status_code == 403
    assert account.pull("contacts").paused == []


@pytest.mark.parametrize("path", ["/", "/records/contacts.csv", "/lists", "/nosuch"])
def test_with_a_token_nothing_is_shown_before_the_login(visit: Visit, path: str) -> None:
    visitor = visit(CFSYNC_WEB__ACCESS_TOKEN=TOKEN)

    answer = visitor.get(path)

    assert (answer.status_code, answer.headers["location"]) == (303, "/login")


def test_the_token_lets_in_and_the_name_is_kept(
    visit: Visit, account: Account, contact: int
) -> None:
    visitor = visit(CFSYNC_WEB__ACCESS_TOKEN=TOKEN)
    assert "Access token" in visitor.see("/login")

    wrong = visitor.ask("POST", "/login", data={"token": "x" * 32})
    right = visitor.ask("POST", "/login", data={"token": TOKEN, "name": "grace"})
    rev = account.one("SELECT cf_rev FROM contacts WHERE id = ?", contact)
    form = {"cf_rev": str(rev), "first_name": "Augusta"}
    visitor.ask("POST", f"/records/contacts/{contact}/edit", data=form)

    assert (wrong.status_code, right.status_code) == (401, 303)
    assert "Log out" in visitor.see("/")
    assert account.column("SELECT db_user FROM cf_outbox") == ["grace"]
    visitor.ask("POST", "/logout")
    assert visitor.get("/").status_code == 303


def asked_for(visit: Visit, path: str, **headers: str) -> str:
    """Where one is after the login, who has asked for a page before."""
    visitor = visit(CFSYNC_WEB__ACCESS_TOKEN=TOKEN)
    before = visitor.ask("GET", path, headers={"Accept": "text/html"} | headers)
    assert (before.status_code, before.headers["location"]) == (303, "/login")
    return visitor.ask("POST", "/login", data={"token": TOKEN}).headers["location"]


@pytest.mark.parametrize("path", ["/records/contacts/7?all=1", "/search?q=%C3%BC&x=//evil.example"])
def test_the_login_leads_to_the_page_that_was_asked_for(visit: Visit, path: str) -> None:
    assert asked_for(visit, path) == path


@pytest.mark.parametrize(
    "path",
    [
        *("//evil.example", "/%2fevil.example", "//evil.example/%2e%2e", "///evil.example"),
        *("/login", "/static/console.css", "/records/contacts.csv", "/" + "x" * 2_000),
    ],
)
def test_the_login_leads_nowhere_else(visit: Visit, path: str) -> None:
    visitor = visit(CFSYNC_WEB__ACCESS_TOKEN=TOKEN)
    visitor.ask("GET", f"http://127.0.0.1:8787{path}", headers={"Accept": "text/html"})

    answer = visitor.ask("POST", "/login", data={"token": TOKEN})

    assert answer.headers["location"] == "/"


def test_what_is_no_page_does_not_change_where_the_login_leads(visit: Visit) -> None:
    """An icon, or the script that renews a page."""
    assert asked_for(visit, "/apple-touch-icon.png", Accept="*/*") == "/"


@pytest.mark.parametrize("path", ["/%5Cevil.example", "/%5c/evil.example", "/%0d/evil.example"])
def test_what_a_browser_may_take_for_another_server_stays_a_path(visit: Visit, path: str) -> None:
    assert asked_for(visit, path).startswith(("/%5C", "/%0D"))


def test_a_new_token_ends_all_sessions(visit: Visit) -> None:
    before = visit(CFSYNC_WEB__ACCESS_TOKEN=TOKEN)
    before.ask("POST", "/login", data={"token": TOKEN})
    after = visit(CFSYNC_WEB__ACCESS_TOKEN=TOKEN[::-1])
    after.cookies = before.cookies

    assert before.get("/").status_code == 200
    assert after.get("/").status_code == 303


def test_a_session_that_was_made_up_is_none(visit: Visit) -> None:
    visitor = visit(CFSYNC_WEB__ACCESS_TOKEN=TOKEN)
    visitor.cookies.set("cfsync_console", "eyJtYXJrIjogIngifQ==.aaaa.bbbb")

    assert visitor.get("/").status_code == 303


def test_a_read_only_console_has_no_buttons_and_takes_no_forms(
    visit: Visit, account: Account, contact: int
) -> None:
    account.sql("UPDATE contacts SET first_name = 'Augusta' WHERE id = ?", contact)
    account.sql("UPDATE cf_outbox SET state = 'parked', error = 'odd'")
    visitor = visit(CFSYNC_WEB__CONSOLE="read-only")

    for path in ("/", "/waiting", f"/records/contacts/{contact}", "/records/contacts"):
        assert 'method="post"' not in visitor.see(path)
    seq = account.one("SELECT seq FROM cf_outbox")
    assert "this console is read-only" in visitor.press(f"/edits/{seq}", "discard")
    assert visitor.get(f"/records/contacts/{contact}/edit").status_code == 404
    answer = visitor.ask("POST", f"/records/contacts/{contact}/edit", data={"first_name": "Z"})
    assert answer.status_code == 404
    assert account.states() == ["parked"]


def test_every_answer_forbids_scripts_and_frames_of_others(visitor: Visitor) -> None:
    for path in ("/", "/nosuch", "/static/console.css"):
        headers = visitor.get(path).headers
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
    assert visitor.get("/").headers["cache-control"] == "no-store"


def test_a_cookie_is_kept_from_scripts_and_other_sites(visit: Visit) -> None:
    visitor = visit(CFSYNC_WEB__ACCESS_TOKEN=TOKEN)

    cookie = visitor.ask("POST", "/login", data={"token": TOKEN}).headers["set-cookie"].lower()

    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert TOKEN not in cookie


def test_a_form_that_is_too_long_is_refused(visitor: Visitor) -> None:
    page = visitor.press("/pause/all", "pause", more="x" * 2_000_000)

    assert "the form is too long" in page


def test_a_form_with_too_many_fields_is_refused(visitor: Visitor) -> None:
    answer = visitor.ask("POST", "/pause/all", content="choice=pause" + "&a=" * 60_000)

    assert "the form has too many fields" in visitor.see(answer.headers["location"])


def test_before_the_login_only_a_short_form_is_read(visit: Visit) -> None:
    visitor = visit(CFSYNC_WEB__ACCESS_TOKEN=TOKEN)

    answer = visitor.ask("POST", "/login", data={"token": TOKEN, "more": "x" * 5_000})

    assert answer.status_code == 404
    assert "the form is too long" in answer.text
    assert visitor.get("/").status_code == 303


def test_a_long_form_does_not_hold_the_event_loop(
    visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: list[threading.Thread] = []

    def taken_apart(*given: Any, **more: Any) -> list[tuple[str, str]]:
        threads.append(threading.current_thread())
        return parse_qsl(*given, **more)

    monkeypatch.setattr(forms, "parse_qsl", taken_apart)
    visitor.ask("POST", "/pause/all", content="choice=pause&more=" + "x" * 100_000)

    assert threads
    assert threading.main_thread() not in threads


def test_no_path_is_taken_from_a_url(
    visitor: Visitor, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A URL is made of the Host header, too: some releases of Starlette let it add to the path."""

    def refused(_: Request) -> None:
        raise AssertionError("the path is in the scope")

    monkeypatch.setattr(Request, "url", property(refused))

    assert "All lists: paused" in visitor.press("/pause/all", "pause")
