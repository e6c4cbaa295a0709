"""What the documents say is there, and what is there they say."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
import typer.main

from cfsync import __version__
from cfsync.cli import app
from cfsync.config.model import known_keys
from cfsync.mirror.db.tables import TABLES, metadata
from cfsync.resources import RESOURCES

assert dict(TABLES)  # each is made when it is first asked for, and then stands in `metadata`

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
TABLES_DOC = (ROOT / "docs" / "tables.md").read_text()
EXAMPLE = (ROOT / "config.example.toml").read_text()


def commands() -> dict[str, set[str]]:
    """'deletions list' -> its options."""
    found = {}
    for name, command in typer.main.get_command(app).commands.items():  # type: ignore[attr-defined]
        below = getattr(command, "commands", {None: command})
        for inner, leaf in below.items():
            options = {o for p in leaf.params for o in p.opts if o.startswith("--")}
            found[f"{name} {inner}" if inner else name] = options
    return found


def documented() -> dict[str, str]:
    """'deletions list' -> the cell of the table in which it stands."""
    table = README.split("## Commands")[1].split("| exit code |")[0]
    cells = re.findall(r"^\| (`[^|]*`) \|", table, re.MULTILINE)
    words = [
        (re.match(r"`([a-z]+(?: [a-z]+)?)", part), cell)
        for cell in cells
        for part in cell.split(", ")
    ]
    return {match[1]: cell for match, cell in words if match}


def test_every_command_is_in_the_readme_and_none_that_is_not_there():
    assert set(documented()) == set(commands())


def test_every_option_that_the_readme_names_is_there():
    for name, cell in documented().items():
        assert set(re.findall(r"--[a-z-]+", cell)) <= commands()[name]


def test_every_setting_is_in_the_example():
    section, found = "", set()
    for line in EXAMPLE.splitlines():
        if header := re.fullmatch(r"\[([\w.]+)\]", line):
            section = header[1]
        elif key := re.match(r"(?:# )?(\w+) = ", line):
            found.add(f"{section}.{key[1]}")

    assert found == set(known_keys())


def test_every_setting_that_the_readme_names_is_there():
    sections = {key.split(".")[0] for key in known_keys()}
    named = set(re.findall(r"`([a-z]+\.[a-z_]+)`", README))

    assert {name for name in named if name.split(".")[0] in sections} <= set(known_keys())
    variables = set(re.findall(r"CFSYNC_([A-Z]+__[A-Z_]+)", README))
    assert {v.lower().replace("__", ".") for v in variables} <= set(known_keys())


def test_every_table_is_named():
    for name in RESOURCES:
        assert f"`{name}`" in README
    for name in metadata.tables:
        assert name in RESOURCES or f"`{name}`" in TABLES_DOC


@pytest.mark.parametrize("kind", ["sql", "sqlite"])
def test_the_queries_of_the_readme_run(kind: str, migrated_sqlite: Path):
    queries = re.findall(rf"```{kind}\n(.*?)```", README, re.DOTALL)
    assert len(queries) >= (3 if kind == "sql" else 1)

    with closing(sqlite3.connect(f"file:{migrated_sqlite}?mode=ro", uri=True)) as connection:
        for query in queries:
            connection.execute(query)


def test_the_queries_for_both_databases_run_on_postgresql(postgres, migrated_postgres: str):
    psycopg = pytest.importorskip("psycopg")

    with psycopg.connect(postgres.dsn(migrated_postgres)) as connection:
        for query in re.findall(r"```sql\n(.*?)```", README, re.DOTALL):
            connection.execute(query)


def test_the_links_lead_somewhere():
    for document in (README,):
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", document):
            assert (ROOT / target).exists(), target


def test_the_targets_that_the_readme_names_are_in_the_makefile():
    makefile = (ROOT / "Makefile").read_text()
    for target in set(re.findall(r"\bmake ([a-z-]+)\b", README)):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_the_changelog_knows_this_version():
    assert f"## {__version__}" in (ROOT / "CHANGELOG.md").read_text()
