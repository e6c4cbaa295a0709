"""How commands read on a terminal of 80 columns and in a pipe."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
import threading

import pytest

from cfsync.cli.questions import Declined, asked
from cfsync.sandbox import World
from tests.cli.conftest import Command
from tests.cli.terminal import COLUMNS, on_terminal


def edit(cfsync: Command, where: str = "id < 4050") -> None:
    cfsync.sql(f"UPDATE contacts SET first_name = 'Zed' || id WHERE {where} RETURNING id")


@pytest.fixture
def park(filled: Command) -> None:
    edit(filled)
    reason = "first_name: " + "is not as it should be, " * 9
    filled.sql(f"UPDATE cf_outbox SET state = 'parked', error = '{reason}' RETURNING seq")


@pytest.mark.usefixtures("park")
@pytest.mark.parametrize(
    "command",
    [
        *(
            "status",
            "status --lanes",
            "status --history",
            "pushes",
            "decisions",
            "config show",
            "doctor",
        ),
        *("show contacts 4000", "explain contacts 4000", "outbox list", "revert 1 --dry-run"),
    ],
)
def test_what_is_looked_at_often_fits_80_columns(filled: Command, command: str) -> None:
    shown = on_terminal(filled, *command.split(), CFSYNC_API__MIRROR="all")

    wide = [line for line in shown.lines if len(line) > COLUMNS]
    cells = [cell for line in wide for cell in re.split(" {2,}", line.strip())]
    assert [cell for cell in cells if not re.fullmatch(r"(\w+: )?\S+", cell)] == []  # one word


@pytest.mark.usefixtures("park")
def test_status_has_color_on_a_terminal_that_wants_it(filled: Command) -> None:
    assert "\x1b[33m" in on_terminal(filled, "status").raw
    assert "\x1b[" not in on_terminal(filled, "status", NO_COLOR="1").raw
    assert "\x1b[" not in on_terminal(filled, "status", TERM="dumb").raw
    assert "\x1b[" not in filled("status").stdout


def test_the_words_of_status_are_explained_by_its_help(filled: Command) -> None:
    words = re.split(r"  +", filled("status").stdout.splitlines()[0])
    told = filled("status", "--help").stdout

    assert [word for word in words[1:] if not re.search(rf"^  {word}  +\S", told, re.M)] == []


def test_a_plan_of_many_begins_with_a_summary(filled: Command, world: World) -> None:
    tags = world.ids("contact_tags", world.workspaces[0])
    (name,) = filled.sql(f"SELECT name FROM contact_tags WHERE id = {tags[0]}")[0]
    edit(filled, "true")
    filled.sql(
        "INSERT INTO contact_tag_links (contact_id, tag_id)"
        f" SELECT id, {tags[0]} FROM contacts"
        f" WHERE id NOT IN (SELECT contact_id FROM contact_tag_links WHERE tag_id = {tags[0]})"
    )
    edited = filled.sql("SELECT count(DISTINCT record_id) FROM cf_outbox")[0][0]

    lines = filled("plan").stdout.splitlines()

    assert re.split(" {2,}", lines[0]) == ["contacts", str(edited), "first_name changed"]
    assert re.match(rf"contacts +\d+  tag_ids: \+{name} \({tags[0]}\)$", lines[1])


def test_a_dry_push_is_the_plan(filled: Command, world: World) -> None:
    edit(filled)
    before = len(world.ledger.requests)

    assert filled("push", "--dry-run").stdout == filled("plan").stdout
    assert filled("push", "contacts", "--dry-run", "--json").json["calls"] > 0
    assert len(world.ledger.requests) == before


def test_a_no_changes_nothing_and_says_so(filled: Command) -> None:
    edit(filled)

    refused = on_terminal(filled, "outbox", "discard", "contacts", answer="n")

    assert refused.lines[-2] == "cfsync: nothing was changed"
    assert refused.code == 4
    assert filled.sql("SELECT DISTINCT state FROM cf_outbox") == [("pending",)]


def test_a_question_shows_both_sides_of_the_first_few(filled: Command) -> None:
    (before,) = filled.sql("SELECT first_name FROM contacts ORDER BY id")[0]
    edit(filled)

    asked = on_terminal(filled, "outbox", "discard", "contacts", answer="y")

    (seen,) = [line for line in asked.lines if line.startswith(f'      first_name: "{before}" -> ')]
    assert '"Zed' in seen
    assert asked.code == 0
    assert filled.sql("SELECT DISTINCT state FROM cf_outbox") == [("discarded",)]


def test_a_signal_is_an_answer_to_a_question() -> None:
    begun, never = threading.Event(), threading.Event()

    def question() -> None:
        begun.set()
        never.wait()

    async def main() -> None:
        stop = asyncio.Event()
        waits = asyncio.create_task(asked(stop, question))
        await asyncio.to_thread(begun.wait)
        stop.set()
        await waits

    with pytest.raises(Declined, match="nothing was changed"):
        asyncio.run(main())
    never.set()


def test_a_push_says_before_what_it_sends_and_how_to_take_it_back(filled: Command) -> None:
    edit(filled)
    edits = filled.sql("SELECT count(*) FROM cf_outbox")[0][0]
    plain = on_terminal(filled, "push", "contacts")

    said = [line for line in plain.lines if line.startswith("sending ")]
    assert said == [f"sending {edits} edits of contacts to ClickFunnels, as batch 1"]
    assert any("cfsync revert 1" in line for line in plain.lines)
    edit(filled, "id = 4050")
    filled("plan", "--out", "plan.json")
    edit(filled, "id = 4051")
    planned = filled("push", "--plan", "plan.json").stderr
    assert "sending 1 edit of contacts to ClickFunnels, as batch 2" in planned
    assert "sending 1 edit" not in filled("push", "--json").stderr


@pytest.mark.parametrize("command", ["explain", "show"])
def test_an_email_address_alone_names_a_person(filled: Command, command: str) -> None:
    found, email = filled.sql("SELECT id, email_address FROM contacts ORDER BY id")[0]

    alone, named = filled(command, email.upper()), filled(command, "contacts", email)

    assert alone.stdout.startswith(f"contacts {found}")
    assert alone.stdout == named.stdout
    assert filled(command, "contcts").said[0].endswith("did you mean contacts?")
    assert filled(command, "77").said == [f"say of which resource: cfsync {command} RESOURCE 77"]


@pytest.mark.parametrize("command", ["outbox list", "status", "changes", "plan", "conflicts list"])
def test_a_list_may_be_read_in_part(filled: Command, command: str) -> None:
    edit(filled, "true")

    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {sys.executable} -m cfsync {command} | head -1"],
        cwd=filled.directory,
        env=os.environ | {f"CFSYNC_{name}": value for name, value in filled.settings.items()},
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("command", ["push contacts", "backfill contacts --restart"])
def test_bars_move_with_the_work(filled: Command, world: World, command: str) -> None:
    if command.startswith("push"):
        edit(filled, "true")
    world.latency = 0.3

    shown = on_terminal(filled, *command.split(), CFSYNC_API__MAX_CONCURRENCY="2")

    counts = [int(n) for n in re.findall(r"(\d+) of 30 ", shown.plain)]
    assert shown.code == 0
    assert counts == sorted(counts)
    assert set(counts) & set(range(1, 30))
