"""The console in the daemon's own process."""

from __future__ import annotations

import re
import urllib.request
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import httpx
import pytest

from cfsync.sandbox import World
from tests.conftest import SQLITE_ONLY
from tests.daemon.harness import Daemon, until

Start = Callable[..., Daemon]
IMPORTS = {"PYTHONPROFILEIMPORTTIME": "1"}
"""Python then prints each module that it imports."""

OF_THE_CONSOLE = ("cfsync.web.console", "htpy", "itsdangerous", "cfsync.sync.decisions")


def modules(daemon: Daemon) -> set[str]:
    lines = [line for line in daemon.lines if line.startswith("import time:")]
    return {line.rpartition("|")[2].strip() for line in lines}


@pytest.mark.parametrize(
    ("given", "is_loaded"),
    [
        ({"WEB__CONSOLE": "off"}, False),
        ({"WEB__LISTEN": "off"}, False),
        ({"WEB__CONSOLE": "read-only"}, True),
    ],
)
def test_with_the_console_off_nothing_of_it_is_loaded(
    start: Start, given: dict[str, str], is_loaded: bool
) -> None:
    daemon = start(environ=IMPORTS, **given)
    daemon.wait_for("pass.done")
    if given.get("WEB__LISTEN") != "off":
        address = f"http://127.0.0.1:{daemon.events('web.listening')[0]['port']}"
        assert urllib.request.urlopen(f"{address}/livez").status == 200

    found = [name for name in modules(daemon) if name.startswith(OF_THE_CONSOLE)]

    assert modules(daemon)
    assert bool(found) is is_loaded, found


@SQLITE_ONLY
def test_a_pull_asked_for_is_begun_or_the_reason_is_told(
    start: Start, command: Callable[..., CompletedProcess[str]], world: World
) -> None:
    """It is begun also where it has failed, and would be tried again later."""
    daemon = start(RESOURCES__CONTACTS__PULL_EVERY="200ms")
    daemon.wait_for("pass.done", resource="contacts", new=30)
    port = daemon.wait_for("web.listening")["port"]

    def pull_now() -> str:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", follow_redirects=True) as client:
            return client.post("/start/pull/contacts", data={"choice": "start"}).text

    broken = world.fault("not_a_list", path="/contacts", times=None)
    until(lambda: broken.struck >= 4)  # the next attempt is in over 8 s
    world.faults.clear()
    assert "contacts: the pull has begun." in pull_now()
    daemon.wait_for("pass.recovered", resource="contacts")

    command("pause", "contacts")
    assert "no pull was begun: it is paused" in pull_now()
    command("resume", "contacts")
    until(lambda: daemon.events("pauses.changed", paused=[], resumed=["contacts"]))

    world.fault("status", status=429, retry_after=3600, times=None)
    daemon.wait_for("pass.failed", resource="contacts", kind="limit")
    assert re.search("no pull was begun: it begins in [0-9]+ s: .*429", pull_now())


def resident_mb(daemon: Daemon) -> float:
    status = Path(f"/proc/{daemon.process.pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


def pages(daemon: Daemon) -> list[str]:
    tables = sorted(set(re.findall(r'href="(/records/[a-z_]+)"', daemon.ask("/")[1])))
    assert tables
    return ["/", "/waiting", "/activity", "/lists", *tables, "/search?q=ada", "/static/console.js"]


def at_work(daemon: Daemon, edit: Callable[[], Any]) -> Daemon:
    """After a push: what a first pass needs stays in memory."""
    daemon.wait_for("web.listening")
    edit()
    daemon.wait_for("edit.sent")
    return daemon


def test_the_console_takes_little_memory(
    start: Start,
    command: Callable[..., CompletedProcess[str]],
    sql: Callable[..., Any],
    contact: int,
) -> None:
    command("backfill").check_returncode()
    names = iter(("Ada", "Eva"))

    def edit() -> None:
        sql("UPDATE contacts SET first_name = ? WHERE id = ?", next(names), contact)

    off = at_work(start(WEB__CONSOLE="off"), edit)
    without = resident_mb(off)
    off.stop()
    daemon = at_work(start(), edit)

    for page in (*pages(daemon), "/records/contacts.csv", *pages(daemon)):
        assert daemon.ask(page)[0] == 200
    _, text = daemon.ask("/records/contacts")
    (record, *_) = re.findall(r"/records/contacts/[0-9]+", text)
    for page in (record, f"{record}/edit"):
        assert daemon.ask(page)[0] == 200

    assert resident_mb(daemon) - without < 14  # measured on a busy machine: 10 to 12
