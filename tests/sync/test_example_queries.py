"""The example queries of README.md give the right figures on the sandbox's data, which has orders
in test mode, and unpaid, voided and refunded ones.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from decimal import Decimal
from typing import Any

import pytest

from tests.meta.documents import document
from tests.sync.conftest import Round


@pytest.fixture
def sizes() -> dict[str, Any]:
    return {"bare": True, "contacts": 12, "contact_tags": 3, "products": 3, "orders": 60}


@pytest.fixture
def filled(round_: Round) -> Round:
    round_.backfill("workspaces", "contacts", "contact_tags", "products", "orders")
    return round_


def result_of(round_: Round, mark: str, **replaced: str) -> list[tuple[Any, ...]]:
    """The rows of the example that has `mark` in it."""
    (query,) = (b.text for b in document("README.md").of("sql") if mark in b.text)
    for old, new in replaced.items():
        query = query.replace(old, new)
    return round_.sql(query)


def paid_orders(round_: Round) -> list[dict[str, Any]]:
    orders = [dict(order) for w in round_.world.workspaces for order in listed(round_, w)]
    paid = [o for o in orders if o["live_mode"] and o["billing_status"] == "paid"]
    assert 0 < len(paid) < len(orders)
    return paid


def listed(round_: Round, workspace: int) -> list[Any]:
    return round_.world.records("orders", workspace)


def money(amount: Any) -> Decimal:
    return Decimal(str(amount))


def test_revenue(filled: Round) -> None:
    expected: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for order in paid_orders(filled):
        expected[order["created_at"][:7], order["currency"]] += Decimal(order["total_amount"])

    found = {(month, c): money(sum_) for month, c, sum_ in result_of(filled, "AS revenue")}

    assert found == expected


def test_what_contacts_with_a_tag_spent(filled: Round) -> None:
    (name,) = filled.column("SELECT min(name) FROM contact_tags")
    (tag,) = filled.column("SELECT id FROM contact_tags WHERE name = ?", name)
    members = {c for c, tags in filled.sql("SELECT id, tag_ids FROM contacts") if has(tags, tag)}
    expected: dict[int, Decimal] = defaultdict(Decimal)
    for order in paid_orders(filled):
        if order["contact_id"] in members:
            expected[order["contact_id"]] += Decimal(order["total_amount"])

    found = result_of(filled, "AS spent", VIP=name)

    assert {row[0] for row in found} == members
    assert {row[0]: money(row[4]) for row in found if row[3]} == expected


def has(tags: Any, tag: int) -> bool:
    return str(tag) in str(tags).strip("[]").replace(" ", "").split(",")


def test_what_sells_best(filled: Round) -> None:
    sold: Counter[str] = Counter()
    for order in paid_orders(filled):
        for line in order["line_items"]:
            sold[line["original_product"]["name"]] += line["quantity"]

    found = result_of(filled, "AS sold")

    assert {name: number for name, number, _ in found} == sold
    assert [number for _, number, _ in found] == sorted(sold.values(), reverse=True)
