"""What the shells offer for an unfinished word."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
import typer.main

from cfsync.cli import app, candidates
from cfsync.cli.candidates import Candidate
from cfsync.resources import RESOURCES
from tests.conftest import Sql
from tests.daemon.harness import until


def offered(*words: str) -> list[str]:
    """The candidates; of numbers, what they are."""

    def numbers(kind: str) -> Sequence[Candidate]:
        return [(kind, "")]

    root = typer.main.get_command(app)
    return [word for word, _ in candidates.candidates(root, words, numbers)]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["swe"], ["sweep"]),
        (["conflicts", ""], ["list", "resolve"]),
        (["--conf"], []),
        (["--vers"], ["--version"]),
        (["push", "--p"], ["--plan"]),
        (["push", "contacts", "order_tr"], ["order_transactions"]),
        (["push", "--plan", "order_tr"], []),
        (["push", "--plan", "file", "order_tr"], ["order_transactions"]),
        (["explain", "order_tr"], ["order_transactions"]),
        (["explain", "contacts", ""], []),
        (["revert", ""], ["BATCH"]),
        (["outbox", "discard", "SE"], ["SEQ"]),
        (["conflicts", "resolve", "conf"], ["conflicts ID"]),
        (["conflicts", "resolve", "5", "conf"], ["conflicts ID"]),
        (["completion", ""], ["bash", "zsh", "fish"]),
        (["import", "x.csv", "--on-missing", ""], ["insert", "skip"]),
        (["import", "x.csv", "--blank", "c"], ["clear"]),
        (["export", "sales", "--format", ""], ["csv", "jsonl", "parquet"]),
        (["sql", "--format", "t"], ["table"]),
        (["sql", "--format=t"], ["--format=table"]),
        (["sql", "--format", "=", "t"], ["table"]),
        (["export", "sales", "--format", "="], ["csv", "jsonl", "parquet"]),
        (["export", "--format=csv", "refu"], ["refunds"]),
        (["export", "--format", "=", "csv", "refu"], ["refunds"]),
        (["changes", "--side", "l"], ["local"]),
        (["outbox", "list", "--state", "p"], ["pending", "parked"]),
        (["models", "d"], ["django"]),
        (["export", "refu"], ["refunds"]),
        (["act", "orders", "1042", ""], ["cancel"]),
        (["act", "contacts", "1042", ""], []),
        (["nonsense", ""], []),
    ],
)
def test_what_is_offered(words: list[str], expected: list[str]):
    assert offered(*words) == expected


def test_every_command_and_resource_is_offered():
    assert {"backfill", "status", "sandbox"} <= set(offered(""))
    assert offered("pull", "") == list(RESOURCES)


@pytest.mark.parametrize(
    ("shell", "line"), [("bash", "5"), ("zsh", "5:contacts"), ("fish", "5\tcontacts")]
)
def test_each_shell_has_its_own_form(shell: str, line: str):
    assert candidates.lines(shell, [("5", "contacts"), ("6", "")]) == [line, "6"]


def test_numbers_come_from_the_mirror(sql: Sql, mirror_url: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("CFSYNC_DATABASE__URL", mirror_url)
    monkeypatch.setattr(candidates, "MIRROR_S", 30.0)
    sql("INSERT INTO contact_tags (workspace_id, name) VALUES (42, 'VIP')")
    sql("UPDATE cf_outbox SET batch = 7")

    assert candidates.in_mirror(None, "SEQ") == [("1", "contact_tags")]
    assert candidates.in_mirror(None, "BATCH") == [("7", "")]
    assert candidates.in_mirror(None, "conflicts ID") == []


@pytest.mark.parametrize(
    "url", ["sqlite:///absent.db", "postgresql://h:1/d", "nonsense", "postgresql://192.0.2.1/d"]
)
def test_without_a_mirror_there_are_no_numbers_and_no_words(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CFSYNC_DATABASE__URL", url)

    assert candidates.in_mirror(None, "BATCH") == []
    assert capfd.readouterr() == ("", "")
    assert list(tmp_path.iterdir()) == []


def test_no_program_is_asked_for_the_url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("CFSYNC_DATABASE__URL_COMMAND", f"touch {tmp_path / 'asked'}")

    assert candidates.in_mirror(None, "BATCH") == []
    assert not (tmp_path / "asked").exists()


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("pull conta", [name for name in RESOURCES if name.startswith("conta")]),
        ("revert ''", ["7"]),
        ("outbox discard ''", ["1", *RESOURCES]),
        ("conflicts resolve ''", ["5", *RESOURCES]),
        ("conflicts resolve 5 ''", ["5"]),
    ],
)
def test_bash_completes_words_and_numbers(
    words: str, expected: list[str], sql: Sql, mirror_url: str, monkeypatch: pytest.MonkeyPatch
):
    sql("INSERT INTO contact_tags (workspace_id, name) VALUES (42, 'VIP')")
    sql("UPDATE cf_outbox SET batch = 7")
    sql(
        "INSERT INTO cf_conflicts (id, resource, record_id, kind, field, state, found_at)"
        " VALUES (5, 'contacts', 4, 'changed', 'first_name', 'open', '2026-01-01T00:00:00.000Z')"
    )
    monkeypatch.setenv("CFSYNC_DATABASE__URL", mirror_url)
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    script = (
        f"source <(cfsync completion bash); COMP_WORDS=(cfsync {words});"
        " COMP_CWORD=$((${#COMP_WORDS[@]} - 1));"
        ' _cfsync; printf "%s\\n" "${COMPREPLY[@]}"'
    )

    def tab_offers_them() -> bool:
        """A mirror that takes longer than MIRROR_S offers no numbers; Tab is pressed again."""
        done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True)
        assert done.stderr == ""
        assert set(done.stdout.split()) <= set(expected)
        return done.stdout.split() == expected

    assert until(tab_offers_them)


def test_resources_are_offered_without_the_database():
    code = (
        "import sys; from cfsync.cli import command; command(sys.argv[1:]);"
        "sys.exit(bool({'sqlalchemy', 'aiohttp'} & sys.modules.keys()))"
    )
    words = ["completion", "fish", "--", "pull", "contact_ta"]
    done = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True)

    assert (done.returncode, done.stdout) == (0, "contact_tags\ncontact_tag_actions\n")
