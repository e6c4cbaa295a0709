"""The overview renews itself, keeps what one does, and stops when nobody looks. The console works
by keyboard, and without JavaScript.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from selenium.common.exceptions import TimeoutException
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

from cfsync.sandbox import TOKEN, World, running
from tests.browser import staging
from tests.browser.conftest import Browser, serving, visiting
from tests.push.conftest import Account

AS_OF = "return document.querySelector('.hero .asof time').dateTime"
PROGRESS = "return [...document.querySelectorAll('.progress p')].map((one) => one.innerText)"
CARD = "return document.querySelector('.w-conflict b')?.innerText === '1'"
FOCUSED = (
    "const one = document.activeElement; return one.getAttribute('aria-label') || one.innerText"
)


def wait_for_news(browser: Browser) -> None:
    """Until the overview has renewed itself."""
    before = browser.script(AS_OF)
    WebDriverWait(browser.driver, 60).until(lambda d: d.execute_script(AS_OF) != before)


def test_the_overview_renews_itself_around_what_one_does(
    browser: Browser, account: Account, contact: int
) -> None:
    browser.open("/")
    browser.script("document.querySelector('details.rest').open = true")
    browser.script("document.querySelector('[aria-label=\"pause contacts\"]').focus()")
    browser.script("window.here = document.querySelector('.lists')")
    staging.field_conflict(account, contact)

    WebDriverWait(browser.driver, 60).until(lambda _: browser.script(CARD))

    assert browser.script("return document.querySelector('#badge').innerText") == "1"
    assert browser.script(FOCUSED) == "pause contacts"
    assert browser.script("return document.querySelector('details.rest').open")
    assert browser.script("return window.here.isConnected"), "the table was made anew: it flickers"


def test_what_is_unfolded_stays_so_where_changes_come_in_above_it(
    browser: Browser, account: Account, contact: int
) -> None:
    del account.settings["CFSYNC_RETENTION__CHANGES"]
    account.pull()
    account.sql("UPDATE contacts SET last_name = 'Mass'")
    browser.open("/activity")
    browser.script("document.querySelector('.feed details').open = true")

    account.sql("UPDATE contacts SET first_name = 'Later' WHERE id = ?", contact)

    came = "return document.querySelector('#live').innerText.includes('Later')"
    WebDriverWait(browser.driver, 60).until(lambda _: browser.script(came))
    assert browser.script("return document.querySelector('.feed details').open")


def test_an_older_page_stays_where_new_lines_come_in(browser: Browser, account: Account) -> None:
    account.sql(
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 30)"
        ' INSERT INTO cf_runs (id, "pass", state, started_at, ended_at, quiet, error)'
        " SELECT 9000 + i, 'pull', 'failed', '2026-01-01T00:00:00.000Z',"
        " '2026-01-01T00:00:00.000Z', 0, 'run ' || i FROM n"
    )
    browser.open("/activity")
    browser.press("Older passes →")
    assert "run 10" in browser.text

    account.sql("UPDATE cf_runs SET error = 'renewed' WHERE id = 9010")
    passes = browser.script("return refresh().then(() => passes.innerText)")

    assert "renewed" in passes
    assert "run 11" not in passes
    browser.press("Newest passes")
    assert "run 11" in browser.text


def test_a_hidden_tab_asks_for_nothing(browser: Browser) -> None:
    browser.open("/")
    wait_for_news(browser)
    hidden = "Object.defineProperty(document, 'hidden', { get: () => %s, configurable: true });"
    browser.script(hidden % "true")
    browser.script("asked = 0; const go = fetch; window.fetch = (...a) => (asked++, go(...a))")

    assert browser.script("refresh(); return asked") == 0
    browser.script(hidden % "false" + "document.dispatchEvent(new Event('visibilitychange'))")
    WebDriverWait(browser.driver, 60).until(lambda d: d.execute_script("return asked") > 0)


def test_what_does_not_answer_is_called_old(
    chromium: Any, account: Account, tmp_path: Path
) -> None:
    with serving(account.settings, tmp_path) as address:
        browser = Browser(chromium, address)
        browser.open("/")
    lost = "return document.body.classList.contains('lost')"
    try:
        WebDriverWait(chromium, 60).until(lambda d: d.execute_script(lost))
        browser.shot("lost")
    finally:
        chromium.get("about:blank")
        browser.forget_logs()


def test_a_running_backfill_tells_how_far_it_is(chromium: Any, tmp_path: Path) -> None:
    world = World(contacts=20_000)
    world.latency = 0.6
    with running(world) as served:
        settings = {
            "CFSYNC_API__BASE_URL": served.api,
            "CFSYNC_API__TOKEN": TOKEN,
            "CFSYNC_API__MIRROR": "core",
            "CFSYNC_API__MAX_CONCURRENCY": "2",
            "CFSYNC_DATABASE__URL": f"sqlite:///{tmp_path / 'cfsync.db'}",
        }
        with (
            serving(settings, tmp_path, "run") as address,
            visiting(chromium, address) as browser,
        ):
            seen: set[str] = set()
            browser.open("/")

            def shows_progress(_: Any) -> bool:
                if not browser.script("return document.querySelector('#live') !== null"):
                    browser.open("/")
                seen.update(line.replace("\n", " ") for line in browser.script(PROGRESS))
                told = [t for t in seen if t.startswith("Contacts, pull") and "left" in t]
                return len({t for t in told if "a second" in t}) >= 2

            try:
                WebDriverWait(chromium, 90, poll_frequency=1).until(shows_progress)
            except TimeoutException:
                raise AssertionError(sorted(seen)) from None
            browser.shot("backfill")
            browser.errors = [e for e in browser.errors if "503" not in e]  # before it began
            assert any("lists are complete" in text for text in seen)


def test_one_can_do_it_all_by_keyboard(browser: Browser, account: Account, contact: int) -> None:
    staging.field_conflict(account, contact)
    browser.open("/")

    def tab_to(text: str) -> None:
        for _ in range(80):
            browser.driver.switch_to.active_element.send_keys(Keys.TAB)
            if browser.script(FOCUSED) == text:
                return
        raise AssertionError(f"Tab doesn't come to {text!r}")

    browser.driver.find_element(By.TAG_NAME, "body").send_keys(Keys.TAB)
    assert browser.script(FOCUSED) == "Skip to the content"
    outline = "return getComputedStyle(document.activeElement).outlineStyle"
    tab_to("Waiting for you\n1")
    assert browser.script(outline) == "solid", "one sees where the focus is"
    browser.driver.switch_to.active_element.send_keys(Keys.ENTER)
    WebDriverWait(browser.driver, 30).until(lambda d: "/waiting" in d.current_url)
    tab_to("Use this")
    browser.driver.switch_to.active_element.send_keys(Keys.ENTER)
    WebDriverWait(browser.driver, 30).until(lambda _: "1 conflict resolved." in browser.text)


@contextmanager
def without_javascript(browser: Browser) -> Iterator[None]:
    """The console has one script, and its policy forbids any other: without that, it has none. (The
    driver itself needs the engine.)
    """
    browser.command("Network.enable", {})
    browser.command("Network.setBlockedURLs", {"urls": ["*/console.js"]})
    try:
        yield
    finally:
        browser.command("Network.setBlockedURLs", {"urls": []})
        browser.errors = [e for e in browser.errors if "/console.js" not in e]


@pytest.mark.parametrize("width", [1440, 375], ids=["wide", "phone"])
def test_it_works_without_javascript(
    browser: Browser, account: Account, contact: int, width: int
) -> None:
    staging.field_conflict(account, contact)
    with without_javascript(browser):
        browser.open("/", width)
        browser.shot(f"no-javascript-{width}")
        assert "UTC" in browser.text
        assert browser.script("return typeof refresh") == "undefined"
        browser.open("/waiting", width)
        browser.press("Use this")
        assert "1 conflict resolved." in browser.flash
        browser.type("q", str(contact))
        browser.driver.find_element(By.NAME, "q").send_keys(Keys.ENTER)
        WebDriverWait(browser.driver, 30).until(lambda d: f"/{contact}" in d.current_url)
        browser.press("Edit")
        browser.type("last_name", "Byron")
        browser.press("Save")
        assert "Saved: last_name." in browser.flash
