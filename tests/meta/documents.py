"""The documents of the project, taken apart: code, headings, links, commands."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import typer.main

from cfsync.cli import app

ROOT = Path(__file__).parents[2]
NAMES = ("README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md", "deploy/README.md")

_FENCE = re.compile(r"( *)```(\w*) *$")
_SPAN = re.compile(r"(?<!`)`([^`\n]+(?:\n[^`\n]+)?)`(?!`)")
_CONTROL = {"|", "||", "&&", ";", "&", "(", ")"}


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced code block. `line` is that of its opening fence; `heading` the nearest above it."""

    language: str
    text: str
    line: int
    heading: str

    @property
    def is_session(self) -> bool:
        """Whether it shows commands behind a prompt, and what they print."""
        return self.language == "console" and self.text.startswith("$ ")


@dataclass(frozen=True, slots=True)
class Document:
    """A Markdown file: `prose` is its text with the code blocks blanked, line for line."""

    name: str
    prose: str
    blocks: tuple[Block, ...]

    @property
    def folder(self) -> Path:
        return (ROOT / self.name).parent

    @property
    def spans(self) -> list[str]:
        """The inline code, with line breaks as spaces."""
        return [" ".join(text.split()) for text in _SPAN.findall(self.prose)]

    @property
    def headings(self) -> list[str]:
        return re.findall(r"^#+ (.*)$", self.prose, re.MULTILINE)

    @property
    def anchors(self) -> set[str]:
        """The anchors that GitHub gives the headings."""
        found: dict[str, int] = {}
        for heading in self.headings:
            slug = re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")
            found[slug] = found.get(slug, -1) + 1
        return {f"{s}-{i}" if i else s for s, n in found.items() for i in range(n + 1)}

    @property
    def links(self) -> list[str]:
        text = _SPAN.sub("", self.prose)
        return re.findall(r"\]\(([^)\s]+)\)", text) + re.findall(r"^\[[^\]]+\]: (\S+)", text, re.M)

    def section(self, heading: str) -> str:
        """The prose below a heading, up to the next one of any level."""
        match = re.search(rf"^#+ {re.escape(heading)}$(.*?)(?=^#|\Z)", self.prose, re.M | re.S)
        assert match, f"{self.name} has no heading {heading!r}"
        return match[1]

    def of(self, *languages: str) -> list[Block]:
        return [block for block in self.blocks if block.language in languages]


@cache
def document(name: str) -> Document:
    """A document by its path from the top folder."""
    prose: list[str] = []
    blocks: list[Block] = []
    inside: list[str] | None = None
    opened, heading = ("", "", 0), ""
    for number, line in enumerate((ROOT / name).read_text().splitlines(), 1):
        fence = _FENCE.match(line)
        if inside is None and fence:
            inside, opened = [], (fence[1], fence[2], number)
        elif inside is not None and fence:
            blocks.append(Block(opened[1], "\n".join(inside) + "\n", opened[2], heading))
            inside = None
        elif inside is not None:
            inside.append(line.removeprefix(opened[0]))
        elif line.startswith("#"):
            heading = line.lstrip("#").strip()
        prose.append("" if inside is not None or fence else line)
    assert inside is None, f"{name}:{opened[2]}: the code block is not closed"
    return Document(name, "\n".join(prose), tuple(blocks))


def documents() -> list[str]:
    """The names of all documents that there are."""
    below = sorted(p.relative_to(ROOT).as_posix() for p in (ROOT / "docs").rglob("*.md"))
    return [name for name in NAMES if (ROOT / name).exists()] + below


@cache
def commands() -> dict[str, Any]:
    """'deletions list' -> its command; a group stands under its own name too."""
    found: dict[str, Any] = {}
    for name, command in typer.main.get_command(app).commands.items():  # type: ignore[attr-defined]
        found[name] = command
        for inner, leaf in getattr(command, "commands", {}).items():
            found[f"{name} {inner}"] = leaf
    return found


def leaves() -> dict[str, Any]:
    """The commands that do something."""
    return {n: c for n, c in commands().items() if not hasattr(c, "commands")}


def options(command: Any) -> set[str]:
    return {o for p in command.params for o in (*p.opts, *p.secondary_opts) if o.startswith("-")}


def split(words: list[str]) -> tuple[str, list[str]]:
    """['deletions', 'list', '--json'] -> ('deletions list', ['--json'])."""
    two = " ".join(words[:2])
    return (two, words[2:]) if two in commands() else (words[0], words[1:])


def invocations(block: Block) -> Iterator[list[str]]:
    """The words behind each `cfsync` (or the `cf` of the deployment guide) that a block runs."""
    text = block.text
    if block.is_session:
        lines = [line.strip() for line in text.splitlines()]
        text = "\n".join(line[2:] for line in lines if line.startswith("$ "))
    text = re.sub(r"<<'?(\w+)'?\n.*?^\1$", "", text.replace("\\\n", " "), flags=re.M | re.S)
    for line in text.splitlines():
        lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
        lexer.whitespace_split = True
        yield from _commands(list(lexer))


def _commands(tokens: list[str]) -> Iterator[list[str]]:
    words: list[str] = []
    for token in [*tokens, ";"]:
        if token not in _CONTROL:
            words.append(token)
            continue
        if (arguments := _arguments(words)) is not None:
            yield arguments
        words = []


def _arguments(words: list[str]) -> list[str] | None:
    """What a simple command gives to cfsync; None where it runs something else."""
    while words and (re.match(r"\w+=", words[0]) or words[0] in ("sudo", "exec", "!", "if")):
        words = words[1:]
    if words[:1] == ["uvx"] and "cfsync" in words:
        words = words[words.index("cfsync") :]
    if words[1:3] == ["-m", "cfsync"]:
        words = words[2:]
    if not words or not re.fullmatch(r"(.*/)?(cfsync|cf)", words[0]):
        return None
    return _without_redirection(words[1:])


def _without_redirection(words: list[str]) -> list[str]:
    found: list[str] = []
    skip = False
    for word in words:
        if not skip and not re.fullmatch(r"\d?[<>]+&?\d?", word):
            found.append(word)
        skip = not skip and bool(re.fullmatch(r"\d?[<>]+", word))
    return found
