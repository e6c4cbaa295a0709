"""The text of a template with its pieces is the statement, as somebody would write it."""

from __future__ import annotations

from pathlib import Path

import pytest

from cfsync.mirror.capture.templates import Templates, branches

TEMPLATE = """-- For readers.
CREATE $what
  $pieces
  $nothing
  -- For readers too.
AS $$body$$ '$.path'
;;
SELECT 1
"""


@pytest.fixture
def templates(tmp_path: Path) -> Templates:
    (tmp_path / "it.sql").write_text(TEMPLATE.replace("'$.path'", "'$$.path'"))
    return Templates(tmp_path)


def test_pieces_are_filled_in_and_indented_where_they_stand(templates: Templates) -> None:
    found = templates.statements("it", what="$this", pieces="a\nb", nothing="")

    assert found == ["CREATE $this\n  a\n  b\nAS $body$ '$.path'", "SELECT 1"]


def test_a_piece_that_is_missing_is_an_error(templates: Templates) -> None:
    with pytest.raises(KeyError, match="what"):
        templates.render("it", pieces="", nothing="")


def test_branches_of_a_case() -> None:
    assert branches([("a", "1"), ("b", "2")]) == "WHEN a THEN 1\nWHEN b THEN 2"
    assert branches([]) == ""
