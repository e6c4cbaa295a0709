"""The shape of the code: who may import whom, and how long a file may be."""

from __future__ import annotations

from pathlib import Path

import pytest
from importlinter.cli import EXIT_STATUS_SUCCESS, lint_imports

ROOT = Path(__file__).parents[2]
LONGEST = 300


def test_an_import_goes_down_only(capsys: pytest.CaptureFixture[str]):
    status = lint_imports(config_filename=str(ROOT / "pyproject.toml"), no_cache=True)

    assert status == EXIT_STATUS_SUCCESS, capsys.readouterr().out


def test_no_file_is_too_long_to_be_read_at_once():
    lengths = {p: len(p.read_text().splitlines()) for p in (ROOT / "cfsync").rglob("*.py")}

    assert [str(p) for p, lines in lengths.items() if lines > LONGEST] == []
