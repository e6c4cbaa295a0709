"""Standard output and error that take any text, and that end no command when nobody reads them."""

from __future__ import annotations

import errno
import io
import os
import select
import sys
from pathlib import Path
from typing import Any, TextIO

from cfsync.errors import CfsyncError


def set_up() -> None:
    """Replace both for the rest of the process.

    A character that the terminal's encoding doesn't have is written as an escape. When the reader
    has gone (`| head`, a terminal that was closed), the rest is dropped and the command goes on.
    """
    sys.stdout = _lasting(sys.stdout, 1)
    sys.stderr = _lasting(sys.stderr, 2)


def is_utf8(stream: TextIO) -> bool:
    """Whether it takes every character as it is."""
    return (stream.encoding or "").lower().replace("_", "-") in ("utf-8", "utf8")


def has_reader(stream: TextIO) -> bool:
    """Whether what is written may still reach somebody; asked without writing."""
    try:
        poll = select.poll()
        poll.register(stream.fileno(), 0)
        return not any(event & (select.POLLERR | select.POLLHUP) for _, event in poll.poll(0))
    except (OSError, ValueError):  # it is no file
        return True


def _lasting(stream: TextIO | None, number: int) -> TextIO:
    if stream is None:  # closed before the start: the number may be any file's by now
        return Path(os.devnull).open("w", encoding="utf-8")
    stream.flush()
    return io.TextIOWrapper(
        io.BufferedWriter(_Lasting(number, "w", closefd=False)),
        encoding=stream.encoding,
        errors="backslashreplace",
        line_buffering=number == 2 or stream.isatty(),
    )


class _Lasting(io.FileIO):
    """A file that nobody may read any more."""

    _is_full = False

    def write(self, data: Any) -> int:
        try:
            if not self._is_full:
                return super().write(data)
        except OSError as error:
            # A result that a full disk can't take is a failure; a line of the log is none.
            if error.errno not in (errno.EPIPE, errno.EIO) and self.fileno() != 2:
                self._is_full = True  # what is left is not tried again when the process ends
                raise CfsyncError(f"the output can't be written: {error.strerror}") from error
        return len(memoryview(data).cast("B"))
