"""How values are shown."""

from __future__ import annotations

import pytest

from cfsync.web.console.html.parts import words


@pytest.mark.parametrize(("before", "after"), [(30_000, 300), (300, 30_000)])
def test_differences_are_looked_for_in_short_texts_only(
    monkeypatch: pytest.MonkeyPatch, before: int, after: int
) -> None:
    """To find them takes the time of one length times the other."""
    compared: list[object] = []
    monkeypatch.setattr("difflib.SequenceMatcher", lambda *args, **_: compared.append(args))

    assert str(words.marked("a" * before, "a" * after))
    assert compared == []


def test_what_differs_is_marked() -> None:
    parts = [str(part) for part in words.marked("Augusta King", "Augusta Kong")]  # type: ignore[union-attr]  # a list

    assert parts == ["Augusta K", "<mark>o</mark>", "ng"]


@pytest.mark.parametrize(
    "reason",
    [
        "too many; cfsync outbox approve 1",
        "too many: cfsync plan",
        "too many; see cfsync conflicts",
    ],
)
def test_a_reason_names_no_command_where_there_is_a_button(reason: str) -> None:
    assert words.without_command(reason) == "too many"
