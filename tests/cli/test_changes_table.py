"""Changes as a table that fits the terminal."""

from __future__ import annotations

from typing import Any

import pytest

from cfsync.cli.inspection.changes_table import ChangeTable

LAST = 900_000_000_000_000 - 1


def change(patch: dict[str, list[Any]], **given: Any) -> dict[str, Any]:
    return {
        "seq": 81734,
        "at": "2026-11-30T02:15:36.123Z",
        "resource": "contacts",
        "record_id": 1042,
        "workspace_id": 10,
        "side": "local",
        "source": "user",
        "db_user": "ada",
        "op": "update",
        "patch": patch,
    } | given


CHANGES = [
    change({"phone_number": ["+1 555 0100", "+1 555 0200 " * 20]}),
    change({"custom_attributes": [{f"k{n}": "x" * 50 for n in range(9)}, {"k8": "new"}]}),
    change({n: [None, "x" * 99] for n in "abcdefgh"}, op="insert", record_id=LAST),
    change({"title": ["a", "b"]}, resource="fulfillment_locations", side="clickfunnels", seq=10**9),
    change({}, op="delete", db_user="a very long name of somebody " * 4),
]


@pytest.mark.parametrize("width", [40, 80, 120, 200])
@pytest.mark.parametrize("workspaces", [False, True])
def test_lines_fit_the_terminal(width: int, *, workspaces: bool) -> None:
    lines = [*ChangeTable(width, workspaces=workspaces).lines(CHANGES)]

    assert max(map(len, lines)) <= width
    assert sum("81734" in line for line in lines) == 4


def test_what_differs_in_a_map_or_a_list_is_shown() -> None:
    attributes = [{"a": 1, "colour": "red", "gone": 2}, {"a": 1, "colour": "blue"}]
    (_, line) = ChangeTable(None).lines(
        [change({"custom_attributes": attributes, "tag_ids": [[1, 2, 3], [1, 3, 4]]})]
    )

    assert line.endswith(
        '  custom_attributes.colour: "red" -> "blue", custom_attributes.gone: 2 -> null,'
        " tag_ids: -2 +4"
    )


def test_several_workspaces_have_a_column() -> None:
    head, line = ChangeTable(None, workspaces=True).lines([change({"title": ["a", "b"]})])

    assert head.split()[-2:] == ["workspace", "what"]
    assert line.split()[-5:] == ["10", "title:", '"a"', "->", '"b"']


def test_no_value_commands_the_terminal() -> None:
    values = change({"title": ["\x1b[2J", "\x07"]}, db_user="\x1b[31mada")

    assert not [line for line in ChangeTable(None).lines([values]) if not line.isprintable()]


def test_columns_never_become_narrower_again() -> None:
    table = ChangeTable(None)
    wide, narrow = change({"a": [1, 2]}, db_user="somebody"), change({"a": [1, 2]})
    first, second = [*table.lines([wide])][1], next(table.lines([narrow]))

    assert first.index("a: 1") == second.index("a: 1")
