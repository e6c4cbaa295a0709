"""The generated parts of the documents and of the example of settings are those of the code."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.meta.generate import FILES, MARKED, PARTS, generated


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_the_generated_parts_are_up_to_date(file: Path) -> None:
    assert generated(file) == file.read_text(), "run `make docs`"


def test_every_part_is_in_a_document() -> None:
    assert sorted(m[1] for f in FILES for m in MARKED.findall(f.read_text())) == sorted(PARTS)
