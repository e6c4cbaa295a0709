"""The real daemon as a subprocess, and what a test sees of it: its log, what it tells systemd, its
listener. Everything is waited for, nothing slept through.
"""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

PATIENCE_S = 60.0


def until(true: Callable[[], Any], what: str = "", patience: float = PATIENCE_S) -> Any:
    """Look until it is so; its value. For what nobody tells of."""
    end = time.monotonic() + patience
    while not (found := true()):
        assert time.monotonic() < end, what or "it never came"
        select.select([], [], [], 0.02)
    return found


class Systemd:
    """The other end of NOTIFY_SOCKET."""

    def __init__(self, *, abstract: bool = False) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="cfsync-n-", dir="/tmp")
        path = f"{self._folder.name}/s"
        self.address = f"@{path}" if abstract else path
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(f"\0{path}" if abstract else path)
        self.received: list[str] = []

    def wait_for(self, line: str, patience: float = PATIENCE_S) -> str:
        """The next line that begins so."""
        end = time.monotonic() + patience
        while (left := end - time.monotonic()) > 0:
            self._socket.settimeout(left)
            try:
                self.received.append(self._socket.recv(4096).decode())
            except TimeoutError:
                break
            if self.received[-1].startswith(line):
                return self.received[-1]
        raise AssertionError(f"{line} never came; {self.received[-5:]}")

    def is_silent(self, line: str, seconds: float) -> bool:
        """Whether no such line comes for so long; what came before does not count."""
        while select.select([self._socket], [], [], 0)[0]:
            self.received.append(self._socket.recv(4096).decode())
        try:
            self.wait_for(line, seconds)
        except AssertionError:
            return True
        return False

    def close(self) -> None:
        self._socket.close()
        self._folder.cleanup()


class Daemon:
    """`cfsync run` with these settings (`API__TOKEN=...`), in a directory of its own."""

    program = ("-W", "error", "-m", "cfsync")

    def __init__(
        self, directory: Path, settings: dict[str, str], systemd: Systemd | None, **environ: str
    ) -> None:
        given = {f"CFSYNC_{name}": value for name, value in settings.items()}
        clean = {name: value for name, value in os.environ.items() if "CFSYNC_" not in name}
        notify = {"NOTIFY_SOCKET": systemd.address} if systemd else {}
        self.process = subprocess.Popen(
            [sys.executable, *self.program, "run"],
            cwd=directory,
            env=clean | given | notify | environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.lines: list[str] = []
        self._news = threading.Condition()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            with self._news:
                self.lines.append(line)
                self._news.notify_all()
        with self._news:
            self._news.notify_all()

    def events(self, name: str, **match: Any) -> list[dict[str, Any]]:
        """Log events of that name with these keys."""
        found = [json.loads(line) for line in list(self.lines) if line.startswith("{")]
        return [e for e in found if e["event"] == name and match.items() <= e.items()]

    def wait_for(self, name: str, patience: float = PATIENCE_S, **match: Any) -> dict[str, Any]:
        with self._news:
            self._news.wait_for(lambda: self.events(name, **match) or self._ended(), patience)
        found = self.events(name, **match)
        assert found, f"{name} {match} never came:\n{self.output[-3000:]}"
        return found[-1]

    def _ended(self) -> bool:
        return self.process.poll() is not None

    @property
    def output(self) -> str:
        return "".join(self.lines)

    def ask(
        self, path: str, token: str | None = None, *, body: bytes | None = None
    ) -> tuple[int, str]:
        """Status and text of a GET at the listener, of a POST where there is a body."""
        at = self.wait_for("web.listening")
        request = urllib.request.Request(f"http://127.0.0.1:{at['port']}{path}", data=body)
        if token:
            request.add_header("Authorization", f"Bearer {token}")
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def stop(self, how: signal.Signals = signal.SIGTERM, patience: float = PATIENCE_S) -> int:
        """Send a signal; the exit code."""
        self.process.send_signal(how)
        code = self.process.wait(patience)
        self._reader.join(5)
        return code

    def kill(self) -> None:
        if self.process.poll() is None:
            self.stop(signal.SIGKILL)
        self._reader.join(5)
        assert self.process.stdout is not None
        self.process.stdout.close()
