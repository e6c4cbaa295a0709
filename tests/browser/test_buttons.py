"""Every button in Chromium, on both databases: the page before it says what will happen, pressing
it does that on both sides, and the page after it says the way back.
"""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver.support.ui import WebDriverWait
from starlette.routing import Route

from cfsync.web.console import app, forms
from tests.browser.buttons import BUTTONS, ELSEWHERE, Button
from tests.browser.conftest import Browser, serving, visiting
from tests.push.conftest import Account
from tests.web.console.test_every_route import content


def test_no_button_is_forgotten(account: Account, visit: Any) -> None:
    routes = app.create(visit().console).routes
    posts = {r.path for r in routes if isinstance(r, Route) and "POST" in (r.methods or ())}
    can_say = {(path, choice) for path in posts for choice in forms.CHOICES.get(path, ("",))}

    pressed = {(path, button.choice) for path, buttons in BUTTONS.items() for button in buttons}

    assert pressed | ELSEWHERE.keys() == can_say


@pytest.mark.parametrize("route", BUTTONS)
def test_every_button_does_what_it_says(browser: Browser, account: Account, route: str) -> None:
    for button in BUTTONS[route]:
        given = button.stage(account)
        browser.open(button.page.format(**given))
        for name, text in (button.typed or {}).items():
            browser.type(name, text)
        press(browser, account, button)
        assert button.told in browser.flash
        assert button.back in browser.flash
        account.push()
        assert button.done(account, given), (button.choice, button.text)


def press(browser: Browser, account: Account, button: Button) -> None:
    """Press it. What is only asked changes nothing."""
    if not button.asked:
        browser.press(button.text, button.within)
        return
    before = content(account)
    browser.press(button.text, button.within, agree=False)
    assert button.asked in browser.text
    assert "To undo it:" in browser.text
    assert content(account) == before, "asking has changed something"
    browser.agree(button.agrees)


def test_a_daemon_begins_a_pass_at_once(chromium: Any, account: Account, tmp_path: Path) -> None:
    """Not with its next turn."""
    first, second, third = account.ids_of("contacts")[:3]
    settings = account.settings | {
        "CFSYNC_RESOURCES__CONTACTS__PULL_EVERY": "1h",
        "CFSYNC_RESOURCES__CONTACTS__SWEEP_EVERY": "24h",
    }
    account.world.edit("contacts", first, first_name="Begun")

    def arrives(contact: int, name: str | None) -> None:
        found = f"SELECT count(*) FROM contacts WHERE id = {contact}"
        found += f" AND first_name = '{name}'" if name else ""
        WebDriverWait(chromium, 60).until(lambda _: account.one(found) == (1 if name else 0))

    with serving(settings, tmp_path, "run") as address, visiting(chromium, address) as browser:
        arrives(first, "Begun")
        account.world.edit("contacts", second, first_name="Pulled")
        account.world.delete("contacts", third)
        browser.open("/records/contacts")
        browser.press("Pull now")
        assert "contacts: the pull has begun." in browser.flash
        arrives(second, "Pulled")
        browser.press("Sweep now")
        assert "contacts: the sweep has begun." in browser.flash
        arrives(third, None)


def test_a_filtered_table_is_saved_as_a_file(
    browser: Browser, account: Account, contact: int, tmp_path: Path
) -> None:
    account.sql("UPDATE contacts SET last_name = 'Zuse' WHERE id = ?", contact)
    given = {"behavior": "allow", "downloadPath": str(tmp_path)}
    browser.command("Browser.setDownloadBehavior", given)
    browser.open("/records/contacts?q=zuse")
    browser.script("document.querySelector('a[href*=\"contacts.csv\"]').click()")

    file = tmp_path / "contacts.csv"
    WebDriverWait(browser.driver, 30).until(lambda _: file.exists())

    with file.open() as opened:
        assert [int(row["id"]) for row in csv.DictReader(opened)] == [contact]
