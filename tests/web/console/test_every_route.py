"""Every route of the console under attack. The routes are asked of the application itself: a new
one is attacked, too.
"""

from __future__ import annotations

import itertools
import time
import traceback
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import itsdangerous
import pytest
from starlette.datastructures import QueryParams
from starlette.routing import Mount, Route

from cfsync.web.console import app, forms
from cfsync.web.console.session import Console
from tests.push.conftest import Account
from tests.web.console.conftest import Visitor

Visit = Callable[..., Visitor]

TOKEN = "a-token-of-thirty-two-characters"
HOSTILE = "<img src=x onerror=alert(1)>&\"'"
LONG = "9" * 10_000
ODD = (HOSTILE, LONG, "x" * 10_000, "0", "-1", "--5", "\u0663", "\u00b2", "\x00", "\udcff", "%")
ODD_TEXT = [text.encode(errors="surrogateescape") for text in ODD]

OPEN_TO_ALL = ("/static", "/login")
"""What is shown before the login."""

TABLES = ("cf_outbox", "cf_conflicts", "cf_tombstones", "cf_meta", "cf_changes", "contacts")
"""Tables that a button or a form may change."""

CHOICES = sorted({choice for choices in forms.CHOICES.values() for choice in choices})
"""What a button may say."""


def routes(console: Console) -> list[Route | Mount]:
    return [one for one in app.create(console).routes if isinstance(one, (Route, Mount))]


def filled(path: str, **given: object) -> str:
    """A path with a value for each of its parameters. A new kind of them has to be added here."""
    usual = {"resource": "contacts", "id": "1", "number": "1", "name": "pull"}
    return path.format(**usual | given)


def asked(visitor: Visitor, **given: object) -> Iterator[tuple[str, str]]:
    """(method, path) of every route."""
    for one in routes(visitor.console):
        if isinstance(one, Mount):
            yield "GET", f"{one.path}/console.css"
        else:
            for method in sorted((one.methods or set()) - {"HEAD"}):
                yield method, filled(one.path_format, **given)


def content(account: Account) -> dict[str, list[str]]:
    return {name: sorted(map(repr, account.sql(f"SELECT * FROM {name}"))) for name in TABLES}


@pytest.fixture
def busy(account: Account, contact: int) -> dict[str, object]:
    """What each parameter of a path can be, so that there is something to decide."""
    account.sql("UPDATE contacts SET first_name = 'Here' WHERE id = ?", contact)
    account.world.edit("contacts", contact, first_name=HOSTILE)
    account.pull()
    other = next(i for i in account.ids_of("contacts") if i != contact)
    account.sql("UPDATE contacts SET last_name = ? WHERE id = ?", HOSTILE, other)
    account.sql(
        "UPDATE cf_outbox SET state = 'parked', error = ? WHERE record_id = ?", HOSTILE, other
    )
    return {
        "id": contact,
        "number": account.one("SELECT id FROM cf_conflicts WHERE state = 'open'"),
    }


def test_another_host_name_gets_nothing(visitor: Visitor, busy: dict[str, object]) -> None:
    visitor.host = "evil.example"
    for method, path in asked(visitor, **busy):
        answer = visitor.ask(method, path)
        assert (answer.status_code, answer.text[:6]) == (400, "cfsync"), path


FORGED = (
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "cross-site", "Origin": "http://127.0.0.1:8787"},
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": "http://127.0.0.1:9999"},
    {"Origin": "http://127.0.0.1:8787.evil.example"},
    {"Origin": ""},
)


def test_no_form_is_taken_from_another_page(
    visitor: Visitor, account: Account, busy: dict[str, object]
) -> None:
    before = content(account)
    for headers in FORGED:
        visitor.headers = headers
        for method, path in asked(visitor, **busy):
            if method != "GET":
                for choice in CHOICES:
                    answer = visitor.ask(method, path, data={"choice": choice, "sure": "1"})
                    assert answer.status_code == 403, (path, headers)
    assert content(account) == before


def signed(token: str, mark: str, age_s: float) -> str:
    """A cookie as the console makes it, of a session that began so long ago."""
    import base64
    import json

    class Past(itsdangerous.TimestampSigner):
        def get_timestamp(self) -> int:
            return int(time.time() - age_s)

    data = base64.b64encode(json.dumps({"mark": mark}).encode())
    return Past(app._key(token)).sign(data).decode()


def bad_cookies() -> dict[str, str]:
    mark = app.session_mark(TOKEN)
    return {
        "none": "",
        "made up": "eyJtYXJrIjogIngifQ==.aaaa.bbbb",
        "of another token": signed("another-token-of-some-characters", mark, 0),
        "without a login": signed(TOKEN, "", 0),
        "expired": signed(TOKEN, mark, app.SESSION_S + 60),
        "long": "a" * 10_000,
    }


@pytest.mark.parametrize("cookie", bad_cookies().values(), ids=bad_cookies())
def test_without_a_login_nothing_is_shown_or_done(
    visit: Visit, account: Account, busy: dict[str, object], cookie: str
) -> None:
    visitor, before = visit(CFSYNC_WEB__ACCESS_TOKEN=TOKEN), content(account)
    for method, path in asked(visitor, **busy):
        visitor.cookies = httpx.Cookies({"cfsync_console": cookie} if cookie else {})
        for choice in CHOICES if method == "POST" else ("",):
            answer = visitor.ask(method, path, data={"choice": choice} if choice else None)
            if path.startswith(OPEN_TO_ALL):
                assert answer.status_code in (200, 401), path
            else:
                assert (answer.status_code, answer.headers["location"]) == (303, "/login"), path
            if path == "/login" and method == "POST":
                break  # each wrong token takes a second
    assert content(account) == before


MISTAKES = (
    ("GET", "/static/nosuch", ""),
    ("GET", "/static/%2e%2e/login", ""),
    ("POST", "/static/console.css", ""),
    ("PUT", "/login", ""),
    ("POST", "/login", "token=%ff"),
    ("POST", "/login", "token=" + "x" * 2_000_000),
    ("GET", "/loginx", ""),
    ("GET", "/login/", ""),
    ("GET", "/nosuch", ""),
)
"""Requests that are answered with an error, or with the way to the login."""


@pytest.mark.parametrize(("method", "path", "body"), MISTAKES, ids=lambda given: given[:20])
def test_without_a_login_an_error_shows_nothing_of_the_mirror(
    visit: Visit, method: str, path: str, body: str
) -> None:
    visitor = visit(CFSYNC_WEB__ACCESS_TOKEN=TOKEN)
    place = str(visitor.console.place)

    answer = visitor.ask(method, path, content=body.encode())

    assert answer.status_code in (303, 404, 405)
    assert place not in answer.text
    assert "/records/" not in answer.text
    assert "contacts" not in answer.text


def test_a_path_that_begins_as_the_login_is_behind_it(visit: Visit) -> None:
    visitor = visit(CFSYNC_WEB__ACCESS_TOKEN=TOKEN)

    for path in ("/loginx", "/login/", "/login/records"):
        answer = visitor.get(path)
        assert (answer.status_code, answer.headers["location"]) == (303, "/login"), path


def test_a_cookie_of_a_login_lets_in(visit: Visit) -> None:
    visitor = visit(CFSYNC_WEB__ACCESS_TOKEN=TOKEN)
    cookie = signed(TOKEN, app.session_mark(TOKEN), app.SESSION_S - 60)
    visitor.cookies = httpx.Cookies({"cfsync_console": cookie})

    assert visitor.get("/").status_code == 200


def test_a_read_only_console_changes_nothing(
    visit: Visit, account: Account, busy: dict[str, object]
) -> None:
    visitor, before = visit(CFSYNC_WEB__CONSOLE="read-only"), content(account)
    for method, path in asked(visitor, **busy):
        if method == "GET" and not path.startswith(OPEN_TO_ALL):
            assert 'method="post"' not in visitor.get(path).text, path
        for choice in CHOICES if method == "POST" else ():
            visitor.ask(method, path, data={"choice": choice, "sure": "1", "first_name": "Z"})
    assert content(account) == before


def test_no_path_is_too_odd(visitor: Visitor, account: Account, busy: dict[str, object]) -> None:
    wrong = [
        found
        for odd in ODD_TEXT
        for name in ("resource", "id", "number", "name")
        for method, path in asked(visitor, **busy | {name: quoted(odd)})
        if quoted(odd) in path
        if (found := odd_answer(visitor, method, path, "choice=x&sure=1"))
    ]
    assert wrong == []


def test_no_parameter_is_too_odd(
    visitor: Visitor, account: Account, busy: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    read = parameters_that_are_read(monkeypatch)
    wrong = []
    for path in {path for method, path in asked(visitor, **busy) if method == "GET"}:
        read.clear()
        visitor.get(f"{path}?q=1&after=1")
        for name, odd in itertools.product(sorted(read), ODD_TEXT):
            wrong.append(odd_answer(visitor, "GET", f"{path}?{name}={quoted(odd)}"))
            if name == "at":
                wrong.append(odd_answer(visitor, "GET", f"{path}?after=1&at={quoted(odd)}"))
    assert [*filter(None, wrong)] == []


def parameters_that_are_read(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The names of query parameters that pages have asked for."""
    read: set[str] = set()
    for method in ("get", "__contains__", "__getitem__"):
        was = getattr(QueryParams, method)

        def spy(self: QueryParams, name: str, *more: Any, was: Any = was) -> Any:
            read.add(name)
            return was(self, name, *more)

        monkeypatch.setattr(QueryParams, method, spy, raising=False)
    return read


def test_no_form_is_too_odd(visitor: Visitor, account: Account, busy: dict[str, object]) -> None:
    """Each field of each form holds something odd, and every page can be shown afterwards."""
    fields = (
        "choice",
        "id",
        "cf_rev",
        "first_name",
        "tag_ids",
        "custom_attributes",
        "value",
        "last",
    )
    wrong = []
    for odd in ODD_TEXT:
        for method, path in asked(visitor, **busy):
            if method == "POST" and path != "/login":
                for name in fields:
                    body = f"choice=local&sure=1&cf_rev={rev(account, busy)}&{name}={quoted(odd)}"
                    wrong.append(odd_answer(visitor, "POST", path, body))
    for method, path in asked(visitor, **busy):
        if method == "GET":
            wrong.append(odd_answer(visitor, "GET", path))
    assert [*filter(None, wrong)] == []


def quoted(raw: bytes) -> str:
    return "".join(f"%{byte:02x}" for byte in raw)


def odd_answer(visitor: Visitor, method: str, path: str, body: str = "") -> str:
    """What is wrong with an answer; '' for nothing."""
    try:
        answer = visitor.ask(method, path, content=body.encode() if body else None)
    except Exception as error:
        where = traceback.extract_tb(error.__traceback__)[-1]
        return (
            f"{method} {path[:120]} {body[:120]}: {type(error).__name__} {str(error)[:100]} {where}"
        )
    headers = answer.headers
    is_html = headers.get("content-type", "").startswith("text/html")
    target = headers.get("location", "/")
    good = {
        "status": answer.status_code in (200, 303, 401, 404, 405, 422),
        "traceback": "Traceback" not in answer.text,
        "markup": not is_html or "<img src=x" not in answer.text,
        "policy": "default-src 'none'" in headers.get("content-security-policy", ""),
        "elsewhere": target.startswith("/") and not target.startswith(("//", "/\\")),
        "cookie": len(headers.get("set-cookie", "")) < 4_096,
    }
    bad = [name for name, is_good in good.items() if not is_good]
    return f"{method} {path[:120]} {body[:120]}: {answer.status_code} {bad}" if bad else ""


def rev(account: Account, busy: dict[str, object]) -> int:
    return int(account.one("SELECT cf_rev FROM contacts WHERE id = ?", busy["id"]))


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "HEAD"])
def test_other_methods_do_nothing(
    visitor: Visitor, account: Account, busy: dict[str, object], method: str
) -> None:
    before = content(account)
    for _, path in asked(visitor, **busy):
        assert visitor.ask(method, path).status_code in (200, 303, 404, 405), path
    assert content(account) == before
