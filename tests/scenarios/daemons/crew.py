"""The daemons of an account: real processes, each with a port of its own."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from cfsync.config import load
from cfsync.daemon.health import watchdog
from tests.daemon.harness import PATIENCE_S, Daemon, until
from tests.push.conftest import Account
from tests.scenarios.daemons import clock
from tests.scenarios.daemons.steps import Settings
from tests.web.console import form_reader

ROOT = Path(__file__).parents[3]
TIMEOUT_S = 3
KEY = "push.novelty"
UNKNOWN = "[push]\nnovelty = true\n"
TAKEN_OVER = """SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM cf_leases
 WHERE owner LIKE ? AND NOT starts_with(name, 'daemon/')
 AND expires_at > clock_timestamp() - make_interval(secs => ?))"""


class QuickDaemon(Daemon):
    """Without `-W error`: a connection that is open when the process ends is no fault here."""

    program = ("-m", "tests.scenarios.daemons.quick")


@dataclass
class Crew:
    """`ports`: where daemon 0, 1, ... listen. `running`: those that have been started and not been
    killed, suspended ones too. `clocks`: how many seconds those of their machines are off.
    """

    account: Account
    folder: Path
    ports: list[int]
    running: dict[int, Daemon] = field(default_factory=dict)
    suspended: set[int] = field(default_factory=set)
    clocks: dict[int, int] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)

    @property
    def is_sqlite(self) -> bool:
        return self.account.settings["CFSYNC_DATABASE__URL"].startswith("sqlite")

    def start(self, which: int, settings: Settings) -> None:
        if which in self.running:
            self.end(which, signal.SIGTERM)
        self._file(which).write_text("")
        self.running[which] = self._run(which, settings)
        self.running[which].wait_for("web.listening")

    def _run(self, which: int, settings: Settings) -> Daemon:
        self.set_clock(which, self.clocks.get(which, 0))
        more = {clock.FILE: str(self._clock(which)), "PYTHONPATH": str(ROOT)}
        return QuickDaemon(self.folder, self._settings(which, settings), None, **more)

    def _file(self, which: int) -> Path:
        """Its settings file."""
        return self.folder / f"daemon-{which}.toml"

    def refuse(self, which: int) -> None:
        """Stop it, and try to start it with settings that it doesn't know."""
        self.end(which, signal.SIGTERM)
        self._file(which).write_text(UNKNOWN)
        refused = self._run(which, Settings())
        refused.process.wait(PATIENCE_S)
        refused.kill()
        told = [f"ended with {refused.process.returncode}", *refused.lines]
        if told[0] != "ended with 2" or len(told) != 2 or KEY not in told[1]:
            self.wrong.append(f"daemon {which} with an unknown setting: {told}")

    def reload(self, which: int) -> None:
        """Tell it to take settings that it doesn't know."""
        if (daemon := self.running.get(which)) and which not in self.suspended:
            self._file(which).write_text(UNKNOWN)
            before = len(daemon.events("settings.refused"))
            daemon.process.send_signal(signal.SIGHUP)
            until(lambda: len(daemon.events("settings.refused")) > before, daemon.output[-2000:])
            self._file(which).write_text("")

    def end(self, which: int, how: signal.Signals) -> None:
        if daemon := self.running.pop(which, None):
            self._continue(which, daemon)
            code = daemon.stop(how)
            daemon.kill()
            if code != (0 if how == signal.SIGTERM else -how):
                self.wrong.append(f"daemon {which} ended with {code}: {daemon.output[-2000:]}")
            bad = [w for w in ("Traceback", "unexpected ") if w in daemon.output]
            self.wrong += [f"daemon {which}: {_around(daemon.output, word)}" for word in bad]

    def _continue(self, which: int, daemon: Daemon) -> None:
        self.suspended.discard(which)
        daemon.process.send_signal(signal.SIGCONT)

    def suspend(self, which: int) -> None:
        if daemon := self.running.get(which):
            self.suspended.add(which)
            daemon.process.send_signal(signal.SIGSTOP)

    def wake(self, which: int) -> None:
        """When others could have taken over its work."""
        if which in self.suspended:
            daemon = self.running[which]
            if not self.is_sqlite:
                owner = f"%:{daemon.process.pid}:%"
                until(lambda: self.account.sql(TAKEN_OVER, owner, TIMEOUT_S), "the lease has ended")
            self._continue(which, daemon)

    def set_clock(self, which: int, off: int) -> None:
        """A daemon that is awake has seen it then, if it is one that it looks for."""
        daemon = None if which in self.suspended else self.running.get(which)
        is_jump = abs(off - self.clocks.get(which, 0)) > watchdog.CLOCK_JUMP_S
        seen = len(daemon.events("clock.set")) if daemon else 0
        self.clocks[which] = off
        written = self._clock(which).with_suffix(".new")
        written.write_text(str(off))
        written.rename(self._clock(which))
        if daemon and is_jump:
            until(lambda: len(daemon.events("clock.set")) > seen, f"daemon {which} sees its clock")

    def _clock(self, which: int) -> Path:
        return self.folder / f"clock-{which}"

    def close(self) -> None:
        for which in [*self.running]:
            self.end(which, signal.SIGKILL)

    def press(self, path: str, choice: str) -> bool:
        """Press a button of the console and agree; whether a daemon was there to take it."""
        awake = [which for which in self.running if which not in self.suspended]
        if not awake:
            return False
        base = f"http://127.0.0.1:{self.ports[awake[0]]}"
        with httpx.Client(base_url=base, headers={"Sec-Fetch-Site": "same-origin"}) as client:
            answer = client.post(path, data={"choice": choice}, timeout=60)
            if answer.status_code == 200:
                answer = client.post(path, data=_agreed(answer.text, path), timeout=60)
            if answer.status_code != 303:
                self.wrong.append(f"POST {path} {choice}: {answer.status_code}")
        return True

    def _settings(self, which: int, it: Settings) -> dict[str, str]:
        names = load(environ=self.account.settings).wanted
        each = {
            "PULL_EVERY": it.every,
            "PULL_MAX_EVERY": it.every,
            "SWEEP_EVERY": "5s",
            "ON_CONFLICT": it.policy,
        }
        mine = {
            "API__TIMEOUT_S": str(TIMEOUT_S),
            "CONFIG": str(self._file(which)),
            "CENSUS__CHECK_EVERY": "5s",
            "DAEMON__LEASE_TTL": "1s",
            "EVENTS__LOG_EVERY": "2s",
            "LOG__FORMAT": "json",
            "PUSH__BATCH": str(it.batch),
            "PUSH__DEBOUNCE": it.debounce,
            "WEB__LISTEN": f"127.0.0.1:{self.ports[which]}",
            **{f"RESOURCES__{n.upper()}__{key}": v for n in names for key, v in each.items()},
        }
        return {k.removeprefix("CFSYNC_"): v for k, v in self.account.settings.items()} | mine


def command(account: Account, *words: str) -> subprocess.CompletedProcess[str]:
    """Another cfsync, beside the daemons."""
    return subprocess.run(
        [sys.executable, "-m", "cfsync", *words],
        env=account.settings,
        capture_output=True,
        text=True,
        timeout=100,
    )


def register_webhooks(account: Account, port: int) -> Iterator[int]:
    """Have events delivered to that port; the ids of the endpoints."""
    done = command(account, "webhooks", "register", f"http://127.0.0.1:{port}", "--json")
    assert done.returncode == 0, done.stderr
    yield from (endpoint["id"] for endpoint in json.loads(done.stdout)["endpoints"])


def free_port() -> int:
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        return int(free.getsockname()[1])


def _agreed(page: str, path: str) -> dict[str, list[str]]:
    form: dict[str, list[str]] = {}
    for name, value in form_reader.sent(page, path):
        form.setdefault(name, []).append(value)
    return form


def _around(text: str, word: str) -> str:
    at = text.index(word)
    return text[max(at - 300, 0) : at + 2000]
