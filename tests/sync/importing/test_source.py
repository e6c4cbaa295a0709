"""The text in a file, whatever its encoding."""

from __future__ import annotations

import io
import os
import stat
from pathlib import Path

import pytest

from cfsync.errors import UsageError
from cfsync.sync.importing.source import Source, open_source

GERMAN = "first_name,city\nJürgen,München\nZoë,Köln\n" * 3
POLISH = "first_name,city\nŁukasz,Łódź\nŻaneta,Kraków\n" * 3


def read(path: Path, encoding: str | None = None) -> tuple[Source, str]:
    with open_source(str(path), io.BytesIO(), encoding) as source, source.text() as text:
        return source, text.read()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32"])
def test_a_file_says_what_its_encoding_is(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "people.csv"
    path.write_bytes(GERMAN.encode(encoding))

    source, text = read(path)

    assert text == GERMAN
    assert not source.is_guess


@pytest.mark.parametrize(
    ("encoding", "content"),
    [
        ("cp1252", GERMAN),
        ("cp1252", "name\nMüller\nJosé\nZoë\n"),
        ("cp1252", "name\nRené\nHélène\nFrançois\nJoão\nÅsa\nSøren\nNuñez – £5, 5 €\n"),
        ("cp1250", POLISH),
        ("cp1250", "name\nJiří Dvořák\nŠárka Černá\n"),
        ("cp1251", "имя\nИван\nАнна\n" * 3),
    ],
)
def test_another_encoding_is_a_guess(tmp_path: Path, encoding: str, content: str) -> None:
    path = tmp_path / "people.csv"
    path.write_bytes(content.encode(encoding))

    source, text = read(path)

    assert source.is_guess
    assert (source.encoding, text) == (encoding, content)


def test_an_encoding_that_is_given_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_bytes(POLISH.encode("cp1250"))

    source, text = read(path, "windows-1250")

    assert text == POLISH
    assert not source.is_guess
    with pytest.raises(UsageError, match="no encoding 'cp9999'"):
        read(path, "cp9999")


def test_standard_input_can_be_read_again(tmp_path: Path) -> None:
    with open_source("-", io.BytesIO(b"id\n5\n")) as source:
        for _ in range(2):
            with source.text() as text:
                assert text.read() == "id\n5\n"
        assert not list(tmp_path.iterdir())
        assert stat.S_IMODE(os.fstat(source._bytes.fileno()).st_mode) == 0o600


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"PK\3\4....", "save it as CSV"), (b"\xd0\xcf\x11\xe0....", "save it as CSV")],
)
def test_a_workbook_is_refused(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "people.xlsx"
    path.write_bytes(content)

    with pytest.raises(UsageError, match=words):
        read(path)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"none\.csv: No such file"):
        read(tmp_path / "none.csv")
    with pytest.raises(UsageError, match="Is a directory"):
        read(tmp_path)
