"""The rows of a file."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest

from cfsync.errors import UsageError
from cfsync.sync.importing.source import open_source
from cfsync.sync.importing.table import LONGEST_VALUE, read_table

KNOWN = {"id", "first_name", "email_address"}


def rows_of(tmp_path: Path, text: str) -> list[tuple[int, Any]]:
    path = tmp_path / "rows"
    path.write_bytes(text.encode())
    with open_source(str(path), io.BytesIO()) as source:
        table = read_table(source, KNOWN.__contains__)
        return [(row.line, row.problem or dict(row.values)) for row in table.rows()]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_delimiters_and_line_ends(tmp_path: Path, delimiter: str, end: str) -> None:
    lines = ["id,first_name", '5,"a ""b"" c"', "", '6,"two\nlines"', "7, x "]
    text = "".join(line.replace(",", delimiter) + end for line in lines)

    found = rows_of(tmp_path, text)

    assert [values for _, values in found] == [
        {"id": "5", "first_name": 'a "b" c'},
        {"id": "6", "first_name": "two\nlines"},
        {"id": "7", "first_name": "x"},
    ]
    assert [line for line, _ in found] == [2, 4, 6]


def test_excel_names_its_delimiter(tmp_path: Path) -> None:
    assert rows_of(tmp_path, "sep=;\nid;first_name\n5;a,b\n") == [
        (3, {"id": "5", "first_name": "a,b"})
    ]


def test_a_comma_in_values_is_no_delimiter(tmp_path: Path) -> None:
    text = "Name, first;email_address\nLovelace, Ada;a@x.example\nHopper, Grace;g@x.example\n"

    assert rows_of(tmp_path, text)[0] == (
        2,
        {"Name, first": "Lovelace, Ada", "email_address": "a@x.example"},
    )


def test_a_row_that_is_too_long_or_too_short(tmp_path: Path) -> None:
    assert rows_of(tmp_path, "id,first_name\n5\n6,a,b\n") == [
        (2, {"id": "5"}),
        (3, "has 3 values, and the header 2"),
    ]


def test_json_lines(tmp_path: Path) -> None:
    text = '{"id": 5, "first_name": null}\n\n[1]\n{"id": \n{"id": 6, "tags": ["a"]}\n'

    assert rows_of(tmp_path, text) == [
        (1, {"id": 5, "first_name": None}),
        (3, "is not a JSON object"),
        (4, "is not JSON"),
        (5, {"id": 6, "tags": ["a"]}),
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is empty"),
        ("\n \n", "is empty"),
        ('[{"id": 5}]', "one JSON list"),
        ("id,first_name,first_name\n1,2,3\n", "the header has first_name twice"),
        ('id,first_name\n5,"never closed\n6,x\n', "check the quotes"),
        ('id,first_name\n5,"a"b\n', "line 2: .*: check the quotes"),
        (f"id\n{'x' * (LONGEST_VALUE + 1)}\n", "field larger than field limit"),
    ],
)
def test_what_is_no_table_is_refused(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        rows_of(tmp_path, text)


def test_bytes_that_are_not_of_the_encoding(tmp_path: Path) -> None:
    path = tmp_path / "rows"
    path.write_bytes(b"id\n" + b"5\n" * 20_000 + "é\n".encode("latin-1"))

    with open_source(str(path), io.BytesIO(), "utf-8") as source:
        table = read_table(source, KNOWN.__contains__)
        with pytest.raises(UsageError, match=r"is not utf-8: give --encoding"):
            list(table.rows())
