"""docs/commands.md describes every command, with all of its options, and no other."""

from __future__ import annotations

import re

import pytest

from cfsync.resources import RESOURCES
from tests.meta.documents import document, invocations, leaves, options, split

DOC = document("docs/commands.md")
COMMON = {"--config", "--json", "--help"}


def test_the_table_has_every_command() -> None:
    table = DOC.section("All commands")
    named = re.findall(r"\[`([a-z ]+)`\]\(#([a-z-]+)\)", table)

    assert {name for name, _ in named} == set(leaves())
    assert all(anchor == name.replace(" ", "-") for name, anchor in named)


@pytest.mark.parametrize("name", leaves())
def test_a_command_has_its_options_and_an_example(name: str) -> None:
    listed = re.findall(r"^- ((?:`[^`]+`(?:, | and )?)+)", DOC.section(name), re.MULTILINE)
    described = set(re.findall(r"`(--?[a-z-]+)", " ".join(listed)))

    assert described == options(leaves()[name]) - COMMON
    examples = [words for b in DOC.of("sh") if b.heading == name for words in invocations(b)]
    assert name in {split(words)[0] for words in examples}


def test_each_action_is_named_where_people_look_for_it() -> None:
    kinds = RESOURCES.values()
    actions = {(kind.name, name) for kind in kinds for name, a in kind.actions.items() if a.does}
    rows = [row.split("|")[1:3] for row in DOC.section("act").splitlines() if row[:3] == "| `"]
    described = {
        (resource, action)
        for resources, names in rows
        for resource in re.findall("`(.+?)`", resources)
        for action in re.findall("`(.+?)`", names)
    }

    assert described == actions
    named = set(re.findall(r"\w+", str(leaves()["act"].help)))
    assert {word for pair in actions for word in pair} <= named


def test_the_common_options_are_those_that_all_commands_have() -> None:
    described = set(re.findall(r"^\| `(--[a-z]+)", DOC.prose, re.MULTILINE))

    assert described == COMMON
    for command in leaves().values():
        assert COMMON - {"--help"} <= options(command)


@pytest.mark.parametrize("name", ["docs/commands.md", "docs/troubleshooting.md"])
def test_the_exit_codes_are_all_there(name: str) -> None:
    codes = re.findall(r"^\| (\d) \|", document(name).section("Exit codes"), re.MULTILINE)

    assert codes == ["0", "1", "2", "3", "4", "5"]
