"""The console in the daemon's own process."""

from __future__ import annotations

import urllib.request
from collections.abc import Callable

import pytest

from tests.daemon.harness import Daemon

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
