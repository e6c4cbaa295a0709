"""Every command that changes something says before what will happen, where to see it, and how it
is taken back; one that finds nothing to do, or is refused, says nothing of it.
"""

from __future__ import annotations

import re
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import typer.main

from cfsync.cli import app, command
from cfsync.cli.changing import Change
from cfsync.cli.questions import Declined
from cfsync.sandbox import TOKEN, Running, World
from tests.cli.conftest import Command
from tests.cli.terminal import on_terminal
from tests.cli.test_usage import commands
from tests.cli.test_wording import edit

LOOKING = {
    *("status", "plan", "verify", "show", "explain", "changes", "web", "open", "doctor", "models"),
    *(
        "decisions",
        "pushes",
        "outbox list",
        "conflicts list",
        "deletions list",
        "webhooks list",
        "completion",
    ),
    *("census status", "config example", "config show", "config check", "demo", "sandbox"),
    *("export", "backup", "views analyst", "notify"),
    *("backfill", "pull", "sweep"),
}
"""Commands that only look, write a new file, send a test notice, or bring what ClickFunnels has:
none of these touches what a person has made.
"""

CHANGING = {
    "act": "act courses {course} publish",
    "api": "api PUT /contacts/4000 -f contact[first_name]=Ada",
    "census disable": "census disable",
    "census enable": "census enable",
    "conflicts resolve": "conflicts resolve {conflict} --local",
    "deletions approve": "deletions approve contacts 4015",
    "deletions reject": "deletions reject contacts 4015",
    "import": "import people.csv --yes",
    "migrate": "migrate --config new.toml",
    "move": "move --to postgresql://cfsync@127.0.0.1:9/cfsync --yes",
    "outbox adopt": "outbox adopt {insert} 4026 --yes --json",
    "outbox approve": "outbox approve {held}",
    "outbox discard": "outbox discard {pending}",
    "outbox retry": "outbox retry {parked}",
    "pause": "pause",
    "push": "push",
    "recover": "recover",
    "redact": "redact 4019 --yes",
    "restore": "restore backup.db --yes",
    "resume": "resume",
    "revert": "revert 7",
    "run": "run",
    "sql": "sql --write UPDATE\tcontacts\tSET\tlast_name='King'",
    "sync": "sync",
    "undelete": "undelete contacts 4014 --yes",
    "webhooks register": "webhooks register https://hooks.example.com",
    "webhooks remove": "webhooks remove {endpoint}",
    "webhooks rotate": "webhooks rotate",
}

REFUSED = [
    *("act courses 999999 publish", "act contacts 4000 publish", "api BREW /teams"),
    *("api GET /teams", "conflicts resolve 999 --local", "conflicts resolve {conflict}"),
    "conflicts resolve {conflict} --value 4.5e",
    *("conflicts resolve products --local --yes", "deletions approve contacts 4000"),
    *("deletions approve products --yes", "deletions approve contacts", "deletions reject teams 7"),
    *("import absent.csv --yes", "import same.csv --yes", "import people.csv", "migrate"),
    *("move --to sqlite:///other.db --yes", "outbox adopt 999 4026 --yes", "pause soup"),
    *("outbox approve {pending}", "outbox approve contacts", "outbox approve products --yes"),
    *("outbox discard 999", "outbox discard {pending} 999", "outbox discard contacts"),
    *("outbox retry {pending}", "outbox retry {insert}", "pause blogs", "push products"),
    *("push soup", "redact 999999 --yes", "redact soup --yes", "redact 4019", "resume contacts"),
    *("restore absent.db --yes", "restore backup.db", "revert 999", "revert 8", "sync --soup"),
    *("sql --write SELEC", "sql --write UPDATE\tcontacts\tSET\tlast_name='King'\tWHERE\tid=1"),
    *("undelete contacts 999999 --yes", "undelete contacts 4014", "webhooks remove 999"),
    *("webhooks register ftp://hooks.example.com", "webhooks remove {foreign}"),
]
"""With nothing to do, a wrong argument, or nobody who could be asked."""

NOTHING_TO_DO = {
    **dict.fromkeys(("api GET /teams", "deletions approve products --yes", "migrate"), 0),
    **dict.fromkeys(("import same.csv --yes", "pause blogs", "resume contacts", "revert 8"), 0),
    "push products": 5,
    "sql --write UPDATE\tcontacts\tSET\tlast_name='King'\tWHERE\tid=1": 0,
}
"""The exit codes of those that are not refused."""


def callback(words: str) -> Any:
    found: Any = typer.main.get_command(app)
    for word in words.split():
        found = found.commands[word]
    return found.callback


def test_every_command_says_it_or_only_looks() -> None:
    named = {" ".join(words) for words in commands()}

    assert {name for name in named if hasattr(callback(name), "change")} == set(CHANGING)
    assert named == LOOKING | set(CHANGING)


@pytest.mark.parametrize("name", CHANGING)
def test_its_help_names_a_command_that_shows_it_and_a_way_back(name: str) -> None:
    change, text = callback(name).change, callback(name).__doc__

    assert re.search(r"`cfsync |--dry-run|shown", change.see)
    assert re.search(r"`cfsync .+ (it|them|one|holds)\b|can.t|stays beside", change.back)
    assert f"{change.see[1:]}; {change.back}." in text


STATE = """
UPDATE contacts SET first_name = 'Zed' WHERE id IN (4000, 4003, 4007);
UPDATE cf_outbox SET state = 'held', error = 'too many' WHERE record_id = 4000;
UPDATE cf_outbox SET state = 'parked', error = 'no' WHERE record_id = 4003;
INSERT INTO contacts (email_address) VALUES ('new@example.org');
UPDATE cf_outbox SET state = 'parked', error = 'unknown: it may exist already' WHERE op = 'insert';
UPDATE contacts SET last_name = 'Sent' WHERE id = 4011;
UPDATE cf_outbox SET state = 'done', batch = 7, sent = patch WHERE record_id = 4011;
UPDATE cf_base SET body = json_set(body, '$.last_name', 'Sent') WHERE id = 4011;
UPDATE contacts SET last_name = 'Sent' WHERE id = 4027;
UPDATE cf_outbox SET state = 'done', batch = 8, sent = patch WHERE record_id = 4027;
INSERT INTO cf_conflicts (resource, record_id, kind, field, local, remote, winner, state, found_at)
    SELECT 'contacts', id, 'changed', 'first_name', json_quote(first_name), json_quote(first_name),
    'hold', 'open', '2026-01-01T00:00:00.000Z' FROM contacts WHERE id = 4031;
INSERT INTO cf_meta (key, value) SELECT 'census/' || id, '{"standing": "off"}' FROM workspaces;
INSERT INTO cf_meta (key, value) VALUES ('pause/blogs', '2026-01-01T00:00:00.000Z');
DELETE FROM contacts WHERE id = 4014;
INSERT INTO cf_tombstones (resource, record_id, parent_id, workspace_id, side, state, first_seen)
    SELECT 'contacts', 4015, 0, workspace_id, 'remote', 'held', '2026-01-01T00:00:00.000Z'
    FROM contacts WHERE id = 4015;
"""


@pytest.fixture
def mirror(tmp_path: Path, full_database: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A mirror in which there is something for each of the commands."""
    monkeypatch.chdir(tmp_path)
    for name in ("cfsync.db", "backup.db"):
        shutil.copy(full_database, name)
    Path("people.csv").write_text("id,first_name\n4023,Zoe\n")
    Path("same.csv").write_text("id,first_name\n4000,Zed\n")
    Path("new.toml").write_text("[database]\nurl = 'sqlite:///new.db'\n")
    with closing(sqlite3.connect("cfsync.db")) as connection:
        connection.executescript(STATE)
    return tmp_path / "cfsync.db"


def rows(mirror: Path) -> dict[str, list[tuple[Any, ...]]]:
    """What a person, or ClickFunnels, has put into the mirror."""
    tables = ("contacts", "contact_tags", "cf_outbox", "cf_conflicts", "cf_tombstones", "cf_ids")
    with closing(sqlite3.connect(mirror)) as connection:
        return {t: connection.execute(f"SELECT * FROM {t}").fetchall() for t in tables}


def seqs(mirror: Path) -> Iterator[tuple[str, int]]:
    with closing(sqlite3.connect(mirror)) as connection:
        yield from connection.execute("SELECT state, max(seq) FROM cf_outbox GROUP BY state")
        ((seq,),) = connection.execute("SELECT seq FROM cf_outbox WHERE op = 'insert'")
        yield "insert", seq
        ((seq,),) = connection.execute("SELECT seq FROM cf_outbox WHERE state = 'parked' LIMIT 1")
        yield "parked", seq
        ((number,),) = connection.execute("SELECT id FROM cf_conflicts")
        yield "conflict", number


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[Change]:
    """What is said; a command is interrupted while it says it."""
    said: list[Change] = []

    def interrupt(change: Change, *, json: bool = False) -> None:
        said.append(change)
        raise Declined

    monkeypatch.setattr(Change, "say", interrupt)
    return said


@pytest.fixture
def run(
    mirror: Path, server: Running, world: World, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str], int]:
    """Runs a command, and makes sure that both sides are as they were."""
    mine = {"API__BASE_URL": server.api, "API__TOKEN": TOKEN, "API__MIRROR": "core"}
    for key, value in mine.items():
        monkeypatch.setenv(f"CFSYNC_{key}", value)
    (workspace,) = world.workspaces
    hooks = f"https://hooks.example.com/webhooks/{workspace}"
    made = {
        "course": world.create("courses", workspace, title="Baking"),
        "endpoint": world.create("webhook_endpoints", workspace, url=hooks),
        "foreign": world.create("webhook_endpoints", workspace, url="https://zaps.example.com"),
    }

    def run(text: str) -> int:
        before, words = rows(mirror), text.format(**made, **dict(seqs(mirror))).split(" ")
        code = command([word.replace("\t", " ") for word in words])
        assert rows(mirror) == before
        assert world.ledger.writes() == []
        return code

    return run


@pytest.mark.parametrize("name", [name for name in CHANGING if name != "move"])
def test_it_is_said_before_anything_is_done(
    name: str, said: list[Change], run: Callable[[str], int]
) -> None:
    """For `move`, see `tests/push/operator/test_move.py`."""
    code = run(CHANGING[name])

    assert len(said) == 1
    assert code in (0, 4)


@pytest.mark.parametrize("text", REFUSED)
def test_nothing_is_said_where_nothing_is_done(
    text: str, said: list[Change], run: Callable[[str], int], capsys: pytest.CaptureFixture[str]
) -> None:
    code = run(text)

    assert said == []
    assert code == NOTHING_TO_DO.get(text, 2)
    assert ("No such option" in capsys.readouterr().err) == (text == "sync --soup")


def test_every_command_is_tried_where_it_does_nothing() -> None:
    always = {"census disable", "census enable", "recover", "run", "webhooks rotate"}

    tried = {n for n in CHANGING if any(t == n or t.startswith(f"{n} ") for t in REFUSED)}

    assert set(CHANGING) - tried == always


def test_a_revert_shows_both_sides_before_it_asks(filled: Command) -> None:
    ((old,),) = filled.sql("SELECT first_name FROM contacts WHERE id = 4000")
    edit(filled, "id = 4000")
    assert filled("push").returncode == 0

    tried = filled("revert", "1", "--dry-run")
    refused = on_terminal(filled, "revert", "1", answer="n")

    sides = ["contacts 4000, now -> then:", f'  first_name: "Zed4000" -> "{old}"']
    assert tried.stdout.splitlines() == [*sides, "nothing is written: --dry-run"]
    assert refused.lines[:3] == [*sides, "what push 1 sent is taken back, as edits"]
    assert (refused.code, refused.lines[-2]) == (4, "cfsync: nothing was changed")
    assert filled.sql("SELECT first_name FROM contacts WHERE id = 4000") == [("Zed4000",)]
    assert on_terminal(filled, "revert", "1", answer="y").code == 0
    assert filled.sql("SELECT first_name FROM contacts WHERE id = 4000") == [(old,)]


def test_a_person_is_told_and_a_program_is_not(filled: Command) -> None:
    edit(filled, "id = 4000")

    quiet = filled("outbox", "discard", "contacts", "--json", "--yes")
    edit(filled, "id = 4003")
    ((seq,),) = filled.sql("SELECT max(seq) FROM cf_outbox")
    told = filled("outbox", "discard", str(seq))

    assert (told.returncode, quiet.returncode) == (0, 0)
    assert told.stderr.splitlines()[0].startswith("edits are dropped: ")
    assert told.stderr.splitlines()[1].startswith("(`cfsync outbox list --values` shows them; ")
    assert "edits are dropped" not in quiet.stderr


def test_who_redacts_is_told_the_command_that_shows_this_person(filled: Command) -> None:
    told = filled("redact", "4000", "--yes")

    assert told.returncode == 0
    assert "(`cfsync show contacts 4000` shows the person; " in told.stderr
