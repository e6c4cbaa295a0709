"""`GET /workspaces/{w}/stats`: counts and sums of a workspace's records, without the records.

The documents don't show the answer: it is either flat, or has the figures in an object `stats`.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from cfsync.sandbox.account.account import Account
from cfsync.sandbox.account.problems import Problem, invalid

RESOURCES = {"contact": "contacts", "order": "orders"}
SUMS = ("total_amount", "tax_amount")


def figures(account: Account, workspace: int, query: Mapping[str, str]) -> dict[str, Any]:
    """The body of the answer. Raises Problem (403, 422)."""
    if not account.stats_open:
        raise Problem(403, {"error": "Stats are not available for this workspace"})
    name = query.get("resource", "")
    if name not in RESOURCES:
        raise invalid(resource="is not included in the list")
    found: dict[str, Any] = {}
    records = account.records(RESOURCES[name], workspace)
    if query.get("count") == "true":
        found["count"] = len(records)
    wanted = query.get("sum", "").split(",")
    for field in SUMS if name == "order" else ():
        if field in wanted:
            found.setdefault("sum", {})[field] = str(sum(Decimal(r[field] or 0) for r in records))
    return (
        {"resource": name, "stats": found} if account.stats_nested else {"resource": name} | found
    )
