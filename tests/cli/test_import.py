"""`cfsync import` as a person runs it."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cli.conftest import Command

WORKSPACE = "SELECT id FROM workspaces"
WAITING = "SELECT count(*) FROM cf_outbox WHERE state = 'pending'"


def people(command: Command, count: int, name: str = "people.csv") -> Path:
    path = command.directory / name
    rows = (f"person{n}@example.org,First {n}\n" for n in range(count))
    path.write_text("Email Address,First Name\n" + "".join(rows))
    return path


def test_nothing_is_written_unasked(filled: Command) -> None:
    people(filled, 3)

    looked = filled("import", "people.csv", "--dry-run")
    unasked = filled("import", "people.csv")

    assert looked.returncode == 0
    assert "3 new" in looked.stdout
    assert 'line 2: email_address "person0@example.org"; first_name "First 0"' in looked.stdout
    assert unasked.returncode == 2
    assert unasked.said == ["nothing is done: without a terminal, --yes is needed to import"]
    assert filled.sql(WAITING) == [(0,)]


def test_an_import_is_sent_and_taken_back(filled: Command) -> None:
    ((email,),) = filled.sql("SELECT email_address FROM contacts WHERE id = 4000")
    path = filled.directory / "guests.csv"
    path.write_text(f"E-Mail;Vorname;Verein\n{email.upper()};Änne;TSV\nneu@example.org;Ö;\n")
    given = ("--map", "E-Mail=email_address", "--map", "Vorname=first_name")
    given += ("--rest", "custom_attributes", "--tags", "Summit", "--create-tags", "--yes")

    done = filled("import", "guests.csv", *given)
    planned = filled("plan")
    again = filled("import", "guests.csv", *given)

    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[0] == "import 1: 1 new, 1 changed"
    assert (
        "of import 1: 3 edits; cfsync outbox discard --import 1 takes them back" in planned.stdout
    )
    assert again.stdout == "nothing to import: 2 unchanged\n"
    assert email not in done.stderr + done.stdout
    assert filled("push").returncode == 0
    assert filled.sql("SELECT count(*) FROM contacts WHERE id > 900000000000000") == [(0,)]
    assert filled("revert", "1").returncode == 5  # what was created stays
    assert filled("push").returncode == 0
    ((name,),) = filled.sql("SELECT first_name FROM contacts WHERE id = 4000")
    assert name != "Änne"


def test_an_import_is_discarded_before_it_is_sent(filled: Command) -> None:
    people(filled, 30)
    filled.sql("UPDATE contacts SET last_name = 'Mine' WHERE id = 4000")

    filled("import", "people.csv", "--yes")
    listed = filled("outbox", "list")
    dropped = filled("outbox", "discard", "--import", "1", "--yes")

    assert "(cfsync import 1)" in listed.stdout
    assert dropped.stdout == "discarded: 30 edits\n"
    assert filled.sql(WAITING) == [(1,)]
    assert filled("outbox", "discard", "--import", "1", "--yes").said == [
        "no edit of import 1 waits to be sent"
    ]


def test_standard_input_and_json(filled: Command) -> None:
    lines = ['{"email_address": "a@example.org"}', '{"email_address": "nobody"}']

    done = filled("import", "-", "--yes", "--json", input="\n".join(lines))

    assert done.returncode == 5
    told = done.json
    assert (told["import"], told["new"], told["refused"]) == (1, 1, 1)
    assert told["lines"][0]["line"] == 2
    assert "nobody" not in done.stdout + done.stderr
    assert "example.org" not in done.stdout + done.stderr


def test_an_import_that_is_killed_goes_on(filled: Command) -> None:
    people(filled, 2_500)
    killed = filled.start("import", "people.csv", "--yes", CRASH_AT="after_commit/_write:2")
    killed.communicate(timeout=60)

    assert killed.returncode == -9
    labelled = "SELECT count(*) FROM cf_outbox WHERE application = 'cfsync import 1'"
    assert filled.sql(labelled) == filled.sql(WAITING) == [(2_000,)]
    assert filled.sql("SELECT count(*) FROM contacts WHERE id > 900000000000000") == [(2_000,)]
    done = filled("import", "people.csv", "--yes")
    assert done.stdout.splitlines()[0] == "import 2: 500 new, 2,000 unchanged"


def test_an_encoding_that_is_a_guess_is_not_taken_unseen(filled: Command) -> None:
    path = filled.directory / "guests.csv"
    text = "email_address,first_name\n" + "".join(
        f"p{n}@example.org,{name}\n" for n, name in enumerate(("Jürgen", "Zoë", "André"))
    )
    path.write_bytes(text.encode("cp1252"))

    refused = filled("import", "guests.csv", "--yes")
    done = filled("import", "guests.csv", "--encoding", "cp1252", "--yes")

    assert refused.returncode == 2
    assert "is not UTF-8 and looks like" in refused.said[0]
    assert done.returncode == 0
    names = {row[0] for row in filled.sql("SELECT first_name FROM contacts WHERE id > 9e14")}
    assert names == {"Jürgen", "Zoë", "André"}


def test_no_column_is_left_out_unasked(filled: Command) -> None:
    path = filled.directory / "guests.csv"
    path.write_text("email_address,Shirt\na@example.org,XL\n")

    done = filled("import", "guests.csv", "--yes")

    assert done.returncode == 2
    assert "no field of contacts has the name Shirt" in done.said[0]
    assert filled.sql(WAITING) == [(0,)]


def test_an_export_in_json_can_be_imported(filled: Command) -> None:
    rows = filled.sql("SELECT id, first_name, custom_attributes FROM contacts LIMIT 3")
    lines = [
        json.dumps({"id": i, "first_name": name, "custom_attributes": json.loads(values)})
        for i, name, values in rows
    ]

    done = filled("import", "-", "--yes", input="\n".join(lines))

    assert done.stdout == "nothing to import: 3 unchanged\n"
