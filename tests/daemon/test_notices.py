"""People are told what needs them: what, when, and how."""

from __future__ import annotations

import asyncio
import json
import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from cfsync.cli import command
from cfsync.config import Settings, load
from cfsync.daemon.notices import channels, timing
from cfsync.daemon.notices.notifier import REST_S, Notifier
from cfsync.daemon.notices.rules import notices
from cfsync.mirror.db.engine import Mirror
from cfsync.sandbox import World
from cfsync.web.daemon_health import Health, ResourceHealth
from tests.conftest import SQLITE_ONLY
from tests.daemon.harness import Daemon

WELL = Health(database_problem="")
PARKED = replace(WELL, edits={"parked": 2})


class Chat:
    """A chat service that keeps the bodies that were sent to its webhook."""

    def __init__(self) -> None:
        self.url = ""
        self.bodies: list[Any] = []
        self.status = 200
        self._came = threading.Condition()

    def take(self, body: Any) -> None:
        with self._came:
            self.bodies.append(body)
            self._came.notify_all()

    def wait_for(self, count: int) -> list[Any]:
        with self._came:
            assert self._came.wait_for(lambda: len(self.bodies) >= count, 60), self.bodies
        return self.bodies


@pytest.fixture
def chat() -> Iterator[Chat]:
    it = Chat()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            it.take(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(it.status)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        it.url = f"http://127.0.0.1:{server.server_port}/services/SECRET-PATH"
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield it
        server.shutdown()
        thread.join()


@contextmanager
def mail_server() -> Iterator[tuple[str, list[str]]]:
    """HOST:PORT of a server that takes mail without encryption, and the lines that came."""
    lines: list[str] = []

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.wfile.write(b"220 mail\r\n")
            in_text = False
            for raw in self.rfile:
                line = raw.decode().strip()
                lines.append(line)
                in_text = in_text and line != "."
                if not in_text:
                    in_text = line.upper() == "DATA"
                    answers = {"DATA": b"354 go\r\n", "QUIT": b"221 bye\r\n"}
                    self.wfile.write(answers.get(line.upper(), b"250 done\r\n"))

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"127.0.0.1:{server.server_address[1]}", lines
        server.shutdown()


def settings_with(**notify: str) -> Settings:
    return load(environ={f"CFSYNC_NOTIFY__{name.upper()}": value for name, value in notify.items()})


@pytest.mark.parametrize(
    ("health", "told"),
    [
        (WELL, []),
        (PARKED, ["2 edits are refused or unclear: cfsync outbox list --state parked"]),
        (replace(WELL, edits={"held": 1}), ["1 edit is held: cfsync outbox list --state held"]),
        (replace(WELL, edits={"pending": 1200}), []),
        (replace(WELL, conflicts=1), ["1 conflict is open: cfsync conflicts list"]),
        (
            replace(WELL, deletions_held=1200),
            ["1,200 deletions are held: cfsync deletions list"],
        ),
        (replace(WELL, token_ok=False), ["ClickFunnels refuses the token: cfsync doctor"]),
        (
            replace(WELL, capture_problem="contacts has no trigger"),
            ["edits are not captured: contacts has no trigger: cfsync migrate"],
        ),
        (
            replace(WELL, resources={n: ResourceHealth(late=True) for n in ("d", "c", "b", "a")}),
            ["changes of a, b, c and 1 more arrive late: cfsync status"],
        ),
        (replace(WELL, resources={"a": ResourceHealth(late=True, paused=True)}), []),
        (replace(WELL, failed_passes=["sweep of a"]), ["sweep of a failed: cfsync status"]),
        (replace(WELL, backup_problem="x"), ["no backup was made: x: cfsync backup"]),
        (
            replace(PARKED, database_problem="is away"),
            ["the database: is away: cfsync doctor"],
        ),
    ],
)
def test_what_needs_a_person(health: Health, told: list[str]) -> None:
    assert [str(notice) for notice in notices(health)] == told


def test_what_lasts_is_told_and_what_comes_and_goes_is_not_new() -> None:
    seen, over = timing.update({}, {"a"}, 0.0)
    assert (timing.lasting(seen, {"a"}, 299.0, 300.0), over) == (set(), set())
    assert timing.lasting(seen, {"a"}, 300.0, 300.0) == {"a"}
    seen, over = timing.update(seen, {"a"}, 400.0)
    seen, over = timing.update(seen, (), 500.0)
    assert (set(seen), over) == ({"a"}, set())
    seen, over = timing.update(seen, {"a"}, 600.0)
    assert timing.lasting(seen, {"a"}, 600.0, 300.0) == {"a"}
    seen, over = timing.update(seen, (), 600.0 + timing.GONE_S)
    assert (seen, over) == ({}, {"a"})


def test_a_chat_service_gets_its_own_form(chat: Chat) -> None:
    channels.send(settings_with(webhook=chat.url).notify, "one\ntwo")
    channels.send(settings_with(webhook=chat.url, webhook_style="teams").notify, "one\ntwo")

    slack, teams = chat.bodies
    assert slack == {"text": "one\ntwo"}
    card = teams["attachments"][0]["content"]
    assert (teams["type"], card["type"]) == ("message", "AdaptiveCard")
    assert card["body"][0]["text"] == "one\n\ntwo"


def test_mail_arrives() -> None:
    with mail_server() as (place, lines):
        mine = settings_with(smtp=f"smtp://{place}", email_to="a@b.example,c@d.example")

        assert channels.send(mine.notify, "something waits") == {"notify.email_to": ""}

    assert [line for line in lines if line.startswith("rcpt")] == [
        "rcpt TO:<a@b.example>",
        "rcpt TO:<c@d.example>",
    ]
    assert {"Subject: cfsync needs you", "From: a@b.example", "something waits"} <= set(lines)


def test_a_password_is_not_sent_in_the_clear() -> None:
    with mail_server() as (place, lines):
        mine = settings_with(smtp=f"smtp://me:hunter2@{place}", email_to="a@b.example")

        sent = channels.send(mine.notify, "x")

    assert sent == {"notify.email_to": "offers no encryption, so no password is sent"}
    assert not [line for line in lines if "AUTH" in line]


def test_a_program_gets_the_text(tmp_path: Path) -> None:
    mine = settings_with(command=f"tee {tmp_path / 'told'}")

    assert channels.send(mine.notify, "something waits") == {"notify.command": ""}
    assert (tmp_path / "told").read_text() == "something waits"


@pytest.mark.parametrize(
    ("setting", "value", "problem"),
    [
        ("command", "false", "ends with exit code 1"),
        ("command", "/nowhere/program", "there is no such program, or it may not be run"),
        ("webhook", "http://127.0.0.1:9/SECRET-PATH", "can't be reached"),
        ("webhook", "http://nowhere.invalid/SECRET-PATH", "can't be reached"),
    ],
)
def test_what_fails_is_said_without_the_secret(setting: str, value: str, problem: str) -> None:
    mine = settings_with(**{setting: value})

    assert channels.send(mine.notify, "x") == {f"notify.{setting}": problem}


class Told:
    """A daemon's notifier with a clock of its own."""

    def __init__(self, mirror: Mirror | None, settings: Settings) -> None:
        self.health, self.now = WELL, 0.0
        self.notifier = Notifier(
            settings, lambda: self.health, lambda: mirror, clock=lambda: self.now
        )

    def run(self, health: Health, *, after: float = 0.0) -> None:
        self.health, self.now = health, self.now + after
        asyncio.run(self.notifier.run())


def test_each_is_told_once_by_one_daemon_and_over_a_restart(chat: Chat, mirror: Mirror) -> None:
    settings = settings_with(webhook=chat.url, after="5m")
    one, other = Told(mirror, settings), Told(mirror, settings)

    for daemon in (one, other):
        daemon.run(PARKED)
        assert chat.bodies == []
    for daemon in (one, other, one):
        daemon.run(PARKED, after=300)
    restarted = Told(mirror, settings)
    restarted.run(PARKED)
    restarted.run(replace(PARKED, conflicts=1), after=300)
    restarted.run(replace(PARKED, conflicts=1), after=300)

    first, second = chat.bodies
    assert first["text"].splitlines()[1:] == [
        "- 2 edits are refused or unclear: cfsync outbox list --state parked"
    ]
    assert second["text"].splitlines()[1:] == ["- 1 conflict is open: cfsync conflicts list"]


def test_it_is_told_again_after_it_was_over_for_an_hour(chat: Chat, mirror: Mirror) -> None:
    daemon = Told(mirror, settings_with(webhook=chat.url, after="0s"))

    daemon.run(PARKED)
    daemon.run(WELL, after=60)
    daemon.run(PARKED, after=60)
    assert len(chat.bodies) == 1
    daemon.run(WELL, after=60)
    daemon.run(WELL, after=timing.GONE_S)
    daemon.run(PARKED, after=60)

    assert len(chat.bodies) == 2


def test_it_is_told_again_where_it_was_over_while_no_daemon_ran(chat: Chat, mirror: Mirror) -> None:
    settings = settings_with(webhook=chat.url, after="0s")
    Told(mirror, settings).run(PARKED)
    restarted = Told(mirror, settings)

    restarted.run(WELL)
    restarted.run(WELL, after=timing.GONE_S)
    restarted.run(PARKED, after=60)

    assert len(chat.bodies) == 2


def test_an_answer_that_is_no_http_keeps_no_other_channel_from_the_text(tmp_path: Path) -> None:
    with mail_server() as (place, _):  # greets in its own words
        mine = settings_with(webhook=f"http://{place}/", command=f"tee {tmp_path / 'told'}")

        sent = channels.send(mine.notify, "x")

    assert sent == {"notify.webhook": "can't be reached", "notify.command": ""}


def test_where_nobody_is_reached_it_is_tried_again_later(chat: Chat, mirror: Mirror) -> None:
    daemon = Told(mirror, settings_with(webhook=chat.url, after="0s"))
    chat.status = 500

    with capture_logs() as logs:
        daemon.run(PARKED)
        daemon.run(PARKED, after=10)
    assert [(line["event"], line.get("error")) for line in logs] == [
        ("notice.failed", "answers 500")
    ]
    chat.status = 200
    daemon.run(PARKED, after=REST_S)
    daemon.run(PARKED, after=REST_S)

    assert len(chat.bodies) == 2


def test_nobody_reached_and_no_database_to_note_that_in_loses_no_notice(chat: Chat) -> None:
    daemon = Told(None, settings_with(webhook=chat.url, after="0s"))
    chat.status = 500

    daemon.run(PARKED)
    chat.status = 200
    daemon.run(PARKED, after=REST_S)

    assert len(chat.bodies) == 2


def test_a_database_that_is_away_is_told_once(chat: Chat) -> None:
    daemon = Told(None, settings_with(webhook=chat.url, after="0s"))
    away = replace(WELL, database_problem="the server is down")

    daemon.run(away)
    daemon.run(away, after=60)

    assert len(chat.bodies) == 1


@SQLITE_ONLY
def test_a_daemon_tells_of_an_edit_that_is_refused_and_of_no_person(
    start: Callable[..., Daemon], chat: Chat, world: World, sql: Any, contact: int
) -> None:
    world.fault("status", method="PUT", status=422, times=None)
    daemon = start(NOTIFY__WEBHOOK=chat.url, NOTIFY__AFTER="0s")
    daemon.wait_for("pass.done", resource="contacts")
    sql("UPDATE contacts SET first_name = 'Ada' WHERE id = ?", contact)

    daemon.wait_for("notice.sent", kinds=["parked"])

    texts = [body["text"] for body in chat.bodies]
    assert "- 1 edit is refused or unclear: cfsync outbox list --state parked" in texts[-1]
    assert not [text for text in texts if "Ada" in text or "@" in text]
    assert "SECRET-PATH" not in daemon.output


def test_a_test_notice_says_how_it_went(
    chat: Chat, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command(["notify"]) == 2
    assert "nobody is to be told" in capsys.readouterr().err
    monkeypatch.setenv("CFSYNC_NOTIFY__WEBHOOK", chat.url)
    assert command(["notify"]) == 0
    assert capsys.readouterr().out == "notify.webhook: sent\n"
    monkeypatch.setenv("CFSYNC_NOTIFY__COMMAND", "false")
    assert command(["notify"]) == 2
    assert "notify.command: ends with exit code 1" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("WEBHOOK", "hooks.example.com/SECRET"),
        ("WEBHOOK", "ftp://hooks.example.com/SECRET"),
        ("SMTP", "smtp://"),
        ("SMTP", "smtp://me:SECRET@host:port"),
        ("EMAIL_TO", "nobody"),
    ],
)
def test_a_setting_that_is_wrong_is_refused_without_its_value(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(f"CFSYNC_NOTIFY__{name}", value)

    assert command(["notify"]) == 2

    error = capsys.readouterr().err
    assert f"notify.{name.lower()}" in error
    assert "SECRET" not in error
