"""The login in Chromium, and what an error shows before it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser.conftest import Browser, serving, visiting
from tests.push.conftest import Account

TOKEN = "a-token-of-thirty-two-characters"


@pytest.fixture
def outside(chromium: Any, account: Account, tmp_path: Path) -> Iterator[Browser]:
    """A browser at a console that asks for a token."""
    settings = account.settings | {"CFSYNC_WEB__ACCESS_TOKEN": TOKEN}
    with serving(settings, tmp_path) as address, visiting(chromium, address) as opened:
        yield opened


def faults(browser: Browser, name: str, *, dark: bool) -> list[str]:
    """What is wrong with the page as it is shown."""
    found = browser.axe(only_colors=dark)
    if browser.script("return document.documentElement.scrollWidth > window.innerWidth"):
        found.append("scrolls sideways")
    browser.shot(f"{name}{'-dark' * dark}")
    return found


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [1440, 375], ids=["wide", "phone"])
def test_one_logs_in_and_out(outside: Browser, width: int, *, dark: bool) -> None:
    outside.open("/records/contacts", width, dark=dark)
    assert "Access token" in outside.text
    assert "contacts" not in outside.text
    assert faults(outside, f"login-{width}", dark=dark) == []
    assert outside.script("return document.activeElement.name") == "name"

    outside.open("/login", width, dark=dark)
    outside.type("token", "x" * 32)
    outside.press("Log in")
    assert "That is not the token." in outside.text
    assert faults(outside, f"login-{width}-wrong", dark=dark) == []
    assert [error for error in outside.errors if "401" not in error] == []
    outside.errors.clear()  # the browser tells of each 401

    outside.type("name", "grace")
    outside.type("token", TOKEN)
    outside.press("Log in")
    assert "Log out" in outside.text
    assert outside.driver.current_url.endswith("/records/contacts"), "what was asked for first"
    outside.press("Log out")
    assert "Access token" in outside.text


def test_an_error_before_the_login_can_be_read_and_shows_no_data(outside: Browser) -> None:
    for dark in (False, True):
        outside.open("/static/nosuch", 375, dark=dark)
        assert "there is no such page" in outside.text
        assert "contacts" not in outside.text
        assert faults(outside, "error-before-login", dark=dark) == []
    outside.errors.clear()  # the browser tells of each 404
