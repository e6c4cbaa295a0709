"""Arguments and settings: what is refused before anything is done, and with which words."""

from __future__ import annotations

import subprocess
import sys

import pytest
import typer.main

from cfsync import __version__
from cfsync.cli import app
from cfsync.cli.sections import SECTIONS
from tests.cli.conftest import Command

HEAVY = (
    *("sqlalchemy", "httpx", "aiohttp", "alembic", "rich", "starlette", "pydantic", "structlog"),
    *("cfsync.resources", "urllib.request", "webbrowser"),
)


def commands() -> list[list[str]]:
    found = []
    for name, command in typer.main.get_command(app).commands.items():  # type: ignore[attr-defined]
        below = getattr(command, "commands", {})
        found += [[name, inner] for inner in below] or [[name]]
    return found


@pytest.mark.parametrize("command", commands(), ids=" ".join)
def test_every_command_has_help_with_an_example_and_the_common_options(command, capsys):
    with pytest.raises(SystemExit):
        app([*command, "--help"], prog_name="cfsync")

    text = capsys.readouterr().out
    assert f"Example:\n    cfsync {command[0]}" in text or f"cfsync {' '.join(command)}" in text
    assert "Example:" in text
    assert "--config FILE" in text
    assert "--json" in text


def test_the_help_lists_every_command_in_one_section():
    listed = [name for names in SECTIONS.values() for name in names]

    assert sorted(listed) == sorted({name for name, *_ in commands()})


def test_the_help_says_what_each_command_does_on_one_line(bare: Command):
    _, *lines = bare("--help").stdout.splitlines()

    assert [line for line in lines if line.endswith("...") or len(line) > 80] == []


def test_the_version_is_printed_without_loading_anything_heavy():
    code = f"import sys, cfsync.cli; print([m for m in {HEAVY!r} if m in sys.modules])"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout == "[]\n"


UNUSED = {"alembic", "apscheduler", "starlette", "uvicorn", "prometheus_client"}
UNUSED |= {"rich.console", "click", "pygments"}
"""The last three: structlog and httpx load them wherever they find them, if nobody stops them."""


def test_a_warning_of_a_library_shows_no_source_to_people():
    code = (
        "import sys, warnings; from cfsync import __main__, cli\n"
        "cli.command = lambda _: warnings.warn('for developers') or 0\n"
        "__main__.main()"
    )

    def shown(*options: str) -> str:
        run = subprocess.run([sys.executable, *options, "-c", code], capture_output=True, text=True)
        assert run.returncode == 0, run.stderr
        return run.stderr

    assert shown() == ""
    assert "for developers" in shown("-W", "default")


def test_status_which_makes_no_request_loads_no_http_client():
    loaded = "print([m for m in ('httpx', 'aiohttp') if m in sys.modules])"
    code = f"import sys, cfsync.sync.inspection.status, cfsync.sync.health_facts; {loaded}"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout == "[]\n"


def test_a_pass_loads_nothing_that_it_does_not_use(
    filled: Command, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("PYTHONPROFILEIMPORTTIME", "1")

    done = filled("pull")

    assert done.returncode == 0
    loaded = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert {"sqlalchemy", "structlog.dev", "httpx"} < loaded
    assert loaded & UNUSED == set()


INTERRUPTED_EARLY = """
import builtins, os, signal
from cfsync.__main__ import main

signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background ignores it

def interrupted(name, *rest, usual=builtins.__import__):
    if name == "cfsync.cli":
        os.kill(os.getpid(), signal.{})
    return usual(name, *rest)

builtins.__import__ = interrupted
main()
"""


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_a_signal_while_the_program_is_loaded_is_one_line_and_exit_4(name: str):
    code = INTERRUPTED_EARLY.format(name)

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)

    assert done.returncode == 4
    assert done.stderr == "cfsync: interrupted before anything was done\n"


def test_the_version(bare: Command):
    done = bare("--version")

    assert (done.returncode, done.stdout) == (0, f"cfsync {__version__}\n")


def test_no_command_is_wrong_usage_and_shows_the_help(bare: Command):
    done = bare()

    assert done.returncode == 2
    assert "Usage: cfsync" in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["bakfill"], "No such command 'bakfill'."),
        (["pull", "--force"], "No such option: --force (see `cfsync pull --help`)"),
        (["backfill", "--workspace"], "Option '--workspace' requires an argument."),
        (["api", "GET"], "Missing argument 'PATH'. (see `cfsync api --help`)"),
    ],
)
def test_wrong_usage_is_one_line_and_exit_2(bare: Command, arguments, said):
    done = bare(*arguments)

    assert done.returncode == 2
    assert len(done.said) == 1
    assert done.said[0].startswith(said)
    assert done.stdout == ""


def test_settings_problems_are_a_line_each_and_exit_2(bare: Command):
    (bare.directory / "cfsync.toml").write_text('[api]\ntokn = "x"\n[pull]\noverlap = "soon"')

    done = bare("pull", API__RESERVE="2")

    assert done.returncode == 2
    assert done.said == [
        "api.reserve must be less than 1 (it is '2', from CFSYNC_API__RESERVE)",
        "api.tokn is not a setting; did you mean api.token? (from cfsync.toml)",
        'pull.overlap must be a duration such as "30s", "5m", "24h" or "30d"'
        " (it is 'soon', from cfsync.toml)",
    ]
    assert done.stderr.count("\n") == 3


def test_unreadable_toml_is_named(bare: Command):
    (bare.directory / "cfsync.toml").write_text("[api\n")

    done = bare("status")

    assert done.returncode == 2
    assert done.said[0].startswith("cfsync.toml: is not TOML: Expected ']'")


def test_a_config_file_that_is_missing_is_named(bare: Command):
    done = bare("status", "--config", "absent.toml")

    assert done.returncode == 2
    assert done.said == ["absent.toml: can't be read: No such file or directory"]


@pytest.mark.parametrize("command", ["pull", "push", "status"])
def test_a_command_that_makes_no_database_names_the_one_that_does(bare: Command, command: str):
    settings = {"API__BASE_URL": "http://127.0.0.1:9/api/v2", "API__TOKEN": "x"}

    done = bare(*command.split(), **settings)

    assert done.returncode == 2
    assert done.said == [f"no mirror at {bare.database}: run cfsync backfill"]
    assert list(bare.directory.iterdir()) == []


@pytest.mark.parametrize("command", ["backfill", "verify"])
def test_without_token_and_url_it_says_how_to_give_them(bare: Command, command: str):
    done = bare(command)

    assert done.returncode == 2
    assert done.said == [
        "api.base_url is not set: give the whole URL up to /api/v2,"
        " as in https://SUBDOMAIN.myclickfunnels.com/api/v2",
        "api.token is not set: give it as CFSYNC_API__TOKEN, as api.token_file or"
        " api.token_command, or as the systemd credential cfsync-token",
    ]
    assert not bare.database.exists()


def test_a_base_url_without_api_v2_is_refused_with_the_likely_right_one(bare: Command):
    done = bare("backfill", API__BASE_URL="https://a.myclickfunnels.com", API__TOKEN="x")

    assert done.returncode == 2
    assert done.said == [
        "api.base_url must begin with https:// (or http://) and end in /api/v2;"
        " did you mean https://a.myclickfunnels.com/api/v2? (from CFSYNC_API__BASE_URL)"
    ]


def test_migrate_makes_the_database_and_prints_its_absolute_path(bare: Command):
    first, second = bare("migrate"), bare("migrate")

    assert first.returncode == second.returncode == 0
    assert first.stdout.splitlines()[1] == f"database: {bare.database}"
    assert second.stdout.startswith("nothing to do")


def test_the_example_of_config_is_the_file_in_the_repository(bare: Command, request):
    done = bare("config", "example")

    assert done.stdout == (request.config.rootpath / "config.example.toml").read_text()


def test_config_show_hides_secrets_and_names_sources(bare: Command):
    (bare.directory / "cfsync.toml").write_text('[pull]\noverlap = "3m"')

    done = bare("config", "show", API__TOKEN="hunter2")
    as_json = bare("config", "show", "--json", API__TOKEN="hunter2").json

    assert "hunter2" not in done.stdout
    assert as_json["api.token"] == {"value": "***", "source": "CFSYNC_API__TOKEN"}
    assert as_json["pull.overlap"] == {"value": "3m", "source": "cfsync.toml"}
    assert as_json["log.level"] == {"value": "info", "source": "default"}


def test_an_empty_mirror_has_a_status(bare: Command):
    bare("migrate")

    done, health = bare("status", "--json"), bare("status", "--health")

    assert done.returncode == health.returncode == 0
    assert done.json["database"] == str(bare.database)
    assert done.json["resources"]["contacts"]["rows"] == 0
    assert done.json["waiting_total"] == 0


def test_a_database_that_is_none_is_refused(bare: Command):
    bare.database.write_text("this is a letter to my grandmother, and no database at all")

    done = bare("status")

    assert done.returncode == 2
    assert len(done.said) == 1
    assert str(bare.database) in done.said[0]
