"""Every page in Chromium, on both databases: it loads, complains of nothing, asks nobody else."""

from __future__ import annotations

import pytest

from tests.browser.conftest import Browser
from tests.push.conftest import Account

RULES = """
const found = [];
for (const one of document.querySelectorAll("input, select, textarea")) {
  const named = one.type === "hidden" || one.labels?.length || one.getAttribute("aria-label");
  if (!named) found.push("no label: " + one.outerHTML.slice(0, 80));
}
for (const one of document.querySelectorAll("button, a")) {
  const named = one.textContent.trim() || one.getAttribute("aria-label");
  if (!named) found.push("no name: " + one.outerHTML);
}
for (const one of document.querySelectorAll("img")) {
  if (!one.hasAttribute("alt")) found.push("no alt: " + one.outerHTML);
}
if (document.querySelectorAll("h1").length !== 1) found.push("not one h1");
if (!document.documentElement.lang) found.push("no language");
const ids = [...document.querySelectorAll("[id]")].map((one) => one.id);
for (const id of ids) if (ids.indexOf(id) !== ids.lastIndexOf(id)) found.push("twice: #" + id);
function light(color) {
  const [r, g, b] = color.match(/[\\d.]+/g).slice(0, 3).map((v) => {
    v /= 255;
    return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}
function behind(one) {
  for (; one; one = one.parentElement) {
    const color = getComputedStyle(one).backgroundColor;
    if (!/, 0\\)$|transparent/.test(color) && /^rgb/.test(color)) return color;
  }
  return "rgb(255, 255, 255)";
}
for (const one of document.querySelectorAll("main *, nav *")) {
  const own = [...one.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
  if (!own || !one.offsetParent || one.closest("svg, .none, :disabled")) continue;
  if (getComputedStyle(one).opacity === "0") continue;
  const [a, b] = [getComputedStyle(one).color, behind(one)].map(light).sort((x, y) => y - x);
  if ((a + 0.05) / (b + 0.05) < 4.5) found.push("contrast: " + one.outerHTML.slice(0, 100));
}
return found;
"""
"""Rules of accessibility: each control has a name, each text a contrast of 4.5, and so on."""

HOSTILE = "<img src=x onerror=alert(1)>"


def pages(contact: int) -> dict[str, str]:
    return {
        "overview": "/",
        "quarter": "/?range=90d",
        "waiting": "/waiting",
        "activity": "/activity",
        "lists": "/lists",
        "records": "/records/contacts",
        "record": f"/records/contacts/{contact}?all=1",
        "edit": f"/records/contacts/{contact}/edit",
        "new": "/records/contacts/new",
        "search": "/search?q=a",
    }


def dispute(account: Account, contact: int) -> None:
    """A conflict, a refused edit and held ones."""
    account.sql("UPDATE contacts SET first_name = 'Here' WHERE id = ?", contact)
    account.world.edit("contacts", contact, first_name=HOSTILE)
    account.pull()
    other, *more = (i for i in account.ids_of("contacts") if i != contact)
    account.sql("UPDATE contacts SET last_name = ? WHERE id = ?", HOSTILE, other)
    account.sql(
        "UPDATE cf_outbox SET state = 'parked', error = 'last_name is odd' WHERE record_id = ?",
        other,
    )
    account.settings["CFSYNC_PUSH__HOLD_UPDATES"] = "1"
    for one in more:
        account.sql("UPDATE contacts SET last_name = 'Mass' WHERE id = ?", one)
    account.push()


@pytest.mark.parametrize("width", [1440, 390], ids=["wide", "phone"])
def test_every_page_is_shown_and_can_be_used(
    browser: Browser, account: Account, contact: int, width: int, request: pytest.FixtureRequest
) -> None:
    dispute(account, contact)

    for name, path in pages(contact).items():
        browser.open(path, width)
        assert browser.script(RULES) == [], name
        assert browser.script("return document.documentElement.scrollWidth") <= width + 1, name
        browser.shot(f"{request.node.callspec.id}-{name}")


def test_what_waits_is_settled_by_clicks(browser: Browser, account: Account, contact: int) -> None:
    dispute(account, contact)

    browser.open("/waiting")
    browser.press("Use this")
    assert "1 conflict settled." in browser.text
    browser.press("Try again")
    assert "1 edit released." in browser.text
    while "Nothing waits for you." not in browser.text:
        browser.press("Drop")
        assert "dropped." in browser.text

    assert set(account.states()) <= {"pending", "done", "discarded"}


def test_a_record_is_changed_and_a_list_paused(
    browser: Browser, account: Account, contact: int
) -> None:
    browser.open(f"/records/contacts/{contact}")
    browser.press("Edit")
    browser.type("first_name", "Augusta")
    browser.press("Save")
    assert "Saved: first_name." in browser.text
    browser.open("/")
    browser.press("Pause all")
    assert "All lists: paused." in browser.text
    browser.press("Resume all")
    assert "All lists: resumed." in browser.text

    account.push()
    assert (account.world.get("contacts", contact) or {})["first_name"] == "Augusta"


def test_a_slash_puts_the_cursor_into_the_search(browser: Browser) -> None:
    from selenium.webdriver.common.by import By

    browser.open("/activity")
    browser.driver.find_element(By.TAG_NAME, "body").send_keys("/")

    assert browser.script("return document.activeElement.name") == "q"


def test_the_overview_renews_itself(browser: Browser, account: Account, contact: int) -> None:
    from selenium.webdriver.support.ui import WebDriverWait

    browser.open("/")
    before = browser.script("return document.querySelector('.asof time').dateTime")

    WebDriverWait(browser.driver, 60).until(
        lambda d: d.execute_script("return document.querySelector('.asof time').dateTime") != before
    )
