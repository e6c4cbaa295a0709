"""`cfsync move` on a terminal: what stays, the question, and bars that end with the rows."""

from __future__ import annotations

import re

from tests.cli.conftest import Command
from tests.cli.terminal import on_terminal
from tests.conftest import Postgres


def test_a_person_sees_what_stays_and_how_far_a_move_is(
    filled: Command, postgres: Postgres
) -> None:
    filled.sql("ALTER TABLE contacts ADD COLUMN score INTEGER")
    name = postgres.create()

    seen = on_terminal(filled, "move", "--to", postgres.url(name), answer="y")

    postgres.drop(name)
    shown = seen.plain
    assert seen.code == 0, shown
    assert "column contacts.score" in shown
    done = re.search(r": ([\d,]+) rows, compared", shown)
    assert done
    for bar in ("copied", "compared"):
        assert re.search(rf"{bar} +\S*━.* {done[1]} of {done[1]}", shown), (bar, shown)
