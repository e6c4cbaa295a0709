"""The file to import: bytes that can be read several times, and the encoding of their text."""

from __future__ import annotations

import codecs
import io
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from itertools import pairwise, takewhile
from pathlib import Path
from typing import Any, BinaryIO, TextIO, cast

from cfsync.errors import UsageError

STANDARD_INPUT = "-"

_BLOCK = 1 << 16
_SAMPLE = 1 << 17
"""Bytes of lines from which an encoding is guessed."""

_BOMS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
"""In this order: that of UTF-16 begins that of UTF-32."""

_GUESSED = (
    *("cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "mac_roman", "koi8_r"),
    *("cp932", "gb18030", "big5", "euc_kr"),
)
"""The encodings that spreadsheets have written."""


_CENTRAL = frozenset("ŠšŽž")
"""Letters of central European languages that cp1252 has at the same place as cp1250."""


@dataclass(frozen=True, slots=True)
class Source:
    """A file that is open."""

    #: As people call it.
    name: str
    encoding: str
    #: Nothing in the file says so: a person has to look whether it is right.
    is_guess: bool
    _bytes: BinaryIO

    def text(self) -> TextIO:
        """Its text from the beginning, with line ends as they are."""
        self._bytes.seek(0)
        unclosed = io.BufferedReader(_Unclosed(self._bytes))
        return io.TextIOWrapper(unclosed, self.encoding, newline="")


class _Unclosed(io.RawIOBase):
    """Bytes that stay open when what reads them is closed."""

    def __init__(self, inner: BinaryIO) -> None:
        self._inner = inner

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        read = self._inner.read(len(buffer))
        buffer[: len(read)] = read
        return len(read)


@contextmanager
def open_source(file: str, stdin: BinaryIO, encoding: str | None = None) -> Iterator[Source]:
    """Open a file, `-` for standard input. What can be read once only is copied to a temporary file
    that only this user can read, and that is gone afterwards. Raises UsageError.
    """
    name = "standard input" if file == STANDARD_INPUT else file
    try:
        with nullcontext(stdin) if file == STANDARD_INPUT else Path(file).open("rb") as given:
            if file != STANDARD_INPUT and given.seekable():
                yield _source(name, given, encoding)
                return
            with tempfile.TemporaryFile() as copied:
                copy = cast("BinaryIO", copied)
                shutil.copyfileobj(given, copy, _BLOCK)
                yield _source(name, copy, encoding)
    except OSError as error:
        raise UsageError(f"{name}: {error.strerror or error}") from None


def _source(name: str, given: BinaryIO, encoding: str | None) -> Source:
    given.seek(0)
    begin = given.read(1024)
    if begin.startswith((b"PK\3\4", b"\xd0\xcf\x11\xe0")):
        raise UsageError(f"{name} is a workbook or an archive: save it as CSV first")
    if encoding is not None:
        return Source(name, _known(encoding), False, given)
    if found := _written_in(begin):
        return Source(name, found, False, given)
    if _is_utf8(given):
        return Source(name, "utf-8", False, given)
    return Source(name, _guess(name, given), True, given)


def _known(encoding: str) -> str:
    try:
        return codecs.lookup(encoding).name
    except LookupError:
        raise UsageError(f"--encoding: there is no encoding {encoding!r}") from None


def _written_in(begin: bytes) -> str | None:
    """The encoding that a file's beginning shows: a mark, or the zeros of UTF-16."""
    for mark, encoding in _BOMS.items():
        if begin.startswith(mark):
            return encoding
    half = len(begin) // 2
    if half and begin[1::2].count(0) > 0.4 * half:
        return "utf-16-le"
    return "utf-16-be" if half and begin[::2].count(0) > 0.4 * half else None


def _blocks(given: BinaryIO) -> Iterator[bytes]:
    given.seek(0)
    return takewhile(bool, iter(lambda: given.read(_BLOCK), b""))


def _is_utf8(given: BinaryIO) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for block in _blocks(given):
            decoder.decode(block)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _guess(name: str, given: BinaryIO) -> str:
    from charset_normalizer import from_bytes

    sample = bytearray()
    for block in _blocks(given):
        sample += b"".join(line for line in block.splitlines(True) if not line.isascii())
        if len(sample) > _SAMPLE:
            break
    found = from_bytes(bytes(sample), cp_isolation=list(_GUESSED)).best()
    if found is None:
        raise UsageError(f"{name} is not UTF-8: give --encoding, such as --encoding cp1252")
    if found.encoding in ("cp1250", "cp1252"):  # of short text it can't tell
        return "cp1252" if _is_western(bytes(sample)) else "cp1250"
    return found.encoding


def _is_western(sample: bytes) -> bool:
    """Whether text in cp1250 or cp1252 is in the latter: no letter there has a sign beside it that
    cp1250 reads otherwise, and none is one of both that only central European languages use. Pure.
    """
    try:
        text = sample.decode("cp1252")
    except UnicodeDecodeError:
        return False
    differing = {c for c in text if c.encode("cp1250", "replace") != c.encode("cp1252")}
    signs = {c for c in differing if not c.isalpha() or c in "ªº"}
    letters = {c for c in text if c.isalpha()} - signs
    in_words = any(
        (a in signs and b in letters) or (a in letters and b in signs) for a, b in pairwise(text)
    )
    return not in_words and _CENTRAL.isdisjoint(text)
