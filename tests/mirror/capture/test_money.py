"""Money columns hold numbers on both databases: plain SQL on them is right, an edit is what changes
the amount, and a patch has the amount as decimal text.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from cfsync.mirror.db import statements
from cfsync.mirror.db.tables import TABLES
from tests.conftest import SQLITE_ONLY, Sql
from tests.mirror.conftest import Daemon

AMOUNTS = ("9.00", "123.00", "19.99", "1000.10")


@pytest.fixture
def price(workspace: int, daemon: Daemon) -> int:
    daemon(
        "product_prices",
        {"id": 3, "product_id": 7, "workspace_id": workspace, "amount": "19.90", "cost": None},
    )
    return 3


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("SELECT id FROM orders WHERE total_amount > 100 ORDER BY id", [1, 3]),
        ("SELECT id FROM orders WHERE total_amount > '100' ORDER BY id", [1, 3]),
        ("SELECT id FROM orders WHERE total_amount = '19.990'", [2]),
        ("SELECT id FROM orders WHERE total_amount BETWEEN 9 AND 20 ORDER BY id", [0, 2]),
        ("SELECT id FROM orders ORDER BY total_amount DESC", [3, 1, 2, 0]),
        ("SELECT max(total_amount) FROM orders", [Decimal("1000.10")]),
        ("SELECT round(sum(total_amount), 2) FROM orders", [Decimal("1152.09")]),
    ],
)
def test_plain_sql_is_right(
    workspace: int, daemon: Daemon, app_sql: Sql, query: str, expected: list[Any]
) -> None:
    daemon("orders", *({"id": i, "total_amount": amount} for i, amount in enumerate(AMOUNTS)))

    assert [Decimal(str(row[0])) for row in app_sql(query)] == expected


@pytest.mark.parametrize("given", ["19.9", "'19.90'", "'19.900'", "amount * 1.0"])
def test_the_same_amount_in_another_form_is_no_edit(price: int, sql: Sql, given: str) -> None:
    sql(f"UPDATE product_prices SET amount = {given}")

    assert sql.outbox() == []


@pytest.mark.parametrize(
    ("given", "patch"),
    [
        ("'19.99'", ["19.90", "19.99"]),
        ("20", ["19.90", "20"]),
        ("amount + 0.1", ["19.90", "20.00"]),
        ("'0.00012'", ["19.90", "0.00012"]),
        ("'0.00001'", ["19.90", "0.00001"]),
    ],
)
def test_a_patch_has_decimal_text(price: int, sql: Sql, given: str, patch: list[Any]) -> None:
    sql(f"UPDATE product_prices SET amount = {given}")

    ((_, _, _, found),) = sql.outbox()
    assert [Decimal(v) for v in found["amount"]] == [Decimal(v) for v in patch]
    assert all(isinstance(v, str) for v in found["amount"])


def test_the_patch_of_an_amount_that_is_emptied_has_null(price: int, sql: Sql) -> None:
    sql("UPDATE product_prices SET cost = '19.90'")
    sql("UPDATE product_prices SET cost = NULL")

    assert [patch["cost"] for *_, patch in sql.outbox()] == [[None, "19.90"], ["19.90", None]]


@SQLITE_ONLY
def test_amounts_have_the_form_of_the_api_on_sqlite(
    price: int, sql: Sql, write: Callable[..., Any]
) -> None:
    sql("UPDATE product_prices SET amount = amount * 1.1, cost = 3")  # 21.890000000000001

    assert sql.outbox()[0][3] == {"amount": ["19.90", "21.89"], "cost": [None, "3.00"]}
    row = write(statements.load, TABLES["product_prices"], [price])[price]
    assert (row["amount"], row["cost"]) == ("21.89", "3.00")


@SQLITE_ONLY
@pytest.mark.parametrize("given", ["'12345678901234567.89'", "1e15", "'12345678901234.56'"])
def test_an_amount_of_which_sqlite_would_lose_digits_is_refused(
    price: int, sql: Sql, given: str
) -> None:
    with pytest.raises(Exception, match=r"must be a decimal number .* at most 15 digits"):
        sql(f"UPDATE product_prices SET amount = {given}")
    sql("UPDATE product_prices SET amount = '1234567890123.45'")

    assert sql.outbox()[0][3] == {"amount": ["19.90", "1234567890123.45"]}
