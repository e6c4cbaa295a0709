"""The generated parts of the documents are those of the code."""

from __future__ import annotations

import pytest

from tests.meta.generate import DOCS, MARKED, PARTS, generated

TEXTS = {path.name: path.read_text() for path in DOCS.glob("*.md")}


@pytest.mark.parametrize("name", TEXTS)
def test_the_generated_parts_are_up_to_date(name: str) -> None:
    assert generated(TEXTS[name]) == TEXTS[name], "run `make docs`"


def test_every_part_is_in_a_document() -> None:
    assert sorted(m[1] for text in TEXTS.values() for m in MARKED.findall(text)) == sorted(PARTS)
