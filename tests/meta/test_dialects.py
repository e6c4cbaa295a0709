"""Only the modules for one kind of database know it by name; all others ask the dialect."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

PACKAGE = Path(__file__).parents[2] / "cfsync"
NAMES = ("sqlite", "postgresql")
DRIVERS = ("sqlite3", "psycopg", "sqlalchemy.dialects")

ALLOWED = (
    "mirror/db/dialect/",
    "mirror/db/connect.py",  # the schemes of URLs
    "mirror/capture/sqlite/",
    "mirror/capture/postgresql/",
    "mirror/capture/digests.py",  # generated: one for each database
    "sync/importing/seen.py",  # keeps notes in a file of its own, which is no mirror
    "cli/setup/demo.py",  # shows what a user's own SQL program sees
)


def test_no_other_module_knows_a_database_by_name() -> None:
    found = {
        f"{path.relative_to(PACKAGE)}:{line}: {what}"
        for path in sorted(PACKAGE.rglob("*.py"))
        if not str(path.relative_to(PACKAGE)).startswith(ALLOWED)
        for line, what in _mentions(ast.parse(path.read_text()))
    }

    assert found == set()


def test_what_is_looked_for_is_found() -> None:
    source = (
        "import sqlite3\nfrom sqlalchemy.dialects import postgresql\nimport psycopg.rows\n"
        "if tx.dialect.name == 'sqlite': pass\nx = {'postgresql': 1}\nf(conn.dialect.name != other)"
    )

    found = sorted({line for line, _ in _mentions(ast.parse(source))})

    assert found == [1, 2, 3, 4, 5, 6]


def _mentions(tree: ast.Module) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        match node:
            case ast.Constant(value=str(text)) if text.lower() in NAMES:
                yield node.lineno, f"the word {text!r}"
            case ast.Import(names=names):
                imported = [alias.name for alias in names if alias.name.startswith(DRIVERS)]
                yield from ((node.lineno, f"imports {name}") for name in imported)
            case ast.ImportFrom(module=str(module)) if module.startswith(DRIVERS):
                yield node.lineno, f"imports {module}"
            case ast.Compare(left=left, comparators=others):
                if any(_is_name_of_dialect(it) for it in (left, *others)):
                    yield node.lineno, "compares the name of a dialect"


def _is_name_of_dialect(node: ast.expr) -> bool:
    return ast.unparse(node).endswith("dialect.name")
