"""Parses `-f FIELD=VALUE` of `cfsync api`; brackets nest, as in `contact[first_name]=Ada`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from cfsync.errors import UsageError


def pairs(fields: Sequence[str]) -> list[tuple[str, str]]:
    """['a=b'] -> [('a', 'b')]. Raises UsageError without an equals sign."""
    if wrong := [field for field in fields if "=" not in field[1:]]:
        raise UsageError(f"-f takes FIELD=VALUE, not {wrong[0]!r}")
    return [(name, value) for field in fields for name, _, value in [field.partition("=")]]


def query(fields: Sequence[str]) -> dict[str, str]:
    """The query of a GET, with names unchanged. Raises UsageError if a name is given twice."""
    found: dict[str, str] = {}
    for name, value in pairs(fields):
        if name in found:
            raise UsageError(f"-f {name} is given twice; a list takes its values with commas")
        found[name] = value
    return found


def body(fields: Sequence[str]) -> dict[str, Any] | None:
    """The body for other methods: ['contact[tag_ids][]=7'] -> {'contact': {'tag_ids': ['7']}}."""
    tree: dict[str, Any] = {}
    for name, value in pairs(fields):
        _put(tree, _path(name), value)
    return tree or None


def _path(name: str) -> list[str]:
    match = re.fullmatch(r"([^\[\]]+)((?:\[[^\[\]]*\])*)", name)
    if not match:
        raise UsageError(f"-f: the brackets of {name!r} don't pair")
    return [match[1], *re.findall(r"\[([^\[\]]*)\]", match[2])]


def _put(tree: dict[str, Any], path: Sequence[str], value: str) -> None:
    node: Any = tree
    for name, below in zip(path, [*path[1:], None], strict=True):
        if name == "":
            if below is not None:
                raise UsageError("-f: [] is taken at the end of a name only")
            node.append(value)
            return
        if not isinstance(node, dict):
            raise UsageError(f"-f: {path[0]} is given as a list and as an object")
        if below is None:
            node[name] = value
            return
        node = node.setdefault(name, [] if below == "" else {})
        if isinstance(node, list) is not (below == ""):
            raise UsageError(f"-f: {path[0]} is given in two ways")
