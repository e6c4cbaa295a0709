from __future__ import annotations

import json
import logging
from typing import Any

import pytest
import structlog

from cfsync import logs
from cfsync.cli.common import load_settings
from cfsync.config import LogSettings

JSON = LogSettings(format="json")
TOKEN = 'tok"en\\1'


def test_a_line_is_one_json_object_on_standard_error(capsys: pytest.CaptureFixture[str]):
    logs.configure(JSON)

    structlog.get_logger().info("pull.done", resource="contacts", records=3)

    out, err = capsys.readouterr()
    line = json.loads(err)
    assert out == ""
    assert line.pop("timestamp").endswith("Z")
    assert line == {"event": "pull.done", "level": "info", "resource": "contacts", "records": 3}


def test_away_from_a_terminal_auto_means_json(capsys: pytest.CaptureFixture[str]):
    logs.configure(LogSettings())

    structlog.get_logger().info("pull.done")

    assert json.loads(capsys.readouterr().err)["event"] == "pull.done"


def test_the_console_form_is_for_people(capsys: pytest.CaptureFixture[str]):
    logs.configure(LogSettings(format="console"))

    structlog.get_logger().info("pull.done", records=3)

    assert "pull.done" in (line := capsys.readouterr().err)
    assert "records=3" in line
    assert "{" not in line


@pytest.mark.parametrize("form", ["json", "console"])
def test_a_secret_never_gets_through(capsys: pytest.CaptureFixture[str], form: Any):
    logs.configure(LogSettings(format=form, level="debug"), secrets=[TOKEN])
    log = structlog.get_logger()

    try:
        raise ValueError(f"sent Bearer {TOKEN}")
    except ValueError:
        log.exception("call.failed", headers={"Authorization": [TOKEN]})
    log.info(f"it is {TOKEN}")
    logging.getLogger("library").warning("with %s", TOKEN)

    err = capsys.readouterr().err
    assert err.count("***") >= 4
    assert "tok" not in err


@pytest.mark.parametrize("name", ["https_proxy", "ALL_PROXY"])
def test_a_proxys_password_never_gets_through(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setenv(name, "http://user:hunter2@proxy.example.com:3128")
    load_settings(None, environ={})

    structlog.get_logger().warning("pull.failed", why="hunter2 was refused")

    assert "hunter2" not in (line := capsys.readouterr().err)
    assert "was refused" in line


def test_the_level_is_kept(capsys: pytest.CaptureFixture[str]):
    logs.configure(LogSettings(level="warning"))

    structlog.get_logger().info("quiet.thing")
    structlog.get_logger().warning("loud.thing")

    assert [json.loads(x)["event"] for x in capsys.readouterr().err.splitlines()] == ["loud.thing"]


def test_beside_progress_bars_only_warnings_are_written_unless_debugging(
    capsys: pytest.CaptureFixture[str],
):
    logs.configure(JSON, quiet=True)
    structlog.get_logger().info("quiet.thing")
    logs.configure(LogSettings(format="json", level="debug"), quiet=True)
    structlog.get_logger().debug("debug.thing")

    assert [json.loads(x)["event"] for x in capsys.readouterr().err.splitlines()] == ["debug.thing"]


def test_a_traceback_is_written_only_when_debugging(capsys: pytest.CaptureFixture[str]):
    for level in ("info", "debug"):
        logs.configure(LogSettings(format="json", level=level))
        try:
            raise KeyError("somebody@example.com")
        except KeyError:
            structlog.get_logger().exception("pass.failed")

    short, full = [json.loads(x)["exception"] for x in capsys.readouterr().err.splitlines()]
    assert short == "KeyError"
    assert full.startswith("Traceback")


def test_a_librarys_warning_comes_in_the_same_form(capsys: pytest.CaptureFixture[str]):
    logs.configure(JSON)

    logging.getLogger("library").warning("careful with %d", 7)
    logging.getLogger("httpx").info("GET https://host/?filter=somebody@example.com")

    (line,) = capsys.readouterr().err.splitlines()
    assert json.loads(line)["event"] == "careful with 7"


def test_a_librarys_warning_is_not_said_each_time(capsys: pytest.CaptureFixture[str]):
    now = [0.0]
    logs.configure(JSON, repeat_filter=logs.RepeatFilter(lambda: now[0]))

    for second in (0, 1, 2, 900):
        now[0] = float(second)
        logging.getLogger("library").warning("careful with %d", 7)

    lines = [json.loads(line)["event"] for line in capsys.readouterr().err.splitlines()]
    assert lines == ["careful with 7", "careful with 7 (2 times more)"]


def test_a_person_reads_sentences_and_only_the_first_few_of_a_kind(
    capsys: pytest.CaptureFixture[str],
):
    logs.configure(LogSettings(format="console"), quiet=True)
    log = structlog.get_logger()

    for number in range(9):
        log.warning("conflict.found", resource="contacts", id=number, field="name", winner="local")
    log.warning("list.failed", list="contacts of 7", error="the report tells it")
    log.warning("unheard.of", place=7)

    lines = capsys.readouterr().err.splitlines()
    first = "cfsync: name of contacts 0 was changed on both sides: a conflict, winner local"
    assert (lines[0], len(lines)) == (first, 7)
    assert lines[5].startswith("cfsync: ... and more like this")
    assert lines[6] == "cfsync: unheard.of place=7"


def test_a_conflict_about_a_whole_record_names_no_field(capsys: pytest.CaptureFixture[str]):
    logs.configure(LogSettings(format="console"), quiet=True)
    told = {"resource": "contacts", "id": 4, "field": "", "winner": "hold"}
    structlog.get_logger().warning("conflict.found", **told)

    assert capsys.readouterr().err == (
        "cfsync: contacts 4 was deleted on one side and changed on the other: a conflict,"
        " winner hold\n"
    )
