"""A clock that jumps: what passes remember of times holds nothing up and hides nothing."""

from __future__ import annotations

import pytest

from tests.sync.conftest import Round

DAYS = 86400.0


@pytest.mark.parametrize("jump", [-400 * DAYS, 400 * DAYS], ids=["back", "forward"])
def test_a_clock_that_jumps_between_passes_hides_nothing(round_: Round, jump: float) -> None:
    round_.backfill("contacts")
    first, second, third = round_.ids("contacts")[:3]

    for contact, seconds in ((first, 0.0), (second, jump), (third, -jump)):
        round_.clock.go_on(seconds)
        round_.world.edit("contacts", contact, first_name="Theirs")
        round_.sql("UPDATE contacts SET last_name = 'Ours' WHERE id = ?", contact)
        pulled, pushed = round_.pull("contacts"), round_.push("contacts")

        assert (pulled.exit_code, pushed.exit_code) == (0, 0)
        assert round_.one("SELECT first_name FROM contacts WHERE id = ?", contact) == "Theirs"
        assert (round_.world.get("contacts", contact) or {})["last_name"] == "Ours"

    round_.world.delete("contacts", first)
    assert round_.sweep("contacts").counts["contacts"]["deleted"] == 1
