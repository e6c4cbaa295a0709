"""The records that the SQL of the documents is about, as ClickFunnels would have sent them."""

from __future__ import annotations

from typing import Any

WORKSPACE = 10
_WHEN = "2026-01-05T12:00:00.000Z"


def _record(record_id: int, **fields: Any) -> dict[str, Any]:
    stamped = {"workspace_id": WORKSPACE, "created_at": _WHEN, "updated_at": _WHEN}
    return {"id": record_id, **stamped, **fields}


def _contact(record_id: int, name: str, tags: list[int]) -> dict[str, Any]:
    return _record(
        record_id,
        first_name=name,
        email_address=f"{name.lower()}@example.com",
        tag_ids=tags,
        custom_attributes={},
    )


def _order(record_id: int, contact: int, amount: str) -> dict[str, Any]:
    item = {
        "id": record_id * 10,
        "quantity": 1,
        "original_product": {"id": 77, "name": "Course"},
        "products_price": {"id": 79, "amount": amount, "currency": "USD"},
    }
    return _record(
        record_id,
        contact_id=contact,
        total_amount=amount,
        currency="USD",
        live_mode=True,
        billing_status="paid",
        line_items=[item],
    )


RECORDS: dict[str, list[dict[str, Any]]] = {
    "teams": [{"id": 1, "name": "Team"}],
    "workspaces": [{"id": WORKSPACE, "workspace_id": WORKSPACE, "team_id": 1, "name": "Shop"}],
    "contact_tags": [_record(37, name="VIP"), _record(38, name="Newsletter")],
    "contacts": [
        _contact(1042, "Ada", [37]),
        _contact(1043, "Mary", [38]),
        _contact(1044, "Barbara", []),
    ],
    "products": [_record(77, name="Course", archived=False)],
    "courses": [_record(600, title="Course")],
    "enrollments": [_record(601, course_id=600, contact_id=1042, suspended=False)],
    "fulfillments": [_record(701, contact_id=1042, status="fulfilled")],
    "orders": [
        _order(501, 1042, "250.00"),
        _order(502, 1043, "49.00"),
        _order(503, 1043, "480.00"),
    ],
}
