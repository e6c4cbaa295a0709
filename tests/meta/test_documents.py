"""Everything in the documents that can be checked is true: links, commands, settings, names."""

from __future__ import annotations

import itertools
import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from cfsync.config import load
from cfsync.config.model import known_keys
from cfsync.mirror.db.tables import TABLES, metadata
from cfsync.mirror.views import VIEWS
from cfsync.resources import RESOURCES
from tests.meta.documents import (
    ROOT,
    Document,
    commands,
    document,
    documents,
    invocations,
    options,
    split,
)

assert dict(TABLES)  # each is made when it is first asked for, and then stands in `metadata`

LANGUAGES = {
    *("sql", "sqlite", "postgresql", "sh", "console", "toml", "json", "yaml", "ini", "python"),
    *("mermaid", "text"),
}
DIAGRAMS = (*("flowchart LR", "flowchart TD", "stateDiagram-v2", "sequenceDiagram", "erDiagram"),)
OWN_COLUMNS = {"cf_rev", "cf_synced_at"}
INTERNAL = {"cf_schema", "cf_writer", "cf_replaced", "cf_horizons"}
SECRET_FILES = re.compile(r"^((token|url)_(file|command)|headers) = .*$", re.MULTILINE)

each_document = pytest.mark.parametrize("name", documents())


@each_document
def test_links_lead_somewhere(name: str) -> None:
    this = document(name)
    for link in this.links:
        if re.match(r"https://", link):
            continue
        target, _, anchor = link.partition("#")
        path = (this.folder / target).resolve() if target else ROOT / name
        assert path.is_relative_to(ROOT), f"{name}: {link} leads out of the project"
        assert path.exists(), f"{name}: {link} leads nowhere"
        if anchor:
            there = document(path.relative_to(ROOT).as_posix())
            assert anchor in there.anchors, f"{name}: {link}: no such heading"


@each_document
def test_code_stands_in_a_fence_with_its_language(name: str) -> None:
    this = document(name)
    for block in this.blocks:
        assert block.language in LANGUAGES, f"{name}:{block.line}: {block.language!r}"
    lines = ["", *this.prose.splitlines()]
    for number, (before, line) in enumerate(itertools.pairwise(lines), 1):
        is_code = line.startswith("    ") and not before.strip()
        assert not is_code, f"{name}:{number}: code that no test sees: {line.strip()}"


@each_document
def test_commands_in_code_blocks_parse(name: str) -> None:
    for block in document(name).of("sh", "console"):
        for words in invocations(block):
            where = f"{name}:{block.line}: cfsync {' '.join(words)}"
            if words in (["--version"], ["--help"], []):
                continue
            command, arguments = split(words)
            assert command in commands(), f"{where}: no such command"
            if "--help" not in arguments:
                commands()[command].make_context(command, arguments)  # raises what a user sees


@each_document
def test_commands_in_the_text_exist(name: str) -> None:
    for span in document(name).spans:
        if not (match := re.match(r"cfsync ([a-z].*)", span)):
            continue
        command, rest = split(match[1].split())
        assert command in commands(), f"{name}: `{span}`: no such command"
        found = commands()[command]
        if hasattr(found, "commands"):
            words = [w for w in rest[:1] if re.fullmatch(r"[a-z]+", w)]
            assert not words, f"{name}: `{span}`: no such command"
        else:
            named = set(re.findall(r"(?<!\S)\[?(--[a-z-]+)", " ".join(rest)))
            assert named <= options(found) | {"--help"}, f"{name}: `{span}`: no such option"


@each_document
def test_settings_blocks_are_settings(name: str, tmp_path: Path) -> None:
    for block in document(name).of("toml"):
        keys = {
            re.sub(r"^(api\.headers)\..*", r"\1", key)
            for key, _ in _flat(tomllib.loads(block.text))
        }
        assert keys <= set(known_keys()), f"{name}:{block.line}: {keys - set(known_keys())}"
        file = tmp_path / "cfsync.toml"
        file.write_text(SECRET_FILES.sub("", block.text))
        load(file, environ={})  # raises what a user sees


def _flat(tree: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in tree.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield prefix + key, value


@each_document
def test_settings_that_are_named_exist(name: str) -> None:
    keys = set(known_keys())
    sections = {key.split(".")[0] for key in keys}
    per_resource = {key.split(".")[2] for key in keys if key.startswith("resources.")}
    for span in document(name).spans:
        if match := re.match(r"resources\.(NAME|\w+)\.(\w+)\b", span):
            assert match[1] == "NAME" or match[1] in RESOURCES, f"{name}: `{span}`"
            assert match[2] in per_resource, f"{name}: `{span}`"
        match = re.fullmatch(r"([a-z]+)\.([a-z_]+)( = .*)?", span)
        if match and match[1] in sections:
            assert f"{match[1]}.{match[2]}" in keys, f"{name}: `{span}` is no setting"


@each_document
def test_variables_that_are_named_exist(name: str) -> None:
    keys = {f"CFSYNC_{key.replace('.', '__').upper()}" for key in known_keys()}
    text = (ROOT / name).read_text()
    named = set(re.findall(r"\bCFSYNC_[A-Z]+__[A-Z_]+", text))
    named = {re.sub(r"^(CFSYNC_API__HEADERS)__.*", r"\1", variable) for variable in named}
    assert named <= keys, f"{name}: {named - keys}"


@each_document
def test_tables_and_columns_that_are_named_exist(name: str) -> None:
    tables = {table.name: table for table in metadata.tables.values()}
    for span in document(name).spans:
        if re.fullmatch(r"cf_[a-z]+(_at)?", span):
            known = span in tables or span in VIEWS.keys() | OWN_COLUMNS | INTERNAL
            assert known, f"{name}: `{span}` is no table, view or column"
        elif (match := re.fullmatch(r"([a-z_]+)\.([a-z_]+)", span)) and match[1] in tables:
            assert match[2] in tables[match[1]].c, f"{name}: `{span}` is no column"


@each_document
def test_files_that_are_named_exist(name: str) -> None:
    for span in document(name).spans:
        if re.fullmatch(r"(cfsync|tests|docs|deploy|migrations)/[\w./*-]*", span):
            assert list(ROOT.glob(span)) or (ROOT / span).exists(), f"{name}: `{span}`"


@each_document
def test_make_targets_that_are_named_exist(name: str) -> None:
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    this = document(name)
    lines = [line for block in this.of("sh", "console") for line in block.text.splitlines()]
    for text in (*this.spans, *lines):
        if match := re.match(r"(?:\$ )?make ([a-z-]+)", text.strip()):
            assert match[1] in targets, f"{name}: `{text}`"


@each_document
def test_other_blocks_are_what_they_say(name: str) -> None:
    for block in document(name).blocks:
        match block.language:
            case "json":
                json.loads(block.text)
            case "yaml":
                assert yaml.safe_load(block.text)
            case "python":
                compile(block.text, f"{name}:{block.line}", "exec")
            case "mermaid":
                _check_diagram(this=document(name), text=block.text)


def _check_diagram(this: Document, text: str) -> None:
    kind, *lines = [line.strip() for line in text.splitlines() if line.strip()]
    assert kind in DIAGRAMS, f"{this.name}: {kind}"
    if kind == "stateDiagram-v2":
        for line in lines:
            assert re.fullmatch(r"(\[\*\]|\w+) --> (\[\*\]|\w+)(: [^:;]+)?", line), line
    if kind == "erDiagram":
        for line in lines:
            assert re.fullmatch(r"\w+( (\|\||\|o|\}o)--o\{ \w+ : \w+)?", line), line
        return
    for opening, closing in ("[]", "()", "{}"):
        assert text.count(opening) == text.count(closing), f"{this.name}: {text}"


def test_every_document_is_in_the_index() -> None:
    index = document("docs/README.md")
    linked = {link.partition("#")[0] for link in index.links}
    missing = [n for n in documents() if n.startswith("docs/") and n != index.name]
    assert {n.removeprefix("docs/") for n in missing} <= linked


def test_the_glossary_is_in_alphabetical_order() -> None:
    words = re.findall(r"^\*\*([^*]+)\*\*: ", document("docs/glossary.md").prose, re.MULTILINE)

    assert len(words) > 30
    assert words == sorted(set(words))
