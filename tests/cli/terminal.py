"""A command on a terminal of 80 columns, and what a person sees there."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from dataclasses import dataclass

from tests.cli.conftest import Command

COLUMNS = 80
_CODES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


@dataclass
class Shown:
    """What a person saw."""

    code: int
    raw: str

    @property
    def plain(self) -> str:
        """Without colors."""
        return _CODES.sub("", self.raw)

    @property
    def lines(self) -> list[str]:
        """Without colors, and of what was written over only the last."""
        plain = self.plain.replace("\r\n", "\n")
        return [line.rpartition("\r")[2] for line in plain.split("\n")]


def on_terminal(cfsync: Command, *arguments: str, answer: str = "", **environment: str) -> Shown:
    """The command on a terminal of 80 columns, where a person answers its question."""
    given = {f"CFSYNC_{name}": value for name, value in cfsync.settings.items()}
    clean = {n: v for n, v in os.environ.items() if "CFSYNC_" not in n and n != "NO_COLOR"}
    mine, its = pty.openpty()
    fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", 24, COLUMNS, 0, 0))
    process = subprocess.Popen(
        [sys.executable, "-m", "cfsync", *arguments],
        cwd=cfsync.directory,
        env=clean | given | {"TERM": "xterm-256color"} | environment,
        stdin=its,
        stdout=its,
        stderr=its,
        start_new_session=True,
    )
    os.close(its)
    raw = b""
    while True:
        try:
            piece = os.read(mine, 65536)
        except OSError:  # nobody has it open any more
            break
        if not piece:
            break
        raw += piece
        if answer and b"[y/N]: " in raw:  # the whole question: what comes later is echoed later
            os.write(mine, f"{answer}\n".encode())
            answer = ""
    os.close(mine)
    return Shown(process.wait(60), raw.decode())
