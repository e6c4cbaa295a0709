"""`cfsync web` as a process, and Chromium that looks at it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.browser import axe
from tests.push.conftest import (  # noqa: F401  # fixtures
    Account,
    account,
    contact,
    filled_postgres,
    filled_sqlite,
    mirror_url,
    served,
    two,
)
from tests.web.console.conftest import visit  # noqa: F401  # a fixture

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

    def open(self, path: str, width: int = 1440, *, dark: bool = False) -> None:
        self._size(width, 900)
        color = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.command("Emulation.setEmulatedMedia", {"features": [color]})
        self.driver.get(self.address + path)
        self._read_logs()

    def command(self, name: str, given: dict[str, Any]) -> Any:
        """A command of Chromium's own protocol."""
        return self.driver.execute_cdp_cmd(name, given)

    def _size(self, width: int, height: int) -> None:
        """Of the page: a window can't be narrower than 500 pixels."""
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self.command("Emulation.setDeviceMetricsOverride", size)

    def axe(self, *, only_colors: bool = False) -> list[str]:
        """What axe-core finds wrong with the page. `only_colors`: with its colors."""
        self.driver.execute_script(axe.script())
        only = axe.COLORS if only_colors else axe.RULES
        return list(self.driver.execute_async_script(axe.RUN, only))

    def press(self, text: str, within: str = "", *, agree: bool = True) -> None:
        """Press the button, or follow the link, with this text; agree where the page asks, unless
        not `agree`. `within`: an XPath of what it is in.
        """
        from selenium.webdriver.common.by import By

        is_it = f"[normalize-space()='{text}']"
        found = self.driver.find_element(By.XPATH, f"{within}//button{is_it} | {within}//a{is_it}")
        self.driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", found)
        self._click(found)
        if agree:
            self.agree()
        self._read_logs()

    def agree(self, text: str = "") -> None:
        """Press the button of a page that asks, if it does; or its button with this text."""
        from selenium.webdriver.common.by import By

        is_it = f"normalize-space()='{text}'" if text else "@class='main'"
        for sure in self.driver.find_elements(By.XPATH, f"//form[@id='sure']//button[{is_it}]"):
            self._click(sure)
        self._read_logs()

    def _click(self, one: Any) -> None:
        """Click, and wait for the page that follows."""
        from selenium.common.exceptions import WebDriverException
        from selenium.webdriver.support.ui import WebDriverWait

        self.script("window.isBefore = true")
        one.click()
        WebDriverWait(self.driver, 60, ignored_exceptions=[WebDriverException]).until(
            lambda d: d.execute_script(
                "return !window.isBefore && document.readyState === 'complete'"
            )
        )

    @property
    def flash(self) -> str:
        """What the page says about what was done last."""
        from selenium.webdriver.common.by import By

        return " ".join(p.text for p in self.driver.find_elements(By.CSS_SELECTOR, ".flash"))

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
        width = self.driver.execute_script("return window.innerWidth")
        self._size(width, min(3_000, height))
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
def serving(settings: dict[str, str], directory: Path, command: str = "web") -> Iterator[str]:
    """The address of a console that runs as a process of its own; with `run`, of a daemon's."""
    environ = {**os.environ, **settings, "CFSYNC_WEB__LISTEN": "127.0.0.1:0"}
    (directory / "log").touch()
    with (directory / "log").open("r+") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "cfsync", command], env=environ, cwd=directory, stderr=log
        )
        try:
            yield f"http://127.0.0.1:{_port(directory / 'log', process)}"
        finally:
            process.terminate()
            process.wait()


def _port(log: Path, process: subprocess.Popen[Any]) -> int:
    """Where it listens, as its log says."""
    for _ in range(600):
        for line in log.read_text().splitlines():
            event = json.loads(line)
            if "port" in event:
                return int(event["port"])
        assert process.poll() is None, log.read_text()
        time.sleep(0.1)
    raise AssertionError(log.read_text())


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


@contextmanager
def visiting(driver: Any, address: str) -> Iterator[Browser]:
    """A browser at a console that must not complain."""
    opened = Browser(driver, address)
    try:
        yield opened
    finally:
        driver.get("about:blank")  # the page before asks for news until then
        opened.forget_logs()
    assert opened.errors == []


@pytest.fixture
def browser(chromium: Any, web: str) -> Iterator[Browser]:
    with visiting(chromium, web) as opened:
        yield opened
