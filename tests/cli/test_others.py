"""doctor, api, sandbox, demo."""

from __future__ import annotations

import json
import signal
import sqlite3
import urllib.error
import urllib.request
from contextlib import closing

import pytest

from cfsync.cli import fields
from cfsync.errors import UsageError
from cfsync.sandbox import World
from tests.cli.conftest import Command


def test_doctor_finds_everything_in_order(filled: Command, world: World):
    done = filled("doctor")

    assert done.returncode == 0, done.stdout
    lines = done.stdout.splitlines()
    assert {line.split()[0] for line in lines} == {"ok"}
    assert f"ok  workspaces          {world.workspaces[0]} of 1" in lines
    assert f"ok  any id as cursor    honoured (contact_tags/{world.workspaces[0]})" in lines
    assert "ok  clock               agrees with the server's" in lines


def test_doctor_names_each_thing_to_do_with_the_exit_code_that_counts(filled: Command):
    (filled.directory / "cfsync.toml").write_text('[api]\ntoken = "hunter2"')
    (filled.directory / "cfsync.toml").chmod(0o644)
    filled.settings.pop("API__TOKEN")

    done = filled("doctor", "--json")

    todo = {check["name"]: check for check in done.json if check["state"] == "todo"}
    assert done.returncode == 3
    assert set(todo) == {"file permissions", "token"}
    assert (
        todo["file permissions"]["text"] == "others can read cfsync.toml: chmod o-rwx cfsync.toml"
    )
    assert "hunter2" not in done.stdout + done.stderr


def test_doctor_without_token_and_mirror_still_says_all_there_is_to_do(bare: Command):
    done = bare("doctor")

    assert done.returncode == 2
    assert f"no mirror at {bare.database}: run cfsync backfill" in done.stdout
    assert "api.token is not set" in done.stdout
    assert "api.base_url is not set" in done.stdout


def test_doctor_and_config_check_refuse_what_run_refuses(filled: Command):
    wrong = {"WEB__LISTEN": "0.0.0.0:0", "WEB__TLS_CERT": "absent.pem"}

    both = [filled(*c, **wrong, PULL__OVERLAP="soon").said for c in (("config", "check"), ("run",))]
    assert both[0] == both[1]
    assert len(both[0]) == 4
    checked, run = filled("config", "check", **wrong), filled("run", **wrong)
    examined = filled("doctor", "--json", **wrong)

    assert (checked.returncode, run.returncode, examined.returncode) == (2, 2, 2)
    assert len(checked.said) == 3
    said = [c["text"] for c in examined.json if c["name"] == "settings"]
    assert [line.removeprefix("cfsync: ") for line in checked.said] == said
    assert filled("config", "check").stdout == "ok: cfsync run takes these settings\n"


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("mysql://db/cf", "database.url must be sqlite:///PATH or"),
        ("sqlite:///nowhere/cfsync.db", "/nowhere: make it or change database.url"),
        ("sqlite:///folder", "/folder is a directory: give a file in database.url"),
    ],
)
def test_config_check_refuses_a_database_that_run_and_doctor_refuse(
    filled: Command, url: str, words: str
):
    (filled.directory / "folder").mkdir()

    checked, run, examined = (
        filled(*command, DATABASE__URL=url)
        for command in (("config", "check"), ("run",), ("doctor",))
    )

    assert (checked.returncode, run.returncode, examined.returncode) == (2, 2, 2)
    assert checked.said == run.said
    (line,) = checked.said
    assert words in line
    assert line.removeprefix("cfsync: ") in examined.stdout


def test_config_check_leaves_nothing_behind(cfsync: Command):
    assert cfsync("config", "check").returncode == 0
    assert not cfsync.database.exists()


def test_doctor_ends_with_3_for_a_refused_token_also_before_the_first_backfill(cfsync: Command):
    done = cfsync("doctor", API__TOKEN="refused")

    assert done.returncode == 3
    assert "no mirror at" in done.stdout


def test_doctor_tells_a_host_that_does_not_answer_from_a_token(filled: Command):
    done = filled("doctor", "--json", API__BASE_URL="http://127.0.0.1:9/api/v2")

    assert done.returncode == 4
    assert {c["name"] for c in done.json if c["state"] == "todo"} == {"connection"}


def test_doctor_and_status_tell_of_a_log_that_a_reader_keeps_from_being_emptied(filled: Command):
    with closing(sqlite3.connect(filled.database, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM contacts").fetchone()
        filled.sql("INSERT INTO cf_meta VALUES ('test', hex(zeroblob(40000000))) RETURNING key")
        pull, doctor, status = filled("pull"), filled("doctor"), filled("status")

    assert (pull.returncode, doctor.returncode) == (0, 5)
    for said in (doctor.stdout, status.stdout):
        assert "a program has been reading in a transaction that it left open: end it" in said


def test_doctor_lists_the_workspaces_that_the_token_reaches(filled: Command, world: World):
    done = filled("doctor", API__WORKSPACES="999")

    assert done.returncode == 2
    assert f"no workspace 999; it reaches {world.workspaces[0]}: change" in done.stdout
    assert "cfsync doctor" not in done.stdout


def test_doctor_sees_a_server_that_ignores_what_is_assumed(filled: Command, world: World):
    world.fault("ignore_sort", times=None)

    lines = filled("doctor").stdout.splitlines()

    assert "note  sort by updated_at" in "\n".join(lines)


def test_doctor_sees_a_mirror_of_another_account(filled: Command):
    filled.sql("UPDATE cf_meta SET value = '[77]' WHERE key = 'teams'")

    done = filled("doctor")

    assert done.returncode == 2
    assert "the mirror holds team 77, the token shows 1000: use another" in done.stdout


def test_api_calls_with_the_token_and_prints_the_json(cfsync: Command, world: World):
    first = world.records("contacts", world.workspaces[0])[0]
    path = f"/workspaces/{world.workspaces[0]}/contacts"

    read = cfsync("api", "GET", path, "-f", f"filter[email_address]={first['email_address']}")
    changed = cfsync("api", "PUT", f"/contacts/{first['id']}", "-f", "contact[first_name]=Ada+B")

    assert [record["id"] for record in json.loads(read.stdout)] == [first["id"]]
    assert changed.returncode == 0, changed.stderr
    assert world.get("contacts", first["id"])["first_name"] == "Ada+B"


def test_api_takes_a_body_from_standard_input(cfsync: Command, world: World):
    first = world.ids("contacts", world.workspaces[0])[0]
    body = '{"contact": {"first_name": null}}'

    done = cfsync("api", "put", f"/contacts/{first}", "--input", "-", "--json", input=body)

    assert done.json["status"] == 200
    assert world.get("contacts", first)["first_name"] is None


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["GET", "teams"], "PATH is the part after /api/v2, such as /teams"),
        (["GET", "https://evil.example/x"], "PATH is the part after /api/v2, such as /teams"),
        (["FETCH", "/teams"], "METHOD must be one of GET, POST, PUT, PATCH, DELETE, not FETCH"),
        (["PUT", "/x", "--input", "absent"], "absent can't be read: No such file or directory"),
        (["PUT", "/x", "-f", "a"], "-f takes FIELD=VALUE, not 'a'"),
    ],
)
def test_api_refuses_what_is_no_call(bare: Command, arguments, said):
    settings = {"API__BASE_URL": "http://127.0.0.1:9/api/v2", "API__TOKEN": "x"}

    done = bare("api", *arguments, **settings)

    assert (done.returncode, done.said) == (2, [said])


def test_api_says_what_is_not_found(cfsync: Command):
    done = cfsync("api", "GET", "/contacts/1")

    assert done.returncode == 1
    assert len(done.said) == 1
    assert done.said[0].startswith("GET /contacts/1: ")


def test_fields_nest_by_brackets_and_stay_text():
    given = ["contact[first_name]=Ada=1", "contact[tag_ids][]=3", "contact[tag_ids][]=4", "x="]

    assert fields.body(given) == {
        "contact": {"first_name": "Ada=1", "tag_ids": ["3", "4"]},
        "x": "",
    }
    assert fields.query(["filter[id]=1,2"]) == {"filter[id]": "1,2"}
    assert fields.body([]) is None


@pytest.mark.parametrize(
    "wrong", [["=x"], ["a[=x"], ["a[][b]=x"], ["a=1", "a[b]=2"], ["a[]=1", "a[b]=2"]]
)
def test_fields_that_make_no_sense_are_refused(wrong: list[str]):
    with pytest.raises(UsageError, match=r"^-f"):
        fields.body(wrong)


def test_the_sandbox_serves_until_it_is_stopped(bare: Command):
    options = ["--port", "0", "--contacts", "3", "--token", "abc", "--deny", "workspaces"]
    process = bare.start("sandbox", *options, "--json")
    assert process.stdout
    said = json.loads(process.stdout.readline())

    headers = {"Authorization": "Bearer abc", "User-Agent": "test"}
    request = urllib.request.Request(said["base_url"] + "/teams", headers=headers)
    with urllib.request.urlopen(request) as answer:
        (team,) = json.load(answer)
    below = f"{said['base_url']}/teams/{team['id']}/workspaces"
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(urllib.request.Request(below, headers=headers))
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=10)

    assert said["token"] == "abc"
    assert process.returncode == 0


def test_the_sandbox_plays_a_gateway_from_the_key_to_the_backfill(bare: Command):
    options = ["--port", "0", "--contacts", "3", "--connection", "a", "--connection", "b=expired"]
    process = bare.start("sandbox", *options, "--json")
    assert process.stdout
    told = json.loads(process.stdout.readline())
    assert told["base_url"] == told["url"] + "/clickfunnels/api/v2"
    given = {"API__BASE_URL": told["base_url"], "API__TOKEN": told["token"]}

    several = bare("doctor", **given)
    chosen = bare("backfill", "contacts", **given, API__HEADERS__MATON_CONNECTION="a")
    checked = bare("doctor", **given, API__HEADERS__MATON_CONNECTION="a")
    expired = bare("pull", **given, API__HEADERS__MATON_CONNECTION="b")
    process.terminate()
    process.communicate(timeout=10)

    assert several.returncode == 3
    assert "has 2 active connections: a, b; choose one" in several.stdout
    assert chosen.returncode == 0
    assert "by the connection in api.headers.Maton-Connection (ACTIVE" in checked.stdout
    assert expired.returncode == 3
    assert expired.said == [
        "the authorization of the gateway's connection has ended (500); make and authorize a new"
        " one at the gateway, and name it in api.headers"
    ]


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.5", "example.com"])
def test_the_sandbox_stays_on_loopback(bare: Command, host: str):
    done = bare("sandbox", "--host", host)

    assert done.returncode == 2
    assert done.said == [f"the sandbox listens on loopback only, not on {host}"]


def test_the_demo_shows_the_round_and_touches_nothing_of_the_user(bare: Command):
    (bare.directory / "cfsync.toml").write_text("this is [not the demo's business")

    done = bare("demo", "--contacts", "40", API__TOKEN="hunter2")

    assert done.returncode == 0, done.stdout + done.stderr
    assert "$ cfsync backfill" in done.stdout
    assert done.stdout.rstrip().endswith("no difference.")
    assert [p.name for p in bare.directory.iterdir()] == ["cfsync.toml"]


@pytest.mark.timeout(300)  # the whole demo, and a daemon
def test_the_demo_leaves_the_console_open_with_something_of_each_kind_to_decide(bare: Command):
    process = bare.start("demo", "--contacts", "60", "--console")
    assert process.stdout is not None
    address = next(line.split()[-1] for line in process.stdout if "The console is at" in line)

    with urllib.request.urlopen(address + "waiting") as answer:
        page = answer.read().decode()
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)

    for text in ("Conflicts", "Refused edits", "Held edits", "Held deletions"):
        assert f">{text}<" in page
    assert (process.returncode, "Traceback" in out + err) == (0, False), err
    assert [*bare.directory.iterdir()] == []


def test_adopt_shows_both_sides_and_needs_a_yes_without_a_terminal(filled: Command, world: World):
    book = world.create("products", world.workspaces[0], name="Book", seo_title="Theirs")
    filled.sql("INSERT INTO products (name, seo_title) VALUES ('Book', 'Mine')")
    filled.sql(f"UPDATE cf_outbox SET state = 'parked', error = 'unknown: ({book})'")
    edit = str(filled.sql("SELECT seq FROM cf_outbox")[0][0])

    asked = filled("outbox", "adopt", edit, str(book))
    as_json = filled("outbox", "adopt", edit, str(book), "--json")
    done = filled("outbox", "adopt", edit, str(book), "--yes")

    assert (asked.returncode, as_json.returncode, done.returncode) == (2, 2, 0), done.stderr
    for refused in (asked, as_json):
        assert refused.stderr.endswith(
            "nothing is done: without a terminal, --yes is needed to adopt it\n"
        )
    for shown in (asked.stdout, as_json.stderr, done.stdout):
        assert '"Mine"' in shown
        assert '"Theirs"' in shown
    assert as_json.stdout == ""
    assert done.stdout.endswith(f"adopted: the row is products {book} now\n")


def test_the_console_is_opened_in_the_browser(bare: Command, monkeypatch: pytest.MonkeyPatch):
    browser = bare.directory / "browser"
    browser.write_text(f'#!/bin/sh\necho "$1" > {bare.directory}/opened\n')
    browser.chmod(0o700)
    monkeypatch.setenv("BROWSER", f"{browser} %s")
    settings = {"WEB__LISTEN": "0.0.0.0:8790"}

    printed = bare("open", "--print", **settings)
    assert not (bare.directory / "opened").exists()
    done = bare("open", **settings)
    off = bare("open", WEB__LISTEN="off")

    assert printed.stdout == done.stdout == "http://localhost:8790/\n"
    assert (bare.directory / "opened").read_text() == done.stdout
    assert (off.returncode, off.stdout) == (2, "")
    assert off.said == ["the console is off: set web.listen, and web.console to on"]


def test_a_console_that_is_off_is_not_served(filled: Command):
    off = filled("web", "--listen", "127.0.0.1:0", WEB__CONSOLE="off")

    assert (off.returncode, off.stdout) == (2, "")
    assert off.said == ["the console is off: set web.console to on, or to read-only"]


def test_the_console_says_on_which_port_it_is_where_the_system_chooses(filled: Command):
    process = filled.start("web", "--listen", "127.0.0.1:0")
    assert process.stdout is not None
    address = process.stdout.readline().split()[0]

    with urllib.request.urlopen(address) as answer:
        page = answer.read().decode()
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=20)

    assert "<h1>" in page
    assert process.returncode == 0
