"""`cfsync web` as a process, and Chromium that looks at it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.push.conftest import (  # noqa: F401  # fixtures
    Account,
    account,
    contact,
    filled_postgres,
    filled_sqlite,
    mirror_url,
    served,
)

OPTIONS = (
    *("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"),
    *("--disable-background-networking", "--no-first-run", "--disable-component-update"),
    *("--disable-sync", "--disable-quic", "--hide-scrollbars"),
)
SHOTS = Path(__file__).parents[2] / "build/screenshots"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--in-browser", action="store_true", help="Run the tests of the console.")


def pytest_ignore_collect(config: pytest.Config) -> bool | None:
    return None if config.getoption("--in-browser", default=False) else True


@dataclass
class Browser:
    """Chromium at the console."""

    driver: Any
    address: str
    errors: list[str] = field(default_factory=list)

    def open(self, path: str, width: int = 1440) -> None:
        self.driver.set_window_size(width, 900)
        self.driver.get(self.address + path)
        self._read_logs()

    def press(self, text: str) -> None:
        """Press the button, or follow the link, with this text; agree where the page asks."""
        from selenium.webdriver.common.by import By

        is_it = f"[normalize-space()='{text}']"
        found = self.driver.find_element(By.XPATH, f"//button{is_it} | //a{is_it}")
        self.driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", found)
        found.click()
        self._wait_until_loaded()
        for sure in self.driver.find_elements(By.CSS_SELECTOR, "#sure button"):
            sure.click()
        self._wait_until_loaded()
        self._read_logs()

    def _wait_until_loaded(self) -> None:
        from selenium.webdriver.support.ui import WebDriverWait

        WebDriverWait(self.driver, 30).until(
            lambda d: d.execute_script("return document.readyState") == "complete"
        )

    def type(self, name: str, text: str) -> None:
        from selenium.webdriver.common.by import By

        field_ = self.driver.find_element(By.NAME, name)
        field_.clear()
        field_.send_keys(text)

    @property
    def text(self) -> str:
        from selenium.webdriver.common.by import By

        return str(self.driver.find_element(By.TAG_NAME, "body").text)

    def shot(self, name: str) -> None:
        """Keep a picture of the whole page."""
        SHOTS.mkdir(parents=True, exist_ok=True)
        height = self.driver.execute_script("return document.documentElement.scrollHeight")
        size = self.driver.get_window_size()
        self.driver.set_window_size(size["width"], min(3_000, height + 20))
        self.driver.save_screenshot(str(SHOTS / f"{name}.png"))

    def script(self, text: str, *given: Any) -> Any:
        return self.driver.execute_script(text, *given)

    def forget_logs(self) -> None:
        for kind in ("browser", "performance"):
            self.driver.get_log(kind)

    def _read_logs(self) -> None:
        """Note what the browser complains of, and requests to elsewhere."""
        self.errors += [str(e["message"]) for e in self.driver.get_log("browser")]
        for entry in self.driver.get_log("performance"):
            message = json.loads(entry["message"])["message"]
            if message["method"] == "Network.requestWillBeSent":
                url = message["params"]["request"]["url"]
                if not url.startswith((self.address, "data:")):
                    self.errors.append(f"a request to {url}")


@contextmanager
def serving(settings: dict[str, str], directory: Path) -> Iterator[str]:
    """The address of a console that runs as a process of its own."""
    environ = {**os.environ, **settings, "CFSYNC_WEB__LISTEN": "127.0.0.1:0"}
    command = [sys.executable, "-m", "cfsync", "web"]
    with subprocess.Popen(
        command, env=environ, cwd=directory, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        listening = json.loads(process.stderr.readline())
        yield f"http://127.0.0.1:{listening['port']}"
        process.terminate()


@contextmanager
def chromium_driver() -> Iterator[Any]:
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = "/usr/bin/chromium"
    for option in OPTIONS:
        options.add_argument(option)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service("/usr/bin/chromedriver"))
    yield driver
    driver.quit()


@pytest.fixture
def web(account: Account, tmp_path: Path) -> Iterator[str]:  # noqa: F811
    with serving(account.settings, tmp_path) as address:
        yield address


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    with chromium_driver() as driver:
        yield driver


@pytest.fixture
def browser(chromium: Any, web: str) -> Iterator[Browser]:
    opened = Browser(chromium, web)
    yield opened
    opened.driver.get("about:blank")  # the page before asks for news until then
    opened.forget_logs()
    assert opened.errors == []
