"""The messages in the code, in pieces: `waits for edit {seq}` has the piece `waits for edit`."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache

from tests.meta.documents import ROOT

REASON_GIVERS = {"park", "hold", "close", "explain"}
"""Functions that write the reason why an edit waits; pass them to `mirror.write` counts too."""
SHORTEST = 9
"""Pieces shorter than this say nothing."""


def _trees() -> Iterator[ast.Module]:
    for path in sorted((ROOT / "cfsync").rglob("*.py")):
        yield ast.parse(path.read_text())


@cache
def all_texts() -> str:
    """Every string in the code, one a line; what an f-string or a template fills in is a gap."""
    nodes = (node for tree in _trees() for node in ast.walk(tree))
    strings = ["\0".join(_pieces(n)) for n in nodes if isinstance(n, ast.Constant | ast.JoinedStr)]
    return "\n".join([*strings, *_texts_in_sql()])


def _texts_in_sql() -> Iterator[str]:
    """The literals of the templates of triggers."""
    for path in sorted((ROOT / "cfsync").rglob("*.sql")):
        yield from (
            re.sub(r"\$\w+", "\0", text) for text in re.findall(r"'(.*?)'", path.read_text())
        )


def reasons() -> set[str]:
    """The pieces of every reason that the code gives for an edit that waits."""
    return {p.strip() for tree in _trees() for p in _reasons(tree) if len(p.strip()) >= SHORTEST}


def _reasons(tree: ast.Module) -> Iterator[str]:
    assigned = {
        target.id: node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and REASON_GIVERS & set(_called(node)):
            for argument in node.args:
                value = assigned.get(argument.id) if isinstance(argument, ast.Name) else argument
                if isinstance(value, ast.Constant | ast.JoinedStr):
                    yield from _pieces(value)


def _called(node: ast.Call) -> Iterator[str]:
    """The function's name, and those of functions that it is given."""
    for part in (node.func, *node.args):
        if isinstance(part, ast.Attribute):
            yield part.attr
        elif isinstance(part, ast.Name):
            yield part.id


def _pieces(node: ast.Constant | ast.JoinedStr) -> list[str]:
    if isinstance(node, ast.Constant):
        return [node.value] if isinstance(node.value, str) else []
    return [p for v in node.values if isinstance(v, ast.Constant) for p in _pieces(v)]
