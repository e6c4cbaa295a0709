"""kill -9 of a real backfill at five places: it resumes, and repeats no more than it must."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from collections import Counter
from typing import Any

import pytest

from tests.sync.conftest import Round

KILLS = 5


@pytest.fixture
def sizes() -> dict[str, Any]:
    return {"bare": True, "workspaces": 1, "contacts": 600, "products": 30}


def _start(round_: Round) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "cfsync", "backfill", "contacts", "products"]
    return subprocess.Popen(
        command, env=round_.settings, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )


def _pages(round_: Round) -> list[str]:
    """Every answered request for a page of a walk by id, in order."""
    return [
        target
        for method, target, status in round_.world.ledger.calls
        if method == "GET" and status == 200 and "sort_" not in target and "/teams" not in target
    ]


def _kill_after(round_: Round, process: subprocess.Popen[bytes], requests: int) -> None:
    enough = len(round_.world.ledger.calls) + requests
    while len(round_.world.ledger.calls) < enough and process.poll() is None:
        time.sleep(0.001)
    process.send_signal(signal.SIGKILL)
    process.communicate()


@pytest.mark.timeout(180)
def test_a_killed_backfill_goes_on_with_what_is_left(round_: Round) -> None:
    dice = random.Random(7)
    round_.world.latency = 0.005

    for _ in range(KILLS):
        _kill_after(round_, _start(round_), dice.randrange(1, 9))
    process = _start(round_)
    _, errors = process.communicate(timeout=60)

    assert process.returncode == 0, errors
    assert round_.ids("contacts") == round_.world.ids("contacts", round_.workspace)
    assert round_.ids("products") == round_.world.ids("products", round_.workspace)
    assert set(round_.ids("contacts")) == set(
        round_.column("SELECT id FROM cf_base WHERE resource = 'contacts'")
    )
    repeated = sum(count - 1 for count in Counter(_pages(round_)).values())
    assert repeated <= KILLS * 2  # two lists, one page of each in flight


@pytest.mark.parametrize("where", ["before_commit", "after_commit"])
def test_a_backfill_killed_around_a_commit_goes_on(round_: Round, where: str) -> None:
    round_.settings["CFSYNC_CRASH_AT"] = f"{where}/write_pages:4"
    killed = _start(round_)
    killed.communicate(timeout=60)
    assert killed.returncode == -signal.SIGKILL
    before = len(round_.ids("contacts"))
    del round_.settings["CFSYNC_CRASH_AT"]

    again = _start(round_)
    again.communicate(timeout=60)

    assert again.returncode == 0
    assert before < 600
    assert round_.ids("contacts") == round_.world.ids("contacts", round_.workspace)


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_walk_with_code_4(round_: Round, how: signal.Signals) -> None:
    round_.world.latency = 0.02
    process = _start(round_)
    while not any("after=" in target for _, target, _ in round_.world.ledger.calls):
        time.sleep(0.001)

    process.send_signal(how)
    _, errors = process.communicate(timeout=60)

    assert process.returncode == 4
    assert b"Traceback" not in errors
    again = _start(round_)
    again.communicate(timeout=60)
    assert again.returncode == 0
    assert round_.ids("contacts") == round_.world.ids("contacts", round_.workspace)
