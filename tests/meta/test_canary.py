"""That nothing leaks is worth as much as the search for leaks."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests import canary

NAMED = '{"event": "edit.parked", "resource": "contacts", "id": 7}'


@pytest.mark.parametrize(
    "line",
    [
        *(f"Bearer {secret}" for secret in canary.SECRETS),
        '{"event": "x", "name": "Lovelace"}',
        "the contact ada@example.com",
        f"signed with {'0123456789abcdef' * 2}",
    ],
)
def test_a_leak_is_found(line: str) -> None:
    with pytest.raises(canary.Leak):
        canary.search_captured([("log", f"{NAMED}\n{line}\n")])


def test_a_line_with_ids_is_none() -> None:
    canary.search_captured([("log", NAMED)])


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_what_a_command_prints_is_searched(stream: str) -> None:
    code = f"import sys; print({canary.SECRETS[0]!r}, file=sys.{stream})  # cfsync"

    with pytest.raises(canary.Leak):
        subprocess.run([sys.executable, "-c", code], capture_output=True)


def test_results_may_name_people_and_logs_may_not() -> None:
    code = "print('Lovelace')  # cfsync"
    subprocess.run([sys.executable, "-c", code], capture_output=True)

    with pytest.raises(canary.Leak):
        subprocess.run(
            [sys.executable, "-c", f"import sys; sys.stdout = sys.stderr; {code}"],
            capture_output=True,
        )
