"""`cfsync sql`: what it prints, and what it says after a write."""

from __future__ import annotations

import csv
import io
import json

import pytest

from cfsync.cli.text import fitted
from cfsync.text_forms import csv_line, distinct
from tests.cli.conftest import Command

QUERY = "SELECT 1 AS id, 'a \"b\", c' AS text, '' AS blank, NULL AS nought"


def test_without_a_terminal_it_prints_csv_in_which_null_is_not_an_empty_text(filled: Command):
    done = filled("sql", QUERY)

    assert done.stdout == 'id,text,blank,nought\n1,"a ""b"", c","",\n'


def test_json_lines(filled: Command):
    query = "SELECT 1 AS id, 2 AS id, '' AS blank, NULL AS nought UNION ALL SELECT 3, 4, 'ä', 5"

    done = filled("sql", query, "--format", "jsonl")

    assert [json.loads(line) for line in done.stdout.splitlines()] == [
        {"id": 1, "id_2": 2, "blank": "", "nought": None},
        {"id": 3, "id_2": 4, "blank": "ä", "nought": 5},
    ]
    assert filled("sql", query, "--json").stdout == done.stdout


def test_a_table(filled: Command):
    done = filled("sql", QUERY, "--format", "table")

    assert done.stdout.splitlines() == [
        "id  text      blank  nought",
        "--  --------  -----  ------",
        ' 1  a "b", c         NULL',
        "1 row",
    ]


def test_a_table_of_nothing(filled: Command):
    done = filled("sql", "SELECT id FROM contacts WHERE id < 0", "--format", "table")

    assert done.stdout.splitlines() == ["id", "--", "0 rows"]


def test_a_statement_comes_from_standard_input(filled: Command):
    done = filled("sql", "-", input="SELECT count(*) AS n\nFROM contacts;\n")

    assert done.stdout == "n\n30\n"


def test_a_write_says_what_will_happen_and_how_to_take_it_back(filled: Command):
    refused = filled("sql", "UPDATE contacts SET first_name = 'X'")
    assert (refused.returncode, refused.said) == (
        2,
        ["this only reads; --write lets a statement change something"],
    )

    done = filled("sql", "--write", "UPDATE contacts SET first_name = 'X' WHERE id < 4010")

    made = len(filled.sql("SELECT seq FROM cf_outbox"))
    assert done.said[0] == f"{made} rows changed"
    assert done.said[1].startswith(f"{made} edits of contacts: `cfsync plan` shows")
    back = done.said[2].removeprefix("to take back: cfsync ").split()
    assert filled(*back, "--yes").returncode == 0
    assert filled("plan").stdout == "plan: nothing to send\n"


def test_a_write_that_changes_nothing_of_clickfunnels_says_so(filled: Command):
    done = filled("sql", "--write", "CREATE TABLE mine (a INT)")

    assert done.said == ["no edit was made: nothing of it is sent to ClickFunnels"]


@pytest.mark.parametrize("arguments", [["SELECT nope"], ["SELECT 1", "--format", "xml"], ["-"]])
def test_what_is_wrong_is_one_line(filled: Command, arguments: list[str]):
    done = filled("sql", *arguments)

    assert (done.returncode, len(done.said), done.stdout) == (2, 1, "")


@pytest.mark.parametrize(
    ("wanted", "width", "fit"),
    [
        ([3, 5], 20, [3, 5]),
        ([3, 50], 20, [3, 15]),
        ([40, 50], 22, [10, 10]),
        ([40, 50, 40], 9, [6, 6, 6]),
        ([], 80, []),
    ],
)
def test_the_widest_columns_give_way(wanted: list[int], width: int, fit: list[int]):
    assert fitted(wanted, width) == fit


def test_csv_is_read_back_as_it_was():
    texts = ["plain", "a,b", 'q"q', "two\nlines", "cr\rhere", " spaced ", "=1+1", "ä"]

    assert next(csv.reader(io.StringIO(csv_line(texts), newline=""))) == texts


def test_names_of_columns_are_told_apart():
    assert distinct(["id", "a", "id", "id"]) == ["id", "a", "id_2", "id_3"]


def test_export_writes_files_and_lists_them(filled: Command):
    done = filled("export", "contacts", "contact_tags", "--out", "made")
    as_json = filled("export", "sales", "--out", "made", "--json").json

    assert done.returncode == 0, done.stderr
    made = filled.directory / "made"
    assert f"contacts        30  {made}/contacts.csv" in done.stdout.splitlines()
    assert len((made / "contacts.csv").read_text().splitlines()) == 31
    assert as_json == {"files": [{"name": "sales", "rows": 0, "path": f"{made}/sales.csv"}]}
    wrong = filled("export", "contacts", "--format", "xml")
    assert (wrong.returncode, wrong.said) == (
        2,
        ["--format takes csv, jsonl, parquet, not 'xml'"],
    )
