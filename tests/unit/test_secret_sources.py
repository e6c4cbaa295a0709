"""Secrets from files, programs and credentials; the headers of a gateway."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from cfsync import config
from cfsync.config import secret_sources
from cfsync.config.secrets import secrets_of
from cfsync.errors import SettingsError

SECRET = "hunter2hunter2"


@pytest.fixture(autouse=True)
def empty_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def loaded(text: str = "", **environ: str) -> config.Settings:
    Path("given.toml").write_text(text)
    return config.load(Path("given.toml"), environ)


def problems(text: str = "", **environ: str) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        loaded(text, **environ)
    assert SECRET not in str(caught.value)
    return list(caught.value.problems)


def shown(text: str = "", **environ: str) -> dict[str, tuple[Any, str]]:
    Path("given.toml").write_text(text)
    found = config.explain_sources(Path("given.toml"), environ)
    return {s.key: (s.value, s.source) for s in found}


def headers_of(settings: config.Settings) -> dict[str, str]:
    return {name: value.get_secret_value() for name, value in settings.api.headers.items()}


def test_headers_come_from_the_settings_and_from_files():
    Path("connection").write_text(f"{SECRET}\n")
    text = '[api.headers]\nmaton-connection = { file = "connection" }\nX-Team = "the team"'

    assert headers_of(loaded(text)) == {"Maton-Connection": SECRET, "X-Team": "the team"}


def test_headers_of_the_environment_win_whatever_their_form():
    Path("connection").write_text("from-file")
    text = f'[api]\nheaders = {{ Maton-Connection = "{SECRET}", X-Team = "1" }}'

    plain = loaded(text, CFSYNC_API__HEADERS__MATON_CONNECTION="own")
    file = loaded(text, CFSYNC_API__HEADERS__MATON_CONNECTION__FILE="connection")

    assert headers_of(plain) == {"Maton-Connection": "own", "X-Team": "1"}
    assert headers_of(file) == {"Maton-Connection": "from-file", "X-Team": "1"}


def test_headers_are_shown_without_their_values_and_hidden_in_logs():
    text = f'api.headers.Maton-Connection = "{SECRET}"'

    assert shown(text)["api.headers.Maton-Connection"] == ("***", "given.toml")
    assert "api.headers" not in shown(text)
    assert shown()["api.headers"] == ({}, "default")
    assert secrets_of(loaded(text)) == [SECRET]
    assert SECRET not in repr(loaded(text))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('Authorization = "VALUE"', "Authorization is a header that cfsync sets itself"),
        ('user_agent = "VALUE"', "User-Agent is a header that cfsync sets itself"),
        ('Content-Type = "VALUE"', "Content-Type is a header that cfsync sets itself"),
        ('Host = "VALUE"', "Host is a header that cfsync sets itself"),
        ('"a:b" = "VALUE"', "A:b is no name of a header"),
        ('X = "VALUE\\nY: 2"', "X must be one line of ASCII characters"),
        ('X = ""', "X must be one line of ASCII characters, and not empty"),
        ('X = ["VALUE"]', 'X must be text, or { file = "/PATH" }'),
        ('X = { fil = "VALUE" }', 'X must be text, or { file = "/PATH" }'),
        ("X = { file = 5 }", 'X must be text, or { file = "/PATH" }'),
        ('X = { file = "VALUE" }', "X.file can't be read: No such file or directory"),
        ('x = "VALUE"\nX = "VALUE"', "X is given twice"),
    ],
)
def test_a_header_that_can_not_be_is_refused_in_one_line(text: str, problem: str):
    (found,) = problems("[api.headers]\n" + text.replace("VALUE", SECRET))

    assert found.startswith(f"api.headers.{problem}")
    assert found.endswith("(from given.toml)")


def test_text_in_place_of_headers_is_not_shown():
    (found,) = problems(CFSYNC_API__HEADERS=SECRET)

    assert found.startswith("api.headers must be a section: [api.headers], or a variable")


def test_a_header_whose_name_does_not_suit_is_refused_without_the_others():
    (found,) = problems(f'[api.headers]\nHost = "x"\nX = "{SECRET}"')

    assert found.startswith("api.headers.Host ")


def test_a_program_prints_the_secret():
    url = "postgresql://u:pw@h/d"
    both = f'api.token_command = ["echo", "a-token"]\ndatabase.url_command = ["echo", "{url}"]'
    settings = loaded(both)

    assert settings.api.token
    assert settings.api.token.get_secret_value() == "a-token"
    assert settings.database.url == url
    assert loaded(CFSYNC_DATABASE__URL_COMMAND=f"echo '{url}'").database.url == url
    assert shown(both)["api.token_command"] == ("***", "given.toml")
    assert shown(both)["api.token"] == ("***", "api.token_command")


def test_an_empty_command_is_none():
    settings = loaded('api.token = "a"\napi.token_command = []\ndatabase.url_command = []')

    assert settings.api.token
    assert settings.database.url == "sqlite:///cfsync.db"


def test_no_program_is_asked_for_what_is_not_shown():
    command = {"CFSYNC_DATABASE__URL_COMMAND": "touch asked"}

    assert shown(**command)["database.url"] == ("***", "database.url_command")
    assert not Path("asked").exists()


def test_a_program_runs_without_a_shell_and_without_a_terminal():
    assert secret_sources.output_of(["echo", "$HOME", "*"]) == "$HOME *"
    assert secret_sources.output_of(["sh", "-c", "ps -o tty= -p $$; cat"]) == "?"


SHELL = ["sh", "-c"]


@pytest.mark.parametrize(
    ("command", "problem"),
    [
        (["/none/at-all"], "can't be run: No such file or directory"),
        (["/"], "can't be run: Permission denied"),
        ([*SHELL, f"echo {SECRET} >&2; exit 3"], "failed with exit code 3"),
        ([*SHELL, f"echo {SECRET}; kill $$"], "failed with exit code -15"),
        (["true"], "printed nothing"),
        (["echo", " "], "printed nothing"),
        (["printf", f"{SECRET}\\nuser: me\\n"], "printed more than one line"),
        (["printf", "\\377"], "printed something that is not UTF-8"),
        (["yes"], "printed far more than a secret"),
    ],
)
def test_what_is_wrong_with_a_program_is_one_line(command: list[str], problem: str):
    (found,) = problems(f"[api]\ntoken_command = {json.dumps(command)}")

    assert found.startswith(f"api.token_command {problem}")
    assert found.endswith("(from given.toml)")


@pytest.mark.parametrize(
    "text",
    [
        *("token_command = 5", 'token_command = [["echo"]]', "token_command = 'pass \"show'"),
        *("token_command = '[\"pass\", '", "token_command = '[1]'"),
    ],
)
def test_something_that_is_no_command_is_refused(text: str):
    (found,) = problems(f"[api]\n{text}")

    assert found.startswith("api.token_command must be a program and its arguments")


@pytest.mark.parametrize("end", ["wait", "true"])
def test_a_program_that_takes_too_long_is_ended_with_its_children(
    end: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(secret_sources, "COMMAND_S", 1.0)
    os.mkfifo("alive")
    reader = os.open("alive", os.O_RDONLY | os.O_NONBLOCK)
    os.set_blocking(reader, True)

    with os.fdopen(reader, "rb") as alive:  # ends when no child has it open any more
        script = f"exec 3>alive; sleep 600 & {end}"
        (found,) = problems(CFSYNC_API__TOKEN_COMMAND=f"sh -c '{script}'")
        assert alive.read() == b""

    assert found.startswith("api.token_command gave no answer within 1 s")


@pytest.mark.parametrize(
    ("text", "both"),
    [
        ('token = "a"\ntoken_file = "f"', "api.token and api.token_file"),
        ('token = "a"\ntoken_command = ["f"]', "api.token and api.token_command"),
        ('token_file = "given.toml"\ntoken_command = ["echo", "x"]', "api.token_file and api.to"),
    ],
)
def test_two_sources_of_one_secret_are_refused(text: str, both: str):
    found = problems(f"[api]\n{text}")

    assert found[0].startswith(both)
    assert found[0].endswith("are both given: keep one")


def test_two_sources_of_the_databases_url_are_refused_too():
    text = '[database]\nurl = "sqlite:///a.db"\nurl_file = "f"'

    assert problems(text)[0] == "database.url and database.url_file are both given: keep one"


def test_a_credential_beside_another_source_is_refused(tmp_path: Path):
    Path("cfsync-token").write_text("from-systemd\n")

    assert problems("api.token = 'x'", CREDENTIALS_DIRECTORY=str(tmp_path)) == [
        "api.token and the systemd credential cfsync-token are both given: keep one"
    ]


@pytest.mark.parametrize(
    ("text", "environ", "fixed"),
    [
        ('api.token = "x"', {}, False),
        ('api.token = "x"', {"CFSYNC_API__TOKEN": "y"}, True),
        ('api.token_file = "f"', {}, False),
        ("", {"CFSYNC_API__TOKEN_COMMAND": "touch asked"}, False),
        ("", {"CREDENTIALS_DIRECTORY": "."}, True),
    ],
)
def test_a_token_is_fixed_where_only_a_restart_changes_it(
    text: str, environ: dict[str, str], fixed: bool
):
    Path("cfsync-token").write_text("x")
    Path("given.toml").write_text(text)

    assert config.token_is_fixed(Path("given.toml"), environ) is fixed
    assert not Path("asked").exists()


def test_the_environments_source_takes_the_place_of_the_files():
    settings = loaded('api.token_command = ["false"]', CFSYNC_API__TOKEN="own")

    assert settings.api.token
    assert settings.api.token.get_secret_value() == "own"
    assert settings.api.token_command == []
