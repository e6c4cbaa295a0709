"""Every setting, table and version that there is stands in the document that it belongs to."""

from __future__ import annotations

import re
from pathlib import Path

from cfsync import __version__
from cfsync.config.model import known_keys
from cfsync.mirror.db.tables import TABLES, metadata
from cfsync.resources import RESOURCES

assert dict(TABLES)  # each is made when it is first asked for, and then stands in `metadata`

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
TABLES_DOC = (ROOT / "docs" / "tables.md").read_text()
EXAMPLE = (ROOT / "config.example.toml").read_text()


def test_every_setting_is_in_the_example():
    section, found = "", set()
    for line in EXAMPLE.splitlines():
        if header := re.fullmatch(r"\[([\w.]+)\]", line):
            section = header[1]
        elif key := re.match(r"(?:# )?(\w+) = ", line):
            found.add(f"{section}.{key[1]}")

    assert found == {key for key in known_keys() if _is_shown(key)}


def _is_shown(key: str) -> bool:
    """Not those of resources that the example only names."""
    section, name, *_ = key.split(".")
    return section != "resources" or RESOURCES[name].group == "core"


def test_every_table_is_named():
    for name in RESOURCES:
        assert f"`{name}`" in README
    for table in metadata.tables.values():
        assert table.name in RESOURCES or f"`{table.name}`" in TABLES_DOC


def test_the_changelog_knows_this_version():
    assert f"## {__version__}" in (ROOT / "CHANGELOG.md").read_text()
