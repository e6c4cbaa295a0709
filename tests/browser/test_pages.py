"""Every page in Chromium, on both databases, wide and on a phone, light and dark."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from tests.browser import layout, staging
from tests.browser.conftest import Browser, serving, visiting
from tests.push.conftest import Account

PAGES = {
    "overview": "/",
    "hour": "/?range=1h",
    "quarter": "/?range=90d",
    "waiting": "/waiting",
    "activity": "/activity",
    "failed": "/activity?pass=failed&side=local",
    "lists": "/lists",
    "records": "/records/contacts",
    "by-id": "/records/orders?by=id",
    "none-fits": "/records/contacts?q=nobody",
    "record": "/records/contacts/{contact}?all=1",
    "deleted": "/records/contacts/{deleted}",
    "earlier": "/records/contacts/{contact}?as_of=2020-01-01",
    "edit": "/records/contacts/{contact}/edit",
    "new": "/records/contacts/new",
    "search": "/search?q=a",
    "nothing-found": "/search?q=nobody",
    "no-such-page": "/nowhere",
    "login": "/login",
}
"""Name of the picture -> where the page is."""


@pytest.mark.parametrize("width", [1440, 375], ids=["wide", "phone"])
def test_every_page_is_shown_and_can_be_used(
    browser: Browser, account: Account, width: int, request: pytest.FixtureRequest
) -> None:
    del account.settings["CFSYNC_RETENTION__CHANGES"]
    contact, deleted = account.ids_of("contacts")[:2]
    staging.everything(account)
    wrong = []
    for name, path in PAGES.items():
        for dark in (False, True):
            browser.open(path.format(contact=contact, deleted=deleted), width, dark=dark)
            wrong += [
                f"{name}{' (dark)' * dark}: {found}" for found in browser.axe(only_colors=dark)
            ]
            wrong += [f"{name}: {fault}" for fault in layout.faults(browser)]
            browser.shot(f"{request.node.callspec.id}{'-dark' if dark else ''}-{name}")
            if name == "no-such-page":
                browser.errors.clear()  # the browser tells of each 404

    assert not wrong, "\n".join(wrong)


def test_the_page_that_asks_can_be_read(browser: Browser, account: Account) -> None:
    staging.everything(account)
    for width, dark in ((1440, False), (1440, True), (375, False), (375, True)):
        browser.open("/waiting", width, dark=dark)
        browser.press("Discard", agree=False)
        assert "Discard 1 edit?" in browser.text
        assert browser.axe(only_colors=dark) == []
        assert browser.script("return document.documentElement.scrollWidth") <= width
        browser.shot(f"asks-{width}{'-dark' * dark}")
        browser.press("Cancel")
        assert "Waiting for you" in browser.text


def test_a_form_with_mistakes_can_be_read(browser: Browser, account: Account, contact: int) -> None:
    for dark in (False, True):
        browser.open(f"/records/contacts/{contact}/edit", 375, dark=dark)
        browser.type("email_address", "no address")
        browser.press("Save")
        assert browser.axe(only_colors=dark) == []
        browser.shot(f"mistakes{'-dark' * dark}")
    browser.errors = [error for error in browser.errors if "422" not in error]


def test_a_read_only_console_can_be_read(chromium: Any, account: Account, tmp_path: Path) -> None:
    del account.settings["CFSYNC_RETENTION__CHANGES"]
    contact, deleted = account.ids_of("contacts")[:2]
    staging.everything(account)
    settings = account.settings | {"CFSYNC_WEB__CONSOLE": "read-only"}
    with serving(settings, tmp_path) as address, visiting(chromium, address) as browser:
        for name in ("overview", "waiting", "activity", "records", "record", "deleted", "lists"):
            browser.open(PAGES[name].format(contact=contact, deleted=deleted))
            assert browser.axe() == [], name
            assert browser.script("return document.querySelectorAll('main button').length") == (
                1 if name in ("record", "deleted") else 0
            ), name  # it shows an earlier time
            browser.shot(f"read-only-{name}")


def test_the_back_button_after_a_decision_does_it_no_second_time(
    browser: Browser, account: Account
) -> None:
    first, second, *_ = account.ids_of("contacts")
    staging.refused(account, first, second)
    browser.open("/waiting")
    browser.press("Retry")
    states = account.states()

    for _ in range(2):
        browser.driver.back()
    browser.driver.refresh()
    browser.open("/waiting")

    assert account.states() == states
    assert "Nothing waits for you." in browser.text
    browser.errors.clear()  # the browser may tell of a form that it doesn't send again


def test_pages_of_an_empty_mirror_say_what_comes_next(browser: Browser, account: Account) -> None:
    for table in ("contacts", "cf_checkpoints", "cf_runs", "cf_samples"):
        account.sql(f"DELETE FROM {table}")

    browser.open("/")
    assert "Nothing was read yet" in browser.text
    assert "cfsync backfill" in browser.text
    browser.open("/waiting")
    assert "waits" in browser.text


def test_a_slash_puts_the_cursor_into_the_search(browser: Browser) -> None:
    from selenium.webdriver.common.by import By

    browser.open("/activity")
    browser.driver.find_element(By.TAG_NAME, "body").send_keys("/")

    assert browser.script("return document.activeElement.name") == "q"


def test_times_are_the_viewers(browser: Browser, account: Account, contact: int) -> None:
    created = str(account.one("SELECT created_at FROM contacts WHERE id = ?", contact))
    at = datetime.fromisoformat(created).astimezone(timezone(timedelta(hours=9)))
    browser.command("Emulation.setTimezoneOverride", {"timezoneId": "Asia/Tokyo"})
    try:
        browser.open(f"/records/contacts/{contact}")
        assert f"{at:%b} {at.day}, {at.year}, {at:%I}".replace(", 0", ", ") in browser.text
        title = created[:19].replace("T", " ")
        assert browser.script(f"return !!document.querySelector('time[title^=\"{title}\"]')")
        browser.open(f"/records/contacts/{contact}?as_of=2024-05-05T20:00")
        browser.press("Show")
        assert "as_of=2024-05-05T20%3A00%3A00" in browser.driver.current_url
    finally:
        browser.command("Emulation.setTimezoneOverride", {"timezoneId": ""})
