"""`cfsync import` on a terminal: the preview, the question, and bars that end with the rows."""

from __future__ import annotations

import re

from tests.cli.conftest import Command
from tests.cli.terminal import on_terminal
from tests.cli.test_import import WAITING, people


def test_a_person_sees_what_an_import_does_and_agrees(filled: Command) -> None:
    people(filled, 2_500)

    seen = on_terminal(filled, "import", "people.csv", answer="y")

    shown = seen.plain
    assert seen.code == 0
    assert "people.csv: 2,500 rows, utf-8" in shown
    assert "Email Address -> email_address" in shown
    assert "line 2: email_address" in shown
    assert "Import 2,500 rows?" in shown
    assert "import 1: 2,500 new" in shown
    assert filled.sql(WAITING) == [(2_500,)]
    for bar in ("read", "compared", "imported"):
        assert re.search(rf"{bar} +\S*━.* 2,500 ", shown), bar


def test_a_person_who_does_not_agree_changes_nothing(filled: Command) -> None:
    people(filled, 3)

    seen = on_terminal(filled, "import", "people.csv", answer="n")

    shown = seen.plain
    assert seen.code == 4
    assert "Import 3 rows?" in shown
    assert "Traceback" not in shown
    assert filled.sql(WAITING) == [(0,)]
    assert filled.sql("SELECT count(*) FROM contacts WHERE id > 900000000000000") == [(0,)]
