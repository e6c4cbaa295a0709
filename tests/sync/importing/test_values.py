"""The values in cells: taken as they are written, or refused."""

from __future__ import annotations

from typing import Any

import pytest

from cfsync.resources import RESOURCES
from cfsync.sync.importing.columns import Target
from cfsync.sync.importing.values import Wrong, value_of


def of(column: str, value: Any, *, is_text: bool = True) -> Any:
    name, _, field = column.partition(".")
    resource = RESOURCES[name]
    return value_of(resource, Target(resource.by_name[field]), value, is_text=is_text)


@pytest.mark.parametrize(
    ("column", "text", "value"),
    [
        ("product_prices.amount", "12.50", "12.50"),
        ("product_prices.duration", "12", 12),
        ("product_prices.visible", "TRUE", True),
        ("product_prices.visible", "0", False),
        ("contacts.first_name", "=SUM(A1)", "=SUM(A1)"),
        ("contacts.first_name", "007", "007"),
        ("contacts.tag_ids", "[3, 1]", [1, 3]),
        ("contacts.custom_attributes", '{"a": "b"}', {"a": "b"}),
        ("sales_opportunities.closed_at", "2026-05-21T14:18:51+02:00", "2026-05-21T12:18:51.000Z"),
        ("sales_opportunities.closed_at", "2026-05-21", "2026-05-21T00:00:00.000Z"),
    ],
)
def test_a_text_becomes_a_value_of_its_column(column: str, text: str, value: Any) -> None:
    assert of(column, text) == value


@pytest.mark.parametrize(
    ("column", "texts"),
    [
        ("product_prices.amount", ["12,50", "1.234,00", "1,234.00", "$12", "1e3", "12 EUR"]),
        ("product_prices.duration", ["1.5", "1,000", "twelve", "+1", "9" * 19]),
        ("product_prices.visible", ["yes", "2", "x"]),
        ("sales_opportunities.closed_at", ["21.05.2026", "05/21/2026", "May 21, 2026"]),
        ("sales_opportunities.closed_at", ["2026-02-30", "2026-13-01", "20000-01-01"]),
        ("contacts.tag_ids", ["7", "VIP;Buyer", "[1, true]", '{"1": 2}']),
        ("contacts.custom_attributes", ["red", "[1]"]),
        ("contacts.email_address", ["ann", "a b@x.example", "a@b@x.example", "@x.example"]),
        ("contacts.first_name", ["a\0b", "\ud800"]),
    ],
)
def test_nothing_is_guessed(column: str, texts: list[str]) -> None:
    for text in texts:
        with pytest.raises(Wrong, match=column.replace(".", r"\.")):
            of(column, text)


def test_json_lines_have_values_of_their_own() -> None:
    assert of("contacts.tag_ids", [3, 1, 3], is_text=False) == [1, 3]
    assert of("contacts.first_name", 7, is_text=False) == "7"
    with pytest.raises(Wrong, match="must be text"):
        of("contacts.first_name", ["a"], is_text=False)
