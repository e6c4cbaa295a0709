"""Every page in Chromium, on both databases, wide and on a phone, light and dark."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from tests.browser import staging
from tests.browser.conftest import Browser
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
            if browser.script("return document.documentElement.scrollWidth") > width:
                wrong.append(f"{name}: scrolls sideways")
            browser.shot(f"{request.node.callspec.id}{'-dark' if dark else ''}-{name}")
            if name == "no-such-page":
                browser.errors.clear()  # the browser tells of each 404

    assert not wrong, "\n".join(wrong)


def test_pages_of_an_empty_mirror_say_what_comes_next(browser: Browser, account: Account) -> None:
    for table in ("contacts", "cf_checkpoints", "cf_runs", "cf_samples"):
        account.sql(f"DELETE FROM {table}")

    browser.open("/")
    assert "Nothing was read yet" in browser.text
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
